"""Title, artist, album and year that an audio file carries, read with mutagen.

A file whose tags are broken, or that mutagen does not know, falls back to what the container's
demuxer found. Text is made fit for a database and a screen: no NUL, no lone surrogate, no
endless lyrics.
"""

import re
from collections.abc import Iterable, Mapping
from typing import BinaryIO

import mutagen

from engine.records import Tags

LONGEST = 500  # characters of one tag
# The names of one field: ID3v2, MP4, Vorbis comments and APEv2 (both without case), ASF.
FIELDS = {
    "title": ("TIT2", "\xa9nam", "title"),
    "artist": ("TPE1", "\xa9ART", "artist", "author", "TPE2", "aART", "albumartist"),
    "album": ("TALB", "\xa9alb", "album", "wm/albumtitle"),
    "year": ("TDRC", "TYER", "TDRL", "TDOR", "\xa9day", "date", "year", "wm/year", "originaldate"),
}
# What mutagen lets through on broken files, found by feeding it its own broken test files and
# 500 mutants of real ones, besides its own errors.
BROKEN = (
    mutagen.MutagenError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    EOFError,
    AttributeError,
    ZeroDivisionError,
    NotImplementedError,
    MemoryError,
)


def read(file: BinaryIO, container: Mapping[str, str]) -> Tags:
    """The tags of an open file; `container` is the demuxer's metadata, used for what is missing.

    Never raises on the file's content.
    """
    own = _own(file)
    return Tags(
        title=_text(own, "title") or _text(container, "title"),
        artist=_text(own, "artist") or _text(container, "artist"),
        album=_text(own, "album") or _text(container, "album"),
        year=_year(_text(own, "year") or _text(container, "year")),
    )


def _own(file: BinaryIO) -> Mapping[str, object]:
    position = file.tell()  # the demuxer reads on from here
    try:
        file.seek(0)
        known = mutagen.File(file)
        return {} if known is None or known.tags is None else dict(known.tags.items())
    except BROKEN:
        return {}  # an untagged file to us: the decoder decides whether it holds audio
    finally:
        file.seek(position)


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
