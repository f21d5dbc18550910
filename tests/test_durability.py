"""One writer at a time, a full disk, and kill -9: what was recorded stays."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from analyses import ROOT, analysis

from engine.library import Library, LibraryError
from engine.library_check import problems


@pytest.fixture
def writer(tmp_path):
    with Library.create(tmp_path / "library") as writer:
        yield writer


def test_a_second_writer_is_told_who_is_first(tmp_path, writer):
    with pytest.raises(LibraryError, match=rf"Process {os.getpid()} is writing"):
        Library.open(writer.path, writable=True)
    writer.close()
    Library.open(writer.path, writable=True).close()


def test_a_full_disk_is_said_and_costs_only_the_last_row(writer):
    writer.record(ROOT, b"a.mp3", 1, 1, analysis())
    (pages,) = writer._db.execute("PRAGMA page_count").fetchone()
    writer._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(LibraryError, match=r"disk .* is full; make room"):
        for number in range(100):
            writer.record(ROOT, b"%d.mp3" % number, 1, 1, analysis(str(number)))
    frame = writer.frame()
    assert writer.vectors("tags")[0].tolist() == frame.index.tolist()
    writer._db.execute(f"PRAGMA max_page_count = {2**30}")
    writer.record(ROOT, b"last.mp3", 1, 1, analysis("last"))
    assert len(writer.frame()) == len(frame) + 1


def test_kill_9_loses_no_acknowledged_row(tmp_path):
    """The writer says each row it has recorded; it is killed in the middle, five times over."""
    program = """
        import sys
        sys.path.insert(0, sys.argv[2])
        from analyses import ROOT, analysis
        from engine.library import Library
        writer = Library.open(sys.argv[1], writable=True)
        for number in range(len(writer.frame()), 10**6):
            writer.record(ROOT, b"%d.mp3" % number, 1, 1, analysis(str(number)))
            print(number, flush=True)
    """
    acknowledged = -1
    for kill in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), tmp_path, Path(__file__).parent],
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in process.stdout:
            acknowledged = int(line)
            if acknowledged % 37 == 7 * kill:
                process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL
        library = Library.open(tmp_path)
        assert len(library.frame()) >= acknowledged + 1
        assert len(library.vectors("effnet")[0]) == len(library.frame())
        assert problems(tmp_path) == []
    assert acknowledged > 5
