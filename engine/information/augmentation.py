"""Augmentation of mel frames: other levels, other timbres, narrower bands, other noise.

A small collection teaches more when no crop of it is heard twice alike. All is done to the energies
before the threshold of hearing (engine.information.audible_mel), so that a crop is what the
recording would have given through an equaliser, or with nothing in its upper bands.
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.information import audible_mel
from engine.information.audible_mel import BANDS, QUIETEST

BENDS = 3  # half waves of the equaliser over the bands, at most
NARROWEST = 40  # bands that always sound: up to 1.1 kHz
_NATS = math.log(10) / 10  # of power, in a decibel


@dataclass(frozen=True)
class Augmentation:
    """How much is changed."""

    gain: float = 6.0  # decibels up or down, at most
    equaliser: float = 3.0  # decibels, standard deviation of each of its half waves
    narrowed: float = 0.2  # share of crops whose upper bands are empty, throughout or for a while

    def __call__(self, energies: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Energies [T, 96] of a crop → as they are heard, changed at random, float32 [T, 96]."""
        decibels = random.uniform(-self.gain, self.gain) + self._equalised(random)
        changed = energies + np.float32(_NATS) * decibels.astype(np.float32)
        if random.random() < self.narrowed:
            first, last = 0, len(energies)
            if random.random() < 0.5:
                first, last = np.sort(random.integers(0, len(energies) + 1, 2))
            changed[first:last, random.integers(NARROWEST, BANDS) :] = math.log(QUIETEST)
        return audible_mel.heard(changed, audible_mel.random_noise(random, len(changed)))

    def _equalised(self, random: np.random.Generator) -> np.ndarray:
        """Decibels in each band, float64 [96]."""
        place = math.pi * (np.arange(BANDS) + 0.5) / BANDS
        waves = np.cos(np.arange(1, BENDS + 1)[:, None] * place)
        return random.normal(0, self.equaliser, BENDS) @ waves
