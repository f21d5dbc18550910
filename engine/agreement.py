"""Where each network places the same tracks: what two lists agree on, and what they do not.

Conventions: a place is a rank among all tracks that may be listed, 1 = nearest; of several seeds,
by reciprocal rank fusion of the rankings by each seed, as engine.fusion orders its lists. Places
count copies, too, which lists leave out: a place may exceed the position in a list.
"""

from collections.abc import Sequence

import numpy as np

from engine.fusion import RANK_CONSTANT, ranked
from engine.hubness import LocalScaling
from engine.recordings import Recordings
from engine.similarity import ANY_TRACK, Apart, candidates, scored
from engine.space import Seed, SimilarityError, Space


def places(
    space: Space,
    seeds: Sequence[Seed],
    tracks: Sequence[int],
    recordings: Recordings,
    *,
    allowed: np.ndarray | None = None,
    apart: Apart = ANY_TRACK,
    csls: LocalScaling | None = None,
) -> tuple[int | None, ...]:
    """The place of each track in the order of one network.

    None where the network has no embedding of the track, or the track may not be listed. Raises
    SimilarityError when the network has an embedding of none of the seeds.
    """
    usable = candidates(seeds, recordings, allowed, apart)
    score, heard = np.zeros(len(recordings.ids)), 0
    for seed in seeds:
        try:
            cosines = recordings.aligned(space.ids, space.cosines(seed))
        except SimilarityError:
            continue
        heard += 1
        ranks = ranked(scored(np.where(usable, cosines, np.nan), seed, recordings, csls))
        score += np.where(ranks > 0, 1 / (RANK_CONSTANT + ranks), 0)
    if not heard:
        raise SimilarityError(f"{space.name} has an embedding of none of the seeds.")
    overall = ranked(np.where(score > 0, score, np.nan))
    rows = [recordings.row(track) for track in tracks]
    return tuple(int(overall[row]) or None if row is not None else None for row in rows)
