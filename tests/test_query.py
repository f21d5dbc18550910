"""Filters, funnel, order and links: against plain loops, and as properties."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.activations import Activations
from engine.descriptors import DESCRIPTORS, KEYS, PROFILES, SCALES
from engine.filters import masks
from engine.orders import rank
from engine.query import (
    COLUMN_ORDERS,
    MATCHES,
    RANGE_COLUMNS,
    SPECIAL_ORDERS,
    VOICES,
    Query,
    QueryError,
    Range,
)
from engine.query_link import from_params, to_params
from engine.selection import Facts, select

LABELS = ("Rock---Punk", "Electronic---House", "Folk, World, & Country---Folk")


def table(**columns: list) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    frame.index = pd.Index(np.arange(1, len(frame) + 1), name="id")
    return frame


def activations(rows: list[list[float]]) -> Activations:
    matrix = np.array(rows, dtype=np.float32)
    ids = np.arange(1, len(rows) + 1)
    return Activations.aligned("styles", LABELS, ids, matrix, ids)


def kept(query: Query, frame: pd.DataFrame, styles: Activations | None = None) -> list[int]:
    return sorted(select(query, Facts(frame, styles)).rows.tolist())


def test_both_ends_of_a_range_belong_to_it():
    frame = table(tempo_bpm=[89.999, 90.0, 100.0, 128.0, 128.001])
    assert kept(Query(tempo=Range(90, 128)), frame) == [1, 2, 3]
    assert kept(Query(tempo=Range(90, None)), frame) == [1, 2, 3, 4]
    assert kept(Query(tempo=Range(None, 128)), frame) == [0, 1, 2, 3]


def test_a_float32_value_equals_the_decimal_that_the_slider_shows():
    frame = table(danceability=[float(np.float32(0.3)), float(np.float32(0.7))])
    assert kept(Query(danceability=Range(0.3, 0.7)), frame) == [0, 1]
    assert kept(Query(danceability=Range(None, 0.3)), frame) == [0]
    assert kept(Query(danceability=Range(0.7, None)), frame) == [1]


def test_the_extremes_of_a_descriptor_are_kept():
    frame = table(danceability=[0.0, 1.0], valence=[1.0, 9.0], arousal=[1.0, 9.0])
    assert kept(Query(danceability=Range(0.0, 1.0), valence=Range(1.0, 9.0)), frame) == [0, 1]
    assert kept(Query(arousal=Range(9.0, 9.0)), frame) == [1]


@pytest.mark.parametrize("name", RANGE_COLUMNS)
def test_a_missing_value_is_excluded_only_by_its_own_active_filter(name):
    frame = table(**{RANGE_COLUMNS[name]: [1.0, np.nan], "title": ["a", "b"]})
    assert kept(Query(), frame) == [0, 1]
    assert kept(replace(Query(), **{name: Range(0.5, None)}), frame) == [0]
    other = next(field for field in RANGE_COLUMNS if field != name)
    frame[RANGE_COLUMNS[other]] = [2.0, 2.0]
    assert kept(replace(Query(), **{other: Range(0, 3)}), frame) == [0, 1]


def test_a_column_that_the_table_lacks_matches_nothing_when_asked_for():
    frame = table(title=["a", "b"])
    assert kept(Query(ic=Range(1, 2)), frame) == []
    assert kept(Query(keys=("C",)), frame) == []
    assert kept(Query(styles=LABELS[:1]), frame) == []


def test_voice_and_instrumental_split_the_tracks_that_have_a_value():
    frame = table(voice=[0.0, 0.4999, 0.5, 1.0, np.nan])
    assert kept(Query(voice="voice"), frame) == [2, 3]
    assert kept(Query(voice="instrumental"), frame) == [0, 1]
    assert kept(Query(voice="any"), frame) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["object", "category", "str"])
def test_key_and_scale_follow_the_chosen_profile(kind):
    frame = table(
        key_edma=["A", "A", "C#", None],
        scale_edma=["minor", "major", "minor", None],
        key_temperley=["C", "C", "C", "C"],
        scale_temperley=["major", "major", "major", "major"],
    ).astype(kind)
    assert kept(Query(keys=("A",)), frame) == [0, 1]
    assert kept(Query(keys=("A", "C#"), scale="minor"), frame) == [0, 2]
    assert kept(Query(scale="major"), frame) == [1]
    assert kept(Query(keys=("C",), key_profile="temperley"), frame) == [0, 1, 2, 3]


def test_styles_any_and_all_with_both_ends_of_the_activation():
    frame = table(title=list("abcd"))
    styles = activations([[0.1, 0.5, 0], [0.5, 0.5, 0], [0.51, 0.0, 0], [np.nan] * 3])
    both = LABELS[:2]
    query = Query(styles=both, style_activation=Range(0.1, 0.5))
    assert kept(query, frame, styles) == [0, 1]
    assert kept(replace(query, style_match="all"), frame, styles) == [0, 1]
    assert kept(replace(query, style_activation=Range(0.2, 0.5)), frame, styles) == [0, 1]
    high = replace(query, style_match="all", style_activation=Range(0.2, None))
    assert kept(high, frame, styles) == [1]
    # The whole range limits nothing: then a track without activations stays, too.
    assert kept(replace(query, style_activation=Range()), frame, styles) == [0, 1, 2, 3]


def test_rank_by_activation_best_first_missing_last():
    frame = table(title=list("abcd"))
    styles = activations([[0.2, 0.9, 0], [0.5, 0.6, 0], [np.nan] * 3, [0.7, 0.1, 0]])
    query = Query(styles=LABELS[:2], style_activation=Range(), order="style")
    assert select(query, Facts(frame, styles)).rows.tolist() == [0, 3, 1, 2]
    all_of_them = replace(query, style_match="all")
    assert select(all_of_them, Facts(frame, styles)).rows.tolist() == [1, 0, 3, 2]


def test_a_style_of_another_library_matches_nothing():
    frame, styles = table(title=["a"]), activations([[1, 1, 1]])
    assert kept(Query(styles=("Polka---Unknown",)), frame, styles) == []
    assert kept(Query(styles=("Polka---Unknown", LABELS[0])), frame, styles) == [0]


def test_activations_follow_the_rows_of_the_frame():
    ids = np.array([2, 5, 9])
    matrix = np.array([[0.2, 0, 0], [0.5, 0, 0], [0.9, 0, 0]], dtype=np.float32)
    found = Activations.aligned("styles", LABELS, ids, matrix, np.array([9, 1, 2]))
    np.testing.assert_array_equal(found.of(LABELS[0]), np.float32([0.9, np.nan, 0.2]))


def test_activations_refuse_labels_that_do_not_fit():
    ids = np.array([1])
    with pytest.raises(QueryError, match="2 values a track but 3 labels"):
        Activations.aligned("styles", LABELS, ids, np.zeros((1, 2), np.float32), ids)


def test_names_sort_without_case_and_missing_ones_last():
    frame = table(title=["beta", None, "Alpha", "", "ärger"])
    assert select(Query(order="title"), Facts(frame)).rows.tolist() == [2, 4, 0, 1, 3]
    down = select(Query(order="title", descending=True), Facts(frame)).rows.tolist()
    assert down == [0, 4, 2, 1, 3]


def test_shuffle_keeps_the_order_of_two_tracks_when_the_library_grows():
    small, large = table(title=["t"] * 50), table(title=["t"] * 80)
    query = Query(order="shuffle", seed=7, limit=None)
    first = select(query, Facts(small)).rows
    then = select(query, Facts(large)).rows
    assert then[then < 50].tolist() == first.tolist()
    assert select(replace(query, seed=8), Facts(small)).rows.tolist() != first.tolist()


def test_shuffle_is_fair():
    frame = table(title=["t"] * 20)
    firsts = [
        select(Query(order="shuffle", seed=seed), Facts(frame)).rows[0] for seed in range(2000)
    ]
    counts = np.bincount(firsts, minlength=20)
    assert counts.min() > 60  # 100 expected, standard deviation 9.7: below 60 once in 10^4 runs
    assert counts.max() < 140


def test_limit_and_count():
    frame = table(title=["t"] * 30)
    found = select(Query(limit=10), Facts(frame))
    assert (len(found.rows), found.matches, found.total) == (10, 30, 30)
    assert len(select(Query(limit=None), Facts(frame)).rows) == 30


def test_the_filter_that_costs_most_is_named():
    frame = table(tempo_bpm=[100, 100, 100, 60], loudness_lufs=[-30, -31, -29, -8])
    found = select(Query(tempo=Range(90, 110), loudness=Range(-10, -5)), Facts(frame))
    assert found.matches == 0
    assert [(step.name, step.kept) for step in found.steps] == [("tempo", 3), ("loudness", 0)]
    assert (found.worst.name, found.worst.without) == ("loudness", 3)


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
        {"seed": -1},
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


# Properties

finite = st.floats(-100, 300, allow_nan=False)
ranges = st.builds(
    lambda a, b: Range(*(sorted((a, b)) if a is not None and b is not None else (a, b))),
    st.none() | finite,
    st.none() | finite,
)
queries = st.builds(
    Query,
    styles=st.lists(st.sampled_from(LABELS), unique=True).map(tuple),
    style_match=st.sampled_from(MATCHES),
    style_activation=ranges,
    tempo=ranges,
    danceability=ranges,
    danceability_dsp=ranges,
    voice=st.sampled_from(VOICES),
    valence=ranges,
    arousal=ranges,
    key_profile=st.sampled_from(tuple(PROFILES)),
    keys=st.lists(st.sampled_from(KEYS), unique=True).map(tuple),
    scale=st.sampled_from(("any", *SCALES)),
    loudness=ranges,
    ic=ranges,
    order=st.sampled_from(SPECIAL_ORDERS + COLUMN_ORDERS),
    descending=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    limit=st.none() | st.integers(1, 200),
)


@st.composite
def tables(draw) -> pd.DataFrame:
    tracks = draw(st.integers(0, 12))
    seeds = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seeds)
    columns = {}
    for column in (*RANGE_COLUMNS.values(), "voice"):
        values = rng.integers(-5, 15, tracks).astype(float)
        columns[column] = np.where(rng.random(tracks) < 0.2, np.nan, values)
    for profile in PROFILES:
        columns[f"key_{profile}"] = rng.choice([*KEYS, None], tracks)
        columns[f"scale_{profile}"] = rng.choice([*SCALES, None], tracks)
    columns["title"] = rng.choice(["a", "B", None, "é"], tracks)
    return table(**columns)


def plain_match(query: Query, row: pd.Series) -> bool:
    """The meaning of the filters, one track at a time, without numpy."""

    def inside(limits: Range, value: float) -> bool:
        if limits.low is None and limits.high is None:
            return True
        if value != value:
            return False
        slack = 1e-6
        above = limits.low is None or value >= limits.low - slack * max(1, abs(limits.low))
        below = limits.high is None or value <= limits.high + slack * max(1, abs(limits.high))
        return above and below

    for name, column in RANGE_COLUMNS.items():
        if not inside(getattr(query, name), row[column]):
            return False
    if query.voice == "voice" and not row["voice"] >= 0.5:
        return False
    if query.voice == "instrumental" and not row["voice"] < 0.5:
        return False
    key, scale = row[f"key_{query.key_profile}"], row[f"scale_{query.key_profile}"]
    asked = query.keys or query.scale != "any"
    if asked and (pd.isna(key) or pd.isna(scale)):
        return False
    return not (query.keys and key not in query.keys) and (
        query.scale == "any" or scale == query.scale
    )


@given(queries, tables())
@settings(max_examples=200, deadline=None)
def test_filters_mean_what_a_plain_loop_means(query, frame):
    query = replace(query, styles=(), limit=None, order="path")
    expected = [place for place, (_, row) in enumerate(frame.iterrows()) if plain_match(query, row)]
    assert kept(query, frame) == expected


@given(queries, tables())
@settings(max_examples=200, deadline=None)
def test_the_funnel_is_consistent(query, frame):
    rng = np.random.default_rng(3)
    styles = activations(rng.random((len(frame), len(LABELS))).reshape(-1, len(LABELS)))
    found = select(query, Facts(frame, styles))
    counts = [len(frame), *(step.kept for step in found.steps)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == found.matches
    held = masks(query, Facts(frame, styles))
    assert [step.name for step in found.steps] == list(held)
    for step in found.steps:
        others = [mask for name, mask in held.items() if name != step.name]
        without = np.logical_and.reduce(others).sum() if others else len(frame)
        assert step.without == without
        assert step.alone == held[step.name].sum()
        assert step.without >= found.matches


@given(queries, tables())
@settings(max_examples=200, deadline=None)
def test_every_order_is_a_permutation(query, frame):
    rng = np.random.default_rng(5)
    styles = activations(rng.random((len(frame), len(LABELS))).reshape(-1, len(LABELS)))
    rows = np.flatnonzero(rng.random(len(frame)) < 0.7)
    assert sorted(rank(query, Facts(frame, styles), rows).tolist()) == rows.tolist()


@given(queries)
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
