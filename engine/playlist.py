"""Playlists as files: extended M3U in UTF-8 (.m3u8), written so that it reads back as meant.

Goal: entries → bytes that any player opens, whatever the tags and file names hold. Source: the
format as VLC, foobar2000 and mpv read it: one entry a line, `#EXTINF:seconds,text` before it, after
the first line `#PLAYLIST:name`, as Navidrome and others read it; other lines with `#` are comments.
Conventions: a path is text with surrogate escapes (os.fsdecode) and is
written as its original bytes, so that names in other encodings still open, in players such as VLC
and mpv on Linux, where no other spelling would; titles are UTF-8. One such name makes the file as a
whole no UTF-8: whoever offers it says so beforehand (XSPF has no such limit).
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from types import MappingProxyType

from engine.playlist_paths import ABSOLUTE, Paths, located

LONGEST_SECONDS = 1e9  # 30 years: more is a damaged header
# Control characters end a line or steer a terminal; bidirectional marks can disguise a name.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+"
)


@dataclass(frozen=True)
class Entry:
    """One track of a playlist."""

    path: str  # absolute, with surrogate escapes
    title: str | None = None
    artist: str | None = None
    duration_s: float | None = None
    album: str | None = None
    # More columns for a table: name → number or text.
    values: Mapping[str, float | str | None] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Written:
    """A playlist, and what could not be put into it."""

    data: bytes
    entries: int
    skipped: tuple[str, ...]  # paths that the format cannot hold
    outside: tuple[str, ...] = ()  # paths that lead nowhere where the list will be read


@dataclass(frozen=True)
class Line:
    """One entry as a player reads it."""

    path: str  # with surrogate escapes, exactly as written
    text: str | None  # what the player shows
    seconds: int | None


def m3u8(entries: Iterable[Entry], paths: Paths = ABSOLUTE, name: str = "") -> Written:
    """Write a playlist, and what it is called. A path with CR, LF or NUL cannot stand on a line: it
    is skipped."""
    head = [b"#EXTM3U"]
    if called := plain(name):
        head.append(f"#PLAYLIST:{called}".encode())
    lines, skipped, outside = [], [], []
    for entry in entries:
        place = located(entry.path, paths)
        if place is None:
            outside.append(entry.path)
            continue
        line = place.line()
        if any(byte in line for byte in b"\r\n\0"):
            skipped.append(entry.path)
            continue
        lines += [_extinf(entry).encode("utf-8"), line]
    data = b"\n".join(head + lines) + b"\n"
    return Written(data, len(lines) // 2, tuple(skipped), tuple(outside))


def _extinf(entry: Entry) -> str:
    """`#EXTINF:seconds,Artist - Title`, as the apps name the track; -1 where the length is unknown,
    as the format says."""
    length = seconds_of(entry)
    seconds = -1 if length is None else round(length)
    artist, title = plain(entry.artist or ""), track_title(entry.title, entry.path)
    return f"#EXTINF:{seconds},{f'{artist} - {title}' if artist else title}"


def seconds_of(entry: Entry) -> float | None:
    """The length; None where it is no length."""
    seconds = entry.duration_s
    return seconds if seconds is not None and 0 <= seconds <= LONGEST_SECONDS else None


def plain(text: str) -> str:
    """Text on one line: control and direction characters become a blank, lone surrogates U+FFFD."""
    if text.isascii() and text.isprintable():  # nearly all of a library of 100,000
        return text.strip()
    readable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROLS.sub(" ", readable).strip()


def track_title(title: str | None, path: str) -> str:
    """The title, or the file with its folder: files without tags are often all named song.ogg."""
    if title and (named := plain(title)):
        return named
    file = PurePath(path)
    return plain(f"{file.parent.name} / {file.name}" if file.parent.name else file.name)


def parse(data: bytes) -> list[Line]:
    """Read a playlist back: the entries in their order. Lines end with LF or CRLF, nothing else."""
    lines, about = [], (None, None)
    for raw in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        raw = raw.removesuffix(b"\r")
        if raw.startswith(b"#EXTINF:"):
            seconds, _, text = raw[8:].decode("utf-8", "replace").partition(",")
            about = (text, _seconds(seconds))
        elif raw and not raw.startswith(b"#"):
            lines.append(Line(os.fsdecode(raw), *about))
            about = (None, None)
    return lines


def _seconds(text: str) -> int | None:
    """Whole seconds; None for -1 and for what is no number."""
    number = re.match(r"\d+", text)
    return int(number.group()) if number else None
