"""Cosines in blocks are those of the whole matrix, wherever a row lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhoods import random_space, space

from engine import space as engine_space
from engine.space import SimilarityError, Space, blocks, inverse_lengths


@given(
    st.integers(1, 90), st.sampled_from([1, 3, 16, 50, 200]), st.integers(1, 5000), st.integers(0)
)
@settings(max_examples=100, deadline=None)
def test_blocks_of_any_size_give_the_same_bits(count, dimensions, block_bytes, seed):
    rng = np.random.default_rng(seed)
    ours = space(rng.standard_normal((count, dimensions)) + 0.01)
    seed_track = int(rng.integers(1, count + 1))
    whole = ours.cosines(seed_track)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_space, "BLOCK_BYTES", block_bytes)
        again = Space.of("effnet", ours.ids, ours.matrix)
        np.testing.assert_array_equal(again.scale, ours.scale)
        np.testing.assert_array_equal(again.cosines(seed_track), whole)
    double = ours.matrix.astype(np.float64)
    double /= np.linalg.norm(double, axis=1)[:, np.newaxis]
    np.testing.assert_allclose(whole, double @ double[seed_track - 1], atol=2e-6)


@given(st.integers(2, 400), st.sampled_from([200, 1280]), st.integers(0))
@settings(max_examples=40, deadline=None)
def test_equal_vectors_tie_exactly_wherever_they_lie(count, dimensions, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((count, dimensions)).astype(np.float32)
    same = rng.random(count) < 0.5
    same[0] = False
    matrix[same] = matrix[np.argmax(same)]
    assert len(set(space(matrix).cosines(1)[same].tolist())) <= 1


def test_blocks_cover_every_row_once():
    matrix = np.zeros((1000, 1280), dtype=np.float32)
    rows = np.concatenate([np.arange(1000)[block] for block in blocks(matrix)])
    np.testing.assert_array_equal(rows, np.arange(1000))
    assert max(matrix[block].nbytes for block in blocks(matrix)) <= engine_space.BLOCK_BYTES
    assert blocks(matrix[:0]) == []


def test_a_mapped_matrix_gives_the_same_and_is_not_written_to(tmp_path):
    ours = random_space(300)
    ours.matrix.tofile(tmp_path / "vectors")
    mapped = np.memmap(tmp_path / "vectors", np.float32, "r", shape=ours.matrix.shape)
    np.testing.assert_array_equal(Space.of("effnet", ours.ids, mapped).cosines(7), ours.cosines(7))


def test_lengths_of_odd_vectors():
    odd = np.array([[3, 4], [0, 0], [np.nan, 1], [np.inf, 1], [3e38, 3e38]], dtype=np.float32)
    found = inverse_lengths(odd)
    assert found[0] == pytest.approx(0.2)
    assert np.isnan(found[1:]).all()


def test_the_cosine_of_two_tracks_never_leaves_its_range():
    ours = space(np.tile(np.random.default_rng(1).standard_normal(1280), (50, 1)))
    assert ours.cosines(1).max() <= 1
    assert ours.cosine(1, 2) <= 1
    assert np.isnan(ours.cosine(1, 99))
    with pytest.raises(SimilarityError):
        ours.cosines(99)
