"""What a library knows of the files under a folder, so that nothing is analysed twice.

A file is the same track under whatever root it was scanned: paths are compared as absolute ones,
although the table keeps them relative to a root.
"""

import sqlite3
from typing import NamedTuple

from engine.library import joined
from engine.records import TAG_READING


class Done(NamedTuple):
    """What the ledger says of one stage of one track."""

    fingerprint: str
    status: str
    attempts: int  # with this fingerprint


class Known(NamedTuple):
    """A track of the library, as it was when last recorded."""

    id: int
    size: int  # bytes
    mtime_ns: int
    content_hash: str | None
    present: bool
    stages: dict[str, Done]
    tag_reading: int = TAG_READING  # of engine.records, by which the tags were read


class Candidate(NamedTuple):
    """A track that a newly found file may be a moved or copied version of."""

    id: int
    root: bytes
    path: bytes
    size: int  # bytes
    mtime_ns: int
    content_hash: str
    present: bool

    @property
    def absolute(self) -> bytes:
        """Where the file was."""
        return joined(self.root, self.path)


class _Place(NamedTuple):
    """The part of the table that lies under a folder: one root's paths that start with `inside`."""

    root_id: int
    inside: bytes  # to cut from the stored paths
    prefix: bytes  # to put before them


def known(db: sqlite3.Connection, root: bytes) -> dict[bytes, Known]:
    """Every track under the folder `root`, by its path relative to it: two queries per root."""
    stages: dict[int, dict[str, Done]] = {}
    tracks: dict[bytes, Known] = {}
    for place in _places(db, root):
        condition, values = _condition(place)
        for track, stage, *done in db.execute(
            f"""SELECT track_id, stage, fingerprint, status, attempts
            FROM tracks JOIN ledger ON track_id = id WHERE {condition}""",
            values,
        ):
            stages.setdefault(track, {})[stage] = Done(*done)
        for path, track, size, mtime_ns, content_hash, present, tag_reading in db.execute(
            f"""SELECT path, id, size, mtime_ns, content_hash, present, tag_reading FROM tracks
            WHERE {condition}""",
            values,
        ):
            tracks[place.prefix + path[len(place.inside) :]] = Known(
                track,
                size,
                mtime_ns,
                content_hash,
                bool(present),
                stages.get(track, {}),
                tag_reading,
            )
    return tracks


def found(
    db: sqlite3.Connection, root: bytes, path: bytes
) -> tuple[int, int, int, str | None] | None:
    """(id, size, mtime_ns, content hash) of the row for a file, whatever root it is under."""
    file = joined(root, path)
    for root_id, stored_root in db.execute("SELECT id, path FROM roots").fetchall():
        stored = folder(stored_root)
        if not file.startswith(stored):
            continue
        row = db.execute(
            "SELECT id, size, mtime_ns, content_hash FROM tracks WHERE root_id = ? AND path = ?",
            (root_id, file[len(stored) :]),
        ).fetchone()
        if row is not None:
            return row
    return None


def candidates(db: sqlite3.Connection, condition: str, value: int | str) -> list[Candidate]:
    """The tracks that meet an SQL condition on one value, oldest first."""
    rows = db.execute(
        f"""SELECT tracks.id, roots.path, tracks.path, size, mtime_ns, content_hash, present
        FROM tracks JOIN roots ON roots.id = root_id WHERE {condition} ORDER BY tracks.id""",
        (value,),
    ).fetchall()
    return [Candidate(*row[:-1], bool(row[-1])) for row in rows]


def skipped(db: sqlite3.Connection, root: bytes) -> list[tuple[bytes, str]]:
    """(absolute path, reason) of what was passed over at `root` or below it, by path."""
    inside = folder(root)
    return db.execute(
        "SELECT path, reason FROM skipped WHERE path = ? OR (path >= ? AND path < ?) ORDER BY path",
        (root, inside, inside[:-1] + b"0"),  # "0" is the byte after "/"
    ).fetchall()


def folder(root: bytes) -> bytes:
    """A folder's path with its one closing slash. ValueError unless it is absolute."""
    if not root.startswith(b"/"):
        raise ValueError(f"a root is an absolute path, not {root!r}")
    return root.rstrip(b"/") + b"/"


def _places(db: sqlite3.Connection, root: bytes) -> list[_Place]:
    wanted = folder(root)
    places = []
    for root_id, path in db.execute("SELECT id, path FROM roots").fetchall():
        stored = folder(path)
        if stored.startswith(wanted):
            places.append(_Place(root_id, b"", stored[len(wanted) :]))
        elif wanted.startswith(stored):
            places.append(_Place(root_id, wanted[len(stored) :], b""))
    return places


def _condition(place: _Place) -> tuple[str, tuple]:
    if not place.inside:
        return "root_id = ?", (place.root_id,)
    past = place.inside[:-1] + b"0"  # "0" is the byte after "/"
    return "root_id = ? AND path >= ? AND path < ?", (place.root_id, place.inside, past)
