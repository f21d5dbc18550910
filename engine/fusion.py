"""One list from several: of several seeds, of several networks, or of both.

Goal: a track is high in the list when it is high in many of the single rankings. Method: reciprocal
rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): each ranking gives 1 / (60 + rank), equally
weighted. It needs no comparable scores: EffNet's cosines lie closer together than MusiCNN's.

Why several seeds are not averaged: the centroid of unlike seeds is a place that sounds like none of
them. Measured on MusiCNN's embeddings of 527 excerpts of 58 tracks, with three seeds of different
tracks drawn 300 times: of the ten tracks nearest to the centroid, 43 % were among the ten nearest
of any seed; of the ten by agreement, 70 %. (Neither keeps hubs out: their tracks are in 16 and 18
lists of ten, 10 being the mean. That is what engine.hubness is for.) So like seeds give what they
share, and unlike ones some neighbours of each; the ranks in the result say which.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.hubness import LocalScaling
from engine.recordings import Recordings
from engine.similarity import ANY_TRACK, LISTED, Apart, candidates, collapsed, descending, scored
from engine.space import Seed, SimilarityError, Space

RANK_CONSTANT = 60  # k of the paper: how little the first places outweigh the next ones


@dataclass(frozen=True)
class Ranking:
    """One of the rankings that were fused."""

    space: str
    seed: int  # position in the seeds


@dataclass(frozen=True)
class FusedNeighbour:
    """One track of a fused list. The tuples have one entry per ranking."""

    track: int  # id
    score: float  # sum of 1 / (60 + rank)
    ranks: tuple[int | None, ...]  # 1 = nearest of all that may be listed; None: no embedding
    cosines: tuple[float | None, ...]
    # By which it was ranked, where hubs were corrected for; None: not, or not among the nearest.
    csls: tuple[float | None, ...]


@dataclass(frozen=True)
class Fused:
    """A fused list, best first."""

    rankings: tuple[Ranking, ...]
    listed: tuple[FusedNeighbour, ...]
    copies: tuple[int, ...]  # ids left out: copies of a seed or of a listed track
    without: tuple[Ranking, ...]  # left out: this network has no embedding of this seed
    candidates: int  # tracks that may be listed and have a place in a ranking


def fused(
    spaces: Sequence[Space],
    seeds: Sequence[Seed],
    recordings: Recordings,
    count: int = LISTED,
    *,
    allowed: np.ndarray | None = None,
    apart: Apart = ANY_TRACK,
    csls: Mapping[str, LocalScaling] | None = None,
) -> Fused:
    """The count recordings on which the rankings by each space and each seed agree most.

    One space and several seeds: agreement of neighbours. One seed and two spaces: the fused list.
    Ranks count all tracks that may be listed; equal scores have the same rank; ties of the fused
    score are settled by id. Raises SimilarityError when no network has an embedding of any seed.
    """
    usable = candidates(seeds, recordings, allowed, apart)
    rankings, without, scores, cosines = [], [], [], []
    for space in spaces:
        heard = space.heard(seeds)
        for place, seed in enumerate(seeds):
            if place not in heard:
                without.append(Ranking(space.name, place))
                continue
            ours = np.where(usable, recordings.aligned(space.ids, heard[place]), np.nan)
            rankings.append(Ranking(space.name, place))
            scores.append(scored(ours, seed, recordings, (csls or {}).get(space.name)))
            cosines.append(ours)
    if not rankings:
        raise SimilarityError("No network has an embedding of what is asked for.")
    joint = agreed(scores)
    order = descending(joint, 4 * count)
    rows, copies = collapsed(order, seeds, recordings, count, spaces, apart.per_artist)
    ranks = list(zip(*(ranks_of(one, rows) for one in scores), strict=True))
    listed = tuple(
        FusedNeighbour(
            int(recordings.ids[row]),
            sum(1 / (RANK_CONSTANT + rank) for rank in ranks[place] if rank),
            ranks[place],
            tuple(None if np.isnan(one[row]) else float(one[row]) for one in cosines),
            _csls(rankings, scores, row, csls or {}),
        )
        for place, row in enumerate(rows)
    )
    known = int(np.count_nonzero(~np.isnan(joint)))
    return Fused(tuple(rankings), listed, copies, tuple(without), known)


def _csls(
    rankings: Sequence[Ranking], scores: Sequence[np.ndarray], row: int, corrected: Collection[str]
) -> tuple[float | None, ...]:
    return tuple(
        LocalScaling.shown(one[row]) if ranking.space in corrected else None
        for ranking, one in zip(rankings, scores, strict=True)
    )


def agreed(scores: Sequence[np.ndarray]) -> np.ndarray:
    """float [rows] to order by: the sum of 1 / (60 + rank) in each ranking, NaN where in none.

    Of a single ranking its own scores, since they are in the same order.
    """
    if len(scores) == 1:
        return scores[0]
    total = np.zeros(len(scores[0]))
    for one in scores:
        ranks = ranked(one)
        total += np.where(ranks > 0, 1 / (RANK_CONSTANT + ranks), 0)
    return np.where(total > 0, total, np.nan)


def ranks_of(scores: np.ndarray, rows: Sequence[int]) -> tuple[int | None, ...]:
    """1 + the number of higher scores, for some rows only; None for NaN. No sorting: a list has
    few rows, and each takes one look at all scores."""
    return tuple(
        None if np.isnan(scores[row]) else 1 + int(np.count_nonzero(scores > scores[row]))
        for row in rows
    )


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


def overlap(one: Sequence[int], other: Sequence[int], depth: int = LISTED) -> int:
    """How many tracks two lists share among their first `depth`, in whatever order."""
    return len(set(one[:depth]) & set(other[:depth]))


def overlap_by_chance(one: int, other: int, candidates: int) -> float:
    """Tracks that two lists of these lengths share on average when each is drawn by lot from the
    same candidates: the mean of the hypergeometric distribution; 0 without candidates."""
    return one * other / candidates if candidates else 0.0


def chance_of_overlap(shared: int, one: int, other: int, candidates: int) -> float:
    """That two such lists share so many tracks or more when drawn by lot, 0-1; no list is longer
    than the candidates."""
    short, long = sorted((one, other))
    ways = sum(
        math.comb(long, both) * math.comb(candidates - long, short - both)
        for both in range(max(shared, long + short - candidates, 0), short + 1)
    )
    return ways / math.comb(candidates, short)
