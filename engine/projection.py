"""A map of the library: one point on a plane per track, near to those that sound alike.

Goal: the embeddings of one network → coordinates [tracks, 2], and how far to trust them.
Two methods. "pca": the two directions in which the tracks differ most (Pearson 1901), at once.
"neighbours": t-SNE (van der Maaten and Hinton 2008, of scikit-learn) of at most LANDMARKS tracks
after PCA to 50 dimensions; each other track is placed among the landmarks that it is nearest to, so
the time grows with the number of tracks, not with its square.
Conventions: embeddings are compared by direction, as engine/space does; coordinates are float32,
centred, and scaled so that the tracks of the fit spread by 1; NaN where a track has no direction.
A fitted map does not change when the library grows, new tracks are placed on it: what a person drew
on it stays true. The same embeddings give the same map on one machine, however many threads there
are; another processor may round otherwise. Pure: no file is read.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from engine.orders import shuffle_keys
from engine.space import Space, blocks

METHODS = ("pca", "neighbours")
VERSION = 1  # of the method: part of the fingerprint
SEED = 1
LANDMARKS = 2500  # t-SNE takes 10 s for these on 2 cores, and longer than its square for more
DIMENSIONS = 50  # of PCA before t-SNE, as its authors advise
PERPLEXITY = 30.0  # neighbours that t-SNE keeps together: scikit-learn's default
FEWEST = 5  # tracks that make a map
ITERATIONS = 500
NEAREST = 5  # landmarks that place another track
SAMPLE = 1500  # tracks whose neighbours are compared for the trustworthiness
NEIGHBOURS = 10  # of each of them
# A map of many more tracks than it was fitted to may lack whole styles.
OUTGROWN = 3.0


class ProjectionError(ValueError):
    """No map can be made: the message says why."""


@dataclass(frozen=True)
class Fit:
    """A map, to place tracks on."""

    method: str  # of METHODS
    space: str  # effnet or musicnn
    fitted_to: int  # tracks that the library had
    mean: np.ndarray  # float32 [dimensions]
    axes: np.ndarray  # float32 [dimensions, components]
    spread: float  # coordinates are divided by it
    landmarks: np.ndarray  # float32 [landmarks, components]; of no rows for "pca"
    places: np.ndarray  # float32 [landmarks, 2], of the landmarks on the map
    trustworthiness: float  # 0-1, see `trustworthiness`; NaN where there are too few tracks

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits: the same for the same map, wherever it was made."""
        digest = hashlib.sha256(f"{VERSION} {self.method} {self.space} {self.spread!r}".encode())
        for array in (self.mean, self.axes, self.landmarks, self.places):
            digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
        return digest.hexdigest()[:16]

    def outgrown(self, tracks: int) -> bool:
        """Whether so many tracks deserve a new map."""
        return tracks > OUTGROWN * self.fitted_to


def fit(space: Space, method: str) -> Fit:
    """Make a map. Raises ProjectionError for fewer than FEWEST tracks with a direction."""
    if method not in METHODS:
        raise ProjectionError(f"No map is made by {method!r}: choose from {', '.join(METHODS)}.")
    chosen = sample(space, LANDMARKS)
    if len(chosen) < FEWEST:
        raise ProjectionError(f"A map needs at least {FEWEST} tracks with an embedding.")
    directions = _directions(space, chosen)
    mean = directions.mean(axis=0)
    with threadpool_limits(1):  # the sums of several come out in another order, as another map
        axes, scores = _principal(directions - mean, 2 if method == "pca" else DIMENSIONS)
        empty = np.empty((0, axes.shape[1]), dtype=np.float32)
        places = np.empty((0, 2), dtype=np.float32)
        if method == "neighbours":
            empty, places = scores, _embedded(scores)
    spread = float(np.std(places if len(places) else scores[:, :2])) or 1.0
    draft = Fit(method, space.name, len(space.ids), mean, axes, spread, empty, places, np.nan)
    trusted = trustworthiness(space, place(draft, space))
    return Fit(method, space.name, len(space.ids), mean, axes, spread, empty, places, trusted)


def place(fitted: Fit, space: Space) -> np.ndarray:
    """float32 [tracks of the space, 2]: where each track lies on a map."""
    placed = np.full((len(space.ids), 2), np.nan, dtype=np.float32)
    usable = ~np.isnan(space.scale)
    for rows in blocks(space.matrix):
        kept = np.flatnonzero(usable[rows]) + rows.start
        scores = (_directions(space, kept) - fitted.mean) @ fitted.axes
        if fitted.method == "neighbours":
            scores = _among(scores, fitted.landmarks, fitted.places)
        placed[kept] = scores[:, :2] / fitted.spread
    return placed


def sample(space: Space, most: int) -> np.ndarray:
    """int64 [≤ most] rows with a direction, ascending; the same ones for the same tracks."""
    usable = np.flatnonzero(~np.isnan(space.scale))
    drawn = np.argsort(shuffle_keys(space.ids[usable], SEED))[:most]
    return np.sort(usable[drawn])


def trustworthiness(space: Space, placed: np.ndarray) -> float:
    """How far neighbours on the map are neighbours in sound, 0-1 (Venna and Kaski 2001).

    Measured among at most SAMPLE tracks with NEIGHBOURS each: 1, no false neighbours; about 0.5,
    by chance. NaN with too few tracks to say.
    """
    from sklearn.manifold import trustworthiness as measured  # a second to import: not at start

    rows = sample(space, SAMPLE)
    count = min(NEIGHBOURS, (len(rows) - 1) // 2)
    if count < 1:
        return float("nan")
    return float(measured(_directions(space, rows), placed[rows], n_neighbors=count))


def _directions(space: Space, rows: np.ndarray) -> np.ndarray:
    """float32 [rows, dimensions], each of length 1."""
    return space.matrix[rows] * space.scale[rows, np.newaxis]


def _principal(centred: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions of the largest variance [dimensions, count], and the scores [rows, count].

    Their signs are a matter of chance: each direction's largest entry is made positive.
    """
    _, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    axes = vectors[:, ::-1][:, : max(2, min(count, centred.shape[0] - 1))]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, np.arange(axes.shape[1])])
    axes = np.ascontiguousarray(axes, dtype=np.float32)
    return axes, centred @ axes


def _embedded(scores: np.ndarray) -> np.ndarray:
    """float32 [rows, 2] by t-SNE."""
    from sklearn.manifold import TSNE  # a second to import: not at the start of an app

    perplexity = min(PERPLEXITY, (len(scores) - 1) / 3)
    made = TSNE(
        perplexity=perplexity, init="pca", random_state=SEED, max_iter=ITERATIONS
    ).fit_transform(scores)
    return (made - made.mean(axis=0)).astype(np.float32)


def _among(scores: np.ndarray, landmarks: np.ndarray, places: np.ndarray) -> np.ndarray:
    """float32 [rows, 2]: the mean of the nearest landmarks' places, weighted by 1 / distance².

    Only landmarks on the nearest one's side of the map count: the mean of two far groups would lie
    in neither. A landmark itself stays where it is.
    """
    squared = np.maximum(
        np.sum(scores**2, axis=1)[:, np.newaxis]
        + np.sum(landmarks**2, axis=1)
        - 2 * scores @ landmarks.T,
        0,
    )
    count = min(NEAREST, len(landmarks))
    near = np.argpartition(squared, count - 1, axis=1)[:, :count]
    distances = np.take_along_axis(squared, near, axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    near, distances = (np.take_along_axis(a, order, axis=1) for a in (near, distances))
    there = places[near]  # [rows, count, 2]
    apart = np.linalg.norm(there - there[:, :1], axis=2)
    weights = np.where(apart <= np.std(places) / 2, 1 / (distances + 1e-6), 0)
    weights[distances[:, 0] < 1e-6, 1:] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    return np.einsum("rc,rcd->rd", weights, there).astype(np.float32)
