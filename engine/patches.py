"""Mel patches: the input that both networks were trained on.

Source: Essentia's `TensorflowInputMusiCNN` and the framing of `TensorflowPredictMusiCNN` and
`TensorflowPredictEffnetDiscogs`; tests hold them equal. 16 kHz mono, frames of 512 samples every
256, the first one centred on the first sample; Hann window; power spectrum; 96 Slaney mel bands
from 0 to 8 kHz, each of unit area; log10(1 + 10,000 x).
"""

from functools import cache

import numpy as np
from scipy import fft

SAMPLE_RATE = 16_000  # Hz
FRAME = 512  # samples, 32 ms
HOP = 256  # samples, 16 ms
BANDS = 96
_COMPRESSION = 10_000
_FRAMES_AT_ONCE = 2048  # bounds the memory of a long track


def mel_frames(samples: np.ndarray) -> np.ndarray:
    """Mono samples at 16 kHz, float32 [n] → log-mel frames, float32 [T, 96]."""
    count = frame_count(len(samples))
    padded = np.zeros(FRAME + HOP * max(count - 1, 0), np.float32)
    length = min(len(samples), len(padded) - FRAME // 2)
    padded[FRAME // 2 : FRAME // 2 + length] = samples[:length]
    windows = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP][:count]
    mel = np.empty((count, BANDS), np.float32)
    filters, window = mel_filters(), hann_window()
    for first in range(0, count, _FRAMES_AT_ONCE):
        block = slice(first, first + _FRAMES_AT_ONCE)
        spectrum = fft.rfft(windows[block] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        mel[block] = np.log10(1 + _COMPRESSION * (power @ filters))
    return mel


def frame_count(samples: int) -> int:
    """All frames whose centre is inside, and the first one after the end.

    That is what MusiCNN's predictor cuts; EffNet's leaves out the last one, which is less than
    half full.
    """
    return 0 if samples == 0 else -(-samples // HOP) + 1


def starts(frames: int, length: int, hop: int) -> np.ndarray:
    """First frames of the whole patches of `length` frames, one every `hop`, int [P]."""
    return np.arange(0, frames - length + 1, hop)


def cut(mel: np.ndarray, length: int, hop: int) -> np.ndarray:
    """Mel frames [T, 96] → patches [P, length, 96], a view."""
    if len(mel) < length:
        return np.zeros((0, length, BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(mel, length, axis=0)
    return windows[::hop].transpose(0, 2, 1)


def repeat_to_fill(mel: np.ndarray, length: int) -> np.ndarray:
    """Frames repeated from the start until they fill one patch; unchanged where they do."""
    if not 0 < len(mel) < length:
        return mel
    return np.resize(mel, (length, mel.shape[1]))


@cache
def hann_window() -> np.ndarray:
    """Symmetric Hann window, float32 [512], not normalised."""
    return np.hanning(FRAME).astype(np.float32)


@cache
def mel_filters() -> np.ndarray:
    """Slaney mel filter bank, unit area in Hz, float32 [257, 96]."""
    edges = _mel_to_hertz(np.linspace(0, _hertz_to_mel(SAMPLE_RATE / 2), BANDS + 2))
    bins = np.arange(FRAME // 2 + 1) * SAMPLE_RATE / FRAME
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    return (triangles * 2 / (high - low)).astype(np.float32)


_LINEAR_BELOW = 1000.0  # Hz: Slaney's scale is linear below and logarithmic above
_HERTZ_PER_MEL = 200 / 3
_LOG_STEP = np.log(6.4) / 27


def _hertz_to_mel(hertz: float) -> float:
    if hertz < _LINEAR_BELOW:
        return hertz / _HERTZ_PER_MEL
    return _LINEAR_BELOW / _HERTZ_PER_MEL + np.log(hertz / _LINEAR_BELOW) / _LOG_STEP


def _mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    knee = _LINEAR_BELOW / _HERTZ_PER_MEL
    return np.where(
        mel < knee, mel * _HERTZ_PER_MEL, _LINEAR_BELOW * np.exp(_LOG_STEP * (mel - knee))
    )
