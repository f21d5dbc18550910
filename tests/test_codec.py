"""Music2Latent: equal to the published package, in chunks, and loaded without pickle."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from patterned import fill, pattern
from sounds import tune

from engine.information import codec
from engine.information.checkpoints import CheckpointError
from engine.information.codec import Codec, load_codec
from engine.information.latent_kinds import MUSIC2LATENT, NOISE_AUGMENTED
from engine.information.music2latent import Music2Latent
from engine.information.music2latent_layers import group_norm
from engine.information.precision import processor_has_bfloat16

# music2latent 0.1.8 with the same weights on tune(1.2)[:, 0]: values spread over the latents, the
# features before the bottleneck, latents of tune(1.2) and 30,000 samples more in chunks of 5
# frames, and its U-Net at sigma 3 on patterns.
GOLDEN = {
    "latents": (-10.215754, -14.914477, -8.989822, -15.851823, -14.599627, -4.069462),
    "features": (-0.623404, -0.434713, -0.521924, 0.826666, 0.308163, -0.670357),
    "chunked": (-3.820409, 3.73796, 4.346855, 1.769571, 7.775648, -3.307561),
    "unet": (0.056235, 0.101935, -0.365533, -0.212965, 0.111785, -0.452879),
}


@pytest.fixture(scope="module")
def network() -> Music2Latent:
    network = Music2Latent()
    fill(network)
    return network.requires_grad_(False).eval()


@pytest.fixture(scope="module")
def coder(network) -> Codec:
    return Codec(network, MUSIC2LATENT)


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    return np.ascontiguousarray(tune(1.2)[:, 0])


def spread(values: np.ndarray) -> np.ndarray:
    return values.ravel()[:: max(1, values.size // 6)][:6]


def close(values: np.ndarray, name: str) -> None:
    np.testing.assert_allclose(spread(values), GOLDEN[name], atol=5e-3, rtol=1e-3)


def test_latents_equal_the_packages(coder, music):
    latents = coder.encode(music)
    assert latents.shape == (12, 64)
    assert latents.dtype == np.float32
    close(latents, "latents")


def test_chunks_equal_the_packages(coder, music):
    longer = np.concatenate((music, music[:30_000]))
    latents = coder.encode(longer, chunk=5)
    assert latents.shape == (19, 64)
    close(latents, "chunked")


def test_features_equal_the_packages(coder, music):
    features = coder.features(music)
    assert features.shape == (12, 8192)
    close(features, "features")


def test_the_decoder_equals_the_packages(network):
    denoised = network(network.decoder(pattern(1, 64, 2)), pattern(1, 2, 1024, 16) * 10, 3.0)
    close(denoised.numpy(), "unet")


def test_norms_keep_what_is_quiet_where_the_channels_come_last():
    """A spectrogram: few loud values, and many quiet ones that make half of the power."""
    seeded = torch.Generator().manual_seed(0)
    quiet = torch.randn(1, 8, 1024, 512, generator=seeded) * 0.01
    loud = torch.randn(1, 8, 1, 512, generator=seeded) * 0.01 * 32
    x = torch.cat((loud, quiet), dim=2)
    ours = group_norm(8)
    torch.nn.init.uniform_(ours.weight, generator=seeded)
    torch.nn.init.uniform_(ours.bias, generator=seeded)
    plain = copy.deepcopy(ours)
    plain.__class__ = torch.nn.GroupNorm
    with torch.inference_mode():
        truth = copy.deepcopy(plain).double()(x.double())
        last = x.contiguous(memory_format=torch.channels_last)
        errors = [float((norm(last) - truth).abs().max()) for norm in (ours, plain)]
        assert float((ours(x) - truth).abs().max()) < 1e-4  # PyTorch's own, which is right here
    assert errors[0] < 1e-4 < 1e-2 < errors[1], "no longer needed, if the second is as small"


def test_latents_do_not_depend_on_the_memory_layout(network, music):
    found = []
    for layout in (torch.channels_last, torch.contiguous_format):
        one = Codec(copy.deepcopy(network), MUSIC2LATENT)
        one._network.to(memory_format=layout)
        found.append(one.encode(music))
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-3 * found[1].std())


def test_decoding_is_seeded_and_as_long_as_the_latents(coder):
    latents = pattern(2, 64).numpy()
    first, again, other = (coder.decode(latents, seed=seed) for seed in (0, 0, 1))
    assert first.shape == (2 * 4096 + 1536,)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first).max() <= 1
    assert not np.array_equal(first, coder.decode(latents, steps=2))
    assert coder.decode(latents, chunk=1).shape == first.shape
    assert coder.decode(latents[:0]).shape == (0,)


def test_sound_survives_the_spectrogram(music):
    samples = codec.waveform(codec.spectrogram(torch.from_numpy(music))).numpy()
    inner = slice(2048, len(samples) - 2048)  # where four windows overlap
    # The topmost of 1,025 bins is left out: -30 dB is what the noise of this signal has there.
    error = samples[inner] - music[: len(samples)][inner]
    assert np.sqrt((error**2).mean()) < 0.03 * np.sqrt((music**2).mean())


@pytest.mark.parametrize("samples", [0, 1, 1536, 5631, 5632, 9727, 9728])
def test_short_files_have_the_frames_that_fit(coder, samples):
    count = codec.latent_frames(samples)
    assert count == max(0, (samples - 1536) // 4096)
    assert coder.encode(np.zeros(samples, np.float32)).shape == (count, 64)


@pytest.mark.bfloat16
def test_bfloat16_stays_near(network, coder, music):
    # Of one latent frame where a processor imitates it: 8 s, in place of 100.
    part = music if processor_has_bfloat16() else music[:5632]
    rough = Codec(copy.deepcopy(network), MUSIC2LATENT, precision=torch.bfloat16).encode(part)
    exact = coder.encode(part)
    assert 0 < np.abs(rough - exact).mean() < 0.1 * np.abs(exact).mean()


def test_latents_of_silence_are_finite(coder):
    assert np.isfinite(coder.encode(np.zeros(30_000, np.float32))).all()


def test_overflow_is_said(network, music):
    broken = Codec(copy.deepcopy(network), MUSIC2LATENT)
    broken._network.encoder.conv_out.bias.fill_(float("nan"))
    with pytest.raises(ArithmeticError, match="in float32 instead"):
        broken.encode(music[:10_000])


@pytest.mark.parametrize("augmented", [False, True])
def test_both_variants_load_strictly(tmp_path: Path, augmented, music):
    torch.manual_seed(0)
    network = Music2Latent(augmented).requires_grad_(False)
    path = tmp_path / "music2latent.pt"
    torch.save({"gen_state_dict": network.state_dict(), "opt": 3}, path)
    loaded = load_codec(path)
    assert loaded.latents == (NOISE_AUGMENTED if augmented else MUSIC2LATENT)
    latents = loaded.encode(music[:12_000])
    expected = Codec(network, loaded.latents).encode(music[:12_000])
    np.testing.assert_allclose(latents, expected, atol=1e-4)
    if augmented:  # frames lie on a sphere
        np.testing.assert_allclose(np.linalg.norm(latents, axis=1), 8, atol=0.01)
        np.testing.assert_allclose(latents.mean(1), 0, atol=1e-4)
    weights = network.state_dict()
    del weights["encoder.gain.scale"]
    torch.save({"gen_state_dict": weights}, path)
    with pytest.raises(CheckpointError, match=re.escape("lacks 1 weights: encoder.gain.scale")):
        load_codec(path)


def test_other_files_are_refused(tmp_path: Path):
    for content, words in (({"model": 1}, "gen_state_dict"), (Path("/x"), "cannot be read")):
        torch.save(content, tmp_path / "a.pt")
        with pytest.raises(CheckpointError, match=words):
            load_codec(tmp_path / "a.pt")
    wrong = {"encoder.gain.scale": torch.zeros(3)}
    torch.save({"gen_state_dict": wrong}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="does not fit"):
        load_codec(tmp_path / "a.pt")


def test_sizes_are_the_published_ones(network):
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == 58_185_026
    assert sum(p.numel() for p in network.encoder.parameters()) == 16_261_568


def test_decoding_takes_a_step_at_least():
    with pytest.raises(ValueError, match="take at least 1"):
        Codec(Music2Latent(), MUSIC2LATENT).decode(np.zeros((2, 64), np.float32), steps=0)
