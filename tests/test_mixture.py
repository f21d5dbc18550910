"""The mixture of Gaussians: its density, and the published model."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from patterned import pattern

from engine.information.checkpoints import MIXTURE, load_gmm
from engine.information.latent_kinds import MUSIC2LATENT
from engine.information.mixture import MixtureModel, mixture_log_density, modes_of

# -log p of frames 1, 9, 17 … of pattern(50, 64), by x-transformers 1.42.0 and torch.distributions
# with the weights of gmm.pt.
GOLDEN = (75.629036, 74.682419, 80.122742, 72.275314, 78.673798, 68.647087)


@pytest.fixture
def model() -> MixtureModel:
    torch.manual_seed(0)
    small = MixtureModel(4, modes=3, longest=16, dim=16, depth=1, heads=1, dim_head=32)
    return small.requires_grad_(False).eval()


def test_density_is_that_of_the_distribution():
    torch.manual_seed(0)
    parameters, x = torch.randn(5, 3 * 9), torch.randn(5, 4)
    per_mode = parameters.reshape(5, 3, 9)
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=per_mode[..., 8]),
        torch.distributions.Independent(
            torch.distributions.Normal(
                per_mode[..., :4], torch.nn.functional.softplus(per_mode[..., 4:8]).sqrt()
            ),
            1,
        ),
    )
    torch.testing.assert_close(mixture_log_density(parameters, x), mixture.log_prob(x))


def test_density_integrates_to_one():
    torch.manual_seed(1)
    axis = torch.arange(-12, 12, 0.1)
    grid = torch.cartesian_prod(axis, axis)
    density = mixture_log_density(torch.randn(1, 20).expand(len(grid), -1), grid).exp()
    assert abs(density.sum() * 0.01 - 1) < 1e-3


def test_sizes_of_no_mixture_are_refused():
    assert modes_of(4128, 64) == 32
    for size in (4127, 0, 128):
        with pytest.raises(ValueError, match="no whole number of modes"):
            modes_of(size, 64)


def test_likelihood_is_the_loss_of_the_same_frames(model):
    pieces = [torch.randn(length, 4) for length in (16, 5, 1)]
    for piece, log_p in zip(pieces, model.log_likelihood(pieces), strict=True):
        torch.testing.assert_close(log_p, -model.loss(piece[None])[0], atol=1e-5, rtol=0)


def test_the_last_frame_has_a_likelihood_of_its_own(model):
    piece = torch.randn(10, 4)
    other = piece.clone()
    other[-1] += 1
    (first,), (second,) = model.log_likelihood([piece]), model.log_likelihood([other])
    assert torch.equal(first[:-1], second[:-1])
    assert first[-1] != second[-1]


@pytest.fixture(scope="module")
def published() -> Path:
    """gmm.pt of the installed package, of which nothing is imported."""
    package = find_spec("audioic")
    if package is None:
        pytest.skip("audioic is not installed: pip install --no-deps -r requirements-weights.txt")
    return Path(package.submodule_search_locations[0]) / "gmm.pt"


def test_the_published_model_loads_and_gives_its_likelihoods(published: Path):
    checkpoint = load_gmm(published)
    assert (checkpoint.kind, checkpoint.latents) == (MIXTURE, MUSIC2LATENT)
    assert sum(p.numel() for p in checkpoint.model.parameters()) + 16 == 13_677_840
    (log_p,) = checkpoint.model.log_likelihood([pattern(50, 64)])
    torch.testing.assert_close(-log_p[::8][:6], torch.tensor(GOLDEN), atol=2e-3, rtol=0)
