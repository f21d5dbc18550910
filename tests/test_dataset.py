"""Frames of folders: every track once, in variants, and not computed twice."""

import logging
from pathlib import Path

import numpy as np
import pytest
from sounds import encode, tune

from engine import audio
from engine.information import dataset, log_mel


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
    expected = log_mel.band_frames(log_mel.resampled(audio.decode(folder / "b.wav")))
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
