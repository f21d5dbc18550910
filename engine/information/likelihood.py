"""log p(x) under a flow, by the instantaneous change of variables.

Source: R. T. Q. Chen et al., "Neural ordinary differential equations", arXiv 1806.07366; W.
Grathwohl et al., "FFJORD", arXiv 1810.01367. The flow carries noise at time 0 to data at time 1;
integrated backwards, log p(x) = log N(x₀; 0, I) - ∫₀¹ div v dt, in nats.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from engine.information import solvers
from engine.information.divergence import EXACT, FIXED, FRESH, Trace, trace
from engine.information.fields import BoundField, Field
from engine.information.graphs import Graphs

# Bytes. Chunks that leave the caches are slower: at the published size and one probe, 256 frames
# (6 MB) take 0.150 ms each, 512 take 0.155 and 2,048 take 0.168.
CPU_BUDGET = 8 * 2**20
GPU_SHARE = 0.5  # of the memory that is free
RECORDED_STEPS = 512  # at most; a field keeps what it made for so many times

log = logging.getLogger(__name__)


class NotEnoughMemory(MemoryError):
    """A sentence: not even one frame fits, and what to do."""


@dataclass(frozen=True)
class Integration:
    """How the flow is integrated. The defaults are fast; see EXACTLY and PUBLISHED."""

    solver: str = "midpoint"  # one of solvers.SOLVERS
    steps: int = 16  # of the solvers with fixed steps
    divergence: Trace = field(default_factory=Trace)
    options: Mapping[str, Any] = field(default_factory=dict)  # of the adaptive solvers

    def __post_init__(self) -> None:
        if self.solver not in solvers.SOLVERS:
            known = ", ".join(solvers.SOLVERS)
            raise ValueError(f"there is no solver {self.solver!r}: take one of {known}")
        if self.steps < 1:
            raise ValueError(f"{self.steps} steps: take at least 1")
        if self.solver not in solvers.TABLEAUS and self.divergence.kind == FRESH:
            raise ValueError(
                f"the solver {self.solver} chooses its steps by comparing evaluations, so that "
                f"probes must not change between them: take the divergence {FIXED} or {EXACT}"
            )


FAST = Integration()
# For layer-normalised latents, whose frames lie on a sphere. Two orthogonal probes beat deflation
# and one (three products): on a trained flow the RMS errors are 0.88 and 1.08 nats a frame.
FAST_ON_SPHERE = Integration(divergence=Trace(probes=2))
EXACTLY = Integration(steps=32, divergence=Trace(EXACT))
PUBLISHED = Integration("euler", 100, Trace(FIXED, probes=4))


def log_likelihood(
    flow: Field,
    x: Tensor,
    context: Tensor | None,
    keys: Tensor,
    integration: Integration = FAST,
    times: Sequence[float] = (1.0,),
    chunk: int | None = None,
    graphs: Graphs | None = None,
) -> Tensor:
    """log p in nats, [times, N], of frames x [N, D], which are the state at the first time.

    The further times, falling, are points on the way to the noise, whose states have likelihoods
    of their own. `keys` [N] seed the probes (probes.frame_keys). `chunk` is the number of frames
    at a time; by default as many as the memory allows. `graphs`: of this flow, on a GPU; without
    them each kernel is launched by itself. Raises NotEnoughMemory.
    """
    if any(later >= time for time, later in pairwise(times)):
        raise ValueError(f"times must fall: {list(times)}")
    if not 1 >= times[0] >= times[-1] >= 0:
        raise ValueError(f"times lie between 0 (noise) and 1 (data): {list(times)}")
    result = x.new_empty(len(times), len(x))
    if len(x) == 0:
        return result
    rows = 1 + integration.divergence.tangents(x.shape[-1])
    kind = (integration.solver, integration.steps, integration.divergence, *times)

    def solve(x: Tensor, context: Tensor | None, keys: Tensor) -> Tensor:
        return _solve(flow.bind(context), x, keys, integration, times)

    is_recorded = integration.solver in solvers.TABLEAUS and integration.steps <= RECORDED_STEPS
    size = chunk or frames_at_once(flow, x, integration)
    start = 0
    while start < len(x):
        part = slice(start, start + size)
        inputs = x[part], None if context is None else context[part], keys[part]
        try:
            if graphs is not None and is_recorded:
                solved = graphs.solved(solve, *inputs, kind, rows)
            else:
                solved = solve(*inputs)
        except torch.OutOfMemoryError as error:
            size = _smaller(min(size, len(x) - start), x.device, error)
            continue
        result[:, part] = solved
        start += size
    return result


def frames_at_once(flow: Field, x: Tensor, integration: Integration) -> int:
    """How many frames fit into the memory that may be used."""
    rows = 1 + integration.divergence.tangents(x.shape[-1])
    budget = CPU_BUDGET
    if x.device.type == "cuda":
        budget = int(torch.cuda.mem_get_info(x.device)[0] * GPU_SHARE)
    return max(1, budget // (rows * flow.bytes_per_row()))


def _smaller(size: int, device: torch.device, error: Exception) -> int:
    if size == 1:
        raise NotEnoughMemory(
            f"{device} has too little memory left for a single frame: free some of it, "
            "take fewer probes, or compute on the CPU"
        ) from error
    if device.type == "cuda":
        torch.cuda.empty_cache()
    log.warning("%d frames at once do not fit into the memory of %s: %d", size, device, size // 2)
    return size // 2


def _solve(
    flow: BoundField, x: Tensor, keys: Tensor, integration: Integration, times: Sequence[float]
) -> Tensor:
    """log p of one chunk, [times, N]."""
    divergence, dim = integration.divergence, x.shape[-1]
    points = [*times, 0.0] if times[-1] > 0 else list(times)

    def right(time: float, at: Tensor, evaluation: int, wanted: bool) -> tuple[Tensor, Tensor]:
        if not wanted:
            velocity, _ = flow(time, at, at.new_empty(0, *at.shape))
            return velocity, at.new_zeros(len(at))
        tangents, weights = divergence.directions(at, keys, evaluation)
        velocity, products = flow(time, at, tangents)
        return velocity, trace(tangents, products, weights)

    if len(points) == 1 or integration.solver in solvers.TABLEAUS:
        solver = integration.solver if integration.solver in solvers.TABLEAUS else "euler"
        states, integrals = solvers.fixed_step(right, x, points, solver, integration.steps)
    else:
        solve = solvers.adaptive if integration.solver == solvers.ADAPTIVE else solvers.scipy_ivp
        states, integrals = solve(right, x, points, integration.options)
    noise = states[-1]
    log_noise = -0.5 * ((noise**2).sum(-1) + dim * math.log(2 * math.pi))
    return (log_noise + integrals[-1] - integrals)[: len(times)]
