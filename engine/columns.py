"""Columns of Library.frame() as plain numpy arrays, whatever type pandas holds them in.

Conventions: one value a track, in the order of the frame; a column that the frame lacks reads as
one whose values are all missing, since a library without a model has no such values. Pure.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    """float64 [tracks]; NaN where missing."""
    if column not in frame:
        return np.full(len(frame), np.nan)
    return frame[column].to_numpy(dtype=np.float64, na_value=np.nan)


def texts(frame: pd.DataFrame, column: str) -> np.ndarray:
    """object [tracks]; None where a value is missing."""
    if column not in frame:
        return np.full(len(frame), None, dtype=object)
    return frame[column].to_numpy(dtype=object, na_value=None)


def places(frame: pd.DataFrame, column: str, names: Sequence[str]) -> np.ndarray:
    """int [tracks]: position in names of each value, -1 where it is missing or none of them.

    Quick for categorical columns.
    """
    if column not in frame:
        return np.full(len(frame), -1)
    values = frame[column]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object).astype("category")
    codes = values.cat.codes.to_numpy()
    known = {name: place for place, name in enumerate(names)}
    lookup = np.array([known.get(name, -1) for name in values.cat.categories] + [-1])
    return lookup[codes]


def groups(values: Sequence[object]) -> np.ndarray:
    """int64 [tracks]: equal values share a number from 0 on; -1 where the value is None."""
    codes, _ = pd.factorize(np.asarray(values, dtype=object), use_na_sentinel=True)
    return codes.astype(np.int64)
