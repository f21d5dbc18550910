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
