"""Constraints relative to the seeds: faster, calmer, more surprising than the tracks chosen.

Goal: names of relations and the seeds' values → ranges of a Query. Source of the values: the
descriptor columns of the seeds. Conventions: "faster" is faster than every seed, not than their
mean: of a slow and a fast seed, a track between the two is not what was asked for. A relation asks
for a difference that can be told apart by ear or is beyond the estimate's own noise; a seed without
a value does not count, and without any value the relation is left out and named. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.query import Query, Range


@dataclass(frozen=True)
class Relation:
    """One way to differ from the seeds; exactly one of factor and margin is not neutral."""

    field: str  # of Query, a Range
    above: bool  # larger values than the seeds', or smaller ones
    opposite: str  # name of the other direction
    factor: float = 1.0  # at least this much more (or its inverse)
    margin: float = 0.0  # or at least this far off, in the descriptor's unit

    def limits(self, values: np.ndarray) -> Range | None:
        """The range that lies beyond all values, float [seeds]; None where all are missing."""
        known = values[np.isfinite(values)]
        if not known.size:
            return None
        if self.above:
            return Range(float(known.max()) * self.factor + self.margin, None)
        return Range(None, float(known.min()) / self.factor - self.margin)


def _pair(field: str, more: str, less: str, **apart: float) -> dict[str, Relation]:
    return {
        more: Relation(field, True, less, **apart),
        less: Relation(field, False, more, **apart),
    }


# Tempo: a change below 4 % is hard to hear from one track to the next. Loudness: 1 LU is 1 dB,
# about the smallest step that is heard. Arousal, valence and danceability are estimates that
# scatter by more than these margins: less would be no difference. IC may be negative: no factor.
RELATIONS: dict[str, Relation] = (
    _pair("tempo", "faster", "slower", factor=1.04)
    | _pair("arousal", "livelier", "calmer", margin=0.3)
    | _pair("valence", "happier", "sadder", margin=0.3)
    | _pair("ic", "more_surprising", "more_predictable", margin=0.1)
    | _pair("loudness", "louder", "quieter", margin=1.0)
    | _pair("danceability", "more_danceable", "less_danceable", margin=0.05)
)


@dataclass(frozen=True)
class Composed:
    """A query with relations worked in."""

    query: Query
    limits: Mapping[str, Range]  # of each relation that applies
    unknown: tuple[str, ...]  # relations left out: no seed has a value
    impossible: tuple[str, ...]  # relations that the query or another relation rules out


def composed(query: Query, names: Iterable[str], values: Mapping[str, np.ndarray]) -> Composed:
    """Narrow the query's ranges by relations.

    `values` maps fields of Query to the seeds' values, float [seeds]. A relation that leaves
    nothing of a range is named in `impossible` and not worked in. KeyError for an unknown name.
    """
    limits, unknown, impossible = {}, [], []
    for name in names:
        relation = RELATIONS[name]
        own = relation.limits(np.asarray(values[relation.field], dtype=np.float64))
        if own is None:
            unknown.append(name)
            continue
        limits[name] = own
        both = intersection(getattr(query, relation.field), own)
        if both is None:
            impossible.append(name)
        else:
            query = replace(query, **{relation.field: both})
    return Composed(query, limits, tuple(unknown), tuple(impossible))


def intersection(one: Range, other: Range) -> Range | None:
    """What both ranges hold; None for nothing."""
    lows = [r.low for r in (one, other) if r.low is not None]
    highs = [r.high for r in (one, other) if r.high is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    if low is not None and high is not None and low > high:
        return None
    return Range(low, high)
