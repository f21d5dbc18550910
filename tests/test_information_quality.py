"""Statistics, clips and tables of the benchmark of models' quality, against what is known."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from information_models import model
from sklearn.metrics import roc_auc_score

from benchmarks import information_clips as clips
from benchmarks import information_quality as quality
from benchmarks import information_report as report
from benchmarks import information_statistics as statistics
from engine.information import checkpoints, latent_kinds

values = st.lists(st.integers(-4, 4), min_size=2, max_size=12)


@settings(max_examples=50, deadline=None)
@given(positive=values, data=st.data())
def test_the_area_is_that_of_the_roc_curve(positive, data):
    size = len(positive)
    negative = data.draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size))
    found = statistics.auc(np.array(positive), np.array(negative), np.arange(size))
    expected = roc_auc_score([1] * size + [0] * size, positive + negative)
    assert found["value"] == pytest.approx(expected)
    assert 0 <= found["low"] <= found["high"] <= 1


def test_what_exceeds_all_has_area_one_and_what_is_alike_a_half():
    clean = np.arange(6.0)
    groups = np.arange(6)
    one = {"value": 1.0, "low": 1.0, "high": 1.0}
    assert statistics.auc(clean + 10, clean, groups) == pytest.approx(one)
    assert statistics.auc(clean, clean, groups)["value"] == 0.5
    half = {"value": 0.5, "low": 0.5, "high": 0.5}
    assert statistics.auc(np.zeros(6), np.zeros(6), groups) == pytest.approx(half)


def test_intervals_cover_the_true_mean_as_often_as_they_say():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 3)
    covered, naive = 0, 0
    for _ in range(200):
        sample = np.repeat(random.standard_normal(40), 3) + 0.1 * random.standard_normal(120)
        found = statistics.mean(sample, groups)
        covered += found["low"] < 0 < found["high"]
        alone = statistics.mean(sample, np.arange(120))
        naive += alone["low"] < 0 < alone["high"]
    assert 0.89 <= covered / 200 <= 0.99
    assert naive / 200 < 0.85  # clips of a track are not independent: why they are drawn together


def test_means_weigh_values_not_groups():
    sample, groups = np.array([0.0, 0.0, 0.0, 4.0]), np.array([7, 7, 7, 9])
    found = statistics.mean(sample, groups)
    assert (found["value"], found["low"], found["high"]) == (1.0, 0.0, 4.0)


def test_spreads_within_and_between_are_told_apart():
    random = np.random.default_rng(0)
    tracks = 5.0 * random.standard_normal(400)
    shared = np.array([[-1.0], [0.0], [1.0]])
    means = tracks + shared + 0.2 * random.standard_normal((3, 400))
    found = statistics.spread(means, np.arange(400))
    assert found["common"]["value"] == pytest.approx(1.0, abs=0.05)
    assert found["own"]["value"] == pytest.approx(0.2, abs=0.02)
    assert found["within"]["value"] == pytest.approx(np.hypot(1.0, 0.2), abs=0.05)
    assert found["between"]["value"] == pytest.approx(5.0, abs=0.4)
    for name in ("within", "own", "between"):
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]


def test_intervals_of_spreads_draw_groups():
    """Two groups of alike tracks: nothing is known of how far groups lie apart."""
    means = np.array([[0.0] * 50 + [1.0] * 50] * 2) + np.array([[0.0], [0.1]])
    apart, together = (
        statistics.spread(means, groups)["between"]
        for groups in (np.arange(100), np.repeat((0, 1), 50))
    )
    assert apart["value"] == together["value"]
    assert together["low"] == 0 < apart["low"]


def chain(frames: int, seed: int = 0) -> np.ndarray:
    """A linear autoregression of order 1 in three dimensions."""
    random = np.random.default_rng(seed)
    values = np.zeros((frames, 3))
    for now in range(1, frames):
        values[now] = 0.9 * values[now - 1] + random.standard_normal(3) * [1.0, 0.5, 2.0]
    return values.astype(np.float32)


def test_baselines_find_the_density_of_data_like_them():
    learned = [chain(8000, seed) for seed in range(3)]
    heard = chain(4000, 9)
    entropy = 1.5 * np.log(2 * np.pi * np.e) + np.log([1.0, 0.5, 2.0]).sum()
    given_past = statistics.autoregression(learned)(heard)
    assert np.isnan(given_past[: statistics.ORDER]).all()
    assert np.nanmean(given_past) == pytest.approx(entropy, abs=0.05)
    alone = statistics.gaussian(learned)(heard)
    assert alone.mean() == pytest.approx(entropy - 1.5 * np.log(1 - 0.9**2), abs=0.15)
    stacked = np.concatenate(learned).astype(float)
    reference = torch.distributions.MultivariateNormal(
        torch.tensor(stacked.mean(0)), torch.tensor(np.cov(stacked, rowvar=False))
    )
    np.testing.assert_allclose(alone, -reference.log_prob(torch.tensor(heard).double()), rtol=1e-6)


def numbered(number: int, frames: int = 600) -> clips.Track:
    """A track whose frames tell where they are from: its number, and their own."""
    latents = np.stack([np.full(frames, number), np.arange(frames)], axis=1).astype(np.float32)
    count = round(frames / 2 ** (2 / 12))
    raised = np.stack([np.full(count, -number), np.linspace(0, frames, count)], axis=1)
    return clips.Track(latents, raised.astype(np.float32), bar=20)


@given(st.lists(st.integers(clips.LENGTH, clips.LENGTH + 50), min_size=2, max_size=5))
@settings(max_examples=30, deadline=None)
def test_places_lie_within_their_tracks(lengths):
    found = clips.places(lengths, 40)
    assert found == clips.places(lengths, 40)
    assert {place.track for place in found} == set(range(len(lengths)))
    tracks = [numbered(number, frames) for number, frames in enumerate(lengths)]
    for place in found:
        assert place.other != place.track
        assert len(tracks[place.track].latents[place.start :]) >= clips.LENGTH
        for each in clips.edits(tracks, place).values():
            assert each.edited.shape == each.clean.shape


def test_edits_change_what_comes_after_the_context_and_nothing_else():
    tracks = [numbered(1), numbered(2)]
    place = clips.Place(track=0, start=50, other=1, foreign=200, elsewhere=400)
    made = clips.edits(tracks, place)
    for each in made.values():
        assert np.array_equal(each.edited[: clips.BEFORE], tracks[0].latents[50:158])
        assert np.array_equal(each.clean[:, 1], 50 + np.arange(len(each.clean)))
    after = {name: each.edited[clips.BEFORE :] for name, each in made.items()}
    assert (after["foreign phrase"][0] == (2, 200)).all()
    assert (after["phrase from elsewhere in the track"][0] == (1, 400)).all()
    assert after["transposed phrase"][0, 0] == -1
    assert after["transposed phrase"][0, 1] == pytest.approx(158, abs=1)  # the same moment
    bars = made["shuffled bars"]
    assert bars.seams == (108, 128, 148, 168)
    assert sorted(bars.edited[:, 1]) == bars.clean[:, 1].tolist()
    for seam in bars.seams:  # what was joined is no longer
        assert bars.edited[seam, 1] != bars.edited[seam - 1, 1] + 1


def test_a_repeated_phrase_has_its_continuation_as_control():
    again, continued = clips.repeated([numbered(1), numbered(2)], clips.Place(1, 7, 0, 0, 0))
    assert again.shape == continued.shape
    start = clips.BEFORE + clips.PHRASE + clips.BETWEEN
    assert np.array_equal(again[:start], continued[:start])
    assert np.array_equal(again[start:], again[clips.BEFORE : clips.BEFORE + clips.PHRASE])
    assert np.array_equal(continued[:, 1], 7 + np.arange(len(continued)))


def test_rises_are_means_after_seams_less_that_before():
    row = np.ones((2, 200))
    row[1, clips.BEFORE : clips.BEFORE + clips.AFTER] = 4
    assert clips.rise(row, (clips.BEFORE,)).tolist() == [0, 3]
    assert clips.rise(row, (clips.BEFORE, 150)).tolist() == [0, 1.5]


def test_bars_are_found_by_their_onsets():
    random = np.random.default_rng(0)
    bands = random.normal(0, 0.1, (400, 12))
    bands[::23] += 3
    assert clips.bar_length(bands) == 23


def test_foreign_phrases_need_another_track():
    with pytest.raises(ValueError, match="need two"):
        clips.places([500], 3)


@pytest.fixture(scope="module")
def results() -> dict:
    """Of a model that predicts nothing, on the baselines' own data."""
    random = np.random.default_rng(0)
    tracks = [
        clips.Track(*(random.standard_normal((360, 64)).astype(np.float32) for _ in range(2)), 20)
        for _ in range(3)
    ]
    learned = [random.standard_normal((900, 64)).astype(np.float32) for _ in range(3)]
    places = clips.places([len(track.latents) for track in tracks], 4)
    random_model = model(latent_kinds.AUDIBLE_MEL)
    loaded = {
        name: checkpoints.Checkpoint(
            random_model._model,
            checkpoints.FLOW,
            latent_kinds.AUDIBLE_MEL,
            random_model.whitening,
            {},
        )
        for name in ("one", "two")
    }
    return quality.measured(
        loaded, learned, quality.HeldOut(tracks, places, np.arange(len(tracks)))
    )


def test_figures_of_what_cannot_be_predicted(results):
    entropy = 32 * np.log(2 * np.pi * np.e)
    gaussian = results["nats per frame"][quality.GAUSSIAN]["mean"]
    assert gaussian["value"] == pytest.approx(entropy, rel=0.05)
    again = results["repetition"][quality.GAUSSIAN]["0.0"]
    assert again["share of clips with less"]["value"] == 0
    assert again["again less first"]["value"] == pytest.approx(0, abs=1e-9)
    # Frames of the phrase after the first 8 are predicted from frames of the phrase.
    linear = results["repetition"][quality.AUTOREGRESSION]["0.0"]
    assert linear["again less first"]["value"] == pytest.approx(0, abs=1e-9)
    assert set(results["repetition"]["one"]) == {str(level) for level in quality.LEVELS}
    spread = results["seeds of the training"]["flow"]
    assert spread["within"]["value"] == 0  # the two models are one
    assert spread["lowest rank correlation"] == pytest.approx(1)
    assert json.loads(json.dumps(results, allow_nan=False)) == results


def test_tables_hold_every_figure(results):
    text = report.markdown(results)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    levels = len(quality.LEVELS)
    rows = 4 + (2 * levels + 2) + 4 * (2 * levels + 2) + 3
    assert len(lines) == rows + 2 * 4  # each table has a header and a rule
    assert "3 tracks" in text and "nan" not in text
    for name in ("one", "Gaussian", "autoregression", "foreign phrase", "shuffled bars"):
        assert f"| {name} " in text


def test_numbers_and_their_intervals_in_words():
    assert report.number({"value": 1.234, "low": 1.0, "high": 2.0}) == "1.23 [1.00, 2.00]"
    assert report.percent({"value": 0.5, "low": 0.25, "high": 0.75}) == "50 [25, 75] %"
    assert report.number({"value": -0.0, "low": 0.0, "high": 0.0}) == "0.00"
    assert report.number(None) == report.percent(None) == ""


def test_models_that_read_different_latents_are_not_compared(results):
    other = model(latent_kinds.AUDIBLE_MEL)
    moved = type(other.whitening)(other.whitening.mean, other.whitening.projection * 2)
    loaded = {
        name: checkpoints.Checkpoint(
            other._model, checkpoints.FLOW, latent_kinds.AUDIBLE_MEL, whitening
        )
        for name, whitening in (("one", other.whitening), ("two", moved))
    }
    with pytest.raises(SystemExit, match="read different latents"):
        quality.common_reader(loaded)


def test_models_of_other_frames_are_not_measured():
    first = model(latent_kinds.LOG_MEL)
    old = checkpoints.Checkpoint(
        first._model, checkpoints.FLOW, latent_kinds.LOG_MEL, first.whitening
    )
    with pytest.raises(SystemExit, match="read other frames"):
        quality.common_reader({"old": old})
