"""Weights in and out: the two published layouts, and the project's own.

- `gmm.pt` (PyPI audioic 0.1.3): model_state_dict, max_seq_length, latent_scale.
- `pa_rectflow.pt` (hub CPJKU/pa-audioic): model_state_dict, max_seq_length, model_type
  "LTM-rectflows", model_kwargs. Its velocity network is stored twice, as diff_mlp and as
  ode.ode_approx.
- the project's: safetensors, the architecture as JSON in the metadata.

Nothing is unpickled but tensors and plain values, and every tensor must find its place.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialised
from torch import Tensor, nn

from engine.information.flow import FlowModel
from engine.information.latent_kinds import MUSIC2LATENT, NOISE_AUGMENTED
from engine.information.log_mel import Whitening
from engine.information.mixture import MixtureModel, modes_of

DIMENSIONS = 64
FLOW, MIXTURE = "flow", "mixture"
_ARCHITECTURES = {FLOW: FlowModel, MIXTURE: MixtureModel}
_FORMAT = "1"
_TWICE = ("ode.ode_approx.", "diff_mlp.")  # the copy, and what it is a copy of
# x-transformers' names for what may differ between checkpoints, and ours.
_TRUNK = {"dim": "dim", "depth": "depth", "heads": "heads", "attn_dim_head": "dim_head"}
_TRUNK_REQUIRED = {"rotary_pos_emb": True}
_TRAINING_ONLY = {"attn_flash", "attn_dropout", "ff_dropout", "emb_dropout"}
_PUBLISHED_TRUNK = {"dim": 256, "depth": 12, "heads": 8}


class CheckpointError(Exception):
    """One sentence for the user: why a file of weights cannot be used."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model in evaluation mode, and what its input must be."""

    model: FlowModel | MixtureModel
    kind: str  # FLOW or MIXTURE
    latents: str  # one of engine.information.latent_kinds
    whitening: Whitening | None = None  # of mel frames
    card: Mapping[str, Any] | None = None  # what the training noted
    architecture: Mapping[str, Any] | None = None  # arguments of the model's class; None: published


def load_gmm(path: Path) -> Checkpoint:
    """AudioIC's `gmm.pt`. Raises CheckpointError."""
    content = _torch_content(path, "model_state_dict", "max_seq_length")
    if content.get("latent_scale", 1.0) != 1.0:
        raise CheckpointError(f"{path.name} scales its latents: that is not known here.")
    weights = content["model_state_dict"]
    last = weights.get("model.project_out.weight")
    if last is None:
        raise CheckpointError(f"{path.name} has no output layer of a mixture model.")
    try:
        modes = modes_of(len(last), DIMENSIONS)
    except ValueError as error:
        raise CheckpointError(f"{path.name}: {error}.") from error
    model = MixtureModel(DIMENSIONS, modes, content["max_seq_length"], **_PUBLISHED_TRUNK)
    return Checkpoint(_filled(model, weights, path), MIXTURE, MUSIC2LATENT)


def load_pa_flow(path: Path) -> Checkpoint:
    """PA-AudioIC's `pa_rectflow.pt`. Raises CheckpointError."""
    content = _torch_content(path, "model_state_dict", "max_seq_length", "model_type")
    if content["model_type"] != "LTM-rectflows":
        raise CheckpointError(f"{path.name} holds a model of type {content['model_type']!r}.")
    trunk = _trunk(content.get("model_kwargs") or {}, path)
    weights = _without_copy(content["model_state_dict"], path)
    model = FlowModel(DIMENSIONS, content["max_seq_length"], **trunk)
    return Checkpoint(_filled(model, weights, path), FLOW, NOISE_AUGMENTED)


def save(path: Path, checkpoint: Checkpoint, architecture: Mapping[str, Any]) -> None:
    """Write the project's own layout; `architecture` is the arguments of the model's class.

    Weights become float16: they carry no more than that, and halve the file.
    """
    tensors = {name: value.half().contiguous() for name, value in _weights(checkpoint.model)}
    if checkpoint.whitening is not None:
        # A slice of an eigenvector matrix need not be contiguous, and safetensors asks for it.
        for name in ("mean", "projection"):
            array = np.ascontiguousarray(getattr(checkpoint.whitening, name))
            tensors[f"latents.{name}"] = torch.from_numpy(array)
    metadata = {
        "format": _FORMAT,
        "kind": checkpoint.kind,
        "latents": checkpoint.latents,
        "architecture": json.dumps(architecture, sort_keys=True),
        "card": json.dumps(checkpoint.card or {}, sort_keys=True),
    }
    unfinished = path.with_suffix(".part")
    # safetensors' own files can be read by nobody else; this one is as the user's others.
    unfinished.write_bytes(serialised(tensors, metadata))
    unfinished.replace(path)


def load(path: Path) -> Checkpoint:
    """The project's own layout. Raises CheckpointError."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error
    if metadata.get("format") != _FORMAT or metadata.get("kind") not in _ARCHITECTURES:
        raise CheckpointError(f"{path.name} is not a model of this project.")
    whitening = None
    if "latents.mean" in tensors:
        mean, projection = tensors.pop("latents.mean"), tensors.pop("latents.projection", None)
        if projection is None:
            raise CheckpointError(f"{path.name} has half a whitening.")
        whitening = Whitening(_array(mean), _array(projection))
    kind = metadata["kind"]
    try:
        architecture, card = json.loads(metadata["architecture"]), json.loads(metadata["card"])
        model = _ARCHITECTURES[kind](**architecture)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path.name} does not say what model it is: {error}.") from error
    widened = {name: value.float() for name, value in tensors.items()}
    model = _filled(model, widened, path)
    return Checkpoint(model, kind, metadata["latents"], whitening, card, architecture)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.float().numpy()


def _weights(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, value.detach().cpu()) for name, value in model.state_dict().items()]


def _torch_content(path: Path, *needed: str) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its readers do: zip, pickle, I/O errors
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} cannot be read: {reason}") from error
    missing = [key for key in needed if not isinstance(content, dict) or key not in content]
    if missing:
        raise CheckpointError(f"{path.name} lacks {', '.join(missing)}: it is another model's.")
    return content


def _trunk(arguments: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The trunk's sizes out of `model_kwargs`, which hold what the training changed."""
    arguments = dict(arguments)
    trunk = dict(_PUBLISHED_TRUNK)
    transformer = dict(arguments.pop("causal_transformer_hparams", {}))
    for theirs, ours in _TRUNK.items():
        if theirs in transformer:
            trunk[ours] = transformer.pop(theirs)
    for name, value in _TRUNK_REQUIRED.items():
        if transformer.pop(name, value) != value:
            raise CheckpointError(f"{path.name}: a trunk without {name} is not known here.")
    wrapper = arguments.pop("transformer_wrapper_hparams", {})
    # What starts sequences with tokens of their own, or noises the contexts, does not apply here.
    unusual = [key for key, value in arguments.items() if value]
    unknown = {*transformer, *wrapper} - _TRAINING_ONLY
    if unusual or unknown:
        names = ", ".join(sorted({*unusual, *unknown}))
        raise CheckpointError(f"{path.name} was trained with {names}, which is not known here.")
    return trunk


def _without_copy(weights: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    copy, original = _TWICE
    kept = {name: value for name, value in weights.items() if not name.startswith(copy)}
    for name, value in weights.items():
        if name.startswith(copy):
            same = kept.setdefault(original + name.removeprefix(copy), value)
            if not torch.equal(same, value):
                raise CheckpointError(f"{path.name} holds two velocity networks that differ.")
    return kept


def _filled(model: nn.Module, weights: Mapping[str, Tensor], path: Path) -> Any:
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path.name} does not fit its model: {error}") from error
    return model.requires_grad_(False).eval()
