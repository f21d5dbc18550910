"""How the flow is integrated, in the words of the command line: a preset, and what differs from it.

n_runs is the number of probes of the divergence. solver_kwargs are, for solvers with fixed steps,
n_steps or step_size (of the way from the data to noise, which has length 1); for the adaptive ones
method, rtol and atol, as torchdiffeq and scipy name them.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.information import likelihood, solvers
from engine.information.divergence import EXACT, FIXED, FRESH, Trace
from engine.information.likelihood import Integration
from engine.information.options import PRESETS

_FAST, _EXACT, _PUBLISHED = PRESETS
METHODS = {
    solvers.ADAPTIVE: ("dopri5", "dopri8", "bosh3", "fehlberg2", "adaptive_heun"),
    solvers.SCIPY: ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA"),
}
_TOLERANCES = ("rtol", "atol")
_STEPS, _STEP = "n_steps", "step_size"
MOST_STEPS = 100_000


def integration(
    preset: str = _FAST,
    n_runs: int | None = None,
    solver: str | None = None,
    solver_kwargs: Mapping[str, Any] | None = None,
    on_sphere: bool = False,
) -> Integration:
    """`on_sphere`: the latents are layer-normalised. Raises ValueError with a sentence."""
    usual = likelihood.FAST_ON_SPHERE if on_sphere else likelihood.FAST
    base = {_FAST: usual, _EXACT: likelihood.EXACTLY, _PUBLISHED: likelihood.PUBLISHED}[preset]
    name = solver or base.solver
    trace = _trace(base.divergence, n_runs, name)
    settings = dict(solver_kwargs or {})
    if name in solvers.TABLEAUS:
        steps = _steps(name, settings) or base.steps
        return replace(base, solver=name, steps=steps, divergence=trace)
    return Integration(name, base.steps, trace, _adaptive(name, settings))


def _trace(usual: Trace, n_runs: int | None, solver: str) -> Trace:
    if usual.kind == EXACT:
        if n_runs is not None:
            raise ValueError("an exact divergence has no probes: leave n_runs away, or take fast")
        return usual
    # A solver that chooses its steps compares evaluations, so that its probes stay.
    kind = usual.kind if solver in solvers.TABLEAUS or usual.kind != FRESH else FIXED
    return replace(usual, kind=kind, probes=n_runs or usual.probes)


def _steps(solver: str, settings: dict[str, Any]) -> int | None:
    _refuse_unknown(solver, settings, (_STEPS, _STEP))
    if len(settings) > 1:
        raise ValueError(f"solver_kwargs: {_STEPS} and {_STEP} say the same: give one of them")
    if _STEP in settings:
        steps = 1 / _positive(_STEP, settings[_STEP])
        if steps < 1:
            raise ValueError(f"solver_kwargs: a {_STEP} is at most 1, the whole way")
    elif _STEPS in settings:
        steps = _positive(_STEPS, settings[_STEPS])
        if not steps.is_integer():
            raise ValueError(f"solver_kwargs: {_STEPS} is a whole number, not {steps:g}")
    else:
        return None
    if steps > MOST_STEPS:
        raise ValueError(f"solver_kwargs: {steps:g} steps are too many: take {MOST_STEPS} at most")
    return round(steps)


def _adaptive(solver: str, settings: dict[str, Any]) -> dict[str, Any]:
    _refuse_unknown(solver, settings, ("method", *_TOLERANCES))
    chosen = {name: _positive(name, settings[name]) for name in _TOLERANCES if name in settings}
    if "method" in settings:
        if settings["method"] not in METHODS[solver]:
            known = ", ".join(METHODS[solver])
            raise ValueError(f"the solver {solver} has no method {settings['method']!r}: {known}")
        chosen["method"] = settings["method"]
    return chosen


def _refuse_unknown(solver: str, settings: dict[str, Any], known: tuple[str, ...]) -> None:
    if unknown := [name for name in settings if name not in known]:
        raise ValueError(
            f"solver_kwargs: the solver {solver} has no {', '.join(map(str, unknown))}; it takes "
            f"{', '.join(known)}"
        )


def _positive(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not 0 < number < math.inf:
        raise ValueError(f"solver_kwargs: {name} is a number above 0, not {value!r}")
    return number
