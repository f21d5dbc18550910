"""How many tracks each filter leaves, and what each costs on its own.

Conventions: filters count in their order; a filter is a bool array over all tracks. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """One active filter in the funnel."""

    name: str  # of engine.filters.FILTERS
    kept: int  # tracks after this filter and all before it
    alone: int  # tracks that this filter alone would keep
    without: int  # tracks that all other filters would keep


def funnel(held: Mapping[str, np.ndarray], tracks: int) -> tuple[Step, ...]:
    """The steps, in the order of `held`: name → bool [tracks]."""
    names = list(held)
    # Tracks refused by exactly one filter come back when that one is removed.
    refusals = sum((~mask).astype(np.int16) for mask in held.values()) if names else None
    steps, so_far = [], np.ones(tracks, dtype=bool)
    for name in names:
        so_far = so_far & held[name]
        without = int(np.count_nonzero(refusals - ~held[name] == 0))
        alone = int(np.count_nonzero(held[name]))
        steps.append(Step(name, int(np.count_nonzero(so_far)), alone, without))
    return tuple(steps)
