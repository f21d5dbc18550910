"""The command of Music2Latent's latents."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sounds import encode, tune

from engine import audio
from engine.information import latents, systems
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


@pytest.fixture
def nowhere(tmp_path, monkeypatch) -> Path:
    """A folder of models, and no weights anywhere."""
    monkeypatch.setattr(systems.models, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *names: None)
    monkeypatch.setenv("SERENDIP_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("variant", "repository", "system"),
    [
        ("original", "SonyCSLParis/music2latent", "gmm"),
        ("noise-augmented", "CPJKU/pa-audioic", "pa-flow"),
    ],
)
def test_weights_are_found_or_what_brings_them_is_said(
    weights, nowhere, tmp_path, caplog, variant, repository, system
):
    np.save(tmp_path / "a.npy", np.zeros((2, 64), np.float32))
    command = ["decode", str(tmp_path / "a.npy"), str(tmp_path / "a.wav"), "--variant", variant]
    assert latents.main(command) == 1
    assert repository in caplog.text and "\n" not in caplog.messages[0]
    assert f"engine.information.systems fetch {system}" in caplog.text
    place = nowhere / repository.split("/")[1] / "music2latent.pt"
    place.parent.mkdir(parents=True)
    place.symlink_to(weights[1])  # of the original variant
    done = latents.main([*command, "--device", "cpu"])
    if variant == "original":
        assert done == 0 and (tmp_path / "a.wav").stat().st_size > 2 * 4096
    else:
        assert done == 1 and f"{place} is not the noise-augmented variant" in caplog.text


@pytest.mark.parametrize("device", ["cuda:77", "tape"])
def test_a_device_that_is_not_there_is_said(weights, tmp_path, caplog, device):
    np.save(tmp_path / "a.npy", np.zeros((2, 64), np.float32))
    command = ["decode", str(tmp_path / "a.npy"), str(tmp_path / "a.wav"), *weights]
    assert latents.main([*command, "--device", device]) == 1
    assert "There is no device" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--steps", "0"], "0 is less than 1"),
        (["--seed", "99999999999999999999"], "is not between 0 and"),
        (["--seconds", "nan"], "between a second and a day"),
    ],
)
def test_numbers_that_cannot_be_are_refused(arguments, why, capsys):
    with pytest.raises(SystemExit) as ended:
        latents.main(["decode", "a.npy", "a.wav", *arguments])
    assert ended.value.code == 2
    assert why in capsys.readouterr().err
