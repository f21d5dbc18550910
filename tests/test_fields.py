"""The hand-written derivative of the velocity network against automatic differentiation."""

import pytest
import torch
from flows import random_network

from engine.information import fields
from engine.information.fields import FunctionField, VelocityField

FRAMES, CONTEXT = 7, 32


@pytest.fixture
def points() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(FRAMES, 64), torch.randn(FRAMES, CONTEXT)


@pytest.mark.parametrize("probes", [0, 1, 3])
@pytest.mark.parametrize("time", [0.0, 0.37, 1.0])
def test_velocity_and_products_equal_automatic_ones(points, probes, time):
    x, context = points
    network = random_network()
    tangents = torch.randn(probes, FRAMES, 64)

    def velocity(time, x, context):
        return network(x, torch.tensor(time), context)

    expected = FunctionField(velocity, 64).bind(context)(time, x, tangents)
    computed = VelocityField(network).bind(context)(time, x, tangents)
    assert computed[1].shape == (probes, FRAMES, 64)
    for ours, theirs in zip(computed, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)


def test_bfloat16_stays_near(points):
    x, context = points
    network = random_network()
    tangents = torch.randn(1, FRAMES, 64)
    exact = VelocityField(network).bind(context)(0.5, x, tangents)
    rough = VelocityField(network, torch.bfloat16).bind(context)(0.5, x, tangents)
    for ours, theirs in zip(rough, exact, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() / theirs.norm() < 0.02
        assert not torch.equal(ours, theirs)


def test_what_is_kept_of_times_is_bounded(points, monkeypatch):
    x, context = points
    monkeypatch.setattr(fields, "MOST_TIMES", 3)
    field = VelocityField(random_network())
    bound, none = field.bind(context), torch.zeros(0, FRAMES, 64)
    first = [bound(number / 10, x, none)[0] for number in range(8)]
    again = [bound(number / 10, x, none)[0] for number in range(8)]
    assert len(field._times) <= 3
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))


def test_the_velocity_network_needs_contexts():
    with pytest.raises(ValueError, match="context"):
        VelocityField(random_network()).bind(None)
