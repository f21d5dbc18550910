"""Neighbours against an independent implementation, and what is left out of a list."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhoods import listed, random_space, recordings, space
from sklearn.neighbors import NearestNeighbors

from engine.recordings import Recording
from engine.similarity import Apart, Outside, SimilarityError, copies_of, most_similar


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
        (  # one name
            {
                "duration_s": [180.0, 190.0, 300.0],
                "title": ["One", "ONE", "x"],
                "artist": ["Björk", "bjork", "x"],
            },
            True,
        ),
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
    same = recordings(3, title=["Song"] * 3, artist=["a"] * 3, duration_s=[200.0] * 3)
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


def test_only_what_is_allowed_is_listed():
    ours, facts = random_space(50), recordings(50)
    allowed = np.arange(50) % 3 == 0
    found = most_similar(ours, 2, facts, allowed=allowed)
    everything = listed(most_similar(ours, 2, facts, count=49))
    assert listed(found) == [track for track in everything if (track - 1) % 3 == 0][:10]
    assert not most_similar(ours, 2, facts, allowed=np.zeros(50, dtype=bool)).listed


def test_a_mask_is_of_the_tracks_that_can_be_listed_not_of_the_space():
    """A library that grows: the space holds tracks that the table does not know yet."""
    ours, facts = random_space(50), recordings(20)
    assert sorted(listed(most_similar(ours, 2, facts, count=50))) == [1, *range(3, 21)]
    allowed = np.arange(20) < 5
    assert sorted(listed(most_similar(ours, 2, facts, allowed=allowed))) == [1, 3, 4, 5]


def test_apart_from_the_artist_whatever_its_spelling():
    artists = ["Björk", "BJORK", "Somebody feat. Björk", "A; Björk", "Björkling", None, "", "B"]
    facts = recordings(8, artist=artists)
    found = most_similar(random_space(8), 1, facts, apart=Apart(artist=True))
    assert sorted(listed(found)) == [5, 6, 7, 8]
    assert len(most_similar(random_space(8), 1, facts).listed) == 7


def test_without_an_artist_nobody_is_the_same_artist():
    facts = recordings(4, artist=[None, None, "Various Artists", "Various Artists"])
    for track in (1, 3):
        found = most_similar(random_space(4), track, facts, apart=Apart(True, True, True))
        assert len(found.listed) == 3


def test_apart_from_the_album_but_not_from_every_album_of_that_title():
    facts = recordings(
        6,
        artist=["Queen", "Queen", "Abba", "Cher", "Queen", "Queen"],
        album=["Greatest Hits", "greatest  hits", "Greatest Hits", "Greatest Hits", "Jazz", None],
        path=["/m/q/1", "/m/q2/2", "/m/abba/3", "/m/q/4", "/m/q/5", "/m/q/6"],
    )
    found = most_similar(random_space(6), 1, facts, apart=Apart(album=True))
    assert sorted(listed(found)) == [3, 5, 6]  # 4: another artist in the same folder
    without = most_similar(random_space(6), 6, facts, apart=Apart(album=True))
    assert len(without.listed) == 5


def test_one_track_per_artist_is_the_nearest_one():
    facts = recordings(6, artist=["x", "a", "a", "b; a", "c", None])
    matrix = np.eye(6) + np.linspace(1, 0.1, 6)[:, None]
    everything = listed(most_similar(space(matrix), 1, facts))
    found = listed(most_similar(space(matrix), 1, facts, apart=Apart(per_artist=True)))
    of_a = [track for track in everything if track in (2, 3, 4)]
    assert [track for track in found if track in (2, 3, 4)] == of_a[:1]
    assert {5, 6} <= set(found)


def test_something_from_outside_finds_the_same_as_the_track_itself():
    ours, facts = random_space(30), recordings(30)
    vector = ours.matrix[4] * 3
    upload = Outside({"effnet": vector}, Recording())
    found = most_similar(ours, upload, facts)
    assert found.listed[0].track == 5 and found.listed[0].cosine == pytest.approx(1, abs=1e-6)
    assert listed(found)[1:] == listed(most_similar(ours, 5, facts))[:9]
    copy = Outside({"effnet": vector}, Recording.named("hash 4", None, None, None))
    assert most_similar(ours, copy, facts).copies == (5,)
    own = Outside({"effnet": vector}, Recording.named(None, None, "Artist 7", None))
    assert 8 not in listed(most_similar(ours, own, facts, 30, apart=Apart(artist=True)))


@pytest.mark.parametrize("vectors", [{}, {"effnet": np.ones(3)}, {"effnet": np.zeros(32)}])
def test_something_from_outside_without_a_usable_embedding_says_so(vectors):
    with pytest.raises(SimilarityError, match="My song"):
        most_similar(random_space(5), Outside(vectors, Recording(), "My song.mp3"), recordings(5))


def test_something_from_outside_is_recognised_by_its_bytes_or_by_its_sound():
    held = space(np.random.default_rng(5).standard_normal((30, 32)))
    facts = recordings(30)

    def outside(content, track, title=None, seconds=float("nan")):
        vectors = {"effnet": held.matrix[track - 1]} if track else {}
        return Outside(vectors, Recording.named(content, title, None, seconds))

    assert copies_of(outside("hash 6", None), facts, [held]) == [7]
    assert copies_of(outside("other", 7, seconds=100.0 + 60), facts, [held]) == [7]
    assert copies_of(outside("other", 7, seconds=999.0), facts, [held]) == []
    assert copies_of(outside(None, 7), facts, [held]) == []
    assert copies_of(outside("other", None), facts, []) == []


def test_the_tracks_of_the_same_bytes_come_before_those_that_sound_alike():
    matrix = np.random.default_rng(5).standard_normal((30, 32)).astype(np.float32)
    matrix[3] = matrix[20] = matrix[7]
    facts = recordings(
        30, content_hash=[f"hash {n % 20}" for n in range(30)], duration_s=[100.0] * 30
    )
    upload = Outside({"effnet": matrix[7]}, Recording.named("hash 0", None, None, 100.0))
    assert copies_of(upload, facts, [space(matrix)]) == [1, 21, 4, 8]


def test_by_random_weights_nothing_from_outside_is_recognised():
    held = replace(space(np.ones((5, 32))), trusted=False)
    upload = Outside({"effnet": np.ones(32)}, Recording.named("x", None, None, 100.0))
    assert copies_of(upload, recordings(5, duration_s=[100.0] * 5), [held]) == []
