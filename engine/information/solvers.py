"""Integration of a state and its divergence over time.

Every solver takes a right-hand side and the times, in their order, at which the state is wanted;
the first is where it starts. A right-hand side is (time, x [N, D], evaluation, wanted) →
(velocity [N, D], divergence [N]): `evaluation` numbers the calls whose divergence counts, and
where the divergence is not `wanted` (a stage without weight) it may cost nothing and be anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

RightHandSide = Callable[[float, Tensor, int, bool], tuple[Tensor, Tensor]]
Path = tuple[Tensor, Tensor]  # states [times, N, D], integrals of the divergence [times, N]


@dataclass(frozen=True)
class Tableau:
    """An explicit Runge-Kutta method (J. C. Butcher)."""

    nodes: tuple[float, ...]
    matrix: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]


TABLEAUS = {
    "euler": Tableau((0.0,), ((),), (1.0,)),
    "midpoint": Tableau((0.0, 0.5), ((), (0.5,)), (0.0, 1.0)),
    "heun": Tableau((0.0, 1.0), ((), (1.0,)), (0.5, 0.5)),
    "rk4": Tableau(
        (0.0, 0.5, 0.5, 1.0),
        ((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)),
        (1 / 6, 1 / 3, 1 / 3, 1 / 6),
    ),
}
ADAPTIVE, SCIPY = "adaptive", "scipy"
SOLVERS = (*TABLEAUS, ADAPTIVE, SCIPY)


def fixed_step(
    right: RightHandSide, x: Tensor, times: Sequence[float], solver: str, steps: int
) -> Path:
    """About `steps` equal steps from the first time to the last, each part in whole ones."""
    tableau = TABLEAUS[solver]
    integral = x.new_zeros(len(x))
    states, integrals = [x], [integral]
    span, evaluation = abs(times[-1] - times[0]), 0
    for start, end in pairwise(times):
        # Half a thousandth of a step is rounding, not a reason for one step more.
        count = max(1, int(np.ceil(steps * abs(end - start) / span - 5e-4))) if span else 0
        for number in range(count):
            time, step = start + (end - start) * number / count, (end - start) / count
            x, gained, evaluation = _step(right, tableau, time, step, x, evaluation)
            integral = integral + gained
        states.append(x)
        integrals.append(integral)
    return torch.stack(states), torch.stack(integrals)


def _step(
    right: RightHandSide, tableau: Tableau, time: float, step: float, x: Tensor, evaluation: int
) -> tuple[Tensor, Tensor, int]:
    slopes: list[Tensor] = []
    gained = x.new_zeros(len(x))
    for node, row, weight in zip(tableau.nodes, tableau.matrix, tableau.weights, strict=True):
        at = _advanced(x, slopes, row, step)
        slope, divergence = right(time + node * step, at, evaluation, weight != 0)
        slopes.append(slope)
        if weight:
            gained = gained + step * weight * divergence
            evaluation += 1
    return _advanced(x, slopes, tableau.weights, step), gained, evaluation


def _advanced(x: Tensor, slopes: list[Tensor], factors: tuple[float, ...], step: float) -> Tensor:
    for slope, factor in zip(slopes, factors, strict=True):
        if factor:
            x = torch.add(x, slope, alpha=step * factor)
    return x


def adaptive(
    right: RightHandSide, x: Tensor, times: Sequence[float], options: Mapping[str, Any]
) -> Path:
    """torchdiffeq's `odeint`, on the device of the state. Needs times that differ.

    Raises ArithmeticError where it gives up.
    """
    from torchdiffeq import odeint

    def flow(time: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return right(float(time), state[0], 0, True)

    chosen = {"method": "dopri5", "rtol": 1e-4, "atol": 1e-4, **options}
    points = torch.tensor(times, dtype=torch.float64, device=x.device)
    try:
        return odeint(flow, (x, x.new_zeros(len(x))), points, **chosen)
    except AssertionError as error:  # so it says that its steps have become too small
        raise ArithmeticError(f"the solver {ADAPTIVE} gave up: {error}") from error


def scipy_ivp(
    right: RightHandSide, x: Tensor, times: Sequence[float], options: Mapping[str, Any]
) -> Path:
    """scipy's `solve_ivp`, with the state as float64 on the host. Needs times that differ.

    Raises ArithmeticError where it gives up.
    """
    from scipy.integrate import solve_ivp

    frames, dim = x.shape

    def flow(time: float, state: np.ndarray) -> np.ndarray:
        here = torch.from_numpy(state[: frames * dim].reshape(frames, dim))
        velocity, divergence = right(float(time), here.to(x), 0, True)
        joined = torch.cat((velocity.flatten(), divergence)).double().cpu().numpy()
        if not np.isfinite(joined).all():  # the explicit methods would try for ever
            raise ValueError(f"values are not finite at time {time:g}")
        return joined

    start = np.concatenate((x.double().cpu().numpy().ravel(), np.zeros(frames)))
    chosen = {"rtol": 1e-4, "atol": 1e-4, **options}
    try:
        solved = solve_ivp(flow, (times[0], times[-1]), start, t_eval=list(times), **chosen)
    except ValueError as error:  # of the values, or of the implicit methods' matrices
        raise ArithmeticError(f"the solver {SCIPY} gave up: {error}") from error
    if not solved.success:
        raise ArithmeticError(f"the solver {SCIPY} gave up: {solved.message}")
    path = torch.from_numpy(np.ascontiguousarray(solved.y.T)).to(x)
    return path[:, : frames * dim].unflatten(1, (frames, dim)), path[:, frames * dim :]
