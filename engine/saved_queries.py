"""Queries that are kept by name, in one file beside the library.

Goal: a name → a Query, which is answered anew whenever it is chosen, so that it grows with the
library. Format: queries.json in the library folder, {"version": 1, "queries": {name: {"params":
parameter → values as in a link (engine.query_link), "saved": UTC time in ISO 8601}}}. Conventions:
every change reads the file, changes one name and replaces the file in one step, under a lock, so
that two browsers lose nothing of each other's; entries that this version cannot read stay as they
are. A file that is no such JSON is kept aside before a new one is begun.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from engine.names import sort_names
from engine.playlist import plain
from engine.query import Query
from engine.query_link import from_params, to_params
from engine.storage import shown

FILE_NAME = "queries.json"
LOCK_NAME = "queries.lock"
VERSION = 1
LONGEST = 100  # characters of a name

Entries = dict[str, object]  # name → what the file holds, whatever it is


class SavedQueryError(Exception):
    """A query that cannot be kept: one sentence that says why and what to do."""


class _DamagedError(Exception):
    """The file holds something else; the message ends a sentence about it."""


def load(folder: Path) -> tuple[dict[str, Query], list[str]]:
    """The queries by name, in the order of their names, and a sentence for each problem.

    Nothing is raised for what the file holds: what can be read is given.
    """
    try:
        entries = _read(folder)
    except _DamagedError as reason:
        return {}, [f"The file of saved queries {shown(folder / FILE_NAME)} {reason}."]
    except SavedQueryError as error:
        return {}, [str(error)]
    queries, problems = {}, []
    for name in sort_names(entries):
        params = _params(entries[name])
        if params is None:
            problems.append(f"The saved query {plain(name)!r} is damaged and left out.")
            continue
        queries[name], told = from_params(params)
        problems += [f"In the saved query {plain(name)!r}: {sentence}" for sentence in told]
    return queries, problems


def save(folder: Path, name: str, query: Query, replace: bool = False) -> list[str]:
    """Keep a query; sentences on what else was done (a damaged file set aside).

    Raises SavedQueryError when the name is taken and not to be replaced, is no name, or the folder
    cannot be written to.
    """
    name = checked_name(name)
    with _changing(folder) as (entries, told):
        if name in entries and not replace:
            raise SavedQueryError(f"There is a saved query {name!r} already: choose another name.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entries[name] = {"params": to_params(query), "saved": now}
    return told


def rename(folder: Path, old: str, new: str) -> None:
    """Give a query another name. Raises SavedQueryError as save does, and where there is no old."""
    new = checked_name(new)
    with _changing(folder) as (entries, _):
        _known(entries, old)
        if new in entries and new != old:
            raise SavedQueryError(f"There is a saved query {new!r} already: choose another name.")
        entries[new] = entries.pop(old)


def delete(folder: Path, name: str) -> None:
    """Forget a query. Raises SavedQueryError where there is none, or it cannot be written."""
    with _changing(folder) as (entries, _):
        _known(entries, name)
        del entries[name]


def checked_name(name: str) -> str:
    """The name as it is kept: one line. Raises SavedQueryError when it is empty or too long."""
    name = plain(name)
    if not name:
        raise SavedQueryError("A saved query needs a name.")
    if len(name) > LONGEST:
        raise SavedQueryError(f"The name is too long: {LONGEST} characters at most.")
    return name


def _known(entries: Entries, name: str) -> None:
    if name not in entries:
        raise SavedQueryError(f"There is no saved query {plain(name)!r} any more.")


@contextmanager
def _changing(folder: Path) -> Iterator[tuple[Entries, list[str]]]:
    """The entries to change, and what to tell; written when the block ends without an exception."""
    try:
        with (folder / LOCK_NAME).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries, told, damage = {}, [], None
            try:
                entries = _read(folder)
            except _DamagedError as reason:
                damage = reason
            yield entries, told
            if damage is not None:  # only now, when there is something to write in its place
                told.append(f"The file of saved queries {damage}; {_set_aside(folder)}")
            _write(folder, entries)
    except OSError as error:
        raise SavedQueryError(_cannot("written to", folder, error)) from error


def _read(folder: Path) -> Entries:
    """All entries. Raises _DamagedError, and SavedQueryError where the file must stay as it is."""
    try:
        data = json.loads((folder / FILE_NAME).read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SavedQueryError(_cannot("read", folder, error)) from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or nested without end
        raise _DamagedError("is damaged") from error
    version = data.get("version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise SavedQueryError(
            f"The saved queries in {shown(folder)} are of a newer version: update Serendip."
        )
    if version != VERSION or not isinstance(data.get("queries"), dict):
        raise _DamagedError("is damaged")
    return data["queries"]


def _params(entry: object) -> dict[str, list[str]] | None:
    """The parameters of an entry; None when it is no entry."""
    params = entry.get("params") if isinstance(entry, dict) else None
    if not isinstance(params, dict):
        return None
    lists = all(isinstance(values, list) for values in params.values())
    if not lists or not all(isinstance(v, str) for values in params.values() for v in values):
        return None
    return params


def _set_aside(folder: Path) -> str:
    """Keep a damaged file under a free name; a sentence's end that says which."""
    number = 1
    while (kept := folder / f"queries.damaged-{number}.json").exists():
        number += 1
    (folder / FILE_NAME).rename(kept)
    return f"it is kept as {shown(kept)}, and a new one was begun."


def _write(folder: Path, entries: Entries) -> None:
    """Replace the file in one step; it is whole on the disk at every moment."""
    text = json.dumps({"version": VERSION, "queries": entries}, indent=1)  # ASCII: any text fits
    handle, name = tempfile.mkstemp(prefix=".queries-", dir=folder)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(0o644)
        unfinished.replace(folder / FILE_NAME)
    finally:
        unfinished.unlink(missing_ok=True)


def _cannot(what: str, folder: Path, error: OSError) -> str:
    reason = error.strerror or error
    return f"The saved queries in {shown(folder)} cannot be {what} ({reason})."
