"""The stages of the analysis: what each needs, what its results depend on, and how it is computed.

A stage turns the audio of one track into descriptor columns and vectors (engine/schema.py says
which). `resolve` is cheap and runs in the parent; `load` imports what is heavy and runs in the
workers. A new stage is one more entry in STAGES, in engine/schema.py and in `load`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from os import PathLike

import numpy as np

from engine import models
from engine.audio import Audio
from engine.information import stage
from engine.information.stage import Settings, Wish
from engine.information.systems import ENCODER, MissingWeights
from engine.models import Found
from engine.records import StageValues

# Raise a stage's version when its values change for the same audio and the same models.
STAGES: dict[str, int] = {
    "dsp": 2,
    "fingerprint": 1,
    "effnet": 1,
    "musicnn": 1,
    "information": 1,
}

# The files with which a stage can run: the first set that is complete is used.
_BACKBONES: dict[str, tuple[tuple[str, ...], ...]] = {
    "dsp": ((),),
    "fingerprint": ((),),
    "effnet": (("effnet_onnx",), ("effnet_pb",)),
    "musicnn": (("musicnn_pb",), ("musicnn_index", "musicnn_data")),
    "information": ((),),  # engine.information.systems knows its own
}
_HEADS: dict[str, tuple[str, ...]] = {
    "dsp": (),
    "fingerprint": (),
    "effnet": ("styles_head", "voice_head", "danceability_head"),
    "musicnn": ("emotion_head",),
    "information": (),
}
_DSP_LIBRARIES = ("essentia-tensorflow",)  # a new version may compute something else


@dataclass(frozen=True)
class StagePlan:
    """How a stage would be computed now. Picklable: it crosses into the workers."""

    name: str
    fingerprint_base: str  # changes with the stage's version and with each of its models
    missing: str | None  # a sentence: why it cannot be computed here
    models: tuple[Found, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # space → names
    version: int = 0  # of the stage
    information: Settings | None = None  # of the stage of that name

    @property
    def found(self) -> dict[str, Found]:
        """Model key → file."""
        return {model.key: model for model in self.models}

    @property
    def identities(self) -> frozenset[str]:
        """What the values depend on: one name a model, the same for files with equal weights."""
        return frozenset(_identity(model) for model in self.models)


def resolve(
    names: Iterable[str],
    dirs: Sequence[str | PathLike[str]] = (),
    accept_unpinned: bool = False,
    wish: Wish | None = None,
) -> dict[str, StagePlan]:
    """Look for the models of each stage; nothing heavy is imported.

    wish: what is asked of the stage `information`. Raises systems.SystemsError for a wrong one.
    """
    return {
        name: _information(wish or Wish(), dirs)
        if name == "information"
        else _resolve(name, dirs, accept_unpinned)
        for name in names
    }


def _information(wish: Wish, dirs: Sequence[str | PathLike[str]]) -> StagePlan:
    name = "information"
    version = STAGES[name]
    try:
        settings = stage.settle(wish, dirs)
    except MissingWeights as error:
        return StagePlan(name, _digest(name, version, "no model", wish.model), str(error))
    found = stage.found(settings.chosen)
    depends = [name, version, *sorted(model.sha256 for model in found), *settings.levels]
    if settings.chosen.codec is not None:
        depends.append(f"encoder {ENCODER}")
    return StagePlan(name, _digest(*depends), None, found, version=version, information=settings)


def _resolve(name: str, dirs: Sequence[str | PathLike[str]], accept_unpinned: bool) -> StagePlan:
    backbone = _first_complete(_BACKBONES[name], dirs, accept_unpinned)
    if backbone is None:
        # Which files would do is not known in part: the fingerprint says so, and changes with them.
        why = models.explain(_BACKBONES[name][0][0], dirs, accept_unpinned)
        return StagePlan(name, _digest(name, STAGES[name], "no model"), f"{why}.")
    heads = [models.find(key, dirs, accept_unpinned) for key in _HEADS[name]]
    found = (*backbone, *(head for head in heads if head))
    labels = _labels(name, dirs)
    depends = [name, STAGES[name], *sorted({_identity(model) for model in found})]
    if "styles" in labels:
        # The column `style` holds a name. Which of the files with the same names was read is all
        # the same to the values, but whether there was one is noted with the models.
        depends.append(_digest(*labels["styles"]))
        found += _label_file(dirs)
    if name == "dsp":
        depends += [f"{library} {version(library)}" for library in _DSP_LIBRARIES]
    return StagePlan(name, _digest(*depends), None, found, labels, STAGES[name])


def _first_complete(
    choices: Iterable[tuple[str, ...]], dirs: Sequence[str | PathLike[str]], accept_unpinned: bool
) -> tuple[Found, ...] | None:
    for keys in choices:
        found = [models.find(key, dirs, accept_unpinned) for key in keys]
        if all(found):
            return tuple(found)
    return None


def _identity(model: Found) -> str:
    """MusiCNN's published graph and its checkpoint hold the same tensors; so do label files."""
    if model.note is None:  # the published file
        for key in ("musicnn_pb", "effnet_labels"):
            if model.key in (key, *models.alternatives(key)):
                return key
    return model.sha256


def _label_file(dirs: Sequence[str | PathLike[str]]) -> tuple[Found, ...]:
    keys = ("effnet_labels", *models.alternatives("effnet_labels"))
    return tuple(found for key in keys if (found := models.find(key, dirs)))[:1]


def _labels(name: str, dirs: Sequence[str | PathLike[str]]) -> dict[str, tuple[str, ...]]:
    if name == "effnet":
        return {"styles": tuple(models.style_labels(dirs))}
    if name == "musicnn":
        from engine.tagging import TAGS

        return {"tags": TAGS}
    return {}


def labels(plans: Mapping[str, StagePlan]) -> dict[str, tuple[str, ...]]:
    """Space → the names of its dimensions, for all plans."""
    return {space: names for plan in plans.values() for space, names in plan.labels.items()}


def without(plan: StagePlan) -> list[str]:
    """Keys of the stage's optional models that are missing."""
    return [key for key in _HEADS[plan.name] if not plan.missing and key not in plan.found]


def load(plan: StagePlan, threads: int) -> Callable[[Audio], StageValues]:
    """The stage, ready to compute. Raises models.ModelError, with the files' names."""
    try:
        if plan.information is not None:
            return stage.Information(plan.information, threads)
        made = {"dsp": _Dsp, "fingerprint": _Fingerprint, "effnet": _EffNet, "musicnn": _MusiCNN}
        return made[plan.name](plan, threads)
    except models.ModelError:
        raise
    except Exception as error:  # whatever a network's library makes of a file that is none
        files = ", ".join(str(model.path) for model in plan.models)
        raise models.ModelError(
            f"The stage {plan.name} cannot be set up from {files or 'its libraries'}: {error}. "
            "Replace what is damaged, or leave the stage out with --stages."
        ) from error


class _Dsp:
    providers = ()

    def __init__(self, plan: StagePlan, threads: int):
        from engine.dsp import Dsp

        self._dsp = Dsp()

    def __call__(self, audio: Audio) -> StageValues:
        return StageValues(self._dsp(audio))


class _Fingerprint:
    providers = ()

    def __init__(self, plan: StagePlan, threads: int):
        from engine.fingerprint import fingerprint

        self._fingerprint = fingerprint

    def __call__(self, audio: Audio) -> StageValues:
        found = self._fingerprint(audio)
        remark = None if found else "Too little of it changes to know copies at another level."
        return StageValues(acoustic=found, remark=remark)


class _EffNet:
    def __init__(self, plan: StagePlan, threads: int):
        from engine import networks, tagging

        found = plan.found
        self._mel_frames = networks.mel_frames
        self._network = networks.EffNet(found.get("effnet_onnx") or found["effnet_pb"], threads)
        self.providers = self._network.providers
        self._heads = _load_heads(
            found,
            styles_head=tagging.sigmoid,
            voice_head=tagging.softmax,
            danceability_head=tagging.softmax,
        )
        self._styles = plan.labels["styles"]
        self._voice = tagging.VOICE.index("voice")
        self._danceable = tagging.DANCEABILITY.index("danceable")

    def __call__(self, audio: Audio) -> StageValues:
        frames = self._network(self._mel_frames(audio))
        outputs = {name: head(frames.embeddings) for name, head in self._heads.items()}
        # Without the head for styles, the backbone's own output serves: the same 400 classes.
        styles = outputs.get("styles_head")
        if styles is None:
            styles = frames.activations.mean(axis=0, dtype=np.float64)
        highest = int(styles.argmax())
        values = {"style": self._styles[highest], "style_activation": float(styles[highest])}
        if "voice_head" in outputs:
            values["voice"] = float(outputs["voice_head"][self._voice])
        if "danceability_head" in outputs:
            values["danceability"] = float(outputs["danceability_head"][self._danceable])
        vectors = {"effnet": _mean(frames.embeddings), "styles": styles.astype(np.float32)}
        return StageValues(values, vectors, remark=frames.remark)


class _MusiCNN:
    def __init__(self, plan: StagePlan, threads: int):
        from engine import networks, tagging

        self._mel_frames = networks.mel_frames
        self._network = networks.MusiCNN(networks.musicnn_tensors(plan.found))
        self.providers = self._network.providers
        self._heads = _load_heads(plan.found, emotion_head=tagging.identity)
        self._emotion = tagging.EMOTION

    def __call__(self, audio: Audio) -> StageValues:
        frames = self._network(self._mel_frames(audio))
        values = {}
        if "emotion_head" in self._heads:
            outputs = self._heads["emotion_head"](frames.embeddings)
            values = dict(zip(self._emotion, map(float, outputs), strict=True))
        vectors = {"musicnn": _mean(frames.embeddings), "tags": _mean(frames.activations)}
        return StageValues(values, vectors, remark=frames.remark)


def _load_heads(found: Mapping[str, Found], **outputs: Callable) -> dict[str, Callable]:
    from engine.tagging import Head

    return {
        key: Head(models.load_bytes(found[key]), output)
        for key, output in outputs.items()
        if key in found
    }


def _mean(frames: np.ndarray) -> np.ndarray:
    return frames.mean(axis=0, dtype=np.float64).astype(np.float32)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:24]
