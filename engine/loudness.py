"""Integrated loudness and loudness range, as a broadcast meter reads them.

Source: ITU-R BS.1770-4 (K-weighting, gating) and EBU Tech 3342 (loudness range). The K-weighting
filter is the standard's analogue prototype at the file's own rate, so nothing is resampled.
Checked against FFmpeg's ebur128: equal to the 0.1 LU that it prints. Essentia's LoudnessEBUR128
differs from both by up to 0.25 LU on music, since its high-pass is 2.6 dB too deep at 20 Hz.

Convention: a mono recording counts as the same signal on two loudspeakers, as it is played.
"""

import math
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
    power = _block_powers(samples, sample_rate)
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


def _block_powers(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Weighted power of each 100 ms, summed over channels; the last block is filled with zeros."""
    block = round(_BLOCK_S * sample_rate)
    chunk = block * round(_SECONDS_AT_ONCE / _BLOCK_S)
    sections = k_weighting(sample_rate)
    channels = samples.shape[1]
    state = np.zeros((len(sections), 2, channels))
    powers = []
    for first in range(0, len(samples), chunk):
        part = samples[first : first + chunk]
        total = np.zeros(-(-len(part) // block) * block)
        for channel in range(channels):
            weighted, state[:, :, channel] = signal.sosfilt(
                sections, part[:, channel], zi=state[:, :, channel]
            )
            total[: len(part)] += np.square(weighted, out=weighted)
        powers.append(total.reshape(-1, block).mean(axis=1))
    return np.concatenate(powers) * (2 if channels == 1 else 1)


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
