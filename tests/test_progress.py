"""How far a run is, as the library tells it while it is written."""

import os
import subprocess
import sys

import pytest
from runs import Analyse, Silent, music

from engine import progress
from engine.library import Library
from engine.progress import Note, Noted, noted, running
from engine.writer_lock import LOCK_NAME


def test_a_run_notes_its_end_and_is_seen_while_it_goes_on(tmp_path):
    seen = []
    Analyse(tmp_path)(
        music(tmp_path), on_advance=lambda run: seen.append(running(tmp_path / "library"))
    )
    assert seen[-4:] == [True] * 4
    assert not running(tmp_path / "library")
    note = noted(Library.open(tmp_path / "library").meta())
    assert (note.done, note.total, note.failed) == (4, 4, 0)
    assert note.started <= note.noted
    assert note.seconds_left == 0


def test_a_run_with_nothing_to_do_notes_nothing(tmp_path):
    analyse, folder = Analyse(tmp_path), music(tmp_path)
    analyse(folder)
    before = Library.open(tmp_path / "library").meta()["progress"]
    analyse(folder)
    assert Library.open(tmp_path / "library").meta()["progress"] == before


def test_notes_are_seconds_apart(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "time", lambda: now[0])
    with Library.create(tmp_path) as library:
        watched = Noted(Silent(), library)
        watched.phase("Analysing", 10)
        kept = []
        for _ in range(6):
            now[0] += 0.5
            watched.advance(failed=True)
            kept.append(noted(library.meta()).done)
    assert kept == [0, 0, 0, 4, 4, 4]
    assert noted(Library.open(tmp_path).meta()) == Note(4, 10, 4, 100.0, 102.0)


def test_time_left_is_by_the_pace_so_far():
    assert Note(0, 10, 0, 0.0, 5.0).seconds_left is None
    assert Note(2, 10, 0, 100.0, 106.0).seconds_left == pytest.approx(24)


@pytest.mark.parametrize("meta", [{}, {"progress": 3}, {"progress": {"done": 1}}])
def test_what_is_no_note_is_none(meta):
    assert noted(meta) is None


@pytest.mark.parametrize("holder", [b"", b"nobody\n", b"-1\n", b"9" * 19])
def test_a_lock_that_nobody_holds_is_no_run(tmp_path, holder):
    assert not running(tmp_path)
    (tmp_path / LOCK_NAME).write_bytes(holder)
    assert not running(tmp_path)


def test_the_lock_of_a_killed_run_is_no_run(tmp_path):
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1)
    (tmp_path / LOCK_NAME).write_bytes(ended.stdout)
    assert not running(tmp_path)
    (tmp_path / LOCK_NAME).write_bytes(b"%d\n" % os.getpid())  # its number, given anew
    assert not running(tmp_path)
