"""What can be asked, and how a query that cannot be meant says so."""

import pytest

from engine.descriptors import DESCRIPTORS
from engine.query import COLUMN_ORDERS, MOST_CORNERS, RANGE_COLUMNS, Query, QueryError, Range


@pytest.mark.parametrize(
    "wrong",
    [
        {"style_match": "some"},
        {"voice": "sung"},
        {"key_profile": "mine"},
        {"keys": ("H",)},
        {"scale": "dorian"},
        {"order": "price"},
        {"limit": 0},
        {"limit": 99999999999999999999},
        {"text": "\udce9"},
        {"seed": -1},
        {"camelot": "8C"},
        {"per_artist": 0},
        {"per_album": -1},
        {"minutes": 0},
        {"minutes": float("inf")},
        {"minutes": 1e308},
        {"mood_region": ((0, 0), (1, 1))},
        {"map_region": ((0, 0), (1, 1), (float("nan"), 0))},
        {"map_region": ((0, 0), (1, 1), (1, 2, 3))},
        {"map_region": tuple((i, i % 2) for i in range(MOST_CORNERS + 1))},
        {"ic_percentile": Range(-1, 50)},
        {"exclude_folders": ("Music",)},
    ],
)
def test_a_query_that_cannot_be_meant_says_so(wrong):
    with pytest.raises(QueryError):
        Query(**wrong)


@pytest.mark.parametrize("ends", [(2, 1), (float("nan"), None), (None, float("inf"))])
def test_a_range_that_cannot_be_meant_says_so(ends):
    with pytest.raises(QueryError):
        Range(*ends)


def test_every_filter_and_order_names_a_known_descriptor():
    assert set(RANGE_COLUMNS.values()) <= set(DESCRIPTORS)
    assert set(COLUMN_ORDERS) <= set(DESCRIPTORS)
    for descriptor in DESCRIPTORS.values():
        assert descriptor.low < descriptor.high
        assert len(descriptor.help) > 15
