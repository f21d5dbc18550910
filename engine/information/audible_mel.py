"""Log-mel bands as they are heard: at one loudness, and down to what a listener hears no more.

Goal: information content that hangs neither on the level of playback nor on what nobody hears. Two
steps on the power of engine.information.log_mel's bands, of which a frame has the mean over its
windows:

- The recording is brought to an integrated loudness (ITU-R BS.1770) of 0 LUFS. It is that of the
  mono mix which the model reads, so that a mono copy of a stereo recording, or another rate, give
  the same values. The level of a moment against the rest of the recording stays: a fade is quiet.
- Noise is added whose power in each band is the threshold of hearing in quiet, for a recording
  whose integrated loudness plays at LISTENING dB SPL. Hearing may be thought of as limited by such
  an inner noise. What lies below is masked, and a band that is empty fluctuates as noise does:
  nothing there is predicted to many digits, as the same number again and again would be.

Source of the threshold: E. Terhardt, "Calculating virtual pitch", Hearing Research 1 (1979). The
noise is pseudo-random and the same for every recording; it depends on a frame's number only.
"""

from functools import cache

import numpy as np
from scipy.special import ndtri

from engine import loudness
from engine.information import log_mel
from engine.information.log_mel import BANDS, SAMPLE_RATE, WINDOWS

LISTENING = 60.0  # dB SPL, the integrated loudness of every recording: music at home, not loud
QUIETEST = 1e-12  # power that stands for none, 120 dB below the loudness: its logarithm is finite
SEED = 0
# Correlation of power between neighbouring bins, and between neighbouring windows, of white noise
# under Hann windows that overlap by half.
_BINS_APART = {0: 1.0, 1: 4 / 9, 2: 1 / 36}
_WINDOWS_APART = {0: 1.0, 1: 1 / 36}


def frames(samples: np.ndarray) -> np.ndarray:
    """Mono samples at 44.1 kHz → log-mel energies as they are heard, float32 [n // 4096, 96]."""
    unheard = energies(samples)
    return heard(unheard, inner_noise(len(unheard)))


def energies(samples: np.ndarray) -> np.ndarray:
    """Natural logarithm of the bands' power, without the threshold, float32 [n // 4096, 96].

    0 is the power of a sine at 1 kHz that is as loud as the recording as a whole.
    """
    powers = [block.mean(1) for block in log_mel.window_powers(samples)]
    if not powers:
        return np.empty((0, BANDS), np.float32)
    whole = np.float32(10 ** (loudness_of(samples) / 10))
    return np.log(np.concatenate(powers) / whole + np.float32(QUIETEST))


def loudness_of(samples: np.ndarray) -> float:
    """LUFS of mono samples at 44.1 kHz; for what a meter leaves out as too quiet, of its power."""
    measured = loudness.measure(samples[:, None], SAMPLE_RATE).integrated_lufs
    if measured is not None:
        return measured
    power = np.mean(np.square(samples, dtype=np.float64)) if len(samples) else 0.0
    return float(10 * np.log10(2 * max(power, QUIETEST)))


def heard(energies: np.ndarray, noise: np.ndarray | float = 1.0) -> np.ndarray:
    """Energies [..., 96] over the threshold; `noise`: its power in each, of mean 1."""
    threshold = (threshold_power() * noise).astype(np.float32, copy=False)
    return np.log(np.exp(energies.astype(np.float32, copy=False)) + threshold)


def inner_noise(count: int) -> np.ndarray:
    """Power of the noise in the frames of a recording, of mean 1, float32 [count, 96].

    Powers are those of white noise in the same bands and windows, gamma-distributed, by the
    approximation of Wilson and Hilferty. A bit generator's raw output never changes, so that values
    are the same in every version of NumPy.
    """
    raw = np.random.PCG64(SEED).random_raw(count * BANDS).reshape(count, BANDS)
    normal = ndtri(((raw >> 11) + 0.5) * 2.0**-53)
    spread = 1 / (9 * degrees())
    return np.maximum(1 - spread + normal * np.sqrt(spread), 0).astype(np.float32) ** 3


def random_noise(random: np.random.Generator, count: int) -> np.ndarray:
    """Noise of the same kind, but another one every time: for training, float32 [count, 96]."""
    return (random.standard_gamma(degrees(), (count, BANDS)) / degrees()).astype(np.float32)


@cache
def threshold_power() -> np.ndarray:
    """Of hearing, in each band, where 1 is the loudness of the recording: float32 [96]."""
    kilohertz = log_mel.centres() / 1000
    level = (
        3.64 * kilohertz**-0.8 - 6.5 * np.exp(-0.6 * (kilohertz - 3.3) ** 2) + 1e-3 * kilohertz**4
    )
    return (10 ** ((level - LISTENING) / 10)).astype(np.float32)


@cache
def degrees() -> np.ndarray:
    """Independent values that a frame's power of white noise has in each band, float64 [96].

    The inverse of its variance where its mean is 1; 4 and more.
    """
    filters = log_mel.filters().astype(np.float64)
    variance = _sum_of_pairs(filters, _BINS_APART) / filters.sum(0) ** 2
    return 1 / (variance * _sum_of_pairs(np.ones((WINDOWS, 1)), _WINDOWS_APART) / WINDOWS**2)


def _sum_of_pairs(weights: np.ndarray, correlation: dict[int, float]) -> np.ndarray:
    """Variance of sums over the first axis of [n, m], of values that correlate so: [m]."""
    return sum(
        (2 if apart else 1) * value * (weights[: len(weights) - apart] * weights[apart:]).sum(0)
        for apart, value in correlation.items()
    )
