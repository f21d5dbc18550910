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

from engine import library_order
from engine.activations import Activations
from engine.camelot import CODES, code
from engine.columns import groups, numbers, places, texts
from engine.descriptors import KEYS, SCALES
from engine.names import artists, lead_artist, normalize_name, path_sort_keys, sort_key
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
    _held: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @cached_property
    def searched(self) -> list[str]:
        """What a text is searched in."""
        return haystack(self.frame) if self.words is None else list(self.words)

    @cached_property
    def paths(self) -> list[str]:
        """Of the files; "" where there is none."""
        return [path or "" for path in self._texts("path")]

    @cached_property
    def artist_tags(self) -> tuple[np.ndarray, list[frozenset[str]]]:
        """(int64 [tracks] place of the artist tag in the list, -1 without; for each different tag
        the normalized names that it stands for: of the whole tag, and of each artist in it)."""
        codes, tags = pd.factorize(self._texts("artist"))
        return codes, [artists(tag) | {normalize_name(tag)} for tag in tags]

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
        titles = groups(
            [normalize_name(name) or None if name else None for name in self._texts("album")]
        )
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
        """float64 [tracks]: place of a name in the order of engine.names.sort_key; equal names
        share a place; NaN without a name."""
        return self._once(f"ranks of {column}", lambda: _ranks(column, self._texts(column)))

    def sort_rows(self, rows: np.ndarray) -> np.ndarray:
        """The same rows, or those that a mask holds, in the order of engine.library_order."""
        asked = np.zeros(len(self.frame), dtype=bool)
        asked[rows] = True
        return self.order[asked[self.order]]

    @cached_property
    def order(self) -> np.ndarray:
        """int64 [tracks]: all rows, in the order of the library."""
        return library_order.sort_library(self.frame)

    def key_codes(self, profile: str) -> np.ndarray:
        """int [tracks]: position in camelot.CODES of the key by a profile; -1 where either the key
        or its scale is missing."""
        return self._once(f"codes of {profile}", lambda: _key_codes(self.frame, profile))

    def _once(self, name: str, derive: Callable[[], np.ndarray]) -> np.ndarray:
        if name not in self._held:
            self._held[name] = derive()
        return self._held[name]

    def _texts(self, column: str) -> np.ndarray:
        return texts(self.frame, column)


_CODE_OF_KEY = np.array([[CODES.index(code(key, scale)) for scale in SCALES] for key in KEYS])


def _key_codes(frame: pd.DataFrame, profile: str) -> np.ndarray:
    key, scale = places(frame, f"key_{profile}", KEYS), places(frame, f"scale_{profile}", SCALES)
    return np.where((key < 0) | (scale < 0), -1, _CODE_OF_KEY[key, scale])


def _ranks(column: str, names: np.ndarray) -> np.ndarray:
    distinct = list({name for name in names.tolist() if name})
    keys = path_sort_keys(distinct) if column == "path" else map(sort_key, distinct)
    key_of = dict(zip(distinct, keys, strict=True))
    place_of = {key: float(place) for place, key in enumerate(sorted(set(key_of.values())))}
    ranks = {name: place_of[key] for name, key in key_of.items() if key}
    return np.array([ranks.get(name, np.nan) for name in names.tolist()], dtype=np.float64)
