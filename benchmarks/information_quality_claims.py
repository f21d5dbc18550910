"""Whether information content follows loudness and timbre, as published for AudioIC.

Source of the claim: M. R. Bjare et al., "Estimating musical surprisal in audio", arXiv 2501.07474.
Rank correlations within a recording, of the information of its frames, or of the means of seconds,
with two figures of the sound, both from the log-mel frames that the models read:

- level: decibels of the power from 20 Hz to 16 kHz, unweighted. The mel filters add up to 1 at all
  frequencies between, so that it is the sum over bands; a frame's power is the geometric mean of
  its four windows, since the frames are means of logarithms;
- timbral change: how far MFCCs 1 to 12 (orthonormal DCT-II of the 96 bands) move from a frame to
  the next, Euclidean. Coefficient 0 is left out: it is the level, and the two are to be told apart,
  which a flux of the bands themselves would not do.

The first 10 s of a recording, which have little context, are left out everywhere, and so is
silence. Intervals are by bootstrap over pieces: the stems of a song are drawn together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft
from scipy.stats import rankdata, spearmanr

from benchmarks import information_statistics as statistics
from benchmarks.information_statistics import Interval
from engine.information.log_mel import FLOOR

SECOND = 11  # frames: 1.02 s
START = 10  # seconds of a recording that are left out
SILENT_BELOW = 60.0  # dB below the loudest frame, as in engine.information.curve
COEFFICIENTS = slice(1, 13)
_LOWEST = 1e-12  # power that stands for none: its logarithm is to be finite


@dataclass(frozen=True, eq=False)
class Recording:
    """The sounding part of a recording, and what each system makes of it."""

    bands: np.ndarray  # log-mel energies [T, bands]
    information: dict[str, np.ndarray]  # nats [T]; NaN for frames without context
    piece: int  # stems of one song have one number

    @cached_property
    def level(self) -> np.ndarray:
        return level(self.bands)

    @cached_property
    def timbral_change(self) -> np.ndarray:
        return timbral_change(self.bands)

    def heard(self, size: int = SECOND) -> np.ndarray:
        """Which windows of `size` frames are neither silence nor in the first 10 s."""
        found = windows(self.level, size) > self.level.max() - SILENT_BELOW
        found[: START * SECOND // size] = False
        return found

    def curves(self, system: str, size: int = SECOND) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Information, level and timbral change of the windows that are heard."""
        of_frames = (self.information[system], self.level, self.timbral_change)
        information, loudness, change = (windows(one, size)[self.heard(size)] for one in of_frames)
        return information, loudness, change


def level(bands: np.ndarray) -> np.ndarray:
    """Decibels of log-mel frames [T, bands]: a sine at full scale has about 0."""
    power = np.maximum(np.exp(bands.astype(np.float64)) - FLOOR, 0).sum(1)
    return 10 * np.log10(power + _LOWEST)


def timbral_change(bands: np.ndarray) -> np.ndarray:
    """Length of the MFCCs' step to each frame [T]; NaN for the first."""
    steps = np.diff(mfcc(bands)[:, COEFFICIENTS], axis=0)
    return np.concatenate(([np.nan], np.linalg.norm(steps, axis=1)))


def mfcc(bands: np.ndarray) -> np.ndarray:
    """Cepstral coefficients of log-mel frames, as many as bands."""
    return fft.dct(bands.astype(np.float64), norm="ortho", axis=1)


def sounding(bands: np.ndarray) -> np.ndarray:
    """Frames without the silence at head and tail."""
    levels = level(bands)
    heard = np.flatnonzero(levels > levels.max() - SILENT_BELOW)
    return bands[heard[0] : heard[-1] + 1]


def windows(values: np.ndarray, size: int = SECOND) -> np.ndarray:
    """Means of `size` frames each, [T // size, …]; what is left at the end is dropped."""
    count = len(values) // size
    return values[: count * size].reshape(count, size, *values.shape[1:]).mean(1)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's."""
    return float(spearmanr(one, other).statistic)


def partial_rank_correlation(one: np.ndarray, other: np.ndarray, given: np.ndarray) -> float:
    """Of what a straight line through the ranks of `given` leaves of the ranks of the two."""
    ranks = [rankdata(values) for values in (one, other, given)]
    both, of_one, of_other = np.corrcoef(ranks)[np.triu_indices(3, 1)]
    return float((both - of_one * of_other) / np.sqrt((1 - of_one**2) * (1 - of_other**2)))


def within(recording: Recording, system: str, size: int) -> dict[str, float]:
    """Correlations over the frames, or means of `size` frames, of one recording."""
    information, loudness, change = recording.curves(system, size)
    return {
        "level": rank_correlation(information, loudness),
        "timbral change": rank_correlation(information, change),
        "timbral change given level": partial_rank_correlation(information, change, loudness),
        "level given timbral change": partial_rank_correlation(information, loudness, change),
    }


def correlations(recordings: Sequence[Recording], size: int) -> dict[str, dict]:
    """For each system and pair: the mean over recordings, and the share that is above 0."""
    groups = pieces(recordings)
    rows: dict[str, dict] = {}
    for system in recordings[0].information:
        found = [within(recording, system, size) for recording in recordings]
        rows[system] = {}
        for pair in found[0]:
            values = np.array([one[pair] for one in found])
            rows[system][pair] = {
                "mean": statistics.mean(values, groups),
                "above 0": statistics.mean((values > 0).astype(float), groups),
            }
    return rows


def between(recordings: Sequence[Recording]) -> dict[str, dict[str, Interval]]:
    """Correlations of the recordings' means with each other."""
    groups = pieces(recordings)
    rows = {}
    for system in recordings[0].information:
        curves = [recording.curves(system) for recording in recordings]
        means = np.array([[curve.mean() for curve in one] for one in curves])
        information, loudness, change = means.T
        rows[system] = {
            "level": _correlated(information, loudness, groups),
            "timbral change": _correlated(information, change, groups),
        }
    return rows


def pieces(recordings: Sequence[Recording]) -> np.ndarray:
    return np.array([recording.piece for recording in recordings])


def _correlated(one: np.ndarray, other: np.ndarray, groups: np.ndarray) -> Interval:
    draws = []
    for row in statistics.weights(groups):
        drawn = np.repeat(np.arange(len(one)), row.astype(int))
        if len(set(drawn)) > 1:  # one recording alone has no correlation
            draws.append(np.corrcoef(rankdata(one[drawn]), rankdata(other[drawn]))[0, 1])
    low, high = np.quantile(draws, statistics.TAILS)
    return {"value": rank_correlation(one, other), "low": float(low), "high": float(high)}
