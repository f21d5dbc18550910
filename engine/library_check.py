"""Is a library whole? SQLite's own check, and what this program promises about its tables."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.records import HAS_VALUES, STATUSES
from engine.schema import SPACE_DIMENSIONS, STAGE_COLUMNS, STAGE_SPACES, STAGE_WITH_CURVES
from engine.storage import snapshot

_HAS_VALUES = "status IN ({})".format(", ".join(f"'{status}'" for status in HAS_VALUES))
_NAMED = 5  # tracks that a problem names


def problems(folder: Path) -> list[str]:
    """What is wrong with the library in `folder`, a sentence each; empty when it is whole.

    LibraryError when it cannot be opened, or is damaged past reading.
    """
    with snapshot(folder) as db:
        found = [
            f"SQLite: {line}"
            for (line,) in db.execute("PRAGMA integrity_check(20)")
            if line != "ok"
        ]
        if found:
            return found  # what follows would read damaged pages
        found += [
            f"Row {row} of {table} refers to a {parent} that does not exist."
            for table, row, parent, _ in db.execute("PRAGMA foreign_key_check")
        ]
        parts = (_ledger_problems, _stage_problems, _vector_problems, _curve_problems)
        return [*found, *(problem for part in parts for problem in part(db))]


def _ledger_problems(db: sqlite3.Connection) -> Iterator[str]:
    for column, allowed in (("status", STATUSES), ("stage", tuple(STAGE_COLUMNS))):
        marks = ", ".join("?" * len(allowed))
        query = f"SELECT track_id FROM ledger WHERE {column} NOT IN ({marks})"
        yield from _named(db, query, allowed, f"have a {column} that is none")


def _stage_problems(db: sqlite3.Connection) -> Iterator[str]:
    """Values and vectors are there exactly for the stages that say so."""
    for stage, columns in STAGE_COLUMNS.items():
        done = f"SELECT track_id FROM ledger WHERE stage = '{stage}' AND {_HAS_VALUES}"
        if columns:
            anything = " OR ".join(f"{column} IS NOT NULL" for column in columns)
            query = (
                f"SELECT track_id FROM descriptors WHERE ({anything}) AND track_id NOT IN ({done})"
            )
            yield from _named(
                db, query, (), f"have descriptors of {stage}, which has none for them"
            )
        for space in STAGE_SPACES[stage]:
            query = (
                f"SELECT track_id FROM vectors WHERE space = '{space}' AND track_id NOT IN ({done})"
            )
            yield from _named(db, query, (), f"have a {space} vector, but not of {stage}")
        for space in STAGE_SPACES[stage][:1]:
            query = f"{done} EXCEPT SELECT track_id FROM vectors WHERE space = '{space}'"
            yield from _named(db, query, (), f"have {stage} done, but no {space} vector")


def _vector_problems(db: sqlite3.Connection) -> Iterator[str]:
    known = tuple(SPACE_DIMENSIONS)
    query = f"SELECT track_id FROM vectors WHERE space NOT IN ({', '.join('?' * len(known))})"
    yield from _named(db, query, known, "have a vector in a space that is none")
    for space, dimensions in SPACE_DIMENSIONS.items():
        query = "SELECT track_id FROM vectors WHERE space = ? AND length(vector) <> ?"
        yield from _named(db, query, (space, 4 * dimensions), f"have a {space} vector cut short")
        rows = db.execute(
            "SELECT track_id, vector FROM vectors WHERE space = ? AND length(vector) = ?",
            (space, 4 * dimensions),
        )
        bad = [track for track, blob in rows if not np.isfinite(np.frombuffer(blob, "<f4")).all()]
        if bad:
            yield _sentence(bad, f"have a {space} vector with values that are not finite")


def _curve_problems(db: sqlite3.Connection) -> Iterator[str]:
    done = f"SELECT track_id FROM ledger WHERE stage = '{STAGE_WITH_CURVES}' AND {_HAS_VALUES}"
    query = f"SELECT track_id FROM curves WHERE track_id NOT IN ({done})"
    yield from _named(db, query, (), f"have a curve, but not of {STAGE_WITH_CURVES}")
    query = "SELECT track_id FROM curves WHERE length(vector) % 4 <> 0"
    yield from _named(db, query, (), "have a curve cut short")
    rows = db.execute("SELECT track_id, vector FROM curves WHERE length(vector) % 4 = 0")
    bad = {track for track, blob in rows if np.isinf(np.frombuffer(blob, "<f4")).any()}
    if bad:
        yield _sentence(sorted(bad), "have a curve with infinite values")


def _named(db: sqlite3.Connection, query: str, values: tuple, what: str) -> Iterator[str]:
    """One sentence on the tracks that a query finds, if it finds any."""
    tracks = sorted({track for (track,) in db.execute(query, values)})
    if tracks:
        yield _sentence(tracks, what)


def _sentence(tracks: list[int], what: str) -> str:
    ids = ", ".join(map(str, tracks[:_NAMED])) + (", …" if len(tracks) > _NAMED else "")
    return f"{len(tracks)} tracks {what} (ids {ids})."
