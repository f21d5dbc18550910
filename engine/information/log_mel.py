"""Latents that need no network: log-mel bands at the rate of Music2Latent, whitened.

Conventions: mono, 44.1 kHz; Hann windows of 2,048 samples every 1,024; 96 mel bands (HTK's scale)
from 20 Hz to 16 kHz, triangles of height 1, so that a sine at full scale has a power of about 1;
natural logarithm of power + 1e-8 (-80 dBFS). A frame is the mean of the four windows that end
within its 4,096 samples: it knows nothing of what comes after it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import soxr
from scipy import fft

from engine.audio import Audio

SAMPLE_RATE = 44_100  # Hz
FRAME = 4_096  # samples; 10.767 frames a second
WINDOW, HOP = 2_048, 1_024  # samples
BANDS = 96
LOWEST, HIGHEST = 20.0, 16_000.0  # Hz
FLOOR = 1e-8
DIMENSIONS = 64  # of a latent
_PER_FRAME = FRAME // HOP
_FRAMES_AT_ONCE = 512  # 48 s: bounds the memory of a long track


def resampled(audio: Audio, speed: float = 1.0) -> np.ndarray:
    """Mono samples at 44.1 kHz, float32 [n]; played `speed` times as fast, and as high."""
    source = audio.sample_rate * speed
    if source == SAMPLE_RATE:
        return audio.mono()
    return soxr.resample(audio.mono(), source, SAMPLE_RATE, quality="HQ")


def band_frames(samples: np.ndarray) -> np.ndarray:
    """Mono samples at 44.1 kHz → log-mel energies, float32 [n // 4096, 96]."""
    count = len(samples) // FRAME
    before = np.zeros(WINDOW - HOP, np.float32)
    padded = np.concatenate((before, samples[: count * FRAME].astype(np.float32, copy=False)))
    energies = np.empty((count, BANDS), np.float32)
    for first in range(0, count, _FRAMES_AT_ONCE):
        last = min(first + _FRAMES_AT_ONCE, count)
        block = padded[first * FRAME : last * FRAME + WINDOW - HOP]
        windows = np.lib.stride_tricks.sliding_window_view(block, WINDOW)[::HOP]
        spectrum = fft.rfft(windows * _window(), axis=1)
        power = (spectrum.real**2 + spectrum.imag**2) @ _filters()
        logarithms = np.log(power + np.float32(FLOOR))
        energies[first:last] = logarithms.reshape(-1, _PER_FRAME, BANDS).mean(1)
    return energies


def amplified(energies: np.ndarray, decibels: float) -> np.ndarray:
    """The log-mel energies of the same sound at another level."""
    power = np.maximum(np.exp(energies) - np.float32(FLOOR), 0)
    return np.log(power * np.float32(10 ** (decibels / 10)) + np.float32(FLOOR))


@dataclass(frozen=True, eq=False)
class Whitening:
    """An affine map under which frames like those it was fitted to have unit covariance."""

    mean: np.ndarray  # float32 [bands]
    projection: np.ndarray  # float32 [bands, dimensions]

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """[..., bands] → float32 [..., dimensions]."""
        return (frames.astype(np.float32, copy=False) - self.mean) @ self.projection


def fit_whitening(frames: np.ndarray, dimensions: int = DIMENSIONS) -> Whitening:
    """The principal components with most variance, each scaled to 1; by falling variance."""
    mean = frames.mean(0, dtype=np.float64)
    covariance = np.cov(frames, rowvar=False, dtype=np.float64)
    variances, axes = np.linalg.eigh(covariance)
    chosen = np.argsort(variances)[::-1][:dimensions]
    # Each axis points where most of its weights are positive: fits repeat to the sign.
    axes = axes[:, chosen] * np.where(axes[:, chosen].sum(0) < 0, -1, 1)
    projection = axes / np.sqrt(variances[chosen])
    return Whitening(mean.astype(np.float32), projection.astype(np.float32))


@cache
def _window() -> np.ndarray:
    """Hann window of sum 2: the peak of a sine's spectrum is its amplitude."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return (2 * window / window.sum()).astype(np.float32)


@cache
def _filters() -> np.ndarray:
    """Triangles on the mel scale, float32 [1025, 96]."""
    mels = np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    bins = np.arange(WINDOW // 2 + 1) * SAMPLE_RATE / WINDOW
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


def mel(hertz: float) -> float:
    """HTK's scale."""
    return 2595 * np.log10(1 + hertz / 700)
