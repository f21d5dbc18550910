"""The filters of the descriptor app that need more than one widget, and queries saved by name."""

import re

import numpy as np
import pytest
from app_pages import change, changed, matches, page, synthetic_library, texts

from benchmarks import synthetic
from engine import camelot
from engine.library import Library
from engine.query import Query
from engine.saved_queries import load, save

APP = "app_descriptors.py"
TRACKS = 200


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """200 tracks with everything, IC too."""
    return synthetic_library(tmp_path_factory.mktemp("filters"), TRACKS, ic=True)


@pytest.fixture(scope="module")
def frame(library):
    return Library.open(library).frame()


@pytest.fixture
def app(library, monkeypatch):
    return page(APP, library, monkeypatch)


def test_half_and_double_time(app, frame):
    app.slider(key="tempo").set_value((80.0, 90.0)).run()
    app.toggle(key="tempo_octaves").set_value(True).run()
    tempo = frame["tempo_bpm"]
    held = [tempo.between(80 * factor, 90 * factor) for factor in (0.5, 1, 2)]
    assert matches(app) == np.logical_or.reduce(held).sum()


def test_what_mixes_with_a_code_and_where_the_profiles_agree(app, frame):
    app.selectbox(key="camelot").set_value("8A").run()
    codes = [
        camelot.code(key, scale) if isinstance(key, str) else None
        for key, scale in zip(frame["key_edma"], frame["scale_edma"], strict=True)
    ]
    assert matches(app) == sum(code in camelot.neighbours("8A") for code in codes)
    assert dict(app.query_params)["camelot"] == "8A"
    app.button(key="reset").click().run()
    app.toggle(key="keys_agree").set_value(True).run()
    names = {p: frame[f"key_{p}"] + frame[f"scale_{p}"] for p in ("temperley", "krumhansl", "edma")}
    alike = (names["temperley"] == names["krumhansl"]) & (names["krumhansl"] == names["edma"])
    assert matches(app) == alike.sum()


def test_a_genre_stands_for_its_styles(app, library):
    _, matrix = Library.open(library).vectors("styles")
    labels = Library.open(library).labels("styles")
    rock = matrix[:, [place for place, label in enumerate(labels) if label.startswith("Rock---")]]
    app.multiselect(key="styles").set_value(["Rock"]).run()
    assert matches(app) == (rock >= 0.1 - 1e-6).any(axis=1).sum()
    options = app.multiselect(key="styles").options
    names = [option.rstrip() for option in options]
    genre = names.index(f"Rock · all styles ({matches(app):,})")
    assert re.fullmatch(r".+ · Rock \(\d+\)", names[genre + 1])


def numbers(options: list[str]) -> list[int]:
    """Those after the names."""
    return [int(re.search(r"\(([\d,]+)\) *$", option)[1].replace(",", "")) for option in options]


def test_tags_are_offered_by_how_many_tracks_have_them_and_not_where_none_has(
    tmp_path, monkeypatch
):
    synthetic.make(tmp_path / "library", 6, spaces=("musicnn", "tags"))
    app = page(APP, tmp_path / "library", monkeypatch)
    for key in ("styles", "exclude_styles"):
        found = numbers(app.multiselect(key=key).options)
        assert 0 < len(found) < 50
        assert found == sorted(found, reverse=True)
        assert found[-1] > 0


def test_a_style_of_a_link_that_no_track_has_is_shown_all_the_same(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 6, spaces=("musicnn", "tags"))
    _, matrix = Library.open(tmp_path / "library").vectors("tags")
    labels = Library.open(tmp_path / "library").labels("tags")
    silent = labels[int(matrix.max(axis=0).argmin())]
    app = page(APP, tmp_path / "library", monkeypatch, styles=silent)
    assert app.multiselect(key="styles").value == [silent]
    assert matches(app) == 0
    app.multiselect(key="styles").set_value([]).run()
    names = [option.rpartition(" (")[0] for option in app.multiselect(key="styles").options]
    assert silent not in names


def test_styles_stay_on_offer_where_the_activation_leaves_none(app):
    before = len(app.multiselect(key="styles").options)
    app.multiselect(key="styles").set_value(["Rock"]).run()
    app.slider(key="style_activation").set_value((1.0, 1.0)).run()
    app.multiselect(key="styles").set_value([]).run()
    assert len(app.multiselect(key="styles").options) == before
    assert 0 in numbers(app.multiselect(key="styles").options)
    app.multiselect(key="styles").set_value(["Jazz"]).run()
    assert app.query_params["styles"] == "Jazz"


def test_words_and_what_is_left_out(app, frame):
    artist = frame["artist"].value_counts().index[0]
    app.multiselect(key="exclude_artists").set_value([artist]).run()
    rest = matches(app)
    assert 0 < rest < TRACKS
    app.text_input(key="text").set_value(artist.upper()).run()
    assert matches(app) == 0


def test_minutes_and_per_artist_limit_the_list(app):
    app.number_input(key="minutes").set_value(30.0).run()
    app.number_input(key="per_artist").set_value(1).run()
    shown = app.dataframe[0].value
    assert shown["artist"].dropna().is_unique
    assert shown["minutes"].sum() <= 30
    assert "by the limit of minutes" in texts(app)


def test_a_group_says_how_many_of_its_filters_are_on(app):
    app.slider(key="valence").set_value((3.0, 9.0)).run()
    app.slider(key="arousal").set_value((3.0, 9.0)).run()
    labels = [expander.label for expander in app.expander]
    assert "Mood · **2 on**" in labels
    assert "Rhythm" in labels


def test_several_models_of_ic_are_filtered_by_rank_only(library, tmp_path, monkeypatch):
    folder = synthetic_library(tmp_path, 60, ic=True)
    change(folder, "UPDATE descriptors SET ic_model = 'other' WHERE track_id % 2")
    app = page(APP, folder, monkeypatch, ic="2..3")
    assert "not comparable" in texts(app)
    assert "ic" not in [slider.key for slider in app.slider]
    app.slider(key="ic_percentile").set_value((50.0, 100.0)).run()
    assert 25 <= matches(app) <= 35


def test_a_region_of_mood_in_a_link(app, library, frame, monkeypatch):
    other = page(APP, library, monkeypatch, mood_region="3,3;7,3;7,6;3,6")
    expected = frame["valence"].between(3, 7) & frame["arousal"].between(3, 6)
    assert matches(other) == expected.sum()
    other.button(key="remove_mood_region").click().run()
    assert matches(other) == TRACKS


LASSO = {"mood_region": "3,3;7,3;5,6", "valence": "3..7", "arousal": "3..6"}


def test_a_slider_of_mood_that_is_moved_ends_the_region(library, frame, monkeypatch):
    app = page(APP, library, monkeypatch, **LASSO)
    assert "Mood · **1 on**" in [expander.label for expander in app.expander]
    app.slider(key="valence").set_value((2.0, 8.0)).run()
    expected = frame["valence"].between(2, 8) & frame["arousal"].between(3, 6)
    assert matches(app) == expected.sum()
    assert "mood_region" not in app.query_params
    assert "Mood · **2 on**" in [expander.label for expander in app.expander]


@pytest.mark.parametrize("button", ["remove_mood_region", "relax_mood_region"])
def test_removing_a_lasso_takes_the_sliders_along(library, monkeypatch, button):
    app = page(APP, library, monkeypatch, **LASSO)
    app.session_state["funnel_open"] = True
    app.run()
    assert [b.key for b in app.button if b.key.startswith("relax_")] == ["relax_mood_region"]
    app.button(key=button).click().run()
    assert matches(app) == TRACKS
    assert dict(app.query_params) == {}


def test_the_map_group_is_only_where_a_map_can_be(library, monkeypatch, tmp_path):
    app = page(APP, library, monkeypatch)
    assert "Tracks that sound alike lie together on the Map tab" in texts(app)
    folder = changed(library, tmp_path, "DELETE FROM vectors")
    app = page(APP, folder, monkeypatch)
    assert "Map" not in [expander.label for expander in app.expander]


def test_a_region_on_a_map_that_is_not_there_is_explained(library, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    app = page(APP, library, monkeypatch, map_region="0,0;1,0;1,1", map_of="0123456789abcdef")
    assert "drawn on a map that this computer does not have" in texts(app)
    assert matches(app) == TRACKS


def test_why_a_track_is_not_there(app, frame):
    title = frame["title"].dropna().iloc[0]
    app.slider(key="loudness").set_value((-0.5, 0.0)).run()
    app.session_state["funnel_open"] = True
    app.run()
    app.session_state["why_track"] = int(frame.index[frame["title"] == title][0])
    app.run()
    assert "is removed by **Loudness**" in texts(app)
    assert "LUFS" in texts(app)


def test_saved_queries_are_opened_renamed_and_deleted(library, monkeypatch, app):
    save(library, "evening", Query(order="shuffle", seed=3, limit=5))
    app = page(APP, library, monkeypatch)
    assert "**evening** · 200 tracks match now" in texts(app)
    app.button(key="saved_open_0").click().run()
    assert dict(app.query_params)["seed"] == "3"
    assert len(app.dataframe[0].value) == 5
    app.text_input(key="save_name").set_value("evening").run()
    app.button(key="save_query").click().run()
    assert "evening is there already" in texts(app)
    app.button(key="saved_ask_rename_0").click().run()
    app.text_input(key="saved_name_0").set_value("night").run()
    app.button(key="saved_rename_0").click().run()
    assert set(load(library)[0]) == {"night"}
    app.button(key="saved_ask_delete_0").click().run()
    assert set(load(library)[0]) == {"night"}
    app.button(key="saved_delete_0").click().run()
    assert load(library) == ({}, [])
