"""Tags of every common format, and a content hash that does not depend on them."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import (
    APIC,
    ID3,
    TALB,
    TCON,
    TDAT,
    TDOR,
    TDRC,
    TIT2,
    TORY,
    TPE1,
    TPE2,
    TPOS,
    TRCK,
    TXXX,
    TYER,
)
from mutagen.id3 import ID3TimeStamp as Stamp
from sounds import encode, tune

from engine import filetags
from engine.audio import content_hash, decode, probe
from engine.container import read_tags
from engine.filetags import LONGEST, Header
from engine.records import Tags

FORMATS = {
    "a.mp3": {"codec": "mp3"},
    "a.flac": {"codec": "flac"},
    "a.opus": {"codec": "libopus"},
    "a.ogg": {"codec": "vorbis", "strict": "experimental"},
    "a.m4a": {"codec": "aac", "container": "ipod"},
    "a.wma": {"codec": "wmav2", "container": "asf", "bit_rate": 128_000},
    "a.aiff": {"codec": "pcm_s16be"},
    "a.wav": {},
    "a.wv": {"codec": "wavpack"},
}
WANTED = Tags(
    "Für Elise; with a twist", "Ludwig & Co", "Bagatellen", 1810, "Ludwig", 3, 1, None, "Classical"
)
NAMES = {
    "a.m4a": ("\xa9nam", "\xa9ART", "\xa9alb", "\xa9day", "aART", "\xa9gen"),
    "a.wma": ("Title", "Author", "WM/AlbumTitle", "WM/Year", "WM/AlbumArtist", "WM/Genre"),
    "a.wv": ("Title", "Artist", "Album", "Year", "Album Artist", "Genre"),
}
NUMBERS = {
    "a.m4a": {"trkn": [(3, 12)], "disk": [(1, 0)]},
    "a.wma": {"WM/TrackNumber": ["3"], "WM/PartOfSet": ["1/2"]},
    "a.wv": {"Track": ["3/12"], "Disc": ["1"]},
}


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    return tune(2)


def write(path: Path, values: tuple[str, ...]) -> None:
    """Title, artist, album and date; or these, album artist, genre, and track 3 of disc 1."""
    known = mutagen.File(path)
    if known.tags is None:
        known.add_tags()
    whole = len(values) == 6
    if isinstance(known.tags, ID3):
        frames = (TIT2, TPE1, TALB, TDRC, TPE2, TCON)
        for frame, text in zip(frames, values, strict=False):
            known.tags.add(frame(encoding=3, text=text))
        if whole:
            known.tags.add(TRCK(encoding=3, text="03/12"))
            known.tags.add(TPOS(encoding=3, text="1/2"))
    else:
        usual = ("title", "artist", "album", "date", "albumartist", "genre")
        for name, text in zip(NAMES.get(path.name, usual), values, strict=False):
            known.tags[name] = [text]
        if whole:
            vorbis = {"tracknumber": ["3"], "discnumber": ["1"]}
            known.tags.update(NUMBERS.get(path.name, vorbis))
    known.save()


@pytest.mark.parametrize("name", FORMATS)
def test_tags_are_read_and_leave_the_content_hash_alone(
    tmp_path: Path, music: np.ndarray, name: str
):
    path = encode(tmp_path / name, music, **FORMATS[name])
    before = decode(path)
    assert replace(before.tags, bitrate=None) == Tags()
    names = (WANTED.title, WANTED.artist, WANTED.album, "1810-04-27")
    write(path, (*names, WANTED.album_artist, WANTED.genre))
    after = decode(path)
    assert replace(after.tags, bitrate=None) == WANTED
    assert probe(path)[2] == read_tags(path) == after.tags
    assert after.content_hash == before.content_hash
    np.testing.assert_array_equal(after.samples, before.samples)


@pytest.mark.parametrize("name", FORMATS)
def test_the_bit_rate_is_that_of_the_sound(tmp_path: Path, name: str):
    path = encode(tmp_path / name, tune(10), **FORMATS[name])
    with av.open(str(path)) as container:
        sound = sum(packet.size for packet in container.demux(audio=0))
    if name == "a.opus":
        known = mutagen.File(path)
        known["metadata_block_picture"] = ["A" * 50_000]
        known.save()
    assert probe(path)[2].bitrate == pytest.approx(sound * 8 / 10, rel=0.12)


def test_a_picture_and_tags_at_the_end_leave_the_hash_alone(tmp_path: Path, music: np.ndarray):
    path = encode(tmp_path / "a.mp3", music, codec="mp3")
    before = content_hash(path)
    tags = ID3(path)
    tags.add(APIC(mime="image/png", type=3, data=b"\x89PNG\r\n\x1a\n" + bytes(300_000)))
    tags.save(path, v1=2)
    assert content_hash(path) == before
    ape = APEv2()
    ape["Title"] = "At the end"
    ape.save(path)
    assert content_hash(path) == before


DATES = [
    ("1999", 1999),
    ("2004-10-03", 2004),
    ("2003-05", 2003),
    ("2004-10-03T12:30:00Z", 2004),
    ("20041003", 2004),
    ("20230512T101500", 2023),
    ("20230512101500", 2023),
    ("20230000", 2023),
    ("200305", 2003),
    ("1066", 1066),
    ("0000", None),
    ("0", None),
    ("99", None),
    ("3024", None),
    ("unknown", None),
    ("1234567890", None),  # seconds since 1970
    ("12051999", None),
]
# What a time stamp of ID3v2 cannot hold.
FREE_DATES = [
    ("03/10/2004", 2004),
    ("12.05.1999", 1999),
    ("c. 1723", 1723),
    ("[1999?]", 1999),
    ("1999 - 2003", 1999),
    ("2003年5月", 2003),
]


@pytest.mark.parametrize(("text", "year"), DATES + FREE_DATES)
def test_years(tmp_path: Path, music: np.ndarray, text: str, year: int | None):
    path = encode(tmp_path / "a.flac", music, codec="flac")
    write(path, ("t", "a", "b", text))
    assert read_tags(path).year == probe(path)[2].year == year


@pytest.mark.parametrize("name", ["a.mp3", "a.opus", "a.m4a", "a.wma", "a.aiff", "a.wv"])
def test_years_of_every_format(tmp_path: Path, music: np.ndarray, name: str):
    path = encode(tmp_path / name, music, **FORMATS[name])
    for text, year in DATES:
        write(path, ("t", "a", "b", text))
        assert read_tags(path).year == year, text


@pytest.mark.parametrize(("text", "year"), [*DATES, *FREE_DATES])
@pytest.mark.parametrize("name", ["DATE_RELEASED", "date"])
def test_years_of_matroska(
    tmp_path: Path, music: np.ndarray, text: str, year: int | None, name: str
):
    path = tagged_by_the_muxer(tmp_path / "a.mka", music, {name: text})
    assert read_tags(path).year == probe(path)[2].year == year


def test_matroska_s_levels_of_tags():
    """As FFmpeg gives them; it cannot write them."""
    found = {
        "TRACK/TITLE": "T", "TRACK/ARTIST": "A", "TRACK/PART_NUMBER": "3", "ALBUM/TITLE": "B",
        "ALBUM/ARTIST": "AA", "ALBUM/DATE_RELEASED": "1987", "ALBUM/GENRE": "Rock",
    }  # fmt: skip
    expected = Tags("T", "A", "B", 1987, "AA", 3, None, 128_000, "Rock")
    assert filetags.tags(Header((), None), found, 128_000) == expected


@pytest.mark.parametrize(
    ("name", "codec", "unheard"),
    [("a.wav", "pcm_s16le", {"album_artist": None, "disc_no": None}), ("a.mka", "flac", {}),
     ("a.caf", "pcm_s16be", {})],
)  # fmt: skip
def test_tags_that_only_the_container_has(
    tmp_path: Path, music: np.ndarray, name: str, codec: str, unheard: dict
):
    values = {
        "title": "T", "artist": "A", "album": "B", "album_artist": "AA", "track": "3/12",
        "disc": "1/2", "date": "20030512", "genre": "Rock",
    }  # fmt: skip
    path = tagged_by_the_muxer(tmp_path / name, music, values, codec)
    expected = replace(Tags("T", "A", "B", 2003, "AA", 3, 1, None, "Rock"), **unheard)
    assert replace(probe(path)[2], bitrate=None) == expected
    assert read_tags(path) == probe(path)[2]


def tagged_by_the_muxer(
    path: Path, samples: np.ndarray, tags: dict[str, str], codec: str = "flac"
) -> Path:
    """The samples in a container whose tags mutagen cannot write."""
    source = encode(path.with_name("source.mka"), samples, codec=codec, container="matroska")
    form = {".mka": "matroska"}.get(path.suffix, path.suffix[1:])
    with av.open(str(source)) as old, av.open(str(path), "w", format=form) as new:
        new.metadata.update(tags)
        stream = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    return path


@pytest.mark.parametrize(
    ("version", "frames", "year"),
    [
        (4, [TDRC(encoding=3, text="0000"), TDOR(encoding=3, text="1999")], 1999),
        (4, [TDRC(encoding=3, text="2003"), TDOR(encoding=3, text="1999")], 2003),
        (4, [TDRC(encoding=3, text=[Stamp("0000"), Stamp("1987")])], 1987),
        (4, [TDRC(encoding=3, text="0000"), TXXX(encoding=3, desc="originalyear", text="1969")],
         1969),
        (3, [TYER(encoding=1, text="1999"), TDAT(encoding=1, text="1205")], 1999),
        (3, [TYER(encoding=1, text="0000"), TORY(encoding=1, text="1971")], 1971),
        (3, [TDRC(encoding=1, text="20230512")], 2023),
        (3, [TYER(encoding=1, text="c. 1999")], 1999),
    ],
)  # fmt: skip
def test_years_of_id3(
    tmp_path: Path, music: np.ndarray, version: int, frames: list, year: int | None
):
    path = encode(tmp_path / "a.mp3", music, codec="mp3")
    tags = ID3()
    for frame in frames:
        tags.add(frame)
    tags.save(path, v2_version=version)
    assert read_tags(path).year == probe(path)[2].year == year


def test_the_year_of_the_original_where_the_date_is_none(tmp_path: Path, music: np.ndarray):
    path = encode(tmp_path / "a.flac", music, codec="flac")
    known = mutagen.File(path)
    known["date"], known["originaldate"] = ["0000", ""], ["1999-01-02"]
    known.save()
    assert read_tags(path).year == 1999
    known["date"] = ["0000", "2010"]
    known.save()
    assert read_tags(path).year == 2010


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3), ("03", 3), (" 3 / 12", 3), ("3/12", 3), ("3 of 12", 3), ("101", 101),
        ("0", None), ("0/12", None), ("-1", None), ("A1", None), ("1-03", None), ("", None),
        ("20230512", None),
    ],
)  # fmt: skip
def test_numbers_of_tracks(tmp_path: Path, music: np.ndarray, text: str, number: int | None):
    path = encode(tmp_path / "a.flac", music, codec="flac")
    known = mutagen.File(path)
    known["tracknumber"] = known["discnumber"] = [text]
    known.save()
    tags = probe(path)[2]
    assert (tags.track_no, tags.disc_no) == (number, number)


LONG = "A title that is longer than thirty letters, by far"
OLD = "A title that is longer than th"  # as ID3v1 holds it


def id3v1(title: str, genre: int = 17) -> bytes:
    """The last 128 bytes of a file."""
    fields = title.encode("latin-1")[:30].ljust(30, b"\0") + b"Artist".ljust(30, b"\0")
    return b"TAG" + fields + bytes(30) + b"1994" + bytes(28) + b"\0\x07" + bytes([genre])


def write_ape(
    path: Path, music: np.ndarray, end: bytes, id3: ID3 | None = None, **values: str | list[str]
) -> Path:
    """An MP3 with ID3v2 or none, APEv2, and what follows that."""
    encode(path, music, codec="mp3")
    if id3 is not None:
        id3.save(path, v1=0)
    tags = APEv2()
    tags.update(values)
    tags.save(path)
    path.write_bytes(path.read_bytes() + end)
    return path


def test_apev2_counts_before_the_thirty_letters_of_id3v1(tmp_path: Path, music: np.ndarray):
    path = encode(tmp_path / "a.mp3", music, codec="mp3")
    with path.open("ab") as file:
        file.write(id3v1(LONG))
    tags = probe(path)[2]
    assert (tags.title, tags.artist, tags.year, tags.track_no, tags.genre) == (
        OLD, "Artist", 1994, 7, "Rock",
    )  # fmt: skip
    path = write_ape(tmp_path / "b.mp3", music, id3v1(LONG), Title=LONG, Track="8/12")
    tags = probe(path)[2]
    assert (tags.title, tags.artist, tags.year, tags.track_no) == (LONG, "Artist", 1994, 8)
    assert read_tags(path) == tags


def test_id3v2_counts_before_apev2_field_by_field(tmp_path: Path, music: np.ndarray):
    tags = ID3()
    tags.add(TALB(encoding=3, text="Of ID3v2"))
    values = {"Title": LONG, "Album": "Of APE", "Artist": ["", "One", "Two"]}
    path = write_ape(tmp_path / "a.mp3", music, id3v1(LONG), tags, **values)
    read = probe(path)[2]
    assert (read.title, read.album, read.artist) == (LONG, "Of ID3v2", "One; Two")
    assert (read.year, read.track_no) == (1994, 7)  # which only ID3v1 says


def test_apev2_before_lyrics_and_alone(tmp_path: Path, music: np.ndarray):
    path = write_ape(tmp_path / "a.mp3", music, b"", Title=LONG, Year="1994")
    alone = probe(path)[2]
    assert (alone.title, alone.year) == (LONG, 1994)
    lyrics = b"LYRICSBEGIN" + b"IND00002" + b"10"
    lyrics += b"%06dLYRICS200" % len(lyrics)
    path = write_ape(tmp_path / "b.mp3", music, lyrics + id3v1(OLD), Title=LONG)
    assert probe(path)[2].title == LONG
    damaged = encode(tmp_path / "c.mp3", music, codec="mp3")
    damaged.write_bytes(damaged.read_bytes() + b"APETAGEX" + bytes(24))
    assert probe(damaged)[2].title is None


def test_empty_values_disappear_and_both_unicode_forms_are_one(tmp_path: Path, music: np.ndarray):
    path = encode(tmp_path / "a.flac", music, codec="flac")
    known = mutagen.File(path)
    known["artist"] = ["", "Bjo\u0308rk", " ", "Björk", "Two"]
    known["title"] = ["", "  "]
    known["genre"] = ["Rock", "", "Pop"]
    known.save()
    tags = probe(path)[2]
    assert (tags.title, tags.artist, tags.genre) == (None, "Björk; Two", "Rock; Pop")
    assert unicodedata.is_normalized("NFC", tags.artist)


def test_text_is_fit_for_a_database(tmp_path: Path, music: np.ndarray):
    path = encode(tmp_path / "a.mp3", music, codec="mp3")
    tags = ID3()
    tags.add(TIT2(encoding=1, text=" two\0values\nand a line "))
    tags.add(TPE1(encoding=3, text=["One", "Two", "One"]))
    tags.add(TALB(encoding=3, text="long " * 1000))
    tags.save(path)
    read = probe(path)[2]
    assert read.title == "two; values and a line"
    assert read.artist == "One; Two"
    assert len(read.album) <= LONGEST
    read.title.encode()


def test_broken_tags_leave_the_container_s_own(tmp_path: Path, music: np.ndarray):
    """Matroska, which mutagen does not know, has its tags from the demuxer."""
    path = encode(tmp_path / "a.mka", music, codec="flac", container="matroska")
    assert replace(probe(path)[2], bitrate=None) == Tags()
    broken = tmp_path / "b.mp3"
    mp3 = encode(tmp_path / "a.mp3", music, codec="mp3").read_bytes()
    broken.write_bytes(
        b"ID3\x04\x00\x00\x00\x00\x00\x14" + b"TIT2\xff\xff\xff\xff" + bytes(12) + mp3
    )
    assert replace(decode(broken).tags, bitrate=None) == Tags()
