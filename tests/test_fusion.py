"""Fused lists against the formula, and measures of agreement against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhoods import listed, random_space, recordings, space
from scipy.stats import hypergeom, rankdata

from engine.fusion import (
    chance_of_overlap,
    fused,
    overlap,
    overlap_by_chance,
)
from engine.hubness import LocalScaling
from engine.rankings import RANK_CONSTANT, Ranking, ranked
from engine.recordings import Recording
from engine.similarity import Apart, Outside, SimilarityError, most_similar


@given(st.lists(st.sampled_from([0.5, -1.0, 0.25, 1.0, float("nan")]) | st.floats(-1, 1)))
@settings(deadline=None)
def test_ranks_are_those_of_scipy(values):
    scores = np.array(values, dtype=np.float32)
    known = ~np.isnan(scores)
    ranks = ranked(scores)
    assert (ranks[~known] == 0).all()
    np.testing.assert_array_equal(ranks[known], rankdata(-scores[known], method="min"))


def by_the_formula(spaces, seeds, count):
    """Rows of a fused list, by full sorts in double precision."""
    scores = np.zeros(len(spaces[0].ids))
    for one in spaces:
        units = one.matrix.astype(np.float64)
        units /= np.linalg.norm(units, axis=1)[:, np.newaxis]
        for seed in seeds:
            cosines = units @ units[seed - 1]
            cosines[np.array(seeds) - 1] = -np.inf
            scores += 1 / (60 + rankdata(-cosines, method="min"))
    scores[np.array(seeds) - 1] = -np.inf
    return [track for track in np.lexsort((spaces[0].ids, -scores)) + 1 if track not in seeds][
        :count
    ]


@given(st.integers(6, 80), st.integers(1, 4), st.integers(1, 2), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_fused_list_is_that_of_the_formula(count, seeds, networks, number):
    rng = np.random.default_rng(number)
    spaces = [random_space(count, 20, number + n, f"space {n}") for n in range(networks)]
    chosen = rng.choice(np.arange(1, count + 1), seeds, replace=False).tolist()
    found = fused(spaces, chosen, recordings(count))
    assert listed(found) == by_the_formula(spaces, chosen, 10)
    assert found.rankings == tuple(
        Ranking(one.name, place) for one in spaces for place in range(seeds)
    )
    for neighbour in found.listed:
        assert neighbour.score == pytest.approx(
            sum(1 / (RANK_CONSTANT + rank) for rank in neighbour.ranks)
        )


def test_one_seed_in_one_space_is_the_plain_list():
    ours, facts = random_space(60), recordings(60)
    plain, found = most_similar(ours, 9, facts), fused([ours], [9], facts)
    assert listed(found) == listed(plain)
    assert [n.ranks for n in found.listed] == [(place,) for place in range(1, 11)]
    assert [n.cosines for n in found.listed] == [(n.cosine,) for n in plain.listed]


def test_unlike_seeds_give_neighbours_of_each_and_like_ones_what_they_share():
    rng = np.random.default_rng(5)
    axes = np.eye(16)[[0] * 300 + [1] * 300 + [2] * 300]
    ours = space(axes + 0.05 * rng.standard_normal(axes.shape))
    facts = recordings(900)
    unlike = fused([ours], [1, 301], facts)
    groups = {(track - 1) // 300 for track in listed(unlike)}
    assert groups == {0, 1}
    assert all(min(neighbour.ranks) <= 10 for neighbour in unlike.listed)
    like = fused([ours], [1, 2], facts)
    assert {(track - 1) // 300 for track in listed(like)} == {0}


def test_copies_of_any_seed_are_left_out():
    ours = random_space(20)
    ours.matrix[10:12] = ours.matrix[:2]
    ours = space(ours.matrix)
    facts = recordings(20, content_hash=[f"{n % 10}" if n < 12 else f"x{n}" for n in range(20)])
    found = fused([ours], [1, 2], facts, 20)
    assert not {1, 2, 11, 12} & set(listed(found))
    assert sorted(found.copies) == [11, 12]


def test_a_copy_sounds_alike_to_both_networks():
    """Of one length and alike to EffNet alone, it is another recording."""
    effnet, musicnn = random_space(8, seed=1), random_space(8, seed=2, name="musicnn")
    effnet.matrix[1] = effnet.matrix[0]
    facts = recordings(8, duration_s=[60.0] * 8)
    assert 2 in listed(fused([effnet, musicnn], [1], facts))
    assert fused([effnet], [1], facts).copies == (2,)


def test_a_network_without_a_track_gives_it_no_rank():
    both = recordings(12)
    effnet = random_space(12)
    part = np.arange(2, 13)
    musicnn = space(np.random.default_rng(3).standard_normal((11, 7)), "musicnn", part)
    found = fused([effnet, musicnn], [5], both, 11)
    (without,) = [neighbour for neighbour in found.listed if neighbour.track == 1]
    assert without.ranks[1] is None and without.cosines[1] is None and without.ranks[0] is not None
    alone = fused([effnet, musicnn], [1, 5], both)
    assert alone.without == (Ranking("musicnn", 0),)
    assert (found.candidates, alone.candidates) == (11, 10)
    assert len(alone.rankings) == 3


def test_seeds_that_nobody_knows_are_an_error():
    with pytest.raises(SimilarityError):
        fused([random_space(5)], [9, Outside({}, Recording())], recordings(5))


def test_constraints_and_corrections_hold_in_fused_lists():
    spaces = [random_space(80, 8, 1), random_space(80, 8, 2, "musicnn")]
    facts = recordings(80, artist=["a", "b", "c", "d"] * 20)
    allowed = np.arange(80) < 60
    found = fused(spaces, [1], facts, allowed=allowed, apart=Apart(artist=True, per_artist=True))
    assert sorted((track - 1) % 4 for track in listed(found)) == [1, 2, 3]
    assert max(listed(found)) <= 60
    scaling = {one.name: LocalScaling(one) for one in spaces}
    corrected = fused(spaces, [1], facts, csls=scaling)
    alone = [fused([one], [1], facts, 79, csls=scaling) for one in spaces]
    for neighbour in corrected.listed:
        ranks = [listed(one).index(neighbour.track) + 1 for one in alone]
        assert neighbour.ranks == tuple(ranks)


def test_overlap_counts_what_is_shared_at_a_depth():
    assert overlap([1, 2, 3, 4], [4, 9, 1, 7], depth=4) == 2
    assert overlap([1, 2, 3, 4], [4, 9, 1, 7], depth=3) == 1
    assert overlap([], [1]) == 0


@given(st.integers(0, 12), st.integers(0, 12), st.integers(12, 40))
@settings(deadline=None)
def test_overlap_by_chance_is_that_of_lists_drawn_by_lot(one, other, candidates):
    expected = hypergeom(candidates, one, other).mean()
    assert overlap_by_chance(one, other, candidates) == pytest.approx(expected)
    assert overlap_by_chance(0, 0, 0) == 0
    for shared in range(min(one, other) + 1):
        tail = hypergeom.sf(shared - 1, candidates, one, other)
        assert chance_of_overlap(shared, one, other, candidates) == pytest.approx(tail, abs=1e-9)


def test_corrected_for_hubs_the_list_is_in_the_order_of_csls():
    ours, facts = random_space(60, 8), recordings(60)
    found = fused([ours], [3], facts, csls={"effnet": LocalScaling(ours)})
    scores = [neighbour.csls[0] for neighbour in found.listed]
    assert scores == sorted(scores, reverse=True)
    cosines = {n.track: n.cosine for n in most_similar(ours, 3, facts, 59).listed}
    for neighbour in found.listed:
        assert neighbour.cosines == (cosines[neighbour.track],)
    assert {n.csls for n in fused([ours], [3], facts).listed} == {(None,)}
    both = fused([ours, random_space(60, 9, 1, "musicnn")], [3], facts,
                 csls={"effnet": LocalScaling(ours)})  # fmt: skip
    assert all(n.csls[0] is not None and n.csls[1] is None for n in both.listed)
