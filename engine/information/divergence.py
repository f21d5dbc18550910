"""The divergence of a velocity field, exactly or from random probes.

The Skilling-Hutchinson estimate of a trace is the mean of εᵀJε over probes ε of random signs. Fresh
probes for every evaluation, orthogonal to those before, let the errors of a trajectory average out;
fixed ones, as an adaptive solver needs, let them add up. Deflation takes directions in which J is
known to be large out of the estimate and adds their part exactly: on layer-normalised latents the
state and the vector of ones.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.information import probes

FRESH, FIXED, EXACT = "fresh", "fixed", "exact"
DEFLATED = 2  # directions: the vector of ones, and the state
_TINY = 1e-12  # squared length below which a state has no direction of its own


@dataclass(frozen=True)
class Trace:
    """How the trace of the Jacobian is found."""

    kind: str = FRESH  # FRESH, FIXED or EXACT
    probes: int = 1  # of the random kinds
    deflate: bool = False  # of the random kinds

    def __post_init__(self) -> None:
        if self.kind not in (FRESH, FIXED, EXACT):
            raise ValueError(f"there is no divergence {self.kind!r}: take fresh, fixed or exact")
        if self.probes < 1:
            raise ValueError(f"{self.probes} probes: take at least 1")

    def tangents(self, dim: int) -> int:
        """Products with the Jacobian for one frame and evaluation."""
        if self.kind == EXACT:
            return dim
        return self.probes + (DEFLATED if self.deflate else 0)

    def directions(self, x: Tensor, keys: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        """Tangents [P, N, D] and the weights [P] of their quadratic forms in the trace."""
        frames, dim = x.shape
        if self.kind == EXACT:
            units = torch.eye(dim, dtype=x.dtype, device=x.device)
            return units[:, None].expand(dim, frames, dim), x.new_ones(dim)
        number = 0 if self.kind == FIXED else evaluation
        random = probes.signs(keys, number, self.probes, dim, x.dtype)
        weights = x.new_full((self.probes,), 1 / self.probes)
        if not self.deflate:
            return random, weights
        known = _known_directions(x)
        shares = torch.einsum("pnd,knd->pnk", random, known)
        random = random - torch.einsum("pnk,knd->pnd", shares, known)
        return torch.cat((known, random)), torch.cat((x.new_ones(DEFLATED), weights))


def trace(tangents: Tensor, products: Tensor, weights: Tensor) -> Tensor:
    """Trace of each frame's Jacobian [N] from tangents and J·tangents, both [P, N, D]."""
    return weights @ (tangents * products).sum(-1)


def _known_directions(x: Tensor) -> Tensor:
    """Orthonormal basis of each frame's span of ones and x, [2, N, D].

    A state without a direction of its own has zeros in place of the second: nothing is deflated.
    """
    centred = x - x.mean(-1, keepdim=True)
    squared = (centred**2).sum(-1, keepdim=True)
    own = torch.where(squared > _TINY, centred * squared.clamp_min(_TINY).rsqrt(), 0)
    ones = torch.full_like(x, x.shape[-1] ** -0.5)
    return torch.stack((ones, own))
