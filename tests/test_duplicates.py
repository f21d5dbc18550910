"""Groups of copies: by bytes, by name and sound, and through each other."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from queries import libraries, table

from engine import duplicates
from engine.space import Space

HASHES = ["x", "y", "x", None, None]


def space(vectors: list[list[float]]) -> Space:
    matrix = np.array(vectors, dtype=np.float32)
    return Space.of("effnet", np.arange(1, len(matrix) + 1), matrix)


def test_equal_bytes_are_one_and_unknown_ones_are_not():
    assert duplicates.groups(table(content_hash=HASHES), None).tolist() == [0, 1, 0, 3, 4]


def test_fingerprints_tell_where_both_tracks_have_one():
    frame = table(
        title=["a", "a", "a", "b"], artist=["c"] * 4, recording=pd.array([1, 2, None, 1], "Int64")
    )
    assert duplicates.groups(frame, None).tolist() == [0, 1, 2, 0]
    same = space([[1, 0], [0, 1], [0, 1], [1, 0]])
    assert duplicates.groups(frame, same).tolist() == [0, 1, 1, 0]
    all_alike = table(title=["a"] * 2, artist=["c"] * 2, recording=pd.array([1, 2], "Int64"))
    assert duplicates.groups(all_alike, space([[1, 0]] * 2)).tolist() == [0, 1]


def test_one_name_and_nearly_one_sound():
    frame = table(
        title=["Song", "SONG", "Song", "Song", None, None],
        artist=["Ann", "Änn", "Ann", "Bob", "Ann", "Ann"],
    )
    near = [1.0, 0.1]  # cosine 0.995
    live = [1.0, 0.5]  # cosine 0.894
    vectors = space([[1, 0], near, live, [1, 0], [1, 0], [1, 0]])
    assert duplicates.groups(frame, vectors).tolist() == [0, 0, 2, 3, 4, 5]
    assert duplicates.groups(frame, None).tolist() == [0, 1, 2, 3, 4, 5]


def test_one_name_however_it_is_spelled_but_for_other_letters():
    frame = table(title=["Don’t", "DON'T", "Don't", "Don't"], artist=["a‐ha", "A-ha", "Møl", "Mol"])
    assert duplicates.groups(frame, space([[1, 0]] * 4)).tolist() == [0, 0, 2, 3]


def test_copies_of_copies_are_copies():
    # 0 and 1 share bytes, 1 and 2 name and sound, 2 and 3 as well, though 1 and 3 do not.
    frame = table(title=["a", "b", "b", "b"], artist=["c"] * 4, content_hash=["x", "x", None, None])
    turned = [[np.cos(angle), np.sin(angle)] for angle in (0, 0, 0.12, 0.24)]
    assert turned[1][0] * turned[3][0] + turned[1][1] * turned[3][1] < duplicates.NEARLY_EQUAL
    assert duplicates.groups(frame, space(turned)).tolist() == [0, 0, 0, 0]


def test_tracks_without_an_embedding_or_direction_are_nobodys_copies():
    frame = table(title=["a"] * 4, artist=["b"] * 4)
    vectors = space([[0, 0], [0, 0], [1, 0]])  # the fourth has none
    assert duplicates.groups(frame, vectors).tolist() == [0, 1, 2, 3]
    nothing = Space.of("effnet", np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32))
    assert duplicates.groups(frame, nothing).tolist() == [0, 1, 2, 3]


def test_more_tracks_of_one_name_than_are_compared_at_a_time():
    tracks = 3 * duplicates.MOST_OF_A_NAME
    frame = table(title=["Track 01"] * tracks, artist=["b"] * tracks)
    vectors = np.eye(tracks, dtype=np.float32)
    vectors[1] = vectors[0]
    vectors[-1] = vectors[-2]
    found = duplicates.groups(frame, space(vectors.tolist()))
    assert len(set(found.tolist())) == tracks - 2


@given(libraries(most=20))
@settings(max_examples=200, deadline=None)
def test_a_group_is_named_after_its_first_track_and_holds_all_of_equal_bytes(facts):
    found = duplicates.groups(facts.frame, facts.spaces())
    assert found.dtype == np.int64
    assert (found[found] == found).all()
    assert (found <= np.arange(len(found))).all()
    hashes = facts.frame["content_hash"]
    for content in hashes.dropna().unique():
        assert len(set(found[(hashes == content).to_numpy()])) == 1
