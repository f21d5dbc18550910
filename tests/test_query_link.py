"""Links: every query returns identical, and no link raises."""

import json
from dataclasses import asdict
from math import isfinite
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from queries import whole_queries

from engine.query import Query, QueryError, Range
from engine.query_link import from_params, to_params


@given(whole_queries)
@settings(max_examples=300, deadline=None)
def test_a_query_returns_from_its_link_identical(query):
    params = to_params(query)
    json.dumps(asdict(query))  # serialisable as it is, too
    assert from_params(params) == (query, [])


def test_the_default_query_leaves_the_address_alone():
    assert to_params(Query()) == {}


@given(st.dictionaries(st.sampled_from(list(asdict(Query()))), st.lists(st.text(max_size=8))))
@settings(max_examples=300, deadline=None)
def test_any_link_is_read_without_an_exception(params):
    query, problems = from_params(params)
    assert isinstance(query, Query)
    assert all(sentence.endswith((".", "number")) for sentence in problems)


def test_a_broken_link_keeps_what_it_can_and_says_what_it_could_not():
    query, problems = from_params({"tempo": ["90..120"], "valence": ["9..1"], "seed": ["many"]})
    assert query == Query(tempo=Range(90, 120))
    assert len(problems) == 2
    assert "valence" in problems[0]


@given(whole_queries)
@settings(max_examples=300, deadline=None)
def test_a_link_can_be_an_address(query):
    address = urlencode(to_params(query), doseq=True)  # refuses what is no text
    given_back = parse_qs(address, keep_blank_values=True, strict_parsing=bool(address))
    assert from_params(given_back) == (query, [])


@given(st.lists(st.tuples(st.floats(), st.floats()), min_size=3, max_size=5))
def test_polygons_return_bit_for_bit_or_are_refused(corners):
    if not all(isfinite(x) and isfinite(y) for x, y in corners):
        with pytest.raises(QueryError):
            Query(mood_region=tuple(corners))
        return
    found, _ = from_params(to_params(Query(mood_region=tuple(corners))))
    assert [tuple(map(repr, corner)) for corner in found.mood_region] == [
        tuple(map(repr, corner)) for corner in corners
    ]


def test_links_read_as_people_write_them():
    query = Query(
        tempo=Range(90, 120.5), tempo_octaves=True, mood_region=((4, 5), (6.5, 5), (5, 8)),
        minutes=90, per_artist=2, exclude_folders=("/m/caf\udce9", "/m/a\\b"), collapse=False,
    )  # fmt: skip
    assert to_params(query) == {
        "tempo": ["90..120.5"],
        "tempo_octaves": ["yes"],
        "mood_region": ["4,5;6.5,5;5,8"],
        "exclude_folders": ["/m/caf\\udce9", "/m/a\\\\b"],
        "collapse": ["no"],
        "per_artist": ["2"],
        "minutes": ["90"],
    }
    read, _ = from_params({"exclude_folders": ["/m/a\\b"], "per_album": ["none"]})
    assert read == Query(exclude_folders=("/m/a\\b",))


@pytest.mark.parametrize(
    "wrong",
    [
        {"mood_region": ["1,2;3,4"]},
        {"mood_region": ["1,2,3;4,5,6;7,8,9"]},
        {"mood_region": ["a,b;c,d;e,f"]},
        {"map_region": [";".join(["0,1"] * 1000)]},
        {"camelot": ["13A"]},
        {"keys_agree": ["true"]},
        {"minutes": ["nan"]},
        {"minutes": ["0"]},
        {"ic_percentile": ["90..101"]},
        {"exclude_folders": ["music"]},
        {"limit": ["1.5"]},
    ],
)
def test_what_a_link_says_wrongly_is_told(wrong):
    query, problems = from_params(wrong)
    assert query == Query()
    assert len(problems) == 1
    assert next(iter(wrong)) in problems[0]
