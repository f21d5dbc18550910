"""One box finds a track: which hits come first, and which one Enter takes."""

import numpy as np
import pytest
from app_pages import change

from benchmarks import synthetic
from engine import words
from engine.library import Library
from ui import picker
from ui.collection import Collection, read

NAMES = (
    ("Love", "Ann", "One"),
    ("Love Song", "Ann", "One"),
    ("A Love Supreme", "John", "Two"),
    ("Nebula", "Maxstack", "Space"),
    ("Nebula Rising", "Maxstack", "Space"),
    ("Twice", "Ann", "One"),
    ("Twice", "Bob", "One"),
    (None, None, None),
    (None, None, None),
)
FILES = (*(f"{number}.mp3" for number in range(1, 8)), "Track1.ogg", "Track12.ogg")


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Collection:
    folder = tmp_path_factory.mktemp("picker") / "library"
    synthetic.make(folder, len(NAMES))
    for number, ((title, artist, album), file) in enumerate(zip(NAMES, FILES, strict=True), 1):
        values = ", ".join("NULL" if v is None else f"'{v}'" for v in (title, artist, album))
        change(
            folder,
            f"UPDATE tracks SET (title, artist, album) = ({values}), "
            f"path = CAST('folder/{file}' AS BLOB) WHERE id = {number}",
            "UPDATE ledger SET status = 'ok'",
        )
    return read(str(folder), Library.open(folder).generation)


def found(music: Collection, text: str) -> list[int]:
    return music.frame.index[picker.matching(music, text)].tolist()


def taken(music: Collection, text: str) -> int | None:
    return picker.meant(music, text, picker.matching(music, text))


def test_exact_names_come_first_then_beginnings(music):
    assert found(music, "love") == [1, 2, 3]
    assert found(music, "song love") == [2]
    assert found(music, "") == music.frame.index[music.facts().order].tolist()
    assert found(music, "no such thing") == []


@pytest.mark.parametrize(
    ("text", "track"),
    [
        ("love", 1),  # the only one of this name
        ("LOVE", 1),
        ("love so", 2),  # the only hit
        ("nebula", 4),
        ("neb", None),  # one of two
        ("twice", None),  # two of one name
        ("twice bob", 7),
        ("track1", 8),  # a file without tags, by its name
        ("track1.ogg", 8),
        ("track", None),
        ("", None),
        ("no such thing", None),
    ],
)
def test_enter_takes_the_one_that_is_meant(music, text, track):
    assert taken(music, text) == track


def test_hits_are_ordered_as_found(music):
    found = np.flatnonzero(words.found("ann", music.words()))
    rows = words.best_first("ann", music.words(), found)
    assert sorted(rows) == found.tolist()
