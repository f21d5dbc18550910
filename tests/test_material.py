"""What is held out: whole folders, no copies, and always the same."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import encode, tune

from engine.discover import Found
from engine.information import dataset, material
from engine.information.material import LARGEST_SHARE, apart, held_out


def albums(*sizes: int, root: bytes = b"/music") -> list[Found]:
    return [
        Found(root, b"album %d/%d.mp3" % (album, number), 1000 * album + number, 0)
        for album, size in enumerate(sizes)
        for number in range(size)
    ]


def folders(tracks: list[Found]) -> set[bytes]:
    return {track.relpath.rpartition(b"/")[0] for track in tracks}


@given(st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_a_folder_is_learned_or_held_out(sizes):
    found = albums(*sizes)
    held = held_out(found)
    assert 1 <= len(held) <= max(1, 0.15 * len(found) + 1, LARGEST_SHARE * len(found))
    if min(sizes) <= LARGEST_SHARE * len(found):
        learned = [track for track in found if track not in held]
        assert not folders(held) & folders(learned)
    else:
        assert held == found[:: material.HELD_OUT]


def test_about_a_tenth_is_held_out_wherever_the_music_lies():
    held = held_out(albums(*[8] * 40))
    assert len(held) == 32
    moved = held_out(albums(*[8] * 40, root=b"/mnt/disk/music"))
    assert [track.relpath for track in moved] == [track.relpath for track in held]


def test_of_one_folder_tracks_are_held_out():
    found = albums(25)
    assert held_out(found) == found[::10]
    assert held_out([]) == []


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for number in range(3):
        (tmp_path / f"{number}").mkdir()
        encode(tmp_path / f"{number}/song.wav", tune(1, seed=number))
    shutil.copy(tmp_path / "0/song.wav", tmp_path / "1/copy.wav")
    return tmp_path


def names(tracks: list[Found]) -> list[bytes]:
    return [track.root.rpartition(b"/")[2] + b"/" + track.relpath for track in tracks]


def test_copies_of_what_is_held_out_are_not_learned(music, caplog):
    caplog.set_level("INFO")
    found, held = dataset.tracks([music]), dataset.tracks([music / "0"])
    learned = apart(found, held)
    assert [name.split(b"/", 1)[1] for name in names(learned)] == [b"1/song.wav", b"2/song.wav"]
    assert "Not learned, as copies of tracks held out: 1" in caplog.text


def test_what_cannot_be_read_is_no_copy():
    """These files are nowhere, and of equal sizes."""
    one, other = (Found(b"/none", name, 7, 0) for name in (b"a.mp3", b"b.mp3"))
    assert apart([one, other], [other]) == [one]
