"""python report.py: what it writes, says and returns."""

import subprocess
import sys
from pathlib import Path

import pytest
from analyses import analysis

import report
from engine import shell
from engine.library import Library

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def library(library_dir) -> Path:
    """Three tracks, one of them twice."""
    with Library.create(library_dir) as writer:
        for number, content in enumerate(("aa", "bb", "aa")):
            writer.record(b"/music", b"%d.mp3" % number, 1, 1, analysis(content, seed=number))
    return library_dir


def run(*arguments: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "report.py", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)


def test_the_report_lies_in_the_library(library):
    done = run("--library", library)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"3 tracks described in {library / 'report' / 'report.html'}\n"
    text = (library / "report" / "report.md").read_text()
    assert "describes 3 tracks" in text and "1 group of copies" in text
    assert (library / "report" / "tables" / "copies.tsv").read_text().count("\n") == 3


def test_the_report_lies_where_it_is_wanted(library, tmp_path, capsys):
    assert report.main(["--library", str(library), "--out", str(tmp_path / "a" / "b")]) == 0
    assert str(tmp_path / "a" / "b" / "report.html") in capsys.readouterr().out
    assert (tmp_path / "a" / "b" / "report.html").is_file()
    assert not (library / "report").exists()


def test_no_library(tmp_path, capsys):
    assert report.main(["--library", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "There is no library in" in said.err and "precompute.py" in said.err


def test_an_empty_library(library_dir, capsys):
    Library.create(library_dir).close()
    assert report.main(["--library", str(library_dir)]) == 2
    fill = shell.program("precompute.py", "MUSIC_DIR", "--library", library_dir)
    assert f"has no tracks yet; fill it with: {fill}\n" in capsys.readouterr().err
    assert not (library_dir / "report").exists()


def test_a_folder_that_cannot_be_written(library, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert report.main(["--library", str(library), "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written to" in capsys.readouterr().err


def test_help_says_what_it_writes():
    done = run("--help")
    assert done.returncode == 0
    for word in ("--library", "--out", "report.html", "report.md", "LIBRARY/report", "Exit status"):
        assert word in done.stdout


def test_the_library_comes_from_the_environment(library, monkeypatch, capsys):
    monkeypatch.setenv("SERENDIP_LIBRARY", str(library))
    assert report.main([]) == 0
    assert (library / "report" / "report.html").is_file()
