"""The order of the tracks of a playlist.

Goal: rank decides which tracks are taken first, arrange brings those that are taken into the order
of listening. Conventions: both return permutations of their rows; missing values come last
whichever way; ties keep the order of the library (engine.library_order). Pure.
"""

import numpy as np

from engine import regions
from engine.columns import numbers
from engine.facts import Facts
from engine.filters import OCTAVES, implied, unanswerable
from engine.query import (
    ARRANGED_ORDERS,
    COLUMN_ORDERS,
    RANGE_COLUMNS,
    TOLERANCE,
    Polygon,
    Query,
    Range,
)
from engine.smooth_path import arranged

LOWEST_TEMPO = 1.0  # BPM: a tempo range from 0 on has no middle in octaves


def rank(query: Query, facts: Facts, rows: np.ndarray) -> np.ndarray:
    """A permutation of rows (positions in the frame), best first."""
    by = query.order
    if by in ARRANGED_ORDERS:
        by = "style" if query.styles and facts.styles is not None else "shuffle"
    if by == "shuffle":
        return rows[np.argsort(shuffle_keys(facts.frame.index.to_numpy()[rows], query.seed))]
    rows = facts.sort_rows(rows)
    if by == "middle":
        return rows[np.argsort(from_middle(query, facts, rows), kind="stable")]
    if by == "style":
        if not query.styles or facts.styles is None:
            return rows
        activation = facts.styles.combined(query.styles, query.style_match)[rows]
        return rows[np.argsort(-activation, kind="stable")]  # NaN sorts last
    column = by in COLUMN_ORDERS
    values = (numbers(facts.frame, by) if column else facts.name_ranks(by))[rows]
    return rows[np.argsort(-values if query.descending else values, kind="stable")]


def arrange(query: Query, facts: Facts, rows: np.ndarray) -> np.ndarray:
    """A permutation of the rows that are taken, in the order of listening."""
    if query.order == "smooth":
        return arranged(facts, rows, query.key_profile)
    if query.order == "ic_arc":
        return _arc(facts.ic_percentiles[rows], rows)
    return rows


def _arc(surprise: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Calm, more and more surprising, and calm again: of the tracks by rising IC, every other one
    goes up and the rest come down. By percentile within each ic_model, since the values of two
    models have no common scale; percentiles of two have one only as far as both models heard
    similar music. Tracks without IC come last."""
    known = np.flatnonzero(~np.isnan(surprise))
    rising = known[np.argsort(surprise[known], kind="stable")]
    arc = np.concatenate([rising[::2], rising[1::2][::-1]])
    return np.concatenate([rows[arc], rows[np.isnan(surprise)]])


def from_middle(query: Query, facts: Facts, rows: np.ndarray) -> np.ndarray:
    """float64 [rows], 0 in the middle of all ranges, 1 at their ends: the mean over the active
    ranges with two ends, and over the regions, of the distance from the middle.

    A tempo counts in octaves when half and double time do: 120 BPM is in the middle of 50-72. A
    region counts from the middle of its outline, 1 at its farthest corner. Styles rank by their
    own order and do not count. 0 everywhere without such a range; NaN where a value is missing.
    """
    distances = []
    for name, column in (RANGE_COLUMNS | {"ic_percentile": None}).items():
        limits: Range = getattr(query, name)
        if limits.low is None or limits.high is None or name in implied(query):
            continue
        values = (facts.ic_percentiles if column is None else numbers(facts.frame, column))[rows]
        octaves = name == "tempo" and query.tempo_octaves
        distances.append((_octaves_from_middle if octaves else _from_middle)(values, limits))
    if query.mood_region:
        plane = (numbers(facts.frame, column)[rows] for column in ("valence", "arousal"))
        distances.append(_from_centre(*plane, query.mood_region))
    if query.map_region and "map_region" not in unanswerable(query, facts):
        distances.append(_from_centre(*facts.map_xy[rows].T, query.map_region))
    return np.mean(distances, axis=0) if distances else np.zeros(len(rows))


def _from_middle(values: np.ndarray, limits: Range) -> np.ndarray:
    middle, half = (limits.low + limits.high) / 2, (limits.high - limits.low) / 2
    return np.abs(values - middle) / max(half, TOLERANCE * max(1.0, abs(middle)))


def _octaves_from_middle(tempo: np.ndarray, limits: Range) -> np.ndarray:
    low, high = (np.log2(max(end, LOWEST_TEMPO)) for end in (limits.low, limits.high))
    in_octaves = Range(float(low), float(high))
    heard = np.log2(np.maximum(tempo, LOWEST_TEMPO))
    return np.minimum.reduce([_from_middle(heard + np.log2(by), in_octaves) for by in OCTAVES])


def _from_centre(x: np.ndarray, y: np.ndarray, polygon: Polygon) -> np.ndarray:
    across, up, farthest = regions.centre(polygon)
    return np.hypot(x - across, y - up) / max(farthest, TOLERANCE)


def shuffle_keys(ids: np.ndarray, seed: int) -> np.ndarray:
    """uint64 [tracks]: a hash of (seed, track id), by splitmix64 (Steele, Lea and Flood 2014).

    Not a random permutation of positions: so two tracks keep their order when a filter changes or
    the library grows, and a link shows the same shuffle to everybody.
    """
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.uint64) + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
