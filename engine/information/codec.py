"""Audio → Music2Latent's latents and back, in chunks of bounded memory.

Conventions of the published package (music2latent 0.1.8): mono at 44.1 kHz; STFT without padding,
2,048 samples every 512, Hann window, the topmost bin left out; of each bin, the magnitude to the
power 0.65 times 0.34, and the phase. Eight windows make a latent frame of 4,096 samples; samples
at the end that fill no frame are left out. Files longer than a chunk are encoded chunk by chunk,
the last one filled up from the file's start: norms see a whole chunk, as the package has it.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.information.checkpoints import CheckpointError
from engine.information.latent_kinds import MUSIC2LATENT, NOISE_AUGMENTED
from engine.information.music2latent import (
    DIMENSIONS,
    FREQUENCIES,
    PER_LATENT,
    RHO,
    SIGMA_MAX,
    SIGMA_MIN,
    SIGMA_RESCALE,
    Music2Latent,
)

SAMPLE_RATE = 44_100  # Hz
WINDOW, HOP = 2_048, 512  # samples
EXPONENT, FACTOR = 0.65, 0.34  # of magnitudes
CHUNK = 60 * SAMPLE_RATE // HOP // PER_LATENT  # latent frames: 60 s
WEIGHTS = "gen_state_dict"
_BOTTLENECK = "encoder.activation_bottleneck.l.weight"


class Codec:
    """Music2Latent with its weights, on a device."""

    def __init__(
        self,
        network: Music2Latent,
        latents: str,
        device: str | torch.device = "cpu",
        precision: torch.dtype = torch.float32,
    ):
        """`latents` says which variant it is: MUSIC2LATENT or NOISE_AUGMENTED."""
        self.latents = latents
        self._device, self._precision = torch.device(device), precision
        # Channels last: 1.5 times as fast on a CPU in float32, and no faster in bfloat16.
        is_reduced = self._device.type == "cpu" and precision != torch.float32
        layout = torch.contiguous_format if is_reduced else torch.channels_last
        self._network = network.to(self._device, memory_format=layout)
        self._network.requires_grad_(False).eval()

    @property
    def precision(self) -> str:
        """In which the network runs: float32, bfloat16 …"""
        return str(self._precision).removeprefix("torch.")

    def encode(self, samples: np.ndarray, chunk: int = CHUNK) -> np.ndarray:
        """Mono samples at 44.1 kHz → latents, float32 [T, 64].

        Raises ArithmeticError when reduced precision did not do.
        """
        return self._encoded(samples, chunk, self._network.encoder, 1 / SIGMA_RESCALE)

    def features(self, samples: np.ndarray, chunk: int = CHUNK) -> np.ndarray:
        """Mono samples at 44.1 kHz → what enters the bottleneck, float32 [T, 8192]."""
        return self._encoded(samples, chunk, self._network.encoder.features, 1.0)

    @torch.inference_mode()
    def _encoded(self, samples: np.ndarray, chunk: int, network, factor: float) -> np.ndarray:
        frames = latent_frames(len(samples))
        parts: list[np.ndarray] = []
        whole = torch.from_numpy(np.ascontiguousarray(samples, np.float32))
        for piece in _chunks(whole, frames, chunk):
            encoded = self._run(network, piece[None].to(self._device))
            parts.append((encoded[0].float() * factor).T.cpu().numpy())
        if not parts:
            return np.zeros((0, DIMENSIONS), np.float32)
        joined = np.concatenate(parts)[:frames]
        if not np.isfinite(joined).all():
            raise ArithmeticError(
                f"the encoder overflowed in {self._precision}: encode in float32 instead"
            )
        return np.ascontiguousarray(joined)

    @torch.inference_mode()
    def decode(
        self, latents: np.ndarray, steps: int = 1, seed: int = 0, chunk: int = CHUNK
    ) -> np.ndarray:
        """Latents [T, 64] → mono samples at 44.1 kHz, float32 [4096 T + 1536], within ±1.

        `steps` of denoising: 1 or more, or ValueError is raised.
        """
        if steps < 1:
            raise ValueError(f"{steps} steps of denoising: take at least 1")
        generator = torch.Generator().manual_seed(seed)
        spectra: list[Tensor] = []
        count = len(latents)
        if count == 0:
            return np.zeros(0, np.float32)
        if count > chunk:  # as when encoding
            latents = np.concatenate((latents, latents[: -count % chunk]))
        for first in range(0, len(latents), chunk):
            piece = np.ascontiguousarray(latents[first : first + chunk].T, np.float32)
            scaled = torch.from_numpy(piece)[None] * SIGMA_RESCALE
            spectra.append(self._denoised(scaled.to(self._device), steps, generator).cpu())
        spectrum = torch.cat(spectra, dim=-1)[0, ..., : count * PER_LATENT]
        return waveform(spectrum).clamp(-1, 1).numpy()

    def _denoised(self, scaled: Tensor, steps: int, generator: torch.Generator) -> Tensor:
        """From pure noise to a spectrogram [1, 2, 1024, 8 T] in so many steps."""
        shape = (1, 2, FREQUENCIES, scaled.shape[-1] * PER_LATENT)
        pyramid = self._run(self._network.decoder, scaled)
        noisy = torch.randn(shape, generator=generator).to(self._device) * SIGMA_MAX
        for number in range(steps):
            sigma, below = noise_level(number, steps), noise_level(number + 1, steps)
            clean = self._run(self._network, pyramid, noisy, sigma).float()
            fresh = torch.randn(shape, generator=generator).to(self._device)
            noisy = clean + math.sqrt(below**2 - SIGMA_MIN**2) * fresh
        return clean

    def _run(self, network, *arguments):
        reduced = self._precision != torch.float32
        with torch.autocast(self._device.type, self._precision, enabled=reduced):
            return network(*arguments)


def load_codec(
    path: Path, device: str | torch.device = "cpu", precision: torch.dtype = torch.float32
) -> Codec:
    """A published `music2latent.pt`, of either variant. Raises CheckpointError.

    Every layer must find its weights. The file may hold more, as the package allows.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its readers do: zip, pickle, I/O errors
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} cannot be read: {reason}") from error
    if not isinstance(content, dict) or WEIGHTS not in content:
        raise CheckpointError(f"{path.name} lacks {WEIGHTS}: it is another model's.")
    weights = content[WEIGHTS]
    noise_augmented = _BOTTLENECK in weights
    network = Music2Latent(noise_augmented)
    try:
        missing = network.load_state_dict(weights, strict=False).missing_keys
    except RuntimeError as error:
        raise CheckpointError(f"{path.name} does not fit Music2Latent: {error}") from error
    if missing:
        some = ", ".join(missing[:3])
        raise CheckpointError(f"{path.name} lacks {len(missing)} weights: {some} …")
    return Codec(network, NOISE_AUGMENTED if noise_augmented else MUSIC2LATENT, device, precision)


def latent_frames(samples: int) -> int:
    """Latent frames of so many samples."""
    return max(0, samples - (WINDOW - HOP)) // (HOP * PER_LATENT)


def _chunks(samples: Tensor, frames: int, chunk: int) -> Iterator[Tensor]:
    """Spectrogram [2, 1024, windows] of each chunk."""
    if frames <= chunk:
        if frames:
            yield spectrogram(samples[: _reach(frames * PER_LATENT)])
        return
    for first in range(0, frames, chunk):
        own = min(chunk, frames - first) * PER_LATENT
        start = first * PER_LATENT * HOP
        piece = spectrogram(samples[start : start + _reach(own)])
        lacking = chunk * PER_LATENT - own
        if lacking:
            piece = torch.cat((piece, spectrogram(samples[: _reach(lacking)])), dim=-1)
        yield piece


def _reach(windows: int) -> int:
    """Samples under so many windows."""
    return (windows - 1) * HOP + WINDOW


def spectrogram(samples: Tensor) -> Tensor:
    """Samples [n] → compressed real and imaginary parts, [2, 1024, windows]."""
    window = torch.hann_window(WINDOW, device=samples.device)
    spectrum = torch.fft.rfft(samples.unfold(0, WINDOW, HOP) * window)[:, :FREQUENCIES]
    return _powered(torch.stack((spectrum.real, spectrum.imag)), EXPONENT, FACTOR).transpose(1, 2)


def waveform(spectrogram: Tensor) -> Tensor:
    """[2, 1024, windows] → samples [512 windows + 1536] by overlapping windows."""
    parts = _powered(spectrogram.float() / FACTOR, 1 / EXPONENT, 1.0).transpose(1, 2)
    spectrum = torch.complex(parts[0].contiguous(), parts[1].contiguous())
    pieces = torch.fft.irfft(torch.nn.functional.pad(spectrum, (0, 1)), n=WINDOW)
    window = torch.hann_window(WINDOW)
    # Where four windows overlap, their squares add up to this; at the ends fewer do.
    pieces = pieces * window / (window.reshape(-1, HOP) ** 2).sum(0).repeat(WINDOW // HOP)
    samples = torch.zeros(len(pieces) * HOP + WINDOW - HOP)
    for part in range(WINDOW // HOP):
        covered = pieces[:, part * HOP : (part + 1) * HOP].flatten()
        samples[part * HOP : part * HOP + len(covered)] += covered
    return samples


def _powered(parts: Tensor, exponent: float, factor: float) -> Tensor:
    """Magnitudes of [2, ...] real and imaginary parts to a power, times a factor; phases stay."""
    magnitude = torch.hypot(parts[0], parts[1])
    scale = factor * magnitude.clamp_min(torch.finfo(magnitude.dtype).tiny) ** (exponent - 1)
    return parts * torch.where(magnitude > 0, scale, 0)


def noise_level(step: int, steps: int) -> float:
    """Sigma before a step of `steps`, from SIGMA_MAX down to SIGMA_MIN after the last."""
    low, high = SIGMA_MIN ** (1 / RHO), SIGMA_MAX ** (1 / RHO)
    return (high + step / steps * (low - high)) ** RHO
