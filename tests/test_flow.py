"""The velocity network and the flow model: the published layout, and the loss."""

import pytest
import torch
from patterned import fill, pattern

from engine.information.flow import FlowModel, VelocityNetwork

# DiffusionMLPContext(input_dim=96, output_dim=64, cond_dim=32, dim=32, num_layers=2, mlp_mult=4) of
# the published code with the same weights and input: every 53rd value.
GOLDEN = (2.190926, -1.441201, -1.929053, 0.50494, 0.414361, -0.146695)


def test_velocity_equals_the_published_network():
    network = VelocityNetwork(64, 32, 32, 2, 32)
    fill(network)
    with torch.no_grad():
        velocity = network(pattern(5, 64), torch.full((5,), 0.3), pattern(5, 32))
    torch.testing.assert_close(
        velocity.flatten()[::53][:6], torch.tensor(GOLDEN), atol=1e-4, rtol=0
    )


def test_sizes_are_the_published_ones():
    model = FlowModel()
    count = {name: sum(p.numel() for p in part.parameters()) for name, part in
             (("head", model.diff_mlp), ("trunk", model.backbone))}  # fmt: skip
    assert count == {"head": 4_099_648, "trunk": 12_621_056}


def test_the_loss_of_the_true_velocity_is_zero():
    """A network that knows x and ε has no error; one that says 0 has that of x - ε."""
    torch.manual_seed(0)
    model = FlowModel(4, head_blocks=1, dim=16, depth=1, heads=1, dim_head=32)
    latents = torch.randn(3, 20, 4)

    class Knowing(torch.nn.Module):
        def forward(self, mixed, times, context):
            x = latents[:, 1:]
            noise = (mixed - times[..., None] * x) / (1 - times[..., None])
            return x - noise

    class Silent(torch.nn.Module):
        def forward(self, mixed, times, context):
            return torch.zeros_like(mixed)

    model.diff_mlp = Knowing()
    assert model.loss(latents, 5).shape == (5, 3, 19)
    assert model.loss(latents, 5).mean() < 1e-3
    model.diff_mlp = Silent()
    expected = (latents[:, 1:] ** 2).sum(-1).mean() + 4
    assert model.loss(latents, 200).mean() == pytest.approx(float(expected), rel=0.02)


def test_training_lowers_the_loss():
    torch.manual_seed(0)
    model = FlowModel(2, head_dim=32, head_blocks=2, dim=16, depth=1, heads=1, dim_head=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    # A walk around a circle: the next frame follows from the last one.
    angles = torch.arange(32) * 0.7 + torch.rand(16, 1) * 6.28
    latents = torch.stack((angles.cos(), angles.sin()), -1)
    losses = []
    for _ in range(60):
        loss = model.loss(latents, 4).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
