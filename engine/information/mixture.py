"""AudioIC: a causal transformer that predicts a mixture of Gaussians for the next frame.

Source: M. R. Bjare et al., arXiv 2501.07474; the layout is that of `gmm.pt` in the PyPI package
audioic 0.1.3. The trunk's output holds, per mode: mean [D], raw variance [D], raw weight. A
variance is the softplus of the raw one, the weights are a softmax over the modes.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.information.transformer import CausalTransformer, contexts


def modes_of(dim_out: int, dim_data: int) -> int:
    """Number of modes that outputs of this size hold. Raises ValueError for a size with a rest."""
    modes, rest = divmod(dim_out, 2 * dim_data + 1)
    if rest or modes < 1:
        raise ValueError(f"{dim_out} outputs are no whole number of modes of {dim_data} dimensions")
    return modes


def mixture_log_density(parameters: Tensor, x: Tensor) -> Tensor:
    """log p(x) in nats, [...], of x [..., D] under mixtures given as [..., modes * (2 D + 1)]."""
    dim = x.shape[-1]
    per_mode = parameters.unflatten(-1, (modes_of(parameters.shape[-1], dim), 2 * dim + 1))
    mean, raw_variance, raw_weight = per_mode.split((dim, dim, 1), dim=-1)
    variance = functional.softplus(raw_variance)
    squares = (x[..., None, :] - mean) ** 2 / variance
    log_normal = -0.5 * (squares + variance.log() + math.log(2 * math.pi)).sum(-1)
    return (raw_weight.squeeze(-1).log_softmax(-1) + log_normal).logsumexp(-1)


class MixtureModel(nn.Module):
    """p(x_t | x_<t) in closed form; latents are [T, D]."""

    def __init__(self, dim_data: int = 64, modes: int = 32, longest: int = 4600, **trunk):
        super().__init__()
        self.longest = longest
        self.model = CausalTransformer(dim_data, modes * (2 * dim_data + 1), **trunk)

    def loss(self, latents: Tensor) -> Tensor:
        """-log p of every frame but the first, in nats: [batch, T, D] → [batch, T - 1]."""
        parameters = self.model(latents[:, :-1]).float()  # densities need it, whatever products do
        return -mixture_log_density(parameters, latents[:, 1:])

    @torch.no_grad()
    def log_likelihood(self, sequences: Sequence[Tensor]) -> list[Tensor]:
        """log p(x_t | x_<t) of each sequence [T, D], in nats, float32 [T - 1].

        Sequences are taken one by one: 32 modes of 64 dimensions are 16 kB a frame.
        """
        return [
            mixture_log_density(contexts(self.model, [sequence], self.longest)[0], sequence[1:])
            for sequence in sequences
        ]
