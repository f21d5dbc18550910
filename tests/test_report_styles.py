"""Counting styles two ways, and diversity by its definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report_styles import diversity, styles

LABELS = ["Rock---Punk", "Jazz---Bop", "Rock---Indie"]
ACTIVATIONS = np.array(
    [[0.6, 0.05, 0.2], [0.1, 0.7, 0.0], [0.3, 0.0, 0.4], [0.02, 0.01, 0.03]], np.float32
)


def test_every_track_counts_once_by_its_strongest_style():
    found = styles("styles", LABELS, [ACTIVATIONS])
    assert {label.label: label.strongest for label in found.labels} == {
        "Rock---Punk": 1,
        "Jazz---Bop": 1,
        "Rock---Indie": 2,
    }
    assert {genre.label: genre.strongest for genre in found.genres} == {"Rock": 3, "Jazz": 1}


def test_by_threshold_a_track_counts_for_all_that_reach_it():
    found = styles("styles", LABELS, [ACTIVATIONS])
    assert {label.label: (label.audible, label.strong) for label in found.labels} == {
        "Rock---Punk": (3, 1),
        "Jazz---Bop": (1, 1),
        "Rock---Indie": (2, 0),
    }
    rock = next(genre for genre in found.genres if genre.label == "Rock")
    assert (rock.audible, rock.strong) == (3, 1)  # of its strongest style, a track once
    assert rock.mean == pytest.approx((0.6 + 0.1 + 0.4 + 0.03) / 4)


def test_tags_have_no_parents():
    found = styles("tags", ["rock", "sad"], [np.array([[0.3, 0.1]], np.float32)])
    assert found.genres == () and found.genre_diversity is None
    assert found.thresholds == (0.1, 0.2)
    assert [label.strong for label in found.labels] == [1, 0]


def test_nothing_comes_of_no_tracks():
    assert styles("styles", LABELS, [np.empty((0, 3), np.float32)]) is None


@given(st.integers(0, 4))
def test_parts_of_a_matrix_count_as_the_whole(cut):
    whole = styles("styles", LABELS, [ACTIVATIONS])
    parts = styles("styles", LABELS, [ACTIVATIONS[:cut], ACTIVATIONS[cut:]])
    assert parts.labels == whole.labels and parts.diversity == whole.diversity


def test_equally_common_kinds_are_as_many_as_there_are():
    found = diversity([5, 5, 5, 5, 0])
    assert found.kinds == 4 and found.possible == 5
    assert found.effective == pytest.approx(4)
    assert found.dominant == pytest.approx(4)
    assert found.evenness == pytest.approx(1)


def test_entropy_of_a_known_case():
    found = diversity([3, 1])
    assert found.entropy == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert found.dominant == pytest.approx(1.6)


def test_one_kind_is_a_diversity_of_one():
    found = diversity([7])
    assert (found.entropy, found.effective, found.dominant, found.evenness) == (0, 1, 1, 1)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50).filter(any))
def test_hill_numbers_fall_with_their_order(counts):
    found = diversity(counts)
    slack = 1e-9
    assert 1 - slack <= found.dominant <= found.effective + slack
    assert found.effective <= found.kinds + 1e-6 <= found.possible + 1e-6
    assert 0 <= found.evenness <= 1 + slack


@pytest.mark.parametrize("counts", [[], [0, 0], [1, -1]])
def test_counts_that_mean_nothing_are_refused(counts):
    with pytest.raises(ValueError, match="diversity needs counts"):
        diversity(counts)
