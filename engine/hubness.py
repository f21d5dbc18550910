"""Tracks that are near to everything, and how to keep them from filling every list.

In many dimensions some points ("hubs") are among the nearest neighbours of very many others
(Radovanovic, Nanopoulos and Ivanovic, "Hubs in space", JMLR 2010): the same track turns up in list
after list without sounding like the queries. CSLS (cross-domain similarity local scaling; Conneau
et al., "Word translation without parallel data", ICLR 2018) takes from each cosine how near the
two tracks are to their own neighbours:

    CSLS(x, y) = 2 cos(x, y) - r(x) - r(y),    r = mean cosine of the 10 nearest neighbours

Conventions: CSLS lies between -4 and 4. r of a candidate is measured among the HEAD nearest of the
seed that may be listed, and the seed itself: what is near to a track near the seed is mostly near
the seed, too. So r is exact where there are no more candidates than HEAD; where there are, it is
too low for a candidate whose own neighbours lie further from the seed. Of the seed, r is the mean
of its highest cosines. Within filters, r is of the tracks that they leave. Copies are neighbours.
The cost, one product of HEAD x HEAD, does not grow with the library.

Measured, lists of ten: skewness of N_k over all tracks, and what of the lists is as with exact r:
  made-up EffNet (benchmarks.synthetic), 24,747 tracks, 2,000 lists (1.11 by lot):
      cosine 2.35 (0.79), exact r 1.56, this 1.56 (1.00), r against 2,000 sampled tracks 3.97 (0.65)
  made-up EffNet (benchmarks.similarity, 200 clusters), 24,747 tracks, 1,000 lists (1.57 by lot):
      cosine 1.89 (0.73), exact r 1.58, this 1.57 (0.95), r against 2,000 sampled tracks 1.69 (0.85)
  MusiCNN of 59 real tracks, all lists: cosine 0.28 (0.86), exact r and this 0.00 (1.00)
Nobody has measured it on a large library of real music.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from engine.space import Seed, Space

NEIGHBOURS = 10  # k of r and of N_k, as in both papers
# Nearest tracks, by cosine, that are put into a new order. What is not among them sounds so unlike
# the query that no list of ten asks for it.
HEAD = 300
QUERIES = 300  # lists to measure hubness by
PRODUCTS = 30_000_000  # cosines to measure it by: all QUERIES up to 100,000 tracks
FEWEST_QUERIES = 100
BATCH_BYTES = 2**25  # of cosines at a time
BEYOND = -6.0  # added to the cosine of the others: below every CSLS, in the order of cosines


@dataclass(frozen=True)
class LocalScaling:
    """CSLS in one space."""

    space: Space
    # Of the last rows, by their bytes. In a library of up to HEAD tracks, all seeds have the same.
    _kept: dict[bytes, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def scores(self, cosines: np.ndarray, seed: Seed, ids: np.ndarray) -> np.ndarray:
        """float32 [ids]: CSLS of the HEAD highest cosines, and BEYOND + cosine of the others.

        cosines: of the tracks `ids` with the seed; NaN stays NaN. Of equal cosines at the end of
        the head, the first ones belong to it.
        """
        scores = (cosines + BEYOND).astype(np.float32)
        head = highest(cosines, HEAD)
        if len(head):
            rows = np.searchsorted(self.space.ids, ids[head])
            own = _row(self.space, seed)
            among = rows if own is None else np.union1d(rows, own)
            around = self._around(among)[np.searchsorted(among, rows)]
            nearest = _mean_of_highest(cosines[np.newaxis, head])[0]
            scores[head] = 2 * cosines[head] - around - nearest
        return scores

    def _around(self, rows: np.ndarray) -> np.ndarray:
        """float32 [rows]: r of each of these, ascending, among the others."""
        key = rows.tobytes()
        known = self._kept.get(key)
        if known is None:
            known = _radii(_units(self.space, rows))
            self._kept.clear()
            self._kept[key] = known
        return known

    @staticmethod
    def shown(score: float) -> float | None:
        """The CSLS that a score is; None for a track beyond HEAD, and for none at all (NaN)."""
        return float(score) if score >= BEYOND + 2 else None


def highest(values: np.ndarray, count: int) -> np.ndarray:
    """Ascending positions of the `count` highest; of equal ones the first; NaN never."""
    usable = np.flatnonzero(~np.isnan(values))
    if len(usable) <= count:
        return usable
    known = values[usable]
    threshold = np.partition(known, -count)[-count]
    above = known > threshold
    # All that are equal would be too many: a library may hold thousands of alike embeddings.
    tied = np.flatnonzero(known == threshold)[: count - np.count_nonzero(above)]
    above[tied] = True
    return usable[above]


def _row(space: Space, seed: Seed) -> int | None:
    """Of a seed that is a track."""
    return space.row(seed) if isinstance(seed, int) else None


def _radii(units: np.ndarray) -> np.ndarray:
    """float32 [rows]: r of each among the others."""
    cosines = units @ units.T
    np.fill_diagonal(cosines, -np.inf)
    return _mean_of_highest(cosines)


def _mean_of_highest(cosines: np.ndarray) -> np.ndarray:
    """float32 [rows]: mean of the NEIGHBOURS highest, or of all where they are fewer."""
    count = min(NEIGHBOURS, max(1, np.isfinite(cosines[0]).sum()))
    nearest = np.partition(cosines, -count, axis=1)[:, -count:]
    return np.where(np.isfinite(nearest).all(axis=1), nearest.mean(axis=1), 0.0)


def _units(space: Space, rows: np.ndarray) -> np.ndarray:
    return space.matrix[rows] * space.scale[rows, np.newaxis]


@dataclass(frozen=True)
class Occurrence:
    """How unevenly tracks turn up in lists: N_k, the number of lists of k that hold a track."""

    skewness: float  # of N_k over all tracks
    highest: int  # N_k of the largest hub
    never: float  # share of tracks in no list, 0-1
    hub: int | None = None  # id of the largest hub; None: no real lists


@dataclass(frozen=True)
class Hubness:
    """The lists of a sample of tracks, searched in the whole library, by cosine and by CSLS."""

    queries: int  # tracks in the sample; each has a list of NEIGHBOURS
    tracks: int  # that could be listed
    cosine: Occurrence
    csls: Occurrence
    chance: Occurrence  # to be expected if every track had the same chance of each place


def hubness(space: Space, queries: int = QUERIES, seed: int = 0) -> Hubness | None:
    """Measure it for tracks drawn by chance; None where there are too few tracks for lists.

    The lists are those of the app with nothing left out, except that copies stay in. 3 s of a
    processor for 100,000 tracks of EffNet (25 s on a machine that was busy otherwise), 1.3 s of
    MusiCNN; beyond, fewer queries, so that it takes no longer up to 300,000 tracks.
    """
    rows = np.flatnonzero(~np.isnan(space.scale))
    if len(rows) < 2 * NEIGHBOURS:
        return None
    queries = min(queries, len(rows), max(FEWEST_QUERIES, PRODUCTS // len(rows)))
    drawn = np.sort(np.random.default_rng(seed).choice(rows, queries, replace=False))
    scaling, plain, corrected = LocalScaling(space), [], []
    step = max(1, BATCH_BYTES // (4 * len(space.ids)))
    for first in range(0, queries, step):
        batch = drawn[first : first + step]
        for row, cosines in zip(batch, _cosines(space, batch), strict=True):
            plain.append(highest(cosines, NEIGHBOURS))
            scores = scaling.scores(cosines, int(space.ids[row]), space.ids)
            corrected.append(highest(scores, NEIGHBOURS))
    found = [_occurrence(np.concatenate(lists), space.ids, rows) for lists in (plain, corrected)]
    return Hubness(queries, len(rows), *found, by_chance(queries, len(rows)))


def _cosines(space: Space, batch: np.ndarray) -> np.ndarray:
    """float32 [batch, tracks]; NaN for a track itself and for tracks without direction."""
    units = _units(space, batch)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite vectors: their scale is NaN
        cosines = units @ space.matrix.T
        cosines *= space.scale
    cosines[np.arange(len(batch)), batch] = np.nan
    return cosines


def _occurrence(listed: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> Occurrence:
    counts = np.bincount(listed, minlength=len(ids))[rows]
    hub = int(counts.argmax())
    never = float(np.mean(counts == 0))
    return Occurrence(skewness(counts), int(counts[hub]), never, int(ids[rows[hub]]))


def by_chance(queries: int, tracks: int) -> Occurrence:
    """What N_k would be if each list were drawn by lot: Poisson's distribution of its mean.

    highest: the median of the largest of so many.
    """
    mean = queries * NEIGHBOURS / tracks
    chance = below = math.exp(-mean)
    largest = 0
    while below**tracks < 0.5:
        largest += 1
        chance *= mean / largest
        below = min(1.0, below + chance)
    return Occurrence(mean**-0.5, largest, math.exp(-mean))


def skewness(values: np.ndarray) -> float:
    """Third standardised moment; 0 where all values are equal."""
    deviations = values - values.mean()
    spread = np.sqrt(np.mean(deviations**2))
    return float(np.mean(deviations**3) / spread**3) if spread > 0 else 0.0
