"""The command that trains: on music, on kept latents, and what it says of what cannot work."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sounds import encode, tune

from engine import audio, models
from engine.information import (
    checkpoints,
    latent_kinds,
    material,
    precision,
    systems,
    train,
    training,
)
from engine.information.analysis import Analyst
from engine.information.flow import FlowModel
from engine.information.latent_cache import Key, LatentCache
from engine.information.model import InformationModel

torch.set_num_threads(1)  # the networks are small: threads would wait for each other

TINY = {"dim": 32, "depth": 1, "heads": 1, "dim_head": 32, "longest": 64}
HEADS = {
    checkpoints.FLOW: {"head_dim": 32, "head_blocks": 1, "head_time": 16},
    checkpoints.MIXTURE: {"modes": 2},
}


@pytest.fixture
def tiny(monkeypatch) -> None:
    """A size that trains in no time, on music that would be too little."""
    monkeypatch.setitem(training.TRUNKS, training.SMALL, TINY)
    monkeypatch.setitem(training.HEADS, training.SMALL, HEADS)
    monkeypatch.setattr(material, "ENOUGH_MINUTES", 0)
    monkeypatch.setattr(train, "FEWEST_STEPS", 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for seed in range(3):
        encode(folder / f"{seed}.wav", tune(4, seed=seed))
    return folder


def test_the_command_trains_and_goes_on(folder, tiny, tmp_path):
    out = tmp_path / "out"
    command = [str(folder), "--out", str(out), "--variants", "2", "--batch", "2", "--threads", "1"]
    assert train.main([*command, "--steps", "2"]) == 0
    assert train.main([*command, "--steps", "5"]) == 0
    lines = (out / training.LOG).read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["step", "2", "5"]
    card = checkpoints.load(out / training.MODEL).card
    assert (card["steps"], card["recordings"]) == (5, 4)  # two tracks in two variants
    assert train.main([*command, "--steps", "5"]) == 0  # there is nothing left to do
    assert (out / training.LOG).read_text().splitlines() == lines


def test_a_run_of_another_kind_is_not_gone_on_with(folder, tiny, tmp_path, caplog):
    command = [str(folder), "--out", str(tmp_path / "out"), "--variants", "1", "--steps", "1"]
    assert train.main(command) == 0
    assert train.main([*command, "--head", "mixture"]) == 2
    assert "take another --out" in caplog.text


@pytest.mark.parametrize(
    ("changed", "had"),
    [
        (["--batch", "3"], "--batch 2"),
        (["--rate", "0.1"], "--rate 0.001"),
        (["--noise", "0"], "--noise 0.1"),
        (["--cooldown", "0.6"], "--cooldown 0.25"),
        (["--precision", "float32"], "--precision bfloat16"),
        (["--seed", "1"], "--seed 0"),
        (["--size", "published"], "--size small"),
    ],
)
def test_changed_settings_are_refused_and_what_is_not_said_stays(
    folder, tiny, tmp_path, caplog, changed, had
):
    command = [str(folder), "--out", str(tmp_path / "out"), "--steps", "1"]
    settings = ["--batch", "2", "--precision", "bfloat16", "--variants", "1"]
    assert train.main([*command, *settings]) == 0
    assert train.main([*command, *changed]) == 2
    assert f"holds a run with other settings ({had})" in caplog.text
    caplog.clear()
    more = ["--steps", "2", "--every", "9", "--threads", "1", "--device", "cpu"]
    assert train.main([*command, *more]) == 0
    assert "the run goes on with" not in caplog.text
    resumed = training.Trainer.resume(tmp_path / "out")
    assert (resumed.step, resumed.settings.batch, resumed.card["variants"]) == (2, 2, 1)


@pytest.mark.parametrize("has", [True, False])
def test_bfloat16_is_warned_of_where_it_is_imitated(
    folder, tiny, tmp_path, monkeypatch, caplog, has
):
    monkeypatch.setattr(precision, "processor_has_bfloat16", lambda: has)
    command = [str(folder), "--out", str(tmp_path / "out"), "--batch", "1", "--variants", "1"]
    assert train.main([*command, "--steps", "1", "--precision", "bfloat16"]) == 0
    assert ("imitates it" in caplog.text) is not has


def test_a_run_may_start_with_another_models_weights(folder, tiny, tmp_path, caplog):
    command = [str(folder), "--batch", "1", "--variants", "1", "--out"]
    assert train.main([*command, str(tmp_path / "first"), "--steps", "3", "--seed", "1"]) == 0
    first = tmp_path / "first" / training.MODEL
    then = [*command, str(tmp_path / "then"), "--rate", "1e-9", "--start", str(first)]
    assert train.main([*then, "--steps", "1"]) == 0
    assert train.main([*then, "--steps", "2"]) == 0
    before, after = (
        checkpoints.load(tmp_path / name / training.MODEL) for name in ("first", "then")
    )
    for name, weights in before.model.state_dict().items():  # the rate has changed them by nothing
        assert torch.allclose(weights, after.model.state_dict()[name], atol=1e-6)
    assert np.array_equal(before.whitening.projection, after.whitening.projection)
    assert after.card["start"] == models.digest(first)
    assert after.card["steps"] == 2
    assert train.main([*command, str(tmp_path / "then"), "--start", "resident"]) == 2
    assert "holds a run with other settings (--rate" not in caplog.text
    assert f"--start {models.digest(first)}" in caplog.text


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (["--start", "nowhere.safetensors"], "there is no model nowhere.safetensors"),
        (["--start", "resident", "--size", "small"], "--head and --size are those of"),
        (["--start", "resident", "--head", "mixture"], "--head and --size are those of"),
    ],
)
def test_models_that_cannot_be_started_with(folder, tiny, tmp_path, caplog, changed, why):
    assert train.main([str(folder), "--out", str(tmp_path / "out"), *changed]) == 2
    assert why in caplog.text


def test_models_of_other_frames_cannot_be_started_with(folder, tiny, tmp_path, caplog):
    network = FlowModel(**TINY, **HEADS[checkpoints.FLOW])
    old = checkpoints.Checkpoint(network, checkpoints.FLOW, latent_kinds.LOG_MEL)
    path = tmp_path / "old.safetensors"
    checkpoints.save(path, old, {**TINY, **HEADS[checkpoints.FLOW]})
    assert train.main([str(folder), "--out", str(tmp_path / "out"), "--start", str(path)]) == 2
    assert "reads log-mel latents, and these are audible-mel" in caplog.text


def test_a_run_of_an_earlier_version_is_not_gone_on_with(folder, tiny, tmp_path, caplog):
    """Its frames were others; and what it kept of them is not taken for these."""
    command = [str(folder), "--out", str(tmp_path / "out"), "--batch", "1", "--variants", "1"]
    assert train.main([*command, "--steps", "1"]) == 0
    path = tmp_path / "out" / training.STATE
    state = torch.load(path, weights_only=True)
    state["settings"]["latents"] = latent_kinds.LOG_MEL
    del state["settings"]["equaliser"], state["settings"]["narrowed"]
    torch.save(state, path)
    assert train.main([*command, "--steps", "2"]) == 2
    assert "holds a run of an earlier version" in caplog.text


def test_other_music_is_told(folder, tiny, tmp_path, caplog):
    other = tmp_path / "new music"
    other.mkdir()
    encode(other / "x.wav", tune(4, seed=9))
    command = ["--out", str(tmp_path / "out"), "--batch", "1", "--variants", "1"]
    assert train.main([str(folder), *command, "--steps", "1"]) == 0
    assert train.main([str(folder), str(other), *command, "--steps", "2"]) == 0
    before, now = shlex.quote(str(folder)), shlex.join((str(folder), str(other)))
    told = f"Before, training was {before}; the run goes on with {now}."
    assert told in caplog.messages


def test_a_state_without_a_card_is_gone_on_with(folder, tiny, tmp_path, caplog):
    command = [str(folder), "--out", str(tmp_path / "out"), "--batch", "1", "--variants", "1"]
    assert train.main([*command, "--steps", "1"]) == 0
    path = tmp_path / "out" / training.STATE
    state = torch.load(path, weights_only=True)
    del state["card"]
    torch.save(state, path)
    assert train.main([*command, "--steps", "2"]) == 0
    assert "goes on with" not in caplog.text


@pytest.mark.parametrize("when", ["torch", "reading"])
def test_ctrl_c_before_the_training_is_met_in_one_line(folder, tmp_path, when):
    """In a process of its own, which is interrupted where a module is loaded, or a file read."""
    begin = {
        "torch": "sys.meta_path.insert(0, Interrupting())",
        "reading": "from engine import audio; audio.decode = interrupt",
    }
    code = f"""
import runpy, signal, sys
def interrupt(*_, **__):
    signal.raise_signal(signal.SIGINT)
class Interrupting:
    def find_spec(self, name, *_):
        if name == "torch":
            interrupt()
{begin[when]}
sys.argv = ["train", {str(folder)!r}, "--out", {str(tmp_path / "out")!r}]
runpy.run_module("engine.information.train", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == train.INTERRUPTED
    assert done.stderr.splitlines()[-1] == train.NOT_BEGUN
    assert "Traceback" not in done.stderr


def test_a_signal_ends_the_run_after_its_step(folder, tiny, tmp_path, monkeypatch):
    advance, handler = training.Trainer.advance, signal.getsignal(signal.SIGTERM)

    def interrupted(self, frames):
        if self.step == 1:
            signal.raise_signal(signal.SIGTERM)
        return advance(self, frames)

    monkeypatch.setattr(training.Trainer, "advance", interrupted)
    out = tmp_path / "out"
    command = [str(folder), "--out", str(out), "--variants", "1", "--batch", "2"]
    assert train.main([*command, "--steps", "50"]) == 0
    assert training.Trainer.resume(out).step == 2
    assert signal.getsignal(signal.SIGTERM) == handler


def test_the_command_says_when_there_is_no_music(tmp_path, caplog):
    (tmp_path / "empty").mkdir()
    assert train.main([str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 2
    assert "empty: 0 audio files are too few" in caplog.text


@pytest.mark.parametrize("kind", list(HEADS))
def test_the_model_analyses_recordings(folder, tiny, tmp_path, kind, caplog):
    caplog.set_level("INFO")
    out = tmp_path / "out"
    command = [str(folder), "--out", str(out), "--head", kind, "--batch", "1"]
    for steps in ("2", "4"):  # the second goes on with the first
        assert train.main([*command, "--steps", steps]) == 0
    checkpoint = checkpoints.load(out / training.MODEL)
    assert (checkpoint.kind, checkpoint.card["steps"]) == (kind, 4)
    sound = audio.decode(folder / "0.wav")
    (curve,) = Analyst(InformationModel(checkpoint)).curves([sound])
    assert np.isfinite(curve.mean())
    used = ["precompute.py", str(folder), "--ic-model", str(out / training.MODEL)]
    assert shlex.join(used) in caplog.text


def test_steps_follow_the_amount_of_music(folder, tiny, tmp_path, monkeypatch, capsys):
    command = [str(folder), "--variants", "1", "--batch", "1", "--out"]
    monkeypatch.setattr(train, "PASSES", 30)
    assert train.main([*command, str(tmp_path / "usual")]) == 0
    frames = 2 * (4 * 44_100 // 4096)
    assert training.Trainer.resume(tmp_path / "usual").step == round(30 * frames / 512) == 5
    told = capsys.readouterr().err
    assert "reading: 3 files" in told
    assert "step 5 of 5: loss" in told and "0 s left" in told
    monkeypatch.setattr(train, "MOST_STEPS", 4)
    assert train.main([*command, str(tmp_path / "most")]) == 0
    assert training.Trainer.resume(tmp_path / "most").step == 4
    assert train.main([*command, str(tmp_path / "most"), "--steps", "6"]) == 0
    assert train.main([*command, str(tmp_path / "most")]) == 0  # without: as many as it had
    assert training.Trainer.resume(tmp_path / "most").step == 6


@pytest.fixture
def kept(tmp_path) -> Path:
    """Latents of 12 recordings that a library keeps, two of them held out by their hash."""
    (tmp_path / "codec.pt").write_bytes(b"weights")
    cache = LatentCache(tmp_path / "library", tmp_path / "codec.pt")
    cache.describe(latent_kinds.NOISE_AUGMENTED, "float32")
    random = np.random.default_rng(0)
    for number in range(12):
        cache.put(Key(f"{number:032x}", 0, 4096 * 40), random.standard_normal((40, 64)))
    return cache.folder


@pytest.mark.parametrize("kind", list(HEADS))
def test_latents_that_a_library_keeps_are_learned(kept, tiny, tmp_path, kind, caplog):
    caplog.set_level("INFO")
    out = tmp_path / "out"
    command = ["--latents", str(kept), "--out", str(out), "--head", kind, "--batch", "2"]
    for steps in ("2", "4"):
        assert train.main([*command, "--steps", steps]) == 0
    checkpoint = checkpoints.load(out / training.MODEL)
    assert (checkpoint.kind, checkpoint.latents) == (kind, latent_kinds.NOISE_AUGMENTED)
    assert checkpoint.whitening is None
    card = checkpoint.card
    assert (card["recordings"], card["frames"], card["steps"]) == (10, 400, 4)
    assert kept.name == f"{card['codec_sha256'][:8]}-{systems.ENCODER}"
    latents = np.random.default_rng(1).standard_normal((20, 64)).astype(np.float32)
    (information,) = InformationModel(checkpoint).information([latents])
    assert np.isfinite(information[0, 1:]).all()
    used = ["MUSIC", "--library", str(tmp_path / "library"), "--ic-model"]
    assert shlex.join(used) in caplog.text


def test_music_is_not_gone_on_with_latents(folder, kept, tiny, tmp_path, caplog):
    out = ["--out", str(tmp_path / "out"), "--steps", "1", "--batch", "1"]
    assert train.main([str(folder), *out]) == 0
    assert train.main(["--latents", str(kept), *out]) == 2
    assert "holds a run with other settings" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing"], "there is no folder"),
        (["music", "--steps", "0"], "--steps 0: it must be more than 0"),
        (["music", "--hours", "-1"], "--hours -1.0: it must be more than 0"),
        (["music", "--hours", "inf"], "--hours inf: it must be more than 0, and finite"),
        (["music", "--noise", "nan"], "--noise nan: it must be 0 or more"),
        (["music", "--cooldown", "1.5"], "--cooldown 1.5: it must be from 0 to 1"),
        (["music", "--seed", "99999999999999999999"], "it must be from 0 to 2147483647"),
        (["music", "--seed", "-1"], "--seed -1: it must be from 0"),
        (["music", "--threads", "-1"], "--threads -1: it must be 0 or more"),
        (["music", "--device", "cuda:77"], "the device cuda:77 cannot be used"),
        (["music", "--device", "tape"], "the device tape cannot be used"),
        (["music", "--variants", "9"], "9 variants"),
        (["music"], "minutes of music to learn from, besides what is held out: 10 or more"),
        (["music/0.wav"], "1 audio files are too few"),
        (["--latents", "music"], "is no folder of kept latents"),
        (["music", "--out", "music/0.wav"], "is a file: --out is for a folder"),
    ],
)
def test_what_cannot_work_is_said(folder, tmp_path, monkeypatch, caplog, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert train.main(["--out", "out", *arguments]) == 2
    assert sentence in caplog.text


@pytest.mark.parametrize(
    "arguments", [[], ["music", "--latents", "x"], ["--latents", "x", "--variants", "2"]]
)
def test_music_or_latents_not_both(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        train.main([*arguments, "--out", "out"])
    assert ended.value.code == 2
    assert "--latents" in capsys.readouterr().err


def test_learning_by_heart_is_said(folder, tiny, tmp_path, caplog, monkeypatch):
    caplog.set_level("INFO")
    monkeypatch.setattr(training, "best", lambda out: (7, 0.8, 0.9))
    assert train.main([str(folder), "--out", str(tmp_path / "out"), "--steps", "1"]) == 0
    assert "predicted best at step 7" in caplog.text
