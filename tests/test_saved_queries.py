"""Queries kept by name: identical when read back, safe from two browsers, never silently lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queries import whole_queries

from engine import saved_queries
from engine.query import Query, Range
from engine.saved_queries import FILE_NAME, LONGEST, SavedQueryError, delete, load, rename, save

REPOSITORY = Path(__file__).resolve().parent.parent
EVENING = Query(tempo=Range(60, 90), exclude_folders=("/m/caf\udce9",))


def test_no_file_is_no_query(tmp_path):
    assert load(tmp_path) == ({}, [])
    assert not list(tmp_path.iterdir())


def test_a_query_is_kept_renamed_replaced_and_forgotten(tmp_path):
    assert save(tmp_path, " evening\n", EVENING) == []
    save(tmp_path, "Alone", Query(voice="instrumental"))
    assert list(load(tmp_path)[0]) == ["Alone", "evening"]
    assert load(tmp_path)[0]["evening"] == EVENING
    with pytest.raises(SavedQueryError, match="'evening' already"):
        save(tmp_path, "evening", Query())
    save(tmp_path, "evening", Query(), replace=True)
    assert load(tmp_path)[0]["evening"] == Query()
    rename(tmp_path, "evening", "night")
    with pytest.raises(SavedQueryError, match="'night' already"):
        rename(tmp_path, "Alone", "night")
    delete(tmp_path, "Alone")
    assert load(tmp_path) == ({"night": Query()}, [])
    for gone in (lambda: delete(tmp_path, "Alone"), lambda: rename(tmp_path, "Alone", "x")):
        with pytest.raises(SavedQueryError, match="no saved query 'Alone'"):
            gone()


def test_the_file_is_as_documented(tmp_path):
    save(tmp_path, "Größe", EVENING)
    held = json.loads((tmp_path / FILE_NAME).read_text())
    entry = held["queries"]["Größe"]
    assert held["version"] == 1
    assert entry["params"] == {"tempo": ["60..90"], "exclude_folders": ["/m/caf\\udce9"]}
    assert entry["saved"].endswith("+00:00")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".queries")]


@given(st.dictionaries(st.text(min_size=1, max_size=20), whole_queries, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_queries_return_identical(tmp_path_factory, queries):
    folder = tmp_path_factory.mktemp("saved")
    expected = {}
    for name, query in queries.items():
        try:
            save(folder, name, query, replace=True)
        except SavedQueryError:
            assert not saved_queries.plain(name)
            continue
        expected[saved_queries.plain(name)] = query
    assert load(folder) == (expected, [])


@pytest.mark.parametrize("name", ["", " ", "\n\t", "x" * (LONGEST + 1)])
def test_what_is_no_name_is_refused(tmp_path, name):
    with pytest.raises(SavedQueryError, match="name"):
        save(tmp_path, name, Query())
    assert load(tmp_path) == ({}, [])


DAMAGED = [b"", b"{", b"\xff", b"[]", b'{"version": 1}', b'{"version": "1", "queries": {}}']
DAMAGED += [b"[" * 100_000]


@pytest.mark.parametrize("data", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_told_and_kept_aside(tmp_path, data):
    file = tmp_path / FILE_NAME
    for number in (1, 2):
        file.write_bytes(data)
        queries, (problem,) = load(tmp_path)
        assert not queries
        assert "is damaged" in problem
        with pytest.raises(SavedQueryError, match="no saved query"):
            delete(tmp_path, "new")
        assert file.read_bytes() == data  # neither reading nor a change that fails moves it
        (told,) = save(tmp_path, "new", Query(seed=number))
        kept = tmp_path / f"queries.damaged-{number}.json"
        assert str(kept) in told
        assert kept.read_bytes() == data
        assert load(tmp_path) == ({"new": Query(seed=number)}, [])


def test_one_damaged_entry_costs_itself_and_stays_in_the_file(tmp_path):
    save(tmp_path, "good", EVENING)
    held = json.loads((tmp_path / FILE_NAME).read_text())
    wrong = {"a": 1, "b": {"params": {"tempo": "60..90"}}, "c": {"params": {"tempo": [60]}}}
    held["queries"] |= wrong | {"d": {"params": {"tempo": ["fast"], "newer": ["x"]}, "more": 1}}
    (tmp_path / FILE_NAME).write_text(json.dumps(held))
    queries, problems = load(tmp_path)
    assert queries == {"good": EVENING, "d": Query()}
    assert len(problems) == 4
    assert "'d'" in problems[3] and "tempo='fast'" in problems[3]
    delete(tmp_path, "good")
    left = json.loads((tmp_path / FILE_NAME).read_text())["queries"]
    assert left == {name: entry for name, entry in held["queries"].items() if name != "good"}


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    data = b'{"version": 2, "queries": []}'
    (tmp_path / FILE_NAME).write_bytes(data)
    assert "newer version" in load(tmp_path)[1][0]
    with pytest.raises(SavedQueryError, match="newer version"):
        save(tmp_path, "x", Query())
    assert (tmp_path / FILE_NAME).read_bytes() == data


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    with pytest.raises(SavedQueryError, match="cannot be written"):
        save(tmp_path / "missing", "x", Query())
    (tmp_path / "file").write_text("")
    with pytest.raises(SavedQueryError, match="cannot be written"):
        save(tmp_path / "file", "x", Query())
    (tmp_path / FILE_NAME).mkdir()
    assert "cannot be read" in load(tmp_path)[1][0]


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    save(tmp_path, "old", EVENING)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SavedQueryError, match="No space left"):
        save(tmp_path, "new", Query())
    assert load(tmp_path) == ({"old": EVENING}, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE_NAME, "queries.lock"]


# A browser's server is a process of its own. Not by multiprocessing, which would start each one
# with the script that Streamlit's test runner leaves behind as this one's main module.
SAVE_SOME = """
import sys
from pathlib import Path
from engine.query import Query
from engine.saved_queries import save

folder, browser = Path(sys.argv[1]), sys.argv[2]
for number in range(10):
    save(folder, f"{browser}-{number}", Query(seed=number))
"""


def test_browsers_that_save_at_once_lose_nothing(tmp_path):
    browsers = [
        subprocess.Popen([sys.executable, "-c", SAVE_SOME, tmp_path, str(number)], cwd=REPOSITORY)
        for number in range(4)
    ]
    assert [browser.wait() for browser in browsers] == [0] * 4
    queries, problems = load(tmp_path)
    assert problems == []
    assert queries == {f"{b}-{n}": Query(seed=n) for b in range(4) for n in range(10)}
