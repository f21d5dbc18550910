"""Velocity fields with forward-mode derivatives: what the likelihood solver integrates.

A field is bound to its contexts once per solve; a bound field gives, at one time, the velocity of
every frame and the Jacobian's products with any number of tangents. Velocity and products share
one pass over the network.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from engine.information.flow import VelocityNetwork

NORM_EPSILON = 1e-5  # of every LayerNorm
MOST_TIMES = 4096  # that are kept, of 10 kB: adaptive solvers choose new ones without end


class BoundField(Protocol):
    """The field of some frames."""

    def __call__(self, time: float, x: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, D], tangents [P, N, D], P may be 0 → velocity [N, D], J·tangents [P, N, D]."""


class Field(Protocol):
    """The field of a model."""

    def bind(self, context: Tensor | None) -> BoundField:
        """For the frames that have these contexts [N, C]."""

    def bytes_per_row(self) -> int:
        """Working memory of one frame's velocity, or of one of its tangents."""


class FunctionField:
    """Any function (time, x [N, D], context) → velocity [N, D] that treats frames one by one."""

    def __init__(self, function: Callable[[float, Tensor, Tensor | None], Tensor], dim: int):
        self._function = function
        self._dim = dim

    def bytes_per_row(self) -> int:
        return 64 * 8 * self._dim  # a guess, on the safe side: the function is not known

    def bind(self, context: Tensor | None) -> BoundField:
        def bound(time: float, x: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
            velocity = self._function(time, x, context)
            if len(tangents) == 0:
                return velocity, tangents

            def product(tangent: Tensor) -> Tensor:
                here = lambda point: self._function(time, point, context)  # noqa: E731
                return torch.func.jvp(here, (x,), (tangent,))[1]

            return velocity, torch.func.vmap(product)(tangents)

        return bound


class VelocityField:
    """The velocity network, differentiated by hand.

    Its blocks are affine maps between a LayerNorm and a Swish gate, so a tangent follows the
    primal through the same matrices: both are rows of one product. What depends on the time only
    is computed once per time, what depends on the context only once per solve. The products run
    in `precision`; the residual stream, and so the state, stay float32.
    """

    def __init__(self, network: VelocityNetwork, precision: torch.dtype | None = None):
        self._network = network
        weight = network.linear_input.weight.detach()
        self.dim = network.linear_output.out_features
        self._state = weight.dtype
        self._into, self._from_context = weight[:, : self.dim], weight[:, self.dim :]
        precision = precision or weight.dtype
        self._blocks = [
            (
                block.ff.to_mlp.weight.detach().to(precision),
                block.ff.to_out.weight.detach().to(precision),
            )
            for block in network.layers
        ]
        self._times: dict[float, tuple[list[Tensor], Tensor]] = {}

    def bytes_per_row(self) -> int:
        """Widest moment: normed input, gate and value, their product, and the residual stream."""
        width = len(self._into)
        return (4 * width + 2 * 4 * width) * self._into.element_size()

    def bind(self, context: Tensor | None) -> BoundField:
        if context is None:
            raise ValueError("the velocity network needs the contexts of its frames")
        network = self._network
        constant = torch.addmm(network.linear_input.bias.detach(), context, self._from_context.T)

        def bound(time: float, x: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
            return self._evaluate(time, x, tangents, constant)

        return bound

    @torch.no_grad()
    def _at(self, time: float) -> tuple[list[Tensor], Tensor]:
        """Gains of the blocks' norms and of the last one, and the shift of the last one."""
        if time in self._times:
            return self._times[time]
        network = self._network
        at = torch.tensor(time, dtype=self._state, device=self._into.device)
        features = network.time_features(at)
        norms = [block.norm for block in network.layers] + [network.norm_output]
        gains = [1 + norm.scale_proj(features) for norm in norms]
        found = gains, network.norm_output.shift_proj(features)
        if len(self._times) < MOST_TIMES:  # none is given up again: a recorded solve reads it
            self._times[time] = found
        return found

    @torch.no_grad()
    def _evaluate(
        self, time: float, x: Tensor, tangents: Tensor, constant: Tensor
    ) -> tuple[Tensor, Tensor]:
        gains, shift = self._at(time)
        rows = torch.cat((x[None], tangents)) @ self._into.T  # [1 + P, N, width]
        rows[0] += constant
        for gain, (to_mlp, to_out) in zip(gains, self._blocks, strict=False):
            wide = _normed(rows, gain).to(to_mlp.dtype) @ to_mlp.T
            rows += _gated(wide) @ to_out.T
        last = _normed(rows, gains[-1])
        last[0] += shift
        result = last @ self._network.linear_output.weight.detach().T
        return result[0] + self._network.linear_output.bias.detach(), result[1:]


def _normed(rows: Tensor, gain: Tensor) -> Tensor:
    """LayerNorm of the first row and its derivative along the others, times the gain.

    The Jacobian of a LayerNorm is symmetric: its backward pass is its forward mode.
    """
    width = rows.shape[-1:]
    primal = rows[0]
    value, mean, scale = torch.native_layer_norm(primal, width, gain, None, NORM_EPSILON)
    result = torch.empty_like(rows)
    result[0] = value
    for index in range(1, len(rows)):
        product, _, _ = torch.ops.aten.native_layer_norm_backward(
            rows[index], primal, width, mean, scale, None, None, [True, False, False]
        )
        torch.mul(product, gain, out=result[index])
    return result


def _gated(rows: Tensor) -> Tensor:
    """silu(gate) * value of the first row, and its derivative along the others."""
    gate, value = rows.chunk(2, dim=-1)
    swish = functional.silu(gate[0])
    result = gate.new_empty(gate.shape)
    torch.mul(swish, value[0], out=result[0])
    for index in range(1, len(rows)):
        torch.mul(swish, value[index], out=result[index])
        slope = torch.ops.aten.silu_backward(gate[index], gate[0])
        result[index].addcmul_(slope, value[0])
    return result
