"""Tempo against clicks of a known one, against Essentia's, and in other forms of the same music."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import clicks, encode

from engine import audio, dsp, essentia_algorithms, rhythm
from engine.rhythm import SAMPLE_RATE, BeatTracker

TRUSTED = 1.5  # the confidence from which on a tempo is the same in every form of the music


@pytest.fixture(scope="module")
def track_beats() -> BeatTracker:
    return BeatTracker()


@pytest.fixture(scope="module")
def clips(demo_music) -> dict[str, np.ndarray]:
    """Real music, mono at 44.1 kHz, by name."""
    return {path.name: decoded(path) for path in sorted(demo_music.glob("*.*"))[::2]}


def decoded(path) -> np.ndarray:
    return dsp.at_rate(audio.decode(path), SAMPLE_RATE)


@pytest.mark.parametrize("bpm", [65, 70, 100, 128, 150, 158.2, 169, 170, 171, 173])
def test_a_click_track_has_its_tempo(track_beats, bpm):
    """Beats are counted in frames of 11.6 ms, of which 30 make 172.27 BPM."""
    found = track_beats(clicks(bpm, 30))
    assert found.bpm == pytest.approx(bpm, rel=0.002)
    assert found.confidence > 3


@pytest.mark.parametrize(("bpm", "heard"), [(60, 120), (190, 95)])
def test_slow_and_fast_clicks_are_heard_in_another_octave(track_beats, bpm, heard):
    """As the README says. Confidence does not tell: the trackers agree on the wrong one, too."""
    found = track_beats(clicks(bpm, 30))
    assert found.bpm == pytest.approx(heard, rel=0.002)
    assert found.confidence > TRUSTED


def test_noise_has_a_tempo_that_nobody_should_trust(track_beats):
    noise = np.random.default_rng(0).normal(0, 0.1, 30 * SAMPLE_RATE).astype(np.float32)
    assert track_beats(noise).confidence < 1


def test_real_music_has_the_beats_and_the_tempo_that_essentia_finds(track_beats, clips):
    """Essentia takes one of five trackers; ours finds the same beats with each of them."""
    reference = essentia_algorithms.load().RhythmExtractor2013(method="multifeature")
    trusted = 0
    for name, samples in clips.items():
        bpm, beats, confidence, *_ = reference(samples)
        candidates = track_beats.candidates(samples)
        assert any(
            len(ours) == len(beats) and np.abs(ours - beats).max() < 0.03 for ours in candidates
        ), name
        found = rhythm.vote(candidates)
        assert found.confidence < confidence + 0.1, name
        if found.confidence >= TRUSTED:
            trusted += 1
            assert found.bpm == pytest.approx(bpm, rel=0.02), name
    assert trusted >= len(clips) / 2


def test_the_same_music_in_other_forms_has_the_same_tempo(track_beats, clips, tmp_path):
    """Or a confidence that says that it may have another."""
    trusted = 0
    for name, samples in clips.items():
        stereo = np.repeat(samples[:, None], 2, axis=1)
        original = decoded(encode(tmp_path / "a.wav", stereo))
        tempo = track_beats(original)
        if tempo.confidence < TRUSTED:
            continue
        trusted += 1
        assert np.array_equal(decoded(encode(tmp_path / "a.flac", stereo, codec="flac")), original)
        noise = np.random.default_rng(0).normal(0, 10 ** (-90 / 20), len(original))
        forms = {
            "mp3": decoded(encode(tmp_path / "a.mp3", stereo, codec="mp3", bit_rate=320_000)),
            "noise": (original + noise).astype(np.float32),
            "quieter": original * np.float32(0.5),
        }
        for form, altered in forms.items():
            assert track_beats(altered).bpm == pytest.approx(tempo.bpm, rel=0.01), (name, form)
    assert trusted >= len(clips) / 2


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


def beats_at(bpm: float, jitter_ms: float = 0.0, seconds: float = 30.0, seed: int = 0):
    beats = np.arange(0.25, seconds, 60 / bpm)
    return beats + np.random.default_rng(seed).normal(0, jitter_ms / 1000, len(beats))


def test_trackers_that_agree_outvote_the_odd_one():
    odd = np.sort(np.random.default_rng(0).uniform(0, 30, 60))
    found = rhythm.vote([odd, beats_at(120), beats_at(120) + 0.01])
    assert found.bpm == pytest.approx(120, rel=0.001)
    assert found.confidence < rhythm.vote([beats_at(120)] * 3).confidence == pytest.approx(5)


def test_most_trackers_decide_and_not_the_one_that_agrees_most():
    """Exact beats at half the tempo agree with all others better than those among themselves."""
    loose = [beats_at(120, jitter_ms=20, seed=seed) for seed in range(3)]
    exact = [beats_at(60), beats_at(60) + 0.001]
    assert rhythm.vote(loose + exact).bpm == pytest.approx(120, rel=0.01)


def test_an_even_vote_between_two_tempi_is_no_confident_answer():
    half = [beats_at(86), beats_at(86), beats_at(172), beats_at(172)]
    odd = np.sort(np.random.default_rng(0).uniform(0, 30, 60))
    found = rhythm.vote([*half, odd])
    assert found.confidence < 1
    assert rhythm.vote([*half, beats_at(172)]).confidence >= TRUSTED


@given(st.lists(st.floats(0.4, 5), min_size=5, max_size=5), st.integers(0, 4), st.booleans())
def test_rounding_turns_no_confident_vote_round(weights, which, up):
    tempi = [120.0, 119.6, 60.2, 121.0, 60.0]
    winner, lead = rhythm._elect(tempi, np.array(weights))
    moved = list(tempi)
    moved[which] *= 1 + (0.001 if up else -0.001)
    again, _ = rhythm._elect(moved, np.array(weights) * (1.001 if up else 0.999))
    if lead > 0.1:
        assert moved[again] == pytest.approx(tempi[winner], rel=0.015)


def test_beats_that_have_nothing_in_common_have_no_confidence():
    rng = np.random.default_rng(0)
    unrelated = [np.sort(rng.uniform(0, 2000, 4000)) for _ in range(5)]
    assert rhythm.mutual_agreement(unrelated).sum() < 0
    assert rhythm.vote(unrelated).confidence == 0


def test_a_tracker_without_beats_does_not_vote():
    found = rhythm.vote([np.zeros(0), np.zeros(1), beats_at(100)])
    assert found.bpm == pytest.approx(100, rel=0.001)


@pytest.mark.parametrize("beats", [[], [1.0]])
def test_of_no_beats_there_is_no_tempo(beats):
    found = rhythm.vote([np.array(beats)] * 5)
    assert found.bpm is None
    assert found.confidence == 0


def test_a_beat_lost_now_and_then_does_not_move_the_tempo():
    beats = beats_at(140)
    lost = np.delete(beats, [13, 37, 38, 52])
    assert rhythm._beats_per_minute(lost) == pytest.approx(140, rel=0.001)


def test_beats_on_whole_frames_have_the_tempo_between_frames():
    frames = np.round(beats_at(171) * SAMPLE_RATE / rhythm.HOP) * rhythm.HOP / SAMPLE_RATE
    assert rhythm._beats_per_minute(frames) == pytest.approx(171, rel=0.002)


def test_the_longer_of_two_tempi_is_that_of_the_track():
    """Not one between them."""
    beats = np.concatenate([beats_at(100, seconds=40), 40 + beats_at(107, seconds=20)])
    assert rhythm._beats_per_minute(beats) == pytest.approx(100, rel=0.002)


def test_agreement_of_nothing_is_zero():
    assert rhythm.vote([np.zeros(0), np.zeros(0)]).confidence == 0
