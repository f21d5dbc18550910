"""Whether information content follows loudness and timbre, as published for AudioIC.

Source of the claim: M. R. Bjare et al., "Estimating musical surprisal in audio", arXiv 2501.07474.
Rank correlations within a recording, of the information of its frames, or of the means of seconds,
with figures of the sound from log-mel frames (engine.information.log_mel), which keep the level
that the models do not hear:

- level: decibels of the power from 20 Hz to 16 kHz. The mel filters add up to 1 at all frequencies
  between, so that it is the sum over bands; a frame's power is the geometric mean of its four
  windows, since the frames are means of logarithms. Loudness as it is heard weighs frequencies:
  the same with the K-weighting of ITU-R BS.1770 (that of LUFS, which takes off the lowest bass and
  lifts the treble), and with the A-weighting of IEC 61672 (which takes off most of the bass), each
  at the centres of the bands;
- timbral change: how far MFCCs 1 to 12 (orthonormal DCT-II of the 96 bands) move from a frame to
  the next, Euclidean. Coefficient 0 is left out: it is the level, and the two are to be told apart,
  which a flux of the bands themselves would not do.

The first 10 s of a recording, which have little context, are left out everywhere, and so is
silence. Intervals are by bootstrap over pieces: the stems of a song are drawn together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy import fft, signal
from scipy.stats import rankdata, spearmanr

from benchmarks import information_statistics as statistics
from benchmarks.information_statistics import Interval
from engine.discover import Found
from engine.information import dataset, log_mel
from engine.information.log_mel import FLOOR

SECOND = 11  # frames: 1.02 s
START = 10  # seconds of a recording that are left out
SILENT_BELOW = 60.0  # dB below the loudest frame, as in engine.information.curve
COEFFICIENTS = slice(1, 13)
LEVEL, K_WEIGHTED, A_WEIGHTED = "level", "K-weighted level", "A-weighted level"
CHANGE = "timbral change"
# Numerators and denominators of the K-weighting at 48 kHz.
_SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1, -1.69065929318241, 0.73248077421585),
)
_HIGH_PASS = (1, -2, 1), (1, -1.99004745483398, 0.99007225036621)
_LOWEST = 1e-12  # power that stands for none: its logarithm is to be finite


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording that no model was trained on."""

    found: Found
    frames: dataset.Frames  # mel energies of its variants, which the models read
    bands: np.ndarray  # log-mel energies [T, bands], at its own level


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
    def sound(self) -> dict[str, np.ndarray]:
        """What information may follow, [T] each."""
        levels = {name: level(self.bands, gains()) for name, gains in WEIGHTINGS.items()}
        return {**levels, CHANGE: timbral_change(self.bands)}

    def heard(self, size: int = SECOND) -> np.ndarray:
        """Which windows of `size` frames are neither silence nor in the first 10 s."""
        found = windows(self.level, size) > self.level.max() - SILENT_BELOW
        found[: START * SECOND // size] = False
        return found

    def means(self, curve: np.ndarray, size: int = SECOND) -> np.ndarray:
        """Of the windows that are heard."""
        return windows(curve, size)[self.heard(size)]


def level(bands: np.ndarray, gains: np.ndarray | None = None) -> np.ndarray:
    """Decibels of log-mel frames [T, bands], whose power is multiplied by the bands' gains."""
    energies = np.maximum(np.exp(bands.astype(np.float64)) - FLOOR, 0)
    power = energies.sum(1) if gains is None else energies @ gains
    return 10 * np.log10(power + _LOWEST)


@cache
def k_weighting() -> np.ndarray:
    """Gains of power of the bands: the two filters of BS.1770, at its 48 kHz."""
    shelf = signal.freqz(*_SHELF, worN=log_mel.centres(), fs=48_000)[1]
    high_pass = signal.freqz(*_HIGH_PASS, worN=log_mel.centres(), fs=48_000)[1]
    return np.abs(shelf * high_pass) ** 2


@cache
def a_weighting() -> np.ndarray:
    """Gains of power of the bands: IEC 61672, 0 dB at 1 kHz."""
    squares = log_mel.centres() ** 2
    poles = (squares + 20.6**2) * (squares + 12_194**2)
    poles *= np.sqrt((squares + 107.7**2) * (squares + 737.9**2))
    return 10**0.2 * (12_194**2 * squares**2 / poles) ** 2


WEIGHTINGS = {
    LEVEL: lambda: np.ones(log_mel.BANDS),
    K_WEIGHTED: k_weighting,
    A_WEIGHTED: a_weighting,
}


def timbral_change(bands: np.ndarray) -> np.ndarray:
    """Length of the MFCCs' step to each frame [T]; NaN for the first."""
    steps = np.diff(mfcc(bands)[:, COEFFICIENTS], axis=0)
    return np.concatenate(([np.nan], np.linalg.norm(steps, axis=1)))


def mfcc(bands: np.ndarray) -> np.ndarray:
    """Cepstral coefficients of log-mel frames, as many as bands."""
    return fft.dct(bands.astype(np.float64), norm="ortho", axis=1)


def sounding(bands: np.ndarray) -> slice:
    """The frames without the silence at head and tail."""
    levels = level(bands)
    heard = np.flatnonzero(levels > levels.max() - SILENT_BELOW)
    return slice(heard[0], heard[-1] + 1)


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
    information = recording.means(recording.information[system], size)
    sound = {name: recording.means(curve, size) for name, curve in recording.sound.items()}
    found = {name: rank_correlation(information, curve) for name, curve in sound.items()}
    for name in WEIGHTINGS:
        given = partial_rank_correlation(information, sound[CHANGE], sound[name])
        found[f"{CHANGE} given {name}"] = given
    return found


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
    sound = {
        name: np.array([one.means(one.sound[name]).mean() for one in recordings])
        for name in recordings[0].sound
    }
    rows = {}
    for system in recordings[0].information:
        information = np.array([one.means(one.information[system]).mean() for one in recordings])
        rows[system] = {
            name: _correlated(information, values, groups) for name, values in sound.items()
        }
    return rows


def pieces_of(heard: Sequence[Heard]) -> np.ndarray:
    """A number for each recording, the same for the stems of a song: they lie in one folder, and
    are equally long."""
    songs = [
        (one.found.root, one.found.relpath.rpartition(b"/")[0], one.frames.lengths[0])
        for one in heard
    ]
    return np.unique([songs.index(song) for song in songs], return_inverse=True)[1]


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
