"""What a report reads of a library: one state of it, also while it grows."""

import numpy as np
import pytest
import streamlit as st
from analyses import analysis, dsp, effnet, musicnn

from benchmarks import synthetic
from engine.library import Library
from engine.records import Outcome
from engine.report import report
from engine.report_source import read
from ui import collection as collections
from ui.report import described

MORE = 40


@pytest.fixture
def library(library_dir) -> Library:
    """Of 60 tracks, one in a hundred without values."""
    synthetic.make(library_dir, 60, ic=True)
    return Library.open(library_dir)


def grow(library: Library) -> None:
    """More tracks, some of them damaged, some in part, all alike; and one that is gone."""
    with Library.create(library.path) as writer:
        for number in range(MORE):
            path = b"new/%d.mp3" % number
            if number % 10 == 0:
                failed = Outcome("dsp", "f", "unreadable", "no audio")
                writer.record(b"/music", path, 1, 1, analysis(str(number), failed))
            elif number % 10 == 1:
                heard = (dsp(status="partial"), effnet(), musicnn())
                writer.record(b"/music", path, 1, 1, analysis(str(number), *heard))
            else:
                writer.record(b"/music", path, 1, 1, analysis(str(number), seed=number))
        writer.mark_absent([5])


def test_the_report_in_an_app_describes_what_the_app_shows_however_the_library_grows(library):
    held = collections.read.__wrapped__(str(library.path), library.generation)
    before = described(held, None)
    tracks = len(held.frame)
    grow(library)
    st.cache_resource.clear()
    after = described(collections.Collection(**{**vars(held), "held": {}}), None)
    contents = after.report.contents
    assert (contents.tracks, contents.valueless, contents.gone) == (tracks, 60 - tracks, 0)
    assert contents.partial == 0
    # Copies, outliers and embeddings too; but track 5 is gone, and its vectors with it.
    assert after.report.copies == before.report.copies
    assert after.report.failures == before.report.failures
    assert after.report.styles.tracks == tracks - 1
    assert [o.track for o in after.report.outliers] == [o.track for o in before.report.outliers]


def test_read_anew_the_report_describes_all_of_the_library(library):
    grow(library)
    contents = report(source := read(library)).contents
    coverage = library.coverage()
    assert contents.tracks + contents.valueless == coverage.tracks == 60 + MORE - 1
    assert (contents.gone, contents.partial) == (coverage.absent, 4) == (1, 4)
    tracks = library.tracks().loc[source.frame.index]
    assert source.frame["codec"].tolist() == tracks["codec"].tolist()
    assert source.frame["content_hash"].tolist() == tracks["content_hash"].tolist()
    assert np.nansum(source.analysed_s) == pytest.approx(tracks["analysed_s"].sum())


def test_what_is_recorded_between_two_readings_is_in_none_of_them(library, monkeypatch):
    standing_in = collections.standing_in
    grown = []

    def grows(db):
        found = standing_in(db)
        if not grown:
            grown.append(grow(library))
        return found

    monkeypatch.setattr("engine.report_source.standing_in", grows)
    contents = report(read(library)).contents
    assert contents.tracks + contents.valueless == 60 and contents.gone == 0
    grown.clear()
    monkeypatch.setattr(collections, "standing_in", grows)
    held = collections.read.__wrapped__(str(library.path), 0)
    assert held.coverage.tracks == len(held.frame) + len(held.standing.valueless)
