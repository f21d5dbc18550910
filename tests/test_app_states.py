"""The states of the descriptor app: no library, empty, damaged, growing, or with gaps."""

import os
import re
import sqlite3
import subprocess

import numpy as np
from app_pages import change, matches, page, read_again, texts

from benchmarks import synthetic
from engine.library import Library

APP = "app_descriptors.py"


def test_files_without_any_value_are_no_tracks(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 40)
    change(
        tmp_path / "library",
        "UPDATE ledger SET status = 'ok'",
        "UPDATE ledger SET status = 'silent' WHERE track_id = 3",
        "UPDATE ledger SET status = 'model_missing' WHERE track_id = 4",
        "UPDATE ledger SET status = 'partial' WHERE track_id = 4 AND stage = 'dsp'",
        "UPDATE ledger SET status = 'unreadable' WHERE track_id IN (5, 6)",
    )
    app = page(APP, tmp_path / "library", monkeypatch)
    assert app.subheader[0].value == "37 of 37 tracks match"
    assert texts(app).count("Left out: 3 files without any value") == 1
    assert f"python -m engine.library failures {tmp_path}/library " in texts(app)
    change(tmp_path / "library", "UPDATE ledger SET status = 'silent'")
    app = page(APP, tmp_path / "library", monkeypatch)
    assert "40 files, none of them with any value" in app.info[0].value


def test_ic_is_a_filter_when_the_library_has_it(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 50, ic=True)
    change(tmp_path / "library", "UPDATE descriptors SET ic_model = 'one'")
    app = page(APP, tmp_path / "library", monkeypatch)
    values = Library.open(tmp_path / "library").frame()["ic_mean"]
    slider = app.slider(key="ic")
    assert slider.value == (np.floor(values.min()), np.ceil(values.max()))
    slider.set_value((3.0, slider.max)).run()
    assert matches(app) == (values >= 3).sum()
    assert "ic_mean" in app.dataframe[0].value


def test_limits_stay_when_a_growing_library_moves_the_ends_of_a_slider(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 50, ic=True)
    change(tmp_path / "library", "UPDATE descriptors SET ic_model = 'one'")
    app = page(APP, tmp_path / "library", monkeypatch)
    app.slider(key="ic").set_value((3.0, app.slider(key="ic").max)).run()
    before = matches(app)
    with sqlite3.connect(tmp_path / "library" / "library.sqlite") as db:
        db.execute("UPDATE descriptors SET ic_mean = 90 WHERE track_id = 1")
        db.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
    app.run()
    app.button(key="reread").click().run()
    assert app.slider(key="ic").value == (3.0, 90.0)
    assert matches(app) in (before, before + 1)


def test_a_folder_whose_name_is_not_utf8_can_be_analysed_again_and_saved_elsewhere(
    tmp_path, monkeypatch
):
    music = tmp_path / os.fsdecode(b"m\xff")
    synthetic.make(tmp_path / "library", 20, music=music, spaces=("musicnn", "tags"))
    with sqlite3.connect(tmp_path / "library" / "library.sqlite") as db:
        db.execute("UPDATE descriptors SET voice = NULL")
    app = page(APP, tmp_path / "library", monkeypatch)
    assert not app.exception
    assert app.text_input(key="export_folder").value == ""
    (command,) = {code.value for code in app.code}
    word = re.search(r"\$'[^']*'", command).group()
    echo = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert echo.stdout == os.fsencode(music)


def test_what_is_missing_says_why_where_it_would_be(tmp_path, monkeypatch):
    synthetic.make(
        tmp_path / "library", 40, music=tmp_path / "my music", spaces=("musicnn", "tags")
    )
    with sqlite3.connect(tmp_path / "library" / "library.sqlite") as db:
        db.execute("UPDATE descriptors SET danceability = NULL, voice = NULL, style = NULL")
        db.execute("UPDATE ledger SET status = 'model_missing' WHERE stage = 'effnet'")
        db.execute("UPDATE descriptors SET valence = NULL, arousal = NULL")
        db.execute("DELETE FROM ledger WHERE stage = 'musicnn'")
    app = page(APP, tmp_path / "library", monkeypatch)
    assert len(app.code) == 1  # tests/test_app_fill.py
    assert "Valence and arousal: not in this library. The analysis left it out." in texts(app)
    assert "danceability stands in for the network's. It needs a download" in texts(app)
    assert {"danceability_dsp", "tempo", "loudness"} <= {slider.key for slider in app.slider}
    assert "voice" not in [control.key for control in app.segmented_control]
    assert app.multiselect(key="styles").label == "Tags"
    app.multiselect(key="styles").set_value(["punk"]).run()
    assert matches(app) < 40
    app.session_state["funnel_open"] = True
    app.run()
    assert app.get("progress")[1].proto.text.startswith("Tags: **")
    labels = [widget.label for widget in (*app.slider, *app.segmented_control)]
    assert {"Tag activation", "Several tags"} <= set(labels)


def test_no_library_says_how_to_make_one(tmp_path, monkeypatch):
    app = page(APP, tmp_path / "nothing", monkeypatch)
    assert "There is no library" in app.error[0].value
    assert any("precompute.py" in code.value for code in app.code)


def test_a_damaged_library_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "library.sqlite").write_bytes(b"not a database, but long enough to be one" * 99)
    app = page(APP, tmp_path, monkeypatch)
    assert len(app.error) == 1
    assert not app.slider


def test_an_empty_library_fills_while_the_page_is_open(tmp_path, monkeypatch):
    Library.create(tmp_path / "library").close()
    app = page(APP, tmp_path / "library", monkeypatch)
    assert "no tracks yet" in app.info[0].value
    (tmp_path / "library" / "library.sqlite").rename(tmp_path / "old.sqlite")
    synthetic.make(tmp_path / "library", 20)
    app.button(key="look_again").click().run()
    assert matches(app) == 20


def test_what_a_library_lacks_when_it_is_read_again_is_left_out_with_a_note(tmp_path, monkeypatch):
    """A filter that nobody can see must not hide all tracks."""
    synthetic.make(tmp_path / "library", 20)
    app = page(APP, tmp_path / "library", monkeypatch, order="voice", voice="voice")
    assert 0 < matches(app) < 20
    assert app.selectbox(key="order").value == "voice"
    read_again(app, tmp_path / "library", "UPDATE descriptors SET voice = NULL")
    assert app.selectbox(key="order").value == "style"
    assert matches(app) == 20
    assert "It filters by Voice: not in this library. Left out." in texts(app)
    assert "It orders by Voice: not in this library. Left out." in texts(app)
    assert dict(app.query_params) == {}


def test_a_library_that_grows_is_read_again_on_demand(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 20)
    app = page(APP, tmp_path / "library", monkeypatch)
    app.slider(key="tempo").set_value((50.0, 200.0)).run()
    with Library.open(tmp_path / "library", writable=True) as writer:
        writer.mark_absent([3, 4])
    app.run()
    assert "the library has changed since" in texts(app)
    assert app.slider(key="tempo").value == (50.0, 200.0)
    app.button(key="reread").click().run()
    assert "has changed since" not in texts(app)
    app.button(key="reset").click().run()
    assert matches(app) == 18
