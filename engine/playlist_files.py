"""Where a playlist is saved: a safe file name, a folder that a person typed, a complete file.

Goal: nothing of what is there is lost, and nothing is left half-written. Every failure is a
PlaylistError with one sentence.
"""

import re
import secrets
from pathlib import Path

from engine.playlist import plain
from engine.playlist_paths import PlaylistError

NAMELESS = "playlist"
MAX_NAME_BYTES = 255  # of a file name, on every common file system


def file_name(name: str, suffix: str) -> str:
    """A safe file name with that ending: no folder, no controls, not hidden, ≤ 255 bytes."""
    cleaned = re.sub(r'[/\\:*?"<>|]', "-", plain(name)).strip(" .")
    cleaned = cleaned.removesuffix(suffix).strip(" .") or NAMELESS
    short = cleaned.encode("utf-8")[: MAX_NAME_BYTES - len(suffix)].decode("utf-8", "ignore")
    return short + suffix


def list_name(name: str, suffix: str) -> str:
    """What the list is called inside of the file: as typed, on one line, without the ending."""
    return plain(name).removesuffix(suffix).strip() or NAMELESS


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


def save(data: bytes, where: Path, name: str, suffix: str, replace: bool = False) -> Path:
    """Write a playlist into an existing folder; an existing file is kept unless replace is given.

    The file appears complete or not at all, also on file systems without hard links (USB sticks).
    PlaylistError on anything that goes wrong.
    """
    target = where / file_name(name, suffix)
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
