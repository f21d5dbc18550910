"""The stage `information` of the analysis: which model, at which noise levels, and its values.

Goal: mean IC and IC curves of every track, of one model as far as that can be. Conventions: a
library goes on with the model that most of its tracks were computed with, unless another one is
asked for by name; values of a model that nobody asked to replace stay. torch is imported where a
model is loaded, in the workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import models
from engine.audio import Audio
from engine.information import systems
from engine.information.service import Client, DeviceFailed, Service, device_failure
from engine.information.systems import AUTO, OWN, RESIDENT, Chosen, SystemsError
from engine.models import Found
from engine.records import Curve, StageValues

if TYPE_CHECKING:
    from engine.information.analysis import Analyst
    from engine.information.curve import Curve as InformationCurve
    from engine.information.piece import Piece

LEVELS = (0.0,)  # of noise, where none are asked for: the music as it is
CPU = "cpu"
# Music2Latent takes 5.9 GB for a chunk of 60 s, and up to 2.5 s a second on a busy core.
CODEC_MEMORY = 8 << 30  # bytes of one worker
CODEC_PACE = 10.0  # seconds of computing that a second of audio may take


@dataclass(frozen=True)
class Before:
    """What most of a library's information content was computed with."""

    system: str
    model: str  # path of its weights
    levels: tuple[float, ...]


@dataclass(frozen=True)
class Wish:
    """What a run was asked for."""

    model: str = AUTO  # or a system, or the path of a model of one's own
    device: str = AUTO
    levels: tuple[float, ...] | None = None  # of noise, each in [0, 1]; the first gives ic_mean
    keep_in: Path | None = None  # library in which Music2Latent's latents are kept
    before: Before | None = None


@dataclass(frozen=True)
class Settings:
    """How the stage would compute now. Picklable: it crosses into the workers."""

    chosen: Chosen
    levels: tuple[float, ...]
    model_asked: bool  # by name; else it is that of the library, or the best at hand
    levels_asked: bool
    keep_in: Path | None = None  # library in which Music2Latent's latents are kept
    service: Service | None = None  # the process that has the GPU, for all workers

    @property
    def name(self) -> str:
        """The model as tables call it; means at different noise levels share no scale either."""
        noised = f" at noise {self.levels[0]:g}" if self.levels[0] else ""
        return self.chosen.name + noised

    @property
    def memory(self) -> int | None:
        """Bytes that a worker needs; None where the usual limit does."""
        return CODEC_MEMORY if self.chosen.codec else None

    @property
    def pace(self) -> float:
        """Seconds of computing that a second of audio may take, beside the other stages."""
        return CODEC_PACE if self.chosen.codec else 0.0

    @property
    def provenance(self) -> dict[str, Any]:
        """What is noted in the library, and read by `before`."""
        chosen = self.chosen
        levels = list(self.levels)
        return {"system": chosen.system, "model": str(chosen.model), "levels": levels}

    def leaves(self, before: Mapping[str, Any]) -> bool:
        """Whether values with that provenance stay, although these would be others.

        What nobody asked to replace stays: another model's, and those at other levels. Values of
        the same model in an earlier version do not.
        """
        now = self.provenance
        names = ("system", "model") if now["system"] == OWN else ("system",)
        if any(before.get(name) != now[name] for name in names):
            return not self.model_asked
        return before.get("levels") != now["levels"] and not self.levels_asked


def before(noted: Mapping[str, Any] | None) -> Before | None:
    """From a provenance that `Settings` gave; None for None."""
    if noted is None:
        return None
    return Before(noted["system"], noted["model"], tuple(noted["levels"]))


def noises(text: str) -> tuple[float, ...]:
    """Noise levels as people write them: "0.0,0.5" or "[0.0, 0.5]". Raises ValueError."""
    levels = tuple(float(part) for part in text.strip().strip("[]").split(","))
    if not all(0 <= level <= 1 for level in levels):
        raise ValueError("noise levels lie between 0 (the music as it is) and 1 (nothing of it)")
    if len(set(levels)) < len(levels):
        raise ValueError("the same noise level is there twice")
    return levels


def settle(wish: Wish, dirs: Sequence[str | PathLike[str]] = ()) -> Settings:
    """The model and the levels. Raises systems.MissingWeights, or SystemsError for a wrong wish."""
    asked = wish.model != AUTO
    chosen = systems.choose(wish.model, wish.device, dirs) if asked else _followed(wish, dirs)
    levels = wish.levels or (wish.before.levels if wish.before else LEVELS)
    if chosen.is_mixture and levels != LEVELS:
        if wish.levels:
            raise SystemsError(
                f"The model {chosen.name} is a mixture, which has no noise levels: only 0.0 can be "
                "computed."
            )
        levels = LEVELS
    return Settings(chosen, levels, asked, wish.levels is not None, wish.keep_in)


def _followed(wish: Wish, dirs: Sequence[str | PathLike[str]]) -> Chosen:
    """The model of the library as it is, where its weights are here; else the best at hand."""
    best = systems.choose(AUTO, wish.device, dirs)
    old = wish.before
    if old is None or old.system == best.system != OWN:
        return best
    try:
        chosen = systems.choose(old.model if old.system == OWN else old.system, wish.device, dirs)
    except SystemsError as error:  # its weights are gone, or damaged
        why = f"{best.why} What the library has of {old.system} stays: {error}"
        return replace(best, why=why)
    why = f"{chosen.why.rstrip('.')}, as in this library (--ic-model chooses another)."
    return replace(chosen, why=why)


def found(chosen: Chosen) -> tuple[Found, ...]:
    """The model's files as the analysis notes them."""
    source = "this project" if chosen.system == RESIDENT else "given or published"
    return tuple(
        Found(f"ic_{chosen.system}", path, models.digest(path), source, None)
        for path in chosen.files
    )


def load(settings: Settings) -> "Analyst":
    """The model, on its device. Raises checkpoints.CheckpointError and systems.SystemsError."""
    chosen, cache = settings.chosen, None
    if settings.keep_in is not None and chosen.codec is not None:
        from engine.information.latent_cache import LatentCache

        cache = LatentCache(settings.keep_in, chosen.codec)
    return systems.load(chosen, cache=cache)


class Information:
    """Audio → mean IC, the model's name, and one curve a noise level."""

    def __init__(self, settings: Settings, threads: int):
        self._settings, self._threads = settings, threads
        self.providers = (settings.chosen.device,)
        self._on_cpu: _Local | None = None
        if settings.service is not None:
            self._computing = Client(settings.service, settings.levels)
        else:
            self._computing = _Local(settings, threads)

    def __call__(self, audio: Audio) -> StageValues:
        """Values and curves. Where the GPU fails, the CPU computes, and a remark says so."""
        from engine.information.piece import piece, placed

        part = piece(audio, self._settings.chosen.latents)
        remark = None
        try:
            values = self._computing(part)
        except DeviceFailed as error:
            remark = f"Computed on the CPU, since {self.providers[0]} failed: {error}"
            values = self._without(error)(part)
        curve = placed(part, self._settings.levels, values)
        mean = curve.mean()
        if mean is None:
            return StageValues(remark="No moment of it is loud, and comes after another: no IC.")
        stored = {"ic_mean": mean, "ic_model": self._settings.name}
        return StageValues(stored, curves=self._stored(curve), remark=remark)

    def _stored(self, curve: "InformationCurve") -> tuple[Curve, ...]:
        from engine.information.curve import FRAMES_PER_SECOND

        # Curve.start_s is the time of the first frame: a frame's is that of its last sample.
        place = float(curve.times[0]), 1 / FRAMES_PER_SECOND
        rows = zip(curve.levels, curve.values, strict=True)
        model = self._settings.chosen.name
        return tuple(Curve(f"ic_{level}", model, *place, values) for level, values in rows)

    def _without(self, error: DeviceFailed) -> "_Local":
        """The model on the CPU; from now on, where the device is lost."""
        if self._on_cpu is None:
            chosen = replace(self._settings.chosen, device=CPU)
            self._on_cpu = _Local(replace(self._settings, chosen=chosen), self._threads)
        if error.is_lost:
            self._computing, self.providers = self._on_cpu, (CPU,)
        return self._on_cpu


class _Local:
    """A piece → its information, computed in this process."""

    def __init__(self, settings: Settings, threads: int):
        import torch

        from engine.information.model import Noise

        torch.set_num_threads(threads)
        self._analyst, self._noise = load(settings), Noise(settings.levels)
        self._device = settings.chosen.device

    def __call__(self, part: "Piece") -> np.ndarray:
        try:
            (values,) = self._analyst.information([part], self._noise)
        except Exception as error:
            if self._device != CPU and (failed := device_failure(error)):
                raise failed from error
            raise
        return values
