"""How a playlist names its files: where they are, seen from where the playlist will be read.

Goal: one rule for every format. Three ways: absolute; relative to the folder that the playlist will
lie in; or with the folder that the music lies in here replaced by where it lies there (a network
drive, Windows, a phone). Conventions: paths are text with surrogate escapes (os.fsdecode). What
lies outside the replaced folder has no place there: it is left out, and whoever writes reports it.
"""

import os
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

_DRIVE = re.compile(r"[A-Za-z]:")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://")  # two letters and more: no drive
_LIKE_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


class PlaylistError(Exception):
    """A playlist that cannot be written or read: the message says why and what to do."""


@dataclass(frozen=True)
class Paths:
    """The way that was chosen; ABSOLUTE, where neither is given."""

    relative_to: Path | None = None  # an absolute folder
    replaced: tuple[str, str] | None = None  # an absolute folder here, and its name there


ABSOLUTE = Paths()


def replacing(here: str, there: str) -> Paths:
    """Paths with `here` replaced by `there`. PlaylistError for what is no folder's name."""
    start, target = here.strip(), there.strip()
    if not start.startswith("/") or "\0" in start:
        raise PlaylistError("Type the folder that the music lies in here, from / on.")
    if not target or any(ord(character) < 32 for character in target):
        raise PlaylistError(
            "Type where the same folder is on the other device, such as D:\\Music, "
            "//server/share or /storage/1234-5678/Music."
        )
    return Paths(replaced=(os.path.normpath(start), target))


class _Kind(Enum):
    HERE = "an absolute path of this computer, or of another one like it"
    RELATIVE = "relative"
    DRIVE = "D:\\Music\\a.mp3"
    SHARE = "//server/share/a.mp3, with either kind of slash"
    ADDRESS = "smb://server/share/a.mp3"


@dataclass(frozen=True)
class Place:
    """Where a file is, seen from the playlist."""

    text: str  # as the device there writes it
    kind: _Kind

    def line(self) -> bytes:
        """As a line of an M3U file: the bytes of the name. `./` keeps a name from being read as a
        comment, a blank or an address."""
        text = self.text
        if self.kind is _Kind.RELATIVE and (
            text[:1].isspace() or text.startswith(("#", "\ufeff", "~")) or _LIKE_ADDRESS.match(text)
        ):
            text = f"./{text}"
        return os.fsencode(text)

    def uri(self) -> str:
        """As a URI (RFC 8089 for files): every byte that could mean something else as %XX."""
        if self.kind is _Kind.ADDRESS:
            return self.text
        text = self.text.replace("\\", "/") if self.kind in _WINDOWS else self.text
        if self.kind is _Kind.DRIVE:
            return f"file:///{text[:2]}{quote(os.fsencode(text[2:]))}"
        # A share begins with //, its server in the place of the host.
        start = "file://" if self.kind is _Kind.HERE else "file:"
        return ("" if self.kind is _Kind.RELATIVE else start) + quote(os.fsencode(text))


_WINDOWS = (_Kind.DRIVE, _Kind.SHARE)


def has_place(path: str, paths: Paths) -> bool:
    """False where it lies outside the folder to be replaced, or where its name has a backslash,
    which no path of Windows can have. Half a microsecond."""
    if paths.replaced is None:
        return True
    here, there = paths.replaced
    inside = path.startswith(here if here == "/" else f"{here}/")
    return inside and ("\\" not in path or "\\" not in path[len(here) :] or not _windows(there))


def _windows(there: str) -> bool:
    return there.startswith("\\\\") or _DRIVE.match(there) is not None


def located(path: str, paths: Paths) -> Place | None:
    """The place of an absolute path; None where it has none."""
    if not has_place(path, paths):
        return None
    if paths.relative_to is not None:
        return Place(os.path.relpath(path, paths.relative_to), _Kind.RELATIVE)
    if paths.replaced is None:
        return Place(os.path.join("/", path), _Kind.HERE)  # noqa: PTH118 - text with surrogates
    here, there = paths.replaced
    rest = path[len(here) :].lstrip("/")
    if _ADDRESS.match(there):
        return Place(f"{there.rstrip('/')}/{quote(os.fsencode(rest))}", _Kind.ADDRESS)
    if _windows(there):
        kind = _Kind.DRIVE if _DRIVE.match(there) else _Kind.SHARE
        text = there.replace("/", "\\").rstrip("\\") + "\\" + rest.replace("/", "\\")
        return Place(text, kind)
    kind = _Kind.SHARE if there.startswith("//") else _Kind.HERE
    kind = kind if there.startswith("/") else _Kind.RELATIVE
    return Place(f"{there.rstrip('/')}/{rest}", kind)


def path_of(uri: str) -> str:
    """A URI as the path that it stands for, with surrogate escapes; other addresses as they are."""
    if uri[:5].casefold() != "file:":
        return uri if _ADDRESS.match(uri) else os.fsdecode(unquote_to_bytes(uri))
    if re.match(r"file:///[A-Za-z]:/", uri, re.IGNORECASE):
        return os.fsdecode(unquote_to_bytes(uri[8:])).replace("/", "\\")
    parts = urlsplit(uri)
    path = os.fsdecode(unquote_to_bytes(uri.split(":", 1)[1].removeprefix(f"//{parts.netloc}")))
    return f"//{os.fsdecode(unquote_to_bytes(parts.netloc))}{path}" if parts.netloc else path
