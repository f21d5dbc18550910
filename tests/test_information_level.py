"""What the measurement of levels does to recordings, and how it tells what came of it."""

import numpy as np
import pytest
from sounds import encode

from benchmarks import information_level as level
from engine.audio import Audio, decode

RATE = 44_100


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Audio:
    """White noise, in stereo."""
    noise = np.random.default_rng(0).normal(0, 0.2, (6 * RATE, 2)).clip(-1, 1)
    return decode(encode(tmp_path_factory.mktemp("level") / "noise.wav", noise, RATE))


def above(samples: np.ndarray, hertz: float) -> float:
    """Share of the power."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))[:, None], axis=0)) ** 2
    return power[np.fft.rfftfreq(len(samples), 1 / RATE) > hertz].sum() / power.sum()


def test_levels_are_decibels_and_files_clip_and_round(clip):
    louder = level.amplified(clip, 20)
    assert np.allclose(louder.samples, 10 * clip.samples)
    assert np.abs(level.clipped(louder).samples).max() == 1
    steps = level.rounded(clip).samples * 32768
    assert np.array_equal(steps, np.round(steps))


def test_only_the_middle_third_loses_its_upper_bands(clip):
    changed = level.lowpassed(clip).samples
    third = len(changed) // 3
    assert np.array_equal(changed[:third], clip.samples[:third])
    assert np.array_equal(changed[2 * third :], clip.samples[2 * third :])
    inside = changed[third + RATE // 10 : 2 * third - RATE // 10]
    assert above(inside, 2_500) < 1e-6 < 0.5 < above(clip.samples, 2_500)


def test_what_went_through_mp3_is_as_long_and_as_loud(clip):
    coded = level.coded(clip, 64)
    assert coded.seconds == pytest.approx(clip.seconds, abs=0.1)
    assert 0.3 < coded.samples.std() / clip.samples.std() <= 1.05
    assert above(coded.samples, 16_000) < above(clip.samples, 16_000) / 2
