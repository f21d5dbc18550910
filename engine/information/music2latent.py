"""Music2Latent: spectrogram → latents, and back through a consistency model.

Source and layout: see music2latent_layers.py. Two variants differ in the bottleneck: tanh, or the
LayerNorm of the noise-augmented one (arXiv 2511.05350). 58.2 M parameters, 16.3 M in the encoder.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.information.music2latent_layers import (
    Down,
    FrequencyDown,
    FrequencyGain,
    FrequencyUp,
    LayerNormBottleneck,
    ResidualBlock,
    Up,
    group_norm,
)

FREQUENCIES = 1024  # of a spectrogram: 2 channels, real and imaginary
DIMENSIONS = 64  # of a latent
SIGMA_RESCALE = 0.06  # standard deviation of the bottleneck: latents are divided by it
PER_LATENT = 8  # moments of the spectrogram in one latent frame
CHANNELS = (64, 128, 256, 256, 256)  # by level, finest first
ATTENTION = (False, False, True, True, True)
BLOCKS = 2  # per level of the U-Net; encoder and decoder have 1
BOTTLENECK, BOTTLENECK_BLOCKS = 512, 4
DIM_NOISE = 256
LONGEST_PERIOD = 10_000  # of the noise level's sinusoids
SIGMA_DATA, SIGMA_MIN, SIGMA_MAX, RHO = 0.5, 0.002, 80.0, 7.0
_COARSEST = FREQUENCIES // 4 // 2 // 2 // 2  # frequencies after the four reductions
_LEVELS = range(len(CHANNELS))


class Encoder(nn.Module):
    """Spectrogram [batch, 2, 1024, 8 T] → latents before scaling [batch, 64, T]."""

    def __init__(self, noise_augmented: bool):
        super().__init__()
        self.gain = FrequencyGain(FREQUENCIES)
        self.conv_inp = nn.Conv2d(2, CHANNELS[0], 3, padding=1)
        self.down_layers = nn.ModuleList()
        channels = CHANNELS[0]
        for level in _LEVELS:
            block = ResidualBlock(channels, CHANNELS[level], attention=ATTENTION[level])
            self.down_layers.append(block)
            channels = CHANNELS[level]
            if level < _LEVELS[-1]:
                smaller = FrequencyDown if level == 0 else Down
                self.down_layers.append(smaller(channels, channels, normed=True))
        self.prenorm_1d_to_2d = group_norm(channels)
        self.bottleneck_layers = nn.ModuleList([nn.Conv1d(channels * _COARSEST, BOTTLENECK, 1)])
        for _ in range(BOTTLENECK_BLOCKS):
            self.bottleneck_layers.append(ResidualBlock(BOTTLENECK, BOTTLENECK, is_map=False))
        self.norm_out = group_norm(BOTTLENECK)
        self.conv_out = nn.Conv1d(BOTTLENECK, DIMENSIONS, 1)
        self.activation_bottleneck = (
            LayerNormBottleneck(DIMENSIONS, SIGMA_RESCALE) if noise_augmented else nn.Tanh()
        )

    def features(self, x: Tensor) -> Tensor:
        """What enters the bottleneck, [batch, 8192, T]."""
        x = self.gain(self.conv_inp(x))
        for layer in self.down_layers:
            x = layer(x)
        return self.prenorm_1d_to_2d(x).flatten(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        for layer in self.bottleneck_layers:
            x = layer(x)
        x = self.conv_out(functional.silu(self.norm_out(x)))
        return self.activation_bottleneck(x.float())


class Decoder(nn.Module):
    """Latents before scaling [batch, 64, T] → a map for each level of the U-Net, finest first."""

    def __init__(self) -> None:
        super().__init__()
        channels = CHANNELS[-1]
        self.conv_inp = nn.Conv1d(DIMENSIONS, BOTTLENECK, 1)
        self.bottleneck_layers = nn.ModuleList(
            ResidualBlock(BOTTLENECK, BOTTLENECK, DIM_NOISE, is_map=False)
            for _ in range(BOTTLENECK_BLOCKS)
        )
        self.conv_out_bottleneck = nn.Conv1d(BOTTLENECK, channels * _COARSEST, 1)
        self.up_layers = nn.ModuleList()
        for level in reversed(_LEVELS):
            self.up_layers.append(ResidualBlock(channels, channels, attention=ATTENTION[level]))
            if level > 0:
                larger = FrequencyUp if level == 1 else Up
                self.up_layers.append(larger(channels, CHANNELS[level - 1]))
                channels = CHANNELS[level - 1]

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.conv_inp(x)
        for layer in self.bottleneck_layers:
            x = layer(x)
        x = self.conv_out_bottleneck(x).unflatten(1, (_COARSEST, -1)).transpose(1, 2)
        pyramid = []
        for layer in self.up_layers:
            x = layer(x)
            if isinstance(layer, ResidualBlock):
                pyramid.insert(0, x)
        return pyramid


class Music2Latent(nn.Module):
    """Encoder, decoder, and the U-Net that turns noise into a spectrogram."""

    def __init__(self, noise_augmented: bool = False):
        super().__init__()
        self.encoder, self.decoder = Encoder(noise_augmented), Decoder()
        self.emb_proj = _perceptron()
        self.scale_inp = _perceptron(nn.Linear(DIM_NOISE, FREQUENCIES))
        self.scale_out = _perceptron(nn.Linear(DIM_NOISE, FREQUENCIES))
        channels = CHANNELS[0]
        self.conv_inp = nn.Conv2d(2, channels, 3, padding=1)
        self.down_layers, self.up_layers = nn.ModuleList(), nn.ModuleList()
        for level in _LEVELS:
            self.down_layers.extend(_told_blocks(channels, ATTENTION[level]))
            if level < _LEVELS[-1]:
                smaller = FrequencyDown if level == 0 else Down
                self.down_layers.append(smaller(channels, CHANNELS[level + 1], normed=False))
                channels = CHANNELS[level + 1]
        for level in reversed(_LEVELS):
            self.up_layers.extend(_told_blocks(channels, ATTENTION[level]))
            if level > 0:
                larger = FrequencyUp if level == 1 else Up
                self.up_layers.append(larger(channels, CHANNELS[level - 1]))
                channels = CHANNELS[level - 1]
        self.conv_decoded = nn.Conv2d(channels, channels, 1)
        self.norm_out = group_norm(channels)
        self.conv_out = nn.Conv2d(channels, 2, 3, padding=1)

    def forward(self, pyramid: list[Tensor], noisy: Tensor, sigma: float) -> Tensor:
        """The spectrogram that `noisy` [batch, 2, 1024, 8 T] of noise level sigma stands for."""
        angles = math.log(sigma) / 4 * _frequencies(noisy.device)
        features = torch.cat((angles.sin(), angles.cos()))[None]
        noise = self.emb_proj(features)
        x = self.conv_inp(noisy / math.hypot(sigma, SIGMA_DATA))
        x = x * (1 + self.scale_inp(features).reshape(1, 1, -1, 1))
        x = self._upwards(self._downwards(x, pyramid, noise), pyramid, noise)
        x = (x + self.conv_decoded(pyramid[0])) / math.sqrt(2)
        x = functional.silu(self.norm_out(x)) * (1 + self.scale_out(features).reshape(1, 1, -1, 1))
        above = sigma - SIGMA_MIN
        kept = SIGMA_DATA**2 / (above**2 + SIGMA_DATA**2)
        return kept * noisy + SIGMA_DATA * above / math.hypot(sigma, SIGMA_DATA) * self.conv_out(x)

    def _downwards(self, x: Tensor, pyramid: list[Tensor], noise: Tensor) -> list[Tensor]:
        """The maps after each block; the last one is the coarsest."""
        layers, skips = iter(self.down_layers), []
        for level, decoded in enumerate(pyramid):
            for _ in range(BLOCKS):
                x = (x + next(layers)(decoded)) / math.sqrt(2)
                x = next(layers)(x, noise)
                skips.append(x)
            if level < _LEVELS[-1]:
                x = next(layers)(x)
        return skips

    def _upwards(self, skips: list[Tensor], pyramid: list[Tensor], noise: Tensor) -> Tensor:
        layers, x = iter(self.up_layers), skips[-1]
        for level in reversed(_LEVELS):
            for _ in range(BLOCKS):
                x = (x + skips.pop() + next(layers)(pyramid[level])) / math.sqrt(3)
                x = next(layers)(x, noise)
            if level > 0:
                x = next(layers)(x)
        return x


def _told_blocks(channels: int, attention: bool) -> list[nn.Module]:
    """Per block, the map that takes in the decoder's level, and the block."""
    layers: list[nn.Module] = []
    for _ in range(BLOCKS):
        layers.append(nn.Conv2d(channels, channels, 1))
        layers.append(ResidualBlock(channels, channels, DIM_NOISE, attention))
    return layers


def _perceptron(*last: nn.Module) -> nn.Sequential:
    layers = (nn.Linear(DIM_NOISE, DIM_NOISE), nn.SiLU(), nn.Linear(DIM_NOISE, DIM_NOISE))
    return nn.Sequential(*layers, nn.SiLU(), *last)


def _frequencies(device: torch.device) -> Tensor:
    """Of the noise level's sinusoids, [128], falling from 1 to 1 / LONGEST_PERIOD."""
    exponents = torch.arange(DIM_NOISE // 2, device=device) / (DIM_NOISE // 2 - 1)
    return LONGEST_PERIOD**-exponents
