"""Recording into a library: the one writer, under a file lock.

Each recording method is one transaction (or joins the caller's): when it returns, the row
survives the death of the process; if it raises, nothing of it is there.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine import lookup, schema, storage
from engine.fingerprint_match import FRAME_BYTES
from engine.library import Library
from engine.lookup import Candidate, Known
from engine.records import HAS_VALUES, TAG_READING, Analysis, Fingerprint, Media, Outcome, Tags
from engine.schema import STAGE_COLUMNS, STAGE_SPACES, stored_text, stored_value
from engine.writer_lock import take_lock

_INT64_MAX = 2**63 - 1
_CURVE_COLUMNS = "name, model, start_s, hop_s, vector"


class Writer(Library):
    """A library that records. One per folder at a time; use it in one thread, and close it.

    Every method raises LibraryError when the disk is full or fails.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._depth = 0  # of nested transactions
        self._lock = take_lock(self.path)
        try:
            self._db = storage.connect_writer(self.path)
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Hand the library to the next writer. Closing twice does no harm."""
        self._db.close()
        self._lock.close()  # which gives it up

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with storage.explained(self.path):
            yield self._db

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is recorded inside is there in full afterwards, or not at all. Nests."""
        with storage.explained(self.path):
            name = f"nested_{self._depth}"
            self._db.execute(f"SAVEPOINT {name}" if self._depth else "BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._db.execute(
                        "UPDATE meta SET value = CAST(value AS INTEGER) + 1 "
                        "WHERE key = 'generation'"
                    )
                self._db.execute("COMMIT" if self._depth == 1 else f"RELEASE {name}")
            except BaseException:
                # SQLite has rolled back by itself after some errors, such as a full disk.
                if self._db.in_transaction:
                    if self._depth > 1:
                        self._db.execute(f"ROLLBACK TO {name}")
                        self._db.execute(f"RELEASE {name}")
                    else:
                        self._db.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def known(self, root: bytes) -> dict[bytes, Known]:
        """Every track under the folder `root`, by its path relative to it.

        Also those recorded under another root that contains this one or lies in it, so that
        scanning Music after Music/Jazz finds the jazz done.
        """
        with self._reading() as db:
            return lookup.known(db, root)

    def by_size(self, size: int) -> list[Candidate]:
        """Tracks whose file had `size` bytes and whose content is known."""
        with self._reading() as db:
            return lookup.candidates(db, "size = ? AND content_hash IS NOT NULL", size)

    def by_content(self, content_hash: str) -> list[Candidate]:
        """Tracks with these audio packets: the same recording, whatever its name and tags."""
        with self._reading() as db:
            return lookup.candidates(db, "content_hash = ?", content_hash)

    def record(
        self,
        root: bytes,
        relpath: bytes,
        size: int,
        mtime_ns: int,
        analysis: Analysis,
        kept: Set[str] = frozenset(),
    ) -> int:
        """Record what was found out about the file at `relpath` under `root`; returns its id.

        Stages that `analysis` does not name keep their results, unless the audio is no longer the
        same: a row never mixes two recordings. A stage without values NULLs its columns and
        deletes its vectors and curves; but of the stages in `kept`, values of the same audio stay,
        with their status. ValueError for an outcome that has no place (schema.check_outcome).
        """
        for outcome in analysis.outcomes:
            schema.check_outcome(outcome)
        with self.transaction():
            track = self._placed(root, relpath, size, mtime_ns, analysis)
            for outcome in analysis.outcomes:
                if outcome.stage not in kept or not self._has_values(track, outcome.stage):
                    self._record_outcome(track, outcome)
        return track

    def _has_values(self, track: int, stage: str) -> bool:
        query = "SELECT status FROM ledger WHERE track_id = ? AND stage = ?"
        row = self._db.execute(query, (track, stage)).fetchone()
        return row is not None and row[0] in HAS_VALUES

    def _placed(
        self, root: bytes, relpath: bytes, size: int, mtime_ns: int, analysis: Analysis
    ) -> int:
        """The id of the row for a file, made or brought up to date."""
        columns: dict[str, Any] = {"size": size, "mtime_ns": _stamp(mtime_ns), "present": 1}
        if analysis.content_hash is not None:
            columns["content_hash"] = analysis.content_hash
        columns |= _media_columns(analysis.media) | _tag_columns(analysis.tags)
        found = lookup.found(self._db, root, relpath)
        if found is None:
            return self._insert(root, relpath, columns)
        track, old_size, old_mtime, old_hash = found
        touched = (old_size, old_mtime) != (size, columns["mtime_ns"])
        if analysis.content_hash is None:
            is_other = touched
        elif touched or old_hash is None:
            is_other = analysis.content_hash != old_hash
        else:  # older versions did not write the note behind the hash (engine/content.py)
            is_other = not analysis.content_hash.startswith(old_hash)
        if is_other:
            self._forget(track)
        self._update(track, columns)
        return track

    def _forget(self, track: int) -> None:
        """Drop everything that was found out about the recording that the file held before."""
        for table in ("ledger", "descriptors", "vectors", "curves", "fingerprints"):
            self._db.execute(f"DELETE FROM {table} WHERE track_id = ?", (track,))
        columns = ("content_hash", "recording", *schema.TAG_COLUMNS, *schema.MEDIA_COLUMNS)
        self._update(track, dict.fromkeys(columns) | {"tag_reading": 0})

    def _record_outcome(self, track: int, outcome: Outcome) -> None:
        self._db.execute(
            """INSERT INTO ledger (track_id, stage, fingerprint, status, error, seconds, attempts)
            VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET
            attempts = iif(fingerprint = excluded.fingerprint, attempts + 1, 1),
            fingerprint = excluded.fingerprint, status = excluded.status,
            error = excluded.error, seconds = excluded.seconds""",
            (
                track,
                outcome.stage,
                outcome.fingerprint,
                outcome.status,
                stored_text(outcome.error),
                float(outcome.seconds),
            ),
        )
        valued = outcome.status in HAS_VALUES
        values = outcome.values if valued else {}
        if columns := STAGE_COLUMNS[outcome.stage]:
            self._db.execute(
                f"""INSERT INTO descriptors (track_id, {", ".join(columns)})
                VALUES (?{", ?" * len(columns)}) ON CONFLICT DO UPDATE SET
                {", ".join(f"{column} = excluded.{column}" for column in columns)}""",
                (track, *(stored_value(column, values.get(column)) for column in columns)),
            )
        for space in STAGE_SPACES[outcome.stage]:
            vector = outcome.vectors.get(space) if valued else None
            if vector is None:
                self._db.execute(
                    "DELETE FROM vectors WHERE space = ? AND track_id = ?", (space, track)
                )
            else:
                self._db.execute(
                    "INSERT OR REPLACE INTO vectors (track_id, space, vector) VALUES (?, ?, ?)",
                    (track, space, _blob(vector)),
                )
        if outcome.stage == schema.STAGE_WITH_CURVES:
            self._db.execute("DELETE FROM curves WHERE track_id = ?", (track,))
            self._db.executemany(
                f"INSERT INTO curves (track_id, {_CURVE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (track, c.name, c.model, float(c.start_s), float(c.hop_s), _blob(c.values))
                    for c in (outcome.curves if valued else ())
                ],
            )

        if outcome.stage == schema.STAGE_WITH_FINGERPRINT:
            self._record_fingerprint(track, outcome.acoustic if valued else None)

    def _record_fingerprint(self, track: int, acoustic: Fingerprint | None) -> None:
        """Only another fingerprint than before makes it unknown of which recording a track is."""
        query = "SELECT fingerprint FROM fingerprints WHERE track_id = ?"
        before = self._db.execute(query, (track,)).fetchone()
        if before == (None if acoustic is None else (acoustic.signs,)):
            return
        self._db.execute("DELETE FROM fingerprints WHERE track_id = ?", (track,))
        self._update(track, {"recording": None})
        if acoustic is not None:
            self._db.execute(
                "INSERT INTO fingerprints (track_id, frames, sketch, fingerprint) "
                "VALUES (?, ?, ?, ?)",
                (track, len(acoustic.signs) // FRAME_BYTES, acoustic.sketch, acoustic.signs),
            )

    def set_recordings(self, numbers: Mapping[int, int]) -> None:
        """Track → the number of its recording, for some tracks; the others keep theirs."""
        with self.transaction():
            self._db.executemany(
                "UPDATE tracks SET recording = ? WHERE id = ?",
                [(number, track) for track, number in numbers.items()],
            )

    def move(self, track: int, root: bytes, relpath: bytes, size: int, mtime_ns: int) -> None:
        """The file of `track` is now at `relpath` under `root`; its results go with it.

        A row that was at the new place is dropped: its file is no longer there.
        """
        with self.transaction():
            displaced = lookup.found(self._db, root, relpath)
            if displaced is not None and displaced[0] != track:
                self._db.execute("DELETE FROM tracks WHERE id = ?", (displaced[0],))
            place = {"root_id": self._root_id(root), "path": relpath}
            state = {"size": size, "mtime_ns": _stamp(mtime_ns), "present": 1}
            self._update(track, place | state)

    def move_all(self, moves: Sequence[tuple[int, bytes, bytes, int, int]]) -> None:
        """`move` for many tracks, which may take each other's places: all arguments of each."""
        with self.transaction():
            for track, *_ in moves:  # out of the way, to where no file can be
                self._update(track, {"path": b"\0%d" % track})
            for move in moves:
                self.move(*move)

    def copy_results(
        self, from_id: int, root: bytes, relpath: bytes, size: int, mtime_ns: int, tags: Tags | None
    ) -> int:
        """Record a file with the same audio as track `from_id`, which stays; returns its id.

        Nothing is computed again: ledger, descriptors, vectors and curves are copied.
        """
        with self.transaction():
            source = self._db.execute(
                f"""SELECT content_hash, recording, {", ".join(schema.MEDIA_COLUMNS)} FROM tracks
                WHERE id = ?""",
                (from_id,),
            ).fetchone()
            if source is None:
                raise KeyError(from_id)
            track = self._placed(root, relpath, size, mtime_ns, Analysis(source[0], tags=tags))
            columns = ("recording", *schema.MEDIA_COLUMNS)
            self._update(track, dict(zip(columns, source[1:], strict=True)))
            if track != from_id:
                self._copy_rows(from_id, track)
        return track

    def _copy_rows(self, from_id: int, track: int) -> None:
        descriptors = ", ".join(name for names in STAGE_COLUMNS.values() for name in names)
        for table, columns in (
            ("ledger", "stage, fingerprint, status, error, seconds, attempts"),
            ("descriptors", descriptors),
            ("vectors", "space, vector"),
            ("curves", _CURVE_COLUMNS),
            ("fingerprints", "frames, sketch, fingerprint"),
        ):
            self._db.execute(f"DELETE FROM {table} WHERE track_id = ?", (track,))
            self._db.execute(
                f"INSERT INTO {table} (track_id, {columns}) "
                f"SELECT ?, {columns} FROM {table} WHERE track_id = ?",
                (track, from_id),
            )

    def retag(self, track: int, size: int, mtime_ns: int, tags: Tags | None) -> None:
        """The file of `track` changed, but not its audio."""
        state = {"size": size, "mtime_ns": _stamp(mtime_ns), "present": 1}
        with self.transaction():
            self._update(track, state | _tag_columns(tags))

    def set_tags(self, track: int, tags: Tags | None) -> None:
        """The tags of an unchanged file, read anew; None: they cannot be, so those of an earlier
        reading stay, and it is not tried again."""
        with self.transaction():
            self._update(track, {"tag_reading": TAG_READING} | _tag_columns(tags))

    def set_skipped(self, roots: Sequence[bytes], entries: Mapping[bytes, str]) -> None:
        """Note what a run passed over under its roots: path → reason, in place of what was noted
        there before. All paths are absolute."""
        with self._reading() as db:
            before = {path: reason for root in roots for path, reason in lookup.skipped(db, root)}
        if before == entries:
            return
        with self.transaction():
            self._db.executemany("DELETE FROM skipped WHERE path = ?", ((p,) for p in before))
            self._db.executemany(
                "INSERT OR REPLACE INTO skipped (path, reason) VALUES (?, ?)", entries.items()
            )

    def mark_absent(self, ids: Iterable[int]) -> None:
        """The files of these tracks are gone; their results stay, in case they come back."""
        with self.transaction():
            self._db.executemany(
                "UPDATE tracks SET present = 0 WHERE id = ?", ((track,) for track in ids)
            )

    def set_labels(self, space: str, labels: Sequence[str]) -> None:
        """Name the dimensions of a space. ValueError unless there is one label for each."""
        if len(labels) != schema.SPACE_DIMENSIONS[space]:
            raise ValueError(
                f"{space} has {schema.SPACE_DIMENSIONS[space]} dimensions, not {len(labels)}"
            )
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO labels (space, labels) VALUES (?, ?)",
                (space, json.dumps(list(labels))),
            )

    def set_meta(self, values: Mapping[str, Any]) -> None:
        """Note what JSON can say, by key; other keys stay as they are."""
        if "generation" in values:
            raise ValueError("the generation is the library's own")
        with self.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
                [(key, json.dumps(value)) for key, value in values.items()],
            )

    def _root_id(self, root: bytes) -> int:
        path = lookup.folder(root)[:-1] or b"/"
        self._db.execute("INSERT INTO roots (path) VALUES (?) ON CONFLICT DO NOTHING", (path,))
        return self._db.execute("SELECT id FROM roots WHERE path = ?", (path,)).fetchone()[0]

    def _insert(self, root: bytes, relpath: bytes, columns: Mapping[str, Any]) -> int:
        columns = {"root_id": self._root_id(root), "path": relpath, **columns}
        return self._db.execute(
            f"INSERT INTO tracks ({', '.join(columns)}) VALUES (?{', ?' * (len(columns) - 1)})",
            tuple(columns.values()),
        ).lastrowid

    def _update(self, track: int, columns: Mapping[str, Any]) -> None:
        changed = self._db.execute(
            f"UPDATE tracks SET {', '.join(f'{column} = ?' for column in columns)} WHERE id = ?",
            (*columns.values(), track),
        ).rowcount
        if changed == 0:
            raise KeyError(track)


def _media_columns(media: Media | None) -> dict[str, Any]:
    """A container's facts as columns; what a mere probe does not know is left as it is."""
    if media is None:
        return {}
    columns = {name: stored_value(name, getattr(media, name)) for name in schema.MEDIA_COLUMNS}
    if columns["analysed_s"] is None:
        del columns["analysed_s"]
    return columns


def _tag_columns(tags: Tags | None) -> dict[str, Any]:
    """Tags as columns; a year that is none (0, 20230101) counts as missing."""
    if tags is None:
        return {}
    columns = {name: stored_value(name, getattr(tags, name)) for name in schema.TAG_COLUMNS}
    if columns["year"] is not None and not 0 < columns["year"] < 10_000:
        columns["year"] = None
    return columns | {"tag_reading": TAG_READING}


def _blob(vector: np.ndarray) -> bytes:
    """Numbers as the tables hold them."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _stamp(mtime_ns: int) -> int:
    """A file time in SQLite's 64 bits: some file systems can say years past 2262."""
    return max(-_INT64_MAX, min(mtime_ns, _INT64_MAX))
