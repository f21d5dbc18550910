"""Why a descriptor is missing, and the one command that fills it."""

import os
import shlex
from dataclasses import dataclass

from engine.models import FETCH_COMMAND, WEIGHTS_COMMAND
from engine.playlist import plain
from engine.records import HAS_VALUES
from engine.schema import STAGE_COLUMNS, STAGE_SPACES
from engine.stand_ins import notes
from ui.collection import Collection

# Stages that need models, all of which one command fetches.
NETWORKS = ("effnet", "musicnn")
# These come with a package, too: no other download is needed.
PACKAGED = ("musicnn", "tags")
SHORT = 20  # letters of a note that a heading has room for


@dataclass(frozen=True)
class Gap:
    """Something that no track has."""

    reason: str  # one sentence
    command: str


def column_gap(collection: Collection, column: str) -> Gap | None:
    """Why no track has a value in a column; None where some have."""
    if collection.coverage.columns.get(column, 0):
        return None
    return _gap(collection, stage_of(column))


def space_gap(collection: Collection, name: str) -> Gap | None:
    """Why no track has a vector in a space; None where some have."""
    if collection.coverage.spaces.get(name, 0):
        return None
    stage = next(s for s, spaces in STAGE_SPACES.items() if name in spaces)
    return _gap(collection, stage, WEIGHTS_COMMAND if name in PACKAGED else FETCH_COMMAND)


def shell_word(path: str) -> str:
    """A path as one word of a shell command, whatever bytes it is made of."""
    if plain(path) == path:
        return shlex.quote(path)
    # bash's and zsh's quoting of single bytes: control characters, names that are not UTF-8
    return "$'" + "".join(f"\\x{byte:02x}" for byte in os.fsencode(path)) + "'"


def _gap(collection: Collection, stage: str, prepare: str = FETCH_COMMAND) -> Gap:
    counts = collection.coverage.stages.get(stage, {})
    roots = " ".join(shell_word(root) for root in collection.roots)
    analyse = f"python precompute.py {roots} --library {shell_word(str(collection.library.path))}"
    prepared = f"{prepare} && {analyse}" if stage in NETWORKS else analyse
    if not counts:
        return Gap("The library was analysed without this step.", f"{analyse} --stages {stage}")
    computed = any(counts.get(status) for status in HAS_VALUES)
    if counts.get("model_missing") or (computed and stage in NETWORKS):
        return Gap("The model file was not there.", prepared)
    if computed:
        return Gap("No track got a value.", f"{analyse} --stages {stage} --retry")
    reasons = ", ".join(f"{tracks:,} {status}" for status, tracks in sorted(counts.items()))
    return Gap(f"It failed for every track: {reasons}.", f"{analyse} --retry")


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
