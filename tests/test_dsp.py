"""Descriptors without models, on signals whose key, loudness and rate are known."""

import numpy as np
import pytest

from engine import dsp
from engine.audio import Audio
from engine.records import Media, Tags
from engine.schema import STAGE_COLUMNS

NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 3, 5, 7, 8, 10, 12)


@pytest.fixture(scope="module")
def describe() -> dsp.Dsp:
    return dsp.Dsp()


def recording(mono: np.ndarray, rate: int = 44_100, channels: int = 2) -> Audio:
    samples = np.repeat(mono[:, None], channels, axis=1).astype(np.float32)
    seconds = len(mono) / rate
    media = Media(seconds, rate, channels, "pcm_s16le", seconds)
    return Audio(samples, rate, media, Tags(), "", None, (0.0, seconds))


def scale(tonic: int, steps: tuple[int, ...], rate: int = 44_100) -> np.ndarray:
    """A scale up and down over its triad, 0.4 s a note, with harmonics."""
    t = np.arange(round(0.4 * rate)) / rate
    envelope = np.exp(-2 * t)
    third = steps[2]
    notes = []
    for step in (*steps, *steps[::-1]) * 2:
        wave = np.zeros(len(t))
        for semitone, gain in ((step, 1.0), (0, 0.7), (third, 0.5), (7, 0.5)):
            hertz = 261.63 * 2 ** ((tonic + semitone) / 12)
            for harmonic in (1, 2, 3):
                wave += gain / harmonic * np.sin(2 * np.pi * hertz * harmonic * t)
        notes.append(wave * envelope)
    return np.concatenate(notes) * 0.1


@pytest.mark.parametrize("tonic", [0, 3, 6, 10])
@pytest.mark.parametrize("name, steps", [("major", MAJOR), ("minor", MINOR)])
def test_a_scale_is_in_its_key(describe, tonic, name, steps):
    values = describe(recording(scale(tonic, steps)))
    for profile in dsp.KEY_PROFILES:
        assert values[f"key_{profile}"] == NOTES[tonic]
        assert values[f"scale_{profile}"] == name
        assert 0 < values[f"strength_{profile}"] <= 1


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_other_sample_rates_give_the_same_key(describe, rate):
    assert describe(recording(scale(3, MAJOR, rate), rate))["key_edma"] == "D#"


def test_mono_and_stereo_agree(describe):
    signal = scale(0, MAJOR)
    assert describe(recording(signal, channels=1)) == pytest.approx(describe(recording(signal)))


def test_results_do_not_depend_on_what_came_before(describe):
    first, second = recording(scale(0, MAJOR)), recording(scale(5, MINOR))
    fresh = dsp.Dsp()(second)
    describe(first)
    assert describe(second) == fresh


def test_columns_are_those_of_the_table(describe):
    values = describe(recording(scale(0, MAJOR)))
    assert set(values) <= set(STAGE_COLUMNS["dsp"])
    assert len(values) >= len(STAGE_COLUMNS["dsp"]) - 1  # danceability may be beyond measure


def test_channels_that_cancel_are_heard_one_at_a_time(describe):
    signal = scale(0, MAJOR)
    both = recording(signal)
    both.samples[:, 1] *= -1
    cancelling, left = describe(both), describe(recording(signal))
    loudness = {"loudness_lufs", "loudness_range_lu"}
    assert cancelling == pytest.approx(left)
    assert loudness <= set(cancelling)


def test_nothing_is_made_up_for_digital_silence(describe):
    """Essentia has 738 BPM and A minor for it."""
    assert describe(recording(np.zeros(10 * 44_100))) == {}


def test_noise_that_is_too_soft_to_measure_has_no_loudness(describe):
    soft = np.random.default_rng(0).normal(0, 1e-5, 5 * 44_100)
    assert "loudness_lufs" not in describe(recording(soft))


def test_all_profiles_can_agree_on_the_key_of_noise(describe):
    """As the README and the help say: the key cannot tell, the confidence of the tempo can."""
    values = describe(recording(np.random.default_rng(0).normal(0, 0.1, 30 * 44_100)))
    assert len({(values[f"key_{name}"], values[f"scale_{name}"]) for name in dsp.KEY_PROFILES}) == 1
    assert min(values[f"strength_{name}"] for name in dsp.KEY_PROFILES) > 0.5
    assert values["tempo_confidence"] < 1


def test_keys_are_spelled_with_sharps():
    assert set(dsp._SHARPS.values()) <= set(NOTES)
    assert not set(dsp._SHARPS) & set(NOTES)
