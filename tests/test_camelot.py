"""The Camelot wheel, against the circle of fifths as it is printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.camelot import CODES, code, distance, neighbours
from engine.descriptors import KEYS, SCALES

# The wheel as DJs know it, clockwise from 1.
MINOR = ("G#", "D#", "A#", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
MAJOR = ("B", "F#", "C#", "G#", "D#", "A#", "F", "C", "G", "D", "A", "E")
codes = st.sampled_from(CODES)


def test_the_wheel_is_the_one_in_use():
    assert [code(key, "minor") for key in MINOR] == [f"{hour}A" for hour in range(1, 13)]
    assert [code(key, "major") for key in MAJOR] == [f"{hour}B" for hour in range(1, 13)]
    assert sorted(CODES) == sorted({code(key, scale) for key in KEYS for scale in SCALES})


def test_what_mixes_with_a_minor_and_across_twelve():
    assert set(neighbours("8A")) == {"8A", "7A", "9A", "8B"}
    assert set(neighbours("12B")) == {"12B", "11B", "1B", "12A"}
    assert set(neighbours("1A")) == {"1A", "12A", "2A", "1B"}


def test_distances_to_all_codes():
    found = [distance("8A", other) for other in CODES]
    assert (found[CODES.index("8A")], found[CODES.index("2B")]) == (0, 7)
    assert [found.count(steps) for steps in range(8)] == [1, 3, 4, 4, 4, 4, 3, 1]


@given(codes, codes, codes)
def test_distance_is_a_metric_and_neighbours_are_one_step_away(one, other, third):
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
    assert distance(one, third) <= distance(one, other) + distance(other, third)
    assert (other in neighbours(one)) == (distance(one, other) <= 1)


@pytest.mark.parametrize("wrong", ["0A", "13A", "8C", "8", "", "A8"])
def test_what_is_no_code_is_refused(wrong):
    with pytest.raises(ValueError):
        neighbours(wrong)
    with pytest.raises(ValueError):
        distance("8A", wrong)


def test_flats_and_modes_are_refused():
    with pytest.raises(ValueError):
        code("Ab", "major")
    with pytest.raises(ValueError):
        code("A", "dorian")
