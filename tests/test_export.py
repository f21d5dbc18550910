"""The exported table reads back with its values, and no cell is a formula."""

import csv
import io

import pandas
import pytest
from analyses import ROOT, analysis
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.export import ExportError, csv_text, export
from engine.library import COLUMNS, Library
from engine.records import Analysis, Tags


@pytest.fixture
def frame(tmp_path):
    with Library.create(tmp_path / "library") as writer:
        writer.record(ROOT, b"a.mp3", 1, 1, analysis())
        hostile = Tags(title="=HYPERLINK(1)", artist='a\r\n"b",c', album="-")
        writer.record(ROOT, b"\xff\n.mp3", 1, 1, Analysis("b", tags=hostile))
        yield writer.frame()


def test_parquet_reads_back(frame, tmp_path):
    export(frame, tmp_path / "out.parquet")
    table = pandas.read_parquet(tmp_path / "out.parquet")
    assert tuple(table.columns) == COLUMNS
    assert table.index.tolist() == frame.index.tolist()
    assert table.loc[1].to_dict() | {"ic_mean": 0, "ic_model": 0} == (
        frame.loc[1].to_dict() | {"ic_mean": 0, "ic_model": 0}
    )
    assert table.loc[2, "title"] == "=HYPERLINK(1)"  # no spreadsheet runs what Parquet holds
    assert table.loc[2, "path"] == "/music/\\udcff\n.mp3"
    assert pandas.isna(table.loc[2, "tempo_bpm"])


def test_csv_reads_back(frame, tmp_path):
    export(frame, tmp_path / "out.CSV")
    with (tmp_path / "out.CSV").open(newline="", encoding="utf-8") as file:
        header, first, second = csv.reader(file)
    assert header == ["id", *COLUMNS]
    whole, hostile = dict(zip(header, first, strict=True)), dict(zip(header, second, strict=True))
    assert (whole["tempo_bpm"], whole["loudness_lufs"], whole["year"]) == (
        "136.5",
        "-17.25",
        "1959",
    )
    assert whole["ic_mean"] == whole["ic_model"] == ""
    assert (hostile["title"], hostile["album"]) == ("'=HYPERLINK(1)", "'-")
    assert hostile["artist"] == 'a\r\n"b",c'
    assert hostile["path"] == "/music/\\udcff\n.mp3"
    assert list(tmp_path.glob(".out*")) == []


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_empty_library_exports_its_header(frame, tmp_path, name):
    export(frame.iloc[:0], tmp_path / name)
    read = pandas.read_csv if name.endswith("csv") else pandas.read_parquet
    assert set(COLUMNS) <= set(read(tmp_path / name).columns)


def test_another_ending_is_refused(frame, tmp_path):
    with pytest.raises(ExportError, match=r"\.parquet or \.csv"):
        export(frame, tmp_path / "out.xlsx")


def test_a_folder_that_is_not_there(frame, tmp_path):
    with pytest.raises(ExportError, match="cannot be written"):
        export(frame, tmp_path / "nowhere" / "out.csv")


@settings(max_examples=60, deadline=None)
@given(title=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_from_the_csv_and_starts_no_formula(tmp_path_factory, title):
    out = tmp_path_factory.mktemp("export") / "out.csv"
    table = pandas.DataFrame({"title": pandas.Series([title, None], dtype=object)})
    export(table, out)
    rows = list(csv.reader(io.StringIO(out.read_bytes().decode(), newline="")))
    (_, (_, cell), (_, empty)) = rows
    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\0")
    assert cell.removeprefix("'") == title.removeprefix("'")
    assert (cell == csv_text(title), empty) == (True, "")
