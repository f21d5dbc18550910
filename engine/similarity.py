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
class Recordings:
    """What tells whether two tracks are copies of one recording, by track id."""

    facts: pd.DataFrame  # indexed by id: content_hash, title, artist, duration_s

    def same(self, one: int, other: int, cosine: float) -> bool:
        """The same audio bytes; or sounding alike, and of one length or one name."""
        first, second = self._of(one), self._of(other)
        if first is None or second is None:
            return False
        if first[0] is not None and first[0] == second[0]:
            return True
        if cosine < COPY_COSINE:
            return False
        as_long = abs(first[3] - second[3]) <= COPY_SECONDS  # False where a length is missing
        named = first[1] is not None and first[1] == second[1] and first[2] == second[2]
        return as_long or named

    def _of(self, track: int) -> tuple[str | None, str | None, str | None, float] | None:
        if track not in self.facts.index:
            return None
        row = self.facts.loc[track]
        texts = [None if pd.isna(row[name]) else str(row[name]) for name in FACTS[:3]]
        title = texts[1].casefold() if texts[1] else None
        artist = texts[2].casefold() if texts[2] else None
        duration = float("nan") if pd.isna(row["duration_s"]) else float(row["duration_s"])
        return texts[0], title, artist, duration


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
    listed: list[int] = []
    copies: list[int] = []
    for row in _descending(cosines, 4 * count):
        if row == query:
            continue
        if _is_copy(space, recordings, row, [query, *listed]):
            copies.append(int(space.ids[row]))
            continue
        listed.append(row)
        if len(listed) == count:
            break
    found = tuple(Neighbour(int(space.ids[row]), float(cosines[row])) for row in listed)
    return Neighbours(found, tuple(copies))


def _is_copy(space: Space, recordings: Recordings, row: int, known: list[int]) -> bool:
    ids = space.ids
    return any(
        recordings.same(int(ids[row]), int(ids[other]), space.cosine(row, other)) for other in known
    )


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
