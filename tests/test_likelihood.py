"""Likelihoods of flows against closed forms and against a plain reverse-mode implementation."""

import logging
import math

import pytest
import torch
from flows import Gaussian, random_network
from torch import Tensor

from engine.information import divergence, likelihood, probes, solvers
from engine.information.divergence import EXACT, FIXED, Trace
from engine.information.fields import FunctionField, VelocityField
from engine.information.flow import VelocityNetwork
from engine.information.likelihood import Integration, log_likelihood

FINE = {"rtol": 1e-5, "atol": 1e-5}
ACCURATE = [
    likelihood.EXACTLY,
    Integration("euler", 2500, Trace(EXACT)),
    Integration("heun", 100, Trace(EXACT)),
    Integration("rk4", 16, Trace(EXACT)),
    Integration(solvers.ADAPTIVE, divergence=Trace(EXACT), options=FINE),
    Integration(solvers.SCIPY, divergence=Trace(EXACT), options=FINE),
]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def keys(frames: int) -> Tensor:
    return probes.frame_keys(0, 0, frames)


@pytest.mark.parametrize("integration", ACCURATE, ids=lambda i: i.solver)
def test_gaussian_data_have_their_known_density(integration):
    truth = Gaussian()
    x = truth.at(1.0).sample((50,))
    computed = log_likelihood(truth.field, x, None, keys(50), integration)[0]
    assert (computed - truth.at(1.0).log_prob(x)).abs().max() < 1e-2


@pytest.mark.parametrize("start", [1.0, 0.6])
@pytest.mark.parametrize("solver", ["rk4", solvers.ADAPTIVE, solvers.SCIPY])
def test_points_on_the_way_have_the_density_of_their_time(solver, start):
    truth = Gaussian()
    x = truth.at(start).sample((20,))
    integration = Integration(solver, 30, Trace(EXACT), FINE if solver != "rk4" else {})
    times = (start, start / 2, 0.0)
    computed = log_likelihood(truth.field, x, None, keys(20), integration, times)
    # The flow of a Gaussian is an affine map between its distributions at any two times.
    assert torch.allclose(computed[0], truth.at(start).log_prob(x), atol=1e-2)
    whole = log_likelihood(truth.field, x, None, keys(20), integration, times[:1])
    assert torch.allclose(whole[0], computed[0], atol=1e-3)
    for row, time in ((1, start / 2), (2, 0.0)):
        state = x
        for number in range(2000):  # Euler, without the divergence
            at = start + (time - start) * number / 2000
            state = state + (time - start) / 2000 * truth._velocity(at, state, None)
        assert torch.allclose(computed[row], truth.at(time).log_prob(state), atol=3e-2)


def test_random_probes_average_to_the_density():
    truth = Gaussian()
    x = truth.at(1.0).sample((300,))
    expected = truth.at(1.0).log_prob(x)
    errors = {}
    for name, trace in (("fresh", Trace()), ("fixed", Trace(FIXED)), ("more", Trace(probes=8))):
        computed = log_likelihood(truth.field, x, None, keys(300), Integration(divergence=trace))
        error = computed[0] - expected
        assert abs(error.mean()) < 4 * error.std() / 300**0.5 + 1e-3
        errors[name] = float(error.std())
    assert errors["more"] < 0.5 * errors["fresh"] < 0.35 * errors["fixed"]


def reverse_mode(network: VelocityNetwork, x: Tensor, context: Tensor, signs: Tensor) -> Tensor:
    """Euler in 100 steps, one gradient per frame, probe and step, all in float64."""
    network, x, context = network.double(), x.double(), context.double()
    integral = x.new_zeros(len(x))
    for number in range(100):
        time = torch.tensor(1 - number / 100, dtype=torch.float64)
        at = x.clone().requires_grad_()
        velocity = network(at, time, context)
        for sign in signs.double():
            (gradient,) = torch.autograd.grad(velocity, at, sign, retain_graph=True)
            integral -= (gradient * sign).sum(-1) / len(signs) / 100
        x = x - velocity.detach() / 100
    return -0.5 * ((x**2).sum(-1) + x.shape[-1] * math.log(2 * math.pi)) + integral


def test_fixed_probes_equal_reverse_mode_in_float64():
    network = random_network(dim=96, blocks=8)
    torch.manual_seed(2)
    x, context = torch.randn(12, 64), torch.randn(12, 32)
    field = VelocityField(network)
    computed = log_likelihood(field, x, context, keys(12), likelihood.PUBLISHED)[0]
    signs = probes.signs(keys(12), 0, 4, 64)
    expected = reverse_mode(random_network(dim=96, blocks=8), x, context, signs)
    assert expected.std() > 1  # frames differ: what is compared is no constant
    assert (computed - expected).abs().max() < 1e-3


def test_a_trained_flow_integrates_to_one():
    torch.manual_seed(0)
    network = VelocityNetwork(2, 1, 32, 2, 16)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    none = torch.zeros(256, 1)
    for _ in range(400):
        corner = torch.randint(2, (256, 1)) * 2.0 - 1
        x = torch.cat((corner, corner * 0.5), 1) + 0.3 * torch.randn(256, 2)
        noise, times = torch.randn(256, 2), torch.rand(256)
        mixed = times[:, None] * x + (1 - times[:, None]) * noise
        loss = ((x - noise - network(mixed, times, none)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.requires_grad_(False)
    step = 0.12
    axis = torch.arange(-6, 6, step)
    grid = torch.cartesian_prod(axis, axis)
    context = torch.zeros(len(grid), 1)
    integration = Integration("midpoint", 100, Trace(EXACT))
    log_p = log_likelihood(VelocityField(network), grid, context, keys(len(grid)), integration)[0]
    mass = log_p.exp() * step**2
    assert abs(mass.sum() - 1) < 0.01
    near = ((grid - torch.tensor([1.0, 0.5])).norm(dim=1) < 1) | (
        (grid + torch.tensor([1.0, 0.5])).norm(dim=1) < 1
    )
    assert mass[near].sum() > 0.8  # and it has learned where the data are


@pytest.mark.parametrize("trace", [Trace(), Trace(deflate=True), Trace(FIXED, 2)])
def test_frames_do_not_depend_on_chunks_and_neighbours(trace):
    network = random_network()
    torch.manual_seed(3)
    x, context = torch.randn(20, 64), torch.randn(20, 32)
    integration = Integration(steps=4, divergence=trace)
    field = VelocityField(network)
    whole = log_likelihood(field, x, context, keys(20), integration)
    for chunk in (1, 7, 20):
        parts = log_likelihood(field, x, context, keys(20), integration, chunk=chunk)
        torch.testing.assert_close(parts, whole, atol=2e-4, rtol=0)
    order = torch.randperm(20)
    shuffled = log_likelihood(field, x[order], context[order], keys(20)[order], integration)
    torch.testing.assert_close(shuffled, whole[:, order], atol=2e-4, rtol=0)


class Narrow:
    """A field on a device that holds only so many frames."""

    def __init__(self, most: int):
        self.most, self.sizes = most, []
        self.field = Gaussian().field

    def bytes_per_row(self) -> int:
        return 1

    def bind(self, context):
        bound = self.field.bind(context)

        def limited(time, x, tangents):
            self.sizes.append(len(x))
            if len(x) > self.most:
                raise torch.OutOfMemoryError("out of memory")
            return bound(time, x, tangents)

        return limited


def test_chunks_shrink_until_they_fit(caplog):
    x = torch.randn(20, 8)
    expected = log_likelihood(Gaussian().field, x, None, keys(20))
    narrow = Narrow(6)
    with caplog.at_level(logging.WARNING):
        computed = log_likelihood(narrow, x, None, keys(20))
    torch.testing.assert_close(computed, expected, atol=1e-5, rtol=0)
    assert {20, 10, 5} == set(narrow.sizes)
    assert "20 frames at once do not fit" in caplog.text


def test_too_little_memory_says_what_to_do():
    with pytest.raises(likelihood.NotEnoughMemory, match="fewer probes, or compute on the CPU"):
        log_likelihood(Narrow(0), torch.randn(3, 8), None, keys(3))


def test_chunks_follow_the_budget(monkeypatch):
    x, field = torch.randn(5, 8), FunctionField(lambda time, x, context: x, 8)
    row = field.bytes_per_row()
    monkeypatch.setattr(likelihood, "CPU_BUDGET", 100 * row)
    assert likelihood.frames_at_once(field, x, Integration()) == 50
    exact = Integration(divergence=Trace(EXACT))
    assert likelihood.frames_at_once(field, x, exact) == 11
    monkeypatch.setattr(likelihood, "CPU_BUDGET", 1)
    assert likelihood.frames_at_once(field, x, Integration()) == 1


def test_pure_noise_needs_no_integration():
    x = torch.randn(4, 8)
    for solver in solvers.SOLVERS:
        integration = Integration(solver, divergence=Trace(EXACT))
        computed = log_likelihood(Gaussian().field, x, None, keys(4), integration, (0.0,))
        normal = torch.distributions.Normal(0, 1).log_prob(x).sum(-1)
        torch.testing.assert_close(computed[0], normal)


@pytest.mark.parametrize(
    ("solver", "method"),
    [(solvers.ADAPTIVE, "dopri5"), (solvers.SCIPY, "RK45"), (solvers.SCIPY, "Radau")],
)
def test_a_solver_that_gives_up_says_so(solver, method):
    endless = FunctionField(lambda time, x, context: x / 0, 8)
    chosen = Integration(solver, divergence=Trace(EXACT), options={"method": method})
    with pytest.raises(ArithmeticError, match=f"the solver {solver} gave up: "):
        log_likelihood(endless, torch.randn(2, 8), None, keys(2), chosen)


def test_no_frames_give_no_likelihoods():
    empty = log_likelihood(Gaussian().field, torch.zeros(0, 8), None, keys(0), times=(1.0, 0.5))
    assert empty.shape == (2, 0)


@pytest.mark.parametrize("times", [(0.5, 0.5), (0.5, 0.7), (1.2,), (1.0, -0.1)])
def test_times_are_checked(times):
    with pytest.raises(ValueError, match="times"):
        log_likelihood(Gaussian().field, torch.randn(1, 8), None, keys(1), times=times)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"solver": "magic"}, "midpoint"),
        ({"steps": 0}, "at least 1"),
        ({"solver": solvers.SCIPY}, divergence.FIXED),
        ({"solver": solvers.ADAPTIVE}, divergence.EXACT),
    ],
)
def test_settings_are_checked(arguments, words):
    with pytest.raises(ValueError, match=words):
        Integration(**arguments)
