"""How many tracks have a style, for any activation: what a tree of styles shows beside each name.

Conventions: as engine.activations; counts are exact for activations in steps of 1 / STEPS, with the
tolerance of engine.query. Pure.
"""

from dataclasses import dataclass

import numpy as np

from engine.activations import SEPARATOR, Activations
from engine.query import TOLERANCE

STEPS = 100  # as the slider of the activation has them


@dataclass(frozen=True, eq=False)
class Counts:
    """Of all labels and genres of a vocabulary."""

    names: tuple[str, ...]
    counts: np.ndarray  # int64 [names, STEPS + 1]: tracks with at least step / STEPS

    @classmethod
    def of(cls, styles: Activations) -> "Counts":
        """One pass over the activations: 0.5 s for 100,000 tracks and 400 styles."""
        genres = dict.fromkeys(
            label.split(SEPARATOR)[0] for label in styles.labels if SEPARATOR in label
        )
        names = (*styles.labels, *genres)
        return cls(names, np.array([_at_least(styles.of(name)) for name in names]))

    def at_least(self, activation: float) -> dict[str, int]:
        """Name → tracks, rounded to the nearest step."""
        step = min(max(round(activation * STEPS), 0), STEPS)
        return dict(zip(self.names, self.counts[:, step].tolist(), strict=True))


def _at_least(activations: np.ndarray) -> np.ndarray:
    """int64 [STEPS + 1]"""
    known = activations[~np.isnan(activations)]
    steps = np.clip(((known + TOLERANCE) * STEPS).astype(np.int64), 0, STEPS)
    return np.bincount(steps, minlength=STEPS + 1)[::-1].cumsum()[::-1]
