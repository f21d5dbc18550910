"""Decoding: right samples, right account of damage, the same hash, and no way out of bounds."""

import os
import pickle
import shutil
from pathlib import Path

import av
import corpus
import numpy as np
import pytest
from conftest import CACHE
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import encode, tune

from engine import audio, container
from engine.audio import AudioError, content_hash, decode, probe
from engine.pcm import Samples, UnusableFormat

RATE = 44_100
MIN_SECONDS = 1.0


def status(path: Path) -> str:
    """What an analysis would call the file."""
    try:
        sound = decode(path)
    except AudioError:
        return "unreadable"
    if sound.is_silent:
        return "silent"
    if sound.seconds < MIN_SECONDS:
        return "too_short"
    return "partial" if sound.partial else "ok"


def check_sound(path: Path) -> None:
    """Whatever is in a file, decoding it gives bounded numbers, or a sentence and a hash."""
    try:
        sound = decode(path)
    except AudioError as error:
        assert str(error).endswith(".")
        assert error.content_hash == content_hash(path)
        return
    assert sound.samples.dtype == np.float32
    assert sound.samples.flags.c_contiguous
    assert sound.samples.shape[1] in (1, 2)
    assert 0 < len(sound.samples) <= audio.CAP_SECONDS * sound.sample_rate
    assert np.abs(sound.samples).max() <= audio.LOUDEST
    assert sound.content_hash == content_hash(path)
    assert sound.media.duration_s is None or sound.media.duration_s > 0


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    return tune(4)


@pytest.fixture(scope="session")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[corpus.Case]]:
    folder = tmp_path_factory.mktemp("corpus")
    return folder, corpus.build(folder, hours_of_silence=0.5)


# Samples


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


def test_channels_without_a_layout_are_averaged(odd_files: tuple[Path, list]):
    folder, _ = odd_files
    wanted = tune(2, 8_000, 11).mean(axis=1)
    sound = decode(folder / "11 channels.wav")
    assert sound.media.channels == 11
    np.testing.assert_allclose(sound.samples[:, 0], wanted, atol=1e-4)


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
    assert samples.channels == (1 if frames[0][1] == "mono" else 2)
    if len({layout for _, layout, _ in frames}) == 1:
        np.testing.assert_allclose(joined, 0.5, atol=1e-6)


def test_too_many_channels_are_refused():
    frame = av.AudioFrame(format="s16", layout="65 channels", samples=10)
    frame.sample_rate = 8_000
    with pytest.raises(UnusableFormat, match="65 channels"):
        Samples(1, 1).add(frame)


# Excerpts


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


# Damage


def test_every_odd_file_ends_as_it_should(odd_files: tuple[Path, list[corpus.Case]]):
    folder, cases = odd_files
    assert len(cases) >= 150
    wrong = {}
    for case in cases:
        found = status(folder / os.fsdecode(case.name))
        if found not in case.expected:
            wrong[case.name] = (found, case.expected)
    assert wrong == {}


def test_odd_files_keep_the_promises(odd_files: tuple[Path, list[corpus.Case]]):
    folder, cases = odd_files
    for case in cases:
        check_sound(folder / os.fsdecode(case.name))


def test_the_test_files_of_mutagen_keep_the_promises():
    files = corpus.mutagen_files(CACHE)
    if not files:
        pytest.skip(f"no package registry: pip could not download {corpus.MUTAGEN}")
    assert len(files) >= 90
    for path in files:
        check_sound(path)


def test_mutants_keep_the_promises(odd_files: tuple[Path, list[corpus.Case]], tmp_path: Path):
    folder, cases = odd_files
    whole = [folder / os.fsdecode(case.name) for case in cases[:37]]
    seen = []

    def check(name: str, data: bytes) -> None:
        path = tmp_path / name
        path.write_bytes(data)
        check_sound(path)
        seen.append(status(path))
        path.unlink()

    corpus.mutants(whole, 150, seed=20, consume=check)
    assert {"ok", "partial", "unreadable"} <= set(seen)


def test_a_format_that_changes_midway_is_one_signal(odd_files: tuple[Path, list]):
    folder, _ = odd_files
    sound = decode(folder / "stereo then mono.mp3")
    assert sound.seconds == pytest.approx(12, abs=0.2)
    assert sound.samples.shape[1] == 2
    tail = sound.samples[-3 * RATE :]
    np.testing.assert_allclose(tail[:, 0], tail[:, 1], atol=1e-6)
    assert np.abs(tail).max() > 0.1
    slower = decode(folder / "44.1 then 32 kHz.mp3")
    assert slower.seconds == pytest.approx(12, abs=0.2)


def test_a_file_cannot_make_the_decoder_open_another(odd_files: tuple[Path, list]):
    folder, _ = odd_files
    for name in ("playlist.mp3", "concat.flac", "session.wav"):
        with pytest.raises(AudioError):
            decode(folder / name)
    refused = {"hls", "dash", "concat", "sdp", "rtsp", "rtp", "image2", "lavfi", "imf", "webm_dash"}
    assert not refused & set(container.DEMUXERS.split(","))


@pytest.mark.timeout(20)
def test_what_is_no_file_does_not_hang(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.mp3")
    for path, why in (
        (tmp_path / "pipe.mp3", "not a regular file"),
        (tmp_path, "cannot be opened"),
        (tmp_path / "gone.mp3", "No such file"),
        (Path("/dev/zero"), "not a regular file"),
    ):
        with pytest.raises(AudioError, match=why) as caught:
            decode(path)
        assert caught.value.content_hash is None
        with pytest.raises(OSError, match=r"\S"):
            content_hash(path)


def test_errors_cross_process_boundaries(odd_files: tuple[Path, list]):
    folder, _ = odd_files
    with pytest.raises(AudioError) as caught:
        decode(folder / "all NaN.wav")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.content_hash == caught.value.content_hash
    assert copy.media.channels == 2


# Identity


def test_decoding_is_counted_once(tmp_path: Path, music: np.ndarray, monkeypatch):
    counted: list[bytes] = []
    monkeypatch.setattr(audio, "decode_hooks", [counted.append])
    path = encode(tmp_path / "a.mp3", music, codec="mp3")
    probe(path)
    content_hash(path)
    assert counted == []
    decode(path)
    decode(os.fsencode(path))
    assert counted == [os.fsencode(path)] * 2


def test_probe_agrees_with_decode(demo_music: Path):
    for path in sorted(demo_music.iterdir()):
        sound = decode(path)
        hashed, media, tags = probe(path)
        assert (hashed, tags) == (sound.content_hash, sound.tags)
        assert media.duration_s == pytest.approx(sound.seconds, abs=0.1)
        assert sound.partial is None
        assert not sound.is_silent


def test_the_hash_tells_sounds_apart(tmp_path: Path):
    paths = [encode(tmp_path / f"{seed}.flac", tune(3, seed=seed), codec="flac") for seed in (1, 2)]
    copy = shutil.copy(paths[0], tmp_path / "renamed.bin")
    first, second, renamed = map(content_hash, [*paths, copy])
    assert first == renamed != second
    assert len(first) == 32
