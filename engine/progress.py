"""How far the analysis is that fills a library, for whoever looks at the library meanwhile.

The run notes it in the library itself, under "progress", every EVERY_S seconds; whether that run
still goes on is told by its lock, which ends with its process: a note may be of a run that was
killed. Times are seconds since 1970.
"""

import fcntl
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.writer_lock import LOCK_NAME

if TYPE_CHECKING:
    from engine.run import Progress
    from engine.writer import Writer

KEY = "progress"
EVERY_S = 2.0  # a note is a transaction of 0.1 ms


@dataclass(frozen=True)
class Note:
    """The state of a run when it was noted."""

    done: int  # files
    total: int  # files that this run analyses
    failed: int
    started: float
    noted: float

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before the first file is done."""
        if not self.done:
            return None
        return (self.noted - self.started) / self.done * (self.total - self.done)


class Noted:
    """A Progress that also notes the analysis in the library."""

    def __init__(self, progress: "Progress", library: "Writer") -> None:
        self._progress, self._library = progress, library
        self._done = self._failed = self._total = 0
        self._started = self._last = 0.0

    def phase(self, what: str, total: int) -> None:
        """`total` files are about to be handled."""
        self._progress.phase(what, total)
        self._total, self._done, self._failed = total, 0, 0
        self._started = time.time()
        self._note(self._started)

    def advance(self, failed: bool = False) -> None:
        """One of them is."""
        self._progress.advance(failed)
        self._done += 1
        self._failed += failed
        now = time.time()
        if now - self._last >= EVERY_S or self._done == self._total:
            self._note(now)

    def _note(self, now: float) -> None:
        note = Note(self._done, self._total, self._failed, self._started, now)
        self._library.set_meta({KEY: asdict(note)})
        self._last = now


def noted(meta: dict[str, Any]) -> Note | None:
    """The last note among what Library.meta() gives; None where there is none."""
    values = meta.get(KEY)
    names = Note.__dataclass_fields__
    if not isinstance(values, dict) or set(values) != set(names):
        return None
    return Note(**values)


def running(folder: Path) -> bool:
    """Whether a process writes to the library in a folder just now.

    The lock is tried only where its last holder is alive: trying takes it for a moment, and a run
    that starts at this moment would be refused.
    """
    try:
        with (folder / LOCK_NAME).open("rb") as lock:
            if not _alive(lock.read(20)):
                return False
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False
    except OSError:  # never written to, or not ours to look at
        return False


def _alive(process: bytes) -> bool:
    try:
        os.kill(int(process), 0)
    except PermissionError:  # of somebody else
        return True
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    return True
