"""python -m engine.library, as a user types it."""

import shlex
import subprocess
import sys

import pandas
import pytest
from analyses import ROOT, analysis

from engine import shell
from engine.library import Library
from engine.library_commands import main
from engine.records import Analysis, Outcome


@pytest.fixture
def folder(tmp_path):
    with Library.create(tmp_path / "library") as writer:
        writer.record(ROOT, b"a.mp3", 1, 1, analysis())
        failed = Outcome("effnet", "x", "crashed", error="Signal 11\nin \x1b[31mred\t")
        writer.record(ROOT, b"\xff.mp3", 1, 1, Analysis("b", outcomes=(failed,)))
        model = {"file": "x.onnx", "sha256": "a" * 64, "source": "cache", "note": "random weights"}
        run = {"found": 3, "done_now": 1, "done_before": 0, "seconds": 2.5}
        writer.set_meta({"models": {"effnet": [model]}, "last_run": run})
    return str(tmp_path / "library")


def test_as_a_program(folder):
    command = [sys.executable, "-m", "engine.library", "check", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"The library in {folder} is whole.\n"
    assert done.stderr == ""


def test_status_says_what_is_there_and_what_is_missing(folder, capsys):
    assert main(["status", folder]) == 0
    out = capsys.readouterr().out
    assert "2 tracks" in out
    assert "effnet       ok 1, crashed 1" in out
    assert "x.onnx sha256 aaaaaaaaaaaa… (random weights)" in out
    assert "Last run: 3 found, 1 done now, 0 before, in 2 s" in out
    assert "engine.models list" not in out


def test_status_names_the_command_that_fills_what_is_missing(folder, capsys):
    with Library.open(folder, writable=True) as writer:
        missing = Outcome("effnet", "x", "model_missing")
        writer.record(ROOT, b"b.mp3", 1, 1, Analysis("c", outcomes=(missing,)))
    assert main(["status", folder]) == 0
    assert "Not everything of effnet could be computed" in capsys.readouterr().out


def test_failures_are_one_line_each(folder, capsys):
    assert main(["failures", folder]) == 0
    assert capsys.readouterr().out == (
        "crashed\teffnet\t/music/\\xff.mp3\tSignal 11\\nin \\x1b[31mred\\t\n"
    )


def test_failures_name_what_was_skipped(folder, capsys):
    with Library.open(folder, writable=True) as writer:
        writer.set_skipped([b"/music"], {b"/music/\xff\n": "recycle bin"})
    assert main(["failures", folder]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["skipped\t\t/music/\\xff\\n\trecycle bin"]


def test_failures_of_one_reason_share_a_line_and_missing_models_are_none(tmp_path, capsys):
    with Library.create(tmp_path / "library") as writer:
        failed = [Outcome(s, "x", "unreadable", error="No audio.") for s in ("dsp", "effnet")]
        writer.record(ROOT, b"a.mp3", 1, 1, Analysis("a", outcomes=tuple(failed)))
        lacks = [Outcome(s, "x", "model_missing", error="Get it.") for s in ("effnet", "musicnn")]
        writer.record(ROOT, b"b.mp3", 1, 1, Analysis("b", outcomes=tuple(lacks)))
    assert main(["failures", str(tmp_path / "library")]) == 0
    assert capsys.readouterr().out == (
        "unreadable\tdsp,effnet\t/music/a.mp3\tNo audio.\n"
        f"1 tracks wait for a model: {shell.module('engine.models', 'list')}\n"
    )


def test_export_has_a_default_name(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", folder]) == 0
    assert len(pandas.read_parquet(tmp_path / "descriptors.parquet")) == 2


def test_check_exits_1_when_something_is_wrong(folder, capsys):
    with Library.open(folder, writable=True) as writer:
        writer._db.execute("DELETE FROM vectors WHERE space = 'musicnn'")
    assert main(["check", folder]) == 1
    assert "have musicnn done, but no musicnn vector" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_export(folder, tmp_path, capsys, name):
    assert main(["export", folder, str(tmp_path / name)]) == 0
    assert "2 tracks written" in capsys.readouterr().out
    read = pandas.read_csv if name.endswith("csv") else pandas.read_parquet
    assert len(read(tmp_path / name)) == 2


def test_what_cannot_be_done_is_one_sentence(folder, tmp_path, capsys):
    for arguments in (
        ["status", str(tmp_path / "nowhere")],
        ["migrate", str(tmp_path / "nowhere")],
        ["export", folder, str(tmp_path / "out.xlsx")],
    ):
        assert main(arguments) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
    assert not (tmp_path / "nowhere").exists()


def test_migrate(folder, capsys):
    assert main(["migrate", folder]) == 0
    assert "up to date" in capsys.readouterr().out


def test_a_reader_of_the_output_may_leave(folder):
    told = [sys.executable, "-m", "engine.library", "status", str(folder)]
    command = f"{shlex.join(told)} | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
