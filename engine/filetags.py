"""Title, artist, album and year that an audio file carries, and the length that it states.

Read with mutagen. A file whose tags are broken, or that mutagen does not know, falls back to
what the container's demuxer found. Text is made fit for a database and a screen: no NUL, no lone
surrogate, no endless lyrics.
"""

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import mutagen
from mutagen.asf import ASFInfo
from mutagen.mp3 import BitrateMode, MPEGInfo
from mutagen.wave import WaveStreamInfo

from engine.records import Tags

LONGEST = 500  # characters of one tag
STREAMED_BYTES = 0x7FFF_0000  # from here on, the length in a WAV is a recorder's placeholder
# The names of one field: ID3v2, MP4, Vorbis comments and APEv2 (both without case), ASF.
FIELDS = {
    "title": ("TIT2", "\xa9nam", "title"),
    "artist": ("TPE1", "\xa9ART", "artist", "author", "TPE2", "aART", "albumartist"),
    "album": ("TALB", "\xa9alb", "album", "wm/albumtitle"),
    "year": ("TDRC", "TYER", "TDRL", "TDOR", "\xa9day", "date", "year", "wm/year", "originaldate"),
}
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
    """What mutagen found at the start of a file."""

    tags: Mapping[str, object]
    stated_s: float | None  # where the header states the length, and FFmpeg would estimate it


def read_header(file: BinaryIO) -> Header:
    """Read an open file's own tags and length. Never raises on the file's content."""
    position = file.tell()
    try:
        file.seek(0)
        known = mutagen.File(file)
        if known is None:
            return Header({}, None)
        return Header(dict((known.tags or {}).items()), _stated(known.info))
    except BROKEN:
        return Header({}, None)  # untagged to us: the decoder decides whether it holds audio
    finally:
        file.seek(position)


def tags(header: Header, container: Mapping[str, str]) -> Tags:
    """The tags of a file; `container` is the demuxer's metadata, used for what is missing."""
    own = header.tags
    return Tags(
        title=_text(own, "title") or _text(container, "title"),
        artist=_text(own, "artist") or _text(container, "artist"),
        album=_text(own, "album") or _text(container, "album"),
        year=_year(_text(own, "year") or _text(container, "year")),
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


def _text(tags: Mapping[str, object], field: str) -> str | None:
    """The first name of `field` that `tags` has with text in it; several values joined by '; '."""
    lower = {str(key).lower(): value for key, value in tags.items()}
    for name in FIELDS[field]:
        text = _clean("; ".join(_values(lower.get(name.lower()))))
        if text:
            return text
    return None


def _values(value: object) -> Iterable[str]:
    """The texts of one tag in any of mutagen's shapes: frame, list of attributes, string."""
    value = getattr(value, "text", value)
    values = value if isinstance(value, list | tuple) else [value]
    texts = [str(v).replace("\0", "; ") for v in values if v is not None]
    return list(dict.fromkeys(texts))  # some taggers write a value twice


def _clean(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(text.split())[:LONGEST].strip()


def _year(text: str | None) -> int | None:
    found = re.search(r"(?<!\d)[12]\d{3}(?!\d)", text or "")
    return int(found.group()) if found else None
