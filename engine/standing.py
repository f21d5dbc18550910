"""Which files of a library are no tracks to a listener, and which no player should touch.

Source of the answer: the ledger. Cheap at any size: only the exceptions leave the database.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from engine.records import HAS_VALUES
from engine.storage import snapshot

# Of a file that did this to an isolated worker, nobody knows what it does to an app.
UNSAFE = ("crashed", "timeout", "unreadable")


@dataclass(frozen=True)
class Standing:
    """Exceptions among the tracks that are present."""

    valueless: frozenset[int]  # ids without a stage that has values: silent, or no audio at all
    unsafe: dict[int, str]  # id → the first of UNSAFE that a stage ended in


def standing(folder: Path) -> Standing:
    """The exceptions of the library in a folder. Raises LibraryError."""
    with snapshot(folder) as db:
        return standing_in(db)


def standing_in(db: sqlite3.Connection) -> Standing:
    """The same of the state that a connection sees."""
    valued, unsafe = (", ".join(f"'{status}'" for status in s) for s in (HAS_VALUES, UNSAFE))
    without = db.execute(
        f"""SELECT id FROM tracks WHERE present AND NOT EXISTS
        (SELECT 1 FROM ledger WHERE track_id = id AND status IN ({valued}))"""
    ).fetchall()
    failed = db.execute(
        f"SELECT track_id, status FROM ledger WHERE status IN ({unsafe})"
    ).fetchall()
    worst = sorted(failed, key=lambda row: UNSAFE.index(row[1]), reverse=True)
    return Standing(frozenset(track for (track,) in without), dict(worst))
