"""Maps: near in sound is near on the plane, the same every time, and placed without a new fit."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from engine.projection import METHODS, ProjectionError, fit, place, sample, trustworthiness
from engine.space import Space


def clustered(tracks: int = 300, groups: int = 6, first: int = 1, seed: int = 1) -> Space:
    """Embeddings in well-separated groups; a track's group is its id modulo the groups."""
    centres = np.random.default_rng(0).gamma(0.5, 0.4, (groups, 64))
    ids = np.arange(first, first + tracks)
    noise = np.random.default_rng(seed).normal(0, 0.02, (tracks, 64))
    return Space.of("effnet", ids, (centres[ids % groups] + noise).astype(np.float32))


@pytest.mark.parametrize("method", METHODS)
def test_the_same_embeddings_give_the_same_map(method):
    """With one thread and with several, whose sums come out in another order."""
    with threadpool_limits(1):
        one = fit(clustered(), method)
    with threadpool_limits(2):
        other = fit(clustered(), method)
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(place(one, clustered()), place(other, clustered()))
    assert one.fingerprint != fit(clustered(seed=2), method).fingerprint


def test_neighbours_are_of_one_group():
    space = clustered()
    fitted = fit(space, "neighbours")
    placed = place(fitted, space)
    apart = np.linalg.norm(placed[:, np.newaxis] - placed, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (space.ids[apart.argmin(axis=1)] % 6 == space.ids % 6).mean() > 0.99
    assert fitted.trustworthiness > 0.9


@pytest.mark.parametrize("method", METHODS)
def test_new_tracks_come_to_their_group_and_no_old_one_moves(method, monkeypatch):
    monkeypatch.setattr("engine.projection.LANDMARKS", 200)
    fitted = fit(clustered(600), method)
    before, after = place(fitted, clustered(600)), place(fitted, clustered(900))
    new = place(fitted, clustered(300, first=601, seed=3))
    assert after.shape == (900, 2)
    centres = np.array([before[(np.arange(1, 601) % 6) == g].mean(axis=0) for g in range(6)])
    nearest = np.linalg.norm(new[:, np.newaxis] - centres, axis=2).argmin(axis=1)
    if method == "neighbours":  # PCA of six groups overlaps on a plane
        assert (nearest == np.arange(601, 901) % 6).mean() > 0.95
    again = place(fitted, clustered(600))
    assert np.array_equal(before, again)


def test_landmarks_stay_where_they_are():
    space = clustered(100)
    fitted = fit(space, "neighbours")
    assert np.allclose(place(fitted, space) * fitted.spread, fitted.places, atol=1e-5)


def test_a_track_without_direction_has_no_place_and_does_no_harm():
    space = clustered(50)
    matrix = space.matrix.copy()
    matrix[[3, 7]] = [np.zeros(64), np.full(64, np.nan)]
    broken = Space.of("effnet", space.ids, matrix)
    for method in METHODS:
        placed = place(fit(broken, method), broken)
        assert np.flatnonzero(np.isnan(placed[:, 0])).tolist() == [3, 7]
        assert np.isfinite(np.delete(placed, [3, 7], axis=0)).all()


@pytest.mark.parametrize("tracks", [0, 1, 4])
def test_too_few_tracks_are_no_map(tracks):
    with pytest.raises(ProjectionError, match="at least 5"):
        fit(clustered(max(tracks, 1)) if tracks else clustered(1), "pca")


@pytest.mark.parametrize("method", METHODS)
def test_the_fewest_and_all_alike(method):
    assert np.isfinite(place(fit(clustered(5), method), clustered(5))).all()
    same = Space.of("effnet", np.arange(20), np.ones((20, 8), dtype=np.float32))
    assert np.isfinite(place(fit(same, method), same)).all()


def test_an_unknown_method_is_refused():
    with pytest.raises(ProjectionError, match="umap"):
        fit(clustered(), "umap")


def test_a_sample_is_the_same_for_the_same_tracks():
    space = clustered(300)
    drawn = sample(space, 50)
    assert len(drawn) == 50
    assert (np.diff(drawn) > 0).all()
    assert np.array_equal(drawn, sample(space, 50))


def test_trustworthiness_tells_a_good_map_from_chance():
    space = clustered(400)
    chance = np.random.default_rng(5).random((400, 2)).astype(np.float32)
    assert trustworthiness(space, place(fit(space, "neighbours"), space)) > 0.9
    assert trustworthiness(space, chance) < 0.65


def test_a_map_is_outgrown_by_three_times_its_tracks():
    fitted = fit(clustered(30), "pca")
    assert not fitted.outgrown(90)
    assert fitted.outgrown(91)
