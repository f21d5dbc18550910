"""A library that stands still: several readings of one state, while an analysis goes on writing.

Each reading of a Library sees the state of its own moment. What is to agree with each other, such
as a table and the counts beside it, is read here instead.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from engine.library import Library
from engine.storage import snapshot


class _Still(Library):
    """All readings through one connection, in one transaction."""

    def __init__(self, library: Library, db: sqlite3.Connection) -> None:
        self.path, self._db = library.path, db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        yield self._db


@contextmanager
def one_state(library: Library) -> Iterator[tuple[Library, sqlite3.Connection]]:
    """The library as it is now, and a connection that sees the same; for one thread, and for short:
    meanwhile the log of a running analysis cannot be cleared. Raises LibraryError."""
    with snapshot(library.path) as db:
        yield _Still(library, db), db
