"""Fingerprints of made-up music, and what becomes of music in other files."""

import numpy as np
import soxr

from engine.audio import Audio
from engine.fingerprint import fingerprint
from engine.fingerprint_match import signs_of
from engine.records import Fingerprint, Media, Outcome, Tags

RATE = 16_000


def song(seconds: float = 24.0, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """Melody, chords and drums that never repeat exactly; float32 [n, 1], peak 0.5."""
    random = np.random.default_rng(seed)
    length, t = round(seconds * rate), np.arange(rate) / rate
    made = np.zeros(length + rate)
    beat = random.uniform(0.22, 0.34)
    for start in (np.arange(seconds / beat) * beat * rate).astype(int):
        for hertz in 110 * 2 ** (random.integers(0, 48, 3) / 12):
            partials = sum(np.sin(2 * np.pi * hertz * k * t) / k for k in (1, 2, 3))
            made[start : start + rate] += random.random() * partials * np.exp(-5 * t)
        made[start : start + rate] += (
            random.random() * random.standard_normal(rate) * np.exp(-30 * t)
        )
    made = made[:length]
    return (made * 0.5 / np.abs(made).max()).astype(np.float32)[:, None]


def sound(samples: np.ndarray, rate: int = RATE) -> Audio:
    """As decoded."""
    media = Media(len(samples) / rate, rate, samples.shape[1], "pcm_s16le")
    return Audio(
        np.ascontiguousarray(samples, np.float32), rate, media, Tags(), "", None,
        (0.0, len(samples) / rate),
    )  # fmt: skip


def heard(samples: np.ndarray, rate: int = RATE) -> Fingerprint:
    found = fingerprint(sound(samples, rate))
    assert found is not None
    return found


def signs(samples: np.ndarray, rate: int = RATE) -> np.ndarray:
    return signs_of(heard(samples, rate).signs)


def outcome(acoustic: Fingerprint | None, version: str = "1") -> Outcome:
    return Outcome("fingerprint", version, "ok", acoustic=acoustic)


def limited(samples: np.ndarray, decibels: float) -> np.ndarray:
    """Louder, with what is over full scale bent back."""
    louder = samples * 10 ** (decibels / 20) / np.abs(samples).max()
    return np.tanh(louder).astype(np.float32)


VARIANTS = {
    "34 dB softer": lambda x: (x * 0.02, RATE),
    "at full scale": lambda x: (x * 2, RATE),
    "10 dB over full scale": lambda x: (limited(x, 10), RATE),
    "5 s of silence before, 3 s after": lambda x: (np.pad(x, ((83_217, 48_000), (0, 0))), RATE),
    "quiet noise": lambda x: (
        x + 0.002 * np.random.default_rng(9).standard_normal(x.shape), RATE,
    ),
    "stereo": lambda x: (np.repeat(x, 2, axis=1), RATE),
    "44.1 kHz": lambda x: (soxr.resample(x, RATE, 44_100), 44_100),
    "a second cut off its end": lambda x: (x[:-RATE], RATE),
    "0.4 s cut off its start": lambda x: (x[6_400:], RATE),
}  # fmt: skip
