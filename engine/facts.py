"""All that a query is answered from: the table of a library and what belongs to its rows.

Conventions: every array has one entry a track, in the order of `frame`; what is not there is None,
and then the filters that need it keep nothing (or, for the map, say that they cannot be applied).
What several queries need and takes long is derived once, when first asked for. Pure: whoever makes
the Facts has read the library.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from engine.activations import Activations
from engine.columns import groups, numbers, texts
from engine.names import folded, lead_artist
from engine.space import Space
from engine.words import haystack


@dataclass(frozen=True, eq=False)
class Facts:
    """One generation of a library, as engine.selection sees it. Share it between queries."""

    frame: pd.DataFrame  # Library.frame(), indexed by track id; quick with keys as categories
    styles: Activations | None = None
    spaces: Callable[[], Space | None] | None = None  # the embeddings for smooth paths, when needed
    copies: np.ndarray | None = None  # int64 [tracks]: duplicates.groups
    words: Sequence[str] | None = None  # words.haystack; made here when it is not given
    map_xy: np.ndarray | None = None  # float32 [tracks, 2], NaN where a track is not on the map
    map_of: str | None = None  # fingerprint of that map
    _ranks: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @cached_property
    def searched(self) -> list[str]:
        """What a text is searched in."""
        return haystack(self.frame) if self.words is None else list(self.words)

    @cached_property
    def artists(self) -> np.ndarray:
        """int64 [tracks]: tracks of one first-named artist share a number; -1 without artist."""
        return groups([lead_artist(name) for name in texts(self.frame, "artist")])

    @cached_property
    def albums(self) -> np.ndarray:
        """int64 [tracks]: tracks of one album title of one artist share a number; -1 without album.

        By artist, since every band has its "Greatest Hits"; so the tracks of a compilation of
        many artists count as an album each.
        """
        titles = groups([folded(name) or None if name else None for name in self._texts("album")])
        pairs = titles * (self.artists.max(initial=-1) + 2) + self.artists + 1
        return np.where(titles < 0, -1, pairs)

    @cached_property
    def ic_percentiles(self) -> np.ndarray:
        """float64 [tracks], 0-100: rank of the mean IC among the tracks of the same ic_model, so
        that values of different models are never compared; equal values share the mean of their
        ranks; a single value of a model is 50; NaN where there is no IC."""
        values = pd.Series(numbers(self.frame, "ic_mean"))
        models = groups(self._texts("ic_model"))  # without a name: one more model
        by_model = values.groupby(models)
        ranks, counts = by_model.rank().to_numpy(), by_model.transform("count").to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            percentiles = 100 * (ranks - 1) / (counts - 1)
        return np.where(counts == 1, np.where(np.isnan(ranks), np.nan, 50.0), percentiles)

    def name_ranks(self, column: str) -> np.ndarray:
        """float64 [tracks]: place of a name in the alphabet, whatever its case and accents; equal
        names share a place; NaN without a name."""
        if column not in self._ranks:
            names = np.array([folded(name) if name else "" for name in self._texts(column)], object)
            _, places = np.unique(names, return_inverse=True)
            self._ranks[column] = np.where(names == "", np.nan, places)
        return self._ranks[column]

    def _texts(self, column: str) -> np.ndarray:
        return texts(self.frame, column)
