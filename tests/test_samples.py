"""The right samples: every format at its precision, layouts, rates, excerpts of long files."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import bits, dff, dsf, encode, tune

from engine import discover, speakers
from engine.audio import AudioError, decode, decode_hooks
from engine.pcm import Samples, UnusableFormat

RATE = 44_100


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    return tune(4)


@pytest.mark.parametrize(
    ("codec", "step"),
    [
        ("pcm_u8", 2**-7),
        ("pcm_s16le", 2**-15),
        ("pcm_s24le", 2**-23),
        ("pcm_s32le", 2**-23),
        ("pcm_f32le", 0),
        ("pcm_f64le", 0),
        ("pcm_s64le", 2**-23),
    ],
)
def test_every_sample_format_at_its_precision(
    tmp_path: Path, music: np.ndarray, codec: str, step: float
):
    suffix = ".nut" if codec == "pcm_s64le" else ".wav"
    sound = decode(encode(tmp_path / f"a{suffix}", music, codec=codec))
    assert sound.sample_rate == RATE
    np.testing.assert_allclose(sound.samples, music, atol=step, rtol=0)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.flac", "flac"),
        ("a.m4a", "alac"),
        ("a.caf", "alac"),
        ("a.wv", "wavpack"),
        ("a.tta", "tta"),
        ("a.aiff", "pcm_s16be"),
        ("a.w64", "pcm_s16le"),
    ],
)
def test_lossless_formats_equal_the_wave(tmp_path: Path, music: np.ndarray, name: str, codec: str):
    grid = np.round(music * 32767) / 32768  # what 16 bits hold
    wave = decode(encode(tmp_path / "a.wav", grid.astype(np.float32))).samples
    other = decode(encode(tmp_path / name, grid.astype(np.float32), codec=codec)).samples
    np.testing.assert_allclose(other, wave, atol=1e-7, rtol=0)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp3", "mp3"), ("a.m4a", "aac"), ("a.opus", "libopus"), ("a.wma", "wmav2")],
)
def test_lossy_formats_are_close_and_in_place(
    tmp_path: Path, music: np.ndarray, name: str, codec: str
):
    how = {"container": "asf"} if name.endswith("wma") else {}
    sound = decode(encode(tmp_path / name, music, codec=codec, bit_rate=256_000, **how))
    assert abs(sound.seconds - 4) < 0.05
    got, wanted = sound.mono()[: 3 * sound.sample_rate], music.mean(axis=1)
    wanted = np.interp(
        np.arange(len(got)) / sound.sample_rate, np.arange(len(wanted)) / RATE, wanted
    )
    spectrum = np.fft.rfft(got) * np.conj(np.fft.rfft(wanted))
    match = np.fft.irfft(spectrum) / (np.linalg.norm(got) * np.linalg.norm(wanted))
    assert match.max() > 0.9
    delay = int(match.argmax())
    assert min(delay, len(got) - delay) < 0.06 * sound.sample_rate


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.ogg", "vorbis"),
        ("a.mkv", "vorbis"),
        ("a.opus", "libopus"),
        ("a.mp3", "mp3"),
        ("a.m4a", "aac"),
        ("a.aac", "aac"),
        ("a.flac", "flac"),
        ("b.ogg", "flac"),
        ("a.wav", "pcm_s16le"),
    ],
)
@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.35, 0.5, 0.6])
def test_the_shortest_sounds_are_read(tmp_path: Path, name: str, codec: str, seconds: float):
    """A file of one page or packet; Vorbis' last packet is cut by more than it holds."""
    options = {"strict": "experimental"} if codec == "vorbis" else {}
    path = encode(tmp_path / name, tune(seconds), codec=codec, **options)
    sound = decode(path)
    frame_s = 2048 / RATE  # by which lossy formats differ
    assert sound.seconds == pytest.approx(seconds, abs=frame_s)
    assert sound.media.duration_s is None or sound.media.duration_s == pytest.approx(
        seconds, abs=2 * frame_s
    )
    assert sound.partial is None
    assert not sound.is_silent
    assert sound.excerpt[0] == 0


def test_mono_is_the_mean_of_left_and_right(tmp_path: Path, music: np.ndarray):
    sound = decode(encode(tmp_path / "a.wav", music, codec="pcm_f32le"))
    np.testing.assert_allclose(sound.mono(), music.mean(axis=1), atol=1e-7)
    single = decode(encode(tmp_path / "b.wav", music[:, :1], codec="pcm_f32le"))
    assert single.samples.shape == (4 * RATE, 1)
    np.testing.assert_array_equal(single.mono(), music[:, 0])


def test_surround_is_mixed_down_by_its_layout(tmp_path: Path):
    """FL FR FC LFE BL BR: the centre at -3 dB in both, the bass channel in none."""
    for channel, wanted in enumerate([(1, 0), (0, 1), (0.7071, 0.7071), (0, 0), (0.7071, 0)]):
        samples = np.zeros((RATE, 6), np.float32)
        samples[:, channel] = 0.5
        sound = decode(encode(tmp_path / "a.wav", samples, codec="pcm_f32le", layout="5.1"))
        np.testing.assert_allclose(sound.samples[5000], np.multiply(wanted, 0.5), atol=1e-3)


@pytest.mark.parametrize(("rate", "wanted"), [(8_000, 8_000), (48_000, 48_000), (96_000, 44_100)])
def test_rates_that_analysis_can_use_stay(tmp_path: Path, rate: int, wanted: int):
    t = np.arange(4 * rate) / rate
    sine = (0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)[:, None]
    sound = decode(encode(tmp_path / "a.wav", sine, rate))
    assert (sound.sample_rate, sound.media.sample_rate) == (wanted, rate)
    assert abs(sound.seconds - 4) < 0.01
    spectrum = np.abs(np.fft.rfft(sound.mono()))
    assert abs(spectrum.argmax() / sound.seconds - 1000) < 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["u8", "s16", "s16p", "s32", "flt", "fltp", "dblp"]),
            st.sampled_from(["mono", "stereo"]),
            st.integers(1, 5000),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_frames_of_changing_formats_join_without_loss(frames: list[tuple[str, str, int]]):
    """Whatever a damaged file gives: half scale stays half scale, and no sample is lost."""
    samples = Samples(expected_s=0.01, limit_s=100)
    for name, layout, count in frames:
        frame = av.AudioFrame(format=name, layout=layout, samples=count)
        frame.sample_rate = 8_000
        kind, value = {
            "u8": (np.uint8, 192),
            "s16": (np.int16, 2**14),
            "s32": (np.int32, 2**30),
            "flt": (np.float32, 0.5),
            "dbl": (np.float64, 0.5),
        }[name.removesuffix("p")]
        for plane in frame.planes:
            plane.update(np.full(plane.buffer_size // kind().itemsize, value, kind))
        samples.add(frame)
    joined = samples.finish()
    assert joined.shape == (sum(count for _, _, count in frames), samples.channels)
    assert samples.channels == (2 if any(layout == "stereo" for _, layout, _ in frames) else 1)
    np.testing.assert_allclose(joined, 0.5, atol=1e-6)


def test_what_was_mono_becomes_stereo_when_stereo_follows():
    """Each channel is as loud as it was alone: a mono recording plays on both loudspeakers."""
    samples = Samples(expected_s=1, limit_s=10)
    for layout, values in (("mono", [0.5]), ("stereo", [0.25, 0.125]), ("mono", [-0.5])):
        block = np.repeat(np.array(values, np.float32)[:, None], 100, axis=1)
        frame = av.AudioFrame.from_ndarray(block, "fltp", layout)
        frame.sample_rate = 8_000
        samples.add(frame)
    joined = samples.finish()
    assert joined.shape == (300, 2)
    for first, wanted in ((0, (0.5, 0.5)), (100, (0.25, 0.125)), (200, (-0.5, -0.5))):
        np.testing.assert_array_equal(joined[first : first + 100], [wanted] * 100)


@pytest.mark.parametrize("layout", ["5.1", "7.1", "7.1.4"])
@pytest.mark.parametrize("format", ["fltp", "flt", "s16p", "s32"])
def test_many_channels_are_taken_from_any_sample_format(layout: str, format: str):
    """Of eight and more, PyAV lists planes that are none."""
    count = av.AudioLayout(layout).nb_channels
    frame = av.AudioFrame(format=format, layout=layout, samples=500)
    frame.sample_rate = 48_000
    kind, full = {"flt": (np.float32, 1), "s16": (np.int16, 2**15), "s32": (np.int32, 2**31)}[
        format.removesuffix("p")
    ]
    levels = (np.linspace(0.1, 0.8, count) * full).astype(kind)
    if format.endswith("p"):
        for plane, level in zip(frame.planes[:count], levels, strict=True):
            plane.update(np.full(plane.buffer_size // kind().itemsize, level, kind))
    else:
        data = np.tile(levels, 500)
        padded = np.zeros(frame.planes[0].buffer_size // kind().itemsize, kind)
        padded[: len(data)] = data
        frame.planes[0].update(padded)
    samples = Samples(expected_s=1, limit_s=1)
    samples.add(frame)
    mix = speakers.mix(speakers.names(frame.layout))
    wanted = np.linspace(0.1, 0.8, count) @ mix
    np.testing.assert_allclose(samples.finish(), np.tile(wanted, (500, 1)), atol=1e-3)


def test_many_channels_are_never_in_memory_as_a_whole():
    """The mix alone is kept: two channels, of the eight that pass."""
    seconds, rate = 40, 48_000
    samples = Samples(expected_s=seconds, limit_s=seconds)
    block = np.full((1, 8 * 4096), 0.1, np.float32)
    frame = av.AudioFrame.from_ndarray(block, "flt", "7.1")
    frame.sample_rate = rate
    tracemalloc.start()
    try:
        while not samples.is_full:
            samples.add(frame)
        kept = samples.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert samples.loudness.integrated_lufs is not None
    assert peak - kept.base.nbytes < 20 << 20  # all eight would be 61 MB


def test_too_many_channels_are_refused():
    frame = av.AudioFrame(format="s16", layout="65 channels", samples=10)
    frame.sample_rate = 8_000
    with pytest.raises(UnusableFormat, match="65 channels"):
        Samples(1, 1).add(frame)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "mp3"), ("a.m4a", "aac")],
)
def test_long_files_give_their_centre(tmp_path: Path, name: str, codec: str):
    """Noise has one place only where it fits itself."""
    seconds, span, lead = 40, 10, RATE // 5
    noise = np.random.default_rng(5).normal(0, 0.1, (seconds * RATE, 1)).astype(np.float32)
    path = encode(tmp_path / name, noise, codec=codec)
    sound, whole = decode(path, span_s=span), decode(path)
    assert sound.seconds == span
    assert sound.excerpt == pytest.approx((15, 25), abs=0.1)
    assert sound.partial is None
    assert sound.media.duration_s == pytest.approx(seconds, abs=0.1)
    assert sound.media.analysed_s == span
    around = whole.mono()[15 * RATE - lead : 17 * RATE]
    fit = np.correlate(around, sound.mono()[RATE // 2 : RATE], "valid")
    start = int(fit.argmax()) - lead - RATE // 2
    assert abs(start) < 0.1 * RATE  # within a packet of the centre
    start += 15 * RATE
    np.testing.assert_allclose(sound.mono(), whole.mono()[start : start + span * RATE], atol=1e-3)
    assert sound.content_hash == whole.content_hash


def test_the_cap_holds_whatever_the_span(tmp_path: Path, music: np.ndarray):
    path = encode(tmp_path / "a.flac", music, codec="flac")
    assert decode(path, cap_s=2).seconds == 2
    assert decode(path, span_s=3, cap_s=2).seconds == 2
    assert decode(path, span_s=100, cap_s=200).seconds == 4


def _dense_then_plain(seconds: float) -> np.ndarray:
    """Noise for a third of the time, then a tone: bytes tell nothing of seconds."""
    third = round(seconds * RATE / 3)
    noise = np.random.default_rng(1).normal(0, 0.2, (third, 1))
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * third) / RATE)[:, None]
    return np.concatenate([noise, tone]).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "options", "passes"),
    [
        ("bare.mp3", {"codec": "mp3", "q": 0, "flags": "+qscale"}, 2),
        ("a.mp3", {"codec": "mp3", "q": 0, "flags": "+qscale"}, 1),
        ("bare.mp3", {"codec": "mp3", "bit_rate": 128_000}, 1),
        ("a.aac", {"codec": "aac", "container": "adts", "flags": "+qscale", "q": 2}, 2),
        ("a.ac3", {"codec": "ac3"}, 1),
        ("a.mp2", {"codec": "mp2"}, 1),
        ("a.flac", {"codec": "flac"}, 1),
        ("a.ogg", {"codec": "libopus", "vbr": "on"}, 1),
    ],
)
def test_the_middle_is_that_of_seconds_not_of_bytes(
    tmp_path: Path, name: str, options: dict, passes: int
):
    """And it costs a second pass only where FFmpeg's estimate was wrong."""
    path = encode(tmp_path / name, _dense_then_plain(30), **options)
    if name == "bare.mp3":  # without the first frame, in which LAME says how many follow
        data = path.read_bytes()
        data = data[data.index(b"\xff\xfb") :]
        path.write_bytes(data[discover._frame_bytes(data) :])
    decodes: list[bytes] = []
    decode_hooks.append(decodes.append)
    try:
        sound = decode(path, span_s=10)
    finally:
        decode_hooks.remove(decodes.append)
    assert sound.excerpt == pytest.approx((10, 20), abs=0.1)
    assert len(decodes) == passes
    assert sound.partial is None
    assert sound.media.duration_s == pytest.approx(30, abs=0.1)
    level = np.sqrt(np.mean(sound.mono() ** 2))
    assert level == pytest.approx(0.1 / np.sqrt(2), rel=0.05)  # the tone's; the noise has 0.2


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "mp3"), ("a.flac", "flac")])
def test_the_middle_of_joined_files_is_that_of_both(tmp_path: Path, name: str, codec: str):
    """What the first header states is the length of the first."""
    part = encode(tmp_path / name, tune(20), codec=codec).read_bytes()
    (tmp_path / name).write_bytes(part + part)
    sound = decode(tmp_path / name, span_s=5)
    assert sound.excerpt == pytest.approx((17.5, 22.5), abs=0.3)
    assert sound.partial is None


@pytest.mark.parametrize("write", [dsf, dff])
@pytest.mark.parametrize("times", [64, 256, 512])
def test_dsd_of_any_rate(tmp_path: Path, write: Callable, times: int):
    t, tones = np.arange(RATE * 2 // 5)[:, None] / RATE, np.array([(500, 1000), (0.5, 0.25)])
    music = tones[1] * np.sin(2 * np.pi * tones[0] * t)
    path = write(tmp_path / "a.dsd", bits(music.astype(np.float32), RATE, times), times * RATE)
    sound = decode(path)
    assert (sound.media.sample_rate, sound.sample_rate) == (times * RATE // 8, RATE)
    assert sound.seconds == pytest.approx(0.4, abs=0.01)
    assert sound.partial is None
    part = sound.samples[RATE // 10 : RATE * 3 // 10] * np.hanning(RATE // 5)[:, None]
    spectrum = np.abs(np.fft.rfft(part, axis=0)) * (4 / len(part))
    for channel, (hertz, level) in enumerate(tones.T):
        assert spectrum[int(hertz / 5), channel] == pytest.approx(level, rel=0.02)
        assert spectrum[300:, channel].max() < 0.02  # from 1.5 kHz on


def test_dsd_beyond_what_there_is_is_refused(tmp_path: Path):
    path = dsf(tmp_path / "a.dsf", np.zeros((80_000, 2), np.uint8), 4096 * RATE)
    with pytest.raises(AudioError, match="outside"):
        decode(path)


def test_an_excerpt_of_a_file_that_claims_to_be_longer(tmp_path: Path):
    """The centre of the claimed hour is not there: the centre of what is there is taken."""
    flac = bytearray(encode(tmp_path / "a.flac", tune(20), codec="flac").read_bytes())
    samples = 3600 * RATE
    flac[21] = flac[21] & 0xF0 | samples >> 32  # STREAMINFO's count of samples, 36 bits
    flac[22:26] = (samples & 0xFFFFFFFF).to_bytes(4)
    (tmp_path / "a.flac").write_bytes(flac)
    sound = decode(tmp_path / "a.flac", span_s=5)
    assert sound.seconds == 5
    assert sound.excerpt[0] == pytest.approx(7.5, abs=0.2)
