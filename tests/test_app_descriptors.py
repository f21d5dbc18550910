"""The descriptor app: filters, links, states and saving, without a browser."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from app_pages import change, changed, matches, page, synthetic_library, texts

from benchmarks import synthetic
from engine import playlist
from engine.descriptors import PROFILES
from engine.library import Library
from engine.library_order import sort_library
from engine.query import Query, Range
from engine.saved_queries import save

APP = "app_descriptors.py"
TRACKS = 300


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """300 tracks with everything but IC, and sounds to play."""
    return synthetic_library(tmp_path_factory.mktemp("apps"), TRACKS)


@pytest.fixture(scope="module")
def frame(library) -> pd.DataFrame:
    return Library.open(library).frame()


@pytest.fixture
def app(library, monkeypatch):
    return page(APP, library, monkeypatch)


def table(session) -> pd.DataFrame:
    return session.dataframe[0].value


def test_it_starts_with_everything_a_player_and_a_way_to_save(app):
    assert matches(app) == TRACKS
    assert app.button(key="queue_do_all").label == "Play all"
    assert app.download_button(key="export_download").label == "Download M3U8"
    assert len(table(app)) == 100  # the usual limit
    assert "ic" not in [slider.key for slider in app.slider]


def test_both_ends_of_a_slider_count(app, frame):
    low, high = np.sort(frame["tempo_bpm"].dropna())[[50, 200]]
    app.slider(key="tempo").set_value((float(low), float(high))).run()
    assert matches(app) == 151
    app.slider(key="tempo").set_value((40.0, float(high))).run()
    assert matches(app) == 201


def test_the_ends_of_a_slider_are_no_limit(library, frame, monkeypatch, tmp_path):
    fast = "UPDATE descriptors SET tempo_bpm = 260 WHERE track_id = 1"
    app = page(APP, changed(library, tmp_path, fast), monkeypatch)
    app.slider(key="tempo").set_value((200.0, 220.0)).run()
    expected = (frame["tempo_bpm"].drop(index=1) >= 200).sum() + 1
    assert matches(app) == expected


def test_a_missing_value_is_excluded_only_by_an_active_filter(app, frame):
    missing = frame["tempo_bpm"].isna().sum()
    assert missing > 0
    app.slider(key="tempo").set_value((41.0, 220.0)).run()
    assert matches(app) == (frame["tempo_bpm"] >= 41).sum()
    app.slider(key="tempo").set_value((40.0, 220.0)).run()
    assert matches(app) == TRACKS


def test_filters_are_anded_and_counted_one_after_the_other(app, frame):
    app.slider(key="tempo").set_value((100.0, 130.0)).run()
    app.segmented_control(key="voice").set_value("instrumental").run()
    app.slider(key="loudness").set_value((-14.0, 0.0)).run()
    fast = frame["tempo_bpm"].between(100, 130)
    quiet = fast & (frame["voice"] < 0.5)
    loud = quiet & (frame["loudness_lufs"] >= -14)
    assert matches(app) == loud.sum()
    app.session_state["funnel_open"] = True
    app.run()
    said = [re.sub(r" left · .*", "", bar.proto.text) for bar in app.get("progress")]
    assert said == [
        "All: **300**",
        f"Tempo: **{fast.sum()}**",
        f"Voice: **{quiet.sum()}**",
        f"Loudness: **{loud.sum()}**",
    ]
    app.button(key="relax_voice").click().run()
    assert matches(app) == (fast & (frame["loudness_lufs"] >= -14)).sum()


def test_key_and_scale_use_the_chosen_profile(app, frame):
    app.multiselect(key="keys").set_value(["A", "C#"]).run()
    app.segmented_control(key="scale").set_value("minor").run()
    for profile in ("edma", "krumhansl"):
        app.selectbox(key="key_profile").set_value(profile).run()
        expected = frame[f"key_{profile}"].isin(["A", "C#"]) & (
            frame[f"scale_{profile}"] == "minor"
        )
        assert matches(app) == expected.sum()
        assert set(table(app)["key"]) <= {"A minor", "C# minor"}


def test_styles_any_all_and_rank(app, library):
    _, matrix = Library.open(library).vectors("styles")
    labels = Library.open(library).labels("styles")
    chosen = ["Rock---Punk", "Electronic---House"]
    columns = matrix[:, [labels.index(label) for label in chosen]]
    app.multiselect(key="styles").set_value(chosen).run()
    app.slider(key="style_activation").set_value((0.02, 0.5)).run()
    held = (columns >= 0.02) & (columns <= 0.5)
    assert matches(app) == held.any(axis=1).sum()
    shown = table(app)["chosen"].to_numpy()
    assert (np.diff(shown) <= 0).all()
    app.segmented_control(key="style_match").set_value("all").run()
    assert matches(app) == held.all(axis=1).sum()


def test_nothing_matches_says_which_filter_to_relax(app, frame):
    app.slider(key="tempo").set_value((41.0, 220.0)).run()
    app.slider(key="valence").set_value((8.9, 8.9)).run()
    assert matches(app) == 0
    assert "Relax Valence first" in texts(app)
    assert not app.dataframe
    app.button(key="reset").click().run()
    assert matches(app) == TRACKS


def test_a_link_gives_the_same_list_in_another_session(app, library, monkeypatch):
    app.slider(key="tempo").set_value((90.0, 120.0)).run()
    app.multiselect(key="styles").set_value(["Folk, World, & Country---Folk"]).run()
    app.slider(key="style_activation").set_value((0.0, 0.9)).run()
    app.selectbox(key="order").set_value("shuffle").run()
    app.number_input(key="seed").set_value(42).run()
    app.number_input(key="limit").set_value(7).run()
    link = dict(app.query_params)
    assert link["tempo"] == "90..120"
    other = page(APP, library, monkeypatch, **link)
    assert table(other).equals(table(app))
    assert len(table(other)) == 7


def test_the_default_page_has_a_clean_address(app):
    assert dict(app.query_params) == {}


def test_a_link_for_another_library_is_explained(library, monkeypatch):
    link = {"styles": "Polka---Space", "ic": "2..3", "tempo": "fast", "unrelated": "x"}
    app = page(APP, library, monkeypatch, **link)
    said = texts(app)
    assert "Polka › Space" in said
    assert "filters by Mean IC" in said
    assert "tempo='fast'" in said
    assert matches(app) == TRACKS
    assert dict(app.query_params) == {"unrelated": "x"}


def test_a_link_sets_no_filter_that_nobody_can_see(library, tmp_path, monkeypatch):
    app = page(APP, library, monkeypatch, danceability_dsp="2.9..3")
    assert matches(app) == TRACKS
    assert "filters by the signal's danceability" in texts(app)
    synthetic.make(tmp_path / "library", 40)
    columns = [f"{part}_{p} = NULL" for part in ("key", "scale") for p in PROFILES]
    change(
        tmp_path / "library",
        f"UPDATE descriptors SET {', '.join(columns)}, loudness_lufs = NULL",
        "UPDATE ledger SET status = 'ok'",
    )
    link = {"keys": "A", "scale": "minor", "key_profile": "krumhansl", "order": "loudness_lufs"}
    app = page(APP, tmp_path / "library", monkeypatch, **link)
    assert matches(app) == 40
    assert "asks for keys by the Krumhansl profile: not in this library" in texts(app)
    assert "orders by Loudness: not in this library" in texts(app)
    assert dict(app.query_params) == {}


def test_shuffle_depends_on_the_seed_only(app):
    app.selectbox(key="order").set_value("shuffle").run()
    first = table(app)["path"].tolist()
    assert app.run() and table(app)["path"].tolist() == first
    app.number_input(key="seed").set_value(2).run()
    second = table(app)["path"].tolist()
    assert second != first
    app.number_input(key="seed").set_value(1).run()
    assert table(app)["path"].tolist() == first


def test_order_by_a_descriptor_and_its_direction(app):
    app.selectbox(key="order").set_value("loudness_lufs").run()
    assert table(app)["loudness_lufs"].is_monotonic_increasing
    app.segmented_control(key="descending").set_value("down").run()
    assert table(app)["loudness_lufs"].is_monotonic_decreasing


def test_filters_survive_reruns_and_other_widgets(app):
    app.slider(key="tempo").set_value((90.0, 120.0)).run()
    before = matches(app)
    app.text_input(key="export_name").set_value("evening").run()
    for tab in ("Mood", "Map", "Playlist"):
        app.session_state["tab"] = tab
        app.run()
    assert app.slider(key="tempo").value == (90.0, 120.0)
    assert matches(app) == before
    assert app.text_input(key="export_name").value == "evening"


def test_no_limit_and_a_limit(app):
    app.toggle(key="collapse").set_value(False).run()
    app.number_input(key="limit").set_value(None).run()
    assert len(table(app)) == TRACKS
    app.number_input(key="limit").set_value(5).run()
    assert len(table(app)) == 5
    assert "left out: 295 by the limit of tracks" in texts(app)


def test_save_writes_the_list_and_keeps_what_is_there(app, frame, tmp_path):
    app.number_input(key="limit").set_value(None).run()
    app.toggle(key="collapse").set_value(False).run()
    app.text_input(key="export_folder").set_value(str(tmp_path)).run()
    app.text_input(key="export_name").set_value("my/list").run()
    app.button(key="export_save").click().run()
    assert "300 tracks saved." in texts(app)
    saved = tmp_path / "my-list.m3u8"
    paths = frame["path"].iloc[sort_library(frame)].tolist()
    assert [line.path for line in playlist.parse(saved.read_bytes())] == paths
    assert any(b"\xe9" in line for line in saved.read_bytes().split(b"\n"))  # a name in Latin-1
    app.button(key="export_save").click().run()
    assert "exists already" in texts(app)
    app.checkbox(key="export_replace").check().run()
    app.button(key="export_save").click().run()
    assert "300 tracks saved." in texts(app)


def test_relative_paths_start_at_the_folder(app, tmp_path, library):
    app.text_input(key="export_folder").set_value(str(tmp_path)).run()
    app.segmented_control(key="export_paths").set_value("relative").run()
    app.button(key="export_save").click().run()
    lines = playlist.parse((tmp_path / "Serendip.m3u8").read_bytes())
    assert all(line.path.startswith("../") for line in lines)
    assert all((tmp_path / line.path).exists() for line in lines)


@pytest.mark.parametrize(("typed", "said"), [("/no/such", "no folder"), ("x", "not a whole path")])
def test_a_wrong_folder_is_explained(app, typed, said):
    app.text_input(key="export_folder").set_value(typed).run()
    app.button(key="export_save").click().run()
    assert said in texts(app)


def test_a_file_that_moved_is_explained_when_it_is_played(app, frame):
    path = Path(frame["path"].iloc[sort_library(frame)[0]])
    away = path.rename(f"{path}.away")
    try:
        app.button(key="queue_do_all").click().run()
        assert "The file is no longer there" in texts(app)
    finally:
        away.rename(path)


def test_models_that_are_not_the_published_ones_are_named(library, monkeypatch, tmp_path):
    synthetic.make(tmp_path / "library", 10)
    with Library.open(tmp_path / "library", writable=True) as writer:
        note = "random weights: for plumbing and speed only"
        writer.set_meta({"models": {"effnet": [{"file": "x.onnx", "note": note}]}})
    assert note.split(":")[0] in texts(page(APP, tmp_path / "library", monkeypatch))


def test_a_playlist_is_called_as_the_saved_query_that_it_comes_from(library, monkeypatch, tmp_path):
    copied = changed(library, tmp_path)
    save(copied, "Evening: slow", Query(tempo=Range(60.0, 100.0)))
    app = page(APP, copied, monkeypatch)
    assert app.text_input(key="export_name").value == "Serendip"
    app.button(key="saved_open_0").click().run()
    named = app.text_input(key="export_name_Evening: slow")
    assert named.value == "Evening: slow"
    app.text_input(key="export_folder").set_value(str(tmp_path)).run()
    app.button(key="export_save").click().run()
    saved = (tmp_path / "Evening- slow.m3u8").read_bytes()
    assert saved.startswith(b"#EXTM3U\n#PLAYLIST:Evening: slow\n")
    app.slider(key="tempo").set_value((60.0, 110.0)).run()  # another list, which has no name yet
    assert app.text_input(key="export_name").value == "Serendip"
