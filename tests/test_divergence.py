"""Traces from probes: unbiased, exact where they say so."""

import pytest
import torch

from engine.information import probes
from engine.information.divergence import EXACT, FIXED, FRESH, Trace, trace

DIM, FRAMES = 64, 400


def estimate(how: Trace, jacobian: torch.Tensor, x: torch.Tensor, evaluation: int = 0):
    tangents, weights = how.directions(x, probes.frame_keys(0, 0, len(x)), evaluation)
    assert len(tangents) == how.tangents(x.shape[-1])
    return trace(tangents, tangents @ jacobian.T, weights)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(FRAMES, DIM, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def jacobian() -> torch.Tensor:
    return torch.randn(DIM, DIM, generator=torch.Generator().manual_seed(1))


def test_the_exact_trace_is_exact(x, jacobian):
    assert torch.allclose(estimate(Trace(EXACT), jacobian, x), jacobian.trace(), atol=1e-4)


@pytest.mark.parametrize("how", [Trace(), Trace(probes=4), Trace(deflate=True), Trace(FIXED)])
def test_estimates_are_unbiased(how, x, jacobian):
    errors = estimate(how, jacobian, x) - jacobian.trace()
    assert abs(errors.mean()) < 4 * errors.std() / FRAMES**0.5
    assert errors.std() > 1  # it is an estimate: the test above would see an exact one, too


def test_four_probes_halve_the_error(x, jacobian):
    one, four = (estimate(Trace(probes=count), jacobian, x).std() for count in (1, 4))
    assert 0.4 < four / one < 0.6


def test_fresh_probes_change_and_fixed_ones_do_not(x, jacobian):
    for kind, same in ((FRESH, False), (FIXED, True)):
        first, second = (estimate(Trace(kind), jacobian, x, number) for number in (0, 1))
        assert torch.equal(first, second) == same


def test_deflation_makes_known_directions_exact(x):
    """A field that only scales the state, and moves all dimensions alike, has no error left."""
    ones = torch.ones(DIM) / DIM**0.5
    own = x[0] - x[0].mean()
    own = own / own.norm()
    jacobian = 30 * torch.outer(own, own) - 20 * torch.outer(ones, ones)
    plain = estimate(Trace(), jacobian, x[:1].expand(50, DIM))
    deflated = estimate(Trace(deflate=True), jacobian, x[:1].expand(50, DIM))
    assert plain.std() > 1
    assert torch.allclose(deflated, torch.tensor(10.0), atol=1e-3)


def test_a_state_without_direction_is_no_trouble(jacobian):
    flat = torch.full((FRAMES, DIM), 0.5)
    errors = estimate(Trace(deflate=True), jacobian, flat) - jacobian.trace()
    assert abs(errors.mean()) < 4 * errors.std() / FRAMES**0.5


def test_settings_are_checked():
    with pytest.raises(ValueError, match="fresh, fixed or exact"):
        Trace("wild")
    with pytest.raises(ValueError, match="at least 1"):
        Trace(probes=0)
