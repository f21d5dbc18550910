"""Searching the names of tracks, without regard to case and accents.

Source: title, artist, album and path of Library.frame(), folded as engine.names folds them, so that
"bjork" finds Björk. Conventions: a track is found when each word of the text stands anywhere in any
of them, also inside a longer word. Pure.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.columns import texts
from engine.names import folded

SEARCHED = ("title", "artist", "album", "path")


def haystack(frame: pd.DataFrame) -> list[str]:
    """For each track what is searched, folded; a line for each, so that no word spans two."""
    columns = [[folded(str(v)) if v else "" for v in texts(frame, name)] for name in SEARCHED]
    return ["\n".join(values) for values in zip(*columns, strict=True)]


def found(text: str, searched: Sequence[str]) -> np.ndarray:
    """bool [tracks]: holds every word of the text; `searched` is a haystack."""
    rows: Sequence[int] = range(len(searched))
    for word in sorted(folded(text).split(), key=len, reverse=True):  # long words leave least
        rows = [row for row in rows if word in searched[row]]
    mask = np.zeros(len(searched), dtype=bool)
    mask[rows] = True
    return mask


def best_first(text: str, searched: Sequence[str], mask: np.ndarray) -> np.ndarray:
    """The rows of `found`, int [hits]: those of exactly this name first, then those whose title
    begins so; each in the order of the library."""
    rows = np.flatnonzero(mask)
    begins = np.array([searched[row].startswith(folded(text)) for row in rows], dtype=bool)
    worse = np.where(is_name(text, searched, rows), 0, np.where(begins, 1, 2))
    return rows[np.argsort(worse, kind="stable")]


def is_name(text: str, searched: Sequence[str], rows: Sequence[int]) -> np.ndarray:
    """bool [rows]: the text is the whole title, or the file's name with or without its ending."""
    name = folded(text)
    exact = np.zeros(len(rows), dtype=bool)
    for place, row in enumerate(rows):
        title, *_, path = searched[row].split("\n")
        file = path.rpartition("/")[2]
        exact[place] = name in (title, file, file.rpartition(".")[0])
    return exact
