"""Smooth paths: shorter than chance and than the greedy path, and the same every time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from queries import libraries, table

from engine.descriptors import KEYS, PROFILES, SCALES
from engine.facts import Facts
from engine.smooth_path import MOST, arranged, length, nearest, shortened, steps
from engine.space import Space


def library(tracks: int, seed: int = 1) -> Facts:
    """Tracks in clusters of sound, with tempos and keys like those of mixed music."""
    rng = np.random.default_rng(seed)
    centres = rng.gamma(0.5, 0.4, (12, 200))
    vectors = centres[rng.integers(0, 12, tracks)] + rng.normal(0, 0.25, (tracks, 200))
    frame = table(
        tempo_bpm=np.clip(rng.normal(116, 24, tracks), 42, 208),
        key_edma=rng.choice(KEYS, tracks),
        scale_edma=rng.choice(SCALES, tracks),
    )
    space = Space.of("musicnn", frame.index.to_numpy(), vectors.astype(np.float32))
    return Facts(frame, spaces=lambda: space)


def test_a_path_beats_chance_by_far_and_the_greedy_path():
    for seed in range(5):
        facts = library(150, seed)
        costs = steps(facts, np.arange(150), "edma")
        rng = np.random.default_rng(seed)
        by_chance = np.mean([length(costs, rng.permutation(150)) for _ in range(20)])
        greedy, ours = length(costs, nearest(costs)), length(costs, shortened(costs))
        assert by_chance == pytest.approx(149, rel=0.05)  # steps of 1, as is stated
        assert ours < 0.55 * by_chance
        assert ours < 0.99 * greedy


def test_a_path_through_real_tempos_and_keys_beats_the_greedy_path(shared_dir):
    frame = pd.read_csv(shared_dir / "musav" / "musav_descriptors.csv")
    flats = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
    frame["key_edma"] = frame["key_edma"].replace(flats)
    rows = np.arange(0, len(frame), 7)
    costs = steps(Facts(frame), rows, "edma")
    by_chance = length(costs, np.random.default_rng(1).permutation(len(rows)))
    ours = length(costs, shortened(costs))
    assert ours < 0.15 * by_chance  # without embeddings, most steps are almost nothing
    assert ours < 0.95 * length(costs, nearest(costs))


def test_octaves_are_no_step_and_keys_count_around_the_wheel():
    frame = table(tempo_bpm=[60.0, 120, 84.85], key_edma=["A", "A", "A"], scale_edma=["minor"] * 3)
    costs = steps(Facts(frame), np.arange(3), "edma")
    assert costs[0, 1] == pytest.approx(0, abs=1e-5)
    assert costs[0, 2] == pytest.approx(costs[1, 2], abs=1e-4) and costs[0, 2] > 0.5
    frame = table(key_edma=["A", "C", "D#"], scale_edma=["minor", "major", "major"])  # 8A 8B 5B
    costs = steps(Facts(frame), np.arange(3), "edma")
    assert costs[0, 2] - 0.5 == pytest.approx(4 * (costs[0, 1] - 0.5))  # tempo unknown: 1 of 2


def test_the_path_of_a_line_is_the_line():
    tempo = np.geomspace(80, 110, 40)  # within half an octave
    mixed = np.random.default_rng(2).permutation(39) + 1
    frame = table(tempo_bpm=tempo[np.append(0, mixed)])
    path = arranged(Facts(frame), np.arange(40), "edma")
    assert frame["tempo_bpm"].iloc[path].is_monotonic_increasing


def test_it_begins_with_the_first_and_is_the_same_every_time():
    facts, rows = library(80), np.random.default_rng(3).permutation(80)
    first = arranged(facts, rows, "edma")
    assert first[0] == rows[0]
    assert first.tolist() == arranged(library(80), rows, "edma").tolist()


def test_beyond_the_most_tracks_the_rest_follows_as_it_was():
    rows = np.arange(MOST + 30)[::-1]
    path = arranged(library(MOST + 30), rows, "edma")
    assert path[MOST:].tolist() == rows[MOST:].tolist()
    assert sorted(path[:MOST].tolist()) == sorted(rows[:MOST].tolist())


@given(libraries(), st.sampled_from(tuple(PROFILES)))
@settings(max_examples=200, deadline=None)
def test_steps_are_distances_whatever_is_missing(facts, profile):
    rows = np.arange(len(facts.frame))
    costs = steps(facts, rows, profile)
    assert np.isfinite(costs).all() and (costs >= 0).all()
    np.testing.assert_allclose(costs, costs.T, atol=1e-5)
    assert (np.diag(costs) == 0).all()
    if len(rows) > 2:
        path = shortened(costs)
        assert sorted(path.tolist()) == rows.tolist()
        assert length(costs, path) <= length(costs, nearest(costs)) + 1e-4
