"""Regions drawn on a plane: which points lie inside, and a lasso with fewer corners.

Source: the even-odd rule (a point is inside when a ray from it crosses the outline an odd number of
times), which also gives self-crossing lassos a meaning; Douglas and Peucker (1973) for dropping
corners. Conventions: a polygon is a tuple of (x, y) corners, closed by itself; its edge belongs to
it, with the tolerance of engine.query. Pure.
"""

import heapq
from collections.abc import Sequence
from math import floor, log10

import numpy as np

from engine.query import TOLERANCE, Polygon, QueryError

FINE = 1e-4  # of the extent of a lasso: a deviation that nobody draws on purpose


def inside(x: np.ndarray, y: np.ndarray, polygon: Polygon) -> np.ndarray:
    """bool [points]: in the polygon or on its edge; False where a coordinate is NaN.

    Sorts the points by y once, so that each edge meets only the points at its height.
    """
    corners = np.array(polygon, dtype=np.float64)
    slack = TOLERANCE * max(1.0, float(np.abs(corners).max()))
    (west, south), (east, north) = corners.min(axis=0) - slack, corners.max(axis=0) + slack
    near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
    near = near[np.argsort(y[near])]
    across, up = x[near].astype(np.float64), y[near].astype(np.float64)
    odd, edge = np.zeros(len(near), dtype=bool), np.zeros(len(near), dtype=bool)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = sorted((start[1], end[1]))
        height = slice(*np.searchsorted(up, (low - slack, high + slack)))
        here, level = across[height], up[height]
        part = np.clip((level - start[1]) / (end[1] - start[1]), 0, 1) if low < high else 0.0
        crossing = start[0] + part * (end[0] - start[0])
        odd[height] ^= (here < crossing) & (level >= low) & (level < high)  # each corner once
        # The distance from the line is the one along x, times the sine of the slope.
        beside = np.abs(here - crossing) * (high - low) <= slack * np.hypot(*(end - start))
        left, right = sorted((start[0], end[0]))
        edge[height] |= beside & (here >= left - slack) & (here <= right + slack)
    result = np.zeros(len(x), dtype=bool)
    result[near] = odd | edge
    return result


def _distance(x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """float64 [points]: to the line between two corners, its ends included."""
    along, up = end - start
    length = along * along + up * up
    if length == 0:
        return np.hypot(x - start[0], y - start[1])
    part = np.clip(((x - start[0]) * along + (y - start[1]) * up) / length, 0, 1)
    return np.hypot(x - start[0] - part * along, y - start[1] - part * up)


def centre(polygon: Polygon) -> tuple[float, float, float]:
    """(x, y) of the middle of the outline, and the distance of the corner farthest from it.

    Of the outline, not of the area: the area of a self-crossing lasso can be 0, and the middle
    of its corners alone would follow where the hand was slow.
    """
    corners = np.array(polygon, dtype=np.float64)
    following = np.roll(corners, -1, axis=0)
    lengths = np.hypot(*(following - corners).T)
    weights = lengths if lengths.sum() > 0 else np.ones(len(corners))
    x, y = np.average((corners + following) / 2, axis=0, weights=weights)
    return float(x), float(y), float(np.hypot(*(corners - (x, y)).T).max())


def simplified(lasso: Sequence[Sequence[float]], most: int = 40) -> Polygon:
    """The polygon of a lasso as a query holds it: at most `most` corners, those that matter most.

    Splits where the outline strays farthest from what is kept so far, until nothing strays by
    more than FINE of the extent or `most` is reached; coordinates are rounded to that fineness, so
    that a link stays short. QueryError when it encloses nothing: fewer than three corners, or all
    of them on a line.
    """
    corners = list(dict.fromkeys((float(x), float(y)) for x, y in lasso))
    if len(corners) < 3:
        raise QueryError(f"A region needs at least 3 corners; this one has {len(corners)}.")
    points = np.array(corners)
    if not np.isfinite(points).all():
        raise QueryError("A region needs finite numbers as its corners.")
    extent = float(np.ptp(points, axis=0).max())
    fine = max(FINE * extent, np.finfo(np.float64).tiny)
    kept = _most_telling(points, most, fine)
    decimals = max(0, -floor(log10(fine)))
    rounded = [tuple(round(value, decimals) for value in corners[place]) for place in kept]
    rounded = tuple(dict.fromkeys(rounded))
    if len(rounded) < 3:
        raise QueryError("The region encloses nothing: all of its corners lie on one line.")
    return rounded


def _most_telling(points: np.ndarray, most: int, fine: float) -> list[int]:
    """Positions of the corners to keep, rising."""
    closed = np.concatenate([points, points[:1]])
    opposite = int(np.argmax(np.hypot(*(points - points[0]).T)))
    kept = {0, opposite}
    waiting: list[tuple[float, int, int, int]] = []  # -deviation, where, from, to

    def look(start: int, end: int) -> None:
        between = closed[start + 1 : end]
        if len(between):
            strays = _distance(*between.T, closed[start], closed[end])
            where = int(np.argmax(strays))
            heapq.heappush(waiting, (-float(strays[where]), start + 1 + where, start, end))

    look(0, opposite)
    look(opposite, len(points))
    while waiting and len(kept) < most and -waiting[0][0] > fine:
        _, where, start, end = heapq.heappop(waiting)
        kept.add(where)
        look(start, where)
        look(where, end)
    return sorted(kept)
