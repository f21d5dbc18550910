"""Tempo, key by three profiles, loudness and danceability: descriptors that need no model.

Source: Essentia's KeyExtractor and Danceability; engine/rhythm.py and engine/loudness.py for the
others. Keys are spelled with sharps. Whatever an algorithm cannot tell is left out, never zero.
"""

import math

import numpy as np
import soxr

from engine import essentia_algorithms, loudness
from engine.audio import Audio
from engine.rhythm import FASTEST_BPM, SAMPLE_RATE, BeatTracker

KEY_PROFILES = ("temperley", "krumhansl", "edma")
# Essentia documents 0 to 3; 0 stands for too little variation to measure, and pure tones of a few
# hertz give hundreds.
_MOST_DANCEABLE = 6.0
_SHARPS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}


class Dsp:
    """Holds the algorithms, which are set up once per process."""

    def __init__(self):
        es = essentia_algorithms.load()
        self._beats = BeatTracker()
        self._keys = {
            profile: es.KeyExtractor(profileType=profile, sampleRate=SAMPLE_RATE)
            for profile in KEY_PROFILES
        }
        self._danceability = es.Danceability(sampleRate=SAMPLE_RATE)

    def __call__(self, audio: Audio) -> dict[str, float | str]:
        """Descriptor column → value; columns that could not be computed are absent."""
        values = _loudness(audio)
        samples = at_rate(audio, SAMPLE_RATE)
        rhythm = self._beats(samples)
        if rhythm.bpm is not None and rhythm.bpm <= FASTEST_BPM:
            values |= {"tempo_bpm": rhythm.bpm, "tempo_confidence": rhythm.confidence}
        for profile, extractor in self._keys.items():
            key, scale, strength = extractor(samples)
            if strength > 0:  # zero stands for no tonal content at all, and comes with "A"
                values |= {
                    f"key_{profile}": _SHARPS.get(key, key),
                    f"scale_{profile}": scale,
                    f"strength_{profile}": float(strength),
                }
        danceability, _ = self._danceability(samples)
        if 0 < danceability <= _MOST_DANCEABLE:
            values["danceability_dsp"] = float(danceability)
        return {name: value for name, value in values.items() if _is_finite(value)}


def at_rate(audio: Audio, sample_rate: int) -> np.ndarray:
    """Mono samples at a rate, float32 [n]; band-limited (soxr, high quality)."""
    mono = audio.mono()
    if audio.sample_rate != sample_rate:
        mono = soxr.resample(mono, audio.sample_rate, sample_rate)
    return np.ascontiguousarray(mono, np.float32)


def _loudness(audio: Audio) -> dict[str, float]:
    measured = audio.loudness or loudness.measure(audio.samples, audio.sample_rate)
    if measured.integrated_lufs is None:
        return {}
    values = {"loudness_lufs": measured.integrated_lufs}
    if measured.range_lu is not None:
        values["loudness_range_lu"] = measured.range_lu
    return values


def _is_finite(value: float | str) -> bool:
    return isinstance(value, str) or math.isfinite(value)
