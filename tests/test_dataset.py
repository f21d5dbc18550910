"""Frames of folders: every track once, in variants, and not computed twice."""

import logging
from pathlib import Path

import numpy as np
import pytest
from sounds import encode, tune

from engine import audio
from engine.information import audible_mel, dataset, latent_cache, latent_kinds, log_mel
from engine.information.latent_cache import Key, LatentCache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    encode(folder / "a.flac", tune(4, seed=1), codec="flac")
    encode(folder / "b.wav", tune(3, seed=2))
    encode(folder / "short.wav", tune(1, seed=3))
    (folder / "broken.mp3").write_bytes(b"no audio at all")
    return folder


def test_frames_of_each_track_follow_each_other(folder, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        frames = dataset.read(dataset.tracks([folder]), tmp_path / "cache")
    assert frames.lengths.tolist() == [4 * 44100 // 4096, 3 * 44100 // 4096]
    assert list(frames.starts) == [0, frames.lengths[0]]
    expected = audible_mel.energies(log_mel.resampled(audio.decode(folder / "b.wav")))
    assert np.allclose(frames.recording(1), expected, atol=0.02)
    assert "broken.mp3 is left out" in caplog.text


def test_variants_are_shifted_in_pitch_and_time(folder, tmp_path):
    chosen = dataset.tracks([folder / "a.flac"])
    frames = dataset.read(chosen, tmp_path / "cache", 3)
    seconds = np.array([4, 4 * 2 ** (2 / 12), 4 / 2 ** (1 / 12)])
    offsets = np.array([variant.offset for variant in dataset.variants(3)])
    assert frames.lengths.tolist() == [int(n) for n in (seconds * 44100 - offsets) / 4096]
    with pytest.raises(ValueError, match="variants"):
        dataset.variants(9)


def test_what_was_read_is_not_decoded_again(folder, tmp_path, monkeypatch):
    decoded: list[bytes] = []
    monkeypatch.setattr(audio, "decode_hooks", [decoded.append])
    chosen = dataset.tracks([folder])
    first = dataset.read(chosen, tmp_path / "cache", 2)
    decoded.clear()
    again = dataset.read(chosen, tmp_path / "cache", 2)
    assert [path for path in decoded if b"broken" not in path] == []
    assert np.array_equal(first.values, again.values)
    encode(folder / "b.wav", tune(3, seed=9))  # another recording under the same name
    changed = dataset.read(dataset.tracks([folder]), tmp_path / "cache", 2)
    assert [path for path in decoded if b"broken" not in path] == [bytes(folder / "b.wav")]
    assert not np.array_equal(changed.recording(2), first.recording(2))


def test_no_music_is_said(tmp_path):
    with pytest.raises(ValueError, match="none of 0 files"):
        dataset.read([], tmp_path / "cache")


def test_of_more_music_than_is_asked_for_a_part_is_read(folder, tmp_path):
    chosen = dataset.tracks([folder / "a.flac", folder / "b.wav"])
    whole = dataset.read(chosen, tmp_path / "cache", most=1000)
    assert len(whole.lengths) == 2
    part = dataset.read(chosen, tmp_path / "cache", most=20)
    again = dataset.read(chosen, tmp_path / "cache", most=20)
    assert len(part.lengths) == 1
    assert np.array_equal(part.values, again.values)


def test_kept_latents_are_read_once_for_each_recording(tmp_path, caplog):
    (tmp_path / "codec.pt").write_bytes(b"weights")
    cache = LatentCache(tmp_path / "library", tmp_path / "codec.pt")
    cache.describe(latent_kinds.MUSIC2LATENT, "float32")
    random = np.random.default_rng(0)
    latents = {
        Key("a" * 32, 0, 4096 * 30): 30,
        Key("a" * 32, 4096, 4096 * 25): 24,  # an excerpt of it
        Key("b" * 32, 0, 4096 * 9): 9,  # too short
        Key("c" * 32, 0, 4096 * 40): 40,
        Key("d" * 32, 0, 4096 * 20): 20,
    }
    for key, frames in latents.items():
        cache.put(key, random.standard_normal((frames, 64)))
    found = dataset.kept(cache.folder)
    assert [key.content_hash[0] for key in found] == ["a", "b", "c", "d"]
    damaged = cache.folder / Key("c" * 32, 0, 4096 * 40).name
    damaged.write_bytes(damaged.read_bytes()[:-1])
    frames = dataset.read_kept(cache.folder, found)
    assert frames.lengths.tolist() == [30, 20]
    assert np.array_equal(frames.recording(0), latent_cache.read(cache.folder, found[0]))
    assert "is damaged" in caplog.text
    assert dataset.read_kept(cache.folder, found, most=10).lengths.tolist() == [30]
    with pytest.raises(ValueError, match="no latents of 16 frames"):
        dataset.read_kept(cache.folder, found[1:2])
