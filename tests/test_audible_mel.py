"""Mel frames as they are heard: at one loudness, over the threshold of hearing."""

import numpy as np
import pytest
from sounds import tune

from engine.information import audible_mel, log_mel
from engine.information.audible_mel import BANDS

RATE, FRAME = log_mel.SAMPLE_RATE, log_mel.FRAME


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    """Decaying chords over noise 50 dB below."""
    noise = np.random.default_rng(0).normal(0, 0.0005, 8 * RATE)
    return (tune(8)[:, 0] + noise).astype(np.float32)


@pytest.mark.parametrize("decibels", [-34, -20, -10, 4])
def test_the_level_of_a_recording_does_not_count(music, decibels):
    plain, other = (audible_mel.frames(music * np.float32(10 ** (d / 20))) for d in (0, decibels))
    assert np.abs(other - plain).max() < 1e-3
    # What the first models read moves with the level, and where it is quiet by less than that.
    before = log_mel.band_frames(music * np.float32(10 ** (decibels / 20)))
    assert np.abs(before - log_mel.band_frames(music)).max() > 0.5


def test_the_level_of_a_moment_counts(music):
    fading = music.copy()
    fading[4 * RATE :] *= 0.1
    difference = (audible_mel.energies(fading) - audible_mel.energies(music))[:, :50]
    first, last = difference[:40].mean(), difference[-40:].mean()
    assert first - last == pytest.approx(np.log(100), abs=0.05)


def test_what_is_too_quiet_for_a_meter_is_brought_to_one_level_too(music):
    quiet = music * np.float32(10 ** (-70 / 20))
    assert np.abs(audible_mel.frames(quiet) - audible_mel.frames(music)).max() < 2
    assert np.isfinite(audible_mel.frames(np.zeros(RATE, np.float32))).all()
    assert audible_mel.frames(np.zeros(10, np.float32)).shape == (0, BANDS)


def test_a_sine_as_loud_as_the_recording_has_energy_0():
    """A second of 1 kHz among silence, which the meter's gate leaves out."""
    samples = np.zeros(4 * RATE, np.float32)
    samples[RATE : 3 * RATE] = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(2 * RATE) / RATE)
    energies = audible_mel.energies(samples)
    assert energies[12:30].max(1) == pytest.approx(0, abs=0.5)
    assert energies[:9] == pytest.approx(np.log(audible_mel.QUIETEST))


def test_what_is_below_the_threshold_changes_nothing(music):
    """40 dB below the threshold of hearing in every band: as good as nothing."""
    energies = audible_mel.energies(music)
    inaudible = np.log(audible_mel.threshold_power()) - 40 * np.log(10) / 10
    filled = np.logaddexp(energies, inaudible)
    noise = audible_mel.inner_noise(len(energies))
    moved = np.abs(audible_mel.heard(filled, noise) - audible_mel.heard(energies, noise))
    assert moved.max() < 0.01
    # The first models' latents move by more than the music itself does from frame to frame.
    floor = np.log(log_mel.FLOOR)
    assert np.abs(np.maximum(energies, floor) - np.maximum(filled, floor)).max() > 1


def test_the_threshold_is_that_of_hearing():
    """Lowest at 3 to 4 kHz, 5 dB below 0 dB SPL; at 100 Hz and at 14 kHz far above it."""
    level = 10 * np.log10(audible_mel.threshold_power()) + audible_mel.LISTENING
    centres = log_mel.centres()
    assert 3_000 < centres[level.argmin()] < 4_000
    assert level.min() == pytest.approx(-5, abs=0.5)
    at = {hertz: level[np.abs(centres - hertz).argmin()] for hertz in (100, 1_000, 14_000)}
    assert at[100] == pytest.approx(23, abs=2)
    assert at[1_000] == pytest.approx(3.4, abs=0.5)
    assert at[14_000] > 35


def test_the_noise_is_that_of_the_bands_and_windows():
    """As many independent values as white noise really has."""
    white = np.random.default_rng(0).standard_normal(1500 * FRAME).astype(np.float32)
    power = np.concatenate([block.mean(1) for block in log_mel.window_powers(white)])[2:]
    measured = power.mean(0) ** 2 / power.var(0)
    assert np.abs(measured / audible_mel.degrees() - 1).mean() < 0.07
    for noise in (
        audible_mel.inner_noise(1500),
        audible_mel.random_noise(np.random.default_rng(1), 1500),
    ):
        assert noise.mean() == pytest.approx(1, abs=0.01)
        assert np.abs(1 / noise.var(0) / audible_mel.degrees() - 1).mean() < 0.07


def test_the_noise_is_always_the_same_and_hangs_on_the_frame_only():
    noise = audible_mel.inner_noise(50)
    assert np.array_equal(audible_mel.inner_noise(20), noise[:20])
    # Else every value of information content would be another one.
    assert noise[3, [0, 40, 95]] == pytest.approx([1.011047, 0.880013, 0.884352], abs=1e-5)


def test_blocks_join_without_a_seam(monkeypatch, music):
    whole = audible_mel.frames(music)
    monkeypatch.setattr(log_mel, "_FRAMES_AT_ONCE", 5)
    assert np.allclose(audible_mel.frames(music), whole, atol=1e-4)
