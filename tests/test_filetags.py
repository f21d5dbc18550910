"""Tags of every common format, and a content hash that does not depend on them."""

from pathlib import Path

import mutagen
import numpy as np
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import APIC, ID3, TALB, TDRC, TIT2, TPE1
from sounds import encode, tune

from engine.audio import content_hash, decode, probe
from engine.filetags import LONGEST
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
WANTED = Tags("Für Elise; with a twist", "Ludwig & Co", "Bagatellen", 1810)
NAMES = {
    "a.m4a": ("\xa9nam", "\xa9ART", "\xa9alb", "\xa9day"),
    "a.wma": ("Title", "Author", "WM/AlbumTitle", "WM/Year"),
}


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    return tune(2)


def write(path: Path, values: tuple[str, str, str, str]) -> None:
    known = mutagen.File(path)
    if known.tags is None:
        known.add_tags()
    if isinstance(known.tags, ID3):
        for frame, text in zip((TIT2, TPE1, TALB, TDRC), values, strict=True):
            known.tags.add(frame(encoding=3, text=text))
    else:
        names = NAMES.get(path.name, ("title", "artist", "album", "date"))
        for name, text in zip(names, values, strict=True):
            known.tags[name] = [text]
    known.save()


@pytest.mark.parametrize("name", FORMATS)
def test_tags_are_read_and_leave_the_content_hash_alone(
    tmp_path: Path, music: np.ndarray, name: str
):
    path = encode(tmp_path / name, music, **FORMATS[name])
    before = decode(path)
    assert before.tags == Tags()
    write(path, (WANTED.title, WANTED.artist, WANTED.album, "1810-04-27"))
    after = decode(path)
    assert after.tags == WANTED
    assert probe(path)[2] == WANTED
    assert after.content_hash == before.content_hash
    np.testing.assert_array_equal(after.samples, before.samples)


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


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1999", 1999),
        ("2004-10-03", 2004),
        ("03/10/2004", 2004),
        ("c. 1723", 1723),
        ("99", None),
        ("20041003", None),
        ("3024", None),
        ("unknown", None),
    ],
)
def test_years(tmp_path: Path, music: np.ndarray, text: str, year: int | None):
    path = encode(tmp_path / "a.flac", music, codec="flac")
    write(path, ("t", "a", "b", text))
    assert probe(path)[2].year == year


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
    assert probe(path)[2] == Tags()
    broken = tmp_path / "b.mp3"
    mp3 = encode(tmp_path / "a.mp3", music, codec="mp3").read_bytes()
    broken.write_bytes(
        b"ID3\x04\x00\x00\x00\x00\x00\x14" + b"TIT2\xff\xff\xff\xff" + bytes(12) + mp3
    )
    assert decode(broken).tags == Tags()
