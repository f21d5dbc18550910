"""A model of information content at work: latent sequences in, -log p of every frame out.

Noise levels (arXiv 2508.05306 and 2511.05350): at level s the information is that of the noised
data x_t = t x + (1 - t) ε with t = 1 - s. By default ε is its expectation 0, for the frames that
are predicted as well as for those they are predicted from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from engine.information import likelihood, probes, solvers
from engine.information.checkpoints import Checkpoint
from engine.information.fields import VelocityField
from engine.information.flow import FlowModel
from engine.information.graphs import Graphs
from engine.information.latent_kinds import NOISE_AUGMENTED, OF_MEL_BANDS
from engine.information.likelihood import Integration
from engine.information.transformer import contexts

_APART = 1e-6  # noise levels, at least
TRUNK_FRAMES = 1 << 15  # at once, of all sequences: 50 minutes, 0.4 GB


@dataclass(frozen=True)
class Noise:
    """At which noise levels information is wanted, and what noise is."""

    levels: tuple[float, ...] = (0.0,)  # 0 (the data) to 1 (nothing of them)
    # Average the noised data over so many draws; None: over all, which is the expectation.
    monte_carlo: int | None = None
    # False: the points that the flow itself passes on the way from the data to noise.
    from_expectation: bool = True

    def __post_init__(self) -> None:
        if not self.levels or not all(0 <= level <= 1 for level in self.levels):
            raise ValueError(f"noise levels lie between 0 and 1: {list(self.levels)}")
        if len(set(self.levels)) < len(self.levels):
            raise ValueError(f"noise levels repeat: {list(self.levels)}")
        # Levels are times on the way to the noise, which a flow takes as float32.
        if any(lower + _APART > level for lower, level in pairwise(sorted(self.levels))):
            raise ValueError(f"noise levels differ by {_APART:g} or more: {list(self.levels)}")
        if self.monte_carlo is not None and self.monte_carlo < 1:
            raise ValueError(f"{self.monte_carlo} Monte Carlo samples: take at least 1")
        if self.monte_carlo is not None and not self.from_expectation:
            raise ValueError("Monte Carlo samples are of the expectation, not of the flow's points")


class InformationModel:
    """A checkpoint on a device, with the way its flow is integrated."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str | torch.device = "cpu",
        integration: Integration | None = None,
        precision: torch.dtype | None = None,
        seed: int = 0,
    ):
        self.latents, self.whitening = checkpoint.latents, checkpoint.whitening
        self.seed = seed
        self._device = torch.device(device)
        self._model = checkpoint.model.to(self._device)
        on_sphere = checkpoint.latents == NOISE_AUGMENTED
        usual = likelihood.FAST_ON_SPHERE if on_sphere else likelihood.FAST
        self.integration = integration or usual
        self._field = None
        if isinstance(checkpoint.model, FlowModel):
            self._field = VelocityField(self._model.diff_mlp, precision)
        self._graphs = Graphs() if self._device.type == "cuda" else None

    @property
    def has_closed_form(self) -> bool:
        """A mixture's likelihood needs no integration, and is of the data without noise only."""
        return self._field is None

    def latents_of(self, frames: np.ndarray) -> np.ndarray:
        """What the model reads of frames as their encoder gives them, float32 [T, D]."""
        if self.latents in OF_MEL_BANDS and self.whitening is not None:
            return self.whitening(frames)
        return frames.astype(np.float32, copy=False)

    @torch.no_grad()
    def information(
        self, sequences: Sequence[np.ndarray], noise: Noise | None = None, chunk: int | None = None
    ) -> list[np.ndarray]:
        """-log p of the frames of latents [T, D], in nats: float32 [levels, T] for each sequence.

        The first frame has no context: NaN. A sequence's values depend on it and on the seed only,
        not on the sequences beside it; those of solvers that choose their steps depend on `chunk`
        too. Raises likelihood.NotEnoughMemory.
        """
        noise = noise or Noise()
        if self._field is None and noise.levels != (0.0,):
            raise ValueError("a mixture has no noise levels: only 0.0 can be computed")
        tensors = [torch.from_numpy(np.ascontiguousarray(one, np.float32)) for one in sequences]
        results: list[np.ndarray] = []
        for batch in _batches(tensors):
            found = self._batch([one.to(self._device) for one in batch], noise, chunk)
            results += [_with_first(one, len(of)) for one, of in zip(found, batch, strict=True)]
        return results

    def _batch(self, batch: list[Tensor], noise: Noise, chunk: int | None) -> list[Tensor]:
        """log p, [levels, T - 1] each."""
        if self._field is None:
            return [one[None] for one in self._model.log_likelihood(batch)]
        if noise.from_expectation:
            per_level = [self._level(batch, level, noise, chunk) for level in noise.levels]
            return [torch.cat(rows) for rows in zip(*per_level, strict=True)]
        falling = sorted((1 - level for level in noise.levels), reverse=True)
        times = falling if falling[0] == 1 else [1.0, *falling]
        rows = [times.index(1 - level) for level in noise.levels]
        return [one[rows] for one in self._flow(batch, times, chunk)]

    def _level(
        self, batch: list[Tensor], level: float, noise: Noise, chunk: int | None
    ) -> list[Tensor]:
        time = 1 - level
        noised = [time * one + level * self._mean_noise(one, noise) for one in batch]
        return self._flow(noised, [time], chunk)

    def _mean_noise(self, sequence: Tensor, noise: Noise) -> Tensor:
        """Mean of the draws, the same for a sequence at every level; 0 in expectation."""
        if noise.monte_carlo is None:
            return torch.zeros_like(sequence)
        generator = torch.Generator().manual_seed(self.seed)
        draws = torch.randn(noise.monte_carlo, *sequence.shape, generator=generator)
        return draws.mean(0).to(sequence)

    def _flow(self, batch: list[Tensor], times: list[float], chunk: int | None) -> list[Tensor]:
        """log p of each sequence's frames but the first, [times, T - 1]; one solve for all.

        Solvers that choose their steps by the errors of all frames get one sequence at a time.
        """
        if len(batch) > 1 and self.integration.solver not in solvers.TABLEAUS:
            return [self._flow([one], times, chunk)[0] for one in batch]
        context = torch.cat(contexts(self._model.backbone, batch, self._model.longest))
        targets = torch.cat([one[1:] for one in batch])
        lengths = [max(0, len(one) - 1) for one in batch]
        keys = [probes.frame_keys(self.seed, 0, length, self._device) for length in lengths]
        log_p = likelihood.log_likelihood(
            self._field, targets, context, torch.cat(keys), self.integration, times, chunk,
            self._graphs,
        )  # fmt: skip
        return list(log_p.split(lengths, dim=1))


def _batches(sequences: list[Tensor]) -> list[list[Tensor]]:
    """In order; together at most TRUNK_FRAMES once filled up to the longest."""
    batches: list[list[Tensor]] = []
    longest = 0
    for sequence in sequences:
        longest = max(longest, len(sequence))
        if not batches or (len(batches[-1]) + 1) * longest > TRUNK_FRAMES:
            batches.append([])
            longest = len(sequence)
        batches[-1].append(sequence)
    return batches


def _with_first(log_p: Tensor, frames: int) -> np.ndarray:
    """Information of all frames; NaN for the first."""
    values = np.full((log_p.shape[0], frames), np.nan, np.float32)
    values[:, 1:] = -log_p.cpu().numpy()
    return values
