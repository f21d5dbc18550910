"""The causal transformer that turns past latent frames into a context for the next one.

Parameters are named and shaped as in x-transformers 1.42 (`ContinuousTransformerWrapper` around a
`Decoder` with rotary positions), so that published checkpoints load strictly. The architecture:
pre-norm blocks, LayerNorm with a gain and no bias, no bias in the attention, GELU feed-forward,
rotation of the first half of each head (J. Su et al., "RoFormer", arXiv 2104.09864).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LARGEST_BASE = 10_000  # of the rotary wavelengths, in frames
FEWEST_ROTARY = 32  # dimensions of a head that are rotated, at least


class Norm(nn.Module):
    """LayerNorm without a bias; `gamma` is what its gain has more than 1."""

    def __init__(self, dim: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.gamma.shape, 1 + self.gamma)


class Rotary(nn.Module):
    """Angles by which pairs of neighbouring dimensions turn with the position."""

    inv_freq: Tensor

    def __init__(self, dim: int):
        super().__init__()
        self.register_buffer("inv_freq", LARGEST_BASE ** -(torch.arange(0, dim, 2) / dim))

    def forward(self, length: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines, each [length, dim / 2]."""
        positions = torch.arange(length, device=self.inv_freq.device, dtype=self.inv_freq.dtype)
        angles = positions[:, None] * self.inv_freq
        return angles.cos(), angles.sin()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn the leading pairs of [..., length, dim]; the rest of the dimensions stay."""
    turned = 2 * cosines.shape[-1]
    even, odd = x[..., :turned:2], x[..., 1:turned:2]
    pairs = torch.stack((even * cosines - odd * sines, odd * cosines + even * sines), dim=-1)
    return torch.cat((pairs.flatten(-2), x[..., turned:]), dim=-1)


class Attention(nn.Module):
    """Causal self-attention."""

    def __init__(self, dim: int, heads: int, dim_head: int):
        super().__init__()
        self.heads = heads
        inner = heads * dim_head
        self.to_q = nn.Linear(dim, inner, bias=False)
        self.to_k = nn.Linear(dim, inner, bias=False)
        self.to_v = nn.Linear(dim, inner, bias=False)
        self.to_out = nn.Linear(inner, dim, bias=False)

    def forward(self, x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        q, k, v = (
            project(x).unflatten(-1, (self.heads, -1)).transpose(-2, -3)
            for project in (self.to_q, self.to_k, self.to_v)
        )
        q, k = rotate(q, cosines, sines), rotate(k, cosines, sines)
        attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.to_out(attended.transpose(-2, -3).flatten(-2))


class FeedForward(nn.Module):
    """Two layers with a GELU between them."""

    def __init__(self, dim: int, multiple: int, dropout: float):
        super().__init__()
        inner = dim * multiple
        self.ff = nn.Sequential(
            nn.Sequential(nn.Linear(dim, inner), nn.GELU()),
            nn.Dropout(dropout),
            nn.Linear(inner, dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.ff(x)


class Layers(nn.Module):
    """Attention and feed-forward in turn, each after a norm and around a residual."""

    def __init__(self, dim: int, depth: int, heads: int, dim_head: int, multiple: int, drop: float):
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(depth):
            attention = Attention(dim, heads, dim_head)
            for block in (attention, FeedForward(dim, multiple, drop)):
                self.layers.append(nn.ModuleList([nn.ModuleList([Norm(dim)]), block]))
        self.rotary_pos_emb = Rotary(min(dim_head, max(dim_head // 2, FEWEST_ROTARY)))
        self.final_norm = Norm(dim)

    def forward(self, x: Tensor) -> Tensor:
        angles = self.rotary_pos_emb(x.shape[-2])
        for (norm,), block in self.layers:
            x = x + (block(norm(x), *angles) if isinstance(block, Attention) else block(norm(x)))
        return self.final_norm(x)


class CausalTransformer(nn.Module):
    """Frames [batch, T, dim_in] → states [batch, T, dim_out or dim]; a state knows no later frame.

    Since it is causal, sequences of different lengths may share a batch, filled up at their ends:
    the filling changes nothing before it.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int | None = None,
        dim: int = 256,
        depth: int = 12,
        heads: int = 8,
        dim_head: int = 64,
        multiple: int = 4,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.attn_layers = Layers(dim, depth, heads, dim_head, multiple, dropout)
        self.project_in = nn.Linear(dim_in, dim, bias=False)
        self.project_out = nn.Identity() if dim_out is None else nn.Linear(dim, dim_out, bias=False)
        self.emb_dropout = nn.Dropout(dropout)
        self.dim_out = dim_out or dim

    def forward(self, x: Tensor) -> Tensor:
        return self.project_out(self.attn_layers(self.emb_dropout(self.project_in(x))))


def contexts(trunk: CausalTransformer, sequences: Sequence[Tensor], longest: int) -> list[Tensor]:
    """What the trunk makes of the frames before each frame but the first, [T - 1, dim] each.

    Sequences longer than `longest`, for which the trunk was trained, are read in windows of that
    length that overlap by half: every frame past the first window has at least longest / 2 frames
    of context. One batch holds what is of one length; ends are filled up with zeros.
    """
    windows = [
        (number, start, sequence[start : start + longest])
        for number, sequence in enumerate(sequences)
        for start in window_starts(len(sequence) - 1, longest)
    ]
    found = [[sequence.new_zeros(0, trunk.dim_out)] for sequence in sequences]
    if not windows:
        return [parts[0] for parts in found]
    filled = nn.utils.rnn.pad_sequence([window for _, _, window in windows], batch_first=True)
    states = trunk(filled)
    for (number, start, window), state in zip(windows, states, strict=True):
        known = longest // 2 if start else 0  # what the window before has given
        usable = min(len(window), len(sequences[number]) - 1 - start)
        found[number].append(state[known:usable])
    return [torch.cat(parts) for parts in found]


def window_starts(length: int, longest: int) -> range:
    """Starts of windows of `longest` that overlap by half and cover `length` frames."""
    if length <= 0:
        return range(0)
    hop = longest - longest // 2
    return range(0, max(1, length - longest // 2), hop)
