"""How a playlist names its files: where they are, seen from where the playlist will be read.

Goal: one rule for every format. Three ways: absolute; relative to the folder that the playlist will
lie in; or with the folder that the music lies in here replaced by where it lies there (a network
drive, Windows, a phone). Source of what Windows cannot hold: Microsoft, "Naming Files, Paths, and
Namespaces", and "Maximum Path Length Limitation"; FAT, exFAT and the shared storage of Android take
the same names. Conventions: paths are text with surrogate escapes (os.fsdecode). What lies outside
the replaced folder has no place, nor has what is not wished for because of its name or its length:
it is left out, and whoever writes reports it.
"""

import os
import re
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

_DRIVE = re.compile(r"[A-Za-z]:")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://")  # two letters and more: no drive
_LIKE_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_NO_TEXT = re.compile("[\ud800-\udfff]")  # bytes that are not UTF-8, as os.fsdecode keeps them
# Where Android keeps music, on the card or inside.
_ANDROID = re.compile(r"/(?:storage|sdcard|mnt/(?:sdcard|media_rw)|data/media)(?:/|$)")
# Of names on Windows: what none can have, bytes that are no text among it, and the devices.
_NOT_ON_WINDOWS = re.compile('[<>:"|?*\\\\\x00-\x1f\ud800-\udfff]')
_DEVICES = re.compile(
    r"/(con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(\.[^/]*)?(?=/|$)", re.IGNORECASE
)
_ENDS = re.compile(r"[. ]+(?=/|$)")  # of names: Windows and FAT drop them
_WHOLE = re.compile(r"(?<=/)[. ]+(?=/|$)")  # names of nothing else
LONGEST_ON_WINDOWS = 259  # UTF-16 units of a path, without the 0 at its end


class PlaylistError(Exception):
    """A playlist that cannot be written or read: the message says why and what to do."""


class Names(Enum):
    """What becomes of names that the device there cannot hold."""

    KEEP = "written as they are"
    LEAVE_OUT = "left out"
    UNDERSCORE = "with _ in the place of what cannot be, as programs that copy music write them"


@dataclass(frozen=True)
class Paths:
    """The way that was chosen; ABSOLUTE, where neither of the first two is given."""

    relative_to: Path | None = None  # an absolute folder
    replaced: tuple[str, str] | None = None  # an absolute folder here, and its name there
    names: Names | None = None  # None: left out where the device is known, else kept
    longest: int | None = None  # UTF-16 units; longer paths are left out

    @property
    def on_windows(self) -> bool:
        """Whether they are for Windows."""
        return self.replaced is not None and _windows(self.replaced[1])

    @property
    def on_android(self) -> bool:
        """Whether they are for the shared storage of Android."""
        return self.replaced is not None and _ANDROID.match(self.replaced[1]) is not None

    @property
    def may_be_on_fat(self) -> bool:
        """Whether the music may lie on a stick or a card, the names of which are limited, too."""
        if self.replaced is None:
            return self.relative_to is not None
        return self.on_android or not (self.on_windows or _is_whole(self.replaced[1]))

    @property
    def of_names(self) -> Names:
        """What becomes of names that cannot be there."""
        known = self.on_windows or self.on_android
        return self.names or (Names.LEAVE_OUT if known else Names.KEEP)


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

    def cell(self) -> str:
        """As text that UTF-8 can hold: a path with other bytes as a URI that begins with `file:`,
        also where it is relative. path_in_cell() undoes it; `./` keeps a name from being read as
        one."""
        if not is_text(self.text):
            return self.uri() if self.kind is not _Kind.RELATIVE else f"file:{self.uri()}"
        relative = self.kind is _Kind.RELATIVE
        return f"./{self.text}" if relative and _is_file_uri(self.text) else self.text

    def uri(self) -> str:
        """As a URI (RFC 8089 for files): every byte that could mean something else as %XX."""
        if self.kind is _Kind.ADDRESS:
            return self.text
        windows = self.kind in (_Kind.DRIVE, _Kind.SHARE) and _windows(self.text)
        text = self.text.replace("\\", "/") if windows else self.text
        if self.kind is _Kind.DRIVE:
            return f"file:///{text[:2]}{quote(os.fsencode(text[2:]))}"
        # A share begins with //, its server in the place of the host.
        start = "file://" if self.kind is _Kind.HERE else "file:"
        return ("" if self.kind is _Kind.RELATIVE else start) + quote(os.fsencode(text))


def is_text(path: str) -> bool:
    """Whether its bytes are UTF-8."""
    return path.isascii() or _NO_TEXT.search(path) is None


def is_inside(path: str, paths: Paths) -> bool:
    """False where it lies outside the folder to be replaced."""
    here = paths.replaced[0] if paths.replaced else "/"
    return path.startswith(here if here == "/" else f"{here}/")


def _is_kept(path: str, paths: Paths) -> bool:
    return paths.replaced is None or is_inside(path, paths)


def is_odd(path: str, paths: Paths) -> bool:
    """Whether the device there, as far as it is known, cannot hold a name of the path. A
    microsecond."""
    limited = paths.on_windows or paths.may_be_on_fat
    return limited and _is_kept(path, paths) and _impossible_on_windows(_names(path, paths))


def is_too_long(path: str, paths: Paths) -> bool:
    """Whether a path is longer there than most programs on Windows can open."""
    if not paths.on_windows or not is_inside(path, paths):
        return False
    return _units(_placed(path, paths).text) > LONGEST_ON_WINDOWS


def has_place(path: str, paths: Paths) -> bool:
    """False where it lies outside the folder to be replaced, or is not wished for."""
    if not _is_kept(path, paths):
        return False
    if paths.of_names is Names.LEAVE_OUT and is_odd(path, paths):
        return False
    return paths.longest is None or _units(_placed(path, paths).text) <= paths.longest


def _names(path: str, paths: Paths) -> str:
    """The names of a path as they are written, each after a slash; no .. of a relative one."""
    if paths.replaced is not None:
        return path[len(paths.replaced[0].rstrip("/")) :]
    folder = os.fspath(paths.relative_to)
    if path.startswith(f"{folder}/"):
        return path[len(folder) :]
    return "/" + re.sub(r"^(\.\./)+", "", os.path.relpath(path, folder))


def _impossible_on_windows(names: str) -> bool:
    """`names` each after a slash."""
    return (
        _NOT_ON_WINDOWS.search(names) is not None
        or "./" in names
        or " /" in names
        or names.endswith((".", " "))
        or _DEVICES.search(names) is not None
    )


def _possible(names: str) -> str:
    """The same names with _ where they could not be."""
    names = _WHOLE.sub(lambda found: "_" * len(found[0]), _NOT_ON_WINDOWS.sub("_", names))
    return _DEVICES.sub(r"/\1_\2", _ENDS.sub("", names))


def _units(text: str) -> int:
    """The length in UTF-16."""
    return len(text) + (0 if text.isascii() else sum(letter > "\uffff" for letter in text))


def _windows(there: str) -> bool:
    return there.startswith("\\\\") or _DRIVE.match(there) is not None


def _is_whole(there: str) -> bool:
    """An absolute path or an address, not one that begins where the playlist lies."""
    return there.startswith("/") or _ADDRESS.match(there) is not None


def with_drive(paths: Paths, letter: str = "M") -> tuple[Paths, str]:
    """The same with a drive letter in place of the whole folder on Windows, which makes long paths
    as short as they get; and the command that gives the folder this letter there."""
    here, there = paths.replaced
    folder = there.replace("/", "\\").rstrip("\\")
    letter = letter if not folder.upper().startswith(f"{letter}:") else chr(ord(letter) + 1)
    command = "net use" if folder.startswith("\\\\") else "subst"
    return replace(paths, replaced=(here, f"{letter}:\\")), f'{command} {letter}: "{folder}"'


def located(path: str, paths: Paths) -> Place | None:
    """The place of an absolute path; None where it has none."""
    return _placed(path, paths) if has_place(path, paths) else None


def _placed(path: str, paths: Paths) -> Place:
    """The place of a path that lies inside."""
    mended = paths.of_names is Names.UNDERSCORE and is_odd(path, paths)
    if paths.relative_to is not None:
        relative = os.path.relpath(path, paths.relative_to)
        if mended:
            names = _names(path, paths)
            relative = relative[: len(relative) - len(names) + 1] + _possible(names)[1:]
        return Place(relative, _Kind.RELATIVE)
    if paths.replaced is None:
        return Place(os.path.join("/", path), _Kind.HERE)  # noqa: PTH118 - text with surrogates
    here, there = paths.replaced
    rest = path[len(here.rstrip("/")) :]
    rest = (_possible(rest) if mended else rest).lstrip("/")
    if _ADDRESS.match(there):
        return Place(f"{there.rstrip('/')}/{quote(os.fsencode(rest))}", _Kind.ADDRESS)
    if _windows(there):
        kind = _Kind.DRIVE if _DRIVE.match(there) else _Kind.SHARE
        text = there.replace("/", "\\").rstrip("\\") + "\\" + rest.replace("/", "\\")
        return Place(text, kind)
    kind = _Kind.SHARE if there.startswith("//") else _Kind.HERE
    kind = kind if there.startswith("/") else _Kind.RELATIVE
    return Place(f"{there.rstrip('/')}/{rest}", kind)


def path_in_cell(cell: str) -> str:
    """The path that Place.cell() wrote, or its like."""
    return path_of(cell) if _is_file_uri(cell) else cell


def _is_file_uri(text: str) -> bool:
    return text[:5].casefold() == "file:"


def path_of(uri: str) -> str:
    """A URI as the path that it stands for, with surrogate escapes; other addresses as they are."""
    if not _is_file_uri(uri):
        return uri if _ADDRESS.match(uri) else os.fsdecode(unquote_to_bytes(uri))
    if re.match(r"file:///[A-Za-z]:/", uri, re.IGNORECASE):
        return os.fsdecode(unquote_to_bytes(uri[8:])).replace("/", "\\")
    parts = urlsplit(uri)
    path = os.fsdecode(unquote_to_bytes(uri.split(":", 1)[1].removeprefix(f"//{parts.netloc}")))
    return f"//{os.fsdecode(unquote_to_bytes(parts.netloc))}{path}" if parts.netloc else path
