"""Activations in the rows of a frame, and those of parent genres."""

import numpy as np
import pytest
from queries import LABELS, activations

from engine.activations import Activations
from engine.query import QueryError


def test_activations_follow_the_rows_of_the_frame():
    ids = np.array([2, 5, 9])
    matrix = np.array([[0.2, 0, 0, 0], [0.5, 0, 0, 0], [0.9, 0, 0, 0]], dtype=np.float32)
    found = Activations.aligned("styles", LABELS, ids, matrix, np.array([9, 1, 2]))
    np.testing.assert_array_equal(found.of(LABELS[0]), np.float32([0.9, np.nan, 0.2]))


def test_activations_refuse_labels_that_do_not_fit():
    ids = np.array([1])
    with pytest.raises(QueryError, match="2 values a track but 4 labels"):
        Activations.aligned("styles", LABELS, ids, np.zeros((1, 2), np.float32), ids)


def test_a_genre_is_as_active_as_its_strongest_style():
    styles = activations([[0.9, 0.2, 0.6, 0.1], [0.9, np.nan, 0.3, 0], [np.nan] * 4])
    np.testing.assert_array_equal(styles.of("Electronic"), np.float32([0.6, 0.3, np.nan]))
    np.testing.assert_array_equal(styles.of("Folk, World, & Country"), styles.of(LABELS[3]))
    assert np.isnan(styles.of("Elect")).all()
    assert styles.combined(("Electronic", LABELS[0]), "all")[0] == np.float32(0.6)
