"""The part of a recording that has information content, read as far as no network is needed."""

from dataclasses import dataclass

import numpy as np

from engine.audio import Audio
from engine.information import audible_mel, curve, log_mel
from engine.information.curve import Curve, Span
from engine.information.latent_cache import Key, key_of
from engine.information.latent_kinds import AUDIBLE_MEL, LOG_MEL

# What a model reads of samples, where that needs no network; codecs read the samples.
_FRAMES = {LOG_MEL: log_mel.band_frames, AUDIBLE_MEL: audible_mel.frames}


@dataclass(frozen=True, eq=False)
class Piece:
    """The sounding part of a recording. Picklable."""

    span: Span
    start_s: float  # of the recording's first sample in its file
    key: Key
    content: np.ndarray  # float32: mel frames [T, 96], or mono samples at 44.1 kHz [n]


def piece(sound: Audio, latents: str, audio_type: str = curve.MUSIC) -> Piece:
    """What is read of a recording for these latents (engine.information.latent_kinds)."""
    samples = log_mel.resampled(sound)
    span = curve.sounding(samples, audio_type)
    cut = span.cut(samples)
    content = _FRAMES[latents](cut) if latents in _FRAMES else cut
    return Piece(span, sound.excerpt[0], key_of(sound, span, len(cut)), content)


def placed(part: Piece, levels: tuple[float, ...], values: np.ndarray) -> Curve:
    """The curve of the whole recording from the information [levels, T] of its piece."""
    return curve.placed(part.span, levels, values, part.start_s)
