"""Integrated loudness and loudness range, as a broadcast meter reads them.

Source: ITU-R BS.1770-4 (K-weighting, gating) and EBU Tech 3342 (loudness range). The K-weighting
filter is the standard's analogue prototype at the file's own rate, so nothing is resampled.
Checked against FFmpeg's ebur128: equal to the 0.1 LU that it prints. Essentia's LoudnessEBUR128
differs from both by up to 0.25 LU on music, since its high-pass is 2.6 dB too deep at 20 Hz.

Convention: a mono recording counts as the same signal on two loudspeakers, as it is played. By how
much each channel of another layout counts: engine/speakers.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

_BLOCK_S = 0.1  # all windows are whole numbers of these
_MOMENTARY_BLOCKS = 4  # 400 ms, for the integrated loudness
_SHORT_TERM_BLOCKS = 30  # 3 s, for the range
_OFFSET = -0.691  # LUFS of unit power
_ABSOLUTE_GATE = -70.0  # LUFS
_RELATIVE_GATE = 10.0  # LU under the mean, for the integrated loudness
_RANGE_GATE = 20.0  # LU under the mean, for the range
_RANGE_PERCENTILES = 10, 95
_SECONDS_AT_ONCE = 10  # bounds the memory of a long recording


@dataclass(frozen=True)
class Loudness:
    """None where there is nothing to measure: no 400 ms, or no 3 s, that reach -70 LUFS."""

    integrated_lufs: float | None
    range_lu: float | None  # of recordings of at least 3 s


def measure(samples: np.ndarray, sample_rate: int) -> Loudness:
    """float32 [n, 1 or 2], full scale at 1 → Loudness."""
    meter = Meter(sample_rate)
    meter.add(samples, [2.0] if samples.shape[1] == 1 else [1.0, 1.0])
    return meter.read()


class Meter:
    """Measures a recording block by block, so that its channels are never in memory as a whole."""

    def __init__(self, sample_rate: int) -> None:
        self._sections = k_weighting(sample_rate)
        self._block = round(_BLOCK_S * sample_rate)
        self._chunk = self._block * round(_SECONDS_AT_ONCE / _BLOCK_S)
        self._state = np.zeros((len(self._sections), 2, 0))  # of each channel's filter
        self._rest = np.zeros(0)  # weighted power of the samples after the last whole block
        self._powers: list[np.ndarray] = []

    def add(self, samples: np.ndarray, weights: Sequence[float]) -> None:
        """float [n, channels], full scale at 1; by how much each channel's power counts.

        Another number of channels begins with silence before it.
        """
        if self._state.shape[2] != samples.shape[1]:
            self._state = np.zeros((*self._state.shape[:2], samples.shape[1]))
        for first in range(0, len(samples), self._chunk):
            self._add(samples[first : first + self._chunk], weights)

    def _add(self, samples: np.ndarray, weights: Sequence[float]) -> None:
        total = np.zeros(len(self._rest) + len(samples))
        total[: len(self._rest)] = self._rest
        for channel, weight in enumerate(weights):
            if weight:
                weighted, self._state[:, :, channel] = signal.sosfilt(
                    self._sections, samples[:, channel], zi=self._state[:, :, channel]
                )
                np.square(weighted, out=weighted)
                total[len(self._rest) :] += weighted if weight == 1 else weight * weighted
        whole = len(total) // self._block * self._block
        self._powers.append(total[:whole].reshape(-1, self._block).mean(axis=1))
        self._rest = total[whole:]

    def read(self) -> Loudness:
        """Of all that was added; the last block is filled with zeros."""
        rest = np.zeros(self._block if len(self._rest) else 0)
        rest[: len(self._rest)] = self._rest
        power = np.concatenate([*self._powers, rest.reshape(-1, self._block).mean(axis=1)])
        momentary = _gated(_windows(power, _MOMENTARY_BLOCKS), _RELATIVE_GATE)
        if not len(momentary):
            return Loudness(None, None)
        integrated = _lufs(momentary.mean())
        short_term = _gated(_windows(power, _SHORT_TERM_BLOCKS), _RANGE_GATE)
        if len(power) < _SHORT_TERM_BLOCKS or not len(short_term):
            return Loudness(integrated, None)
        low, high = np.percentile(short_term, _RANGE_PERCENTILES, method="closest_observation")
        return Loudness(integrated, _lufs(high) - _lufs(low))


def k_weighting(sample_rate: int) -> np.ndarray:
    """Second-order sections [2, 6]: the shelf of the head, then the high-pass (RLB)."""
    gain, q = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    k = math.tan(math.pi * 1681.974450955533 / sample_rate)
    bend, norm = gain**0.4996667741545416, 1 + k / q + k * k
    shelf = [
        (gain + bend * k / q + k * k) / norm, 2 * (k * k - gain) / norm,
        (gain - bend * k / q + k * k) / norm,
        1, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm,
    ]  # fmt: skip
    q = 0.5003270373238773
    k = math.tan(math.pi * 38.13547087602444 / sample_rate)
    norm = 1 + k / q + k * k
    high_pass = [1, -2, 1, 1, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]
    return np.array([shelf, high_pass])


def _windows(powers: np.ndarray, blocks: int) -> np.ndarray:
    """Mean power of each window of so many blocks, one every block; what is missing is silent."""
    padded = np.pad(powers, (0, max(blocks - len(powers), 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, blocks).mean(axis=1)


def _gated(powers: np.ndarray, relative_gate: float) -> np.ndarray:
    audible = powers[powers >= _power(_ABSOLUTE_GATE)]
    if not len(audible):
        return audible
    return audible[audible >= audible.mean() / 10 ** (relative_gate / 10)]


def _lufs(power: float) -> float:
    return float(10 * math.log10(power) + _OFFSET)


def _power(lufs: float) -> float:
    return 10 ** ((lufs - _OFFSET) / 10)
