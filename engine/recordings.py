"""The tracks of a library as recordings: which are copies, which are of one artist or album.

Source of the facts: Library.frame() and tracks(). Conventions: a copy is the same audio once more,
whatever the file is called and however loud it is: acoustic fingerprints tell
(engine.recording_groups), and where one of two tracks has none, their embeddings do; names compare
as engine.names folds them; what a tag does not say is never equal to anything.
"""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from engine.names import artists, normalize_name

# Two embeddings this close, of equally long tracks or tracks of one name, are one recording: a
# re-encoded MP3 of a track keeps a cosine above 0.999 (the networks see 96 mel bands at 16 kHz).
COPY_COSINE = 0.999
COPY_SECONDS = 1.0  # encoders pad by less than 0.1 s; rips of one CD differ by up to a gap
# Columns of the table of Recordings.
FACTS = ("content_hash", "recording", "title", "artist", "duration_s", "album", "path")


@dataclass(frozen=True)
class Recording:
    """What tells whether two tracks are copies, or belong together; names are folded."""

    content_hash: str | None = None
    number: int | None = None  # of those with a fingerprint; the same for copies
    title: str | None = None
    artist: str | None = None  # the whole tag
    duration_s: float = float("nan")  # NaN where unknown
    album: str | None = None
    folder: str | None = None  # that the file lies in
    artists: frozenset[str] = frozenset()  # each that the tag names

    @classmethod
    def named(
        cls,
        content_hash: str | None,
        title: str | None,
        artist: str | None,
        duration_s: float | None,
        album: str | None = None,
        folder: str | None = None,
        number: int | None = None,
    ) -> "Recording":
        """From tags as they are; None or "" where a file does not say."""
        names = [normalize_name(name) or None if name else None for name in (title, artist, album)]
        seconds = float("nan") if duration_s is None else float(duration_s)
        return cls(
            content_hash or None, number, names[0], names[1], seconds, names[2], folder,
            artists(artist),
        )  # fmt: skip

    def same(self, other: "Recording", cosine: float) -> bool:
        """The same audio bytes; by fingerprints one recording; or, where one of the two has no
        fingerprint, sounding alike, and of one length or one name."""
        if self.content_hash is not None and self.content_hash == other.content_hash:
            return True
        if self.number is not None and other.number is not None:
            return self.number == other.number
        if not cosine >= COPY_COSINE:  # also NaN: not to be compared
            return False
        as_long = abs(self.duration_s - other.duration_s) <= COPY_SECONDS  # False with NaN
        named = self.title is not None and self.title == other.title and self.artist == other.artist
        return as_long or named


@dataclass(frozen=True)
class _Artists:
    """Which tracks name which artist."""

    codes: np.ndarray  # int [tracks]: which of the distinct tags; -1 for none
    tags: dict[str, list[int]]  # folded name of one artist → the tags that name it
    distinct: int


@dataclass(frozen=True)
class Recordings:
    """The tracks that can be listed, in rows; `facts` is indexed by track id, ascending."""

    facts: pd.DataFrame  # the columns FACTS

    @cached_property
    def ids(self) -> np.ndarray:
        """int64 [tracks], ascending."""
        return self.facts.index.to_numpy(dtype=np.int64)

    def row(self, track: int) -> int | None:
        """Where a track is; None where the table lacks it."""
        row = int(np.searchsorted(self.ids, track))
        return row if row < len(self.ids) and self.ids[row] == track else None

    def aligned(self, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
        """float32 values of some tracks (ids ascending) in the rows of this table, NaN elsewhere.

        The array itself, where the ids are those of the table.
        """
        if len(ids) == len(self.ids) and np.array_equal(ids, self.ids):
            return values
        result = np.full(len(self.ids), np.nan, dtype=np.float32)
        rows = np.searchsorted(self.ids, ids)
        rows[rows == len(self.ids)] = 0
        known = self.ids[rows] == ids if len(self.ids) else np.zeros(len(ids), dtype=bool)
        result[rows[known]] = values[known]
        return result

    def of(self, track: int) -> Recording:
        """One track; a recording like no other where the table lacks it."""
        row = self.row(track)
        return Recording() if row is None else self.at(row)

    def at(self, row: int) -> Recording:
        """The track in a row."""
        content, number, title, artist, seconds, album, path = (
            None if pd.isna(value := self._columns[name][row]) else value for name in FACTS
        )
        folder = os.path.dirname(path) if path else None  # noqa: PTH120 - lone surrogates
        number = None if number is None else int(number)
        return Recording.named(content, title, artist, seconds, album, folder, number)

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        """A value of a numpy array costs a hundredth of one of a pandas table."""
        return {name: self.facts[name].to_numpy(dtype=object) for name in FACTS}

    @cached_property
    def _artists(self) -> _Artists:
        codes, distinct = pd.factorize(self._columns["artist"])
        tags: dict[str, list[int]] = defaultdict(list)
        for code, text in enumerate(distinct):
            for name in artists(text):
                tags[name].append(code)
        return _Artists(codes, dict(tags), len(distinct))

    def by(self, names: Iterable[str]) -> np.ndarray:
        """bool [tracks]: names one of these artists (folded)."""
        named = np.zeros(self._artists.distinct + 1, dtype=bool)  # the last: of tracks without
        named[[code for name in names for code in self._artists.tags.get(name, ())]] = True
        return named[self._artists.codes]

    @cached_property
    def _albums(self) -> tuple[np.ndarray, dict[str, list[int]]]:
        codes, distinct = pd.factorize(self._columns["album"])
        titles: dict[str, list[int]] = defaultdict(list)
        for code, text in enumerate(distinct):
            titles[normalize_name(text)].append(code)
        return codes, dict(titles)

    def on_album_of(self, recording: Recording) -> np.ndarray:
        """bool [tracks]: on an album of the same title, and by the same artist or in the same
        folder: every band has its "Greatest Hits", and a compilation has many artists."""
        result = np.zeros(len(self.ids), dtype=bool)
        if recording.album is None:
            return result
        codes, titles = self._albums
        alike = np.isin(codes, titles.get(recording.album, ()))
        for row in np.flatnonzero(alike):
            other = self.at(int(row))
            shares = not recording.artists.isdisjoint(other.artists)
            result[row] = shares or (other.folder is not None and other.folder == recording.folder)
        return result
