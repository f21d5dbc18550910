"""Decoding: right samples, right account of damage, the same hash, and no way out of bounds."""

import os
import pickle
import shutil
from pathlib import Path

import corpus
import damaged
import numpy as np
import pytest
from conftest import CACHE
from sounds import encode, tune

from engine import audio, container
from engine.audio import AudioError, content_hash, decode, probe

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


def test_channels_without_a_layout_are_averaged(odd_files: tuple[Path, list]):
    folder, _ = odd_files
    wanted = tune(2, 8_000, 11).mean(axis=1)
    sound = decode(folder / "11 channels.wav")
    assert sound.media.channels == 11
    np.testing.assert_allclose(sound.samples[:, 0], wanted, atol=1e-4)


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
    files = damaged.mutagen_files(CACHE)
    if not files:
        pytest.skip(f"no package registry: pip could not download {damaged.MUTAGEN}")
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

    damaged.mutants(whole, 150, seed=20, consume=check)
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
    assert not refused & set(container.FILES_ONLY["format_whitelist"].split(","))


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


def test_an_excerpt_of_vorbis_begins_where_it_says(demo_tracks):
    """FFmpeg takes packets between blocks of two sizes for shorter than they are: 5 s of a song."""
    song = next(path for path in demo_tracks if path.parent.name == "Feelings")
    whole, part = decode(song), decode(song, span_s=20.0)
    assert part.excerpt[0] == pytest.approx(whole.seconds / 2 - 10, abs=0.05)
    at = round(part.excerpt[0] * part.sample_rate)
    near = whole.samples[at - 2205 : at + 2205 + 1000, 0]  # 0.05 s either way: packets are as long
    places = np.lib.stride_tricks.sliding_window_view(near, 1000)
    assert (places == part.samples[:1000, 0]).all(axis=1).any()
