"""Random signs for trace estimates, as a function of what they are for.

The signs of one frame depend on the seed, the frame's key, the evaluation and the probe, and on
nothing else: the same on every device, however frames are batched or chunked.
"""

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


def signs(
    keys: Tensor, evaluation: int, probes: int, dim: int, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Rademacher probes [probes, N, dim] of the frames with these keys, for one evaluation."""
    words = -(-dim // WORD)
    count = probes * words
    numbers = torch.arange(1, count + 1, device=keys.device) + evaluation * count
    hashes = mixed(keys[:, None] + mixed(numbers * _STEP))  # [N, probes * words]
    bits = (hashes[..., None] >> torch.arange(WORD, device=keys.device)) & 1
    flat = bits.unflatten(1, (probes, words)).flatten(2)[..., :dim]
    return flat.transpose(0, 1).to(dtype).mul_(2).sub_(1)
