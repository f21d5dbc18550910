"""Embeddings of a large library as one file on disk that all apps map into memory.

Goal: a million EffNet embeddings (5 GB) without reading them out of SQLite at every start, and
without holding them twice for two apps. The first app that asks streams them from the library into
a folder of the user's cache; all later ones map that folder's files, and the operating system keeps
in memory what is used. Small libraries are read into memory, which takes no longer.

Conventions: the folder is $XDG_CACHE_HOME or ~/.cache, then serendip/vectors/LIBRARY/SPACE-G, for
the library's path (as a hash) and its generation G; in it `ids` (int64), `vectors` (float32
[tracks, dimensions]) and `scale` (float32, 1 / length), little-endian, without headers. It is made
under another name and renamed when it is complete and on disk: a folder that is there is whole.
One builder at a time, under a file lock, which ends with the process that holds it.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from engine import shell
from engine.library import Library
from engine.models import cache_folder
from engine.schema import SPACE_DIMENSIONS
from engine.space import Space, inverse_lengths
from engine.storage import LibraryError, snapshot

IN_MEMORY_UP_TO = 20_000  # tracks: 100 MB of EffNet, read in half a second
BATCH = 2048  # tracks on their way from SQLite to the file: 10 MB
FILES = {"ids": "<i8", "vectors": "<f4", "scale": "<f4"}
UNFINISHED = ".unfinished"
LOCK = "lock"
# Tracks that are present, in order of id: the tracks of Library.vectors.
_PRESENT = "space = ? AND track_id NOT IN (SELECT id FROM tracks WHERE present = 0)"


@dataclass(frozen=True)
class Vectors:
    """All embeddings of one space."""

    ids: np.ndarray  # int64 [tracks], ascending
    matrix: np.ndarray  # float32 [tracks, dimensions]; read-only where it is mapped
    scale: np.ndarray  # float32 [tracks], 1 / length; NaN where there is no direction
    note: str | None = None  # a sentence, where they had to be held in memory

    def space(self, name: str) -> Space | None:
        """For searching; None without any track."""
        if not len(self.ids):
            return None
        return Space(name, self.ids, self.matrix, self.scale, self.note)


def vectors(library: Library, space: str, folder: Path | None = None) -> Vectors:
    """The embeddings of the tracks present, of the library's present state.

    folder: instead of the user's cache folder. Raises LibraryError as Library.vectors does. A cache
    that cannot be used (no room, no permission) is never an error: the embeddings are then held in
    memory, and `note` says so.
    """
    with snapshot(library.path) as db:
        _, count = _state(db, space)
    if count <= IN_MEMORY_UP_TO:
        return _in_memory(library, space)
    try:
        place = _place(library, folder)
        with _locked(place):
            return _mapped(_built(library, space, place), space)
    except OSError as error:
        return _in_memory(library, space, _why(error, count, space))


def _why(error: OSError, count: int, space: str) -> str:
    size = count * SPACE_DIMENSIONS[space] * 4 / 1e9
    return (
        f"The {space} embeddings are held in memory ({size:.1f} GB), since the cache folder cannot "
        f"be used: {error.strerror or error}."
    )


def _state(db: sqlite3.Connection, space: str) -> tuple[int, int]:
    """Generation of the library, and number of tracks with a vector."""
    (generation,) = db.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    (count,) = db.execute(f"SELECT count(*) FROM vectors WHERE {_PRESENT}", (space,)).fetchone()
    return int(generation), count


def _in_memory(library: Library, space: str, note: str | None = None) -> Vectors:
    ids, values = library.vectors(space)
    return Vectors(ids, values, inverse_lengths(values), note)


def _place(library: Library, folder: Path | None) -> Path:
    """Where this library's files lie; made if absent, for the user alone."""
    root = folder or cache_folder().parent / "vectors"
    key = hashlib.sha256(os.fsencode(os.path.realpath(library.path))).hexdigest()[:24]
    place = root / key
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Alone with the folder; waits for another app that is building in it."""
    with (place / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _built(library: Library, space: str, place: Path) -> Path:
    """The folder of the present generation, built if need be, and no older one beside it."""
    with snapshot(library.path) as db:
        generation, count = _state(db, space)
        target = place / f"{space}-{generation}"
        if not _is_whole(target, space, count):
            shutil.rmtree(target, ignore_errors=True)
            _build(db, target, space, count, library.path)
    _prune(place, space, generation)
    return target


def _is_whole(target: Path, space: str, count: int) -> bool:
    """Whether the files are there and as long as they must be."""
    sizes = {"ids": 8, "vectors": 4 * SPACE_DIMENSIONS[space], "scale": 4}
    try:
        return all((target / name).stat().st_size == count * sizes[name] for name in FILES)
    except FileNotFoundError:
        return False


def _build(db: sqlite3.Connection, target: Path, space: str, count: int, library: Path) -> None:
    """Stream the vectors into `target`. OSError when the disk refuses; nothing is left then."""
    unfinished = target.with_name(target.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)  # of a builder that was killed
    unfinished.mkdir(mode=0o700)
    try:
        files = {name: (unfinished / name).open("wb") for name in FILES}
        try:
            # Asks for all the room at once: better refused now than after minutes.
            if hasattr(os, "posix_fallocate"):  # not on macOS
                size = count * SPACE_DIMENSIONS[space] * 4
                os.posix_fallocate(files["vectors"].fileno(), 0, size)
            for ids, block in _blocks(db, space, library):
                files["ids"].write(ids.tobytes())
                files["vectors"].write(block)
                files["scale"].write(inverse_lengths(block).astype("<f4").tobytes())
            for file in files.values():
                file.flush()
                os.fsync(file.fileno())
        finally:
            for file in files.values():
                file.close()
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _blocks(
    db: sqlite3.Connection, space: str, library: Path
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(ids, vectors) of BATCH tracks at a time, in order of id. Raises LibraryError."""
    width = SPACE_DIMENSIONS[space] * 4  # bytes of float32
    rows = db.execute(
        f"SELECT track_id, vector FROM vectors WHERE {_PRESENT} ORDER BY track_id", (space,)
    )
    while batch := list(islice(rows, BATCH)):
        for track, vector in batch:
            if len(vector) != width:
                raise LibraryError(
                    f"Track {track} has a damaged {space} vector; "
                    f"see: {shell.module('engine.library', 'check', library)}"
                )
        ids = np.array([track for track, _ in batch], dtype="<i8")
        values = np.frombuffer(b"".join(vector for _, vector in batch), dtype="<f4")
        yield ids, values.reshape(len(batch), SPACE_DIMENSIONS[space])


def _mapped(target: Path, space: str) -> Vectors:
    """Map the files of a finished folder."""
    ids = np.fromfile(target / "ids", dtype=FILES["ids"]).astype(np.int64, copy=False)
    scale = np.fromfile(target / "scale", dtype=FILES["scale"]).astype(np.float32, copy=False)
    shape = len(ids), SPACE_DIMENSIONS[space]
    values = np.memmap(target / "vectors", FILES["vectors"], "r", shape=shape)
    return Vectors(ids, values.view(np.ndarray), scale)


def _prune(place: Path, space: str, generation: int) -> None:
    """Remove what is older. What an app has mapped stays on disk until it lets go of it."""
    for other in place.glob(f"{space}-*"):
        number = other.name.removeprefix(f"{space}-").removesuffix(UNFINISHED)
        if number.isdecimal() and int(number) < generation:
            shutil.rmtree(other, ignore_errors=True)
