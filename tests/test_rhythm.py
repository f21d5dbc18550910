"""Tempo against click tracks of known tempo, and against the algorithm that it is faster than."""

import numpy as np
import pytest
import soxr

from engine import audio, essentia_algorithms, rhythm
from engine.rhythm import SAMPLE_RATE, BeatTracker


@pytest.fixture(scope="module")
def track_beats() -> BeatTracker:
    return BeatTracker()


@pytest.fixture(scope="module")
def clips(demo_music) -> dict[str, np.ndarray]:
    """Real music, mono at 44.1 kHz, by name."""
    return {path.name: _mono(audio.decode(path)) for path in sorted(demo_music.glob("*.*"))[::2]}


def _mono(sound: audio.Audio) -> np.ndarray:
    if sound.sample_rate == SAMPLE_RATE:
        return np.ascontiguousarray(sound.mono())
    return soxr.resample(sound.mono(), sound.sample_rate, SAMPLE_RATE)


def clicks(bpm: float, seconds: float = 20.0) -> np.ndarray:
    signal = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    decay = np.exp(-np.arange(2000) / 300) * np.sin(np.arange(2000) * 0.3)
    for beat in np.arange(0.5, seconds - 0.1, 60 / bpm):
        start = round(beat * SAMPLE_RATE)
        signal[start : start + 2000] += decay.astype(np.float32)[: len(signal) - start]
    return signal


@pytest.mark.parametrize("bpm", [70, 100, 128, 150])
def test_a_click_track_has_its_tempo(track_beats, bpm):
    found = track_beats(clicks(bpm))
    octaves = [bpm * factor for factor in (0.5, 1, 2)]
    assert min(abs(found.bpm / octave - 1) for octave in octaves) < 0.01
    assert found.confidence > 3


def test_real_music_has_the_tempo_that_essentia_finds(track_beats, clips):
    reference = essentia_algorithms.load().RhythmExtractor2013(method="multifeature")
    for name, samples in clips.items():
        bpm, beats, confidence, *_ = reference(samples)
        found = track_beats(samples)
        assert found.bpm == pytest.approx(bpm, abs=0.5), name
        assert found.confidence == pytest.approx(confidence, abs=0.1), name
        assert len(found.beats) == pytest.approx(len(beats), abs=2), name


def test_onset_functions_equal_essentias(clips):
    es = essentia_algorithms.load()
    samples = next(iter(clips.values()))[: 10 * SAMPLE_RATE + 777]
    window, transform, polar = es.Windowing(size=2048), es.FFT(size=2048), es.CartesianToPolar()
    methods = {name: es.OnsetDetection(method=name) for name in ("complex", "rms", "melflux")}
    expected = {name: [] for name in methods}
    for frame in es.FrameGenerator(samples, frameSize=2048, hopSize=1024, startFromZero=True):
        magnitude, phase = polar(transform(window(frame)))
        for name, method in methods.items():
            expected[name].append(method(magnitude, phase))
    for name in ("beat_emphasis", "infogain"):
        method = es.OnsetDetectionGlobal(method=name, frameSize=2048, hopSize=512)
        expected[name] = method(samples)
    for (name, reference), computed in zip(
        expected.items(), rhythm.onset_functions(samples), strict=True
    ):
        assert len(computed) == len(reference), name
        assert np.abs(computed - reference).max() < 1e-3 * np.max(reference), name


def test_blocks_of_frames_join_without_a_seam(clips, monkeypatch):
    samples = next(iter(clips.values()))[: 5 * SAMPLE_RATE]
    whole = rhythm.onset_functions(samples)
    monkeypatch.setattr(rhythm, "_FRAMES_AT_ONCE", 6)
    for before, after in zip(whole, rhythm.onset_functions(samples), strict=True):
        assert np.allclose(before, after, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("samples", [1, 2047, 2048, 2049, 44_100, 3 * 44_100])
def test_short_sounds_are_answered(track_beats, samples):
    found = track_beats(clicks(120, 5)[:samples])
    assert found.bpm is None or 30 < found.bpm < 300
    assert found.confidence == 0  # beats are compared from the fifth second on


def test_silence_is_answered(track_beats):
    found = track_beats(np.zeros(10 * SAMPLE_RATE, np.float32))
    assert np.isfinite(found.confidence)


def test_the_candidate_that_agrees_most_is_chosen():
    steady = np.arange(0, 20, 0.5)
    late = steady + 0.01
    odd = np.sort(np.random.default_rng(0).uniform(0, 20, 40))
    beats, agreement = rhythm.choose([odd, steady, late])
    assert beats is not odd
    assert agreement < rhythm.choose([steady, steady, steady])[1] == pytest.approx(5)


def test_agreement_of_nothing_is_zero():
    assert rhythm.choose([np.zeros(0), np.zeros(0)])[1] == 0
