"""Clips of held-out music, whole and edited: what a model of information content should notice.

Conventions: frames of 92.9 ms. A clip starts with BEFORE frames of context; edits are made between
frames, which share 23 ms of sound. The clean counterpart of an edit is the same clip, cut at the
same places and joined to its own continuation: without overlap of frames, that is the clip itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BEFORE, PHRASE, BETWEEN = 108, 86, 54  # frames: 10, 8 and 5 s
BARS = 4
SHORTEST_BAR, LONGEST_BAR = 16, 32  # frames: 1.5 to 3 s, four beats at 80 to 160 a minute
LENGTH = max(BEFORE + PHRASE + BETWEEN + PHRASE, BEFORE + BARS * LONGEST_BAR)
AFTER = 6  # frames after a seam that should be surprising: 0.56 s
TRANSPOSED = 2  # semitones: one of the data set's variants
SEED = 0
_ORDER = (2, 0, 3, 1)  # no bar is where it was, or after the one it came after


@dataclass(frozen=True, eq=False)
class Track:
    """Latents of a recording [T, D], and of the same two semitones higher (and faster)."""

    latents: np.ndarray
    raised: np.ndarray
    bar: int  # frames


@dataclass(frozen=True)
class Place:
    """Where a clip is taken from, and what is spliced in."""

    track: int
    start: int
    other: int  # another track
    foreign: int  # start of a phrase there
    elsewhere: int  # start of a phrase of the same track


@dataclass(frozen=True, eq=False)
class Edited:
    """An edited clip beside its clean counterpart, both [T, D]."""

    edited: np.ndarray
    clean: np.ndarray
    seams: tuple[int, ...]  # the first frames after cuts


def places(lengths: Sequence[int], count: int) -> list[Place]:
    """Tracks in turn, each with random starts; lengths are at least LENGTH frames."""
    if len(lengths) < 2:
        raise ValueError(f"{len(lengths)} tracks: foreign phrases need two")
    random = np.random.default_rng(SEED)
    found = []
    for number in range(count):
        track = number % len(lengths)
        other = int(track + random.integers(1, len(lengths))) % len(lengths)
        foreign = random.integers(0, lengths[other] - PHRASE + 1)
        start, elsewhere = random.integers(0, lengths[track] - np.array([LENGTH, PHRASE]) + 1)
        found.append(Place(track, int(start), other, int(foreign), int(elsewhere)))
    return found


def bar_length(bands: np.ndarray) -> int:
    """Frames after which the onsets of log-mel frames [T, bands] repeat best, as bars do."""
    onsets = np.maximum(np.diff(bands.astype(np.float64), axis=0), 0).sum(1)
    onsets -= onsets.mean()
    lags = range(SHORTEST_BAR, LONGEST_BAR + 1)
    return max(lags, key=lambda lag: (onsets[lag:] * onsets[:-lag]).mean())


def repeated(tracks: Sequence[Track], place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Context, a phrase, what comes between, and then: the phrase again; the continuation."""
    clip = tracks[place.track].latents[place.start : place.start + LENGTH]
    length = BEFORE + PHRASE + BETWEEN
    again = np.concatenate((clip[:length], clip[BEFORE : BEFORE + PHRASE]))
    return again, clip[: length + PHRASE]


def edits(tracks: Sequence[Track], place: Place) -> dict[str, Edited]:
    """What is done to a clip after its context."""
    track = tracks[place.track]
    clip = track.latents[place.start : place.start + LENGTH]
    begun, clean = clip[:BEFORE], clip[: BEFORE + PHRASE]
    other = tracks[place.other].latents[place.foreign : place.foreign + PHRASE]
    elsewhere = track.latents[place.elsewhere : place.elsewhere + PHRASE]
    # What is higher is faster: the same moment comes earlier.
    moment = round((place.start + BEFORE) / 2 ** (TRANSPOSED / 12))
    raised = track.raised[moment : moment + PHRASE]
    phrases = {
        "foreign phrase": other,
        "phrase from elsewhere in the track": elsewhere,
        "transposed phrase": raised,
    }
    found = {
        name: Edited(np.concatenate((begun, phrase)), clean, (BEFORE,))
        for name, phrase in phrases.items()
    }
    end = BEFORE + BARS * track.bar
    bars = clip[BEFORE:end].reshape(BARS, track.bar, -1)
    shuffled = np.concatenate((begun, *(bars[number] for number in _ORDER)))
    seams = tuple(range(BEFORE, end, track.bar))
    found["shuffled bars"] = Edited(shuffled, clip[:end], seams)
    return found


def rise(information: np.ndarray, seams: Sequence[int]) -> np.ndarray:
    """Information [levels, T] after the seams less that of the last 5 s of context: [levels]."""
    after = [information[:, seam : seam + AFTER].mean(1) for seam in seams]
    return np.mean(after, axis=0) - information[:, BEFORE // 2 : BEFORE].mean(1)
