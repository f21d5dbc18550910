"""Where each network places the same tracks: what two lists agree on, and what they do not.

Conventions: a place is a rank among all tracks that may be listed, 1 = nearest; of several seeds,
by reciprocal rank fusion of the rankings by each seed, as engine.fusion orders its lists. Places
count copies, too, which lists leave out: a place may exceed the position in a list.
"""

from collections.abc import Sequence

import numpy as np

from engine.fusion import agreed, ranks_of
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
    heard = space.heard(seeds)
    if not heard:
        raise SimilarityError(f"{space.name} has an embedding of none of the seeds.")
    scores = [
        scored(
            np.where(usable, recordings.aligned(space.ids, cosines), np.nan),
            seeds[place], recordings, csls,
        )
        for place, cosines in heard.items()
    ]  # fmt: skip
    rows = {track: recordings.row(track) for track in tracks}
    known = [row for row in rows.values() if row is not None]
    found = dict(zip(known, ranks_of(agreed(scores), known), strict=True))
    return tuple(found.get(rows[track]) for track in tracks)
