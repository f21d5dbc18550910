"""Relative constraints: faster, calmer, more surprising than the seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.query import RANGE_COLUMNS, Query, Range
from engine.relative import RELATIONS, composed, intersection

numbers = st.floats(-1e6, 1e6)
ranges = st.builds(
    lambda a, b: Range(a, b) if a is None or b is None else Range(min(a, b), max(a, b)),
    st.none() | numbers,
    st.none() | numbers,
)


def test_every_relation_has_its_opposite_on_the_same_field():
    for name, relation in RELATIONS.items():
        opposite = RELATIONS[relation.opposite]
        assert (opposite.opposite, opposite.field) == (name, relation.field)
        assert opposite.above is not relation.above
        assert relation.field in RANGE_COLUMNS


@pytest.mark.parametrize("name", RELATIONS)
@given(values=st.lists(st.floats(0.01, 300), min_size=1, max_size=5))
def test_no_seed_is_within_its_own_relation(name, values):
    limits = RELATIONS[name].limits(np.array(values))
    assert not limits.holds(np.array(values)).any()


def test_faster_is_faster_than_every_seed():
    limits = RELATIONS["faster"].limits(np.array([100.0, 120.0, np.nan]))
    assert limits.low == pytest.approx(124.8)
    assert limits.high is None
    assert RELATIONS["calmer"].limits(np.array([5.0, 6.0])) == Range(None, 4.7)


def test_without_a_value_it_is_left_out_and_named():
    found = composed(Query(), ["more_surprising"], {"ic": [np.nan]})
    assert (found.query, found.unknown, found.limits) == (Query(), ("more_surprising",), {})


def test_it_narrows_the_range_that_is_there():
    found = composed(Query(tempo=Range(90, 130)), ["faster"], {"tempo": [100.0]})
    assert found.query.tempo == Range(104, 130)
    assert found.impossible == ()


def test_what_excludes_each_other_is_named_and_not_worked_in():
    found = composed(Query(tempo=Range(None, 101)), ["faster"], {"tempo": [100.0]})
    assert found.query.tempo == Range(None, 101)
    assert found.impossible == ("faster",)
    assert found.limits["faster"] == Range(104, None)


@given(ranges, ranges, numbers)
def test_an_intersection_holds_what_both_hold(one, other, value):
    both = intersection(one, other)

    def within(limits: Range) -> bool:
        low, high = limits.low, limits.high
        return (low is None or value >= low) and (high is None or value <= high)

    assert (both is not None and within(both)) == (within(one) and within(other))
