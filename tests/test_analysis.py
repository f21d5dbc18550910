"""Recordings to curves, end to end, with small models of random weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from information_models import TRUNK, model
from sounds import encode, tune

from engine import audio
from engine.information import checkpoints, latent_kinds, log_mel
from engine.information.analysis import Analyst
from engine.information.checkpoints import Checkpoint
from engine.information.codec import Codec
from engine.information.model import InformationModel, Noise
from engine.information.music2latent import Music2Latent

RATE, FRAME = log_mel.SAMPLE_RATE, log_mel.FRAME


def sound(folder: Path, name: str, samples: np.ndarray, rate: int = RATE) -> audio.Audio:
    return audio.decode(encode(folder / name, samples, rate))


def test_curves_lie_on_the_grid_of_the_file(tmp_path: Path):
    analyst = Analyst(model(latent_kinds.LOG_MEL))
    quiet = np.zeros((4 * FRAME, 2), np.float32)
    loud = tune(2)
    sounds = [
        sound(tmp_path, "a.wav", np.concatenate((quiet, loud, quiet))),
        sound(tmp_path, "b.wav", loud),
        sound(tmp_path, "c.wav", quiet),
        sound(tmp_path, "d.wav", tune(2, 22_050), 22_050),
    ]
    noise = Noise((0.0, 0.5))
    padded, plain, silent, low = analyst.curves(sounds, noise)
    assert plain.values.shape == (2, 2 * RATE // FRAME)
    assert padded.values.shape == (2, (2 * RATE + 8 * FRAME) // FRAME)
    assert np.isnan(padded.values[:, :4]).all()
    assert np.isnan(padded.values[:, -3:]).all()
    assert np.isnan(silent.values).all() and silent.mean() is None
    assert low.values.shape == plain.values.shape
    for one in (padded, plain, low):
        assert np.isfinite(one.mean(0.5))
    (alone,) = analyst.curves(sounds[:1], noise)
    np.testing.assert_allclose(alone.values, padded.values, atol=1e-3)


@pytest.mark.parametrize("latents", [latent_kinds.MUSIC2LATENT, latent_kinds.NOISE_AUGMENTED])
def test_models_of_music2latent_take_their_codec(tmp_path: Path, latents: str):
    torch.manual_seed(0)
    augmented = latents == latent_kinds.NOISE_AUGMENTED
    codec = Codec(Music2Latent(augmented), latents)
    analyst = Analyst(model(latents), codec)
    (curve,) = analyst.curves([sound(tmp_path, "a.wav", tune(1))])
    known = ~np.isnan(curve.values[0])
    assert curve.values.shape == (1, RATE // FRAME)
    assert known.tolist() == [False, *[True] * (known.sum()), *[False] * (9 - known.sum())]
    assert known.sum() >= 8


@pytest.mark.parametrize(("gain", "mean"), [(1.0, 41_968.869), (0.1, 46_779.638)])
def test_models_of_the_first_frames_give_what_they_gave(tmp_path: Path, gain: float, mean: float):
    """As the version that trained them: their values in a library stay comparable."""
    first = model(latent_kinds.LOG_MEL)
    kept = Checkpoint(first._model, checkpoints.FLOW, latent_kinds.LOG_MEL, first.whitening)
    checkpoints.save(tmp_path / "first.safetensors", kept, TRUNK)
    loaded = checkpoints.load(tmp_path / "first.safetensors")
    assert loaded.latents == latent_kinds.LOG_MEL
    analyst = Analyst(InformationModel(loaded, integration=first.integration))
    (curve,) = analyst.curves([sound(tmp_path, "a.wav", gain * tune(3))])
    assert curve.mean() == pytest.approx(mean, rel=1e-3)


def test_the_level_of_a_recording_does_not_count(tmp_path: Path):
    whole = sound(tmp_path, "a.wav", tune(3))
    levels = [
        replace(whole, samples=whole.samples * np.float32(10 ** (decibels / 20)))
        for decibels in (0, -20, 4)
    ]
    plain, *others = Analyst(model(latent_kinds.AUDIBLE_MEL)).curves(levels)
    for other in others:
        np.testing.assert_allclose(other.values, plain.values, rtol=1e-3)
    plain, *others = Analyst(model(latent_kinds.LOG_MEL)).curves(levels)
    assert all(abs(other.mean() / plain.mean() - 1) > 0.01 for other in others)


def test_a_mono_copy_has_the_values_of_the_recording(tmp_path: Path):
    stereo = sound(tmp_path, "a.wav", tune(3))
    mono = replace(stereo, samples=stereo.mono()[:, None])
    one, other = Analyst(model(latent_kinds.AUDIBLE_MEL)).curves([stereo, mono])
    np.testing.assert_allclose(one.values, other.values)


def test_models_and_codecs_must_agree():
    with pytest.raises(ValueError, match="reads music2latent latents, and these are those of mel"):
        Analyst(model(latent_kinds.MUSIC2LATENT))
