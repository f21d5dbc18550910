"""Weights and inputs that any program can write down: for golden values of published networks."""

import torch
from torch import Tensor, nn

torch.set_num_threads(1)  # the networks are small: threads would wait for each other


def pattern(*shape: int, phase: float = 0.0) -> Tensor:
    """sin(1.7 i + 1e-3 i² mod 7 + phase) over the elements in their order: smooth to nobody."""
    index = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(1.7 * index + (1e-3 * index**2) % 7 + phase).float().reshape(shape)


@torch.no_grad()
def fill(module: nn.Module) -> None:
    """Give every parameter the pattern, those of products with a variance of 1 / inputs.

    The names set the phases, so that a network fills alike in whatever order it lists its layers.
    """
    for name, parameter in module.named_parameters():
        phase = sum(position * ord(letter) for position, letter in enumerate(name)) % 100
        values = pattern(*parameter.shape, phase=phase)
        if parameter.ndim > 1:
            parameter.copy_(values * (2 / parameter[0].numel()) ** 0.5)
        else:
            gain_of_a_norm = name.endswith("weight")
            parameter.copy_(gain_of_a_norm + 0.1 * values)
    for name, buffer in module.named_buffers():
        if name.endswith("freqs"):
            buffer.copy_(100 * pattern(*buffer.shape))
