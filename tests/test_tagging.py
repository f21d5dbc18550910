"""Heads from graphs: the arithmetic, and the refusal of graphs that are none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine import models, tagging
from engine.tensorflow_weights import WeightsError

finite = st.floats(-50, 50, width=32)


@given(arrays(np.float32, (3, 5), elements=finite))
def test_softmax_gives_probabilities(values):
    probabilities = tagging.softmax(values)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities >= 0).all()


@given(arrays(np.float32, (3, 5), elements=finite))
def test_sigmoid_stays_between_0_and_1_and_keeps_the_order(values):
    probabilities = tagging.sigmoid(values)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    order = np.argsort(values, axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(probabilities, order, axis=1)) >= 0).all()


def test_classifying_comes_before_averaging(models_dirs):
    head = tagging.Head(models.load_bytes(models.find("voice_head", models_dirs)), tagging.softmax)
    patches = np.random.default_rng(0).normal(0, 3, (6, 1280)).astype(np.float32)
    each = np.stack([head(patch[None]) for patch in patches])
    assert head(patches) == pytest.approx(each.mean(axis=0), abs=1e-6)
    assert head(patches) != pytest.approx(head(patches.mean(axis=0)[None]), abs=1e-3)


def test_a_graph_of_something_else_is_refused(models_dirs):
    graph = models.load_bytes(models.find("effnet_pb", models_dirs))
    with pytest.raises(WeightsError, match="not a classifier"):
        tagging.Head(graph, tagging.identity)
