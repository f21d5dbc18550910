"""Recordings to curves, end to end, with small models of random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from information_models import model
from sounds import encode, tune

from engine import audio
from engine.information import latent_kinds, log_mel
from engine.information.analysis import Analyst
from engine.information.codec import Codec
from engine.information.model import Noise
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


def test_models_and_codecs_must_agree():
    with pytest.raises(ValueError, match="reads music2latent latents, and these are log-mel"):
        Analyst(model(latent_kinds.MUSIC2LATENT))
