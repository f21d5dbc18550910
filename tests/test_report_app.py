"""The report in an app, as Streamlit's own test runner sees it."""

from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
from app_pages import SECONDS, analyse_all, change, changed, matches, page, texts
from streamlit.testing.v1 import AppTest

from benchmarks import synthetic
from engine import shell
from engine.library import Library
from engine.report import report
from engine.report_figures import figures
from engine.report_files import single_page
from engine.report_source import read
from ui import collection as collections
from ui.report import described

SCRIPT = """
from ui import opening, report

report.draw(opening.opened())
"""


def drawn(library, monkeypatch) -> AppTest:
    """A fresh session of a page with nothing but the report."""
    monkeypatch.setenv("SERENDIP_LIBRARY", str(library))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    st.cache_data.clear()
    st.cache_resource.clear()
    session = AppTest.from_string(SCRIPT, default_timeout=SECONDS).run()
    assert not session.exception, session.exception[0].value
    return session


@pytest.fixture
def library(library_dir):
    synthetic.make(library_dir, 60, ic=True)
    return library_dir


def test_every_section_is_there_with_its_figures(library, monkeypatch):
    session = drawn(library, monkeypatch)
    headings = [heading.value for heading in session.subheader]
    assert headings[0] == "The collection" and "Keys" in headings
    found = figures(report(read(Library.open(library))))
    charts = [chart.key for chart in session.get("plotly_chart")]
    assert sorted(charts) == sorted(f"report_{figure.name}" for figure in found)
    assert len(found) >= 11
    said = texts(session)
    assert "Use the" in said
    assert shell.program("report.py", "--library", library) in said
    assert [button.label for button in session.get("download_button")] == [
        "Download the page (HTML)",
        "Download the data (ZIP)",
    ]


def test_drawing_it_again_computes_nothing(library, monkeypatch):
    session = drawn(library, monkeypatch)
    monkeypatch.setattr("ui.report.report", lambda source: pytest.fail("computed again"))
    session.run()
    assert not session.exception


def test_names_are_no_markup(library, monkeypatch):
    change(library, "UPDATE tracks SET title = '<b>x</b> *it* :smile: $z$'")
    analyse_all(library)
    session = drawn(library, monkeypatch)
    for element in session.get("markdown"):
        assert "<b>" not in element.value and "*it*" not in element.value
        assert ":smile:" not in element.value


def test_a_library_of_tags_only_says_so(library_dir, monkeypatch):
    synthetic.make(library_dir, 30, spaces=("musicnn", "tags"))
    session = drawn(library_dir, monkeypatch)
    assert any("tags of the Million Song Dataset" in warning.value for warning in session.warning)


def test_one_track_is_described_too(library_dir, monkeypatch):
    synthetic.make(library_dir, 1)
    analyse_all(library_dir)
    assert Library.open(library_dir).track_count() == 1
    assert "describes 1 track" in texts(drawn(library_dir, monkeypatch))


def test_the_report_describes_the_tracks_that_match(library, monkeypatch):
    session = page("app_descriptors.py", library, monkeypatch, tab="report", tempo="100..125")
    few = matches(session)
    assert 5 < few < 55
    assert f"describes the {few} tracks of " in texts(session)
    drawn_by = {chart.key: chart for chart in session.get("plotly_chart")}
    assert f"{few} tracks: median" in texts(session) and "report_tempo" in drawn_by
    assert "that match the filters" in texts(session)
    # What limits a playlist does not limit what is described.
    session = page("app_descriptors.py", library, monkeypatch, tab="report", tempo="100..125",
                   limit="3")  # fmt: skip
    assert f"describes the {few} tracks of " in texts(session)


def test_a_switch_and_the_address_say_what_is_described(library, monkeypatch):
    session = page("app_descriptors.py", library, monkeypatch, tab="report", tempo="100..125")
    few = matches(session)
    monkeypatch.setattr("ui.address.IN_FLIGHT_S", 0.0)  # nobody goes back so soon, but a test
    assert "report" not in session.query_params
    session.segmented_control(key="report").set_value("library").run()
    assert session.query_params["report"] == "library"
    assert "This report describes 60 tracks" in texts(session)
    assert "match the filters" not in texts(session)
    del session.query_params["report"]  # as Back does
    session.run()
    assert f"describes the {few} tracks of " in texts(session)
    assert session.segmented_control(key="report").value == "matching"
    session.query_params["report"] = "library"  # as Forward does
    session.run()
    assert "This report describes 60 tracks" in texts(session)


def test_another_tab_does_not_forget_the_switch(library, monkeypatch):
    session = page("app_descriptors.py", library, monkeypatch, tab="report", report="library",
                   tempo="100..125")  # fmt: skip
    assert "This report describes 60 tracks" in texts(session)
    for tab in ("Playlist", "Report"):
        session.session_state["tab"] = tab
        session.run()
        assert not session.exception
    assert "This report describes 60 tracks" in texts(session)


def test_an_address_that_means_nothing_describes_what_matches(library, monkeypatch):
    session = page("app_descriptors.py", library, monkeypatch, tab="report", report="x")
    assert "This report describes 60 tracks" in texts(session)  # all match
    assert session.segmented_control(key="report").value == "matching"


def test_where_no_track_matches_the_report_says_so(library, monkeypatch):
    session = page("app_descriptors.py", library, monkeypatch, tab="report", text="nowhere at all")
    assert matches(session) == 0
    assert "No track matches the filters" in texts(session)
    assert not session.get("plotly_chart") and not session.get("download_button")
    session.segmented_control(key="report").set_value("library").run()
    assert "This report describes 60 tracks" in texts(session)


def test_a_selection_is_computed_once(library, monkeypatch):
    session = page("app_descriptors.py", library, monkeypatch, tab="report", tempo="100..125")
    session.segmented_control(key="report").set_value("library").run()
    monkeypatch.setattr("ui.report.report", lambda source: pytest.fail("computed again"))
    session.segmented_control(key="report").set_value("matching").run()
    assert not session.exception
    assert "that match the filters" in texts(session)


def test_the_similarity_app_has_no_selection_and_describes_the_library(library, monkeypatch):
    session = page("app_similarity.py", library, monkeypatch, tab="report", tempo="100..125")
    assert "This report describes 60 tracks" in texts(session)
    assert not [one for one in session.segmented_control if one.key == "report"]


def test_what_is_downloaded_is_what_is_described(library):
    held = collections.read.__wrapped__(str(library), Library.open(library).generation)
    rows = np.flatnonzero(held.frame["tempo_bpm"].to_numpy() > 120)
    made = described(held, rows)
    text = made.file("page", single_page).decode()
    assert f'<p class="about">{len(rows)} of 60 tracks match the filters;' in text
    assert made.file("page", lambda report: pytest.fail("made again")) == text.encode()


def test_a_selection_equals_a_library_of_these_tracks_alone(library, tmp_path):
    """All numbers, but for what is no track of a selection."""
    held = collections.read.__wrapped__(str(library), Library.open(library).generation)
    rows = np.flatnonzero(held.frame["tempo_bpm"].to_numpy() > 120)
    ids = ", ".join(map(str, held.frame.index[rows]))
    (tmp_path / "alone").mkdir()
    alone = changed(
        library, tmp_path / "alone",
        *(f"DELETE FROM {table} WHERE track_id NOT IN ({ids})"
          for table in ("ledger", "descriptors", "vectors", "curves")),
        f"DELETE FROM tracks WHERE id NOT IN ({ids})",
    )  # fmt: skip
    found, expected = described(held, rows).report, report(read(Library.open(alone)))
    assert found.contents.tracks == len(rows) == expected.contents.tracks
    for part in ("columns", "spaces", "spreads", "styles", "keys", "loudness", "mood", "voice",
                 "ic", "suspects", "copies", "outliers", "failures"):  # fmt: skip
        assert getattr(found, part) == getattr(expected, part), part
    assert replace(found.contents, selected_of=None) == expected.contents
