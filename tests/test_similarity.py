"""Neighbours against an independent implementation, and what is left out of a list."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from engine.similarity import FACTS, Recordings, SimilarityError, Space, most_similar


def recordings(count: int, **columns: list) -> Recordings:
    """Facts of tracks 1 … count; all different unless said otherwise."""
    facts = {
        "content_hash": [f"hash {n}" for n in range(count)],
        "title": [f"title {n}" for n in range(count)],
        "artist": ["somebody"] * count,
        "duration_s": [100.0 + 10 * n for n in range(count)],
        "album": [None] * count,
        "path": [f"/music/{n}.wav" for n in range(count)],
    } | columns
    index = pd.Index(np.arange(1, count + 1), name="id")
    return Recordings(pd.DataFrame(facts, index=index)[list(FACTS)])


def space(matrix: np.ndarray) -> Space:
    matrix = np.asarray(matrix, dtype=np.float32)
    return Space.of("effnet", np.arange(1, len(matrix) + 1), matrix)


def random_space(count: int, dimensions: int = 32, seed: int = 0) -> Space:
    return space(np.random.default_rng(seed).standard_normal((count, dimensions)))


def listed(found) -> list[int]:
    return [neighbour.track for neighbour in found.listed]


@pytest.mark.parametrize("track", [1, 17, 300])
def test_neighbours_are_those_of_scikit_learn(track):
    ours = random_space(300)
    reference = NearestNeighbors(n_neighbors=11, metric="cosine", algorithm="brute")
    distances, rows = reference.fit(ours.matrix).kneighbors(ours.matrix[[track - 1]])
    found = most_similar(ours, track, recordings(300))
    assert listed(found) == [row + 1 for row in rows[0] if row + 1 != track]
    cosines = [neighbour.cosine for neighbour in found.listed]
    np.testing.assert_allclose(cosines, 1 - distances[0][1:], atol=1e-5)
    assert found.copies == ()


def test_a_track_is_identical_to_itself_and_scaling_changes_nothing():
    ours = random_space(20)
    assert ours.cosines(5)[4] == pytest.approx(1, abs=1e-6)
    louder = space(ours.matrix * np.linspace(0.1, 9, 20)[:, None])
    first = most_similar(ours, 5, recordings(20))
    assert listed(most_similar(louder, 5, recordings(20))) == listed(first)


def test_copies_by_content_do_not_fill_the_list():
    ours = random_space(40)
    ours.matrix[1:30] = ours.matrix[0]
    ours = space(ours.matrix)
    facts = recordings(40, content_hash=["same"] * 30 + [f"hash {n}" for n in range(10)])
    found = most_similar(ours, 1, facts)
    assert sorted(listed(found)) == list(range(31, 41))
    assert found.copies == tuple(range(2, 31))


def test_two_copies_of_another_track_take_one_place():
    matrix = np.eye(6) + 0.1
    matrix[2] = matrix[1]
    facts = recordings(6, content_hash=["a", "b", "b", "c", "d", "e"])
    found = most_similar(space(matrix), 1, facts, count=5)
    assert listed(found) == [2, 4, 5, 6]
    assert found.copies == (3,)


@pytest.mark.parametrize(
    ("facts", "copy"),
    [
        ({"duration_s": [180.0, 180.4, 300.0]}, True),  # as long
        ({"duration_s": [180.0, 190.0, 300.0]}, False),
        ({"duration_s": [180.0, 190.0, 300.0], "title": ["One", "ONE", "x"]}, True),  # one name
        ({"duration_s": [180.0, 190.0, 300.0], "title": [None, None, "x"]}, False),
        ({"duration_s": [np.nan, np.nan, 300.0]}, False),  # unknown is not equal
        (
            {
                "duration_s": [180.0, 190.0, 300.0],
                "title": ["One", "One", "x"],
                "artist": ["a", "b", "c"],
            },
            False,
        ),
    ],
)
def test_the_same_sound_is_a_copy_only_with_the_same_length_or_name(facts, copy):
    matrix = np.array([[1, 0, 0.1], [1, 0, 0.1001], [0.5, 1, 0]])
    found = most_similar(space(matrix), 1, recordings(3, **facts))
    assert (2 in found.copies) is copy
    assert (2 in listed(found)) is not copy


def test_a_cover_of_the_same_name_and_length_stays():
    matrix = np.array([[1, 0, 0], [0.9, 0.4, 0], [0, 1, 0]])
    same = recordings(3, title=["Song"] * 3, duration_s=[200.0] * 3)
    assert listed(most_similar(space(matrix), 1, same)) == [2, 3]


def test_missing_hashes_are_not_equal():
    facts = recordings(3, content_hash=[None, None, None])
    assert len(most_similar(random_space(3), 1, facts).listed) == 2


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_a_vector_without_direction_is_never_listed_and_cannot_ask(bad):
    ours = random_space(5)
    ours.matrix[2] = bad
    ours = space(ours.matrix)
    assert 3 not in listed(most_similar(ours, 1, recordings(5)))
    with pytest.raises(SimilarityError, match="Track 3 has no effnet embedding"):
        most_similar(ours, 3, recordings(5))


@pytest.mark.parametrize("track", [0, 6, 99])
def test_a_track_that_the_space_lacks_says_so(track):
    with pytest.raises(SimilarityError):
        most_similar(random_space(5), track, recordings(5))


def test_ties_are_settled_by_id():
    matrix = np.array([[1, 0], [0, 1], [0, 1], [0, 1], [0, 1]])
    found = most_similar(space(matrix), 1, recordings(5), count=2)
    assert listed(found) == [2, 3]


@given(st.integers(2, 60), st.integers(1, 12), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_a_list_is_sorted_distinct_and_as_long_as_it_can_be(count, wanted, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-1, 2, (count, 3)).astype(np.float32)  # many ties, copies and zeros
    matrix[0] = [1, 1, 0]
    hashes = [f"{n}" for n in rng.integers(0, count, count)]
    ours, facts = space(matrix), recordings(count, content_hash=hashes)
    found = most_similar(ours, 1, facts, wanted)
    cosines = [neighbour.cosine for neighbour in found.listed]
    assert cosines == sorted(cosines, reverse=True)
    tracks = listed(found)
    assert 1 not in tracks
    assert len({*tracks, *found.copies}) == len(tracks) + len(found.copies)
    assert len({hashes[t - 1] for t in [1, *tracks]}) == len(tracks) + 1
    if len(tracks) < wanted:  # then every comparable track is accounted for
        comparable = np.count_nonzero(np.abs(matrix).sum(axis=1)) - 1
        assert len(tracks) + len(found.copies) == comparable
