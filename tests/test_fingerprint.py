"""Fingerprints: what stays the same, and what has none."""

import numpy as np
import pytest
from copies import RATE, VARIANTS, heard, signs, song, sound

from engine.fingerprint import FRAMES_PER_S, fingerprint
from engine.fingerprint_match import (
    FRAME_BYTES,
    SKETCH,
    SKETCHES_ALIKE,
    as_long,
    is_copy,
    sketch,
    unpacked,
)

ORIGINAL = song()


def cosine(one: bytes, other: bytes) -> float:
    first, second = (np.frombuffer(stored, np.int8).astype(float) for stored in (one, other))
    return first @ second / np.linalg.norm(first) / np.linalg.norm(second)


def test_its_size_and_what_it_holds():
    found = heard(ORIGINAL)
    assert len(found.sketch) == SKETCH
    assert 20 * FRAMES_PER_S < len(found.signs) / FRAME_BYTES < 24 * FRAMES_PER_S
    ternary = unpacked(signs(ORIGINAL))
    assert set(np.unique(ternary)) == {-1, 0, 1}
    assert 0.4 < np.abs(ternary).mean() < 0.6 and abs(ternary.mean()) < 0.1


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_recording_in_another_file_is_a_copy(variant):
    other = heard(*VARIANTS[variant](ORIGINAL))
    assert cosine(heard(ORIGINAL).sketch, other.sketch) >= SKETCHES_ALIKE
    ours, theirs = signs(ORIGINAL), signs(*VARIANTS[variant](ORIGINAL))
    assert is_copy(ours, theirs) and is_copy(theirs, ours)


def test_a_level_changes_not_one_bit():
    assert heard(ORIGINAL * np.float32(0.25)) == heard(ORIGINAL)


def test_other_music_is_no_copy_and_its_sketch_is_far_away():
    others = [song(seed=seed) for seed in range(1, 7)]
    for other in others:
        assert not is_copy(signs(ORIGINAL), signs(other))
        assert cosine(heard(ORIGINAL).sketch, heard(other).sketch) < SKETCHES_ALIKE - 0.1


def test_an_edit_or_another_ending_is_no_copy():
    other = song(seed=1)
    longer = np.concatenate([ORIGINAL, other[: 4 * RATE]])
    edited = np.concatenate([ORIGINAL[: 14 * RATE], other[14 * RATE :]])
    for version in (longer, edited, ORIGINAL[: 20 * RATE]):
        assert not is_copy(signs(ORIGINAL), signs(version))


def test_one_instrument_alone_is_no_copy_of_all_together():
    drums = np.random.default_rng(3).standard_normal(ORIGINAL.shape) * 0.1
    drums *= np.tile(np.exp(-np.linspace(0, 6, RATE // 2)), 48)[:, None]
    mix = ORIGINAL + drums.astype(np.float32)
    assert not is_copy(signs(mix), signs(drums))


t = np.arange(20 * RATE) / RATE


@pytest.mark.parametrize(
    "samples",
    [
        np.sin(2 * np.pi * 440 * t),
        np.full(len(t), 0.3),
        np.zeros(len(t)),
        ORIGINAL[: 6 * RATE, 0],
        np.concatenate([ORIGINAL[: 4 * RATE, 0], np.zeros(60 * RATE)]),
        ORIGINAL[:100, 0],
    ],
    ids=["tone", "constant", "silence", "6 s", "4 s and long silence", "100 samples"],
)
def test_what_is_too_short_or_never_changes_has_none(samples):
    assert fingerprint(sound(samples.astype(np.float32)[:, None])) is None


def test_noise_is_a_copy_of_itself_only():
    one, other = (
        0.1 * np.random.default_rng(seed).standard_normal((20 * RATE, 1)) for seed in (1, 2)
    )
    assert is_copy(signs(one), signs(0.3 * one)) and not is_copy(signs(one), signs(other))


def test_lengths_that_go_together():
    assert as_long(90, 100) and as_long(100, 90) and not as_long(89, 100)


def test_the_sketch_is_the_same_on_every_machine():
    """Stored sketches are compared with new ones: they may never come out differently."""
    bits = np.random.PCG64(5).random_raw(200).view(np.uint16)[:600].reshape(2, 300)
    bits = np.stack([bits[0], bits[0] & bits[1]])
    found = np.frombuffer(sketch(bits), np.int8)[:8]
    np.testing.assert_allclose(found, GOLDEN, atol=1)  # products of matrices are rounded


GOLDEN = [-28, -3, 52, -17, -63, 48, 98, -19]
