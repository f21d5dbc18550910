"""The meter against the standard's own test signals and against FFmpeg's ebur128."""

import av
import numpy as np
import pytest
from sounds import encode, wave

from engine import audio, loudness


def sine(seconds: float, dbfs: float, rate: int = 48_000, hertz: float = 1000) -> np.ndarray:
    wave = 10 ** (dbfs / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


# EBU Tech 3341, minimum requirements, cases 1 to 5: level in dBFS and seconds → LUFS.
EBU_3341 = {
    "1": ([(-23, 20)], -23.0),
    "2": ([(-33, 20)], -33.0),
    "3": ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    "4": ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    "5": ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}
# EBU Tech 3342, cases 1 to 3: two levels of 20 s each → LU.
EBU_3342 = {"1": ((-20, -30), 10.0), "2": ((-20, -15), 5.0), "3": ((-40, -20), 20.0)}


@pytest.mark.parametrize("case", EBU_3341)
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_integrated_loudness_of_the_standards_signals(case, rate):
    parts, expected = EBU_3341[case]
    signal = np.concatenate([sine(seconds, level, rate) for level, seconds in parts])
    assert loudness.measure(signal, rate).integrated_lufs == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("case", EBU_3342)
def test_range_of_the_standards_signals(case):
    levels, expected = EBU_3342[case]
    signal = np.concatenate([sine(20, level) for level in levels])
    assert loudness.measure(signal, 48_000).range_lu == pytest.approx(expected, abs=1)


def ebur128(samples: np.ndarray, rate: int, layout: str = "stereo") -> tuple[float, float]:
    """Integrated loudness and range as FFmpeg's filter has them at the end, by its metadata."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout=layout)
    meter = graph.add("ebur128", "metadata=1")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=layout)
    frame.sample_rate = rate
    graph.push(frame)
    graph.push(None)
    reading = {}
    while True:
        try:
            reading |= graph.pull().metadata
        except (av.error.EOFError, av.error.BlockingIOError):
            return float(reading["lavfi.r128.I"]), float(reading["lavfi.r128.LRA"])


def test_real_music_reads_as_on_another_meter(demo_music):
    for path in sorted(demo_music.glob("*.*")):
        sound = audio.decode(path)
        samples = np.ascontiguousarray(np.broadcast_to(sound.samples, (len(sound.samples), 2)))
        integrated, loudness_range = ebur128(samples, sound.sample_rate)
        ours = loudness.measure(sound.samples, sound.sample_rate)
        assert ours.integrated_lufs == pytest.approx(integrated, abs=0.1), path.name
        assert ours.range_lu == pytest.approx(loudness_range, abs=0.3), path.name


def test_a_mono_file_is_as_loud_as_the_same_signal_on_two_loudspeakers():
    stereo = sine(5, -20)
    both = loudness.measure(stereo, 48_000)
    assert loudness.measure(stereo[:, :1], 48_000) == both


def test_one_channel_alone_is_three_lu_less():
    stereo = sine(5, -20)
    left = stereo * np.array([1, 0], np.float32)
    quieter = loudness.measure(stereo, 48_000).integrated_lufs - 10 * np.log10(2)
    assert loudness.measure(left, 48_000).integrated_lufs == pytest.approx(quieter, abs=1e-3)


@pytest.mark.parametrize("seconds", [0.05, 0.4, 2.9])
def test_short_sounds_are_measured(seconds):
    assert loudness.measure(sine(seconds, -20), 48_000).integrated_lufs is not None


def test_quiet_shorts_have_a_loudness_and_no_range():
    noise = np.random.default_rng(0).normal(0, 3e-4, (72_000, 2)).astype(np.float32)
    measured = loudness.measure(noise, 48_000)
    assert -70 < measured.integrated_lufs < -60
    assert measured.range_lu is None


def test_silence_has_no_loudness():
    silent = np.zeros((48_000, 2), np.float32)
    assert loudness.measure(silent, 48_000) == loudness.Loudness(None, None)


def test_blocks_join_without_a_seam(monkeypatch):
    signal = np.random.default_rng(0).normal(0, 0.1, (44_100 * 7, 2)).astype(np.float32)
    whole = loudness.measure(signal, 44_100)
    monkeypatch.setattr(loudness, "_SECONDS_AT_ONCE", 1)
    cut = loudness.measure(signal, 44_100)
    assert cut.integrated_lufs == pytest.approx(whole.integrated_lufs, abs=1e-9)


@pytest.mark.parametrize("cuts", [1, 7, 4800, 33_333, 10**6])
def test_a_meter_hears_the_same_in_any_pieces(cuts):
    signal = np.random.default_rng(0).normal(0, 0.1, (44_100 * 2 + 11, 2)).astype(np.float32)
    whole = loudness.measure(signal, 44_100)
    meter = loudness.Meter(44_100)
    for first in range(0, len(signal), max(cuts, 100)):
        meter.add(signal[first : first + max(cuts, 100)], [1.0, 1.0])
    assert meter.read().integrated_lufs == pytest.approx(whole.integrated_lufs, abs=1e-9)
    assert meter.read() == meter.read()


# EBU Tech 3341, case 6: -28 dBFS left and right, -24 in the centre, -30 around. The bass, that the
# standard leaves silent, does not count.
CASE_6 = {
    "5.0": (-28, -28, -24, -30, -30),
    "5.1": (-28, -28, -24, -6, -30, -30),
    "5.1(side)": (-28, -28, -24, -6, -30, -30),
    None: (-28, -28, -24, -6, -30, -30),
}


@pytest.mark.parametrize("layout", CASE_6)
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_the_standards_signal_in_five_channels(tmp_path, layout, rate):
    levels = 10 ** (np.array(CASE_6[layout]) / 20)
    tone = np.sin(2 * np.pi * 1000 * np.arange(20 * rate) / rate)
    signal = (tone[:, None] * levels).astype(np.float32)
    if layout is None:  # a file that does not say which channel is which
        path = wave(tmp_path / "a.wav", signal, rate)
    else:
        path = encode(tmp_path / "a.wav", signal, rate, "pcm_f32le", layout)
    measured = audio.decode(path).loudness
    assert measured.integrated_lufs == pytest.approx(-23.0, abs=0.1)


LAYOUTS = "2.1 3.0 3.0(back) 4.0 quad 4.1 5.0 5.1 5.1(side) 6.0 6.1 7.0 7.1 7.1(wide) 5.1.2 7.1.4"


@pytest.mark.parametrize("layout", LAYOUTS.split())
def test_every_layout_reads_as_ffmpeg_has_it(tmp_path, layout):
    count = av.AudioLayout(layout).nb_channels
    noise = np.random.default_rng(1).normal(0, 0.05, (48_000 * 8, count))
    noise *= np.linspace(0.3, 1, count) * np.linspace(0.2, 1, len(noise))[:, None]
    noise = noise.astype(np.float32)
    path = encode(tmp_path / "a.wav", noise, 48_000, "pcm_f32le", layout)
    integrated, loudness_range = ebur128(noise, 48_000, layout)
    ours = audio.decode(path).loudness
    assert ours.integrated_lufs == pytest.approx(integrated, abs=0.05)
    assert ours.range_lu == pytest.approx(loudness_range, abs=0.1)


@pytest.mark.parametrize("codec", ["flac", "aac", "ac3", "libopus"])
def test_surround_is_measured_in_every_codec(tmp_path, codec):
    """Behind as loud as in front: 1.41 times the power, which the mix to stereo does not show."""
    times = 2 * np.pi * np.arange(48_000 * 5) / 48_000
    tones = np.zeros((len(times), 6), np.float32)
    for channel, hertz in {0: 500, 1: 600, 4: 700, 5: 800}.items():
        tones[:, channel] = 0.1 * np.sin(hertz * times)
    extension = {"flac": "flac", "aac": "m4a", "ac3": "ac3", "libopus": "opus"}[codec]
    options = {} if codec == "flac" else {"bit_rate": 512_000}
    path = encode(tmp_path / f"a.{extension}", tones, 48_000, codec, "5.1", **options)
    sound = audio.decode(path)
    front, behind = (
        10 ** (loudness.measure(tones[:, pair], 48_000).integrated_lufs / 10)
        for pair in ([0, 1], [4, 5])
    )
    expected = 10 * np.log10(front + 1.41 * behind)
    assert sound.loudness.integrated_lufs == pytest.approx(expected, abs=0.1)
    assert loudness.measure(sound.samples, 48_000).integrated_lufs < expected - 1


def test_only_the_excerpt_is_measured(tmp_path):
    tone = np.sin(2 * np.pi * 1000 * np.arange(30 * 8_000) / 8_000)[:, None]
    signal = np.where(np.arange(len(tone))[:, None] // 80_000 == 1, 0.1, 0.9) * tone
    path = encode(
        tmp_path / "a.wav", np.repeat(signal, 6, axis=1).astype(np.float32), 8_000, layout="5.1"
    )
    sound = audio.decode(path, span_s=10)  # 10 to 20 s, where it is soft
    whole = audio.decode(path)
    assert sound.excerpt == pytest.approx((10, 20), abs=0.2)
    soft = whole.loudness.integrated_lufs - sound.loudness.integrated_lufs
    assert soft == pytest.approx(20 * np.log10(9), abs=0.5)


def test_stereo_and_mono_files_are_measured_by_their_samples(tmp_path):
    for channels in (1, 2):
        path = encode(tmp_path / "a.wav", sine(2, -20)[:, :channels], 48_000)
        assert audio.decode(path).loudness is None


def test_a_file_that_turns_to_surround_is_measured_from_its_start(tmp_path):
    """A chain: ten seconds of stereo, then ten of 5.1 that is silent but for the same two."""
    loud = sine(10, -20, hertz=500)
    six = np.pad(sine(10, -40, hertz=500), ((0, 0), (0, 4)))
    parts = [
        encode(tmp_path / "a.ogg", loud, 48_000, "flac", container="ogg"),
        encode(tmp_path / "b.ogg", six, 48_000, "flac", "5.1", container="ogg"),
    ]
    (tmp_path / "c.ogg").write_bytes(b"".join(part.read_bytes() for part in parts))
    measured = audio.decode(tmp_path / "c.ogg").loudness
    both = loudness.measure(np.concatenate([loud, six[:, :2]]), 48_000)
    assert measured.integrated_lufs == pytest.approx(both.integrated_lufs, abs=0.05)


def test_damage_in_one_channel_is_no_loudness(tmp_path):
    noise = np.random.default_rng(1).normal(0, 0.05, (48_000 * 5, 6)).astype(np.float32)
    clean = audio.decode(encode(tmp_path / "a.wav", noise, 48_000, "pcm_f32le", "5.1"))
    noise[5000:5010, 4] = np.nan, *[1e30] * 9
    damaged = audio.decode(encode(tmp_path / "b.wav", noise, 48_000, "pcm_f32le", "5.1"))
    assert damaged.loudness.integrated_lufs == pytest.approx(
        clean.loudness.integrated_lufs, abs=0.01
    )
    assert "became 0" in damaged.partial
