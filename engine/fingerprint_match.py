"""Whether two acoustic fingerprints are of one recording.

Goal: the same recording in another file (codec, rate, level, limiter, mono, silence around it, a
fade cut by a few seconds) is one recording; another take, mix or length is not. Conventions: signs
are uint16 [2, frames] as engine.fingerprint makes them, 8 frames a second; a score is the
correlation of the two as -1, 0 and +1: 0 of different music, 1 of equal one. Thresholds:
benchmarks/COPIES.md. Pure.
"""

from functools import cache

import numpy as np

FRAME_BYTES = 4  # of signs
BANDS = 16
SKETCH = 128  # dimensions
# Two lengths of one recording: encoders and fades take seconds; an edit or a longer mix takes more.
OVERLAP = 0.9  # of the longer one
FARTHEST = 80  # frames, 10 s, by which one may begin later than the other
# Below, chance alone brings too much likeness, or none of it would be music.
FEWEST_FRAMES = 64  # 8 s
FEWEST_SIGNS = 1.0  # a frame, on average; half of the 16 bands have one in music
# Copies are above both: overall, and in nearly every stretch of 8 s, where another voice, a take
# or an edit shows.
ALIKE = 0.70
ALIKE_IN_PART = 0.55
PARTS_UNLIKE = 0.1  # share of the stretches that may fall below: a damaged or nearly silent moment
PART = 64  # frames
_PROBE = 240  # frames, 30 s, that say by how much the two are shifted
# Between sketches. Copies have at least 0.79; different music has 0.00 with a standard deviation of
# 0.09, and of 33,000 pairs at most 0.38.
SKETCHES_ALIKE = 0.55
_LAGS = range(8, 72, 2)  # frames, 1 to 9 s: longer than what neighbouring frames share


def signs_of(stored: bytes) -> np.ndarray:
    """uint16 [2, frames] from records.Fingerprint.signs."""
    return np.frombuffer(stored, dtype="<u2").reshape(2, -1)


def too_poor(signs: np.ndarray) -> bool:
    """Whether a fingerprint says too little to be compared: short, or of a steady sound."""
    frames = signs.shape[1]
    return frames < FEWEST_FRAMES or _count(signs[0]) < FEWEST_SIGNS * frames


def as_long(frames: int, others: int) -> bool:
    """Whether two lengths can be of one recording."""
    return min(frames, others) >= OVERLAP * max(frames, others)


def is_copy(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether signs are of one recording."""
    if not as_long(one.shape[1], other.shape[1]) or too_poor(one) or too_poor(other):
        return False
    shift = _shift(one, other)
    first, second = max(shift, 0), max(-shift, 0)
    frames = min(one.shape[1] - first, other.shape[1] - second)
    if frames < max(FEWEST_FRAMES, OVERLAP * max(one.shape[1], other.shape[1])):
        return False
    agree, ours, theirs = _agreement(
        one[:, first : first + frames], other[:, second : second + frames]
    )
    if _score(agree.sum(), ours.sum(), theirs.sum()) < ALIKE:
        return False
    starts = np.arange(0, max(frames - PART // 2, 1), PART)  # the last one takes in what is left
    parts = [np.add.reduceat(counts, starts) for counts in (agree, ours, theirs)]
    said = np.sqrt(parts[1] * parts[2]) >= FEWEST_SIGNS * PART
    unlike = _score(*(part[said] for part in parts)) < ALIKE_IN_PART
    return bool(np.count_nonzero(unlike) <= PARTS_UNLIKE * np.count_nonzero(said))


def _shift(one: np.ndarray, other: np.ndarray) -> int:
    """By how many frames `one` is ahead, at most FARTHEST either way."""
    length = min(one.shape[1], other.shape[1], _PROBE)
    # The part of `one` that has most signs, among some: what is steady fits anywhere.
    starts = np.unique(np.linspace(0, one.shape[1] - length, 9).astype(int))
    said = np.concatenate([[0], np.cumsum(np.bitwise_count(one[0]), dtype=np.int64)])
    start = int(starts[np.argmax(said[starts + length] - said[starts])])
    probe = one[:, start : start + length]
    low = start - FARTHEST
    padded = np.zeros((2, length + 2 * FARTHEST), np.uint16)
    begin, end = max(low, 0), min(start + length + FARTHEST, other.shape[1])
    padded[:, begin - low : end - low] = other[:, begin:end]
    views = np.lib.stride_tricks.sliding_window_view(padded, length, axis=1)
    agree, ours, theirs = (counts.sum(axis=-1) for counts in _agreement(probe[:, None, :], views))
    return FARTHEST - int(np.argmax(_score(agree, ours, theirs)))


def _agreement(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """int32 [..., frames] each: signs that agree less those that do not, and signs of either."""
    both = one[0] & other[0]
    differing = np.bitwise_count(both & (one[1] ^ other[1])).astype(np.int32)
    agree = np.bitwise_count(both) - 2 * differing
    counts = (np.bitwise_count(signed).astype(np.int32) for signed in (one[0], other[0]))
    return agree, *counts


def _score(agree: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return agree / np.sqrt(np.maximum(ours * np.float64(1) * theirs, 1))


def _count(bits: np.ndarray) -> int:
    return int(np.bitwise_count(bits).sum())


def sketch(signs: np.ndarray) -> bytes:
    """int8 [SKETCH]: how the bands go together over 1 to 9 s, in random directions.

    It does not change where a recording is shifted, and little where an end is cut off.
    """
    ternary = unpacked(signs)
    frames = len(ternary)
    found = np.zeros((len(_LAGS), BANDS, BANDS), np.float32)
    for place, lag in enumerate(_LAGS):
        if lag < frames:
            found[place] = ternary[:-lag].T @ ternary[lag:] / np.sqrt(frames - lag)
    turned = found.ravel() @ _directions()
    largest = np.abs(turned).max()
    return np.round(turned * (127 / (largest or 1))).astype(np.int8).tobytes()


def unpacked(signs: np.ndarray) -> np.ndarray:
    """float32 [frames, BANDS] of -1, 0 and 1."""
    bits = np.unpackbits(
        np.ascontiguousarray(signs, "<u2").view(np.uint8).reshape(2, -1, 2),
        axis=-1,
        bitorder="little",
    )
    signed, rising = bits.astype(np.float32)
    return 2 * rising - signed


@cache
def _directions() -> np.ndarray:
    """float32 [lags · bands², SKETCH] of -1 and 1, the same everywhere and always."""
    rows = len(_LAGS) * BANDS * BANDS
    raw = np.random.PCG64(0).random_raw(rows * SKETCH // 64).astype("<u8").view(np.uint8)
    return np.unpackbits(raw).reshape(rows, SKETCH).astype(np.float32) * 2 - 1
