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
BLOCK = 2**18  # values that are added up at a time, in a processor's cache
SHRINK = 4  # of the frequency axis, where only that is resampled


class GroupNorm(nn.GroupNorm):
    """The same with sums that keep small values, where the channels come last.

    PyTorch 2.13 adds the squares of such a map up one by one on a CPU, in float32: beside the few
    loud values of a spectrogram many quiet ones are lost. Over 8 s of music latents move by up to
    1 % of their standard deviation, and by more over longer pieces; with sums of blocks by 0.003 %,
    at no cost (benchmarks/information_cost.py).
    """

    def forward(self, x: Tensor) -> Tensor:
        usual = x.device.type != "cpu" or x.dtype != torch.float32
        if usual or x.ndim != 4 or x.is_contiguous():
            return super().forward(x)
        batch, channels, height, width = x.shape
        sums, squares = x.new_zeros(batch, channels), x.new_zeros(batch, channels)
        for block in x.split(max(1, BLOCK // (channels * width)), dim=2):
            sums += block.sum((2, 3))
            squares += block.square().sum((2, 3))
        count = channels // self.num_groups * height * width
        mean = sums.view(batch, self.num_groups, -1).sum(-1, keepdim=True) / count
        power = squares.view(batch, self.num_groups, -1).sum(-1, keepdim=True) / count
        scale = (power - mean**2 + self.eps).rsqrt() * self.weight.view(self.num_groups, -1)
        shift = self.bias.view(self.num_groups, -1) - mean * scale
        return torch.addcmul(_per_channel(shift), x, _per_channel(scale))


def _per_channel(values: Tensor) -> Tensor:
    """[batch, groups, channels in each] for a map."""
    return values.flatten(1)[:, :, None, None]


def group_norm(channels: int) -> GroupNorm:
    return GroupNorm(min(channels // 4, MOST_GROUPS), channels)


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
