"""Where each network places the same tracks: what two lists agree on, and what they do not.

Conventions: a place is a rank among all tracks that may be listed, 1 = nearest; of several seeds,
by reciprocal rank fusion of the rankings by each seed, as engine.fusion orders its lists. Places
count copies, too, which lists leave out: a place may exceed the position in a list.
"""

from collections.abc import Sequence

import numpy as np

from engine.hubness import LocalScaling
from engine.rankings import Rankings, agreed, ranks_of
from engine.recordings import Recordings
from engine.similarity import ANY_TRACK, Apart
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
    corrected = {} if csls is None else {space.name: csls}
    rankings = Rankings([space], seeds, recordings, allowed=allowed, apart=apart, csls=corrected)
    return places_in(rankings, space.name, tracks)


def places_in(rankings: Rankings, name: str, tracks: Sequence[int]) -> tuple[int | None, ...]:
    """The same in rankings that may serve other lists, too: by the network of that name."""
    single = rankings.of(name)
    if not single:
        raise SimilarityError(f"{name} has an embedding of none of the seeds.")
    rows = {track: rankings.recordings.row(track) for track in tracks}
    known = [row for row in rows.values() if row is not None]
    found = dict(zip(known, ranks_of(agreed(single), known), strict=True))
    return tuple(found.get(rows[track]) for track in tracks)
