"""The report in an app, as Streamlit's own test runner sees it."""

import pytest
import streamlit as st
from app_pages import SECONDS, analyse_all, change, texts
from streamlit.testing.v1 import AppTest

from benchmarks import synthetic
from engine.library import Library
from engine.report import report
from engine.report_figures import figures
from engine.report_source import read

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
    assert "Use the" in said and "python report.py --library" in said
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
