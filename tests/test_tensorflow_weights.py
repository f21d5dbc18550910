"""Reading TensorFlow's files: the same tensors from both, and a clear error for anything else."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine import models
from engine.tensorflow_weights import WeightsError, read_checkpoint, read_graph


@pytest.fixture(scope="module")
def graph(models_dirs) -> bytes:
    return models.load_bytes(models.find("musicnn_pb", models_dirs))


@pytest.fixture(scope="module")
def checkpoint() -> tuple[bytes, bytes]:
    found = [models.find(key) for key in ("musicnn_index", "musicnn_data")]
    if not all(found):
        pytest.fail("the package musicnn of requirements-weights.txt is not installed")
    index, data = map(models.load_bytes, found)
    return index, data


def test_graph_and_checkpoint_hold_the_same_tensors(graph, checkpoint):
    constants, tensors = read_graph(graph), read_checkpoint(*checkpoint)
    shared = [name for name in constants if name in tensors]
    assert len(shared) == 64
    assert all(np.array_equal(constants[name], tensors[name]) for name in shared)


def test_a_cut_graph_is_refused(graph):
    for length in (0, 1, 1000, len(graph) // 2, len(graph) - 1):
        with pytest.raises(WeightsError):
            read_graph(graph[:length])


def test_a_cut_checkpoint_is_refused(checkpoint):
    index, data = checkpoint
    with pytest.raises(WeightsError):
        read_checkpoint(index[:-1], data)
    with pytest.raises(WeightsError, match="shorter"):
        read_checkpoint(index, data[: len(data) // 2])


@given(st.binary(max_size=400))
@example(b"\x08\x00")
@example(b"\x0a\x02\x08\x05")
def test_any_bytes_give_tensors_or_one_kind_of_error(content):
    for read in (read_graph, lambda content: read_checkpoint(content, content)):
        try:
            read(content)
        except WeightsError as error:
            assert str(error)
