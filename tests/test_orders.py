"""Orders: descriptors, names, shuffles, the middle of ranges, arcs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from queries import LABELS, activations, libraries, queries, table

from engine.facts import Facts
from engine.orders import arrange, from_middle, rank
from engine.query import COLUMN_ORDERS, SPECIAL_ORDERS, Query, Range
from engine.selection import select


def test_rank_by_activation_best_first_missing_last():
    frame = table(title=list("abcd"))
    styles = activations([[0.2, 0.9, 0, 0], [0.5, 0.6, 0, 0], [np.nan] * 4, [0.7, 0.1, 0, 0]])
    query = Query(styles=LABELS[:2], style_activation=Range(), order="style")
    assert select(query, Facts(frame, styles)).rows.tolist() == [0, 3, 1, 2]
    all_of_them = replace(query, style_match="all")
    assert select(all_of_them, Facts(frame, styles)).rows.tolist() == [1, 0, 3, 2]


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


def middles(query: Query, **columns: list) -> list[float]:
    frame = table(**columns)
    return from_middle(query, Facts(frame), np.arange(len(frame))).tolist()


def test_closest_to_the_middle_is_0_and_the_ends_are_1():
    query = Query(tempo=Range(100, 140), valence=Range(4, 6))
    far = middles(query, tempo_bpm=[120, 100, 140, 110], valence=[5, 4, 5, 5.5])
    assert far == pytest.approx([0, 1, 0.5, 0.5])
    assert middles(Query(tempo=Range(100, None)), tempo_bpm=[100, 200]) == [0, 0]
    frame = table(tempo_bpm=[101, 119, 139, 121, 120])
    by_middle = replace(query, valence=Range(), order="middle")
    assert select(by_middle, Facts(frame)).rows.tolist() == [4, 1, 3, 0, 2]  # a tie: as found


def test_tempo_is_from_the_middle_in_octaves_when_they_count():
    query = Query(tempo=Range(90, 160), tempo_octaves=True)
    far = middles(query, tempo_bpm=[120, 60, 240, 90, 160, 45, 320])
    assert far == pytest.approx([0, 0, 0, 1, 1, 1, 1])
    assert np.isfinite(
        middles(Query(tempo=Range(0, 90), tempo_octaves=True), tempo_bpm=[0, 45])
    ).all()


def test_regions_count_from_the_middle_of_their_outline():
    square = ((4, 4), (6, 4), (6, 6), (4, 6))
    far = middles(Query(mood_region=square), valence=[5, 4, 5], arousal=[5, 4, 6])
    assert far == pytest.approx([0, 1, 0.5**0.5])


@given(queries(), libraries())
@settings(max_examples=200, deadline=None)
def test_what_matches_is_at_most_1_from_the_middle(query, facts):
    matching = select(query, facts).kept
    far = from_middle(query, facts, matching)
    assert np.nanmax(far, initial=0) <= 1.001  # a bound reaches a millionth beyond itself


def arc(values: list[float], models: list[str]) -> list[int]:
    frame = table(ic_mean=values, ic_model=models)
    query = Query(order="ic_arc", limit=None)
    return arrange(query, Facts(frame), np.arange(len(frame))).tolist()


def test_an_arc_rises_to_the_most_surprising_and_falls_again_missing_last():
    values = [3.0, 1.0, np.nan, 5.0, 2.0, 4.0]
    order = arc(values, ["a"] * 6)
    assert order[-1] == 2
    heights = [values[row] for row in order[:-1]]
    top = int(np.argmax(heights))
    assert 0 < top < len(heights) - 1
    assert heights[: top + 1] == sorted(heights[: top + 1])
    assert heights[top:] == sorted(heights[top:], reverse=True)


def test_an_arc_never_compares_values_of_two_models():
    # All of model b lie above all of model a: on one scale, b alone would be the top.
    order = arc([1, 2, 3, 101, 102, 103], ["a"] * 3 + ["b"] * 3)
    assert {order[0], order[-1]} == {0, 3}
    assert set(order[2:4]) == {2, 5}


@given(libraries(), st.lists(st.integers(0, 13), unique=True))
@settings(max_examples=200, deadline=None)
def test_an_arc_has_one_top(facts, rows):
    rows = np.array([row for row in rows if row < len(facts.frame)], dtype=np.int64)
    order = arrange(Query(order="ic_arc"), facts, rows)
    heights = facts.ic_percentiles[order]
    known = heights[~np.isnan(heights)]
    assert np.isnan(heights[len(known) :]).all()
    turns = np.sign(np.diff(known))
    assert (np.diff(turns[turns != 0]) <= 0).all()  # up, then down


@given(queries(), libraries(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_every_order_is_a_permutation(query, facts, random):
    rows = np.array([r for r in range(len(facts.frame)) if random.random() < 0.7], dtype=np.int64)
    for by in (*SPECIAL_ORDERS, *COLUMN_ORDERS):
        asked = replace(query, order=by)
        ranked = rank(asked, facts, rows)
        assert sorted(ranked.tolist()) == rows.tolist()
        assert sorted(arrange(asked, facts, ranked).tolist()) == rows.tolist()


def test_album_and_year_are_orders():
    frame = table(album=["b", "A", None], year=pd.array([1999, None, 1960], dtype="Int64"))
    assert select(Query(order="album"), Facts(frame)).rows.tolist() == [1, 0, 2]
    assert select(Query(order="year"), Facts(frame)).rows.tolist() == [2, 0, 1]
