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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.hubness import LocalScaling
from engine.rankings import RANK_CONSTANT, Ranking, Rankings, Scored, agreed, ranks_of
from engine.recordings import Recordings
from engine.similarity import ANY_TRACK, LISTED, Apart, collapsed, descending
from engine.space import Seed, SimilarityError, Space


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
    rankings = Rankings(spaces, seeds, recordings, allowed=allowed, apart=apart, csls=csls)
    return fused_list(rankings, [space.name for space in spaces], count)


def fused_list(rankings: Rankings, names: Sequence[str], count: int = LISTED) -> Fused:
    """The same of rankings that may serve other lists, too: of the networks with these names."""
    single = [one for name in names for one in rankings.of(name)]
    if not single:
        raise SimilarityError("No network has an embedding of what is asked for.")
    joint = agreed(single)
    spaces = [rankings.spaces[name] for name in names]
    rows, copies = collapsed(
        descending(joint, 4 * count), rankings.seeds, rankings.recordings, count, spaces,
        rankings.apart.per_artist,
    )  # fmt: skip
    ranks = zip(*(ranks_of(one.scores, rows) for one in single), strict=True)
    listed = tuple(
        _neighbour(rankings, single, row, held) for row, held in zip(rows, ranks, strict=True)
    )
    heard = tuple(one.ranking for one in single)
    asked = (Ranking(name, place) for name in names for place in range(len(rankings.seeds)))
    without = tuple(one for one in asked if one not in heard)
    known = int(np.count_nonzero(~np.isnan(joint)))
    return Fused(heard, listed, copies, without, known)


def _neighbour(
    rankings: Rankings, single: Sequence[Scored], row: int, ranks: tuple[int | None, ...]
) -> FusedNeighbour:
    cosines = (float(one.cosines[row]) for one in single)
    csls = (
        LocalScaling.shown(one.scores[row]) if one.ranking.space in rankings.csls else None
        for one in single
    )
    return FusedNeighbour(
        int(rankings.recordings.ids[row]),
        sum(1 / (RANK_CONSTANT + rank) for rank in ranks if rank),
        ranks,
        tuple(None if np.isnan(cosine) else cosine for cosine in cosines),
        tuple(csls),
    )


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
