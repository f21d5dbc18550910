"""Velocity networks and known flows for the tests of information content."""

import math

import torch
from torch import Tensor

from engine.information.fields import FunctionField
from engine.information.flow import VelocityNetwork

torch.set_num_threads(1)  # the networks are small: threads would wait for each other


def random_network(
    dim_data: int = 64, dim_context: int = 32, dim: int = 48, blocks: int = 3, seed: int = 0
) -> VelocityNetwork:
    """A velocity network none of whose layers is zero, as after training."""
    torch.manual_seed(seed)
    network = VelocityNetwork(dim_data, dim_context, dim, blocks, dim_time=32)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
    return network.requires_grad_(False)


class Gaussian:
    """Data of a known normal distribution, whose velocity field has a closed form.

    x_t = t x + (1 - t) ε is normal too, and the velocity is E[x - ε | x_t].
    """

    def __init__(self, dim: int = 8, seed: int = 0):
        generator = torch.Generator().manual_seed(seed)
        root = torch.randn(dim, dim, generator=generator, dtype=torch.float64) / math.sqrt(dim)
        self.dim = dim
        self._identity = torch.eye(dim, dtype=torch.float64)
        self.mean = torch.randn(dim, generator=generator, dtype=torch.float64)
        self.covariance = root @ root.T + 0.3 * self._identity
        self.field = FunctionField(self._velocity, dim)

    def at(self, time: float) -> torch.distributions.MultivariateNormal:
        """The distribution of the state at a time."""
        return torch.distributions.MultivariateNormal(time * self.mean, self._covariance(time))

    def _covariance(self, time: float) -> Tensor:
        return time**2 * self.covariance + (1 - time) ** 2 * self._identity

    def _velocity(self, time: float, x: Tensor, context: Tensor | None) -> Tensor:
        cross = time * self.covariance - (1 - time) * self._identity
        gain = torch.linalg.solve(self._covariance(time), cross)
        mean = self.mean.to(x)
        return mean + (x - time * mean) @ gain.to(x)
