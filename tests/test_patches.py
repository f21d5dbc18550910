"""Mel patches against the networks' own input algorithm, and their number at every boundary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import essentia_algorithms, patches


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, 5 * patches.SAMPLE_RATE).astype(np.float32)


def test_frames_equal_essentias_network_input(noise):
    es = essentia_algorithms.load()
    band_energies = es.TensorflowInputMusiCNN()
    cutter = es.FrameGenerator(noise, frameSize=512, hopSize=256, startFromZero=False)
    expected = np.stack([band_energies(frame) for frame in cutter])
    computed = patches.mel_frames(noise)
    assert computed.shape == expected.shape
    assert np.abs(computed - expected).max() < 1e-4


@pytest.mark.parametrize("frames", [1, 7, 313])
def test_blocks_of_frames_join_without_a_seam(noise, monkeypatch, frames):
    """But for rounding: matrix products of different sizes add in different orders."""
    whole = patches.mel_frames(noise)
    monkeypatch.setattr(patches, "_FRAMES_AT_ONCE", frames)
    np.testing.assert_allclose(patches.mel_frames(noise), whole, rtol=0, atol=1e-5)


def test_silence_is_zero():
    assert not patches.mel_frames(np.zeros(16_000, np.float32)).any()


@given(st.integers(0, 3000))
def test_every_sample_is_inside_some_frame(samples):
    frames = patches.frame_count(samples)
    assert len(patches.mel_frames(np.zeros(samples, np.float32))) == frames
    reach = (frames - 1) * patches.HOP + patches.FRAME // 2  # the last frame's end
    assert reach >= samples if samples else frames == 0


@given(st.integers(0, 1000), st.integers(1, 200), st.integers(1, 100))
def test_patches_are_the_frames_at_their_starts(frames, length, hop):
    mel = np.arange(frames * patches.BANDS, dtype=np.float32).reshape(-1, patches.BANDS)
    cut, starts = patches.cut(mel, length, hop), patches.starts(frames, length, hop)
    assert len(cut) == len(starts)
    for patch, start in zip(cut, starts, strict=True):
        assert np.array_equal(patch, mel[start : start + length])


@given(st.integers(1, 300))
def test_short_input_is_repeated_to_one_patch(frames):
    mel = np.arange(frames * patches.BANDS, dtype=np.float32).reshape(frames, -1)
    filled = patches.repeat_to_fill(mel, 128)
    assert len(filled) == max(frames, 128)
    assert all(np.array_equal(filled[i], mel[i % frames]) for i in range(len(filled)))
