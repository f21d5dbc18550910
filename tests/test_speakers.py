"""How channels are mixed and weighted, by the loudspeakers that they are for."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from sounds import encode, wave

from engine import speakers
from engine.audio import decode

RATE = 48_000
# Those whose mix FFmpeg knows in full; of loudspeakers above, it drops some.
FLAT = """
    2.1 3.0 3.0(back) 3.1 4.0 quad quad(side) 4.1 5.0 5.0(side) 5.1 5.1(side) 6.0 6.0(front)
    hexagonal 6.1 6.1(back) 6.1(front) 7.0 7.0(front) 7.1 7.1(wide) 7.1(wide-side) octagonal
"""


def by_ffmpeg(layout: str) -> np.ndarray:
    """What swresample makes of an impulse in each channel, [channels, 2]."""
    count = av.AudioLayout(layout).nb_channels
    mixed = []
    for channel in range(count):
        block = np.zeros((64, count), np.float32)
        block[:, channel] = 1
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), "flt", layout)
        frame.sample_rate = RATE
        (part,) = av.AudioResampler("flt", "stereo", RATE).resample(frame)
        mixed.append(np.frombuffer(part.planes[0], np.float32, 128).reshape(-1, 2)[9])
    return np.array(mixed)


@pytest.mark.parametrize("layout", FLAT.split())
def test_the_mix_is_that_of_ffmpeg(layout: str):
    ours = speakers.mix(speakers.names(av.AudioLayout(layout)))
    np.testing.assert_allclose(ours, by_ffmpeg(layout), atol=1e-6)


@pytest.mark.parametrize("layout", ["5.1.2", "7.1.4", "22.2"])
def test_nothing_but_the_bass_is_lost_in_the_mix(layout: str):
    names = speakers.names(av.AudioLayout(layout))
    for name, gains in zip(names, speakers.mix(names), strict=True):
        assert (gains.max() == 0) == name.startswith("LFE"), name
        assert (gains[0] > 0 and gains[1] > 0) == (gains[0] == gains[1] > 0)


def test_channels_without_names_have_the_usual_ones(tmp_path: Path):
    for channels, mask in ((3, 0x7), (4, 0x33), (5, 0x37), (6, 0x3F), (7, 0x70F), (8, 0x63F)):
        noise = np.random.default_rng(0).normal(0, 0.1, (RATE, channels)).astype(np.float32)
        named = decode(wave(tmp_path / "named.wav", noise, RATE, mask))
        plain = decode(wave(tmp_path / "plain.wav", noise, RATE))
        np.testing.assert_array_equal(named.samples, plain.samples)
        assert named.loudness == plain.loudness
        assert named.content_hash == plain.content_hash


def test_loudspeakers_without_a_front_are_averaged(tmp_path: Path):
    """FFmpeg cannot mix them."""
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE, 4)).astype(np.float32)
    sound = decode(wave(tmp_path / "a.wav", noise, RATE, mask=0xF000))
    np.testing.assert_allclose(sound.samples[:, 0], noise.mean(axis=1), atol=1e-6)


def test_half_a_pair_is_mixed_all_the_same(tmp_path: Path):
    """FL BL BR FLC, which FFmpeg refuses."""
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE, 4)).astype(np.float32)
    sound = decode(wave(tmp_path / "a.wav", noise, RATE, mask=0x71))
    wanted = noise @ [[1, 0], [0.7071, 0], [0, 0.7071], [1, 0]]
    np.testing.assert_allclose(sound.samples, wanted, atol=1e-4)


def test_of_ambisonics_the_first_channel_is_taken(tmp_path: Path):
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE, 4)).astype(np.float32)
    path = encode(tmp_path / "a.mka", noise, RATE, "pcm_f32le", "quad", "matroska")
    names = ("AMBI0", "AMBI1", "AMBI2", "AMBI3")
    np.testing.assert_array_equal(speakers.mix(names), [[1], [0], [0], [0]])
    np.testing.assert_array_equal(speakers.weights(names), [2, 0, 0, 0])
    assert decode(path).samples.shape[1] == 2


def core_audio(path: Path, samples: np.ndarray, labels: list[int]) -> Path:
    """A CAF file that lists the loudspeaker of each channel (Apple's labels)."""
    form = struct.pack(">d4sIIIII", RATE, b"lpcm", 1, 4 * len(labels), 1, len(labels), 32)
    listed = b"".join(struct.pack(">II3f", label, 0, 0, 0, 0) for label in labels)
    data = struct.pack(">I", 0) + samples.astype(">f4").tobytes()
    chunks = ((b"desc", form), (b"chan", struct.pack(">III", 0, 0, len(labels)) + listed))
    content = b"caff\0\1\0\0"
    for name, chunk in (*chunks, (b"data", data)):
        content += name + struct.pack(">q", len(chunk)) + chunk
    path.write_bytes(content)
    return path


def test_loudspeakers_in_another_order_than_ffmpegs(tmp_path: Path):
    """C L R Ls Rs LFE, as films are delivered: PyAV would free the list of its frames twice."""
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE, 6)).astype(np.float32)
    for _ in range(5):
        sound = decode(core_audio(tmp_path / "a.caf", noise, [3, 1, 2, 5, 6, 4]))
    usual = decode(wave(tmp_path / "a.wav", noise[:, [1, 2, 0, 5, 3, 4]], RATE, 0x3F))
    np.testing.assert_allclose(sound.samples, usual.samples, atol=1e-6)
    assert sound.loudness.integrated_lufs == pytest.approx(usual.loudness.integrated_lufs, abs=1e-6)
    assert sound.media.channels == 6


def test_what_mixes_alike_is_equally_usual():
    for layout in ("3.0", "2.1", "4.0", "quad", "quad(side)", "5.0(side)", "5.1(side)", "6.1"):
        assert speakers.are_usual(speakers.names(av.AudioLayout(layout))), layout
    for layout in ("3.0(back)", "3.1", "6.0", "7.1(wide)", "7.1.4"):
        assert not speakers.are_usual(speakers.names(av.AudioLayout(layout))), layout
    assert speakers.are_usual(("NONE",) * 11)
