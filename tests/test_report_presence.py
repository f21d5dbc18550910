"""A report says that something is missing exactly where it is, and never what it then describes.

Each library lacks something else: models, whole stages, or the values of some tracks.
"""

import re

import numpy as np
import pandas as pd
import pytest
from app_pages import analyse_all, change
from report_sources import source
from test_report_words import full, said

from benchmarks import synthetic
from engine.library import Library
from engine.report import report
from engine.report_figures import figures
from engine.report_source import Model, read
from engine.report_words import sections
from engine.schema import STAGE_COLUMNS, STAGE_SPACES

TRACKS = 40
# Section → what is said to be missing where there is none, and the bars of the coverage.
THINGS = {
    "tempo": ("tempo", ("Tempo", "Tempo confidence")),
    "keys": ("key", ("Key",)),
    "loudness": ("loudness", ("Loudness", "Loudness range")),
    "voice": ("voice", ("Voice",)),
    "mood": ("mood (valence and arousal)", ("Valence", "Arousal")),
    "information": ("information content", ("Mean IC",)),
}


@pytest.fixture
def library(library_dir):
    """A function: a library of TRACKS tracks without the values of some stages, spaces, columns."""

    def make(stages=(), spaces=(), columns=(), tracks=TRACKS, where="1") -> Library:
        synthetic.make(library_dir, tracks, ic=True)
        analyse_all(library_dir)
        change(library_dir, "UPDATE ledger SET status = 'ok'")
        for track_column in (*columns, *(c for stage in stages for c in STAGE_COLUMNS[stage])):
            change(library_dir, f"UPDATE descriptors SET {track_column} = NULL WHERE {where}")
        for space in (*spaces, *(s for stage in stages for s in STAGE_SPACES[stage])):
            change(library_dir, f"DELETE FROM vectors WHERE space = '{space}' AND {where}")
        for stage in stages:
            change(library_dir, f"DELETE FROM ledger WHERE stage = '{stage}' AND {where}")
        return Library.open(library_dir)

    return make


def lacking(text: str) -> dict[str, str]:
    """What is said to be missing → of how many tracks."""
    found = {}
    for many, things in re.findall(
        r"((?:\d+ of|All) [\d,]+ tracks?)(?: \([^)]*\))? lacks? ([^.]*)\.", text
    ):
        for thing in re.split(r", | and (?!arousal)", things):
            found[thing] = many
    return found


def coverage(found) -> dict[str, int]:
    (figure,) = (figure for figure in figures(found) if figure.name == "coverage")
    return dict(zip(figure.y.ticks, figure.series[0].values, strict=True))


def agrees(found) -> None:
    """Sections, the sentence of what is missing, and the chart of it say one thing."""
    tracks = found.contents.tracks
    named, missing, bars = {s.name for s in sections(found)}, lacking(said(found)), coverage(found)
    for section, (thing, labels) in THINGS.items():
        there = max(bars[label] for label in labels)
        assert (section in named) == (there > 0), section
        if there < tracks:
            assert missing[thing].startswith("All" if not there else f"{tracks - there} of"), thing
        else:
            assert thing not in missing
    for label, space in (("Tags", "tags"), ("Style", "styles")):
        there = found.spaces[space]
        assert bars[label] == there
        assert (there < tracks) == (("tags" if space == "tags" else "styles") in missing)
    assert ("styles" in named) == (found.styles is not None)
    assert ("danceability" in named) == (
        max(bars["Danceability"], bars["Danceability (signal)"]) > 0
    )


def test_nothing_is_missing(library):
    found = report(read(library()))
    agrees(found)
    assert lacking(said(found)) == {}


def test_tags_are_there_where_mood_is_not(library):
    found = report(read(library(stages=("effnet",), columns=("valence", "arousal"))))
    agrees(found)
    text = said(found)
    assert lacking(text).keys() == {"styles", "voice", "mood (valence and arousal)"}
    assert "lack tags" not in text and "and tags" not in text
    assert coverage(found)["Tags"] == TRACKS
    assert next(s for s in sections(found) if s.name == "styles").title == "Tags"


@pytest.mark.parametrize(
    "stages",
    [("effnet", "musicnn", "information"), ("dsp",), ("musicnn",), ("information",), ("effnet",),
     ("dsp", "musicnn", "information")],
    ids="-".join,
)  # fmt: skip
def test_stages_that_were_never_run(library, stages):
    found = report(read(library(stages=stages)))
    agrees(found)


@pytest.mark.parametrize("stage", [stage for stage, columns in STAGE_COLUMNS.items() if columns])
def test_stages_that_were_run_for_some_tracks(library, stage):
    found = report(read(library(stages=(stage,), where="track_id % 4 = 0")))
    agrees(found)
    assert set(lacking(said(found)).values()) == {"10 of 40 tracks"}
    partly = {s.name for s in sections(found) if "Known for 30 of 40 tracks" in s.sentences[0].text}
    assert (
        partly
        == {
            "dsp": {"tempo", "keys", "loudness"},
            "effnet": {"styles", "danceability", "voice"},
            "musicnn": {"mood"},
            "information": {"information"},
        }[stage]
    )


def test_heads_that_were_missing(library):
    # The backbone and the styles were there, the small networks on top of it not.
    found = report(read(library(columns=("danceability", "voice"))))
    agrees(found)
    assert lacking(said(found)) == {"voice": "All 40 tracks"}
    assert "on a scale of 0 to 3" in said(found)


def test_one_track(library):
    found = report(read(library(stages=("effnet", "information"), tracks=1)))
    text = said(found)
    assert "The 1 track lacks styles, voice and information content." in text


def test_the_danceability_of_the_signal_is_described_beside_styles_of_a_stand_in():
    model = Model("effnet", "net.onnx", "ab" * 32, "random weights: nothing")
    styles = (["Rock---Punk"], np.ones((TRACKS, 1), np.float32))
    frame = pd.DataFrame({"danceability_dsp": np.linspace(1, 2, TRACKS)})
    found = report(source(frame, styles=styles, models=(model,)))
    by_name = {s.name: [one.written() for one in s.sentences] for s in sections(found)}
    assert by_name["danceability"][0].startswith("The median danceability is 1.50")
    assert by_name["styles"][0].startswith("Not described")
    assert "Do not trust styles: for 40 tracks" in said(found)
    (figure,) = (figure for figure in figures(found) if figure.name == "danceability")
    assert figure.warning == ""


def test_tags_of_a_stand_in_beside_real_styles_are_warned_of():
    model = Model("musicnn", "net.pb", "ab" * 32, "random weights")
    labels = ["Rock---Punk"], np.ones((TRACKS, 1), np.float32)
    found = report(
        source(pd.DataFrame(index=range(TRACKS)), styles=labels, tags=labels, models=(model,))
    )
    assert "Do not trust tags: for 40 tracks these come from net.pb" in said(found)
    assert "Not described" not in said(found)


def test_a_stand_in_that_gave_no_values_is_not_warned_of():
    model = Model("musicnn", "net.pb", "ab" * 32, "random weights")
    assert "Do not trust" not in said(
        report(source(pd.DataFrame({"tempo_bpm": [100.0]}), models=(model,)))
    )


def test_information_content_of_a_model_without_a_name_is_described():
    frame = pd.DataFrame({"ic_mean": [1.0, 2.0, 3.0], "ic_model": [None, None, "resident-1"]})
    found = report(source(frame))
    assert [spread.tracks for spread in found.ic.values()] == [2, 1]
    assert "Values of these 2 models have different scales" in said(found)


@pytest.mark.parametrize(("styled", "reason"), [(3, "draw"), (19, "draw"), (25, "dance")])
def test_a_few_tracks_with_a_style_do_not_speak_for_all(library, styled, reason):
    opened = library(spaces=("styles",), columns=("style",), where=f"track_id > {styled}")
    labels = ["Electronic---House"] * 400
    with Library.create(opened.path) as writer:
        writer.set_labels("styles", labels)
    for profile in ("temperley", "krumhansl", "edma"):
        change(
            opened.path, f"UPDATE descriptors SET key_{profile} = 'C', scale_{profile} = 'major'"
        )
    assert report(read(Library.open(opened.path))).keys.reason == reason


def test_few_keys_and_none_by_the_profile_of_the_filters():
    frame = pd.DataFrame({f"key_{p}": ["C", "D"] for p in ("temperley", "krumhansl")})
    frame[["scale_temperley", "scale_krumhansl"]] = "minor"
    text = said(report(source(frame)))
    assert "agreement says little (it takes 20): use the Krumhansl profile (made from" in text
    assert "the filters begin" not in text


def test_a_track_with_a_failed_stage_and_other_values_is_not_without_values():
    from engine.report_source import Failure

    failure = Failure("/music/a/x.mp3", "timeout", ("information",), "60 s were not enough", 1)
    text = said(full(2, failures=(failure,)))
    assert "1 of 2 files lacks all or some values: 1 timed out." in text
    assert "a / x.mp3 was not done in time: 60 s were not enough." in text
