"""The file that apps share: what is in it, who may build it, and what happens when nobody can."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import analyses
import numpy as np
import pytest

from engine import vector_cache
from engine.library import Library, LibraryError
from engine.vector_cache import LOCK, UNFINISHED, vectors

SPACE = "musicnn"
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def small_libraries_count_as_large(monkeypatch):
    monkeypatch.setattr(vector_cache, "IN_MEMORY_UP_TO", 2)
    monkeypatch.setattr(vector_cache, "BATCH", 3)


def add(folder: Path, *tracks: int) -> None:
    with Library.create(folder) as library:
        for track in tracks:
            library.record(
                analyses.ROOT, b"%d.mp3" % track, 1, 1, analyses.analysis(f"{track}", seed=track)
            )


@pytest.fixture
def library(library_dir) -> Library:
    """Seven tracks."""
    add(library_dir, *range(7))
    return Library(library_dir)


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


def folders(cache: Path) -> list[str]:
    """What lies in the cache of the one library."""
    (place,) = cache.iterdir()
    return sorted(entry.name for entry in place.iterdir() if entry.name != LOCK)


def check(found, library: Library) -> None:
    """The same as the library holds."""
    ids, values = library.vectors(SPACE)
    np.testing.assert_array_equal(found.ids, ids)
    np.testing.assert_array_equal(found.matrix, values)
    np.testing.assert_allclose(found.scale, 1 / np.linalg.norm(values, axis=1), rtol=1e-6)


def test_the_file_holds_what_the_library_holds(library, cache):
    found = vectors(library, SPACE, cache)
    check(found, library)
    assert found.note is None
    assert isinstance(found.matrix.base, np.memmap) and not found.matrix.flags.writeable
    assert folders(cache) == [f"{SPACE}-{library.generation}"]
    assert found.space(SPACE).cosines(3)[2] == pytest.approx(1)


def test_it_is_built_once_and_for_its_owner_only(library, cache, monkeypatch):
    vectors(library, SPACE, cache)
    monkeypatch.setattr(vector_cache, "_build", None)
    check(vectors(library, SPACE, cache), library)
    (place,) = cache.iterdir()
    assert place.stat().st_mode & 0o77 == 0


def test_absent_tracks_are_not_in_it(library, library_dir, cache):
    with Library.create(library_dir) as writer:
        writer.mark_absent([2, 5])
    found = vectors(library, SPACE, cache)
    assert found.ids.tolist() == [1, 3, 4, 6, 7]
    check(found, library)


def test_a_library_that_grew_gets_a_new_file_and_the_old_one_goes(library, library_dir, cache):
    before = vectors(library, SPACE, cache)
    kept = before.matrix.copy()
    vectors(library, "effnet", cache)
    add(library_dir, 7, 8)
    check(vectors(library, SPACE, cache), library)
    assert len([name for name in folders(cache) if name.startswith(SPACE)]) == 1
    assert len(folders(cache)) == 2  # the other space's is not touched
    np.testing.assert_array_equal(before.matrix, kept)  # still mapped by an app


def test_a_small_library_is_read_into_memory(library, cache, monkeypatch):
    monkeypatch.setattr(vector_cache, "IN_MEMORY_UP_TO", 7)
    found = vectors(library, SPACE, cache)
    check(found, library)
    assert found.note is None and not cache.exists()


def test_a_space_without_vectors_is_no_space(library_dir, cache):
    add(library_dir)
    assert vectors(Library(library_dir), SPACE, cache).space(SPACE) is None


def test_two_libraries_do_not_meet(library, tmp_path, cache):
    add(tmp_path / "other", *range(10, 14))
    other = Library(tmp_path / "other")
    vectors(library, SPACE, cache)
    check(vectors(other, SPACE, cache), other)
    check(vectors(library, SPACE, cache), library)


@pytest.mark.parametrize("name", ["ids", "vectors", "scale"])
def test_a_file_that_was_cut_is_built_again(library, cache, name):
    vectors(library, SPACE, cache)
    (file,) = cache.glob(f"*/{SPACE}-*/{name}")
    file.write_bytes(file.read_bytes()[:-4])
    check(vectors(library, SPACE, cache), library)


def test_many_builders_at_once_all_get_the_same(library, cache):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(vectors(library, SPACE, cache)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    for one in found:
        check(one, library)
    assert folders(cache) == [f"{SPACE}-{library.generation}"]


SLOW_BUILDER = """
import sys, time
from pathlib import Path
from engine import vector_cache
from engine.library import Library
vector_cache.IN_MEMORY_UP_TO, vector_cache.BATCH = 2, 3
plain = vector_cache.inverse_lengths
def slow(block):
    print("building", flush=True)
    time.sleep(60)
    return plain(block)
vector_cache.inverse_lengths = slow
vector_cache.vectors(Library(sys.argv[1]), "musicnn", Path(sys.argv[2]))
"""


def test_a_killed_builder_leaves_nothing_wrong(library, cache):
    builder = subprocess.Popen(
        [sys.executable, "-c", SLOW_BUILDER, str(library.path), str(cache)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert builder.stdout.readline() == b"building\n"
    waiting = []
    second = threading.Thread(target=lambda: waiting.append(vectors(library, SPACE, cache)))
    second.start()
    time.sleep(0.3)
    assert not waiting  # for the one that builds
    os.kill(builder.pid, signal.SIGKILL)
    builder.wait()
    builder.stdout.close()
    second.join(30)
    check(waiting[0], library)
    assert folders(cache) == [f"{SPACE}-{library.generation}"]


def test_a_full_disk_means_memory_and_a_sentence(library, cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    found = vectors(library, SPACE, cache)
    check(found, library)
    assert "held in memory" in found.note and "No space left on device" in found.note
    assert found.space(SPACE).note == found.note
    assert folders(cache) == []
    monkeypatch.undo()
    monkeypatch.setattr(vector_cache, "IN_MEMORY_UP_TO", 2)
    assert vectors(library, SPACE, cache).note is None


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(library, cache, monkeypatch):
    plain, seen = vector_cache.inverse_lengths, []

    def full_at_the_second_block(block):
        seen.append(len(block))
        if len(seen) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return plain(block)

    monkeypatch.setattr(vector_cache, "inverse_lengths", full_at_the_second_block)
    found = vectors(library, SPACE, cache)
    assert seen == [3, 3, 7]
    check(found, library)
    assert "No space left on device" in found.note
    assert folders(cache) == []


def test_a_cache_folder_that_cannot_be_means_memory(library, tmp_path):
    (tmp_path / "file").write_text("in the way")
    found = vectors(library, SPACE, tmp_path / "file")
    check(found, library)
    assert "Not a directory" in found.note


def test_a_damaged_vector_is_an_error_of_the_library(library, library_dir, cache):
    with sqlite3.connect(library_dir / "library.sqlite") as db:
        db.execute("UPDATE vectors SET vector = x'00' WHERE track_id = 5 AND space = ?", (SPACE,))
    db.close()
    with pytest.raises(LibraryError, match="Track 5 has a damaged musicnn vector"):
        vectors(library, SPACE, cache)
    assert folders(cache) == []


def test_a_leftover_is_not_taken_for_the_file(library, cache):
    vectors(library, SPACE, cache)
    (folder,) = cache.glob(f"*/{SPACE}-*")
    folder.rename(folder.with_name(folder.name + UNFINISHED))
    check(vectors(library, SPACE, cache), library)
    assert folders(cache) == [f"{SPACE}-{library.generation}"]
