"""Which tracks sound most like one: cosine similarity of mean embeddings.

Goal: a track → its nearest neighbours in one embedding space, best first, without the track itself
and without further copies of a recording that is already listed. Source of the values:
Library.vectors(space). Conventions: embeddings float32 [tracks, dimensions]; a similarity is the
cosine of the angle between two of them, -1 to 1; 1 is the same direction. Exact search: one
matrix-vector product, no n × n matrix, no index to keep up to date. Pure: no file is read.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Two embeddings this close, of equally long tracks or tracks of one name, are one recording: a
# re-encoded MP3 of a track keeps a cosine above 0.999 (the networks see 96 mel bands at 16 kHz).
COPY_COSINE = 0.999
COPY_SECONDS = 1.0  # encoders pad by less than 0.1 s; rips of one CD differ by up to a gap
LISTED = 10


class SimilarityError(ValueError):
    """A track that cannot be compared: the message says why."""


@dataclass(frozen=True)
class Space:
    """All embeddings of one network."""

    name: str  # effnet or musicnn
    ids: np.ndarray  # int64 [tracks], ascending
    matrix: np.ndarray  # float32 [tracks, dimensions]
    scale: np.ndarray  # float32 [tracks], 1 / length; NaN where there is no direction

    @classmethod
    def of(cls, name: str, ids: np.ndarray, matrix: np.ndarray) -> "Space":
        """Measure the vectors once. They are not normalised in place: that would write 512 MB for
        100,000 tracks, where the lengths are 0.4 MB."""
        lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where((lengths > 0) & np.isfinite(lengths), 1 / lengths, np.nan)
        return cls(name, ids, matrix, scale.astype(np.float32))

    def row(self, track: int) -> int:
        """Position of a track; SimilarityError where the network has no embedding of it."""
        row = int(np.searchsorted(self.ids, track))
        if row >= len(self.ids) or self.ids[row] != track or np.isnan(self.scale[row]):
            raise SimilarityError(f"Track {track} has no {self.name} embedding.")
        return row

    def cosines(self, track: int) -> np.ndarray:
        """float32 [tracks]; NaN where a track has no direction."""
        row = self.row(track)
        unit = self.matrix[row] * self.scale[row]
        with np.errstate(invalid="ignore"):  # an infinite vector: its scale is NaN
            return (self.matrix @ unit) * self.scale

    def cosine(self, one: int, other: int) -> float:
        """Of two rows."""
        product = float(self.matrix[one] @ self.matrix[other])
        return product * float(self.scale[one]) * float(self.scale[other])


@dataclass(frozen=True)
class Recording:
    """What tells whether two tracks are copies; names in small letters."""

    content_hash: str | None
    title: str | None
    artist: str | None
    duration_s: float  # NaN where unknown

    def same(self, other: "Recording", cosine: float) -> bool:
        """The same audio bytes; or sounding alike, and of one length or one name."""
        if self.content_hash is not None and self.content_hash == other.content_hash:
            return True
        if cosine < COPY_COSINE:
            return False
        as_long = abs(self.duration_s - other.duration_s) <= COPY_SECONDS  # False with NaN
        named = self.title is not None and self.title == other.title and self.artist == other.artist
        return as_long or named


@dataclass(frozen=True)
class Recordings:
    """The tracks of a library as recordings, by track id."""

    facts: pd.DataFrame  # indexed by id: the columns FACTS

    def of(self, track: int) -> Recording:
        """One track; a recording like no other where the table lacks it."""
        if track not in self.facts.index:
            return Recording(None, None, None, float("nan"))
        row = self.facts.loc[track]
        content, title, artist = (
            None if pd.isna(row[name]) or not row[name] else str(row[name]) for name in FACTS[:3]
        )
        duration = float("nan") if pd.isna(row["duration_s"]) else float(row["duration_s"])
        folded = [name.casefold() if name else None for name in (title, artist)]
        return Recording(content, *folded, duration)


FACTS = ("content_hash", "title", "artist", "duration_s")


@dataclass(frozen=True)
class Neighbour:
    """One track of a list."""

    track: int  # id
    cosine: float


@dataclass(frozen=True)
class Neighbours:
    """A list of similar tracks, best first."""

    listed: tuple[Neighbour, ...]
    copies: tuple[int, ...]  # ids left out: copies of the query or of a listed track


def most_similar(
    space: Space, track: int, recordings: Recordings, count: int = LISTED
) -> Neighbours:
    """The count nearest recordings. Ties are settled by id, so that a list never changes by chance.

    Raises SimilarityError when the network has no embedding of the track.
    """
    cosines = space.cosines(track)
    query = space.row(track)
    known = [(query, recordings.of(track))]  # the query, then what is listed
    copies: list[int] = []
    for row in _descending(cosines, 4 * count):
        if row == query:
            continue
        recording = recordings.of(int(space.ids[row]))
        if any(recording.same(other, space.cosine(row, place)) for place, other in known):
            copies.append(int(space.ids[row]))
            continue
        known.append((row, recording))
        if len(known) > count:
            break
    found = tuple(Neighbour(int(space.ids[row]), float(cosines[row])) for row, _ in known[1:])
    return Neighbours(found, tuple(copies))


def _descending(cosines: np.ndarray, first: int):
    """Rows by falling cosine, then rising position; NaN never. Sorts only as far as is asked for:
    the first few of 100,000 by partition, and ever larger heads when copies eat them up."""
    scores = np.where(np.isnan(cosines), -np.inf, cosines)
    usable = int(np.count_nonzero(scores > -np.inf))
    given, head = 0, min(first, usable)
    while given < usable:
        threshold = np.partition(scores, len(scores) - head)[len(scores) - head]
        rows = np.flatnonzero(scores >= threshold)  # all that tie with the last one, too
        rows = rows[np.lexsort((rows, -scores[rows]))]
        rows = rows[scores[rows] > -np.inf]
        yield from (int(row) for row in rows[given:])
        given, head = len(rows), min(4 * head, usable)
