"""The library: one folder with one SQLite file, in which every analysed track has its place.

`Library` reads; everything after the analysis uses only that. `Library.open(path, writable=True)`
gives the one `Writer` (engine/writer.py). Reading never waits for writing, and never blocks it:
each call opens its own connection for one short transaction, so that a Library can be shared by
the threads of an app.

As a program: python -m engine.library status|failures|check|migrate LIBRARY
              python -m engine.library export LIBRARY OUT.parquet|OUT.csv
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from engine import schema, shell
from engine.fingerprint_match import SKETCH
from engine.records import Curve
from engine.schema import COLUMNS, SPACE_DIMENSIONS, STAGE_COLUMNS, STAGE_SPACES, track_status
from engine.storage import LibraryError, snapshot

if TYPE_CHECKING:  # pandas takes 0.3 s to import, and an analysis with nothing to do needs none
    import pandas

    from engine.writer import Writer

__all__ = [
    "COLUMNS",
    "SPACE_DIMENSIONS",
    "STAGE_COLUMNS",
    "STAGE_SPACES",
    "Coverage",
    "Library",
    "LibraryError",
    "Location",
    "joined",
    "track_status",
]

_TRACK_COLUMNS = (
    "root",
    "path",
    "size",
    "mtime_ns",
    "content_hash",
    "recording",
    *schema.TAG_COLUMNS,
    *schema.MEDIA_COLUMNS,
    "present",
)


class Location(NamedTuple):
    """Where a track lies: a path relative to the root that was scanned, both as bytes."""

    root: bytes
    path: bytes

    @property
    def absolute(self) -> bytes:
        """The path of the file."""
        return joined(self.root, self.path)


@dataclass(frozen=True)
class Coverage:
    """How much of the library has which values; counts are of the tracks that are present."""

    tracks: int
    absent: int  # tracks whose file is gone
    columns: dict[str, int]  # descriptor column → number of values
    spaces: dict[str, int]  # vector space → number of vectors
    stages: dict[str, dict[str, int]]  # stage → status → number of tracks


def joined(root: bytes, path: bytes) -> bytes:
    """The absolute path of a file at `path` under `root`."""
    return root.rstrip(b"/") + b"/" + path


class Library:
    """A library, read-only. Raises LibraryError: one sentence, and what to do."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with self._reading():
            pass  # says at once what is wrong with it

    @classmethod
    def open(cls, path: str | os.PathLike[str], writable: bool = False) -> Library | Writer:
        """The library in folder `path`; writable creates it if absent and locks out other writers.

        LibraryError where there is none, it is damaged, of a newer schema, or (writable) another
        process is writing to it.
        """
        if not writable:
            return cls(path)
        from engine.writer import Writer  # here, since the apps never write

        return Writer(path)

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Writer:
        """The library in folder `path` for writing, made if absent: open(path, writable=True)."""
        return cls.open(path, writable=True)

    def close(self) -> None:
        """Nothing is held between calls when reading."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with snapshot(self.path) as db:
            yield db

    @property
    def generation(self) -> int:
        """A counter that grows with every recording transaction: a key for caches. Under 1 ms."""
        with self._reading() as db:
            (value,) = db.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        return int(value)

    def track_count(self) -> int:
        """The number of tracks present, at a hundredth of the cost of coverage()."""
        with self._reading() as db:
            (count,) = db.execute(
                """SELECT (SELECT count(*) FROM tracks)
                - (SELECT count(*) FROM tracks WHERE present = 0)"""
            ).fetchone()
        return count

    def frame(self, present_only: bool = True) -> pandas.DataFrame:
        """One row per track with schema.COLUMNS, indexed by track id ("id"), in order of id.

        `path` is absolute, os.fsdecode'd (undecodable bytes are lone surrogates). Text columns are
        object with None, numbers float64 with NaN, whole numbers Int64 with NA where missing.
        """
        columns = COLUMNS[1:]
        with self._reading() as db:
            roots = _roots(db)
            rows = db.execute(
                f"""SELECT id, root_id, path, {", ".join(columns)}
                FROM tracks LEFT JOIN descriptors ON track_id = id
                {"WHERE present" if present_only else ""} ORDER BY id"""
            ).fetchall()
        ids, root_ids, paths, *values = _transposed(rows, 3 + len(columns))
        absolute = [
            os.fsdecode(joined(roots[root], path))
            for root, path in zip(root_ids, paths, strict=True)
        ]
        return _data_frame(ids, dict(zip(COLUMNS, [absolute, *values], strict=True)))

    def vectors(self, space: str) -> tuple[np.ndarray, np.ndarray]:
        """(track ids int64 [n], vectors float32 [n, d]) of the tracks present, in order of id.

        A space that holds nothing gives shapes (0,) and (0, 0). LibraryError when a vector has
        not the length of the others.
        """
        present = "space = ? AND track_id NOT IN (SELECT id FROM tracks WHERE present = 0)"
        with self._reading() as db:
            (count,) = db.execute(
                f"SELECT count(*) FROM vectors WHERE {present}", (space,)
            ).fetchone()
            rows = db.execute(
                f"SELECT track_id, vector FROM vectors WHERE {present} ORDER BY track_id", (space,)
            )
            return self._filled(space, count, rows)

    def _filled(
        self, space: str, count: int, rows: Iterator[tuple[int, bytes]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """One matrix, filled in place as SQLite hands out the rows: nothing is held twice."""
        ids = np.empty(count, dtype=np.int64)
        if count == 0:
            return ids, np.empty((0, 0), dtype=np.float32)
        width = SPACE_DIMENSIONS[space] * 4  # bytes of float32
        matrix = np.empty((count, SPACE_DIMENSIONS[space]), dtype="<f4")
        target = memoryview(matrix).cast("B")
        for row, (track, vector) in enumerate(rows):
            if len(vector) != width:
                raise self._damaged(track, f"{space} vector")
            ids[row] = track
            target[row * width : (row + 1) * width] = vector
        return ids, matrix

    def curves(self, track_id: int) -> tuple[Curve, ...]:
        """What a track has over time, in order of name. LibraryError when one is damaged."""
        with self._reading() as db:
            query = "SELECT * FROM curves WHERE track_id = ? ORDER BY name"
            rows = [row[1:] for row in db.execute(query, (int(track_id),))]
        if any(len(blob) % 4 for *_, blob in rows):
            raise self._damaged(track_id, "curve")
        return tuple(Curve(*facts, np.frombuffer(blob, dtype="<f4")) for *facts, blob in rows)

    def sketches(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(track ids int64 [n], frames int64 [n], sketches int8 [n, d]) of all acoustic
        fingerprints, also of tracks that are gone; in order of length, then id."""
        with self._reading() as db:
            rows = db.execute("SELECT track_id, frames, sketch FROM fingerprints").fetchall()
        rows.sort(key=lambda row: (row[1], row[0]))
        ids, frames, sketches = _transposed(rows, 3)
        matrix = np.frombuffer(b"".join(sketches), np.int8).reshape(len(rows), SKETCH)
        return np.array(ids, np.int64), np.array(frames, np.int64), matrix

    def fingerprint(self, track_id: int) -> bytes | None:
        """The acoustic fingerprint of a track (records.Fingerprint.signs); None without one."""
        with self._reading() as db:
            query = "SELECT fingerprint FROM fingerprints WHERE track_id = ?"
            row = db.execute(query, (int(track_id),)).fetchone()
        return None if row is None else row[0]

    def without_fingerprint(self) -> int:
        """How many of the tracks present were analysed before there were acoustic fingerprints, or
        without them."""
        with self._reading() as db:
            (count,) = db.execute(
                """SELECT count(DISTINCT track_id) FROM ledger AS done
                JOIN tracks ON id = track_id
                WHERE present AND done.status IN ('ok', 'partial') AND NOT EXISTS
                (SELECT 1 FROM ledger WHERE track_id = id AND stage = ?)""",
                (schema.STAGE_WITH_FINGERPRINT,),
            ).fetchone()
        return count

    def recordings(self) -> dict[int, int | None]:
        """Track → the number of its recording, of all with a fingerprint; None: not compared."""
        with self._reading() as db:
            return dict(
                db.execute(
                    "SELECT id, recording FROM fingerprints JOIN tracks ON id = track_id"
                ).fetchall()
            )

    def _damaged(self, track: int, what: str) -> LibraryError:
        return LibraryError(
            f"Track {track} has a damaged {what}; "
            f"see: {shell.module('engine.library', 'check', self.path)}"
        )

    def tracks(self) -> pandas.DataFrame:
        """The files of the library, present or not, indexed by track id.

        Columns: root and path relative to it (os.fsdecode'd), size in bytes, mtime_ns,
        content_hash, recording (tracks of one recording share a number), the tags, what the
        container says, present (bool).
        """
        with self._reading() as db:
            rows = db.execute(
                f"""SELECT tracks.id, roots.path, tracks.path, {", ".join(_TRACK_COLUMNS[2:])}
                FROM tracks JOIN roots ON roots.id = root_id ORDER BY tracks.id"""
            ).fetchall()
        ids, roots, paths, *values = _transposed(rows, 1 + len(_TRACK_COLUMNS))
        decoded = [[os.fsdecode(path) for path in column] for column in (roots, paths)]
        columns = dict(zip(_TRACK_COLUMNS, [*decoded, *values], strict=True))
        columns["present"] = np.array(columns["present"], dtype=bool)
        return _data_frame(ids, columns)

    def location(self, track_id: int) -> Location:
        """Where the file of a track is. KeyError when there is no such track."""
        with self._reading() as db:
            row = db.execute(
                """SELECT roots.path, tracks.path FROM tracks JOIN roots ON roots.id = root_id
                WHERE tracks.id = ?""",
                (int(track_id),),
            ).fetchone()
        if row is None:
            raise KeyError(track_id)
        return Location(*row)

    def ledger(self, present_only: bool = True) -> pandas.DataFrame:
        """One row per (track, stage): id, stage, fingerprint, status, error, seconds, attempts,
        path (absolute, os.fsdecode'd); in order of id."""
        import pandas

        columns = ("stage", "fingerprint", "status", "error", "seconds", "attempts")
        with self._reading() as db:
            roots = _roots(db)
            rows = db.execute(
                f"""SELECT id, {", ".join(columns)}, root_id, path
                FROM ledger JOIN tracks ON id = track_id
                {"WHERE present" if present_only else ""} ORDER BY id, stage"""
            ).fetchall()
        ids, *values, root_ids, paths = _transposed(rows, 9)
        table = {"id": np.array(ids, dtype=np.int64)}
        for column, column_values in zip(columns, values, strict=True):
            kind = {"seconds": float, "attempts": np.int64}.get(column, object)
            table[column] = np.array(column_values, dtype=kind)
        table["path"] = np.array(
            [os.fsdecode(joined(roots[r], p)) for r, p in zip(root_ids, paths, strict=True)],
            dtype=object,
        )
        return pandas.DataFrame(
            {name: pandas.Series(values, dtype=values.dtype) for name, values in table.items()}
        )

    def skipped(self) -> list[tuple[bytes, str]]:
        """(absolute path, reason) of what the runs passed over, by path."""
        with self._reading() as db:
            return db.execute("SELECT path, reason FROM skipped ORDER BY path").fetchall()

    def labels(self, space: str) -> list[str]:
        """What the dimensions of a space are called; empty when nobody said."""
        with self._reading() as db:
            row = db.execute("SELECT labels FROM labels WHERE space = ?", (space,)).fetchone()
        return json.loads(row[0]) if row else []

    def meta(self) -> dict[str, Any]:
        """What the runs noted: the last summary, models per stage, providers, spans."""
        with self._reading() as db:
            rows = db.execute("SELECT key, value FROM meta WHERE key <> 'generation'").fetchall()
        return {key: json.loads(value) for key, value in rows}

    def coverage(self) -> Coverage:
        """What is there and what is missing, so that an app can say so."""
        columns = [column for names in STAGE_COLUMNS.values() for column in names]
        with self._reading() as db:
            tracks, absent = db.execute(
                "SELECT count(*) FILTER (WHERE present), count(*) FILTER (WHERE NOT present) "
                "FROM tracks"
            ).fetchone()
            counts = db.execute(
                f"""SELECT {", ".join(f"count({column})" for column in columns)}
                FROM descriptors JOIN tracks ON id = track_id WHERE present"""
            ).fetchone()
            spaces = dict(
                db.execute(
                    """SELECT space, count(*) FROM vectors
                    WHERE track_id NOT IN (SELECT id FROM tracks WHERE present = 0)
                    GROUP BY space"""
                ).fetchall()
            )
            stages: dict[str, dict[str, int]] = {}
            for stage, status, count in db.execute(
                """SELECT stage, status, count(*) FROM ledger JOIN tracks ON id = track_id
                WHERE present GROUP BY stage, status"""
            ):
                stages.setdefault(stage, {})[status] = count
        by_column = dict(zip(columns, counts, strict=True))
        by_space = {space: spaces.get(space, 0) for space in SPACE_DIMENSIONS}
        return Coverage(tracks, absent, by_column, by_space, stages)


def _roots(db: sqlite3.Connection) -> dict[int, bytes]:
    return dict(db.execute("SELECT id, path FROM roots").fetchall())


def _transposed(rows: Sequence[tuple], width: int) -> list[Sequence]:
    """Rows as columns; `width` empty ones when there is no row."""
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _data_frame(ids: Sequence[int], columns: dict[str, Sequence]) -> pandas.DataFrame:
    """Columns as pandas takes them fastest, each with the type that the schema gives it."""
    import pandas

    index = pandas.Index(np.array(ids, dtype=np.int64), name="id")
    return pandas.DataFrame(
        {name: _column(name, values, index) for name, values in columns.items()}, index=index
    )


def _column(name: str, values: Sequence, index: pandas.Index) -> Any:
    import pandas

    if isinstance(values, np.ndarray):
        return values
    if name in schema.TEXT_COLUMNS:
        # object, not pandas' own text type: that cannot hold the lone surrogates of paths
        # whose bytes are not text. A Series, since of an array pandas would infer the type.
        return pandas.Series(values, index=index, dtype=object)
    if name in schema.INTEGER_COLUMNS:
        missing = np.array([value is None for value in values], dtype=bool)
        whole = np.array([0 if value is None else value for value in values], dtype=np.int64)
        return pandas.arrays.IntegerArray(whole, missing)
    return np.array(values, dtype=np.float64)  # None becomes NaN


if __name__ == "__main__":
    import sys

    from engine.library_commands import main

    sys.exit(main())
