"""All embeddings of one network, and the cosines of one of them with all others.

Conventions: embeddings float32 [tracks, dimensions], in memory or memory-mapped from disk
(engine.vector_cache); a similarity is the cosine of the angle between two of them, -1 to 1; 1 is
the same direction. Exact search: one pass over the rows, no n × n matrix, no index to keep up to
date. Memory: besides the matrix, 8 bytes a track and one block of rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.recordings import Recording

BLOCK_BYTES = 2**20  # of the matrix at a time: what is made of it stays in the processor's cache


class SimilarityError(ValueError):
    """A track that cannot be compared: the message says why."""


@dataclass(frozen=True)
class Outside:
    """A recording that is no track of the library, with its own embeddings."""

    vectors: Mapping[str, np.ndarray]  # space → float32 [dimensions]
    recording: Recording
    name: str = "The uploaded file"


Seed = int | Outside  # what neighbours are sought of: a track id, or something from outside


@dataclass(frozen=True)
class Space:
    """All embeddings of one network."""

    name: str  # effnet or musicnn
    ids: np.ndarray  # int64 [tracks], ascending
    matrix: np.ndarray  # float32 [tracks, dimensions]
    scale: np.ndarray  # float32 [tracks], 1 / length; NaN where there is no direction
    note: str | None = None  # a sentence on how it is held, where that is not as it should be
    trusted: bool = True  # may tell copies: not of a stand-in, see engine.stand_ins

    @classmethod
    def of(cls, name: str, ids: np.ndarray, matrix: np.ndarray) -> "Space":
        """Measure the vectors once. They are not normalised in place: that would write 512 MB for
        100,000 tracks, where the lengths are 0.4 MB."""
        return cls(name, ids, matrix, inverse_lengths(matrix))

    def row(self, track: int) -> int:
        """Position of a track; SimilarityError where the network has no embedding of it."""
        row = self._find(track)
        if row is None:
            raise SimilarityError(f"Track {track} has no {self.name} embedding.")
        return row

    def _find(self, track: int) -> int | None:
        row = int(np.searchsorted(self.ids, track))
        if row >= len(self.ids) or self.ids[row] != track or np.isnan(self.scale[row]):
            return None
        return row

    def unit(self, seed: Seed) -> np.ndarray:
        """float32 [dimensions] of length 1; SimilarityError where there is no embedding."""
        if isinstance(seed, Outside):
            return self._unit_outside(seed)
        row = self.row(seed)
        return self.matrix[row] * self.scale[row]

    def _unit_outside(self, seed: Outside) -> np.ndarray:
        vector = seed.vectors.get(self.name)
        if vector is None or np.shape(vector) != self.matrix.shape[1:]:
            raise SimilarityError(f"{seed.name} has no {self.name} embedding.")
        vector = np.asarray(vector, dtype=np.float32)
        (scale,) = inverse_lengths(vector[np.newaxis])
        if np.isnan(scale):
            raise SimilarityError(f"The {self.name} embedding of {seed.name} has no direction.")
        return vector * scale

    def cosines(self, seed: Seed) -> np.ndarray:
        """float32 [tracks]; NaN where a track has no direction."""
        return self.cosines_of([seed])[0]

    def cosines_of(self, seeds: Sequence[Seed]) -> list[np.ndarray]:
        """The same of several seeds, in one pass over the embeddings: reading them is what takes
        the time. SimilarityError where one of the seeds has no embedding.

        Each row is multiplied by itself, not as part of a matrix product whose rounding depends on
        the neighbouring rows: equal vectors tie exactly, wherever they lie.
        """
        units = [self.unit(seed) for seed in seeds]
        result = [np.empty(len(self.ids), dtype=np.float32) for _ in seeds]
        with np.errstate(invalid="ignore", over="ignore"):  # infinite vectors: their scale is NaN
            for rows in blocks(self.matrix):
                block, scale = self.matrix[rows], self.scale[rows]
                for unit, found in zip(units, result, strict=True):
                    cosines = np.vecdot(block, unit) * scale
                    np.clip(cosines, -1, 1, out=found[rows])  # rounding goes beyond
        return result

    def heard(self, seeds: Sequence[Seed]) -> dict[int, np.ndarray]:
        """Position in the seeds → cosines; of the seeds that have an embedding here."""
        known = [place for place, seed in enumerate(seeds) if self._hears(seed)]
        found = self.cosines_of([seeds[place] for place in known])
        return dict(zip(known, found, strict=True))

    def _hears(self, seed: Seed) -> bool:
        try:
            self.unit(seed)
        except SimilarityError:
            return False
        return True

    def units(self, tracks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(float32 [tracks, dimensions] of length 1, bool [tracks]) of track ids in any order.

        Where a track has no embedding, the second is False and the vector is 0.
        """
        rows = np.minimum(np.searchsorted(self.ids, tracks), max(len(self.ids) - 1, 0))
        known = np.zeros(len(tracks), dtype=bool)
        if len(self.ids):
            known = (self.ids[rows] == tracks) & ~np.isnan(self.scale[rows])
        result = np.zeros((len(tracks), self.matrix.shape[1]), dtype=np.float32)
        result[known] = self.matrix[rows[known]] * self.scale[rows[known], np.newaxis]
        return result, known

    def cosine(self, one: Seed, other: Seed) -> float:
        """Of two recordings; NaN where one has no embedding here."""
        try:
            return float(np.clip(np.vecdot(self.unit(one), self.unit(other)), -1, 1))
        except SimilarityError:
            return float("nan")


def inverse_lengths(matrix: np.ndarray) -> np.ndarray:
    """float32 [rows]: 1 / length of each row; NaN where that is no number."""
    result = np.empty(len(matrix), dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for rows in blocks(matrix):
            lengths = np.sqrt(np.vecdot(matrix[rows], matrix[rows]))
            usable = (lengths > 0) & np.isfinite(lengths)
            result[rows] = np.where(usable, 1 / lengths, np.nan)
    return result


def blocks(matrix: np.ndarray) -> list[slice]:
    """The rows of a matrix, BLOCK_BYTES at a time."""
    step = max(1, BLOCK_BYTES // max(1, matrix[:1].nbytes))
    return [slice(first, first + step) for first in range(0, len(matrix), step)]
