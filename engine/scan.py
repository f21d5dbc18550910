"""The places that a run looks at: what is in them now, and what the library has there.

A drive that is not mounted looks like an empty folder, or like no folder at all; neither may pass
for a collection that was deleted.
"""
# pathlib has no paths of bytes:
# ruff: noqa: PTH110, PTH112, PTH116

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.discover import Found, Skipped, find_audio, outermost
from engine.lookup import Known, folder
from engine.storage import shown
from engine.writer import Writer


class RunError(Exception):
    """One sentence for the user: why the run cannot be done, or go on."""


@dataclass(frozen=True)
class Scan:
    """The audio files under some roots. `is_whole` is False when it was stopped half-way."""

    devices: Mapping[bytes, int | None]  # outermost root → device it was on
    found: Sequence[Found]
    skipped: Mapping[bytes, str]  # absolute path of what was passed over → why
    is_whole: bool = True

    def known(self, library: Writer) -> dict[tuple[bytes, bytes], Known]:
        """The library's tracks in these places, by (root, relative path)."""
        known = {}
        for top in self.devices:
            if os.path.isdir(top):
                known |= {(top, path): track for path, track in library.known(top).items()}
            else:
                parent, name = os.path.split(top)
                if track := library.known(parent).get(name):
                    known[parent, name] = track
        return known

    def refuse_emptied(self, known: Mapping[tuple[bytes, bytes], Known]) -> None:
        """Raise RunError for a folder that held tracks and holds none now."""
        full = {file.root for file in self.found}
        for top in self.devices:
            before = sum(track.present for (root, _), track in known.items() if root == top)
            if before and top not in full:
                raise RunError(
                    f"{shown(top)} holds no audio file now, but the library knows {before} there. "
                    "If its drive is not mounted, mount it; if they are gone for good, scan the "
                    "folder above it. Nothing was changed."
                )

    def is_gone(self, path: bytes) -> bool:
        """Whether a file went away since it was found. RunError if its drive did."""
        if os.path.exists(path):
            return False
        for top, device in self.devices.items():
            if (path == top or path.startswith(folder(top))) and _device(top) != device:
                raise RunError(
                    f"{shown(top)} went away while it was analysed; mount its drive and run the "
                    "same command again: what was recorded so far is kept."
                )
        return True


def check_roots(roots: Sequence[Path]) -> None:
    """Raise RunError unless every root is there and can be read."""
    for root in map(os.fsencode, roots):
        try:
            if stat.S_ISDIR(os.stat(root).st_mode):
                os.scandir(root).close()
            elif not os.access(root, os.R_OK):
                raise PermissionError(None, "permission denied")
        except FileNotFoundError as error:
            raise RunError(
                f"There is no {shown(root)}; check the spelling, or mount the drive it is on."
            ) from error
        except OSError as error:
            raise RunError(f"{shown(root)} cannot be read: {error.strerror}.") from error


def scan(roots: Sequence[Path], is_stopped: Callable[[], bool] = lambda: False) -> Scan:
    """Look through the roots, which `check_roots` has passed."""
    devices = {root: _device(root) for root in outermost(roots)}
    found, skipped = [], {}
    for entry in find_audio(roots):
        if is_stopped():
            return Scan(devices, found, skipped, is_whole=False)
        if isinstance(entry, Skipped):
            skipped[entry.path] = entry.reason
        else:
            found.append(entry)
    return Scan(devices, found, skipped)


def _device(path: bytes) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None
