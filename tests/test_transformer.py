"""The causal trunk: equal to x-transformers 1.42, causal, and without a seam in long pieces."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from patterned import fill, pattern

from engine.information.transformer import CausalTransformer, contexts, window_starts

# ContinuousTransformerWrapper(dim_in=64, dim_out=40, attn_layers=Decoder(dim=32, depth=2, heads=2,
# rotary_pos_emb=True)) of x-transformers 1.42.0 with the same weights and input: every 200th value.
GOLDEN = (2.740228, 0.517366, 0.746212, 0.203628, 0.385398, 1.24594)


@pytest.fixture(scope="module")
def trunk() -> CausalTransformer:
    network = CausalTransformer(64, 40, dim=32, depth=2, heads=2)
    fill(network)
    return network.requires_grad_(False).eval()


def test_outputs_equal_those_of_x_transformers(trunk):
    values = trunk(pattern(1, 30, 64)).flatten()[::200]
    torch.testing.assert_close(values, torch.tensor(GOLDEN), atol=2e-5, rtol=0)


@pytest.mark.parametrize("changed", [1, 17, 29])
def test_a_state_knows_no_later_frame(trunk, changed):
    x = pattern(1, 30, 64)
    other = x.clone()
    other[:, changed] += 1
    before, after = trunk(x), trunk(other)
    torch.testing.assert_close(before[:, :changed], after[:, :changed])
    assert (before[:, changed:] - after[:, changed:]).abs().amax(-1).min() > 2e-5


def test_contexts_of_a_batch_are_those_of_each(trunk):
    pieces = [pattern(length, 64, phase=length) for length in (12, 1, 30, 0, 2)]
    together = contexts(trunk, pieces, 100)
    for piece, context in zip(pieces, together, strict=True):
        assert context.shape == (max(0, len(piece) - 1), 40)
        if len(piece) > 1:
            torch.testing.assert_close(context, trunk(piece[None, :-1])[0], atol=1e-5, rtol=0)


def test_long_sequences_are_read_in_overlapping_windows(trunk):
    piece = pattern(50, 64)
    (context,) = contexts(trunk, [piece], 20)
    assert context.shape == (49, 40)
    torch.testing.assert_close(context[:20], trunk(piece[None, :20])[0], atol=1e-5, rtol=0)
    # Past the first window, each frame has between 10 and 20 frames of context.
    torch.testing.assert_close(context[20:30], trunk(piece[None, 10:30])[0, 10:], atol=1e-5, rtol=0)


@given(st.integers(0, 300), st.integers(1, 40))
def test_windows_give_every_frame_once(length, longest):
    given_by: list[int] = []
    for start in window_starts(length, longest):
        known = longest // 2 if start else 0
        given_by += range(start + known, min(start + longest, length))
    assert given_by == list(range(length))
