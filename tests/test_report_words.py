"""Every sentence carries a figure, and reads well for none, one and many."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_sources import musav, source

from engine.descriptors import KEYS, PROFILES, SCALES
from engine.records import STATUSES
from engine.report import report
from engine.report_figures import figures
from engine.report_files import markdown
from engine.report_source import Failure, Model
from engine.report_words import sections

STAND_IN = Model("effnet", "net.onnx", "ab" * 32, "random weights: its results mean nothing")


def said(found) -> str:
    """All that the report says, with plain blanks."""
    sentences = [s.written() for section in sections(found) for s in section.sentences]
    return " ".join(sentences).replace("\u00a0", " ")


def full(tracks: int, **more) -> object:
    """A report in which everything has a value."""
    rng = np.random.default_rng(tracks)
    columns = {
        "duration_s": rng.uniform(60, 600, tracks),
        "tempo_bpm": rng.normal(120, 20, tracks),
        "tempo_confidence": rng.uniform(0, 5.3, tracks),
        "loudness_lufs": rng.normal(-12, 4, tracks),
        "loudness_range_lu": rng.normal(7, 2, tracks),
        "danceability": rng.uniform(0, 1, tracks),
        "danceability_dsp": rng.uniform(0, 3, tracks),
        "voice": rng.uniform(0, 1, tracks),
        "valence": rng.normal(5, 1, tracks),
        "arousal": rng.normal(5, 1, tracks),
        "ic_mean": rng.normal(4, 1, tracks),
        "ic_model": ["transformer"] * tracks,
        "title": [f"Title {number}" for number in range(tracks)],
        "artist": ["One", "Two"] * (tracks // 2) + ["One"] * (tracks % 2),
        "year": [1980 + number % 40 for number in range(tracks)],
        "codec": ["mp3float"] * tracks,
    }
    for profile in PROFILES:
        columns[f"key_{profile}"] = rng.choice(KEYS, tracks)
        columns[f"scale_{profile}"] = rng.choice(SCALES, tracks)
        columns[f"strength_{profile}"] = rng.uniform(0, 1, tracks)
    labels = ["Rock---Punk", "Rock---Indie Rock", "Jazz---Bop", "Electronic---House"]
    styles = (labels, rng.uniform(0, 0.6, (tracks, 4)).astype(np.float32))
    columns["style"] = [labels[place] for place in styles[1].argmax(axis=1)]
    embedding = rng.normal(size=(tracks, 200)).astype(np.float32)
    made = source(pd.DataFrame(columns), styles=styles, embedding=embedding, **more)
    return report(made)


def numbered(text: str) -> None:
    """Each sentence of a report.md has a digit."""
    prose = [
        line
        for line in text.replace("\u00a0", " ").splitlines()
        if line and not line.startswith(("#", "!["))
    ]
    assert prose
    for line in prose:
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z“(])", line):
            assert re.search(r"\d", sentence), sentence


FAILURES = tuple(
    Failure(f"/music/{status}.mp3", status, ("dsp",), "why not")
    for status in STATUSES
    if status not in ("ok", "partial", "model_missing")
)


@pytest.mark.parametrize("tracks", [0, 1, 2, 40])
@pytest.mark.parametrize(
    "more", [{}, {"models": (STAND_IN,), "failures": FAILURES, "span_s": 60.0}], ids=["", "odd"]
)
def test_every_sentence_has_a_number(tracks, more):
    found = full(tracks, **more)
    numbered(markdown(found, figures(found)))


def test_the_report_of_real_values_has_a_number_in_every_sentence(shared_dir):
    found = report(musav(shared_dir))
    text = markdown(found, figures(found))
    numbered(text)
    assert 500 < len(text.split()) < 1300  # about two pages
    assert "944 of 2,100 tracks (45 %)" in said(found)


COLUMNS = ("tempo_bpm", "tempo_confidence", "loudness_lufs", "danceability", "danceability_dsp",
           "voice", "valence", "arousal", "ic_mean", "duration_s", "year")  # fmt: skip
NUMBERS = st.none() | st.integers(1, 9).map(float)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(0, 6), st.sets(st.sampled_from(COLUMNS)))
def test_any_mixture_of_missing_values_is_described(data, tracks, present):
    columns = {
        name: data.draw(st.lists(NUMBERS, min_size=tracks, max_size=tracks)) for name in present
    }
    for profile in data.draw(st.sets(st.sampled_from(list(PROFILES)))):
        places = data.draw(st.lists(st.integers(0, 24), min_size=tracks, max_size=tracks))
        columns[f"key_{profile}"] = [KEYS[p % 12] if p < 24 else None for p in places]
        columns[f"scale_{profile}"] = [SCALES[p // 12] if p < 24 else None for p in places]
    frame = pd.DataFrame(columns, index=range(tracks))
    if "ic_mean" in frame:
        frame["ic_model"] = "m"
    found = report(source(frame))
    text = markdown(found, figures(found))
    numbered(text)
    assert "nan" not in text.lower().split() and "{" not in text


def test_one_track_is_not_spoken_of_as_many():
    text = said(full(1))
    assert "describes 1 track, " in text
    assert "The tempo of the 1 track is" in text
    for wrong in (
        "1 tracks",
        "1 artists",
        "track have",
        "track are",
        "track lie ",
        "Their",
        "nine",
    ):
        assert wrong not in text


def test_many_tracks_are_not_spoken_of_as_one():
    text = said(full(40))
    assert not re.search(r"(?<![\d,.])(?!1 )[\d,]+ track (?!\()", text)
    for wrong in (
        "40 track ",
        "tracks have a median",
        "tracks is ",
        "tracks lies",
        "tracks counts",
    ):
        assert wrong not in text


def test_values_of_random_weights_are_warned_of_and_not_interpreted():
    found = full(40, models=(STAND_IN,))
    by_name = {section.name: section for section in sections(found)}
    spoken = [sentence for section in by_name.values() for sentence in section.sentences]
    (warning,) = [sentence.written() for sentence in spoken if sentence.warning]
    assert warning.startswith("Do not trust styles, danceability and voice: for 40 tracks")
    assert "net.onnx" in warning and STAND_IN.note in warning
    assert warning == by_name["collection"].sentences[-1].written()
    for name in ("styles", "voice", "danceability"):
        (said_of,) = [s.written() for s in by_name[name].sentences]
        assert said_of == (
            "Not described: the values of 40 tracks come from a stand-in model (random weights)."
        )
    assert len(by_name["loudness"].sentences) > 1


def test_alternative_texts_warn_of_random_weights_too():
    for stage in ("effnet", "musicnn"):
        model = Model(stage, "net.onnx", "ab" * 32, "random weights: its results mean nothing")
        warned = {f.name for f in figures(full(40, models=(model,))) if "random weights" in f.alt}
        expected = {"genres", "styles", "danceability", "voice"} if stage == "effnet" else {"mood"}
        assert warned == expected
    assert not any("random weights" in figure.alt for figure in figures(full(40)))


def test_tags_of_stand_ins_are_warned_of_among_the_styles():
    tags = (["rock", "jazz"], np.array([[0.9, 0.1], [0.2, 0.1]], np.float32))
    model = Model("musicnn", "net.pb", "ab" * 32, "random weights")
    frame = pd.DataFrame({"duration_s": [60.0, 60.0]})
    found = report(source(frame, tags=tags, models=(model,)))
    styles = next(section for section in sections(found) if section.name == "styles")
    assert [s.written() for s in styles.sentences] == [
        "Not described: the values of 2 tracks come from a stand-in model (random weights)."
    ]
    assert "Do not trust tags: for 2 tracks these come from net.pb" in said(found)


@pytest.mark.parametrize(
    ("labels", "alt"),
    [
        (["Rock---Punk"], "1 bar, for the style Rock › Punk with all 2 tracks."),
        (
            ["Rock---Punk", "Rock---Indie Rock"],
            "Bars of 2 styles, the longest for Rock › Punk with 1 of 2 tracks.",
        ),
    ],
)
def test_alternative_texts_count_bars_in_words(labels, alt):
    activations = np.eye(2, dtype=np.float32)[:, : len(labels)] + 0.1
    found = report(source(pd.DataFrame({"duration_s": [60.0] * 2}), styles=(labels, activations)))
    drawn = {figure.name: figure.alt.replace("\u00a0", " ") for figure in figures(found)}
    assert drawn["styles"] == alt
    assert drawn["genres"].startswith("1 bar, for the genre Rock with all 2 tracks")


def test_one_pair_of_profiles_is_one_bar():
    frame = pd.DataFrame({f"key_{p}": ["C", "D"] for p in ("temperley", "edma")})
    frame[["scale_temperley", "scale_edma"]] = "minor"
    drawn = {figure.name: figure.alt for figure in figures(report(source(frame)))}
    assert drawn["agreement"].startswith(
        "1 bar, for a pair of profiles; Temperley and EDMA agree on all 2 tracks."
    )


@pytest.mark.parametrize(
    ("noise", "shared", "judged"), [(1.46, "32", False), (0.6, "74", True), (-0.6, "74", True)]
)
def test_a_correlation_is_judged_by_the_variance_that_is_shared(noise, shared, judged):
    one, other = np.linalg.qr(np.random.default_rng(1).normal(size=(60, 3)))[0].T[:2]
    one, other = one - one.mean(), other - other.mean()
    other -= one * (one @ other) / (one @ one)
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    arousal = np.sign(noise) * one + abs(noise) * other
    found = report(source(pd.DataFrame({"valence": 5 + one, "arousal": 5 + arousal})))
    text = said(found)
    assert f"share {shared} % of their variance" in text
    assert ("one filter does much of the other's work" in text) == judged


def test_a_draw_is_said_to_be_one():
    keys = {f"{what}_{p}": v for p in PROFILES for what, v in (("key", "C"), ("scale", "minor"))}
    text = said(report(source(pd.DataFrame(keys, index=range(40)))))
    assert "Use the EDMA profile" in text and "a draw with Temperley and Krumhansl" in text
    assert "and the filters begin with it" in text and "strength" not in text


def test_tags_are_said_to_stand_in_for_styles():
    tags = (["rock", "jazz"], np.array([[0.9, 0.1], [0.2, 0.1]], np.float32))
    found = report(source(pd.DataFrame({"duration_s": [60.0, 60.0]}), tags=tags))
    styles = next(section for section in sections(found) if section.name == "styles")
    assert styles.sentences[0].warning
    assert styles.title == "Tags"
    assert "2 broad tags of the Million Song Dataset" in styles.sentences[0].text
    assert "none of the 2 tracks have the 400 styles" in styles.sentences[0].text


def test_a_recommendation_names_its_reason():
    assert re.search(r"Use the (Temperley|Krumhansl|EDMA) profile .*: it agrees", said(full(40)))
    labels = (["Electronic---House"], np.ones((40, 1), np.float32))
    frame = pd.DataFrame({f"key_{p}": ["C"] * 40 for p in PROFILES})
    frame[[f"scale_{p}" for p in PROFILES]] = "minor"
    text = said(report(source(frame, styles=labels)))
    assert "Use the EDMA profile (made from dance music): 100 % of the tracks with a style" in text


def test_failures_come_with_their_reason():
    text = said(full(2, failures=FAILURES))
    assert f"{len(FAILURES)} of {len(FAILURES)} files lack all or some values: " in text
    assert "music / unreadable.mp3 cannot be read: why not." in text
    assert "music / silent.mp3 is silent: why not." in text
