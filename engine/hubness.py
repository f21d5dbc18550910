"""Tracks that are near to everything, and how to keep them from filling every list.

In many dimensions some points ("hubs") are among the nearest neighbours of very many others
(Radovanovic, Nanopoulos and Ivanovic, "Hubs in space", JMLR 2010): the same track turns up in list
after list without sounding like the queries. CSLS (cross-domain similarity local scaling; Conneau
et al., "Word translation without parallel data", ICLR 2018) takes from each cosine how near the
two tracks are to their own neighbours:

    CSLS(x, y) = 2 cos(x, y) - r(x) - r(y),    r = mean cosine of the 10 nearest neighbours

Conventions: CSLS lies between -4 and 4. r is measured against all tracks up to 10,000, and against
a sample of the library above that: a neighbourhood that is wider, but equally wide for all.
"""

from dataclasses import dataclass

import numpy as np

from engine.space import Seed, Space

NEIGHBOURS = 10  # k of r and of N_k, as in both papers
EXACT_UP_TO = 10_000  # tracks
SAMPLE = 2000  # tracks to measure r against in larger libraries
# Nearest tracks, by cosine, that are put into a new order. What is not among them sounds so unlike
# the query that no list of ten asks for it.
HEAD = 300
BEYOND = -6.0  # added to the cosine of the others: below every CSLS, in the order of cosines


@dataclass(frozen=True)
class LocalScaling:
    """How near each track of a space is to its neighbours; measured when asked for, then kept."""

    space: Space
    rows: np.ndarray  # of the tracks measured against
    reference: np.ndarray  # float32 [rows, dimensions], of length 1
    radii: np.ndarray  # float32 [tracks of the space], r; NaN: not measured yet

    @classmethod
    def of(cls, space: Space, seed: int = 0) -> "LocalScaling":
        """Choose what to measure against."""
        rows = _sample(space, EXACT_UP_TO, SAMPLE, seed)
        radii = np.full(len(space.ids), np.nan, dtype=np.float32)
        return cls(space, rows, _units(space, rows), radii)

    def scores(self, cosines: np.ndarray, seed: Seed, ids: np.ndarray) -> np.ndarray:
        """float32 [ids]: CSLS of the HEAD highest cosines, and BEYOND + cosine of the others.

        cosines: of the tracks `ids` with the seed; NaN stays NaN.
        """
        scores = (cosines + BEYOND).astype(np.float32)
        usable = np.flatnonzero(~np.isnan(cosines))
        if len(usable) > HEAD:
            threshold = np.partition(cosines[usable], -HEAD)[-HEAD]
            usable = usable[cosines[usable] >= threshold]
        around = self.measured(np.searchsorted(self.space.ids, ids[usable]))
        own = float(self._nearest(self.space.unit(seed)[np.newaxis], self._row(seed))[0])
        scores[usable] = 2 * cosines[usable] - around - own
        return scores

    def shown(self, score: float) -> float | None:
        """The CSLS that a score is; None for a track beyond HEAD."""
        return float(score) if score >= BEYOND + 2 else None

    def measured(self, rows: np.ndarray) -> np.ndarray:
        """float32: r of rows of the space."""
        new = rows[np.isnan(self.radii[rows])]
        if len(new):
            self.radii[new] = self._nearest(_units(self.space, new), new)
        return self.radii[rows]

    def _row(self, seed: Seed) -> np.ndarray:
        return np.array([self.space.row(seed) if isinstance(seed, int) else -1])

    def _nearest(self, units: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Mean cosine with the nearest of the reference, without itself."""
        cosines = units @ self.reference.T
        cosines[own[:, np.newaxis] == self.rows] = -np.inf
        return _mean_of_highest(cosines, min(NEIGHBOURS, max(1, len(self.rows) - 1)))


def _mean_of_highest(cosines: np.ndarray, count: int) -> np.ndarray:
    highest = np.partition(cosines, -count, axis=1)[:, -count:]
    return np.where(np.isfinite(highest).all(axis=1), highest.mean(axis=1), 0.0)


def _units(space: Space, rows: np.ndarray) -> np.ndarray:
    return space.matrix[rows] * space.scale[rows, np.newaxis]


def _sample(space: Space, all_up_to: int, size: int, seed: int) -> np.ndarray:
    """Ascending rows with a direction: all, or so many by chance."""
    rows = np.flatnonzero(~np.isnan(space.scale))
    if len(rows) <= all_up_to:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size, replace=False))


@dataclass(frozen=True)
class Occurrence:
    """How unevenly tracks turn up in lists: N_k, the number of lists of k that hold a track."""

    skewness: float  # of N_k over the tracks: 0 where none is favoured, above 1 with strong hubs
    highest: int  # N_k of the largest hub
    never: float  # share of tracks in no list, 0-1
    hub: int  # id of the largest hub


@dataclass(frozen=True)
class Hubness:
    """The lists of a sample of tracks among themselves, by cosine and by CSLS."""

    tracks: int  # in the sample; each has a list of NEIGHBOURS
    cosine: Occurrence
    csls: Occurrence


def hubness(space: Space, tracks: int = 2000, seed: int = 0) -> Hubness | None:
    """Measure it on a sample by chance; None where there are too few tracks for lists."""
    rows = _sample(space, tracks, tracks, seed)
    if len(rows) < 2 * NEIGHBOURS:
        return None
    units = _units(space, rows)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -np.inf)
    radii = _mean_of_highest(cosines, NEIGHBOURS)
    ids = space.ids[rows]
    by_csls = 2 * cosines - radii - radii[:, np.newaxis]
    return Hubness(len(rows), _occurrence(cosines, ids), _occurrence(by_csls, ids))


def _occurrence(scores: np.ndarray, ids: np.ndarray) -> Occurrence:
    listed = np.argpartition(scores, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
    counts = np.bincount(listed.ravel(), minlength=len(ids))
    hub = int(counts.argmax())
    never = float(np.mean(counts == 0))
    return Occurrence(skewness(counts), int(counts[hub]), never, int(ids[hub]))


def skewness(values: np.ndarray) -> float:
    """Third standardised moment; 0 where all values are equal."""
    deviations = values - values.mean()
    spread = np.sqrt(np.mean(deviations**2))
    return float(np.mean(deviations**3) / spread**3) if spread > 0 else 0.0
