"""Weights in the published layouts and in the project's own: strictly, and without pickle."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.information import checkpoints, latent_kinds
from engine.information.checkpoints import Checkpoint, CheckpointError
from engine.information.flow import FlowModel
from engine.information.log_mel import Whitening
from engine.information.mixture import MixtureModel

TRUNK = {"dim": 32, "depth": 2, "heads": 2}
SMALL = {**TRUNK, "dim_head": 32, "dim_data": 6, "longest": 40}


def published_flow(**changes) -> dict:
    """A file as PA-AudioIC's training writes it, with random weights."""
    torch.manual_seed(0)
    model = FlowModel(longest=4600, **TRUNK)
    weights = model.state_dict()
    copies = {
        name.replace("diff_mlp.", "ode.ode_approx."): value
        for name, value in weights.items()
        if name.startswith("diff_mlp.")
    }
    trunk = {**TRUNK, "attn_flash": True, "attn_dropout": 0.1, "rotary_pos_emb": True}
    content = {
        "model_state_dict": {**weights, **copies},
        "max_seq_length": 4600,
        "model_type": "LTM-rectflows",
        "model_kwargs": {
            "causal_transformer_hparams": trunk,
            "transformer_wrapper_hparams": {"emb_dropout": 0.1},
            "n_cls": 0,
            "noise_context": None,
        },
    }
    return {**content, **changes}


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def test_the_published_flow_loads_strictly(tmp_path):
    content = published_flow()
    loaded = checkpoints.load_pa_flow(saved(tmp_path / "pa_rectflow.pt", content))
    assert (loaded.kind, loaded.latents) == (checkpoints.FLOW, latent_kinds.NOISE_AUGMENTED)
    weights = loaded.model.state_dict()
    assert all(torch.equal(weights[name], content["model_state_dict"][name]) for name in weights)
    assert loaded.model.longest == 4600
    assert not loaded.model.training


def test_the_published_sizes_are_the_default(tmp_path):
    """Without model_kwargs the file is of the published architecture, which small weights miss."""
    path = saved(tmp_path / "pa_rectflow.pt", published_flow(model_kwargs={}))
    with pytest.raises(CheckpointError, match="does not fit"):
        checkpoints.load_pa_flow(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "STM"}, "'STM'"),
        ({"model_kwargs": {"n_cls": 2}}, "n_cls"),
        ({"model_kwargs": {"causal_transformer_hparams": {"macaron": True}}}, "macaron"),
        ({"model_kwargs": {"causal_transformer_hparams": {"rotary_pos_emb": False}}}, "rotary"),
    ],
)
def test_flows_of_another_kind_are_refused(tmp_path, changes, words):
    path = saved(tmp_path / "pa_rectflow.pt", published_flow(**changes))
    with pytest.raises(CheckpointError, match=words):
        checkpoints.load_pa_flow(path)


def test_a_missing_or_an_extra_tensor_is_refused(tmp_path):
    for change in ("missing", "extra", "unequal"):
        content = published_flow()
        weights = content["model_state_dict"]
        if change == "missing":
            del weights["backbone.project_in.weight"]
        elif change == "extra":
            weights["backbone.project_out.weight"] = torch.zeros(1)
        else:
            name = "ode.ode_approx.linear_output.bias"
            weights[name] = weights[name] + 1
        with pytest.raises(CheckpointError, match=r"does not fit|that differ"):
            checkpoints.load_pa_flow(saved(tmp_path / f"{change}.pt", content))


def test_a_mixture_of_the_published_layout_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "_PUBLISHED_TRUNK", TRUNK)
    weights = MixtureModel(modes=5, **TRUNK).state_dict()
    content = {"model_state_dict": weights, "max_seq_length": 77, "latent_scale": 1.0}
    loaded = checkpoints.load_gmm(saved(tmp_path / "gmm.pt", content))
    assert loaded.model.longest == 77
    latents = torch.randn(9, 64)
    assert loaded.model.log_likelihood([latents])[0].isfinite().all()
    with pytest.raises(CheckpointError, match="scales its latents"):
        checkpoints.load_gmm(saved(tmp_path / "b.pt", {**content, "latent_scale": 2.0}))
    with pytest.raises(CheckpointError, match="no output layer"):
        checkpoints.load_gmm(saved(tmp_path / "c.pt", {**content, "model_state_dict": {}}))


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("load", [checkpoints.load_gmm, checkpoints.load_pa_flow, checkpoints.load])
def test_nothing_is_unpickled(tmp_path, load):
    touched = tmp_path / "touched"
    evil = saved(tmp_path / "evil.pt", {"model_state_dict": Evil(touched), "max_seq_length": 1})
    plain = tmp_path / "plain.pt"
    plain.write_bytes(pickle.dumps(Evil(touched)))
    for path in (evil, plain, tmp_path / "none.pt", tmp_path):
        with pytest.raises(CheckpointError):
            load(path)
    assert not touched.exists()


@pytest.mark.parametrize(
    ("kind", "model", "extra"),
    [
        (checkpoints.FLOW, FlowModel, {"head_dim": 16, "head_blocks": 2, "head_time": 8}),
        (checkpoints.MIXTURE, MixtureModel, {"modes": 3}),
    ],
)
def test_own_models_come_back(tmp_path, kind, model, extra):
    architecture = {**SMALL, **extra}
    random = np.random.default_rng(0)
    basis = random.standard_normal((8, 9)).astype(np.float32)[:, ::-1][:, :6]  # not contiguous
    whitening = Whitening(random.standard_normal(8).astype(np.float32), basis)
    before = Checkpoint(model(**architecture), kind, latent_kinds.LOG_MEL, whitening, {"steps": 3})
    checkpoints.save(tmp_path / "model.safetensors", before, architecture)
    after = checkpoints.load(tmp_path / "model.safetensors")
    assert (after.kind, after.latents, after.card) == (kind, latent_kinds.LOG_MEL, {"steps": 3})
    assert np.array_equal(after.whitening.projection, basis)
    for name, value in before.model.state_dict().items():
        assert torch.equal(after.model.state_dict()[name], value.half().float())
    assert list(tmp_path.iterdir()) == [tmp_path / "model.safetensors"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_model_has_the_mode_of_other_files(tmp_path, mask, mode):
    path, architecture = tmp_path / "model.safetensors", {**SMALL, "modes": 3}
    kept = Checkpoint(MixtureModel(**architecture), checkpoints.MIXTURE, latent_kinds.LOG_MEL)
    before = os.umask(mask)
    try:
        checkpoints.save(path, kept, architecture)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode


def test_files_of_other_programs_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="not a model of this project"):
        checkpoints.load(path)
    save_file({"a": torch.zeros(2)}, path, {"format": "1", "kind": checkpoints.FLOW})
    with pytest.raises(CheckpointError, match="does not say what model"):
        checkpoints.load(path)
