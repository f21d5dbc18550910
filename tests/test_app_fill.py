"""What a library lacks stands in one place of both apps, with the command and the button for it."""

import os
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from app_pages import change, page, texts
from runs import tone

from benchmarks import synthetic
from engine import filling
from engine.library import Library
from engine.records import Analysis, Outcome
from engine.schema import STAGE_COLUMNS
from ui import fill

APPS = ("app_descriptors.py", "app_similarity.py")
NO_WAY_OUT = "http://127.0.0.1:9"  # a proxy at which nobody listens


def commands(app) -> list[str]:
    return [code.value for code in app.code]


@pytest.fixture
def bare(tmp_path) -> Path:
    """A library without EffNet, with a MusiCNN that gave no mood, and with a blank in its path."""
    synthetic.make(tmp_path / "my library", 40, music=tmp_path / "music", spaces=("musicnn",))
    change(
        tmp_path / "my library",
        "UPDATE descriptors SET danceability = NULL, voice = NULL, style = NULL",
        "UPDATE ledger SET status = 'model_missing' WHERE stage = 'effnet'",
        "UPDATE descriptors SET valence = NULL, arousal = NULL",
    )
    return tmp_path / "my library"


@pytest.mark.parametrize("name", APPS)
def test_both_apps_have_one_command_for_all_that_is_missing(name, bare, monkeypatch):
    app = page(name, bare, monkeypatch)
    (command,) = commands(app)
    assert command == filling.command(
        filling.arguments([bare.parent / "music"], bare, span_s=_span(bare))
    )
    assert f"--library '{bare}' " in command and command.endswith(" --fetch")
    assert "Not in this library: " in texts(app)
    for thing in ("mood", "400 styles", "voice", "danceability", "EffNet similarity"):
        assert thing in texts(app)
    assert app.button(key="fill_start").label == "Download and analyse"


def _span(library: Path) -> float | None:
    return Library.open(library).meta().get("span_s")


def test_nothing_is_offered_where_nothing_is_missing(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 40, ic=True)
    change(tmp_path / "library", "UPDATE ledger SET status = 'ok'")
    app = page(APPS[0], tmp_path / "library", monkeypatch)
    assert not commands(app)
    assert "fill_start" not in [button.key for button in app.button]


def test_tracks_that_wait_for_a_model_beside_others_are_counted(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 40, ic=True)
    change(
        tmp_path / "library",
        "UPDATE ledger SET status = 'ok'",
        "UPDATE ledger SET status = 'model_missing' WHERE stage = 'effnet' AND track_id < 8",
    )
    app = page(APPS[0], tmp_path / "library", monkeypatch)
    assert "7 tracks without 400 styles, voice, danceability and EffNet similarity." in texts(app)


def test_what_was_only_left_out_needs_no_download(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 40)
    change(tmp_path / "library", "UPDATE ledger SET status = 'ok'")
    app = page(APPS[0], tmp_path / "library", monkeypatch)
    assert "Not in this library: surprise." in texts(app)
    assert app.button(key="fill_start").label == "Analyse"
    assert "--fetch" not in commands(app)[0]


@pytest.fixture
def sounding(tmp_path, monkeypatch) -> Path:
    """A library of real files, of which only their names are known; no network, no models."""
    monkeypatch.setenv("https_proxy", NO_WAY_OUT)
    monkeypatch.setenv("SERENDIP_MODELS", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(filling, "NICENESS", 0)  # or it would wait for the other tests
    with Library.create(tmp_path / "the library") as writer:
        for i in range(2):
            state = tone(tmp_path / "Ann's music" / f"{i}.wav", hertz=300 + 50 * i).stat()
            place = os.fsencode(tmp_path / "Ann's music"), b"%d.wav" % i
            dsp = Outcome("dsp", "old", "ok", values={"tempo_bpm": 120.0})
            analysis = Analysis(f"{i:032x}", outcomes=(dsp,))
            writer.record(*place, state.st_size, state.st_mtime_ns, analysis)
    return tmp_path / "the library"


def filled(library: Path) -> bool:
    """Whether the analysis has been there."""
    with sqlite3.connect(library / "library.sqlite") as db:
        counted = "SELECT count(loudness_lufs), count(ic_mean) FROM descriptors"
        return db.execute(counted).fetchone() == (2, 2)


def test_the_command_runs_as_printed_from_another_folder(sounding, monkeypatch, tmp_path):
    (command,) = commands(page(APPS[0], sounding, monkeypatch))
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path / "elsewhere", env=bare, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert filled(sounding)


def test_the_button_fills_behind_the_page_and_says_what_went_wrong(sounding, monkeypatch):
    app = page(APPS[0], sounding, monkeypatch)
    app.button(key="fill_start").click().run()
    assert "An analysis is running: it begins" in texts(app)
    assert "fill_start" not in [button.key for button in app.button]
    other = page(APPS[1], sounding, monkeypatch)  # a second tab
    assert "An analysis is running" in texts(other)
    assert other.button(key="fill_stop")
    until = time.monotonic() + 240
    while filling.running(sounding) is not None:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert filled(sounding)
    app.run()
    assert not app.exception
    assert "The models could not be downloaded." in texts(app)
    app.button(key="reread").click().run()
    app.button(key="fill_close").click().run()
    assert not app.error
    assert "surprise" not in texts(app).partition("Not in this library: ")[2].partition(".")[0]


def test_only_one_runs_however_often_it_is_clicked(sounding, monkeypatch):
    app = page(APPS[0], sounding, monkeypatch)
    other = page(APPS[1], sounding, monkeypatch)
    app.button(key="fill_start").click().run()
    other.button(key="fill_start").click().run()
    assert not other.exception
    assert "An analysis is running" in texts(other)
    other.button(key="fill_stop").click().run()
    while filling.running(sounding) is not None:
        time.sleep(0.1)
    app.run()
    assert not app.exception and not app.error
    assert app.button(key="fill_start")


def test_every_column_that_an_analysis_fills_belongs_to_something_with_a_name():
    """Or a gap would have no word for it."""
    from ui.gaps import NETWORKS, THINGS, stage_of

    named = {stage_of(name) for name in THINGS if name not in NETWORKS} | set(NETWORKS)
    assert named == {stage for stage, columns in STAGE_COLUMNS.items() if columns}
    assert fill.MEANWHILE
