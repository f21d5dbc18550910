"""Local scaling against its definition, and hubs that were planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhoods import listed, random_space, recordings, space
from scipy.stats import skew

from engine import hubness as module
from engine.fusion import fused
from engine.hubness import NEIGHBOURS, LocalScaling, by_chance, highest, hubness, skewness
from engine.similarity import Outside, Recording, most_similar

HUB = 1


def with_hub(count: int = 300, dimensions: int = 60, seed: int = 0):
    """Tracks all around a common direction, and one (HUB) that points into it."""
    rng = np.random.default_rng(seed)
    tracks = 0.7 + rng.standard_normal((count, dimensions))
    tracks[HUB - 1] = 1.0
    return space(tracks)


def corrected(ours, track: int, facts, count: int = 10):
    """The list of one seed in the order of CSLS."""
    return fused([ours], [track], facts, count, csls={ours.name: LocalScaling(ours)})


def units(ours):
    matrix = ours.matrix.astype(np.float64)
    return matrix / np.linalg.norm(matrix, axis=1)[:, np.newaxis]


def radii(ours):
    """r of the paper, in double precision."""
    cosines = units(ours) @ units(ours).T
    np.fill_diagonal(cosines, -np.inf)
    return np.sort(cosines, axis=1)[:, -NEIGHBOURS:].mean(axis=1)


def test_scores_are_those_of_the_definition():
    ours = random_space(200, 12)
    cosines = ours.cosines(7)
    expected = 2 * units(ours) @ units(ours)[6] - radii(ours) - radii(ours)[6]
    others = np.arange(200) != 6
    scores = LocalScaling(ours).scores(np.where(others, cosines, np.nan), 7, ours.ids)
    np.testing.assert_allclose(scores[others], expected[others], atol=1e-5)
    assert np.isnan(scores[6])


def test_something_from_outside_is_no_neighbour_of_the_tracks():
    ours = random_space(100, 12)
    vector = np.random.default_rng(9).standard_normal(12).astype(np.float32)
    cosines = ours.cosines(upload := Outside({"effnet": vector}, Recording()))
    unit = vector.astype(np.float64) / np.linalg.norm(vector)
    own = np.sort(units(ours) @ unit)[-NEIGHBOURS:].mean()
    expected = 2 * units(ours) @ unit - radii(ours) - own
    scores = LocalScaling(ours).scores(cosines, upload, ours.ids)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_a_planted_hub_is_in_most_lists_and_with_csls_in_less_than_half_of_them():
    ours = with_hub()
    facts = recordings(300)
    before = [listed(most_similar(ours, track, facts)) for track in range(2, 102)]
    after = [listed(corrected(ours, track, facts)) for track in range(2, 102)]
    share = [np.mean([HUB in tracks for tracks in lists]) for lists in (before, after)]
    assert share[0] > 0.85
    assert share[1] < share[0] / 2


def test_the_measure_finds_the_hub_and_what_became_of_it():
    found = hubness(with_hub())
    assert found.tracks == 300
    assert found.cosine.hub == HUB
    assert found.cosine.highest > 2 * found.csls.highest > 0
    assert found.csls.skewness < 0.8 * found.cosine.skewness
    assert found.csls.never <= found.cosine.never


def clustered(count: int, groups: int, dimensions: int = 40):
    """Groups of unequal density, as styles of music are."""
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((groups, dimensions))
    spread = rng.uniform(0.3, 0.9, (count, 1))
    noise = spread * rng.standard_normal((count, dimensions))
    return space(1.0 + centres[rng.integers(0, groups, count)] + noise)


def test_in_a_large_library_the_lists_are_those_of_exact_neighbourhoods():
    """Measured against a sample in place of the neighbours, less than two thirds were."""
    ours, common = clustered(12_000, 100), []
    matrix = (ours.matrix * ours.scale[:, np.newaxis]).astype(np.float32)
    exact = np.empty(len(matrix), np.float32)
    for first in range(0, len(matrix), 1000):
        near = matrix[first : first + 1000] @ matrix.T
        near[np.arange(len(near)), first + np.arange(len(near))] = -1
        exact[first : first + 1000] = np.sort(near, axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    for row in range(0, len(matrix), 300):
        cosines = matrix @ matrix[row]
        cosines[row] = np.nan
        wanted = highest(2 * cosines - exact, 10)
        found = highest(LocalScaling(ours).scores(cosines, row + 1, ours.ids), 10)
        common.append(len(np.intersect1d(wanted, found)) / 10)
    assert np.mean(common) > 0.9


def test_the_measure_counts_lists_searched_in_the_whole_library():
    ours = with_hub()
    found = hubness(ours, queries=80, seed=4)
    assert (found.queries, found.tracks) == (80, 300)
    drawn = np.random.default_rng(4).choice(300, 80, replace=False) + 1
    facts = recordings(300)
    for occurrence, search in ((found.cosine, most_similar), (found.csls, corrected)):
        lists = [listed(search(ours, int(track), facts)) for track in drawn]
        counts = np.bincount(np.concatenate(lists) - 1, minlength=300)
        assert occurrence.highest == counts.max()
        assert counts[occurrence.hub - 1] == counts.max()
        assert occurrence.never == np.mean(counts == 0)
        assert occurrence.skewness == pytest.approx(skew(counts), abs=1e-9)
    assert hubness(ours, 80, seed=4) == found
    assert hubness(random_space(2 * NEIGHBOURS - 1)) is None


def test_large_libraries_have_fewer_queries(monkeypatch):
    monkeypatch.setattr(module, "PRODUCTS", 60_000)
    assert hubness(random_space(500)).queries == 120
    monkeypatch.setattr(module, "PRODUCTS", 1)
    assert hubness(random_space(500)).queries == module.FEWEST_QUERIES


def test_chance_is_that_of_lists_drawn_by_lot():
    rng, queries, tracks, drawn = np.random.default_rng(0), 100, 2000, []
    for _ in range(60):
        lists = [rng.choice(tracks, NEIGHBOURS, replace=False) for _ in range(queries)]
        drawn.append(np.bincount(np.concatenate(lists), minlength=tracks))
    found = by_chance(queries, tracks)
    assert found.skewness == pytest.approx(np.mean([skew(one) for one in drawn]), rel=0.05)
    assert found.never == pytest.approx(np.mean(np.array(drawn) == 0), rel=0.02)
    assert found.highest == np.median([one.max() for one in drawn])


def test_beyond_the_head_the_order_is_that_of_the_cosines(monkeypatch):
    monkeypatch.setattr(module, "HEAD", 20)
    ours, facts = random_space(90, 10), recordings(90)
    found = corrected(ours, 4, facts, 89)
    nearest = listed(most_similar(ours, 4, facts, 89))
    assert sorted(listed(found)[:20]) == sorted(nearest[:20])
    assert listed(found)[20:] == nearest[20:]
    assert [neighbour.csls[0] is None for neighbour in found.listed] == [False] * 20 + [True] * 69


def test_thousands_of_equal_embeddings_are_no_larger_head():
    values = np.array([np.nan, 0.5, 0.9, *[0.7] * 5000, 0.8], np.float32)
    assert highest(values, 4).tolist() == [2, 3, 4, len(values) - 1]
    assert highest(values[:3], 4).tolist() == [1, 2]


def test_tracks_without_direction_are_no_neighbours_and_few_tracks_no_error():
    matrix = np.random.default_rng(0).standard_normal((6, 5))
    matrix[2] = 0
    ours = space(matrix)
    assert sorted(listed(corrected(ours, 1, recordings(6)))) == [2, 4, 5, 6]
    without = space(np.delete(matrix, 2, axis=0), ids=np.array([1, 2, 4, 5, 6]))
    cosines = without.cosines(1)[1:]
    np.testing.assert_allclose(
        LocalScaling(ours).scores(cosines, 1, without.ids[1:]),
        LocalScaling(without).scores(cosines, 1, without.ids[1:]),
    )
    assert not corrected(space(matrix[:1]), 1, recordings(1)).listed


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
@settings(deadline=None)
def test_skewness_is_that_of_scipy(values):
    values = np.array(values)
    expected = 0.0 if np.ptp(values) == 0 else skew(values)
    assert skewness(values) == pytest.approx(expected, abs=1e-9)
