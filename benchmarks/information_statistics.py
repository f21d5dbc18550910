"""Statistics of the quality of models of information content, and the baselines beside them.

Intervals are 95 %, by bootstrap over groups: clips of one track are drawn together, since they are
not independent. Baselines are densities of single frames: a Gaussian with full covariance, and a
linear autoregression with Gaussian residuals. Both are fitted to the latents that the models read.
"""

from collections.abc import Callable, Sequence

import numpy as np

ORDER = 8  # of the autoregression
RIDGE = 1e-3  # of its normal equations, as a share of their mean diagonal
BOOTSTRAPS = 2000
SEED = 0  # of the bootstrap
TAILS = (0.025, 0.975)

Interval = dict[str, float]  # value, low, high
Density = Callable[[np.ndarray], np.ndarray]


def weights(groups: np.ndarray) -> np.ndarray:
    """How often each value is drawn when groups are, with replacement: [BOOTSTRAPS, values]."""
    _, number = np.unique(groups, return_inverse=True)
    count = number.max() + 1
    random = np.random.default_rng(SEED)
    draws = random.integers(0, count, (BOOTSTRAPS, count))
    per_group = np.stack([np.bincount(draw, minlength=count) for draw in draws])
    return per_group[:, number].astype(float)


def mean(values: np.ndarray, groups: np.ndarray) -> Interval:
    """Of values [n], which come in groups [n]."""
    drawn = weights(groups)
    return _interval(values.mean(), drawn @ values / drawn.sum(1))


def auc(positive: np.ndarray, negative: np.ndarray, groups: np.ndarray) -> Interval:
    """Area under the ROC curve: how often a positive value exceeds a negative one, a tie half.

    The values are those of the same clips [n] with and without what is to be told; all pairs
    count, those of different clips too.
    """
    larger = positive[:, None] > negative[None, :]
    wins = larger + 0.5 * (positive[:, None] == negative[None, :])
    drawn = weights(groups)
    areas = ((drawn @ wins) * drawn).sum(1) / drawn.sum(1) ** 2
    return _interval(wins.mean(), areas)


def spread(means: np.ndarray, groups: np.ndarray) -> dict[str, Interval]:
    """How far means [runs, tracks] of the same tracks differ between runs, and between tracks.

    "within": standard deviation over runs (root mean square over tracks). "common": that part of
    it which all tracks share, so that no order among them changes. "own": the rest. "between":
    standard deviation over tracks of their mean over the runs.
    """
    own = means - means.mean(1, keepdims=True)
    drawn = weights(groups)

    def root_mean(variances: np.ndarray) -> Interval:
        return _interval(np.sqrt(variances.mean()), np.sqrt(drawn @ variances / drawn.sum(1)))

    centres = means.mean(0)
    resampled = [np.repeat(centres, row.astype(int)).std(ddof=1) for row in drawn]
    common = float(means.mean(1).std(ddof=1))
    return {
        "within": root_mean(means.var(0, ddof=1)),
        "common": {"value": common, "low": common, "high": common},
        "own": root_mean(own.var(0, ddof=1)),
        "between": _interval(centres.std(ddof=1), np.array(resampled)),
    }


def _interval(value: float, draws: np.ndarray) -> Interval:
    low, high = np.quantile(draws, TAILS)
    return {"value": float(value), "low": float(low), "high": float(high)}


def gaussian(tracks: Sequence[np.ndarray]) -> Density:
    """-log density of frames on their own, fitted to tracks [T, D]: [T, D] → [T] in nats."""
    frames = np.concatenate(tracks).astype(np.float64)
    return _normal(frames.mean(0), np.cov(frames, rowvar=False))


def autoregression(tracks: Sequence[np.ndarray]) -> Density:
    """-log density of each frame given the ORDER before it; NaN for the first ORDER."""
    tracks = [track.astype(np.float64) for track in tracks if len(track) > ORDER]
    gram, cross = 0.0, 0.0
    for track in tracks:  # one by one: all at once would be gigabytes
        past = _lagged(track)
        gram, cross = gram + past.T @ past, cross + past.T @ track[ORDER:]
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    solution = np.linalg.solve(gram, cross)
    residuals = np.concatenate([track[ORDER:] - _lagged(track) @ solution for track in tracks])
    density = _normal(residuals.mean(0), np.cov(residuals, rowvar=False))

    def information(track: np.ndarray) -> np.ndarray:
        track = track.astype(np.float64)
        values = np.full(len(track), np.nan)
        values[ORDER:] = density(track[ORDER:] - _lagged(track) @ solution)
        return values

    return information


def _lagged(track: np.ndarray) -> np.ndarray:
    """The ORDER frames before each frame from ORDER on, and 1."""
    parts = [track[ORDER - lag : len(track) - lag] for lag in range(1, ORDER + 1)]
    return np.concatenate((*parts, np.ones((len(track) - ORDER, 1))), axis=1)


def _normal(centre: np.ndarray, covariance: np.ndarray) -> Density:
    root = np.linalg.cholesky(covariance)
    constant = np.log(np.diag(root)).sum() + 0.5 * len(centre) * np.log(2 * np.pi)
    return lambda x: constant + 0.5 * (np.linalg.solve(root, (x - centre).T) ** 2).sum(0)
