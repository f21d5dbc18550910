"""Stand-ins are noted, and judge nothing; neither in the apps nor in the report."""

import json

import numpy as np
import pandas as pd
import pytest
from app_pages import change
from report_sources import source

from benchmarks import synthetic
from engine.query import Query
from engine.report import report
from engine.report_source import Model
from engine.selection import select
from engine.similarity import most_similar
from engine.space import Space
from engine.stand_ins import judge, notes, stand_ins
from ui import found
from ui.collection import read

NOTE = "random weights: its results mean nothing"
META = {
    "models": {
        "dsp": [],
        "effnet": [{"file": "a", "note": NOTE}, {"file": "b", "note": None}],
        "musicnn": [{"file": "c", "note": None}],
    }
}
SPACES = {
    name: Space.of(name, np.array([1]), np.ones((1, 2), np.float32))
    for name in ("effnet", "musicnn")
}


def test_a_note_makes_a_stand_in():
    assert notes(META, "effnet") == [NOTE] and notes(META, "musicnn") == notes({}, "dsp") == []
    assert stand_ins(META) == {"effnet"} and stand_ins({}) == frozenset()


@pytest.mark.parametrize(
    ("untrusted", "there", "chosen"),
    [
        ((), ("effnet", "musicnn"), "musicnn"),
        ((), ("effnet",), "effnet"),
        (("musicnn",), ("effnet", "musicnn"), "effnet"),
        (("effnet",), ("effnet", "musicnn"), "musicnn"),
        (("effnet",), ("effnet",), None),
        ((), (), None),
    ],
)
def test_the_first_trusted_embedding_judges(untrusted, there, chosen):
    found = judge(untrusted, lambda name: SPACES[name] if name in there else None)
    assert found is (SPACES[chosen] if chosen else None)


@pytest.fixture
def one_name(library_dir):
    """60 tracks of one title and artist whose EffNet embeddings are equal, as by random weights."""
    synthetic.make(library_dir, 60, spaces=("effnet", "styles"))
    change(
        library_dir,
        "UPDATE tracks SET title = 'Track 01', artist = 'A', content_hash = 'h' || id",
        "UPDATE tracks SET content_hash = 'h1' WHERE id = 2",
        "UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE space = 'effnet' LIMIT 1) "
        "WHERE space = 'effnet'",
        "UPDATE ledger SET status = 'ok'",
    )
    return library_dir


def noted(library, note: str | None) -> None:
    models = {"effnet": [{"file": "net.onnx", "sha256": "ab", "source": "x", "note": note}]}
    change(library, f"INSERT OR REPLACE INTO meta VALUES ('models', '{json.dumps(models)}')")


@pytest.mark.parametrize(("note", "matches"), [(None, 1), (NOTE, 59)])
def test_in_the_apps_only_bytes_tell_copies_where_all_embeddings_are_of_stand_ins(
    one_name, note, matches
):
    noted(one_name, note)
    collection = read.__wrapped__(str(one_name), 1)
    assert len(select(Query(), collection.facts()).rows) == matches
    assert (collection.main_space() is None) == bool(note)
    assert (collection.facts().spaces() is None) == bool(note)  # smooth paths go without, too


@pytest.mark.parametrize(("note", "listed"), [(None, 0), (NOTE, 58)])
def test_in_lists_of_similar_tracks_too(one_name, note, listed):
    noted(one_name, note)
    collection = read.__wrapped__(str(one_name), 1)
    for space in (collection.space("effnet"), found.spaces(collection)["effnet"]):
        similar = most_similar(space, 3, collection.recordings, 60)
        assert len(similar.listed) == listed  # all of 60 but the seed, and one of the same bytes


def test_in_the_report_stand_ins_tell_neither_copies_nor_outliers():
    frame = pd.DataFrame(
        {
            "title": "Track 01",
            "artist": "A",
            "content_hash": ["x", "x", *map(str, range(38))],
            "valence": [5.0 + n / 100 for n in range(39)] + [9.0],
        }
    )
    equal = np.ones((40, 200), np.float32)
    model = Model("musicnn", "x.pb", "ab", NOTE)
    trusted = report(source(frame, embedding=equal))
    assert [len(group) for group in trusted.copies] == [40]
    assert [outlier.track.id for outlier in trusted.outliers] == [40]
    found = report(source(frame, embedding=equal, models=(model,)))
    assert [len(group) for group in found.copies] == [2]
    assert found.outliers == ()
