"""The layers of Music2Latent, named and shaped as in the published checkpoints.

Source: M. Pasini et al., "Music2Latent: consistency autoencoders for latent audio compression",
arXiv 2408.06500; layout of the PyPI package music2latent 0.1.8. Maps are [batch, channels,
frequency, time], sequences [batch, channels, time].
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

HEADS = 4  # of every attention
MOST_GROUPS = 32  # of a group norm; of channels in a group, at least 4
SHRINK = 4  # of the frequency axis, where only that is resampled


def group_norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(min(channels // 4, MOST_GROUPS), channels)


class FrequencyGain(nn.Module):
    """One learned factor per frequency."""

    def __init__(self, frequencies: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, 1, frequencies, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class FrequencyAttention(nn.Module):
    """Self-attention along the frequencies of each moment, around a residual."""

    def __init__(self, channels: int):
        super().__init__()
        self.mha = nn.MultiheadAttention(channels, HEADS, batch_first=True)
        self.norm = group_norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        batch, _, _, moments = x.shape
        columns = self.norm(x).permute(0, 3, 2, 1).flatten(0, 1)  # [batch * time, frequency, C]
        attended, _ = self.mha(columns, columns, columns, need_weights=False)
        return x + attended.unflatten(0, (batch, moments)).permute(0, 3, 2, 1)


class ResidualBlock(nn.Module):
    """Two normed convolutions around a residual, told the noise level where it is given one.

    The decoder's blocks have the weights for that and are given none, as they were trained.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        dim_noise: int | None = None,
        attention: bool = False,
        is_map: bool = True,
    ):
        super().__init__()
        convolution = nn.Conv2d if is_map else nn.Conv1d
        self.conv1 = convolution(channels, out_channels, 3, padding=1)
        self.conv2 = convolution(out_channels, out_channels, 3, padding=1)
        same = channels == out_channels
        self.res_conv = nn.Identity() if same else convolution(channels, out_channels, 1)
        self.norm1, self.norm2 = group_norm(channels), group_norm(out_channels)
        self.proj_emb = None if dim_noise is None else nn.Linear(dim_noise, out_channels)
        self.att = FrequencyAttention(out_channels) if attention else None

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        inner = self.conv1(functional.silu(self.norm1(x), inplace=True))
        if noise is not None:
            told = self.proj_emb(noise)
            inner = inner + told.reshape(*told.shape, *(1,) * (inner.ndim - 2))
        inner = self.conv2(functional.silu(self.norm2(inner), inplace=True))
        inner += self.res_conv(x)
        return inner if self.att is None else self.att(inner)


class Down(nn.Module):
    """Halve both axes."""

    def __init__(self, channels: int, out_channels: int, normed: bool):
        super().__init__()
        self.norm = group_norm(channels) if normed else None
        self.c = nn.Conv2d(channels, out_channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.c(x if self.norm is None else self.norm(x))


class FrequencyDown(nn.Module):
    """A quarter of the frequencies."""

    def __init__(self, channels: int, out_channels: int, normed: bool):
        super().__init__()
        self.norm = group_norm(channels) if normed else None
        self.c = nn.Conv2d(channels, out_channels, (5, 1), stride=(SHRINK, 1), padding=(2, 0))

    def forward(self, x: Tensor) -> Tensor:
        return self.c(x if self.norm is None else self.norm(x))


class Up(nn.Module):
    """Double both axes."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.c = nn.Conv2d(channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.c(functional.interpolate(x, scale_factor=2.0, mode="nearest"))


class FrequencyUp(nn.Module):
    """Four times the frequencies."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.c = nn.Conv2d(channels, out_channels, (5, 1), padding=(2, 0))

    def forward(self, x: Tensor) -> Tensor:
        return self.c(functional.interpolate(x, scale_factor=(float(SHRINK), 1.0), mode="nearest"))


class LayerNormBottleneck(nn.Module):
    """The noise-augmented variant's bottleneck: every frame on a sphere."""

    def __init__(self, channels: int, gain: float):
        super().__init__()
        self.l = nn.LayerNorm(channels)
        nn.init.constant_(self.l.weight, gain)

    def forward(self, x: Tensor) -> Tensor:
        return self.l(x.transpose(1, 2)).transpose(1, 2)
