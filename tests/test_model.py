"""Information of sequences: batches, noise levels, and what has no value."""

import numpy as np
import pytest
import torch
from flows import random_network

from engine.information import checkpoints, latent_kinds, likelihood, model, solvers
from engine.information.checkpoints import Checkpoint
from engine.information.divergence import EXACT, Trace
from engine.information.flow import FlowModel
from engine.information.likelihood import Integration
from engine.information.log_mel import Whitening
from engine.information.mixture import MixtureModel
from engine.information.model import InformationModel, Noise

DIM = 6
TRUNK = {"dim": 16, "depth": 1, "heads": 1, "dim_head": 32, "longest": 64}
QUICK = Integration(steps=3)


@pytest.fixture(scope="module")
def flow() -> Checkpoint:
    torch.manual_seed(0)
    network = FlowModel(DIM, head_dim=48, **TRUNK)
    network.diff_mlp = random_network(DIM, 16)
    return Checkpoint(network.requires_grad_(False).eval(), checkpoints.FLOW, latent_kinds.LOG_MEL)


@pytest.fixture(scope="module")
def mixture() -> Checkpoint:
    torch.manual_seed(0)
    network = MixtureModel(DIM, 2, **TRUNK).requires_grad_(False).eval()
    return Checkpoint(network, checkpoints.MIXTURE, latent_kinds.MUSIC2LATENT)


def sequences(*lengths: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.standard_normal((length, DIM)).astype(np.float32) for length in lengths]


KINDS = [Noise((0.0, 0.5)), Noise((0.3,), monte_carlo=4), Noise((0.7, 0.2), from_expectation=False)]


@pytest.mark.parametrize("noise", KINDS)
def test_a_sequence_does_not_depend_on_its_neighbours(flow, noise, monkeypatch):
    informed = InformationModel(flow, integration=QUICK)
    pieces = sequences(20, 0, 7, 1, 33)
    together = informed.information(pieces, noise)
    for piece, found in zip(pieces, together, strict=True):
        assert found.shape == (len(noise.levels), len(piece))
        (alone,) = informed.information([piece], noise)
        assert np.array_equal(np.isnan(found), np.isnan(alone))
        np.testing.assert_allclose(found, alone, atol=1e-4)
        assert np.isnan(found[:, :1]).all()
        assert np.isfinite(found[:, 1:]).all()
    monkeypatch.setattr(model, "TRUNK_FRAMES", 25)
    for found, batched in zip(together, informed.information(pieces, noise), strict=True):
        np.testing.assert_allclose(found, batched, atol=1e-4)


@pytest.mark.parametrize("solver", [solvers.ADAPTIVE, solvers.SCIPY])
def test_solvers_that_choose_their_steps_see_one_sequence(flow, solver):
    """Coarse tolerances, so that the steps are few and those of others would be seen."""
    chosen = Integration(solver, divergence=Trace(EXACT), options={"rtol": 0.1, "atol": 0.1})
    informed = InformationModel(flow, integration=chosen)
    pieces = sequences(20, 0, 33)
    pieces[2] *= 4
    for piece, found in zip(pieces, informed.information(pieces), strict=True):
        assert np.array_equal(found, informed.information([piece])[0], equal_nan=True)


def test_seeds_change_the_estimate_and_repeat_it(flow):
    pieces = sequences(20)
    first, again, other = (
        InformationModel(flow, integration=QUICK, seed=seed).information(pieces)[0]
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again, equal_nan=True)
    assert np.abs(first - other)[0, 1:].min() > 0


def test_expected_noise_scales_frames_and_contexts(flow):
    """Level s is the clean information of (1 - s) x, from time 1 - s on."""
    exact = Integration(steps=8, divergence=Trace(EXACT))
    informed = InformationModel(flow, integration=exact)
    (piece,) = sequences(12)
    both = informed.information([piece], Noise((0.0, 0.4)))[0]
    context = flow.model.backbone(torch.from_numpy(0.6 * piece)[None])[0, :-1]
    log_p = likelihood.log_likelihood(
        informed._field, torch.from_numpy(0.6 * piece[1:]), context,
        torch.zeros(11, dtype=torch.int64), exact, (0.6,),
    )  # fmt: skip
    np.testing.assert_allclose(both[1, 1:], -log_p[0], atol=1e-4)
    clean = informed.information([piece])[0]
    assert np.array_equal(both[:1], clean, equal_nan=True)


def test_at_full_noise_all_frames_are_equal(flow):
    (found,) = InformationModel(flow, integration=QUICK).information(sequences(9), Noise((1.0,)))
    normal = 0.5 * DIM * np.log(2 * np.pi)
    np.testing.assert_allclose(found[0, 1:], normal, rtol=1e-6)


def test_many_draws_come_near_the_expectation(flow):
    exact = Integration(steps=8, divergence=Trace(EXACT))
    informed = InformationModel(flow, integration=exact)
    pieces = sequences(30)
    expected = informed.information(pieces, Noise((0.3,)))[0][0, 1:]
    errors = [
        np.abs(informed.information(pieces, Noise((0.3,), draws))[0][0, 1:] - expected).mean()
        for draws in (1, 10_000)
    ]
    assert errors[1] < 0.05 * errors[0]


def test_points_of_the_flow_begin_with_the_data(flow):
    exact = Integration(steps=8, divergence=Trace(EXACT))
    informed = InformationModel(flow, integration=exact)
    pieces = sequences(15)
    points = informed.information(pieces, Noise((0.5, 0.0), None, False))[0]
    clean = informed.information(pieces)[0]
    np.testing.assert_allclose(points[1, 1:], clean[0, 1:], atol=1e-4)
    assert np.abs(points[0, 1:] - clean[0, 1:]).min() > 0


def test_a_mixture_gives_its_likelihoods_and_has_no_noise_levels(mixture):
    informed = InformationModel(mixture)
    pieces = sequences(10, 1, 4)
    for piece, found in zip(pieces, informed.information(pieces), strict=True):
        loss = mixture.model.loss(torch.from_numpy(piece)[None])[0]
        np.testing.assert_allclose(found[0, 1:], loss, atol=1e-4)
    assert informed.has_closed_form
    with pytest.raises(ValueError, match="no noise levels"):
        informed.information(pieces, Noise((0.0, 0.3)))


def test_layer_normalised_latents_have_a_default_of_their_own(flow):
    sphere = Checkpoint(flow.model, flow.kind, latent_kinds.NOISE_AUGMENTED)
    assert InformationModel(sphere).integration == likelihood.FAST_ON_SPHERE
    assert InformationModel(flow).integration == likelihood.FAST


def test_log_mel_frames_are_whitened_and_others_are_not(flow):
    whitening = Whitening(np.ones(9, np.float32), np.eye(9, DIM, dtype=np.float32) * 2)
    resident = Checkpoint(flow.model, flow.kind, latent_kinds.LOG_MEL, whitening)
    frames = np.random.default_rng(0).standard_normal((4, 9)).astype(np.float16)
    expected = (frames.astype(np.float32)[:, :DIM] - 1) * 2
    np.testing.assert_allclose(InformationModel(resident).latents_of(frames), expected)
    assert np.array_equal(InformationModel(flow).latents_of(expected), expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"levels": ()}, "between 0 and 1"),
        ({"levels": (0.0, 1.5)}, "between 0 and 1"),
        ({"levels": (0.3, 0.3)}, "repeat"),
        ({"levels": (1e-20, 0.0)}, "differ by 1e-06 or more"),
        ({"levels": (0.5, 0.50000001), "from_expectation": False}, "differ by 1e-06"),
        ({"monte_carlo": 0}, "at least 1"),
        ({"monte_carlo": 2, "from_expectation": False}, "not of the flow"),
    ],
)
def test_noise_is_checked(arguments, words):
    with pytest.raises(ValueError, match=words):
        Noise(**arguments)
