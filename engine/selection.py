"""From a query to a playlist: filter, rank, leave out, arrange; and why a track is in or not.

Goal: select answers a Query; why explains one track. Order of work: the filters, which count in the
funnel; the order, which says which matches go first; the limits (copies, per album, per artist,
minutes, tracks); the arrangement of what is taken (a smooth path, an IC arc). Pure, O(tracks) but
for sorting, no state.
"""

from dataclasses import dataclass, field

import numpy as np

from engine.columns import numbers
from engine.facts import Facts
from engine.filters import masks, unanswerable
from engine.funnel import Step, funnel
from engine.limits import limited
from engine.orders import arrange, rank
from engine.query import Query

__all__ = ["Facts", "Selection", "Step", "select"]


@dataclass(frozen=True)
class Selection:
    """The outcome of a query."""

    rows: np.ndarray  # int positions in the frame, in the order of listening
    matches: int  # tracks that all filters keep, before the limits
    total: int  # tracks in the library
    steps: tuple[Step, ...]
    left_out: dict[str, int] = field(default_factory=dict)  # name of a limit → matches it cost
    seconds: float = 0.0  # of all rows whose length is known
    notes: tuple[str, ...] = ()  # sentences: what of the query could not be done as asked
    # Positions in the frame of all matches, in its order.
    kept: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def worst(self) -> Step | None:
        """The filter whose removal would bring most tracks back; None where no filter is active."""
        return max(self.steps, key=lambda step: (step.without, -step.alone), default=None)


def select(query: Query, facts: Facts) -> Selection:
    """The tracks of a query, and how they came about: matches = rows + all that is left out."""
    held = masks(query, facts)
    everything = np.ones(len(facts.frame), dtype=bool)
    kept = np.flatnonzero(np.logical_and.reduce([everything, *held.values()]))
    chosen = limited(query, facts, rank(query, facts, kept))
    rows = arrange(query, facts, chosen.taken)
    return Selection(
        rows=rows,
        matches=len(chosen.rows),
        total=len(facts.frame),
        steps=funnel(held, len(facts.frame)),
        left_out=chosen.counts,
        seconds=float(np.nansum(numbers(facts.frame, "duration_s")[rows])),
        notes=tuple(unanswerable(query, facts).values()),
        kept=kept,
    )
