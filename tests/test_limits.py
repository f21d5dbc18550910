"""Limits: copies, albums, artists, minutes and tracks, against a walk through the ranked list."""

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from queries import libraries, queries, table

from engine.facts import Facts
from engine.limits import NAMES, TAKEN, limited
from engine.query import Query
from engine.selection import select

EVERYTHING = Query(limit=None, collapse=False)


def taken(query: Query, facts: Facts) -> list[int]:
    return limited(query, facts, np.arange(len(facts.frame))).taken.tolist()


def test_of_several_copies_the_best_ranked_stays():
    facts = Facts(table(title=list("abcd")), copies=np.array([0, 1, 0, 1]))
    query = replace(EVERYTHING, collapse=True)
    ranked = np.array([3, 2, 1, 0])
    found = limited(query, facts, ranked)
    assert found.taken.tolist() == [3, 2]
    assert found.counts == {"copies": 2}
    assert limited(EVERYTHING, facts, ranked).taken.tolist() == [3, 2, 1, 0]


def test_tracks_without_artist_are_not_one_artist():
    artists = ["Ann", None, "ANN", None, "", "Änn", "Unknown Artist", "Various", "Various"]
    facts = Facts(table(artist=artists))
    assert taken(replace(EVERYTHING, per_artist=1), facts) == [0, 1, 3, 4, 6, 7, 8]


def test_ways_to_write_one_artist_are_one_and_another_letter_is_another():
    artists = ["a-ha", "A‐Ha", "Guns N’ Roses", "Guns N' Roses", "Møl", "Mol", "MO\u0308L"]
    facts = Facts(table(artist=artists, album=["x"] * 7))
    for limit in ("per_artist", "per_album"):
        assert taken(replace(EVERYTHING, **{limit: 1}), facts) == [0, 2, 4, 5]


def test_an_artist_is_who_is_named_first():
    facts = Facts(table(artist=["Ann", "Ann feat. Bob", "Bob", "Bob; Ann"]))
    assert taken(replace(EVERYTHING, per_artist=1), facts) == [0, 2]


def test_albums_of_one_name_by_two_artists_are_two_and_no_album_is_none():
    facts = Facts(
        table(
            album=["Hits", "hits", "Hits", None, None], artist=["Ann", "Ann", "Bob", "Ann", "Ann"]
        )
    )
    assert taken(replace(EVERYTHING, per_album=1), facts) == [0, 2, 3, 4]


def test_what_an_album_leaves_out_makes_room_for_another_track_of_the_artist():
    facts = Facts(table(album=["x", "x", "y"], artist=["Ann"] * 3))
    query = replace(EVERYTHING, per_album=1, per_artist=2)
    assert taken(query, facts) == [0, 2]


def test_minutes_skip_what_would_overrun_and_take_what_still_fits():
    facts = Facts(table(duration_s=[240, 200, 61, 30, np.nan, 30]))
    found = limited(replace(EVERYTHING, minutes=5), facts, np.arange(6))
    assert found.taken.tolist() == [0, 3, 5]  # 240 + 30 + 30 = 300 s, to the second
    assert found.counts == {"minutes": 3}
    both = limited(replace(EVERYTHING, minutes=5, limit=2), facts, np.arange(6))
    assert both.taken.tolist() == [0, 3]
    assert both.counts == {"minutes": 2, "tracks": 2}


def walked(query: Query, facts: Facts, ranked: list[int]) -> list[int]:
    """All limits at once, track by track: the meaning of them."""
    artists, albums, copies = facts.artists, facts.albums, facts.copies
    count: Counter = Counter()
    found, seconds = [], 0.0
    for row in ranked:
        length = facts.frame["duration_s"].iloc[row]
        keys = []
        if query.collapse:
            if count["copy", copies[row]]:
                continue
            count["copy", copies[row]] = 1
        if query.per_album is not None and albums[row] >= 0:
            keys.append(("album", albums[row], query.per_album))
        if query.per_artist is not None and artists[row] >= 0:
            keys.append(("artist", artists[row], query.per_artist))
        if any(count[kind, group] >= most for kind, group, most in keys):
            continue
        for kind, group, _ in keys:
            count[kind, group] += 1
        if query.minutes is not None and not seconds + length <= query.minutes * 60:
            continue
        if query.limit is not None and len(found) >= query.limit:
            continue
        found.append(row)
        seconds += length
    return found


@given(queries(), libraries(most=20), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_limits_mean_what_a_walk_through_the_list_means(query, facts, random):
    facts.frame["duration_s"] = facts.frame["duration_s"].abs() * 60
    ranked = list(range(len(facts.frame)))
    random.shuffle(ranked)
    found = limited(query, facts, np.array(ranked, dtype=np.int64))
    assert found.taken.tolist() == walked(query, facts, ranked)
    assert len(found.rows) == len(found.taken) + sum(found.counts.values())
    assert set(found.counts) <= set(NAMES)
    assert (found.left_by >= TAKEN).all()


@given(queries(), libraries(most=20))
@settings(max_examples=300, deadline=None)
def test_limits_are_never_exceeded(query, facts):
    facts.frame["duration_s"] = facts.frame["duration_s"].abs() * 60
    found = select(query, facts)
    rows = found.rows
    if query.limit is not None:
        assert len(rows) <= query.limit
    if query.minutes is not None:
        lengths = facts.frame["duration_s"].to_numpy()[rows]
        assert not np.isnan(lengths).any()
        assert lengths.sum() <= query.minutes * 60 * (1 + 1e-12)
    for most, groups in ((query.per_artist, facts.artists), (query.per_album, facts.albums)):
        if most is not None and len(rows):
            assert np.bincount(groups[rows] + 1)[1:].max(initial=0) <= most


@given(queries(), libraries(most=20))
@settings(max_examples=200, deadline=None)
def test_collapse_keeps_exactly_one_of_each_group_among_the_matches(query, facts):
    nothing_else = {"limit": None, "minutes": None, "per_artist": None, "per_album": None}
    found = select(replace(query, collapse=True, **nothing_else), facts)
    assert sorted(facts.copies[found.rows]) == sorted(set(facts.copies[found.kept]))
    everything = select(replace(query, collapse=False, **nothing_else), facts)
    assert sorted(everything.rows) == found.kept.tolist()
