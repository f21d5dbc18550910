"""Finding audio: by extension, by content, once, whatever lies in the folder."""

import contextlib
import os
import socket
import time
from pathlib import Path

import pytest
import sounds

from engine import discover
from engine.discover import Found, Skipped, find_audio

MUSIC = sounds.tune(1.5)


def names(*roots: Path | str | bytes) -> list[str]:
    return [os.fsdecode(item.relpath) for item in find_audio(roots) if isinstance(item, Found)]


def reasons(*roots: Path) -> dict[str, str]:
    skipped = [item for item in find_audio(roots) if isinstance(item, Skipped)]
    return {Path(os.fsdecode(item.path)).name: item.reason for item in skipped}


def touch(folder: Path, *relpaths: str) -> None:
    for relpath in relpaths:
        path = folder / relpath
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_nested_folders_in_a_fixed_order(tmp_path: Path):
    touch(tmp_path, "b/2.flac", "b/c/d/e.opus", "a.mp3", "Z.WAV", "b/1.ogg")
    assert names(tmp_path) == ["Z.WAV", "a.mp3", "b/1.ogg", "b/2.flac", "b/c/d/e.opus"]


def test_size_and_time_are_those_of_the_file(tmp_path: Path):
    touch(tmp_path, "a.mp3")
    os.utime(tmp_path / "a.mp3", ns=(5, 1_234_567_890_123_456_789))
    (found,) = find_audio([tmp_path])
    assert found == Found(os.fsencode(tmp_path), b"a.mp3", 1, 1_234_567_890_123_456_789)


def test_other_files_are_passed_over_without_a_word(tmp_path: Path):
    touch(tmp_path, "cover.jpg", "notes.txt", "list.m3u", "clip.mkv", "README")
    assert list(find_audio([tmp_path])) == []


@pytest.mark.parametrize(
    ("extension", "options"),
    [
        (".mp3", {"codec": "mp3"}),
        (".mp2", {"codec": "mp2"}),
        (".aac", {"codec": "aac", "container": "adts"}),
        (".flac", {"codec": "flac"}),
        (".opus", {"codec": "libopus"}),
        (".oga", {"codec": "flac", "container": "ogg"}),
        (".wav", {}),
        (".w64", {}),
        (".aiff", {"codec": "pcm_s16be"}),
        (".caf", {"codec": "pcm_s16be"}),
        (".au", {"codec": "pcm_s16be"}),
        (".wv", {"codec": "wavpack"}),
        (".tta", {"codec": "tta"}),
        (".m4a", {"codec": "aac", "container": "ipod"}),
    ],
)
def test_content_counts_where_the_extension_lies(tmp_path: Path, extension: str, options: dict):
    music = sounds.encode(tmp_path / f"music{extension}", MUSIC, **options).read_bytes()
    assert discover.sniff(music[: discover.SNIFFED_BYTES])
    (tmp_path / "music.txt").write_bytes(music)
    (tmp_path / "music").write_bytes(music)
    assert names(tmp_path) == sorted(["music", f"music{extension}", "music.txt"])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("music.wma", {"codec": "wmav2", "bit_rate": 128_000}),
        ("music.mka", {"codec": "flac", "container": "matroska"}),
        ("music.mp4", {"codec": "aac", "container": "mp4"}),
    ],
)
def test_containers_that_could_hold_films_count_unless_they_are_named_so(
    tmp_path: Path, name: str, options: dict
):
    music = sounds.encode(tmp_path / name, MUSIC, **options).read_bytes()
    (tmp_path / "music.dat").write_bytes(music)
    (tmp_path / "music.avi").write_bytes(music)
    assert names(tmp_path) == sorted(["music.dat", name])


def test_music_with_the_name_of_a_film_is_found(tmp_path: Path):
    music = sounds.encode(tmp_path / "music.mp3", MUSIC, codec="mp3")
    music.rename(tmp_path / "music.mov")
    assert names(tmp_path) == ["music.mov"]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"\xff\xfe" + "UTF-16 text".encode("utf-16-le") * 100,
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(4000),
        b"\xff\xfb\x90\x64" + bytes(4000),  # one MPEG header, and no second one
        b"RIFF\x00\x00\x00\x00AVI ",
        b"OggS" + bytes(24) + b"\x80theora",
        b"%PDF-1.7",
        b"\x00\x00\x00\x20ftypisom",
    ],
)
def test_what_is_no_audio_by_content(head: bytes):
    assert not discover.sniff(head)


def test_what_is_skipped_is_counted_with_its_reason(tmp_path: Path):
    touch(tmp_path, "a.mp3", "._a.mp3", "b.mp3.part", ".git/c.mp3")
    os.mkfifo(tmp_path / "pipe.mp3")
    # By its name alone: the path of a socket has at most 107 bytes.
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(tmp_path):
        server.bind("socket.flac")
        (tmp_path / "gone.ogg").symlink_to(tmp_path / "nowhere")
        assert names(tmp_path) == ["a.mp3"]
        assert reasons(tmp_path) == {
            "._a.mp3": discover.RESOURCE_FORK,
            "b.mp3.part": discover.UNFINISHED,
            ".git": discover.TOOL,
            "pipe.mp3": discover.NOT_A_FILE,
            "socket.flac": discover.NOT_A_FILE,
            "gone.ogg": discover.BROKEN_LINK,
        }


ALBUMS = (
    "...And Justice for All", "..But Seriously", ".5", ".38 Special", ".hack", ".Gitte", ".cached",
    "Recycler", "Lost+Found", "recycle", "#1 Hits", "@", "._", "Snapshots", "System Volume",
)  # fmt: skip


def test_a_folder_that_begins_with_a_dot_is_music_like_any_other(tmp_path: Path):
    touch(tmp_path, *(f"{album}/1.mp3" for album in ALBUMS), ".1.mp3", "...Baby.mp3")
    expected = [".1.mp3", "...Baby.mp3", *(f"{album}/1.mp3" for album in ALBUMS)]
    assert sorted(names(tmp_path)) == sorted(expected)
    assert reasons(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((os.fsdecode(n), why) for why, all_ in discover.SYSTEM_FOLDERS.items() for n in all_),
        *((os.fsdecode(name), why) for name, why in discover.CASED_FOLDERS.items()),
        (".Trash-1000", discover.TRASH),
        (".Trashes", discover.TRASH),
        (".trash", discover.TRASH),
        ("$Recycle.Bin", discover.TRASH),
        ("SYSTEM VOLUME INFORMATION", discover.SYSTEM),
        (".appledouble", discover.SYSTEM),
        ("#Recycle", discover.TRASH),
    ],
)
def test_folders_of_systems_are_named_and_not_looked_into(tmp_path: Path, name: str, reason: str):
    touch(tmp_path, f"artist/{name}/deeper/1.mp3", "artist/2.mp3")
    assert names(tmp_path) == ["artist/2.mp3"]
    assert reasons(tmp_path) == {name: reason}
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / name).symlink_to(tmp_path / "artist")  # a link of that name, too
    assert reasons(tmp_path / "elsewhere") == {name: reason}


def test_a_root_is_looked_into_whatever_it_is_called(tmp_path: Path):
    touch(tmp_path, "#recycle/1.mp3", "#recycle/#recycle/2.mp3", ".git/a/b/3.mp3", ".git/4.mp3")
    assert names(tmp_path / "#recycle") == ["1.mp3"]
    # Together with what is around them.
    assert names(tmp_path, tmp_path / "#recycle") == ["#recycle/1.mp3"]
    assert names(tmp_path, tmp_path / ".git/a/b", tmp_path / ".git/4.mp3") == [
        ".git/a/b/3.mp3", ".git/4.mp3",
    ]  # fmt: skip
    (tmp_path / "link").symlink_to(tmp_path / ".git")
    assert names(tmp_path / "link") == ["4.mp3", "a/b/3.mp3"]


def test_hidden_folders_of_a_home_are_named_and_not_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "home of Ann"
    touch(home, ".wine/1.mp3", "Music/.5/2.mp3", ".hidden.mp3")
    (tmp_path / "Ann").symlink_to(home)
    touch(tmp_path, ".38 Special/3.mp3")
    (home / ".link").symlink_to(tmp_path / ".38 Special")
    monkeypatch.setenv("HOME", str(tmp_path / "Ann"))
    for root in (home, tmp_path / "Ann"):
        assert names(root) == [".hidden.mp3", "Music/.5/2.mp3"]
        assert reasons(root) == {".wine": discover.IN_HOME, ".link": discover.IN_HOME}
    assert names(home / ".wine") == ["1.mp3"]
    assert sorted(names(tmp_path)) == [
        ".38 Special/3.mp3", "home of Ann/.hidden.mp3", "home of Ann/Music/.5/2.mp3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "is_home"),
    [
        (b"/home/ann", True), (b"/Users/ann", True), (b"/root", True), (b"/var/home/ann", True),
        (b"/mnt/c/Users/ann", True), (b"/volume1/homes/ann", True), (b"/share/homes/ann", True),
        (b"/home", False), (b"/home/ann/Music", False), (b"/srv/home/ann", False),
        (b"/music/Users/ann", False),
    ],
)  # fmt: skip
def test_where_homes_are(folder: bytes, is_home: bool):
    assert bool(discover._HOMES.fullmatch(folder)) == is_home


def test_what_android_has_deleted_is_skipped(tmp_path: Path):
    touch(tmp_path, ".trashed-1712345678-a.mp3", ".pending-1712345678-b.mp3", ".trashed love.mp3")
    assert names(tmp_path) == [".trashed love.mp3"]
    assert set(reasons(tmp_path).values()) == {discover.TRASH, discover.UNFINISHED}


def test_a_device_is_skipped():
    assert reasons(Path("/dev/null")) == {"null": discover.NOT_A_FILE}


def test_a_pipe_without_extension_does_not_hang(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert reasons(tmp_path) == {"pipe": discover.NOT_A_FILE}


def test_links_lead_to_each_thing_once(tmp_path: Path):
    touch(tmp_path, "real/a.mp3", "elsewhere/b.mp3")
    music = tmp_path / "real"
    (music / "0 loop").symlink_to(music)
    (music / "1 outside").symlink_to(tmp_path / "elsewhere")
    (music / "2 again").symlink_to(tmp_path / "elsewhere")
    (music / "3 same.mp3").symlink_to(music / "a.mp3")
    (music / "4 itself").symlink_to(music / "4 itself")
    assert names(music) == ["a.mp3", "1 outside/b.mp3"]
    assert reasons(music)["0 loop"] == discover.SECOND_WAY
    assert reasons(music)["2 again"] == discover.SECOND_WAY
    assert reasons(music)["3 same.mp3"] == discover.SECOND_WAY
    assert reasons(music)["4 itself"].startswith("cannot be read")


def test_a_file_is_found_by_its_own_path_rather_than_by_a_link(tmp_path: Path):
    touch(tmp_path, "z/real.mp3")
    (tmp_path / "a link.mp3").symlink_to(tmp_path / "z/real.mp3")
    assert names(tmp_path) == ["z/real.mp3"]


def test_overlapping_roots_count_as_the_outermost(tmp_path: Path):
    touch(tmp_path, "a/b/1.mp3", "a/2.mp3", "ab/3.mp3")
    inner, outer, beside = tmp_path / "a/b", tmp_path / "a", tmp_path / "ab"
    found = list(find_audio([inner, outer, beside, outer, inner / "1.mp3"]))
    assert [(item.root, item.relpath) for item in found] == [
        (os.fsencode(outer), b"2.mp3"),
        (os.fsencode(outer), b"b/1.mp3"),
        (os.fsencode(beside), b"3.mp3"),
    ]


def test_a_root_and_a_link_to_it_are_the_same_tracks(tmp_path: Path):
    touch(tmp_path, "disk/a.mp3")
    (tmp_path / "Music").symlink_to(tmp_path / "disk")
    directly, linked = (list(find_audio([tmp_path / name])) for name in ("disk", "Music"))
    assert directly == linked
    assert names(tmp_path / "Music", tmp_path / "disk") == ["a.mp3"]


def test_a_single_file_may_be_a_root(tmp_path: Path):
    touch(tmp_path, "a.mp3", "b.mp3")
    (found,) = find_audio([tmp_path / "b.mp3"])
    assert (found.root, found.relpath) == (os.fsencode(tmp_path), b"b.mp3")


def test_relative_roots_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    touch(tmp_path, "music/a.mp3")
    monkeypatch.chdir(tmp_path)
    (found,) = find_audio(["music/../music"])
    assert (found.root, found.relpath) == (os.fsencode(tmp_path / "music"), b"a.mp3")


def test_a_missing_root_is_skipped_and_the_others_are_searched(tmp_path: Path):
    touch(tmp_path, "a.mp3")
    assert names(tmp_path / "gone", tmp_path) == ["a.mp3"]
    assert reasons(tmp_path / "gone") == {"gone": discover.NOT_THERE}


def test_a_folder_that_cannot_be_read_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By a scandir that refuses, as the administrator may read everything."""
    touch(tmp_path, "a.mp3", "locked/b.mp3")
    scan = os.scandir

    def refuse(path: bytes):
        if path.endswith(b"locked"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert names(tmp_path) == ["a.mp3"]
    assert reasons(tmp_path) == {"locked": "cannot be read: permission denied"}


def test_names_need_not_be_utf8(tmp_path: Path):
    for name in (b"\xff\xfe.mp3", b"new\nline.mp3", b"#hash.mp3", b'it\'s "so".mp3'):
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    found = [item.relpath for item in find_audio([tmp_path])]
    assert found == [b"#hash.mp3", b'it\'s "so".mp3', b"new\nline.mp3", b"\xff\xfe.mp3"]


def test_ten_thousand_files_without_opening_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for album in range(100):
        folder = tmp_path / f"{album:03d}"
        folder.mkdir()
        for track in range(100):
            (folder / f"{track:03d}.mp3").touch()

    def forbid(*arguments: object):
        raise AssertionError("a file was opened")

    monkeypatch.setattr(discover, "_head", forbid)
    start = time.process_time()  # the machine may be busy
    assert len(names(tmp_path)) == 10_000
    assert time.process_time() - start < 2.0  # measured: 0.12 s
