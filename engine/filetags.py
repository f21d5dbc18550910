"""What an audio file says of itself: its tags, its bit rate, and the length that it states.

Read with mutagen. What a file's own tags leave out, or mutagen cannot read, comes from what the
container's demuxer found. A file may have several tags: ID3v2 counts before APEv2, and APEv2 before
ID3v1, whose fields end after 30 letters, field by field. The year is the one of the release that
the file is tagged as; where that is no date ("0000"), of the original release. Text is made fit for
a database and a screen: in NFC, no NUL, no lone surrogate, no empty values, no endless lyrics.
"""

import os
import re
import struct
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import mutagen
from mutagen.apev2 import BINARY, APEv2
from mutagen.asf import ASFInfo
from mutagen.id3 import ID3
from mutagen.mp3 import BitrateMode, MPEGInfo
from mutagen.wave import WaveStreamInfo

from engine.records import Tags

LONGEST = 500  # characters of one tag
STREAMED_BYTES = 0x7FFF_0000  # from here on, the length in a WAV is a recorder's placeholder
# The names of one field: ID3v2, MP4, then Vorbis comments, APEv2, Matroska, ASF and what FFmpeg
# calls it, which puts the level before Matroska's names. As _field_name reads them: "ALBUM ARTIST"
# is "albumartist".
_ALBUM_ARTIST = ("tpe2", "aart", "albumartist", "album/artist", "wm/albumartist")
FIELDS = {
    "title": ("tit2", "\xa9nam", "title", "track/title"),
    "artist": ("tpe1", "\xa9art", "artist", "author", "track/artist", *_ALBUM_ARTIST),
    "album": ("talb", "\xa9alb", "album", "album/title", "wm/albumtitle"),
    "album_artist": _ALBUM_ARTIST,
    "genre": ("tcon", "\xa9gen", "genre", "track/genre", "album/genre", "wm/genre"),
    "track_no": ("trck", "trkn", "tracknumber", "track", "track/partnumber", "wm/tracknumber"),
    "disc_no": ("tpos", "disk", "discnumber", "disc", "wm/partofset"),
    "year": (
        "tdrc", "tyer", "tdrl", "\xa9day", "date", "year", "wm/year", "datereleased",
        "releasedate", "daterecorded", "track/datereleased", "album/datereleased",
        "tdor", "tory", "originaldate", "originalyear", "wm/originalreleaseyear",
        "wm/originalreleasetime",
    ),
}  # fmt: skip
_FREE_FORM = ("txxx:", "----:")  # ID3v2 and MP4: what follows is a name that a tagger has chosen
# 2003, 2003-05, 12.05.2003, c. 2003; and in digits alone: 200305, 20030512, 20030512101500.
_YEAR = re.compile(
    r"(?<!\d)(?:([12]\d{3})(?!\d)|((?:19|20)\d{2})(?:0[1-9]|1[0-2])(?!\d)"
    r"|([12]\d{3})(?:0\d|1[0-2])(?:[0-2]\d|3[01])(?:\d{4}|\d{6})?(?!\d))"
)
# 3, 03, 3/12, "3 of 12"; not A1 nor 1-03, which say more than one number can hold.
_NUMBER = re.compile(r"\s*0*([1-9]\d{0,3})\s*(?:(?:/|of\b).*)?", re.IGNORECASE | re.DOTALL)
# What mutagen raises on broken files: besides its own errors, 6,000 mutants of real files gave
# IndexError, KeyError and ValueError, and deeply nested atoms RecursionError; the others are what
# parsing can come to.
BROKEN = (
    mutagen.MutagenError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    MemoryError,
    RecursionError,
    struct.error,
)


@dataclass(frozen=True)
class Header:
    """What mutagen found in a file."""

    tags: tuple[Mapping[str, object], ...]  # each by _field_name; what counts first comes first
    stated_s: float | None  # where the header states the length, and FFmpeg would estimate it
    bitrate: int | None = None  # bit/s


def read_header(file: BinaryIO) -> Header:
    """Read an open file's own tags, length and bit rate. Never raises on the file's content."""
    position = file.tell()
    try:
        file.seek(0)
        known = mutagen.File(file)
    except BROKEN:
        known = None  # untagged to us: the decoder decides whether it holds audio
    try:
        layers = [_by_name(layer) for layer in _layers(file, getattr(known, "tags", None))]
        if known is None:
            return Header(tuple(layers), None)
        size = file.seek(0, os.SEEK_END)
        return Header(tuple(layers), _stated(known.info), _bitrate(known, size))
    except BROKEN:
        return Header((), None)
    finally:
        file.seek(position)


def _layers(file: BinaryIO, tags: Mapping | None) -> Iterator[Mapping]:
    """The tags of a file, what counts first first; `tags` are those that mutagen looks for."""
    ape = _try(APEv2, file) if tags is None or isinstance(tags, ID3) else None
    if ape is not None:
        yield _try(ID3, file, load_v1=False) or {}
        yield ape
    yield tags or {}  # of ID3v1, too


def _try(kind: type, file: BinaryIO, **options: bool) -> Mapping | None:
    """The tag of a kind, if there is one that can be read."""
    try:
        file.seek(0)
        return kind(fileobj=file, **options)
    except BROKEN:
        return None


def _by_name(tags: Mapping[str, object]) -> dict[str, object]:
    named: dict[str, object] = {}
    for key, value in tags.items():
        named.setdefault(_field_name(str(key)), value)
    return named


def _field_name(key: str) -> str:
    """The name of a tag without what taggers vary: "TXXX:ORIGINAL YEAR" → "originalyear"."""
    key = key.lower()
    if key.startswith(_FREE_FORM):
        key = key.rpartition(":")[2]
    return key.replace(" ", "").replace("_", "")


def tags(header: Header, container: Mapping[str, str], bitrate: int | None = None) -> Tags:
    """The tags of a file. What the demuxer found, `container` and `bitrate` (bit/s), is used for
    what is missing; is_complete says whether it would be."""
    own = _read(header.tags, header.bitrate or bitrate or None)
    return own if is_complete(own) else _read((*header.tags, _by_name(container)), own.bitrate)


def is_complete(tags: Tags) -> bool:
    """Whether a file says enough of itself for the container not to be asked."""
    return None not in (tags.title, tags.artist, tags.album, tags.year, tags.bitrate)


def _read(layers: tuple[Mapping[str, object], ...], bitrate: int | None) -> Tags:
    text, number = partial(_text, layers), partial(_number, layers)
    return Tags(
        title=text("title"),
        artist=text("artist"),
        album=text("album"),
        year=_year(layers),
        album_artist=text("album_artist"),
        track_no=number("track_no"),
        disc_no=number("disc_no"),
        bitrate=bitrate,
        genre=text("genre"),
    )


def _stated(info: object) -> float | None:
    """Seconds by the headers that FFmpeg replaces by an estimate when a file was cut."""
    if isinstance(info, MPEGInfo):
        states = info.bitrate_mode != BitrateMode.UNKNOWN  # it has a Xing or VBRI frame
    elif isinstance(info, WaveStreamInfo):
        states = info.length * info.bitrate < STREAMED_BYTES * 8
    else:
        states = isinstance(info, ASFInfo)
    return info.length or None if states else None


def _bitrate(known: mutagen.FileType, size: int) -> int | None:
    """bit/s as the header states it, else the mean over the file without its tags."""
    if stated := getattr(known.info, "bitrate", 0):
        return int(stated)
    seconds = getattr(known.info, "length", 0)
    if not seconds > 0:
        return None
    items = [value for _, values in (known.tags or {}).items()
             for value in (values if isinstance(values, list) else [values])]  # fmt: skip
    carried = [getattr(item, "data", getattr(item, "value", item)) for item in items]
    tagged = sum(len(item) for item in carried if isinstance(item, str | bytes))  # covers mostly
    return max(0, round((size - tagged) * 8 / seconds)) or None


def _text(layers: tuple[Mapping[str, object], ...], field: str) -> str | None:
    """The first name of `field` that has text in it; several values joined by '; '."""
    for values in _candidates(layers, field):
        # Some taggers write a value twice.
        if text := "; ".join(dict.fromkeys(values)):
            return text[:LONGEST].strip()
    return None


def _number(layers: tuple[Mapping[str, object], ...], field: str) -> int | None:
    for values in _candidates(layers, field):
        for value in values:
            if found := _NUMBER.fullmatch(value):
                return int(found[1])
    return None


def _year(layers: tuple[Mapping[str, object], ...]) -> int | None:
    for values in _candidates(layers, "year"):
        for value in values:
            if found := _YEAR.search(value):
                return int(found[1] or found[2] or found[3])
    return None


def _candidates(layers: tuple[Mapping[str, object], ...], field: str) -> Iterator[list[str]]:
    """The texts of each tag that may hold a field, what counts first first."""
    for tags in layers:
        for name in FIELDS[field]:
            if name in tags:
                yield list(_values(tags[name]))


def _values(value: object) -> Iterator[str]:
    """The texts of one tag in any of mutagen's shapes: frame, list of attributes, string."""
    value = getattr(value, "genres", getattr(value, "text", value))  # genres: not as numbers
    for item in value if isinstance(value, list) else [value]:
        if item is None or getattr(item, "kind", None) == BINARY:
            continue
        if isinstance(item, tuple):  # a number of so many, in MP4
            item = item[0] if item else ""
        text = item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
        yield from filter(None, map(_clean, text.split("\0")))


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    return " ".join(text.split())
