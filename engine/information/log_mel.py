"""Log-mel bands at the rate of Music2Latent, and their whitening to latents that need no network.

Conventions: mono, 44.1 kHz; Hann windows of 2,048 samples every 1,024; 96 mel bands (HTK's scale)
from 20 Hz to 16 kHz, triangles of height 1, so that a sine at full scale has a power of about 1.
A frame is made of the four windows that end within its 4,096 samples: it knows nothing of what
comes after it.

`band_frames` are what the first models read: they hang on the level of playback, and on what is
too quiet to be heard. Models that are trained now read engine.information.audible_mel.
"""

from collections.abc import Iterator
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
FLOOR = 1e-8  # of power, in `band_frames`: -80 dBFS
DIMENSIONS = 64  # of a latent
WINDOWS = FRAME // HOP  # of a frame
_FRAMES_AT_ONCE = 512  # 48 s: bounds the memory of a long track


def resampled(audio: Audio, speed: float = 1.0) -> np.ndarray:
    """Mono samples at 44.1 kHz, float32 [n]; played `speed` times as fast, and as high."""
    source = audio.sample_rate * speed
    if source == SAMPLE_RATE:
        return audio.mono()
    return soxr.resample(audio.mono(), source, SAMPLE_RATE, quality="HQ")


def band_frames(samples: np.ndarray) -> np.ndarray:
    """Mono samples at 44.1 kHz → log-mel energies, float32 [n // 4096, 96].

    Means over the windows of a frame of the natural logarithm of power + FLOOR.
    """
    blocks = [np.log(power + np.float32(FLOOR)).mean(1) for power in window_powers(samples)]
    return np.concatenate(blocks) if blocks else np.empty((0, BANDS), np.float32)


def window_powers(samples: np.ndarray) -> Iterator[np.ndarray]:
    """Power in each band and window of a frame, block by block: float32 [frames, 4, 96]."""
    count = len(samples) // FRAME
    before = np.zeros(WINDOW - HOP, np.float32)
    padded = np.concatenate((before, samples[: count * FRAME].astype(np.float32, copy=False)))
    for first in range(0, count, _FRAMES_AT_ONCE):
        last = min(first + _FRAMES_AT_ONCE, count)
        block = padded[first * FRAME : last * FRAME + WINDOW - HOP]
        windows = np.lib.stride_tricks.sliding_window_view(block, WINDOW)[::HOP]
        spectrum = fft.rfft(windows * _window(), axis=1)
        power = (spectrum.real**2 + spectrum.imag**2) @ filters()
        yield power.reshape(-1, WINDOWS, BANDS)


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
def filters() -> np.ndarray:
    """Triangles on the mel scale, float32 [1025, 96]."""
    edges = _edges()
    bins = np.arange(WINDOW // 2 + 1) * SAMPLE_RATE / WINDOW
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


def centres() -> np.ndarray:
    """Of the bands, in hertz, float64 [96]."""
    return _edges()[1:-1]


def _edges() -> np.ndarray:
    """Where the triangles begin, peak and end, in hertz, float64 [98]."""
    return 700 * (10 ** (np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2) / 2595) - 1)


def mel(hertz: float) -> float:
    """HTK's scale."""
    return 2595 * np.log10(1 + hertz / 700)
