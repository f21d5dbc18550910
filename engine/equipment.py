"""What a run has to work with: the models that are at hand for each stage, and what that means.

A run never takes values away because a model that was at hand before is not at hand now.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine import models, stages, weights
from engine.audio import CAP_SECONDS
from engine.information.stage import Before, Wish, before
from engine.library import Library, LibraryError
from engine.model_fetch import fetch
from engine.planning import Wanted
from engine.schema import STAGE_COLUMNS
from engine.supervisor import DEADLINE


@dataclass(frozen=True)
class Gap:
    """Columns that a stage leaves empty for want of a model that it can run without."""

    stage: str
    columns: tuple[str, ...]
    why: str  # a sentence


@dataclass(frozen=True)
class Equipment:
    """The stages that were asked for, as they can be computed now."""

    plans: Mapping[str, object]  # stage → stages.StagePlan
    load: Callable  # stages.load
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)  # space → names
    gaps: Sequence[Gap] = ()
    not_fetched: str = ""  # a sentence: why missing models could not be downloaded

    @property
    def is_complete(self) -> bool:
        return not self.gaps and not any(plan.missing for plan in self.plans.values())


def equip(
    names: Iterable[str],
    dirs: Sequence[Path] = (),
    accept_unpinned: bool = False,
    wish: Wish | None = None,
) -> Equipment:
    """Look for the models of the stages `names`; `wish` is for the stage `information`."""
    plans = stages.resolve(names, dirs, accept_unpinned, wish)
    gaps = [
        Gap(name, columns, f"{models.explain(key, dirs, accept_unpinned)}.")
        for name, plan in plans.items()
        for key in stages.without(plan)
        if (columns := tuple(c for c in models.MODELS[key].gives if c in STAGE_COLUMNS[name]))
    ]
    return Equipment(plans, stages.load, stages.labels(plans), gaps)


def fetch_missing(
    names: Sequence[str],
    dirs: Sequence[Path],
    accept_unpinned: bool,
    wish: Wish | None,
    say: Callable[[str], None],
) -> Equipment:
    """`equip` after an attempt to download what is missing; says in one line if that fails."""
    keys, problem = [key for key in models.missing(dirs) if models.MODELS[key].stage in names], ""
    if keys:
        licences = ", ".join(sorted({models.MODELS[key].licence for key in keys}))
        say(f"Downloading {len(keys)} model files ({licences})")
        try:
            fetch(keys, models.cache_folder())
        except models.ModelError as error:
            problem = str(error).splitlines()[0]
            say(f"Going on without: {problem}")
    return replace(equip(names, dirs, accept_unpinned, wish), not_fetched=problem)


def worker_limits(plans: Mapping[str, object]) -> dict:
    """What workers get above the supervisor's usual limits: keyword arguments of Supervisor."""
    for plan in plans.values():
        if plan.information and plan.information.memory:
            base_s, pace = DEADLINE
            deadline = base_s, pace + plan.information.pace
            return {"memory_limit": plan.information.memory, "deadline": deadline}
    return {}


def noted_information(library: Path) -> Before | None:
    """With which model, and at which noise levels, most of a library's IC was computed.

    None where there is no library yet, or none that can be read: the run will say what is wrong.
    """
    try:
        with Library.open(library) as opened:
            common = weights.most_common(opened, "information")
            return before(opened.meta().get("provenance", {}).get("information", {}).get(common))
    except LibraryError:
        return None


def fingerprint(plan, span_s: float | None) -> str:
    """What a stage's values depend on besides the audio; equal fingerprints, equal values."""
    text = f"{plan.fingerprint_base} span={_longest(span_s)}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def provenance(plan, span_s: float | None) -> dict:
    """What stands behind a fingerprint, as JSON: which models, span, stage's version."""
    source = {"models": sorted(plan.identities), "span_s": _longest(span_s)}
    of_information = plan.information.provenance if plan.information else {}
    return {**source, "version": plan.version, **of_information}


def wanted(plan, span_s: float | None, made: Mapping[str, Mapping]) -> Wanted:
    """A stage for the planning.

    made: fingerprint → `provenance`, for the values of this stage in the library.
    """
    now = provenance(plan, span_s)
    richer = frozenset(
        old
        for old, before in made.items()
        if _is_richer(before, now) or (plan.information and plan.information.leaves(before))
    )
    return Wanted(fingerprint(plan, span_s), plan.missing, richer)


def _is_richer(before: Mapping, now: Mapping) -> bool:
    """Whether values were made as they would be now, but with models that are not at hand now."""
    return set(before["models"]) > set(now["models"]) and all(
        before[name] == now[name] for name in ("span_s", "version")
    )


def _longest(span_s: float | None) -> float:
    """Seconds that are analysed of a long file."""
    return CAP_SECONDS if span_s is None else min(span_s, CAP_SECONDS)
