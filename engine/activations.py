"""What a network says of each track in the words of one vocabulary: styles, or tags.

Goal: activations in the row order of a frame, one column a label, and those of parent genres.
Source of the values: Library.vectors("styles" or "tags") and Library.labels. Conventions: labels
of styles are `Genre---Style`; the activation of a genre is the largest of its styles; NaN where a
track has none. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from engine.query import QueryError

SEPARATOR = "---"


@dataclass(frozen=True, eq=False)
class Activations:
    """All activations of a library."""

    space: str  # "styles" (400 of Discogs) or "tags" (50 of MSD)
    labels: tuple[str, ...]
    matrix: np.ndarray  # float32 [tracks, labels], column-contiguous, NaN where missing
    _genres: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @classmethod
    def aligned(
        cls, space: str, labels: Sequence[str], ids: np.ndarray, matrix: np.ndarray,
        track_ids: np.ndarray,
    ) -> "Activations":  # fmt: skip
        """Bring Library.vectors(space) into the row order of a frame; lay columns out in one piece,
        because a filter reads one column of 100,000 tracks and never a row."""
        if matrix.shape[1] != len(labels):
            raise QueryError(
                f"Space {space} has {matrix.shape[1]} values a track but {len(labels)} labels."
            )
        rows = pd.Index(track_ids).get_indexer(ids)
        found = rows >= 0
        full = np.empty((len(track_ids), len(labels)), dtype=np.float32, order="F")
        lacking = np.ones(len(track_ids), dtype=bool)
        lacking[rows[found]] = False
        full[lacking] = np.nan
        full[rows[found]] = matrix if found.all() else matrix[found]
        return cls(space, tuple(labels), full)

    def of(self, name: str) -> np.ndarray:
        """float32 [tracks] of a label, or of a parent genre; all NaN when the vocabulary lacks it.

        Do not write to it.
        """
        if name in self.labels:
            return self.matrix[:, self.labels.index(name)]
        if name not in self._genres:
            self._genres[name] = self._of_genre(name)
        return self._genres[name]

    def _of_genre(self, name: str) -> np.ndarray:
        start = name + SEPARATOR
        columns = [self.matrix[:, i] for i, s in enumerate(self.labels) if s.startswith(start)]
        if not columns:
            return np.full(len(self.matrix), np.nan, dtype=np.float32)
        return np.fmax.reduce(columns)

    def combined(self, names: Sequence[str], match: str) -> np.ndarray:
        """float32 [tracks]: the largest activation for "any", the smallest for "all"."""
        columns = [self.of(name) for name in names]
        if match == "all":
            return np.minimum.reduce(columns)  # NaN where any is missing
        return np.fmax.reduce(columns)
