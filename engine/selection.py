"""From a query to a playlist: filter, rank, leave out, arrange; and why a track is in or not.

Goal: select answers a Query; why explains one track. Order of work: the filters, which count in the
funnel; the order, which says which matches go first; the limits (copies, per album, per artist,
minutes, tracks); the arrangement of what is taken (a smooth path, an IC arc). Pure, O(tracks) but
for sorting, no state.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine import limits
from engine.columns import numbers
from engine.evidence import Value, evidence
from engine.facts import Facts
from engine.filters import masks, unanswerable
from engine.funnel import Step, funnel
from engine.orders import arrange, rank
from engine.query import Query
from engine.smooth_path import MOST

__all__ = ["Facts", "Selection", "Step", "Why", "select", "why"]


@dataclass(frozen=True)
class Selection:
    """The outcome of a query: matches = rows + all that is left out."""

    rows: np.ndarray  # int positions in the frame, in the order of listening
    matches: int  # tracks that all filters keep, before the limits
    total: int  # tracks in the library
    steps: tuple[Step, ...]
    left_out: dict[str, int] = field(default_factory=dict)  # of limits.NAMES → matches it cost
    seconds: float = 0.0  # of all rows whose length is known
    notes: tuple[str, ...] = ()  # sentences: what of the query could not be done as asked
    # Positions in the frame of all matches, in its order.
    kept: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def worst(self) -> Step | None:
        """The filter whose removal would bring most tracks back; None where no filter is active."""
        return max(self.steps, key=lambda step: (step.without, -step.alone), default=None)


@dataclass(frozen=True)
class Why:
    """What became of one track. Either it has a place, or filters remove it, or a limit does."""

    removed_by: tuple[str, ...]  # all filters that refuse it, in the order of the funnel
    values: dict[str, Value]  # active filter → what it decides by; see engine.evidence
    place: int | None  # in the playlist, from 1 on
    left_out_by: str | None  # of limits.NAMES
    copy_of: int | None  # row of the copy that stays in its stead, where copies are collapsed

    @property
    def first(self) -> str | None:
        """The filter of the funnel in which the track is lost; None where all keep it."""
        return self.removed_by[0] if self.removed_by else None


class _Worked(NamedTuple):
    """All steps of the work on a query."""

    held: dict[str, np.ndarray]  # active filter → bool [tracks]
    kept: np.ndarray  # rows that all filters keep, rising
    chosen: limits.Limited
    rows: np.ndarray  # arranged


def select(query: Query, facts: Facts) -> Selection:
    """The tracks of a query, and how they came about."""
    held, kept, chosen, rows = _worked(query, facts)
    return Selection(
        rows=rows,
        matches=len(chosen.rows),
        total=len(facts.frame),
        steps=funnel(held, len(facts.frame)),
        left_out=chosen.counts,
        seconds=float(np.nansum(numbers(facts.frame, "duration_s")[rows])),
        notes=_notes(query, facts, len(rows)),
        kept=kept,
    )


def why(query: Query, facts: Facts, row: int) -> Why:
    """Explain the track in a row of the frame, consistently with select. IndexError for no row."""
    if not 0 <= row < len(facts.frame):
        raise IndexError(f"There is no row {row} among {len(facts.frame)} tracks.")
    held, _, chosen, rows = _worked(query, facts)
    removed_by = tuple(name for name, mask in held.items() if not mask[row])
    left_out_by = copy_of = None
    if not removed_by:
        (where,) = np.flatnonzero(chosen.rows == row)
        fate = chosen.left_by[where]
        left_out_by = None if fate == limits.TAKEN else limits.NAMES[fate]
    if left_out_by == "copies":
        alike = facts.copies[chosen.rows] == facts.copies[row]
        copy_of = int(chosen.rows[np.argmax(alike)])  # the best-ranked one of them
    place = np.flatnonzero(rows == row)
    return Why(
        removed_by=removed_by,
        values=evidence(query, facts, row, held),
        place=int(place[0]) + 1 if len(place) else None,
        left_out_by=left_out_by,
        copy_of=copy_of,
    )


def _worked(query: Query, facts: Facts) -> _Worked:
    held = masks(query, facts)
    everything = np.ones(len(facts.frame), dtype=bool)
    kept = np.flatnonzero(np.logical_and.reduce([everything, *held.values()]))
    chosen = limits.limited(query, facts, rank(query, facts, kept))
    return _Worked(held, kept, chosen, arrange(query, facts, chosen.taken))


def _notes(query: Query, facts: Facts, taken: int) -> tuple[str, ...]:
    notes = list(unanswerable(query, facts).values())
    if query.order == "smooth" and taken > MOST:
        notes.append(f"The smooth path covers the first {MOST:,} tracks; the rest follow after it.")
    return tuple(notes)
