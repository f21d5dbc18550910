"""Random signs: fair, independent, and the same however frames are batched."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.information import probes

WORDS = st.integers(-(2**63), 2**63 - 1)


def test_signs_are_fair_and_independent():
    keys = probes.frame_keys(0, 0, 4000)
    first = probes.signs(keys, 0, 2, 64)
    assert set(first.unique().tolist()) == {-1.0, 1.0}
    others = {
        "probe": first[1],
        "evaluation": probes.signs(keys, 1, 2, 64)[0],
        "seed": probes.signs(probes.frame_keys(1, 0, 4000), 0, 2, 64)[0],
        "track": probes.signs(probes.frame_keys(0, 1, 4000), 0, 2, 64)[0],
        "frame": first[0].roll(1, 0),
        "dimension": first[0].roll(1, 1),
    }
    # The mean of 256,000 fair signs is beyond 5 / sqrt(256,000) once in two million draws.
    limit = 5 / first[0].numel() ** 0.5
    assert abs(first[0].mean()) < limit
    for name, other in others.items():
        assert abs((first[0] * other).mean()) < limit, name


@given(st.integers(1, 5), st.integers(1, 140), st.integers(0, 300), st.integers(0, 20))
def test_signs_of_a_frame_do_not_depend_on_its_batch(count, dim, evaluation, start):
    keys = probes.frame_keys(3, 7, 40)
    whole = probes.signs(keys, evaluation, count, dim)
    assert whole.shape == (count, 40, dim)
    part = probes.signs(keys[start : start + 11], evaluation, count, dim)
    assert torch.equal(part, whole[:, start : start + 11])


@pytest.mark.parametrize(("dim", "probes_at_once"), [(64, 1), (64, 4), (8, 2)])
def test_successive_probes_of_a_frame_are_orthogonal(dim, probes_at_once):
    keys = probes.frame_keys(0, 0, 3)
    found = torch.cat(
        [probes.signs(keys, k, probes_at_once, dim) for k in range(dim // probes_at_once)]
    )
    products = torch.einsum("pnd,qnd->npq", found, found)
    assert torch.equal(products, dim * torch.eye(dim).expand(3, dim, dim))


def test_the_next_turn_has_other_signs():
    keys = probes.frame_keys(0, 0, 3)
    first = torch.cat([probes.signs(keys, number, 1, 64) for number in range(64)])
    later = torch.cat([probes.signs(keys, 64 + number, 1, 64) for number in range(64)])
    products = torch.einsum("pnd,qnd->npq", first, later)
    assert products.abs().max() < 64  # no probe returns, with either sign


@given(st.lists(WORDS, min_size=2, max_size=50, unique=True))
def test_mixing_is_one_to_one(numbers):
    assert len(set(probes.mixed(torch.tensor(numbers)).tolist())) == len(numbers)


def test_mixing_is_the_published_one():
    """SplitMix64 seeded with 0 begins with these (its reference implementation)."""
    steps = torch.arange(1, 4) * probes._STEP
    numbers = [number % 2**64 for number in probes.mixed(steps).tolist()]
    assert numbers == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
