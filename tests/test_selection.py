"""Funnel, selection, and why a track is in or out: as properties."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from queries import LABELS, MAP, activations, libraries, queries, table, whole_queries

from engine.facts import Facts
from engine.filters import masks
from engine.orders import from_middle
from engine.query import Query, Range
from engine.query_link import from_params
from engine.selection import select, why
from engine.smooth_path import MOST


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


@given(queries(), libraries())
@settings(max_examples=300, deadline=None)
def test_the_funnel_is_consistent(query, facts):
    tracks = len(facts.frame)
    found = select(query, facts)
    counts = [tracks, *(step.kept for step in found.steps)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == found.matches == len(found.kept)
    held = masks(query, facts)
    assert [step.name for step in found.steps] == list(held)
    for step in found.steps:
        others = [mask for name, mask in held.items() if name != step.name]
        without = np.logical_and.reduce(others).sum() if others else tracks
        assert step.without == without
        assert step.alone == held[step.name].sum()
        assert step.without >= found.matches


def test_a_lasso_and_the_sliders_that_follow_it_are_one_filter():
    frame = table(valence=[2.0, 5.0, 8.0, 5.0], arousal=[5.0, 5.0, 5.0, 9.0])
    region = ((4.03, 4.0), (6.0, 4.02), (5.0, 6.0))
    box = Query(mood_region=region, valence=Range(4.0, 6.0), arousal=Range(4.0, 6.0))
    found = select(replace(box, tempo=Range()), Facts(frame))
    assert [(step.name, step.kept, step.without) for step in found.steps] == [("mood_region", 1, 4)]
    narrower = select(replace(box, valence=Range(4.5, 6.0)), Facts(frame))
    assert [step.name for step in narrower.steps] == ["valence", "mood_region"]
    alone, both = Query(mood_region=region), np.arange(4)
    assert np.array_equal(
        from_middle(alone, Facts(frame), both), from_middle(box, Facts(frame), both)
    )


@given(queries(), libraries())
@settings(max_examples=300, deadline=None)
def test_every_match_is_in_the_playlist_or_left_out(query, facts):
    found = select(query, facts)
    assert found.matches == len(found.rows) + sum(found.left_out.values())
    assert len(set(found.rows.tolist())) == len(found.rows)
    assert set(found.rows.tolist()) <= set(found.kept.tolist())
    assert found.total == len(facts.frame)
    assert found.seconds == pytest.approx(np.nansum(facts.frame["duration_s"].iloc[found.rows]))


@given(queries(), libraries())
@settings(max_examples=200, deadline=None)
def test_each_track_is_in_the_playlist_or_removed_or_left_out_and_never_two_of_them(query, facts):
    found = select(query, facts)
    held = masks(query, facts)
    lost: Counter[str] = Counter()
    for row in range(len(facts.frame)):
        told = why(query, facts, row)
        assert (told.place is not None) + bool(told.removed_by) + (
            told.left_out_by is not None
        ) == 1
        assert told.removed_by == tuple(name for name in held if not held[name][row])
        assert set(told.values) == set(held)
        if told.place is not None:
            assert found.rows[told.place - 1] == row
        if told.left_out_by is not None:
            lost[told.left_out_by] += 1
        if told.left_out_by == "copies":
            assert facts.copies[told.copy_of] == facts.copies[row]
            assert why(query, facts, told.copy_of).left_out_by != "copies"
        else:
            assert told.copy_of is None
    assert lost == found.left_out
    firsts = Counter(why(query, facts, row).first for row in range(len(facts.frame)))
    for before, step in pairwise([len(facts.frame), *found.steps]):
        arrived = before if isinstance(before, int) else before.kept
        assert firsts[step.name] == arrived - step.kept


@given(whole_queries, libraries(most=3))
@settings(max_examples=200, deadline=None)
def test_a_query_of_everything_is_answered_and_explained(query, facts):
    found = select(query, facts)
    assert sum(why(query, facts, row).place is not None for row in range(len(facts.frame))) == len(
        found.rows
    )


def test_why_tells_what_the_filters_looked_at():
    frame = table(
        tempo_bpm=[61.5], key_edma=["A"], scale_edma=["minor"], valence=[5.0], arousal=[np.nan],
        voice=[0.25], title=["Song"], artist=["Ann"], path=["/m/1"], ic_mean=[2.0], ic_model=["a"],
    )  # fmt: skip
    facts = Facts(frame, activations([[0.2, 0.5, 0.7, 0]]))
    query = Query(
        text="other", styles=("Electronic",), tempo=Range(100, 120), voice="voice",
        mood_region=((4, 4), (6, 4), (5, 6)), keys=("C",), camelot="8B", keys_agree=True,
        ic_percentile=Range(0, 40), exclude_artists=("ann",), exclude_styles=("Rock",),
        exclude_folders=("/x",),
    )  # fmt: skip
    told = why(query, facts, 0)
    assert told.first == "text"
    assert told.values == {
        "text": "Song", "styles": pytest.approx(0.7), "tempo": 61.5, "voice": 0.25,
        "mood_region": None, "key": "A minor", "camelot": "8A", "keys_agree": None,
        "ic_percentile": 50.0, "exclude_artists": "Ann", "exclude_styles": pytest.approx(0.2),
        "exclude_folders": "/m/1",
    }  # fmt: skip
    assert set(told.values) - set(told.removed_by) == {"styles", "camelot", "exclude_folders"}
    with pytest.raises(IndexError):
        why(query, facts, 1)


def test_choosing_comes_before_arranging():
    frame = table(ic_mean=[1.0, 2, 3, 4, 5, 6], ic_model=["a"] * 6)
    by_chance = select(Query(order="shuffle", seed=3, limit=4), Facts(frame))
    in_an_arc = select(Query(order="ic_arc", seed=3, limit=4), Facts(frame))
    assert sorted(in_an_arc.rows) == sorted(by_chance.rows)
    styles = activations([[value, 0, 0, 0] for value in (0.9, 0.2, 0.8, 0.3, 0.7, 0.1)])
    query = Query(order="ic_arc", styles=LABELS[:1], limit=3)
    assert select(query, Facts(frame, styles)).rows.tolist() == [0, 4, 2]


def test_a_path_longer_than_can_be_arranged_says_so():
    facts = Facts(table(tempo_bpm=np.linspace(60, 180, MOST + 2)))
    assert "2,000" in select(Query(order="smooth", limit=None), facts).notes[0]
    assert select(Query(order="smooth", limit=50), facts).notes == ()


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@given(libraries())
@settings(max_examples=50, deadline=None)
def test_links_of_huge_numbers_are_answered(facts):
    huge, tiny = "9" * 300, "1e-308"
    corners = f"-1{huge},0;{huge},{tiny};0,{huge}"
    query, problems = from_params(
        {
            "tempo": [f"-{huge}..{huge}"], "tempo_octaves": ["yes"], "year": [f"..{huge}"],
            "mood_region": [corners], "map_region": [corners], "map_of": [MAP], "limit": [huge],
            "per_artist": [huge], "per_album": [huge], "minutes": [huge], "order": ["middle"],
        }
    )  # fmt: skip
    # Limits that no widget can show are left out of the query; the rest is as asked.
    refused = {problem.partition("=")[0] for problem in problems}
    assert refused == {"limit", "per_artist", "per_album", "minutes"}
    found = select(query, facts)
    assert found.matches == len(found.rows) + sum(found.left_out.values())


def test_the_narrowest_regions_are_answered():
    frame = table(valence=[5.0, 5.1], arousal=[5.0, 5.0])
    point = ((5.0, 5.0),) * 3
    assert select(Query(mood_region=point, order="middle"), Facts(frame)).rows.tolist() == [0]
