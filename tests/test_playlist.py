"""A written playlist reads back as it was meant, by our parser and by another one."""

import os
from pathlib import Path

import m3u8
from hypothesis import given
from hypothesis import strategies as st
from playlists import components, entries_of_anything, names

from engine import playlist
from engine.playlist import Entry
from engine.playlist_paths import Paths

ODD = [
    Entry("/music/#1 hits/a.mp3", "One", "Somebody", 60.4),
    Entry("/music/ leading blank.mp3", "Two,\nthree", "A, B", 61.6),
    Entry("/music/http:/x.mp3", None, None, None),
    Entry(os.fsdecode(b"/music/caf\xe9.mp3"), "Caf\udce9", None, float("nan")),
    Entry("/music/音楽.flac", "\u202eevil\u2066", "#EXTINF:9,x", 0.2),
    Entry("/music/sub/../b.mp3", "", "", -3.0),
]


def test_a_playlist_looks_as_players_expect():
    entries = [Entry("/m/a.mp3", "Song", "Band", 123.6), Entry("/m/b.ogg")]
    written = playlist.m3u8(entries, name="Für Anna")
    assert written.data.decode() == (
        "#EXTM3U\n#PLAYLIST:Für Anna\n"
        "#EXTINF:124,Band - Song\n/m/a.mp3\n#EXTINF:-1,m / b.ogg\n/m/b.ogg\n"
    )
    assert (written.entries, written.skipped) == (2, ())
    assert playlist.m3u8(entries).data == written.data.replace("#PLAYLIST:Für Anna\n".encode(), b"")


def test_files_without_a_title_are_named_as_the_apps_name_them():
    untitled = Entry("/music/Live 1999/track01.ogg", None, "Band")
    assert b"#EXTINF:-1,Band - Live 1999 / track01.ogg\n" in playlist.m3u8([untitled]).data
    assert playlist.track_title(" \n", "/track01.ogg") == "track01.ogg"


def test_an_empty_playlist_is_a_playlist():
    assert playlist.m3u8([]).data == b"#EXTM3U\n"
    assert playlist.parse(b"#EXTM3U\n") == []


def test_relative_paths_lead_to_the_files_and_hide_nothing():
    written = playlist.m3u8(ODD, Paths(relative_to=Path("/music")))
    paths = [line.path for line in playlist.parse(written.data)]
    assert paths[:3] == ["./#1 hits/a.mp3", "./ leading blank.mp3", "./http:/x.mp3"]
    assert playlist.m3u8(ODD[:1], Paths(Path("/music/lists"))).data.endswith(
        b"\n../#1 hits/a.mp3\n"
    )


def test_bytes_that_are_no_text_are_written_as_they_are():
    assert b"\n/music/caf\xe9.mp3\n" in playlist.m3u8(ODD).data


def test_a_path_that_no_line_can_hold_is_skipped_and_reported():
    written = playlist.m3u8([Entry("/m/a\nb.mp3"), Entry("/m/c\r.mp3"), Entry("/m/ok.mp3")])
    assert written.skipped == ("/m/a\nb.mp3", "/m/c\r.mp3")
    assert [line.path for line in playlist.parse(written.data)] == ["/m/ok.mp3"]


def test_other_programs_lists_are_read():
    data = b"\xef\xbb\xbf#EXTM3U\r\n#EXTINF:12.5,a - b\r\nx.mp3\r\n\r\n# note\r\ny.mp3"
    read = playlist.parse(data)
    assert [(line.path, line.text, line.seconds) for line in read] == [
        ("x.mp3", "a - b", 12),
        ("y.mp3", None, None),
    ]


def test_a_second_parser_sees_the_same_entries():
    entries = [entry for entry in ODD if "\udce9" not in entry.path]
    other = m3u8.loads(playlist.m3u8(entries, name="#EXTINF:1,x").data.decode())
    assert [segment.uri for segment in other.segments] == [entry.path for entry in entries]
    assert [segment.duration for segment in other.segments][:2] == [60, 62]


@given(entries_of_anything, st.text(max_size=20))
def test_every_entry_returns_whatever_tags_and_names_hold(entries, name):
    written = playlist.m3u8(entries, name=name)
    second = written.data.split(b"\n")[1]
    assert second.startswith(b"#PLAYLIST:") == bool(playlist.plain(name))
    read = playlist.parse(written.data)
    kept = [entry.path for entry in entries if entry.path not in written.skipped]
    assert [line.path for line in read] == kept
    assert written.entries == len(kept)
    assert all("\n" in path or "\r" in path for path in written.skipped)


@given(entries_of_anything, st.lists(components, max_size=3))
def test_every_relative_entry_leads_to_its_file(entries, folder):
    base = Path(os.fsdecode(b"/" + b"/".join(folder)))
    written = playlist.m3u8(entries, Paths(relative_to=base))
    kept = [entry.path for entry in entries if entry.path not in written.skipped]
    read = [line.path for line in playlist.parse(written.data)]
    assert [os.path.normpath(base / path) for path in read] == kept
    assert not any(path[0] in "#/" or path[0].isspace() for path in read)


@given(names)
def test_plain_text_is_one_line_that_encodes(text):
    shown = playlist.plain(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not any(ord(character) < 32 for character in shown)
