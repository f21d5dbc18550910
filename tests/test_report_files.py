"""A report as files: complete, safe, and the same numbers in each of them."""

import base64
import csv
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from report_sources import musav, source

from engine.report import report
from engine.report_figures import figures
from engine.report_files import ReportError, archive, escaped, single_page, write
from engine.report_plotly import for_dark, spec, themed
from engine.report_png import png
from engine.report_source import Failure
from engine.report_tables import tables, tsv

ODD = "=1+1 <script>alert(1)</script> *b* [x](http://example.org) $x^2$ www.example.org"


class Loads(HTMLParser):
    """What a page asks for from elsewhere, its pictures, and the ids of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses, self.pictures, self.ids, self.styles = [], [], [], []
        self.within = ""

    def handle_starttag(self, tag, attributes):
        self.within = tag
        for name, value in attributes:
            if name in ("src", "href", "srcset", "action", "data", "poster"):
                self.addresses.append(value)
            if tag == "img" and name == "alt":
                self.pictures.append(value)
            if name == "id":
                self.ids.append(value)
            if name == "style":
                self.styles.append(value)

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within == "style":
            self.styles.append(data)


@pytest.fixture(scope="module")
def found(shared_dir):
    return report(musav(shared_dir))


@pytest.fixture(scope="module")
def odd():
    """A small library whose names are markup and formulas."""
    rng = np.random.default_rng(1)
    lufs = rng.normal(-12, 1, 30)
    lufs[0] = -40.0
    frame = pd.DataFrame({"loudness_lufs": lufs, "title": [ODD] * 30, "artist": ["@x"] * 30})
    styles = ([f"Rock---{ODD}"], np.ones((30, 1), np.float32))
    failure = Failure(f"/music/{ODD}.mp3", "unreadable", ("dsp",), ODD)
    return report(source(frame, styles=styles, failures=(failure,)))


def test_the_page_loads_nothing_from_elsewhere(found):
    loads = Loads()
    page = single_page(found).decode()
    loads.feed(page)
    own = [a for a in loads.addresses if a.startswith(("#", "data:image/png;base64,"))]
    assert own == loads.addresses and own
    assert not [style for style in loads.styles if "url(" in style or "@import" in style]
    assert page.count("plotly.js v") == 1


def test_every_figure_of_the_page_has_a_picture_and_a_table(found):
    loads = Loads()
    page = single_page(found).decode()
    loads.feed(page)
    drawn = figures(found)
    assert sorted(figure.alt for figure in drawn) == sorted(loads.pictures)
    assert {f"plot-{figure.name}" for figure in drawn} <= set(loads.ids)
    assert page.count("<summary>The numbers</summary>") == len(drawn)
    assert len(loads.ids) == len(set(loads.ids))


def test_names_are_text_on_the_page(odd):
    page = single_page(odd).decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_names_are_text_in_markdown(odd, tmp_path):
    write(odd, tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "<script>" not in text and "http://" not in text and "*b*" not in text
    assert r"\<script\>" in text


@given(st.text())
def test_escaped_text_reads_as_it_was(text):
    # As Markdown reads it: a backslash before a sign of ASCII stands for that sign.
    read = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped(text))
    assert read.replace("\u2060", "") == text.replace("\u2060", "")


def test_all_files_are_written_whole(found, tmp_path):
    page = write(found, tmp_path / "new" / "report")
    out = page.parent
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    for figure in figures(found):
        assert {f"figures/{figure.name}.png", f"figures/{figure.name}.tsv"} <= names
    assert {f"tables/{table.name}.tsv" for table in tables(found)} <= names
    assert {"report.html", "report.md", "tables/styles.tsv", "tables/key_agreement.tsv"} <= names
    assert not [name for name in names if name.rpartition("/")[2].startswith(".")]
    shown = re.findall(r"\]\((.*?)\)\n", (out / "report.md").read_text())
    assert shown and set(shown) <= names


def test_a_second_report_replaces_the_first(found, tmp_path):
    write(found, tmp_path)
    mine = tmp_path / "figures" / "notes.txt"
    mine.write_text("mine")
    write(report(source(pd.DataFrame({"duration_s": [1.0]}))), tmp_path)
    assert not (tmp_path / "figures" / "keys.png").exists()
    assert not (tmp_path / "tables" / "styles.tsv").exists()
    assert mine.exists()
    assert "1 track" in (tmp_path / "report.md").read_text()


def test_a_folder_that_cannot_be_is_explained(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"cannot be written to .*file.*--out DIR"):
        write(found, tmp_path / "file" / "report")


def test_tables_read_back(found, tmp_path):
    write(found, tmp_path)
    for table in tables(found):
        read = pd.read_csv(tmp_path / "tables" / f"{table.name}.tsv", sep="\t")
        assert list(read.columns) == list(table.heads)
        assert len(read) == len(table.rows)
    styles = pd.read_csv(tmp_path / "tables" / "styles.tsv", sep="\t")
    assert dict(zip(styles["style"], styles["tracks_strongest"], strict=True)) == {
        label.label: label.strongest for label in found.styles.labels
    }
    tempo = pd.read_csv(tmp_path / "figures" / "tempo.tsv", sep="\t")
    assert tempo["Tracks"].sum() == 2100


def test_no_cell_is_a_formula(odd):
    for table in tables(odd):
        for row in csv.reader(io.StringIO(tsv(table.heads, table.rows).decode()), "excel-tab"):
            for cell in row:
                assert not cell.startswith(("=", "+", "@")) and "\t" not in cell
                if cell.startswith("-"):
                    float(cell)


CELLS = st.one_of(st.text(), st.integers(), st.floats(allow_infinity=False), st.none())


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_whatever_a_table_holds_reads_back_in_its_place(rows):
    read = list(csv.reader(io.StringIO(tsv(("a", "b"), rows).decode()), "excel-tab"))
    assert len(read) == 1 + len(rows)
    for row, cells in zip(rows, read[1:], strict=True):
        for value, cell in zip(row, cells, strict=True):
            if isinstance(value, int):
                assert int(cell) == value
            elif isinstance(value, float) and value == value:
                assert float(cell) == pytest.approx(value, rel=1e-5)


def test_the_archive_holds_the_same_files(odd, tmp_path):
    write(odd, tmp_path)
    with zipfile.ZipFile(BytesIO(archive(odd))) as packed:
        for name in packed.namelist():
            assert (tmp_path / name.removeprefix("serendip-report/")).is_file()
        text = packed.read("serendip-report/report.md")
    assert text == (tmp_path / "report.md").read_bytes()


def test_pictures_are_as_wide_as_they_say(found):
    for figure in figures(found):
        with Image.open(BytesIO(png(figure))) as picture:
            assert picture.format == "PNG" and picture.width == 1120
            ink = np.asarray(picture.convert("L")) < 200
        assert 0.005 < ink.mean() < 0.9  # neither blank nor a black box


def test_pictures_on_the_page_are_the_files(odd):
    page = single_page(odd).decode()
    pictures = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page)
    assert [base64.b64decode(data) for data in pictures] == [png(f) for f in figures(odd)]


def test_figures_are_valid_for_plotly(found, odd):
    import plotly.graph_objects as go

    for figure in (*figures(found), *figures(odd)):
        made = spec(figure)
        go.Figure(data=made["data"], layout=made["layout"])  # refuses what it does not know
        dark = json.dumps(themed(made))
        assert "#0f6b63" not in dark and "#1c2526" not in dark
        assert for_dark("#1c2526") in dark


def test_labels_of_figures_are_no_markup(odd):
    genre = next(figure for figure in figures(odd) if figure.name == "styles")
    (label,) = spec(genre)["data"][0]["y"]
    assert "<script>" not in label and "&lt;script&gt;" in label


def test_a_track_of_any_kind_has_pictures():
    frame = pd.DataFrame({"tempo_bpm": [120.0], "ic_mean": [3.0], "ic_model": ["a"],
                          "valence": [0.2], "arousal": [9.4]})  # fmt: skip
    for figure in figures(report(source(frame))):
        assert png(figure)
        assert figure.table()[1]
