"""Local scaling against its definition, and hubs that were planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhoods import listed, random_space, recordings, space
from scipy.stats import skew

from engine import hubness as module
from engine.hubness import NEIGHBOURS, LocalScaling, hubness, skewness
from engine.similarity import Outside, Recording, most_similar

HUB = 1


def with_hub(count: int = 300, dimensions: int = 60, seed: int = 0):
    """Tracks all around a common direction, and one (HUB) that points into it."""
    rng = np.random.default_rng(seed)
    tracks = 0.7 + rng.standard_normal((count, dimensions))
    tracks[HUB - 1] = 1.0
    return space(tracks)


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
    scores = LocalScaling.of(ours).scores(np.where(others, cosines, np.nan), 7, ours.ids)
    np.testing.assert_allclose(scores[others], expected[others], atol=1e-5)
    assert np.isnan(scores[6])


def test_something_from_outside_is_measured_as_the_track_would_be():
    ours = random_space(100, 12)
    scaling = LocalScaling.of(ours)
    vector = np.random.default_rng(9).standard_normal(12).astype(np.float32)
    cosines = ours.cosines(upload := Outside({"effnet": vector}, Recording()))
    unit = vector.astype(np.float64) / np.linalg.norm(vector)
    own = np.sort(units(ours) @ unit)[-NEIGHBOURS:].mean()
    expected = 2 * units(ours) @ unit - radii(ours) - own
    np.testing.assert_allclose(scaling.scores(cosines, upload, ours.ids), expected, atol=1e-5)


def test_a_planted_hub_is_in_most_lists_and_with_csls_in_less_than_half_of_them():
    ours = with_hub()
    facts, scaling = recordings(300), LocalScaling.of(ours)
    before = [listed(most_similar(ours, track, facts)) for track in range(2, 102)]
    after = [listed(most_similar(ours, track, facts, csls=scaling)) for track in range(2, 102)]
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


def test_the_measure_is_of_a_sample_where_there_are_many():
    found = hubness(random_space(500), tracks=100)
    assert found.tracks == 100
    assert hubness(random_space(2 * NEIGHBOURS - 1)) is None
    assert hubness(random_space(500), 100, seed=1) == hubness(random_space(500), 100, seed=1)


def test_a_sample_in_place_of_all_tracks_demotes_the_hub_as_well(monkeypatch):
    monkeypatch.setattr(module, "EXACT_UP_TO", 100)
    monkeypatch.setattr(module, "SAMPLE", 80)
    ours, facts = with_hub(), recordings(300)
    scaling = LocalScaling.of(ours)
    assert len(scaling.rows) == 80
    lists = [listed(most_similar(ours, track, facts, csls=scaling)) for track in range(2, 102)]
    assert np.mean([HUB in tracks for tracks in lists]) < 0.5


def test_beyond_the_head_the_order_is_that_of_the_cosines(monkeypatch):
    monkeypatch.setattr(module, "HEAD", 20)
    ours, facts = random_space(90, 10), recordings(90)
    scaling = LocalScaling.of(ours)
    found = most_similar(ours, 4, facts, 89, csls=scaling)
    nearest = listed(most_similar(ours, 4, facts, 89))
    assert sorted(listed(found)[:20]) == sorted(nearest[:20])
    assert listed(found)[20:] == nearest[20:]
    assert [neighbour.csls is None for neighbour in found.listed] == [False] * 20 + [True] * 69
    assert np.count_nonzero(~np.isnan(scaling.radii)) == 20


def test_tracks_without_direction_are_no_reference_and_few_tracks_no_error():
    matrix = np.random.default_rng(0).standard_normal((6, 5))
    matrix[2] = 0
    ours = space(matrix)
    scaling = LocalScaling.of(ours)
    assert scaling.rows.tolist() == [0, 1, 3, 4, 5]
    found = most_similar(ours, 1, recordings(6), csls=scaling)
    assert sorted(listed(found)) == [2, 4, 5, 6]
    lonely = space(matrix[:1])
    assert not most_similar(lonely, 1, recordings(1), csls=LocalScaling.of(lonely)).listed


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
@settings(deadline=None)
def test_skewness_is_that_of_scipy(values):
    values = np.array(values)
    expected = 0.0 if np.ptp(values) == 0 else skew(values)
    assert skewness(values) == pytest.approx(expected, abs=1e-9)
