"""The table shows the list in order, marks what plays, and reads the rows that a person names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import synthetic
from engine.library import Library
from engine.query import Query
from ui import tables
from ui.collection import Collection, read
from ui.tables import PlacesError, places

TRACKS = 300


@pytest.fixture(scope="module")
def collection(tmp_path_factory) -> Collection:
    folder = tmp_path_factory.mktemp("tables") / "library"
    synthetic.make(folder, TRACKS, ic=True)
    return read(str(folder), Library.open(folder).generation)


@pytest.mark.parametrize("known", [False, True], ids=["names of a few", "names of all"])
def test_rows_follow_the_list(collection, known):
    if known:
        collection.shown()
    rows = np.random.default_rng(1).permutation(len(collection.frame))[:50]
    table = tables.rows_of(collection, rows, Query()).to_pandas()
    frame = collection.frame.iloc[rows]
    assert table["place"].tolist() == list(range(1, 51))
    assert table["title"].tolist() == collection.names(rows)["title"].tolist()
    np.testing.assert_array_equal(table["tempo_bpm"], frame["tempo_bpm"])
    np.testing.assert_array_equal(table["minutes"], frame["duration_s"] / 60)
    keys = [
        f"{key} {scale}" for key, scale in zip(frame["key_edma"], frame["scale_edma"], strict=True)
    ]
    assert table["key"].fillna("nan nan").tolist() == keys


def test_the_key_is_that_of_the_profile_asked_for(collection):
    rows = np.arange(20)
    keys = {
        p: tables.rows_of(collection, rows, Query(key_profile=p))["key"].to_pylist()
        for p in ("edma", "krumhansl")
    }
    assert keys["edma"] != keys["krumhansl"]


def test_only_the_row_that_plays_is_marked(collection):
    for many in (10, 250):
        table = tables.rows_of(collection, np.arange(many), Query(), playing=7)
        assert [row for row, mark in enumerate(table["play"].to_pylist()) if mark == "♫"] == [7]
    marks = table["playing"].to_pylist()
    assert [place for place, mark in enumerate(marks) if mark] == [7]
    assert set(tables.rows_of(collection, np.arange(10), Query())["play"].to_pylist()) == {"▶"}


def test_what_orders_the_list_is_among_its_columns(collection):
    table = tables.rows_of(collection, np.arange(10), Query(order="loudness_lufs"))
    assert "loudness_lufs" in tables._usual(table, Query(order="loudness_lufs"))
    assert "loudness_lufs" not in tables._usual(table, Query())


@pytest.mark.parametrize(
    ("text", "found"),
    [("", []), (" 3 ", [2]), ("12, 4-6,5", [3, 4, 5, 11]), ("2–3", [1, 2]), (",,1,", [0])],
)
def test_places(text, found):
    assert places(text, 20) == found


@pytest.mark.parametrize("text", ["0", "21", "5-3", "x", "1-", "-1", "1 2", "1-99999999999"])
def test_places_that_are_none(text):
    with pytest.raises(PlacesError, match="row"):
        places(text, 20)


@given(st.sets(st.integers(0, 99), max_size=40))
def test_places_come_back(chosen):
    assert places(", ".join(str(place + 1) for place in chosen), 100) == sorted(chosen)
