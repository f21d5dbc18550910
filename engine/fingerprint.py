"""Acoustic fingerprints: what of a recording survives another level, codec, limiter or lead-in.

Goal: the sounding part of a recording as signs over time and frequency that copies share and other
music does not. After Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR
2002): a sign says whether the level of a band, relative to the next one, rises or falls. A gain, an
equalizer and a limiter that works on the whole signal cancel out of that. Differently from theirs,
changes too small to survive a codec have no sign at all, instead of one by chance.
engine/fingerprint_match.py compares them.
"""

import numpy as np
import soxr

from engine.audio import Audio
from engine.fingerprint_match import sketch, too_poor
from engine.records import Fingerprint

RATE = 8000  # Hz: what is above 4 kHz is the first that codecs drop
WINDOW = 4096  # samples, 0.5 s: long beside the 0.06 s by which two grids of frames may differ
HOP = 1000  # samples
FRAMES_PER_S = RATE / HOP
LAG = 4  # frames between which a change is measured: about the length of a window
BITS = 16  # a frame: one for each pair of neighbouring bands
LOWEST_HZ, HIGHEST_HZ = 150.0, 3600.0
QUIET_DB = -50.0  # of a frame below the loud ones: silence or fading, whose changes are noise
BAND_QUIET_DB = -60.0  # of a band, likewise: what codecs leave out
LOUD_PERCENTILE = 95
SIGNED = 0.5  # share of the changes, the largest ones, that have a sign
SMALLEST_DB = 0.5  # change that has one: less is left in a steady tone by a codec
_PART = 256  # frames that are transformed at a time


def fingerprint(audio: Audio) -> Fingerprint | None:
    """The fingerprint of a recording; None where too little of it sounds and changes to tell it
    from another one."""
    mono = audio.mono()
    if audio.sample_rate != RATE:
        mono = soxr.resample(mono, audio.sample_rate, RATE, quality="LQ")
    levels, total = band_levels(np.ascontiguousarray(mono, np.float32))
    return packed(*signs(levels, total))


def packed(signed: np.ndarray, rising: np.ndarray) -> Fingerprint | None:
    """From uint16 [frames] each: which changes have a sign, and those of them that rise. It begins
    and ends with the sounding part."""
    there = np.flatnonzero(signed)
    if not len(there):
        return None
    signs = np.stack([signed, rising])[:, there[0] : there[-1] + 1].astype("<u2")
    return None if too_poor(signs) else Fingerprint(signs.tobytes(), sketch(signs))


def band_levels(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 [frames, BITS + 1] power of the bands and [frames] of all; none below a window."""
    if len(samples) < WINDOW:
        return np.empty((0, BITS + 1), np.float32), np.empty(0, np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    bands = _bands()
    levels = np.concatenate(
        [
            np.square(np.abs(np.fft.rfft(frames[start : start + _PART] * _HANN))) @ bands
            for start in range(0, len(frames), _PART)
        ]
    )
    return levels, levels.sum(axis=1)


_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def _bands() -> np.ndarray:
    """float32 [bins, BITS + 1]: triangles on a logarithmic frequency axis, half overlapping."""
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BITS + 3)
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    place = np.interp(np.log(np.maximum(bins, 1.0)), np.log(edges), np.arange(BITS + 3))
    return np.maximum(1 - np.abs(place[:, None] - np.arange(1, BITS + 2)), 0).astype(np.float32)


def signs(levels: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint16 [frames - LAG] twice: which changes have a sign, and which of those rise."""
    nothing = np.zeros(0, np.uint16)
    if len(total) <= LAG or not total.max() > 0:
        return nothing, nothing
    loud = np.percentile(total, LOUD_PERCENTILE)
    floor = loud * 10 ** (BAND_QUIET_DB / 10) + np.finfo(np.float32).tiny
    decibels = 10 * np.log10(np.maximum(levels, floor))
    contrast = np.diff(decibels, axis=1)
    change = contrast[LAG:] - contrast[:-LAG]
    quiet = total < loud * 10 ** (QUIET_DB / 10)
    change[quiet[LAG:] | quiet[:-LAG]] = 0
    size = np.abs(change)
    heard = size[size > 0]
    if not len(heard):
        return nothing, nothing
    least = max(float(np.quantile(heard, 1 - SIGNED)), SMALLEST_DB)
    return _packed(size >= least), _packed(change >= least)


def _packed(bits: np.ndarray) -> np.ndarray:
    """bool [frames, BITS] as uint16 [frames], the lowest band in the lowest bit."""
    return np.packbits(bits, axis=1, bitorder="little").view("<u2")[:, 0]
