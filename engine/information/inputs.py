"""What a command line names as recordings: files, folders, the same twice, or what is not there.

Conventions: paths are text with surrogate escapes (os.fsdecode): names need not be UTF-8. A file
that is named is a recording, whatever its ending; in folders engine.discover decides.
"""
# pathlib has no paths of bytes, and drops a trailing "/." that a user may have meant.
# ruff: noqa: PTH100, PTH112, PTH118, PTH119

import os
from collections.abc import Iterable
from dataclasses import dataclass

from engine.discover import NOT_THERE, Skipped, find_audio
from engine.storage import shown

_UNREADABLE = "cannot be read"  # how discover's reasons for that begin


@dataclass(frozen=True)
class Recording:
    """One file; its name is relative to the folder that it was found in."""

    path: str  # absolute
    name: str


def recordings(arguments: Iterable[str]) -> tuple[list[Recording], list[str]]:
    """Each file once, in order, and a sentence for each argument or folder without any."""
    found: dict[str, Recording] = {}
    problems = []
    for argument in arguments:
        if not os.path.isdir(argument):
            path = os.path.abspath(argument)
            if os.path.lexists(path):
                recording = Recording(path, os.path.basename(path))
                found.setdefault(os.path.realpath(path), recording)
            else:
                problems.append(f"{shown(argument)}: {NOT_THERE}.")
            continue
        inside, missed = _in_folder(argument)
        problems += missed
        for recording in inside:
            found.setdefault(os.path.realpath(recording.path), recording)
        if not inside and not missed:
            problems.append(f"{shown(argument)}: there is no audio in this folder.")
    return list(found.values()), problems


def _in_folder(folder: str) -> tuple[list[Recording], list[str]]:
    inside, problems = [], []
    for item in find_audio([folder]):
        if isinstance(item, Skipped):
            if item.reason == NOT_THERE or item.reason.startswith(_UNREADABLE):
                problems.append(f"{shown(item.path)}: {item.reason}.")
        else:
            name = os.fsdecode(item.relpath)
            inside.append(Recording(os.path.join(os.fsdecode(item.root), name), name))
    return inside, problems
