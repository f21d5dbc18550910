"""Playlists as files: extended M3U in UTF-8 (.m3u8), written so that it reads back as meant.

Goal: entries → bytes that any player opens, whatever the tags and file names hold. Source: the
format as VLC, foobar2000 and mpv read it: one entry a line, `#EXTINF:seconds,text` before it, other
lines with `#` are comments. Conventions: a path is text with surrogate escapes (os.fsdecode) and is
written as its original bytes, so that names in other encodings still open; titles are UTF-8.
"""

import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

SUFFIX = ".m3u8"
# Control characters end a line or steer a terminal; bidirectional marks can disguise a name.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+"
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
MAX_NAME_BYTES = 255  # of a file name, on every common file system


class PlaylistError(Exception):
    """A playlist that cannot be saved: the message says why and what to do."""


@dataclass(frozen=True)
class Entry:
    """One track of a playlist."""

    path: str  # absolute, with surrogate escapes
    title: str | None = None
    artist: str | None = None
    duration_s: float | None = None


@dataclass(frozen=True)
class Written:
    """A playlist, and what could not be put into it."""

    data: bytes
    entries: int
    skipped: tuple[str, ...]  # paths that no line can hold


@dataclass(frozen=True)
class Line:
    """One entry as a player reads it."""

    path: str  # with surrogate escapes, exactly as written
    text: str | None  # what the player shows
    seconds: int | None


def m3u8(entries: Iterable[Entry], relative_to: Path | None = None) -> Written:
    """Write a playlist: absolute paths, or relative to the folder that the file will lie in.

    A path with CR, LF or NUL cannot stand on a line: it is skipped and reported.
    """
    lines, skipped = [b"#EXTM3U"], []
    for entry in entries:
        path = os.fsencode(_location(entry.path, relative_to))
        if any(byte in path for byte in b"\r\n\0"):
            skipped.append(entry.path)
            continue
        lines += [_extinf(entry).encode("utf-8"), path]
    return Written(b"\n".join(lines) + b"\n", len(lines) // 2, tuple(skipped))


def _location(path: str, relative_to: Path | None) -> str:
    """The path as its line; `./` keeps a name from being read as a comment, blank or address."""
    if relative_to is None:
        return path if os.path.isabs(path) else f"./{path}"  # noqa: PTH117 - text with surrogates
    relative = os.path.relpath(path, relative_to)
    if relative[:1].isspace() or relative.startswith(("#", "\ufeff", "~")) or _URL.match(relative):
        return f"./{relative}"
    return relative


def _extinf(entry: Entry) -> str:
    """`#EXTINF:seconds,Artist - Title`; -1 where the length is unknown, as the format says."""
    known = entry.duration_s is not None and isfinite(entry.duration_s) and entry.duration_s >= 0
    seconds = round(entry.duration_s) if known else -1
    names = [plain(name) for name in (entry.artist, entry.title) if name]
    shown = " - ".join(name for name in names if name)
    return f"#EXTINF:{seconds},{shown or plain(os.path.basename(entry.path))}"  # noqa: PTH119


def plain(text: str) -> str:
    """Text on one line: control and direction characters become a blank, lone surrogates U+FFFD."""
    if text.isascii() and text.isprintable():  # nearly all of a library of 100,000
        return text.strip()
    readable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROLS.sub(" ", readable).strip()


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


def file_name(name: str) -> str:
    """A safe file name ending in .m3u8: no folder, no controls, not hidden, ≤ 255 bytes."""
    cleaned = re.sub(r'[/\\:*?"<>|]', "-", plain(name)).strip(" .")
    cleaned = cleaned.removesuffix(SUFFIX).strip(" .") or "playlist"
    short = cleaned.encode("utf-8")[: MAX_NAME_BYTES - len(SUFFIX)].decode("utf-8", "ignore")
    return short + SUFFIX


def folder(text: str) -> Path:
    """The folder that a person typed, checked; PlaylistError says what is wrong with it."""
    typed = text.strip()
    if not typed or "\0" in typed:
        raise PlaylistError("Type the folder that the playlist should be saved in.")
    try:
        path = Path(typed).expanduser()
    except RuntimeError as error:  # ~name of nobody
        raise PlaylistError(f"There is no home folder for {typed}: type the whole path.") from error
    if not path.is_absolute():
        raise PlaylistError(f"{typed} is not a whole path: start it with / or ~.")
    try:
        if not path.exists():
            raise PlaylistError(f"There is no folder {path}: create it, or type another one.")
    except OSError as error:
        raise PlaylistError(f"{path} cannot be reached: {error.strerror}.") from error
    if not path.is_dir():
        raise PlaylistError(f"{path} is a file: type the folder that it lies in.")
    return path


def save(data: bytes, where: Path, name: str, replace: bool = False) -> Path:
    """Write a playlist into an existing folder; an existing file is kept unless replace is given.

    The file appears complete or not at all, also on file systems without hard links (USB sticks).
    PlaylistError on anything that goes wrong.
    """
    target = where / file_name(name)
    temporary = where / f".{secrets.token_hex(8)}.part"
    reserved = False
    try:
        if not replace:
            target.open("xb").close()  # takes the name, or fails without a race
            reserved = True
        with temporary.open("xb") as file:
            file.write(data)
        temporary.replace(target)
    except FileExistsError as error:
        raise PlaylistError(
            f"{target} exists already: choose another name, or allow replacing it."
        ) from error
    except OSError as error:
        left = [temporary, target] if reserved else [temporary]
        raise PlaylistError(
            f"{target} could not be written: {error.strerror}.{_removed(left)}"
        ) from error
    return target


def _removed(paths: list[Path]) -> str:
    """Remove what a failed save left behind; a sentence where even that fails."""
    try:
        for path in paths:
            path.unlink(missing_ok=True)
    except OSError as error:
        return f" A part of it may lie there still ({error.strerror})."
    return ""
