"""Which recordings a command line names, and where their results go."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.information.curve import Curve
from engine.information.inputs import Recording, recordings
from engine.information.results import COLUMNS, INDEX, Results, ResultsError, appearing

CURVE = Curve((0.0,), np.array([[np.nan, 2.0, 4.0]], np.float32))


def file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"ID3")
    return path


def test_files_and_folders_each_once(tmp_path):
    first, second = file(tmp_path / "a/song.mp3"), file(tmp_path / "b/x/song.mp3")
    link = tmp_path / "link.mp3"
    link.symlink_to(first)
    found, problems = recordings(
        [str(first), str(tmp_path / "b"), str(tmp_path / "b/x"), str(link), str(first)]
    )
    assert [(one.path, one.name) for one in found] == [
        (str(first), "song.mp3"),
        (str(second), "x/song.mp3"),
    ]
    assert problems == []


def test_what_is_not_there_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    found, problems = recordings([str(tmp_path / "no\n.mp3"), str(tmp_path / "empty")])
    assert found == []
    assert "no such file" in problems[0] and "\\n" in problems[0] and "no audio" in problems[1]


def test_a_named_file_is_a_recording_whatever_it_is_called(tmp_path):
    found, problems = recordings([str(file(tmp_path / "notes.txt"))])
    assert [one.name for one in found] == ["notes.txt"] and problems == []


def test_names_do_not_collide(tmp_path):
    results = Results(tmp_path)
    named = [("/a/s.mp3", "s.mp3"), ("/a/s.ogg", "s.ogg"), ("/b/s.ogg", "S.ogg"), ("/c", "s.ogg")]
    targets = [results.target(Recording(*one)).name for one in named]
    assert targets == ["s.csv", "s.ogg.csv", "S (2).csv", "s (3).csv"]
    assert results.target(Recording("/a/s.ogg", "s.ogg")).name == "s.ogg.csv"
    assert results.target(Recording("/r", "recordings.mp3")).name == "recordings.mp3.csv"


def test_names_hold_over_several_runs(tmp_path):
    one, other = Recording("/a/s.mp3", "s.mp3"), Recording("/b/s.mp3", "s.mp3")
    results = Results(tmp_path)
    results.write(one, results.target(one), CURVE, "m")
    later = Results(tmp_path)
    assert later.target(other).name == "s.mp3.csv"
    assert later.target(one).name == "s.csv"


@pytest.mark.parametrize("foreign", ["s.csv", "s.png", "s.html"])
def test_files_of_other_origin_stay(tmp_path, foreign):
    (tmp_path / foreign).write_text("mine")
    assert Results(tmp_path).target(Recording("/a/s.mp3", "s.mp3")).name == "s.mp3.csv"


def test_the_index_says_what_is_whose(tmp_path):
    path = os.fsdecode(b"/m/caf\xe9\n.mp3")
    recording = Recording(path, "=1/" + os.fsdecode(b"caf\xe9\n.mp3"))
    results = Results(tmp_path)
    target = results.target(recording)
    results.write(recording, target, CURVE, "resident-1")
    with (tmp_path / INDEX).open(newline="", encoding="utf-8", errors="surrogateescape") as index:
        heads, row = csv.reader(index)
    assert tuple(heads) == COLUMNS
    assert row == [f"./{target.relative_to(tmp_path)}", path, "resident-1", "0.0", "3.0"]
    assert target.read_text().splitlines()[0] == "Time,IC_0.0"


def test_a_torn_row_is_none(tmp_path):
    index = tmp_path / INDEX
    index.write_text(",".join(COLUMNS) + "\n./s.csv,/a/s.m")
    other = Recording("/b/s.mp3", "s.mp3")
    results = Results(tmp_path)
    assert results.target(other).name == "s.csv"
    results.write(other, tmp_path / "s.csv", CURVE, "m")
    assert Results(tmp_path).target(Recording("/a/s.mp3", "s.mp3")).name == "s.mp3.csv"


@pytest.mark.parametrize(
    "foreign", [b"artist,title", b"\n", b"a,b\r\n1", b"x" * 200_000, b"\x00\xff"]
)
def test_a_foreign_index_is_refused_and_stays_as_it_is(tmp_path, foreign):
    index = tmp_path / INDEX
    index.write_bytes(foreign)
    with pytest.raises(ResultsError, match="--output_dir"):
        Results(tmp_path)
    assert index.read_bytes() == foreign


def written(folder: Path, curve: Curve, model: str) -> None:
    recording = Recording("/a/s.mp3", "s.mp3")
    results = Results(folder)
    results.write(recording, results.target(recording), curve, model)


def test_another_model_replaces_the_row_and_takes_the_pictures_away(tmp_path):
    other = Recording("/b/s.mp3", "s.mp3")
    written(tmp_path, CURVE, "m")
    results = Results(tmp_path)
    results.write(other, results.target(other), CURVE, "m")
    pictures = [tmp_path / "s.png", tmp_path / "s.html"]
    foreign = [tmp_path / name for name in ("cover.png", "s.mp3.png", "s.jpg")]
    for picture in (*pictures, *foreign):
        picture.write_bytes(b"picture")
    written(tmp_path, CURVE, "m")  # the same values: the pictures show them
    assert all(picture.exists() for picture in (*pictures, *foreign))
    written(tmp_path, CURVE, "n")
    assert not any(picture.exists() for picture in pictures)
    assert all(picture.exists() for picture in foreign)
    with (tmp_path / INDEX).open(newline="") as index:
        rows = [row[:3] for row in list(csv.reader(index))[1:]]
    assert rows == [["./s.mp3.csv", "/b/s.mp3", "m"], ["./s.csv", "/a/s.mp3", "n"]]


def test_other_values_of_the_same_model_take_the_pictures_away(tmp_path):
    written(tmp_path, CURVE, "m")
    (tmp_path / "s.png").write_bytes(b"picture")
    written(tmp_path, Curve((0.0,), CURVE.values[:, ::-1]), "m")
    assert not (tmp_path / "s.png").exists()
    assert len((tmp_path / INDEX).read_text().splitlines()) == 2


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(ZeroDivisionError), appearing(tmp_path / "a.csv") as unfinished:
        unfinished.write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


FILE_NAMES = st.binary(min_size=1, max_size=255).filter(
    lambda name: not {b"/"[0], 0} & set(name) and name not in (b".", b"..")
)


@given(st.lists(FILE_NAMES, min_size=2, max_size=6))
def test_every_recording_has_a_name_of_its_own(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("results")
    results = Results(folder)
    targets = [
        results.target(Recording(f"/{number}", os.fsdecode(name)))
        for number, name in enumerate(names)
    ]
    assert len({str(target).casefold() for target in targets}) == len(names)
    for target in targets:
        with appearing(target) as unfinished:
            unfinished.write_text("x")
    assert len(list(folder.iterdir())) == len(names) + 1
