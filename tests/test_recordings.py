"""The tracks of a library in rows, and who made them."""

import numpy as np
import pandas as pd
import pytest
from neighbourhoods import recordings

from engine.recordings import FACTS, Recording, Recordings


def test_values_come_to_the_rows_of_their_tracks():
    facts = recordings(5)
    values = np.array([0.1, 0.2, 0.3], dtype=np.float32)
    np.testing.assert_array_equal(
        facts.aligned(np.array([2, 4, 9]), values),
        np.array([np.nan, 0.1, np.nan, 0.2, np.nan], dtype=np.float32),
    )
    same = np.arange(5, dtype=np.float32)
    assert facts.aligned(facts.ids, same) is same


def test_a_table_without_tracks_takes_no_values():
    empty = Recordings(pd.DataFrame({name: [] for name in FACTS}, index=pd.Index([], dtype=int)))
    assert empty.aligned(np.array([1]), np.array([1.0], dtype=np.float32)).shape == (0,)
    assert empty.row(1) is None
    assert empty.of(1) == Recording() or np.isnan(empty.of(1).duration_s)


def test_what_a_track_does_not_say_is_missing_whatever_pandas_calls_it():
    facts = recordings(
        4,
        content_hash=[None, np.nan, pd.NA, ""],
        title=[None, np.nan, pd.NA, ""],
        artist=[None, np.nan, pd.NA, ""],
        album=[None, np.nan, pd.NA, ""],
        duration_s=[np.nan, None, np.nan, np.nan],
    )
    for row in range(4):
        track = facts.at(row)
        assert (track.content_hash, track.title, track.artist, track.album) == (None,) * 4
        assert np.isnan(track.duration_s) and track.artists == frozenset()
        assert track.folder == "/music"
        assert not facts.on_album_of(track).any()
    assert not facts.by({"nan", "none", "<na>", ""}).any()


def test_names_are_those_of_one_recording_however_they_are_spelled():
    facts = recordings(
        4,
        title=["Don’t Stop", "DON'T STOP", "Don't Stop", "Don't Stop"],
        artist=["a‐ha", "A-ha", "Møl", "Mol"],
        duration_s=[100.0, 200, 300, 400],
    )
    assert facts.at(0).same(facts.at(1), 1.0)
    assert not facts.at(2).same(facts.at(3), 1.0)
    np.testing.assert_array_equal(facts.by(facts.at(1).artists), [True, True, False, False])


def test_who_is_named_by_which_track():
    facts = recordings(5, artist=["A; B", "b", "C feat. B", "Bb", None])
    np.testing.assert_array_equal(facts.by({"b"}), [True, True, True, False, False])
    np.testing.assert_array_equal(facts.by({"a", "bb"}), [True, False, False, True, False])
    assert not facts.by(set()).any()


@pytest.mark.parametrize("cosine", [float("nan"), -1.0, 0.99])
def test_only_equal_bytes_make_a_copy_of_what_does_not_sound_alike(cosine):
    one = Recording.named("same", "Song", "Band", 100.0)
    assert one.same(Recording.named("same", None, None, None), cosine)
    assert not one.same(Recording.named("other", "Song", "Band", 100.0), cosine)


def test_fingerprints_tell_where_both_tracks_have_one():
    facts = recordings(4, recording=[1, 1, 2, None], title=["a"] * 4, artist=["b"] * 4)
    assert facts.at(0).same(facts.at(1), -1.0)
    assert not facts.at(0).same(facts.at(2), 1.0)
    assert facts.at(0).same(facts.at(3), 1.0) and not facts.at(0).same(facts.at(3), 0.9)
