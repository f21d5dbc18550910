"""The Mood and Map tabs of the descriptor app, without a browser: what they say, and the tabs."""

from types import SimpleNamespace

import pytest
from app_pages import changed, page, rerun_until, synthetic_library, texts

from engine import map_cache
from engine.library import Library
from ui import maps
from ui.map_tab import trust

APP = "app_descriptors.py"
NOTE = "random weights: for plumbing and speed only"
STAND_IN = {"effnet": [{"file": "x.onnx", "note": NOTE}], "musicnn": [{"file": "y", "note": None}]}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return synthetic_library(tmp_path_factory.mktemp("planes"), 60)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def on_map(library, monkeypatch, **params):
    """The Map tab, once the map is there."""
    app = page(APP, library, monkeypatch, tab="map", **params)
    rerun_until(app, "Drawn:")
    return app


@pytest.fixture
def stand_in(library, tmp_path):
    """The same library, with EffNet of random weights."""
    folder = changed(library, tmp_path)
    with Library.open(folder, writable=True) as writer:
        writer.set_meta({"models": STAND_IN})
    return folder


def test_the_map_begins_with_a_network_that_is_no_stand_in(stand_in, library, monkeypatch):
    app = on_map(stand_in, monkeypatch)
    assert app.selectbox(key="map_space").value == "musicnn"
    assert app.selectbox(key="map_colour").value == "key"  # not genres, which EffNet made up
    assert "Trustworthiness" in texts(app)
    assert "Colours:" not in texts(app)
    app.selectbox(key="map_colour").set_value("genre").run()
    assert "Colours: Genre comes from a stand-in (random weights)" in texts(app)
    assert on_map(library, monkeypatch).selectbox(key="map_space").value == "effnet"


def test_the_map_of_a_stand_in_says_so_in_place_of_good(stand_in, monkeypatch):
    app = on_map(stand_in, monkeypatch)
    app.selectbox(key="map_space").set_value("effnet").run()
    rerun_until(app, f"need not sound alike. Its network is a stand-in: {NOTE}.")
    assert "Trustworthiness" not in texts(app)


def test_a_region_on_another_map_is_named_and_can_be_cleared(library, monkeypatch):
    app = on_map(library, monkeypatch)
    (fingerprint,) = map_cache.made(map_cache.folder_of(library))
    region = {"map_region": "-9,-9;9,-9;9,9;-9,9", "map_of": fingerprint}
    app = on_map(library, monkeypatch, **region)
    assert "limited by a region" not in texts(app)
    app.selectbox(key="map_space").set_value("musicnn").run()
    assert "limited by a region on the EffNet map (Neighbours)" in texts(app)
    rerun_until(app, "Drawn:")
    app.button(key="map_clear").click().run()
    assert "limited by a region" not in texts(app)
    assert "map_region" not in app.query_params


def test_what_the_keyboard_is_for(library, monkeypatch):
    assert "the similarity app lists the tracks" in texts(on_map(library, monkeypatch))
    assert "By keyboard: the sliders of Mood" in texts(page(APP, library, monkeypatch, tab="mood"))


@pytest.mark.parametrize("app", [APP, "app_similarity.py"])
def test_the_address_names_the_tab(library, monkeypatch, app):
    session = page(app, library, monkeypatch)
    assert "tab" not in session.query_params
    session.session_state["tab"] = "Report"
    session.run()
    assert session.query_params["tab"] == "report"
    other = page(app, library, monkeypatch, tab="report")
    assert other.session_state["tab"] == "Report"
    other.session_state["tab"] = "Playlist" if app == APP else "Find"
    other.run()
    assert "tab" not in other.query_params
    assert page(app, library, monkeypatch, tab="no such").session_state["tab"] != "Report"


def test_a_plane_names_its_colours_even_when_there_is_one(library, monkeypatch):
    app = on_map(library, monkeypatch)
    for tab in ("Map", "Mood"):
        app.session_state["tab"] = tab
        app.run()
        assert app.session_state[f"{tab.lower()}_figure"][1].layout.showlegend is True


def test_maps_are_begun_with_what_is_published():
    coverage = SimpleNamespace(spaces={"effnet": 3, "musicnn": 3})
    held = SimpleNamespace(meta={"models": STAND_IN}, coverage=coverage)
    assert maps.networks(held) == ["musicnn", "effnet"]
    held.meta = {}
    assert maps.networks(held) == ["effnet", "musicnn"]


def test_trust_is_judged_as_it_is_shown():
    told = {
        value: trust(SimpleNamespace(fit=SimpleNamespace(trustworthiness=value)))
        for value in (0.8951, 0.8949, 0.745, 0.7449)
    }
    assert "0.90 (good)" in told[0.8951]
    assert "0.89 (fair)" in told[0.8949]
    assert "0.74 (rough)" in told[0.7449]
