"""A playlist is saved whole, under a safe name, and never over another file by accident."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import playlist_files
from engine.playlist_paths import PlaylistError


@given(st.text())
def test_a_file_name_is_one_name_in_the_folder(text):
    name = playlist_files.file_name(text, ".m3u8")
    assert name.endswith(".m3u8")
    assert not name.startswith(".")
    assert len(name.encode()) <= 255
    assert Path(name).name == name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("", "playlist.m3u8"),
        ("../../etc/passwd", "-..-etc-passwd.m3u8"),
        ("Party.m3u8", "Party.m3u8"),
        ("a/b:c?", "a-b-c-.m3u8"),
        (".hidden", "hidden.m3u8"),
    ],
)
def test_file_names(typed, name):
    assert playlist_files.file_name(typed, ".m3u8") == name


def test_save_writes_the_file_and_nothing_else(tmp_path):
    path = playlist_files.save(b"#EXTM3U\n", tmp_path, "list", ".m3u8")
    assert path == tmp_path / "list.m3u8"
    assert path.read_bytes() == b"#EXTM3U\n"
    assert [found.name for found in tmp_path.iterdir()] == ["list.m3u8"]
    assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRUSR


def test_an_existing_file_is_kept_unless_replacing_is_allowed(tmp_path):
    (tmp_path / "list.m3u8").write_bytes(b"mine")
    with pytest.raises(PlaylistError, match="exists already"):
        playlist_files.save(b"new", tmp_path, "list", ".m3u8")
    assert (tmp_path / "list.m3u8").read_bytes() == b"mine"
    playlist_files.save(b"new", tmp_path, "list", ".m3u8", replace=True)
    assert (tmp_path / "list.m3u8").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_went_away_is_a_sentence(tmp_path):
    with pytest.raises(PlaylistError, match="could not be written: No such file"):
        playlist_files.save(b"x", tmp_path / "gone", "list", ".m3u8")


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(PlaylistError, match="No space left"):
        playlist_files.save(b"x", tmp_path, "list", ".m3u8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type the folder"),
        ("a\0b", "Type the folder"),
        ("relative/folder", "not a whole path"),
        ("/no/such/folder", "no folder"),
        ("~nobody-of-this-name/x", "no home folder"),
        ("/" + "x" * 5000, "cannot be reached"),
        (__file__, "is a file"),
    ],
)
def test_a_folder_that_cannot_be_used_is_explained(typed, said):
    with pytest.raises(PlaylistError, match=said):
        playlist_files.folder(typed)


def test_a_folder_is_found_with_and_without_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert playlist_files.folder(f"  {tmp_path} ") == tmp_path
    assert playlist_files.folder("~") == tmp_path


def test_each_format_has_its_ending():
    assert playlist_files.file_name("Party.xspf", ".xspf") == "Party.xspf"
    assert playlist_files.file_name("Party.m3u8", ".csv") == "Party.m3u8.csv"


@pytest.mark.parametrize(
    ("typed", "called"),
    [("Für Anna", "Für Anna"), (" a/b.m3u8 ", "a/b"), ("", "playlist"), ("\n", "playlist"),
     (".m3u8", "playlist")],
)  # fmt: skip
def test_what_a_list_is_called_inside_of_its_file(typed, called):
    assert playlist_files.list_name(typed, ".m3u8") == called
