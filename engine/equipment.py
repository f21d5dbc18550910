"""What a run has to work with: the models that are at hand for each stage, and what that means.

A run never takes values away because a model that was at hand before is not at hand now.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine import models, stages
from engine.model_fetch import fetch
from engine.planning import Wanted
from engine.schema import STAGE_COLUMNS


@dataclass(frozen=True)
class Gap:
    """Columns that a stage leaves empty for want of a model that it can run without."""

    stage: str
    columns: tuple[str, ...]
    why: str  # a sentence, with the command that helps


@dataclass(frozen=True)
class Equipment:
    """The stages that were asked for, as they can be computed now."""

    plans: Mapping[str, object]  # stage → stages.StagePlan
    load: Callable  # stages.load
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)  # space → names
    gaps: Sequence[Gap] = ()

    @property
    def is_complete(self) -> bool:
        return not self.gaps and not any(plan.missing for plan in self.plans.values())


def equip(names: Iterable[str], dirs: Sequence[Path] = (), accept_unpinned=False) -> Equipment:
    """Look for the models of the stages `names`."""
    plans = stages.resolve(names, dirs, accept_unpinned)
    gaps = [
        Gap(name, columns, f"{models.explain(key, dirs, accept_unpinned)}.")
        for name, plan in plans.items()
        for key in stages.without(plan)
        if (columns := tuple(c for c in models.MODELS[key].gives if c in STAGE_COLUMNS[name]))
    ]
    return Equipment(plans, stages.load, stages.labels(plans), gaps)


def fetch_missing(
    names: Sequence[str], dirs: Sequence[Path], accept_unpinned: bool, say: Callable[[str], None]
) -> Equipment:
    """`equip` after an attempt to download what is missing; says in one line if that fails."""
    keys = [key for key in models.missing(dirs) if models.MODELS[key].stage in names]
    if keys:
        licences = ", ".join(sorted({models.MODELS[key].licence for key in keys}))
        say(f"Downloading {len(keys)} model files ({licences})")
        try:
            fetch(keys, models.cache_folder())
        except models.ModelError as error:
            say(f"Going on without: {str(error).splitlines()[0]}")
    return equip(names, dirs, accept_unpinned)


def fingerprint(plan, span_s: float | None) -> str:
    """What a stage's values depend on besides the audio; equal fingerprints, equal values."""
    return hashlib.sha256(f"{plan.fingerprint_base} span={span_s}".encode()).hexdigest()[:24]


def wanted(plan, span_s: float | None, made_with: Mapping[str, Iterable[str]]) -> Wanted:
    """A stage for the planning.

    made_with: fingerprint → digests of the models, for the values of this stage in the library.
    """
    now = {model.sha256 for model in plan.models}
    richer = frozenset(old for old, digests in made_with.items() if now < set(digests))
    return Wanted(fingerprint(plan, span_s), plan.missing, richer)
