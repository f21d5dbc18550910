"""Log-mel latents: their grid, their levels, and the whitening."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import encode, tune

from engine import audio
from engine.information import log_mel

RATE, FRAME = log_mel.SAMPLE_RATE, log_mel.FRAME


def sine(hertz: float, seconds: float = 1.0, amplitude: float = 1.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


@settings(deadline=None)  # the first call makes the filters
@given(st.integers(0, 5 * FRAME))
def test_whole_frames_only(samples):
    bands = log_mel.band_frames(np.zeros(samples, np.float32))
    assert bands.shape == (samples // FRAME, log_mel.BANDS)


def test_silence_is_the_floor():
    bands = log_mel.band_frames(np.zeros(RATE, np.float32))
    assert np.allclose(bands, np.log(log_mel.FLOOR))


@pytest.mark.parametrize("hertz", [110, 440, 1000, 5000])
def test_a_sine_is_in_its_band_and_at_its_level(hertz):
    bands = log_mel.band_frames(sine(hertz))[2:]
    edges = 700 * (10 ** (np.linspace(log_mel.mel(20), log_mel.mel(16_000), 98) / 2595) - 1)
    assert abs(edges[1 + bands.mean(0).argmax()] - hertz) < max(40, 0.06 * hertz)
    assert -1.2 < bands.max(1).mean() < 1.0  # full scale is near 0
    tenth = log_mel.band_frames(sine(hertz, amplitude=0.1))[2:]
    strongest = bands.mean(0).argmax()
    assert (bands - tenth).mean(0)[strongest] == pytest.approx(np.log(100), abs=0.01)


def test_a_frame_knows_nothing_of_what_comes_after_it():
    samples = tune(2)[:, 0]
    changed = samples.copy()
    changed[10 * FRAME :] = 0
    before, after = log_mel.band_frames(samples), log_mel.band_frames(changed)
    assert np.array_equal(before[:10], after[:10])
    assert not np.allclose(before[10], after[10])


def test_blocks_join_without_a_seam(monkeypatch):
    samples = tune(3)[:, 0]
    whole = log_mel.band_frames(samples)
    monkeypatch.setattr(log_mel, "_FRAMES_AT_ONCE", 5)
    assert np.allclose(log_mel.band_frames(samples), whole, atol=1e-5)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_any_sample_rate_gives_the_same_grid(tmp_path: Path, rate: int):
    t = np.arange(4 * rate) / rate
    samples = (0.3 * np.sin(2 * np.pi * 440 * t))[:, None].repeat(2, 1).astype(np.float32)
    sound = audio.decode(encode(tmp_path / "a.wav", samples, rate))
    bands = log_mel.band_frames(log_mel.resampled(sound))
    assert len(bands) == int(4 * RATE) // FRAME
    assert np.abs(bands[3:-3].max(1) - np.log(0.09)).max() < 1.3


def test_speed_raises_the_pitch(tmp_path: Path):
    sound = audio.decode(encode(tmp_path / "a.wav", np.tile(sine(440, 3)[:, None], 2)))
    octave = log_mel.band_frames(log_mel.resampled(sound, 2.0))
    plain = log_mel.band_frames(sine(880, 3))
    assert len(octave) == len(plain) // 2
    assert octave[3:-3].mean(0).argmax() == plain[3:-3].mean(0).argmax()


def test_whitened_frames_have_unit_covariance():
    random = np.random.default_rng(0)
    frames = random.standard_normal((5000, 96)) @ random.standard_normal((96, 96)) + 3
    whitening = log_mel.fit_whitening(frames.astype(np.float16))
    white = whitening(frames.astype(np.float32))
    assert white.shape == (5000, log_mel.DIMENSIONS)
    assert white.dtype == np.float32
    assert np.abs(white.mean(0)).max() < 0.01
    assert np.abs(np.cov(white, rowvar=False) - np.eye(64)).max() < 0.02
    again = log_mel.fit_whitening(frames[::-1].astype(np.float16))
    assert np.allclose(again.projection, whitening.projection, atol=1e-3)
