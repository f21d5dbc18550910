"""What any format was given comes back from it, or is said not to be in it."""

import csv
import io
import math
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playlists import components, entries_of_anything

from engine import playlist, playlist_csv, xspf
from engine.playlist import Entry, plain
from engine.playlist_formats import FORMATS
from engine.playlist_paths import ABSOLUTE, Paths, PlaylistError, located, replacing

READERS = {"M3U8": playlist.parse, "XSPF": xspf.parse, "CSV": playlist_csv.parse}
FOLDERS = ("/storage/1234-5678/Music", "D:\\Music", "//server/share", "\\\\server\\share", "Music")
folders = st.lists(components, max_size=3).map(lambda parts: os.fsdecode(b"/" + b"/".join(parts)))
ways = st.one_of(
    st.just(ABSOLUTE),
    folders.map(lambda folder: Paths(relative_to=Path(folder))),
    st.builds(lambda here, there: Paths(replaced=(here, there)), folders, st.sampled_from(FOLDERS)),
)


@pytest.mark.parametrize("name", FORMATS)
@given(entries_of_anything, ways, st.text(max_size=20))
def test_every_entry_comes_back_or_is_reported(name, entries, paths, called):
    written = FORMATS[name].write(entries, paths, called)
    read = READERS[name](written.data)
    kept = [e for e in entries if e.path not in (*written.skipped, *written.outside)]
    expected = [located(entry.path, paths).text for entry in kept]
    found = [line.path.removeprefix("./") for line in read]
    if name == "XSPF":  # a share has one spelling as a URI
        expected, found = (
            [p.replace("\\", "/") if p[:2] in ("\\\\", "//") else p for p in paths]
            for paths in (expected, found)
        )
    assert found == [path.removeprefix("./") for path in expected]
    assert written.entries == len(kept)
    assert name == "M3U8" or not written.skipped


@pytest.mark.parametrize("name", ["XSPF", "CSV"])
@given(entries_of_anything)
def test_tags_come_back_as_they_are_shown(name, entries):
    read = READERS[name](FORMATS[name].write(entries, ABSOLUTE, "").data)
    for entry, found in zip(entries, read, strict=True):
        for tag in ("title", "artist", "album"):
            shown = plain(getattr(entry, tag) or "")
            if tag == "title" and name == "XSPF":  # as the apps name it; a table keeps tags alone
                shown = playlist.track_title(entry.title, entry.path)
            shown = shown.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
            got = getattr(found, tag) or ""
            assert got.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd") == shown
        seconds = playlist.seconds_of(entry)
        assert found.duration_s == (seconds and pytest.approx(seconds, abs=6e-4, rel=1e-9))


@given(entries_of_anything)
def test_no_cell_of_text_is_a_formula(entries):
    data = playlist_csv.table(entries).data.decode("utf-8-sig", "surrogateescape")
    for row in list(csv.reader(io.StringIO(data, newline="")))[1:]:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0")) for cell in row[:4])


@given(entries_of_anything, ways)
def test_a_table_is_always_utf8(entries, paths):
    playlist_csv.table(entries, paths).data.decode("utf-8")


# What each looks like


SONG = Entry(
    "/music/café #1\n.mp3", "A & B", "<Band>", 61.2345, "=1+1", {"loudness_lufs": -9.5, "key": None}
)


@given(st.text())
def test_xspf_holds_what_the_list_is_called(name):
    root = ElementTree.fromstring(xspf.xspf([SONG], name=name).data)
    called = plain(name.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd"))
    title = root.findtext("{http://xspf.org/ns/0/}title", "")
    assert title == called
    # The title comes first, where the schema's own examples have it.
    assert root[0].tag.endswith("}title" if called else "}trackList")


def test_xspf_looks_as_the_specification_says():
    root = ElementTree.fromstring(xspf.xspf([SONG]).data)
    assert root.tag == "{http://xspf.org/ns/0/}playlist"
    assert root.get("version") == "1"
    track = root[0][0]
    assert [(e.tag.split("}")[1], e.text) for e in track] == [
        ("location", "file:///music/caf%C3%A9%20%231%0A.mp3"),
        ("title", "A & B"),
        ("creator", "<Band>"),
        ("album", "=1+1"),
        ("duration", "61234"),
    ]


def test_csv_looks_as_a_spreadsheet_expects():
    other = Entry("/b.mp3", "'quoted'", None, math.nan, None, {"style": "+x", "loudness_lufs": 1.0})
    assert playlist_csv.table([SONG, other]).data.decode("utf-8-sig") == (
        "path,title,artist,album,seconds,loudness_lufs,key,style\r\n"
        '"/music/café #1\n.mp3",A & B,<Band>,\'=1+1,61.2345,-9.5,,\r\n'
        "/b.mp3,''quoted',,,,1,,'+x\r\n"
    )
    values = [dict(e.values) for e in playlist_csv.parse(playlist_csv.table([SONG, other]).data)]
    assert values == [
        {"loudness_lufs": "-9.5", "key": "", "style": ""},
        {"loudness_lufs": "1", "key": "", "style": "+x"},
    ]


@pytest.mark.parametrize(
    ("there", "line", "uri"),
    [
        ("D:\\Music", "D:\\Music\\a b\\c.mp3", "file:///D:/Music/a%20b/c.mp3"),
        ("d:/", "d:\\a b\\c.mp3", "file:///d:/a%20b/c.mp3"),
        ("//nas/music/", "//nas/music/a b/c.mp3", "file://nas/music/a%20b/c.mp3"),
        ("\\\\nas\\music", "\\\\nas\\music\\a b\\c.mp3", "file://nas/music/a%20b/c.mp3"),
        ("/storage/12-34/M", "/storage/12-34/M/a b/c.mp3", "file:///storage/12-34/M/a%20b/c.mp3"),
        ("Music", "Music/a b/c.mp3", "Music/a%20b/c.mp3"),
        ("smb://nas/m", "smb://nas/m/a%20b/c.mp3", "smb://nas/m/a%20b/c.mp3"),
    ],
)
def test_the_folder_becomes_what_it_is_called_elsewhere(there, line, uri):
    place = located("/home/me/Music/a b/c.mp3", replacing(" /home/me/Music/ ", there))
    assert (place.line().decode(), place.uri()) == (line, uri)


def test_a_backslash_in_a_name_stays_one_on_a_share():
    place = located("/music/a\\b.mp3", replacing("/music", "//nas/m"))
    assert place.uri() == "file://nas/m/a%5Cb.mp3"


def test_what_lies_elsewhere_is_left_out_and_said():
    entries = [Entry("/music/a.mp3"), Entry("/music2/b.mp3"), Entry("/music/c\\d.mp3")]
    for form in FORMATS.values():
        written = form.write(entries, replacing("/music", "D:\\"), "")
        assert (written.entries, written.outside) == (1, ("/music2/b.mp3", "/music/c\\d.mp3"))
    assert FORMATS["CSV"].write(entries, replacing("/", "/mnt"), "").outside == ()


@pytest.mark.parametrize(
    ("paths", "cell"),
    [
        (ABSOLUTE, "file:///music/caf%E9%20%231.mp3"),
        (Paths(relative_to=Path("/music")), "file:caf%E9%20%231.mp3"),
        (replacing("/music", "//nas/m"), "file://nas/m/caf%E9%20%231.mp3"),
        (replacing("/music", "smb://nas/m"), "smb://nas/m/caf%E9%20%231.mp3"),
    ],
)
def test_in_a_table_bytes_that_are_no_text_are_an_address(paths, cell):
    entry = Entry(os.fsdecode(b"/music/caf\xe9 #1.mp3"))
    data = playlist_csv.table([entry], paths).data
    assert data.decode("utf-8-sig").splitlines()[1] == f"{cell},,,,"
    assert playlist_csv.parse(data)[0].path == located(entry.path, paths).text


def test_in_a_table_a_name_like_an_address_stays_a_name():
    written = playlist_csv.table([Entry("/music/file:a%20b.mp3")], Paths(Path("/music")))
    assert playlist_csv.parse(written.data)[0].path == "./file:a%20b.mp3"


IMPOSSIBLE = (
    "a:b.mp3", 'a "b".mp3', "<a>.mp3", "a|b.mp3", "what?.mp3", "*.mp3", "a\\b.mp3", "a\tb.mp3",
    "end./a.mp3", "end /a.mp3", "a.", "a ", "CON.mp3", "con", "nul/a.mp3", "x/Com1.tar.mp3",
    "lpt\u00b2.mp3", "caf\udce9.mp3",
)  # fmt: skip


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_windows_cannot_hold_is_left_out_there_alone(name):
    path = f"/music/{name}"
    for there in ("D:\\", "\\\\nas\\music"):
        assert located(path, replacing("/music", there)) is None
        assert xspf.xspf([Entry(path)], replacing("/music", there)).outside == (path,)
    assert located(path, replacing("/music", "/mnt")).text == f"/mnt/{name}"
    assert located(path, replacing("/", "D:")) is None


@pytest.mark.parametrize("name", ["console.mp3", "a.b c.mp3", "con x.mp3", "é…/音楽.mp3", ".a"])
def test_what_windows_can_hold_is_kept(name):
    where = replacing("/what? a folder: here", "D:\\")
    place = located(f"/what? a folder: here/{name}", where)
    assert place.text == "D:\\" + name.replace("/", "\\")


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ("", "D:\\", "from / on"),
        ("Music", "D:\\", "from / on"),
        ("/m", " ", "other device"),
        ("/m", "a\nb", "other device"),
    ],
)
def test_folders_that_are_none(here, there, said):
    with pytest.raises(PlaylistError, match=said):
        replacing(here, there)


# Files of others, and of enemies


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE p [<!ENTITY a "b">]><playlist xmlns="http://xspf.org/ns/0/">&a;</playlist>',
        b'<!DOCTYPE p SYSTEM "file:///etc/passwd"><playlist xmlns="http://xspf.org/ns/0/"/>',
        b"<rss/>",
        b"not xml",
        b"",
    ],
)
def test_what_is_no_xspf_is_refused(data):
    with pytest.raises(PlaylistError, match="This"):
        xspf.parse(data)


def test_the_xspf_of_another_program_is_read():
    data = b"""<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><title>L</title>
    <trackList><track><location>file:///m/a%20b.ogg</location><duration>x</duration></track>
    <track><title>only described</title></track>
    <track><location>http://example.org/s</location></track></trackList></playlist>"""
    assert [entry.path for entry in xspf.parse(data)] == ["/m/a b.ogg", "http://example.org/s"]


@pytest.mark.parametrize(
    "data", [b"", b"a,b\r\n", b'path,title,artist,album,seconds\r\n"', b"path\r\n", b"x"]
)
def test_what_is_no_playlist_table_is_refused(data):
    with pytest.raises(PlaylistError):
        playlist_csv.parse(data)


@pytest.mark.parametrize("row", [b"a,b\r\n", b"a,b,c,d,long\r\n"])
def test_a_row_of_another_shape_is_refused(row):
    with pytest.raises(PlaylistError, match="row 2"):
        playlist_csv.parse(b"path,title,artist,album,seconds\r\n" + row)
