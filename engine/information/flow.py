"""PA-AudioIC: a causal transformer and a rectified flow from noise to the next frame.

Sources: M. R. Bjare et al., arXiv 2511.05350 and 2508.05306; X. Liu et al., "Flow straight and
fast", arXiv 2209.03003. Layout: `pa_rectflow.pt` of the hub's CPJKU/pa-audioic. Times run from
0 (noise) to 1 (data): x_t = t x + (1 - t) ε, and the network predicts x - ε from x_t.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.information.transformer import CausalTransformer

FOURIER_SCALE = 16  # standard deviation of the time features' frequencies, cycles per unit
MULTIPLE = 4  # of the width: gate and value of a block, half each


class FourierTime(nn.Module):
    """Times in [-1, 1] → cosines and sines at random frequencies that never change."""

    freqs: Tensor

    def __init__(self, features: int):
        super().__init__()
        self.register_buffer("freqs", 2 * math.pi * FOURIER_SCALE * torch.randn(features // 2))

    def forward(self, times: Tensor) -> Tensor:
        angles = times[..., None] * self.freqs
        return torch.cat((angles.cos(), angles.sin()), dim=-1)


class TimedNorm(nn.Module):
    """LayerNorm whose gain, and shift where it has one, are set by the time features."""

    def __init__(self, dim: int, dim_time: int, shift: bool):
        super().__init__()
        self.scale_proj = _zeroed(nn.Linear(dim_time, dim))
        self.shift_proj = _zeroed(nn.Linear(dim_time, dim)) if shift else None

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        normed = functional.layer_norm(x, x.shape[-1:]) * (1 + self.scale_proj(time))
        return normed if self.shift_proj is None else normed + self.shift_proj(time)


class GatedFeedForward(nn.Module):
    """Swish-gated linear unit without biases."""

    def __init__(self, dim: int):
        super().__init__()
        self.to_mlp = nn.Linear(dim, dim * MULTIPLE, bias=False)
        self.to_out = _zeroed(nn.Linear(dim * MULTIPLE // 2, dim, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.to_mlp(x).chunk(2, dim=-1)
        return self.to_out(functional.silu(gate) * value)


class Block(nn.Module):
    """One residual block of the velocity network."""

    def __init__(self, dim: int, dim_time: int):
        super().__init__()
        self.ff = GatedFeedForward(dim)
        self.norm = TimedNorm(dim, dim_time, shift=False)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return x + self.ff(self.norm(x, time))


class VelocityNetwork(nn.Module):
    """(x_t [..., D], t [...], context [..., C]) → velocity [..., D]."""

    def __init__(self, dim_data: int, dim_context: int, dim: int, blocks: int, dim_time: int):
        super().__init__()
        self.emb_proj = nn.Sequential(
            nn.Linear(dim_time, dim_time),
            nn.SiLU(),
            nn.Linear(dim_time, dim_time),
            nn.SiLU(),
            nn.Linear(dim_time, dim_time),
            nn.SiLU(),
        )
        self.time_emb = FourierTime(dim_time)
        self.linear_input = nn.Linear(dim_data + dim_context, dim)
        self.norm_output = TimedNorm(dim, dim_time, shift=True)
        self.linear_output = nn.Linear(dim, dim_data)
        self.layers = nn.ModuleList(Block(dim, dim_time) for _ in range(blocks))

    def time_features(self, times: Tensor) -> Tensor:
        """What every norm gets of the time: [...] → [..., dim_time]."""
        return self.emb_proj(self.time_emb(2 * times - 1))

    def forward(self, x: Tensor, times: Tensor, context: Tensor) -> Tensor:
        time = self.time_features(times)
        hidden = self.linear_input(torch.cat((x, context), dim=-1))
        for block in self.layers:
            hidden = block(hidden, time)
        return self.linear_output(self.norm_output(hidden, time))


class FlowModel(nn.Module):
    """Trunk and velocity network; the first frame of a sequence has no context and no likelihood.

    The width of the velocity network is the trunk's where it is not given.
    """

    def __init__(
        self,
        dim_data: int = 64,
        longest: int = 4600,
        head_dim: int | None = None,
        head_blocks: int = 8,
        head_time: int | None = None,
        **trunk,
    ):
        super().__init__()
        self.longest = longest
        self.backbone = CausalTransformer(dim_data, **trunk)
        context = self.backbone.dim_out
        self.diff_mlp = VelocityNetwork(
            dim_data, context, head_dim or context, head_blocks, head_time or context
        )

    def loss(self, latents: Tensor, draws: int = 1) -> Tensor:
        """Squared error of the velocity at random times, [draws, batch, T - 1].

        Several draws of time and noise share one pass of the trunk, which costs most. Each has its
        own part of the time, so that together they see all of it.
        """
        context = self.backbone(latents[:, :-1]).expand(draws, -1, -1, -1)
        x = latents[:, 1:].expand(draws, -1, -1, -1)
        parts = torch.arange(draws, device=x.device)[:, None, None]
        times = (parts + torch.rand(x.shape[:-1], device=x.device)) / draws
        noise = torch.randn(x.shape, device=x.device)
        mixed = times[..., None] * x + (1 - times[..., None]) * noise
        return ((x - noise - self.diff_mlp(mixed, times, context)) ** 2).sum(-1)


def _zeroed(layer: nn.Linear) -> nn.Linear:
    """Start from the identity: a block adds nothing until it has learned to."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
