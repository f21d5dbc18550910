"""All tracks in order, for each network and each seed: what fused lists and places are made of.

Conventions: a rank is 1 + the number of tracks that may be listed and score higher; masks and rows
are those of engine.recordings. A page asks the same networks about the same seeds several times (a
fused list, the list of each network alone, where each places the tracks of the others), so
`Rankings` scores and sorts the library once for each network and seed. Memory: 12 bytes a track for
each of these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.hubness import LocalScaling
from engine.recordings import Recordings
from engine.similarity import ANY_TRACK, Apart, candidates, scored
from engine.space import Seed, Space

RANK_CONSTANT = 60  # k of reciprocal rank fusion: how little the first places outweigh the next


@dataclass(frozen=True)
class Ranking:
    """Which ranking: by one network, for one seed."""

    space: str
    seed: int  # position in the seeds


@dataclass(frozen=True)
class Scored:
    """All tracks, in the order of one ranking."""

    ranking: Ranking
    cosines: np.ndarray  # float32 [rows]; NaN: no embedding, or not to be listed
    scores: np.ndarray  # float32 [rows] to order by: the cosines, or their CSLS

    @cached_property
    def ranks(self) -> np.ndarray:
        """int32 [rows]; 0: not to be listed."""
        return ranked(self.scores)


class Rankings:
    """The rankings of one question, made when they are first asked for."""

    def __init__(
        self,
        spaces: Sequence[Space],
        seeds: Sequence[Seed],
        recordings: Recordings,
        *,
        allowed: np.ndarray | None = None,
        apart: Apart = ANY_TRACK,
        csls: Mapping[str, LocalScaling] | None = None,
    ) -> None:
        """allowed: bool [rows], which may be listed; None: all. csls: of the networks (by name)
        whose hubs are to be corrected for."""
        self.spaces = {space.name: space for space in spaces}
        self.seeds = tuple(seeds)
        self.recordings = recordings
        self.apart = apart
        self.csls = csls or {}
        self._usable = candidates(seeds, recordings, allowed, apart)
        self._held: dict[str, tuple[Scored, ...]] = {}

    def of(self, name: str) -> tuple[Scored, ...]:
        """One network's, by each seed that it has an embedding of."""
        if name not in self._held:
            space = self.spaces[name]
            self._held[name] = tuple(
                self._scored(space, place, cosines)
                for place, cosines in space.heard(self.seeds).items()
            )
        return self._held[name]

    def _scored(self, space: Space, place: int, cosines: np.ndarray) -> Scored:
        ours = np.where(self._usable, self.recordings.aligned(space.ids, cosines), np.nan)
        scores = scored(ours, self.seeds[place], self.recordings, self.csls.get(space.name))
        return Scored(Ranking(space.name, place), ours, scores)


def agreed(rankings: Sequence[Scored]) -> np.ndarray:
    """float [rows] to order by: the sum of 1 / (60 + rank) in each ranking, NaN where in none.

    Of a single ranking its own scores, since they are in the same order.
    """
    if len(rankings) == 1:
        return rankings[0].scores
    total = np.zeros(len(rankings[0].scores))
    for one in rankings:
        total += np.where(one.ranks > 0, 1 / (RANK_CONSTANT + one.ranks), 0)
    return np.where(total > 0, total, np.nan)


def ranked(scores: np.ndarray) -> np.ndarray:
    """int32 [rows]: 1 + the number of higher scores; 0 for NaN."""
    known = np.flatnonzero(~np.isnan(scores))
    order = known[np.argsort(-scores[known])]
    falling = scores[order]
    is_lower = np.append(True, falling[1:] < falling[:-1])[: len(order)]  # than the one before
    places = np.where(is_lower, np.arange(1, len(order) + 1, dtype=np.int32), 0)
    ranks = np.zeros(len(scores), dtype=np.int32)
    ranks[order] = np.maximum.accumulate(places)
    return ranks


def ranks_of(scores: np.ndarray, rows: Sequence[int]) -> tuple[int | None, ...]:
    """The same for some rows only; None for NaN. No sorting: a list has few rows, and each takes
    one look at all scores."""
    return tuple(
        None if np.isnan(scores[row]) else 1 + int(np.count_nonzero(scores > scores[row]))
        for row in rows
    )
