"""Augmentation of mel frames: what it changes, and by how much."""

import numpy as np
import pytest

from engine.information import audible_mel
from engine.information.audible_mel import BANDS
from engine.information.augmentation import NARROWEST, Augmentation

DECIBELS = 10 / np.log(10)
LOUD = np.zeros((400, BANDS), np.float32)  # 0 everywhere: far above the threshold


def augmented(number: int = 100, **amounts: float) -> np.ndarray:
    random = np.random.default_rng(0)
    augment = Augmentation(**{"gain": 0.0, "equaliser": 0.0, "narrowed": 0.0, **amounts})
    return np.array([augment(LOUD[:20], random) for _ in range(number)])


def test_with_nothing_to_change_only_the_noise_differs():
    one, other = augmented(2)
    threshold = np.log(1 + audible_mel.threshold_power())
    assert np.abs(one - threshold)[:, 4:90].max() < 0.01
    assert not np.array_equal(one, other)
    quiet = Augmentation(0.0, 0.0, 0.0)(LOUD - 27, np.random.default_rng(0))
    assert np.abs(quiet - np.log(audible_mel.threshold_power())).mean() < 0.5


def test_gains_are_of_a_whole_crop():
    found = augmented(gain=6.0)[:, :, 30] * DECIBELS
    assert np.abs(found).max() == pytest.approx(6, abs=0.3)
    assert found.std(1).max() < 0.01
    assert found.mean(1).std() == pytest.approx(6 / np.sqrt(3), rel=0.2)


def test_the_equaliser_is_smooth_and_has_no_level_of_its_own():
    found = augmented(1000, equaliser=3.0)[:, 0, :] * DECIBELS
    inner = found[:, 6:88]
    assert np.abs(np.diff(inner, axis=1)).max() < 2.5
    assert 2 < inner.std() < 6
    assert np.abs(found.mean(0)[6:88]).max() < 0.7


def test_upper_bands_are_emptied_throughout_or_for_a_while():
    found = augmented(300, narrowed=0.5)
    empty = found < np.log(audible_mel.threshold_power()) + 4
    empty[:, :, :4] = empty[:, :, 90:] = False  # where a threshold is as loud as the music
    some, throughout = empty.any((1, 2)), empty.all(1).any(1)
    assert 0.35 < some.mean() < 0.55
    assert 0.3 < throughout.sum() / some.sum() < 0.75
    assert not empty[:, :, :NARROWEST].any()
    for crop in empty[some][:20]:  # all bands from some on
        bands = np.flatnonzero(crop.any(0))
        assert bands[-1] == 89
        assert len(bands) == 90 - bands[0]
