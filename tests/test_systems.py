"""Which model of information content is chosen, and from where."""

import json
from pathlib import Path

import pytest
import torch

from engine import models
from engine.information import checkpoints, latent_kinds, log_mel, systems, systems_commands
from engine.information.checkpoints import Checkpoint
from engine.information.flow import FlowModel
from engine.information.mixture import MixtureModel
from engine.information.music2latent import Music2Latent
from engine.information.systems import MissingWeights, SystemsError, choose

TINY = {"dim": 16, "depth": 1, "heads": 2, "dim_head": 8, "longest": 64}


@pytest.fixture(autouse=True)
def nothing_at_hand(monkeypatch, tmp_path):
    """Neither folders nor caches nor packages of this machine."""
    monkeypatch.delenv(models.FOLDERS_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(models, "package_folders", lambda package: ())


@pytest.fixture
def with_gpu(monkeypatch):
    """A GPU, as far as choosing one goes."""
    monkeypatch.setattr(systems, "_has_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def hub(folder: Path) -> Path:
    """Files with the names of the hub's; choosing does not read them."""
    for place in ("pa-audioic/pa_rectflow.pt", "pa-audioic/music2latent.pt"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(b"weights")
    return folder


def own(path: Path, latents: str = latent_kinds.LOG_MEL) -> Path:
    """A tiny model in the project's layout."""
    torch.manual_seed(0)
    model = FlowModel(64, **TINY, head_blocks=1)
    architecture = {"dim_data": 64, **TINY, "head_blocks": 1}
    checkpoints.save(path, Checkpoint(model, checkpoints.FLOW, latents), architecture)
    return path


def test_without_a_gpu_the_resident_model_is_taken_even_where_others_are(tmp_path, monkeypatch):
    monkeypatch.setattr(systems, "_has_driver", lambda: False)
    chosen = choose(dirs=[hub(tmp_path)])
    assert (chosen.system, chosen.device, chosen.codec) == ("resident", "cpu", None)
    assert chosen.model.is_file()
    assert "resident model on the CPU" in chosen.why


def test_the_resident_model_names_its_version():
    card = json.loads(systems._metadata(systems.SHIPPED)["card"])
    assert choose("resident", "cpu").name == f"resident-{card['version']}"


@pytest.mark.usefixtures("with_gpu")
def test_on_a_gpu_the_published_flow_is_taken_where_its_weights_are(tmp_path):
    assert choose().system == "resident"
    assert systems.FETCH_COMMAND in choose().why
    chosen = choose(dirs=[hub(tmp_path)])
    assert (chosen.system, chosen.device) == ("pa-flow", "cuda")
    assert [path.parent.name for path in chosen.files] == ["pa-audioic", "pa-audioic"]


@pytest.mark.usefixtures("with_gpu")
def test_a_gpu_by_number():
    assert choose("resident", "cuda:1").device == "cuda:1"
    with pytest.raises(SystemsError, match="torch finds 2 GPUs"):
        choose("resident", "cuda:2")


def test_no_gpu_where_one_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemsError, match="There is no device cuda: torch finds 0 GPUs"):
        choose("resident", "cuda")
    with pytest.raises(SystemsError, match="no device 'tpu'"):
        choose("resident", "tpu")


def test_missing_weights_are_named_with_the_command_that_brings_them():
    with pytest.raises(MissingWeights, match=r"pa_rectflow\.pt of CPJKU/pa-audioic is missing"):
        choose("pa-flow", "cpu")
    with pytest.raises(MissingWeights) as told:
        choose("gmm", "cpu")
    assert models.WEIGHTS_COMMAND in str(told.value)
    assert f"{systems.FETCH_COMMAND} gmm" in str(told.value)


def test_a_mixture_that_is_not_the_published_file_is_refused(tmp_path):
    (tmp_path / "gmm.pt").write_bytes(b"another")
    with pytest.raises(MissingWeights, match="is not the published file"):
        choose("gmm", "cpu", [tmp_path])


def test_what_is_no_model_is_told():
    with pytest.raises(SystemsError, match="There is no model 'gnn'"):
        choose("gnn", "cpu")
    with pytest.raises(SystemsError, match="cannot be read as a model"):
        choose("absent.safetensors", "cpu")


def test_a_model_of_ones_own_is_named_by_its_content(tmp_path):
    first = choose(own(tmp_path / "a.safetensors"), "cpu")
    assert first.name == f"own {models.digest(first.model)[:8]}"
    assert first.model.is_absolute()
    assert first.codec is None


def test_a_model_of_ones_own_on_music2latent_needs_the_codec(tmp_path):
    path = own(tmp_path / "a.safetensors", latent_kinds.NOISE_AUGMENTED)
    with pytest.raises(MissingWeights, match="reads latents of Music2Latent"):
        choose(path, "cpu")
    chosen = choose(path, "cpu", [hub(tmp_path)])
    assert chosen.codec == tmp_path / "pa-audioic" / "music2latent.pt"


def test_the_published_layouts_load_and_a_codec_of_the_other_kind_is_refused(tmp_path):
    torch.manual_seed(0)
    flow = FlowModel(64, 4600, dim=256, depth=12, heads=8)
    content = {
        "model_state_dict": flow.state_dict(),
        "max_seq_length": 4600,
        "model_type": "LTM-rectflows",
        "model_kwargs": {},
    }
    folder = hub(tmp_path) / "pa-audioic"
    torch.save(content, folder / "pa_rectflow.pt")
    for noise_augmented in (True, False):
        network = Music2Latent(noise_augmented)
        torch.save({"gen_state_dict": network.state_dict()}, folder / "music2latent.pt")
        chosen = choose("pa-flow", "cpu", [tmp_path])
        if noise_augmented:
            assert systems.load(chosen) is not None
        else:
            with pytest.raises(SystemsError, match="cannot be used: the model reads"):
                systems.load(chosen)


def test_a_resident_mixture_loads(tmp_path):
    torch.manual_seed(0)
    model = MixtureModel(64, 4, **TINY)
    whitening = log_mel.Whitening(
        torch.zeros(96).numpy(), torch.randn(96, 64).numpy().astype("float32")
    )
    kept = Checkpoint(model, checkpoints.MIXTURE, latent_kinds.LOG_MEL, whitening)
    checkpoints.save(tmp_path / "m.safetensors", kept, {"dim_data": 64, "modes": 4, **TINY})
    assert systems.load(choose(tmp_path / "m.safetensors", "cpu")) is not None


def test_the_command_lists_and_fetches(monkeypatch, capsys, tmp_path):
    assert systems_commands.main(["list"]) == 0
    assert str(systems.SHIPPED) in capsys.readouterr().out
    monkeypatch.setattr(
        "huggingface_hub.hf_hub_download", lambda repository, name: f"/hub/{repository}/{name}"
    )
    assert systems_commands.main(["fetch"]) == 0
    assert "/hub/CPJKU/pa-audioic/pa_rectflow.pt" in capsys.readouterr().out


def test_a_download_that_fails_says_where_the_file_would_go(monkeypatch, capsys):
    def fails(repository, name):
        raise OSError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fails)
    assert systems_commands.main(["fetch", "pa-flow"]) == 1
    told = capsys.readouterr().err
    assert "Name or service not known" in told
    assert str(models.cache_folder() / "pa-audioic") in told
