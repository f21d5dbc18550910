"""The meter against the standard's own test signals and against FFmpeg's ebur128."""

import av
import numpy as np
import pytest

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


def ebur128(samples: np.ndarray, rate: int) -> tuple[float, float]:
    """Integrated loudness and range as FFmpeg's filter has them at the end, by its metadata."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="stereo")
    meter = graph.add("ebur128", "metadata=1")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="stereo")
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
