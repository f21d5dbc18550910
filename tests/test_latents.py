"""The command of Music2Latent's latents."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sounds import encode, tune

from engine import audio
from engine.information import latents
from engine.information.codec import latent_frames
from engine.information.music2latent import Music2Latent


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> list[str]:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "music2latent.pt"
    torch.save({"gen_state_dict": Music2Latent().state_dict()}, path)
    return ["--weights", str(path)]


def test_audio_to_latents_and_back(weights, tmp_path: Path):
    song = str(encode(tmp_path / "song.flac", tune(0.6), codec="flac"))
    coded, features, back = (str(tmp_path / name) for name in ("a.npy", "b.npy", "c.wav"))
    assert latents.main(["encode", song, coded, *weights]) == 0
    assert latents.main(["features", song, features, *weights]) == 0
    samples = len(audio.decode(song).samples)
    assert np.load(coded).shape == (latent_frames(samples), 64)
    assert np.load(features).shape == (latent_frames(samples), 8192)
    assert latents.main(["decode", coded, back, *weights]) == 0
    decoded = audio.decode(back)
    assert decoded.samples.shape == (latent_frames(samples) * 4096 + 1536, 1)
    assert decoded.sample_rate == 44_100


def test_what_cannot_be_done_is_said(weights, tmp_path: Path, caplog):
    for name, values in (("wrong.npy", np.zeros((3, 5))), ("text.npy", np.array(["a"]))):
        np.save(tmp_path / name, values)
        source, target = str(tmp_path / name), str(tmp_path / "out.wav")
        assert latents.main(["decode", source, target, *weights]) == 1
        assert "no latents [T, 64]" in caplog.text
        caplog.clear()
    (tmp_path / "no.mp3").write_bytes(b"nothing")
    assert latents.main(["encode", str(tmp_path / "no.mp3"), "x.npy", *weights]) == 1
    assert "not audio" in caplog.text
    assert latents.main(["encode", "a", "b", "--weights", str(tmp_path / "no.mp3")]) == 1
    assert "cannot be read" in caplog.text
