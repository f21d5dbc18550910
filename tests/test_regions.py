"""Points in polygons against a plain loop, and lassos with fewer corners."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.query import MOST_CORNERS, Query, QueryError
from engine.regions import centre, inside, simplified

SQUARE = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
# Whole numbers, so that many points lie on edges and corners, and the plain loop is exact.
whole = st.integers(-6, 6)
polygons = st.lists(st.tuples(whole, whole), min_size=3, max_size=9).map(tuple)


def holds(x: list[float], y: list[float], polygon) -> list[bool]:
    return inside(np.array(x, float), np.array(y, float), polygon).tolist()


def plain_inside(x: int, y: int, polygon) -> bool:
    """Even-odd with whole numbers: no rounding, no tolerance."""
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        turn = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if turn == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and (turn > 0) == (y2 > y1):
            odd = not odd
    return odd


def test_edges_and_corners_belong_to_a_polygon_and_missing_points_do_not():
    assert holds([1, 0, 2, 2, 1, 3], [1, 0, 1, 2, 2, 1], SQUARE) == [True] * 5 + [False]
    assert holds([np.nan, 1, np.nan], [1, np.nan, np.nan], SQUARE) == [False] * 3
    assert holds([], [], SQUARE) == []


def test_the_edge_has_the_tolerance_of_float32():
    tenth = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3))
    corners = np.float32(tenth)
    assert inside(corners[:, 0], corners[:, 1], tenth).all()
    assert holds([0.30001, 0.2], [0.2, 0.09999], tenth) == [False, False]


def test_what_a_lasso_crosses_twice_is_outside():
    bow = ((0, 0), (4, 4), (4, 0), (0, 4))
    assert holds([1, 3, 2, 2], [2, 2, 3, 1], bow) == [True, True, False, False]


@given(polygons)
@settings(max_examples=500, deadline=None)
def test_it_agrees_with_a_plain_loop(polygon):
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(-7, 8), np.arange(-7, 8)))
    expected = [plain_inside(int(a), int(b), polygon) for a, b in zip(x, y, strict=True)]
    assert inside(x, y, polygon).tolist() == expected


def test_the_middle_is_that_of_the_outline():
    assert centre(SQUARE) == pytest.approx((1, 1, 2**0.5))
    slow = (*SQUARE[:2], (2.0, 0.1), (2.0, 0.2), (2.0, 0.3), *SQUARE[2:])  # a hand that hesitated
    assert centre(slow) == pytest.approx((1, 1, 2**0.5))
    assert centre(((1, 1), (1, 1), (1, 1))) == (1, 1, 0)


def circle(corners: int, wobble: float = 0.0) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = 3 + wobble * np.sin(angles * 37)
    return list(zip(5 + radius * np.cos(angles), 4 + radius * np.sin(angles), strict=True))


def test_a_lasso_keeps_its_shape_in_40_corners():
    lasso = circle(400, wobble=0.02)
    region = simplified(lasso)
    assert 20 <= len(region) <= 40 <= MOST_CORNERS
    assert Query(mood_region=region).mood_region == region
    rng = np.random.default_rng(4)
    x, y = rng.uniform(0, 10, (2, 20000))
    differ = inside(x, y, tuple(lasso)) != inside(x, y, region)
    assert differ.mean() < 0.005


def test_corners_that_say_nothing_go():
    along = [(x / 10, 0.0) for x in range(20)] + [(2, 0), (2, 2), (0, 2), (0, 0)]
    assert set(simplified(along)) == set(SQUARE)


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), max_size=60), st.integers(3, 40)
)
@settings(max_examples=300, deadline=None)
def test_any_lasso_becomes_a_region_or_is_refused(lasso, most):
    try:
        region = simplified(lasso, most)
    except QueryError:
        return
    assert 3 <= len(region) <= most
    assert Query(map_region=region)


@pytest.mark.parametrize(
    "nothing",
    [
        [],
        [(0, 0), (1, 1)],
        [(0, 0), (1, 1), (0, 0), (1, 1)],
        [(0, 0), (1, 1), (2, 2)],
        [(0, 0), (5e-324, 0), (0, 5e-324)],
    ],
)
def test_a_lasso_around_nothing_is_refused(nothing):
    with pytest.raises(QueryError):
        simplified(nothing)


@given(st.integers(0, 10**6), st.floats(-50, 50), st.floats(0.1, 100))
def test_a_region_follows_its_points_when_they_move(seed, shift, scale):
    rng = np.random.default_rng(seed)
    corners, points = rng.normal(size=(6, 2)), rng.normal(size=(200, 2))
    moved = [tuple(corner) for corner in corners * scale + shift]
    assume(len(set(moved)) == 6)
    here = inside(*points.T, tuple(map(tuple, corners)))
    there = inside(*(points * scale + shift).T, tuple(moved))
    assert (here != there).mean() < 0.02  # but for points within the tolerance of an edge
