"""Why a descriptor is missing, and all that could be filled in."""

from dataclasses import dataclass

from engine.records import HAS_VALUES
from engine.schema import STAGE_COLUMNS, STAGE_SPACES
from engine.stand_ins import notes
from ui.collection import Collection

# Stages that need models, all of which one download brings.
NETWORKS = ("effnet", "musicnn")
# What people call what a column or a space gives.
THINGS = {
    "tempo_bpm": "tempo, key and loudness",
    "valence": "mood",
    "style": "400 styles",
    "voice": "voice",
    "danceability": "danceability",
    "effnet": "EffNet similarity",
    "musicnn": "MusiCNN similarity",
    "ic_mean": "surprise",
}
SHORT = 20  # letters of a note that a heading has room for


@dataclass(frozen=True)
class Gap:
    """Something that no track has."""

    reason: str  # one sentence
    download: bool = False  # a model has to be fetched
    retry: bool = False  # the analysis has to try again what it tried


@dataclass(frozen=True)
class Missing:
    """What another analysis would fill in."""

    things: tuple[str, ...]
    tracks: int | None  # that lack them; None: all
    download: bool
    retry: bool


def column_gap(collection: Collection, column: str) -> Gap | None:
    """Why no track has a value in a column; None where some have."""
    if collection.coverage.columns.get(column, 0):
        return None
    return _gap(collection, stage_of(column))


def space_gap(collection: Collection, name: str) -> Gap | None:
    """Why no track has a vector in a space; None where some have."""
    if collection.coverage.spaces.get(name, 0):
        return None
    return _gap(collection, _stage_of_space(name))


def missing(collection: Collection) -> Missing | None:
    """All gaps of a library at once; where it has none, what some tracks wait for a model for."""
    found = {}
    for name in THINGS:
        gap = space_gap(collection, name) if name in NETWORKS else column_gap(collection, name)
        if gap is not None:
            found[name] = gap
    if found:
        return Missing(
            tuple(THINGS[name] for name in found),
            None,
            any(gap.download for gap in found.values()),
            any(gap.retry for gap in found.values()),
        )
    stages = collection.coverage.stages
    waiting = {stage: stages.get(stage, {}).get("model_missing", 0) for stage in NETWORKS}
    if not any(waiting.values()):
        return None
    names = (name for name in THINGS if waiting.get(_stage(name)))
    return Missing(tuple(THINGS[name] for name in names), max(waiting.values()), True, False)


def _stage(name: str) -> str:
    return _stage_of_space(name) if name in NETWORKS else stage_of(name)


def _stage_of_space(name: str) -> str:
    return next(stage for stage, spaces in STAGE_SPACES.items() if name in spaces)


def _gap(collection: Collection, stage: str) -> Gap:
    counts = collection.coverage.stages.get(stage, {})
    if not counts:
        return Gap("The analysis left it out.", download=stage in NETWORKS)
    computed = any(counts.get(status) for status in HAS_VALUES)
    if counts.get("model_missing") or (computed and stage in NETWORKS):
        return Gap("It needs a download: see the top of the page.", download=True)
    if computed:
        return Gap("No track got a value.", retry=True)
    reasons = ", ".join(f"{tracks:,} {status}" for status, tracks in sorted(counts.items()))
    return Gap(f"It failed for every track: {reasons}.", retry=True)


def share_missing(collection: Collection, column: str) -> int:
    """Tracks that lack a value which others have."""
    return collection.missing[column]


def substitutes(collection: Collection, stage: str) -> list[str]:
    """Notes on models that are not the published ones, as the analysis left them."""
    return notes(collection.meta, stage)


def stand_in(collection: Collection, column: str) -> str:
    """In few words what gave the values of a column, such as `random weights`, where it was not the
    published model; else empty."""
    notes_on = substitutes(collection, stage_of(column))
    if not notes_on:
        return ""
    short = notes_on[0].partition(":")[0]
    return short if len(short) <= SHORT else "stand-in model"


def stage_of(column: str) -> str:
    """The stage of the analysis that fills a column."""
    return next(stage for stage, columns in STAGE_COLUMNS.items() if column in columns)
