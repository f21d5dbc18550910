"""Reading a library: tables, vectors, and what is said when there is none to read."""

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pandas
import pytest
from analyses import (
    DSP,
    EFFNET,
    MUSICNN,
    ROOT,
    TAGS,
    analysis,
    curve,
    dsp,
    effnet,
    information,
    vector,
)

from engine.library import COLUMNS, Library, LibraryError, Location
from engine.records import Analysis, Outcome, Tags
from engine.storage import FILE_NAME, PAGE_BYTES


@pytest.fixture
def folder(tmp_path):
    """A library of one whole track, one that failed, and one whose file is gone."""
    with Library.create(tmp_path / "library") as writer:
        writer.record(ROOT, b"jazz/so what.mp3", 1000, 10, analysis())
        failed = Outcome("dsp", "dsp-1", "unreadable", error="no audio stream")
        writer.record(ROOT, b"noise.mp3", 2000, 20, Analysis(outcomes=(failed,)))
        gone = writer.record(ROOT, b"gone.mp3", 3000, 30, analysis("bb", seed=1))
        writer.mark_absent([gone])
        writer.set_labels("tags", [f"tag {i}" for i in range(50)])
        writer.set_meta({"providers": {"effnet": ["CPUExecutionProvider"]}})
    return tmp_path / "library"


def test_frame_has_the_columns_of_the_design_in_order(folder):
    frame = Library.open(folder).frame()
    assert tuple(frame.columns) == COLUMNS
    assert frame.index.name == "id"
    assert frame.index.tolist() == [1, 2]
    whole = frame.loc[1]
    assert whole["path"] == "/music/jazz/so what.mp3"
    assert (whole["title"], whole["artist"], whole["album"]) == (
        TAGS.title,
        TAGS.artist,
        TAGS.album,
    )
    assert (whole["year"], whole["sample_rate"], whole["channels"]) == (1959, 44100, 2)
    assert whole["duration_s"] == 180.5
    for column, value in (DSP | EFFNET | MUSICNN).items():
        assert whole[column] == value


def test_a_failed_track_has_missing_values_and_never_zero(folder):
    failed = Library.open(folder).frame().loc[2]
    assert failed["path"] == "/music/noise.mp3"
    assert failed.drop("path").isna().all()


def test_frame_types_do_not_depend_on_the_content(folder, tmp_path):
    full = Library.open(folder).frame()
    with Library.create(tmp_path / "empty") as writer:
        empty = writer.frame()
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert full["tempo_bpm"].dtype == np.float64
    assert full["year"].dtype == pandas.Int64Dtype()
    assert full["title"].dtype == object


def test_absent_tracks_show_only_on_request(folder):
    library = Library.open(folder)
    assert library.frame(present_only=False).index.tolist() == [1, 2, 3]
    assert library.ledger()["id"].unique().tolist() == [1, 2]
    assert library.ledger(present_only=False)["id"].unique().tolist() == [1, 2, 3]
    assert library.tracks()["present"].tolist() == [True, True, False]
    assert library.vectors("effnet")[0].tolist() == [1]


def test_vectors_come_back_bit_for_bit(folder):
    ids, matrix = Library.open(folder).vectors("effnet")
    assert (ids.dtype, matrix.dtype, matrix.shape) == (np.int64, np.float32, (1, 1280))
    np.testing.assert_array_equal(matrix[0], vector("effnet"))


def test_an_empty_space_has_no_rows_and_no_columns(folder, tmp_path):
    with Library.create(tmp_path / "empty") as writer:
        for space in ("effnet", "no such space"):
            ids, matrix = writer.vectors(space)
            assert (ids.shape, matrix.shape, matrix.dtype) == ((0,), (0, 0), np.float32)


def test_curves_come_back_bit_for_bit(tmp_path):
    made = (curve("ic_0.0"), curve("ic_0.5", frames=0))
    with Library.create(tmp_path / "library") as writer:
        track = writer.record(ROOT, b"a.mp3", 1, 1, analysis("aa", information(*made)))
    library = Library.open(tmp_path / "library")
    for found, expected in zip(library.curves(track), made, strict=True):
        assert (found.name, found.model) == (expected.name, "model-1")
        assert (found.start_s, found.hop_s) == (0.5, 0.1)
        np.testing.assert_array_equal(found.values, expected.values)
    assert library.curves(track + 1) == ()
    with sqlite3.connect(tmp_path / "library" / FILE_NAME) as db:
        db.execute("UPDATE curves SET vector = x'00'")
    with pytest.raises(LibraryError, match=r"Track 1 has a damaged curve; see: .* check"):
        library.curves(track)


def test_paths_of_any_bytes_come_back(folder):
    odd = b"b\xff\xfed\n\r\"',#\t\xed\xa0\x80.mp3"
    with Library.open(folder, writable=True) as writer:
        track = writer.record(ROOT, odd, 1, 1, Analysis())
    library = Library.open(folder)
    assert os.fsencode(library.frame().loc[track, "path"]) == b"/music/" + odd
    assert os.fsencode(library.tracks().loc[track, "path"]) == odd
    assert library.location(track) == Location(ROOT, odd)
    assert library.location(track).absolute == b"/music/" + odd


def test_tracks_tell_the_file_apart_from_its_root(folder):
    tracks = Library.open(folder).tracks()
    assert tracks.loc[1, ["root", "path"]].tolist() == ["/music", "jazz/so what.mp3"]
    assert tracks.loc[1, ["size", "mtime_ns", "content_hash"]].tolist() == [1000, 10, "aa"]
    assert tracks.loc[1, ["codec", "analysed_s"]].tolist() == ["mp3", 180.5]


def test_ledger_has_one_row_per_track_and_stage(folder):
    ledger = Library.open(folder).ledger()
    assert list(ledger.columns) == [
        "id", "stage", "fingerprint", "status", "error", "seconds", "attempts", "path",
    ]  # fmt: skip
    assert ledger["stage"].tolist() == ["dsp", "effnet", "musicnn", "dsp"]
    last = ledger.iloc[-1]
    assert (last["status"], last["error"], last["path"]) == (
        "unreadable", "no audio stream", "/music/noise.mp3",
    )  # fmt: skip


def test_labels_and_notes(folder):
    library = Library.open(folder)
    assert library.labels("tags")[49] == "tag 49"
    assert library.labels("styles") == []
    assert library.meta() == {"providers": {"effnet": ["CPUExecutionProvider"]}}


def test_coverage_counts_what_is_present(folder):
    coverage = Library.open(folder).coverage()
    assert (coverage.tracks, coverage.absent) == (2, 1)
    assert Library.open(folder).track_count() == 2
    assert coverage.columns["tempo_bpm"] == 1
    assert coverage.columns["ic_mean"] == 0
    assert coverage.spaces == {"effnet": 1, "styles": 1, "musicnn": 1, "tags": 1}
    assert coverage.stages["dsp"] == {"ok": 1, "unreadable": 1}


def test_unknown_track_has_no_location(folder):
    with pytest.raises(KeyError):
        Library.open(folder).location(99)


# What is said when there is nothing to read


def test_no_library(tmp_path):
    with pytest.raises(LibraryError, match=r"no library in .*precompute\.py"):
        Library.open(tmp_path)
    assert list(tmp_path.iterdir()) == []  # looking leaves nothing behind


def test_corrupt_from_the_start(tmp_path):
    content = b"this is not a database, however long" * 100
    (tmp_path / FILE_NAME).write_bytes(content)
    for writable in (False, True):
        with pytest.raises(LibraryError, match=r"is damaged.*move that folder away"):
            Library.open(tmp_path, writable=writable)
    assert (tmp_path / FILE_NAME).read_bytes() == content


@pytest.mark.parametrize("damage", ["zeroed", "truncated"])
def test_corrupt_further_on(folder, damage):
    file = folder / FILE_NAME
    content = file.read_bytes()
    lost = len(content) - PAGE_BYTES
    file.write_bytes(content[:PAGE_BYTES] + (bytes(lost) if damage == "zeroed" else b""))
    with pytest.raises(LibraryError, match="is damaged"):
        Library.open(folder).frame()


def test_file_that_nothing_was_recorded_in(tmp_path):
    (tmp_path / FILE_NAME).touch()  # as a kill before the first commit leaves it
    with pytest.raises(LibraryError, match="never filled"):
        Library.open(tmp_path)
    with Library.open(tmp_path, writable=True) as writer:
        assert len(writer.frame()) == 0


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="cannot be written to"):
        Library.create(tmp_path / "file" / "library")


# Reading while another process writes


def test_a_reader_sees_every_commit_of_a_live_writer(tmp_path):
    """Each read is one consistent state, and the generation never goes back."""
    path = tmp_path / "library"
    Library.create(path).close()
    finished = threading.Event()

    def write():
        with Library.open(path, writable=True) as writer:
            for number in range(150):
                writer.record(ROOT, b"%d.mp3" % number, 1, 1, analysis(str(number)))
        finished.set()

    thread = threading.Thread(target=write)
    thread.start()
    library, seen, generations = Library.open(path), [0], []
    while not (finished.is_set() and seen[-1] == 150):
        generations.append(library.generation)
        ids, _ = library.vectors("effnet")
        assert len(library.frame()) >= len(ids)
        coverage = library.coverage()
        assert coverage.tracks == coverage.columns["tempo_bpm"] == coverage.spaces["musicnn"]
        seen.append(coverage.tracks)
    thread.join()
    assert seen == sorted(seen)
    assert generations == sorted(generations)


def test_many_threads_share_one_reader(folder):
    library, results = Library.open(folder), []
    threads = [
        threading.Thread(target=lambda: results.append(len(library.frame()))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [2] * 16


def test_a_reader_needs_no_right_to_write(folder):
    """Another user's library, or one on a read-only disk: root becomes somebody else, since it may
    write everywhere."""
    for parent in folder.parents:  # those of temporary folders are closed to others
        if not parent.stat().st_mode & 0o001:
            parent.chmod(0o755)
    folder.chmod(0o555)
    program = """
        import os, sys
        import pandas  # before this user is one who cannot read its files
        from engine.library import Library
        if os.getuid() == 0:
            os.setuid(65534)
        print(len(Library.open(sys.argv[1]).frame()), os.access(sys.argv[1], os.W_OK))
    """
    code = textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-c", code, folder], capture_output=True, text=True, check=False
    )
    assert done.stdout == "2 False\n", done.stderr


def test_reading_imports_no_writer_and_no_pandas():
    code = """
import sys, engine.library
assert not {"pandas", "fcntl", "engine.writer"} & set(sys.modules), "heavier than it need be"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_recording_tags_keeps_other_text_out_of_the_number_columns(folder):
    with Library.open(folder, writable=True) as writer:
        numeric = Analysis("c", None, Tags(title="1e5"), (dsp(), effnet()))
        track = writer.record(ROOT, b"x.mp3", 1, 1, numeric)
    assert Library.open(folder).frame().loc[track, "title"] == "1e5"
