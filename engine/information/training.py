"""Training of the flow and of the mixture on frames of music, so that it can stop at any time.

Every step draws its crops, noise and dropout from a generator seeded with the step's number: a run
that was interrupted ends with the weights of one that was not.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from engine.information import audible_mel, checkpoints, latent_kinds
from engine.information.augmentation import Augmentation
from engine.information.dataset import Frames
from engine.information.flow import FlowModel
from engine.information.log_mel import Whitening
from engine.information.mixture import MixtureModel

STATE = "state.pt"
MODEL = "model.safetensors"
LOG = "log.tsv"

BENDS = 3  # half waves of an equaliser over the bands
NARROWEST = 40  # bands that always sound: up to 1.1 kHz
_EMA_WARMUP = 10  # steps before the average is longer than the run

# Sizes: that of the resident model (at most 0.5 s for 30 s of audio on one core), and that of the
# published ones (arXiv 2501.07474 and 2511.05350).
SMALL, PUBLISHED = "small", "published"
TRUNKS: dict[str, dict[str, Any]] = {
    SMALL: {"dim": 192, "depth": 6, "heads": 6, "dim_head": 32, "longest": 1024},
    PUBLISHED: {"dim": 256, "depth": 12, "heads": 8, "dim_head": 64, "longest": 4600},
}
HEADS: dict[str, dict[str, dict[str, Any]]] = {
    SMALL: {
        checkpoints.FLOW: {"head_dim": 160, "head_blocks": 4, "head_time": 128},
        checkpoints.MIXTURE: {"modes": 16},
    },
    PUBLISHED: {
        checkpoints.FLOW: {"head_dim": 256, "head_blocks": 8, "head_time": 256},
        checkpoints.MIXTURE: {"modes": 32},
    },
}


@dataclass(frozen=True)
class Settings:
    """Everything that the weights depend on, besides the data."""

    kind: str = checkpoints.FLOW
    latents: str = latent_kinds.AUDIBLE_MEL
    architecture: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 10_000
    batch: int = 8  # crops
    crop: int = 512  # frames, 48 s
    draws: int = 4  # of time and noise per frame, for the flow
    rate: float = 1e-3
    warmup: int = 200  # steps
    cooldown: float = 0.25  # share of the steps over which the rate falls to zero
    decay: float = 0.01  # of the weights of matrices
    average: float = 0.999  # of the weights that are kept
    dropout: float = 0.0  # of embeddings and feed-forward layers
    noise: float = 0.1  # standard deviation added to whitened frames: bounds the density
    # Of crops of mel frames, as in engine.information.augmentation:
    gain: float = Augmentation.gain
    equaliser: float = Augmentation.equaliser
    narrowed: float = Augmentation.narrowed
    seed: int = 0
    precision: str = "float32"  # or bfloat16, of the products


class Trainer:
    """A model in training, its average, and its place in the run."""

    def __init__(self, settings: Settings, whitening: Whitening | None, device: str = "cpu"):
        self.settings, self.whitening, self.device = settings, whitening, torch.device(device)
        torch.manual_seed(settings.seed)
        self.model = _model(settings, settings.dropout).to(self.device)
        self.average = _model(settings, 0.0).to(self.device)
        self.average.load_state_dict(self.model.state_dict())
        self.average.requires_grad_(False).eval()
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim < 2]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": settings.decay}, {"params": others}],
            lr=settings.rate,
            betas=(0.9, 0.99),
            weight_decay=0.0,
        )
        self.step = 0
        self.card: Mapping[str, Any] = {}  # of the last saving, of a run that is gone on with

    @classmethod
    def from_model(
        cls, settings: Settings, start: checkpoints.Checkpoint, device: str = "cpu"
    ) -> "Trainer":
        """Begin with the weights, and the whitening, of a model of the same architecture."""
        trainer = cls(settings, start.whitening, device)
        for model in (trainer.model, trainer.average):
            model.load_state_dict(start.model.state_dict())
        return trainer

    def advance(self, frames: Frames) -> float:
        """One step; its loss in nats per frame, or squared error per dimension for the flow."""
        settings = self.settings
        torch.manual_seed((settings.seed << 32) + self.step)
        random = np.random.default_rng((settings.seed, self.step))
        crops, mask = self._crops(frames, random)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.rate * rate_share(self.step, settings)
        self.model.train()
        loss = self._loss(self.model, crops, mask)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return float(loss.detach())

    @torch.no_grad()
    def validate(self, frames: Frames, batch: int = 8) -> float:
        """Loss of the average on the start of every recording, always with the same draws."""
        torch.manual_seed(self.settings.seed)
        total, weight = 0.0, 0
        for first in range(0, len(frames.lengths), batch):
            numbers = range(first, min(first + batch, len(frames.lengths)))
            pieces = [frames.recording(number)[: self.settings.crop] for number in numbers]
            crops, mask = self._joined([self._latents(piece) for piece in pieces])
            count = int(mask.sum())
            total += float(self._loss(self.average, crops, mask)) * count
            weight += count
        return total / weight

    def save(self, folder: Path, card: Mapping[str, Any]) -> None:
        """The state to go on from, and the averaged model for use."""
        folder.mkdir(parents=True, exist_ok=True)
        settings = self.settings
        state = {
            "settings": asdict(settings),
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "card": dict(card),
        }
        if self.whitening is not None:
            state["mean"] = torch.from_numpy(self.whitening.mean)
            state["projection"] = torch.from_numpy(self.whitening.projection)
        unfinished = folder / (STATE + ".part")
        torch.save(state, unfinished)
        unfinished.replace(folder / STATE)
        kept = checkpoints.Checkpoint(
            self.average, settings.kind, settings.latents, self.whitening, card
        )
        checkpoints.save(folder / MODEL, kept, dict(settings.architecture))

    @classmethod
    def resume(cls, folder: Path, device: str = "cpu", **changed: Any) -> "Trainer":
        """Go on from `save`; `changed` settings (steps, rate …) take the place of the saved.

        Raises ValueError where the state cannot be read.
        """
        try:
            state = torch.load(folder / STATE, map_location=device, weights_only=True)
        except Exception as error:  # torch raises what its readers do: zip, pickle, I/O errors
            raise ValueError(f"{folder / STATE} cannot be read, so take another --out") from error
        settings = Settings(**{**state["settings"], **changed})
        whitening = None
        if "mean" in state:
            whitening = Whitening(*(state[name].cpu().numpy() for name in ("mean", "projection")))
        trainer = cls(settings, whitening, device)
        trainer.model.load_state_dict(state["model"])
        trainer.average.load_state_dict(state["average"])
        trainer.optimizer.load_state_dict(state["optimizer"])
        trainer.step = state["step"]
        trainer.card = state.get("card", {})  # older states have none
        return trainer

    def _loss(self, model: nn.Module, crops: Tensor, mask: Tensor) -> Tensor:
        reduced = torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16"
        )
        with reduced:
            if isinstance(model, FlowModel):
                losses = model.loss(crops, self.settings.draws).float().mean(0) / crops.shape[-1]
            else:
                losses = model.loss(crops)
        return (losses * mask).sum() / mask.sum()

    def _crops(self, frames: Frames, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        settings = self.settings
        pieces = []
        # Every frame is as likely as any other.
        for place in random.integers(0, len(frames.values), settings.batch):
            number = int(np.searchsorted(frames.starts, place, side="right")) - 1
            recording = frames.recording(number)
            last = max(1, len(recording) - settings.crop + 1)
            start = min(int(place - frames.starts[number]), last - 1)
            pieces.append(self._latents(recording[start : start + settings.crop], random))
        crops, mask = self._joined(pieces)
        return crops + settings.noise * torch.randn_like(crops), mask

    def _latents(self, piece: np.ndarray, random: np.random.Generator | None = None) -> np.ndarray:
        """What the model sees of stored frames; those of mel bands, augmented with `random`."""
        piece = piece.astype(np.float32)
        if self.whitening is None:
            return piece
        if random is None:
            heard = audible_mel.heard(piece, audible_mel.inner_noise(len(piece)))
        else:
            settings = self.settings
            augment = Augmentation(settings.gain, settings.equaliser, settings.narrowed)
            heard = augment(piece, random)
        return self.whitening(heard)

    def _joined(self, pieces: list[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Frames [batch, T, D] and which of all but the first are real [batch, T - 1]."""
        tensors = [torch.from_numpy(piece) for piece in pieces]
        joined = nn.utils.rnn.pad_sequence(tensors, batch_first=True).to(self.device)
        lengths = torch.tensor([len(piece) for piece in pieces], device=self.device)
        return joined, torch.arange(1, joined.shape[1], device=self.device) < lengths[:, None]

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(self.settings.average, self.step / (self.step + _EMA_WARMUP))
        followers = list(self.average.parameters())
        torch._foreach_lerp_(followers, list(self.model.parameters()), 1 - keep)


def rate_share(step: int, settings: Settings) -> float:
    """Linear warm-up, then constant, then a half cosine down to zero at the end of the run."""
    rising = min(1.0, (step + 1) / max(1, settings.warmup))
    falling = settings.steps * settings.cooldown
    left = (settings.steps - step) / falling if falling else 1.0
    return rising * (0.5 - 0.5 * math.cos(math.pi * min(1.0, max(0.0, left))))


class Watch(Protocol):
    """Whoever wants to know how far a training is."""

    def stepped(self, step: int, loss: float) -> None:
        """A step is done."""

    def saved(self, step: int, loss: float, held_out: float) -> None:
        """It can go on from here; the mean loss since the last time, and the loss held out."""


def train(
    trainer: Trainer,
    training: Frames,
    validation: Frames,
    folder: Path,
    card: Mapping[str, Any],
    every_s: float = 300.0,
    is_stopped: Callable[[], bool] = lambda: False,
    watch: Watch | None = None,
) -> None:
    """Until the last step or until stopped; saves and logs every so many seconds and at the end."""
    began = saved = time.monotonic()
    losses: list[float] = []
    while trainer.step < trainer.settings.steps:
        losses.append(trainer.advance(training))
        if watch is not None:
            watch.stepped(trainer.step, losses[-1])
        at_end = trainer.step == trainer.settings.steps or is_stopped()
        if at_end or time.monotonic() - saved >= every_s:
            trainer.save(folder, {**card, "steps": trainer.step})
            loss, held_out = sum(losses) / len(losses), trainer.validate(validation)
            _note(folder, trainer.step, loss, held_out, time.monotonic() - began)
            if watch is not None:
                watch.saved(trainer.step, loss, held_out)
            losses, saved = [], time.monotonic()
        if at_end:
            return


def _note(folder: Path, step: int, loss: float, held_out: float, seconds: float) -> None:
    """One line of the log: step, mean loss since the last line, loss held out, seconds."""
    with (folder / LOG).open("a") as file:
        if file.tell() == 0:
            file.write("step\ttraining\tvalidation\tseconds\n")
        file.write(f"{step}\t{loss:.5f}\t{held_out:.5f}\t{seconds:.0f}\n")


def best(folder: Path) -> tuple[int, float, float] | None:
    """Step and value of the lowest loss held out in the log, and the last one; None without any."""
    if not (folder / LOG).exists():
        return None
    rows = [line.split("\t") for line in (folder / LOG).read_text().splitlines()[1:]]
    held_out = [(float(row[2]), int(row[0])) for row in rows]
    if not held_out:
        return None
    lowest, step = min(held_out)
    return step, lowest, held_out[-1][0]


def _model(settings: Settings, dropout: float) -> FlowModel | MixtureModel:
    classes = {checkpoints.FLOW: FlowModel, checkpoints.MIXTURE: MixtureModel}
    return classes[settings.kind](**settings.architecture, dropout=dropout)
