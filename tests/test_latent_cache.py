"""Kept latents: given back as they were, never when damaged, and used in place of encoding."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from analyses import ROOT, analysis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from information_models import model
from sounds import encode, tune

from engine import audio
from engine.information import latent_cache, latent_kinds
from engine.information.analysis import Analyst
from engine.information.curve import Span
from engine.information.latent_cache import Key, LatentCache
from engine.information.log_mel import FRAME, SAMPLE_RATE
from engine.information.systems import ENCODER
from engine.library import Library

REPOSITORY = Path(__file__).parents[1]
KEY = Key("0123456789abcdef" * 2, 4096, 4096 * 31)


@pytest.fixture
def cache(tmp_path: Path) -> LatentCache:
    (tmp_path / "codec.pt").write_bytes(b"weights")
    return LatentCache(tmp_path / "library", tmp_path / "codec.pt")


def latents(seed: int = 0, frames: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((frames, 64)).astype(np.float32)


def test_what_is_put_is_what_comes_back(cache):
    assert cache.get(KEY) is None
    kept = cache.put(KEY, latents())
    assert kept.dtype == np.float32
    assert np.abs(kept - latents()).max() < 0.002
    again = pickle.loads(pickle.dumps(cache))  # as a worker process has it
    assert np.array_equal(again.get(KEY), kept)
    assert cache.get(Key(KEY.content_hash, 0, KEY.end)) is None
    assert latent_cache.keys(cache.folder) == [KEY]
    assert [path.name for path in cache.folder.iterdir()] == [KEY.name]


def test_a_minute_takes_what_the_module_says(cache):
    cache.put(KEY, latents(frames=60 * SAMPLE_RATE // FRAME))
    assert 82_000 < (cache.folder / KEY.name).stat().st_size < 84_000


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_file_is_never_believed(cache, data):
    cache.put(KEY, latents())
    path = cache.folder / KEY.name
    whole = path.read_bytes()
    if data.draw(st.booleans(), "truncated"):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    else:
        place = data.draw(st.integers(0, len(whole) - 1))
        flipped = whole[place] ^ data.draw(st.integers(1, 255))
        path.write_bytes(whole[:place] + bytes([flipped]) + whole[place + 1 :])
    assert cache.get(KEY) is None
    assert np.array_equal(cache.put(KEY, latents()), cache.get(KEY))


def test_latents_of_another_recording_are_not_believed(cache):
    cache.put(KEY, latents())
    other = Key("f" * 32, KEY.start, KEY.end)
    (cache.folder / KEY.name).rename(cache.folder / other.name)
    assert cache.get(other) is None


def test_codecs_and_precisions_have_folders_of_their_own(cache, tmp_path):
    (tmp_path / "other.pt").write_bytes(b"other weights")
    other = LatentCache(tmp_path / "library", tmp_path / "other.pt")
    reduced = LatentCache(tmp_path / "library", tmp_path / "other.pt", "bfloat16")
    assert len({cache.folder, other.folder, reduced.folder}) == 3
    assert reduced.folder.name == f"{other.codec_sha256[:8]}-{ENCODER}-bfloat16"
    with pytest.raises(ValueError, match="not float32"):
        reduced.describe(latent_kinds.MUSIC2LATENT, "float32")


def test_a_folder_says_what_it_holds(cache):
    with pytest.raises(ValueError, match="no folder of kept latents"):
        latent_cache.About.read(cache.folder)
    for _ in range(2):
        cache.describe(latent_kinds.MUSIC2LATENT, "float32")
    about = latent_cache.About.read(cache.folder)
    assert (about.latents, about.codec_sha256) == (latent_kinds.MUSIC2LATENT, cache.codec_sha256)
    with pytest.raises(ValueError, match="latents of another codec"):
        cache.describe(latent_kinds.NOISE_AUGMENTED, "float32")
    (cache.folder / latent_cache.ABOUT).write_text("{")  # damaged: written again
    cache.describe(latent_kinds.MUSIC2LATENT, "float32")
    assert latent_cache.About.read(cache.folder) == about


def test_a_disk_that_refuses_is_told_once(cache, tmp_path, caplog):
    (tmp_path / "library").write_text("no folder")
    for seed in (0, 1):
        assert cache.put(KEY, latents(seed)).shape == (30, 64)
    assert caplog.text.count("cannot be kept") == 1
    assert cache.get(KEY) is None


FILL = """
import pickle, sys
import numpy as np
from engine.information import latent_kinds
from engine.information.latent_cache import Key
cache, number = pickle.load(sys.stdin.buffer)
cache.describe(latent_kinds.MUSIC2LATENT, "float32")
for seed in range(20):
    values = np.full((30, 64), seed, np.float32)
    cache.put(Key(f"{seed:032x}", 0, 1), values)
    cache.put(Key(f"{number * 100 + seed:032x}", 0, 2), values)
"""


def test_processes_write_at_once(cache):
    command = [sys.executable, "-c", FILL]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, cwd=REPOSITORY) for _ in range(3)]
    for number, worker in enumerate(workers, 1):
        worker.stdin.write(pickle.dumps((cache, number)))
        worker.stdin.close()
    for worker in workers:
        assert worker.wait(120) == 0
    kept = latent_cache.keys(cache.folder)
    assert len(kept) == 20 + 3 * 20
    assert all(cache.get(key) is not None for key in kept)
    assert not list(cache.folder.glob("*.part"))


class CountingCodec:
    """Latents from the samples themselves, and how often they were asked for."""

    latents, precision = latent_kinds.MUSIC2LATENT, "float32"

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, samples: np.ndarray) -> np.ndarray:
        self.calls += 1
        count = len(samples) // FRAME
        return samples[: count * FRAME].reshape(count, 64, -1).mean(2) * 100


def test_encoding_is_skipped_where_latents_are_kept(cache, tmp_path):
    sound = audio.decode(encode(tmp_path / "a.wav", tune(3)))
    codec = CountingCodec()
    analyst = Analyst(model(latent_kinds.MUSIC2LATENT), codec, cache)
    (first,) = analyst.curves([sound])
    (second,) = analyst.curves([sound])
    assert codec.calls == 1
    assert np.array_equal(first.values, second.values, equal_nan=True)
    (without,) = Analyst(model(latent_kinds.MUSIC2LATENT), codec).curves([sound])
    np.testing.assert_allclose(without.values, first.values, atol=0.1, rtol=1e-3)
    (path,) = cache.folder.glob("*.npy")
    path.write_bytes(path.read_bytes()[:-100])
    (third,) = analyst.curves([sound])
    assert codec.calls == 3
    assert np.array_equal(first.values, third.values, equal_nan=True)


def test_excerpts_of_a_recording_are_kept_apart(cache, tmp_path):
    path = encode(tmp_path / "a.wav", tune(4))
    codec = CountingCodec()
    analyst = Analyst(model(latent_kinds.MUSIC2LATENT), codec, cache)
    for span_s in (4.0, 2.0, 2.0):
        analyst.curves([audio.decode(path, span_s=span_s)])
    assert codec.calls == 2
    (whole, middle) = latent_cache.keys(cache.folder)
    assert (whole.start, whole.end) == (0, 4 * SAMPLE_RATE)
    assert (middle.start, middle.end) == (SAMPLE_RATE, 3 * SAMPLE_RATE)
    key = latent_cache.key_of(audio.decode(path, span_s=2.0), Span(2, 5, 21), 3 * FRAME)
    assert (key.start, key.end) == (SAMPLE_RATE + 2 * FRAME, SAMPLE_RATE + 5 * FRAME)


def test_log_mel_frames_are_not_kept(cache, tmp_path):
    analyst = Analyst(model(latent_kinds.LOG_MEL), None, cache)
    analyst.curves([audio.decode(encode(tmp_path / "a.wav", tune(2)))])
    assert not cache.folder.exists()


def test_purging_leaves_the_tracks_of_the_library(cache, tmp_path, caplog):
    library, gone = tmp_path / "library", Key("f" * 32, 0, 4096)
    here, absent = Key("a" * 32, 0, 4096), Key("b" * 32, 0, 4096)
    with Library.create(library) as writer:
        writer.record(ROOT, b"here.mp3", 1, 1, analysis(here.content_hash))
        row = writer.record(ROOT, b"absent.mp3", 1, 1, analysis(absent.content_hash, seed=1))
        writer.mark_absent([row])
    cache.describe(latent_kinds.MUSIC2LATENT, "float32")
    for key in (here, absent, gone):
        cache.put(key, latents())
    abandoned, underway = (cache.folder / f"{name}.part" for name in ("abandoned", "underway"))
    for path in (abandoned, underway):
        path.write_bytes(b"")
    os.utime(abandoned, (0, 0))
    caplog.set_level("INFO")
    assert latent_cache.main([str(library)]) == 0
    assert "2 files of no track" in caplog.text
    assert len(latent_cache.keys(cache.folder)) == 3
    assert latent_cache.main([str(library), "--purge"]) == 0
    assert latent_cache.keys(cache.folder) == [here, absent]
    assert underway.exists() and not abandoned.exists()
    assert json.loads((cache.folder / latent_cache.ABOUT).read_text())
    assert latent_cache.main([str(tmp_path / "nothing")]) == 1
