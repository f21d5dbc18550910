"""The SQLite file of a library: where it is, how it is opened, and what its errors mean.

WAL mode: one writer, any number of readers who never wait for it. synchronous=NORMAL: a commit is
in the operating system's hands when it returns, so killing the process loses nothing; a power cut
may lose the last commits but leaves a whole, earlier state.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from engine import schema, shell

FILE_NAME = "library.sqlite"
PAGE_BYTES = 16384  # two tracks' vectors (2 × 7,720 bytes) share a page without overflow pages
BUSY_SECONDS = 10
OLDEST_SQLITE = (3, 37, 0)  # STRICT tables


class LibraryError(Exception):
    """One sentence for the user: what is wrong with the library, and what to do."""


def connect_reader(folder: Path) -> sqlite3.Connection:
    """A read-only connection in autocommit mode; the caller closes it. Raises LibraryError."""
    file = folder / FILE_NAME
    if not file.is_file():
        raise LibraryError(
            f"There is no library in {shown(folder)}; make one with: "
            f"{shell.program('precompute.py', 'MUSIC_DIR', '--library', folder)}"
        )
    with explained(folder):
        try:
            return _checked(_connect(file, "mode=ro"), folder)
        except sqlite3.OperationalError:
            # A folder that cannot be written to (another user's, a read-only disk) has no room
            # for the shared memory of WAL mode. Nobody writes there, so the file stands still.
            if os.access(folder, os.W_OK) or _has_log(file):
                raise
            return _checked(_connect(file, "mode=ro&immutable=1"), folder)


def connect_writer(folder: Path) -> sqlite3.Connection:
    """The writing connection, on a library brought to the present schema; created if absent.

    The caller holds the writer's lock. Raises LibraryError.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise LibraryError(
            f"This Python has SQLite {sqlite3.sqlite_version}, and a library needs 3.37 or newer; "
            "use a newer Python build."
        )
    with explained(folder):
        db = _connect(folder / FILE_NAME, "mode=rwc")
        try:
            _check_version(db, folder)
            db.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # counts only before the first table
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            schema.migrate(db)
        except BaseException:
            db.close()
            raise
        return db


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the disk into LibraryError."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError):
        raise  # a fault of this program, not of the file
    except sqlite3.DatabaseError as error:
        raise LibraryError(_explanation(error, folder)) from error


def _explanation(error: sqlite3.DatabaseError, folder: Path) -> str:
    where = shown(folder)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return (
            f"The library in {where} is damaged ({error}); move that folder away and run "
            f"precompute.py again, or put back a copy of {FILE_NAME}."
        )
    if code == sqlite3.SQLITE_FULL:
        return (
            f"The disk that holds the library in {where} is full; make room and run the same "
            "command again: what was recorded so far is kept."
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return f"The library in {where} cannot be opened ({error}); check the folder's permissions."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"Another program holds the library in {where} locked; close it and try again."
    if code == sqlite3.SQLITE_IOERR:
        return (
            f"The disk failed under the library in {where} ({error}); check the disk, and keep "
            "libraries on a local one."
        )
    return (
        f"The library in {where} cannot be used ({error}); "
        f"try: {shell.module('engine.library', 'check', folder)}"
    )


def shown(path: Path | bytes | str) -> str:
    """A path for a message: bytes that are not text and control characters are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _connect(file: Path, query: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(file.absolute()))}?{query}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)


def _checked(db: sqlite3.Connection, folder: Path) -> sqlite3.Connection:
    """`db`, if it holds a library, shown in the present schema; else closed, and an error raised.

    Migrations add tables and columns, so a library of an earlier version is one in which they are
    empty: it can be read before a run, or `migrate`, brings it up to date.
    """
    try:
        version = _check_version(db, folder)
        if version == 0:
            raise LibraryError(
                f"The library in {shown(folder)} was never filled; run: "
                f"{shell.program('precompute.py', 'MUSIC_DIR', '--library', folder)}"
            )
        if version < schema.VERSION:
            db.execute("PRAGMA temp_store = MEMORY")  # there may be nowhere to write
            for statement in schema.views(_columns(db)):
                db.execute(statement)
    except BaseException:
        db.close()
        raise
    return db


def _columns(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Table → its columns."""
    tables: dict[str, list[str]] = {}
    for table, column in db.execute(
        """SELECT tables.name, columns.name FROM sqlite_schema AS tables,
        pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"""
    ):
        tables.setdefault(table, []).append(column)
    return tables


def _check_version(db: sqlite3.Connection, folder: Path) -> int:
    """The schema version of the file, 0 for an empty one. LibraryError if it is not for us."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != schema.APPLICATION_ID and (version or tables):
        raise LibraryError(
            f"{shown(folder / FILE_NAME)} is the database of another program; "
            "choose another --library folder."
        )
    if version > schema.VERSION:
        raise LibraryError(
            f"The library in {shown(folder)} was made by a newer version of Serendip "
            f"(schema {version}, this one knows {schema.VERSION}); update this checkout."
        )
    return version


def _has_log(file: Path) -> bool:
    log = file.with_name(FILE_NAME + "-wal")
    return log.exists() and log.stat().st_size > 0


@contextmanager
def snapshot(folder: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection for one short transaction: all its queries see the same state."""
    with closing(connect_reader(folder)) as db, explained(folder):
        db.execute("BEGIN")
        yield db
