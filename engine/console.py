"""How far an analysis is: a progress bar on a terminal, a line now and then in a log."""

import contextlib
import time
from typing import Any, TextIO

LOG_EVERY_S = 60.0  # a log of a ten-hour run gets 600 lines, one of a short run two


class Forgiving:
    """A text stream that drops what cannot be written: its terminal is closed, its disk full.

    An analysis of ten hours does not end for want of somebody to tell.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        """Returns how much was taken: all of it, in any case."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Console:
    """Progress of a run (engine.run.Progress) on `stream`."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._bar = None
        self._done = self._total = self._failed = 0
        self._what = ""
        self._next_line = 0.0

    def phase(self, what: str, total: int) -> None:
        """`total` files are about to be handled."""
        self.close()
        self._what, self._total, self._done, self._failed = what, total, 0, 0
        if self._stream.isatty():
            from tqdm import tqdm  # here: a run with nothing to do needs none

            self._bar = tqdm(total=total, desc=what, unit="file", file=self._stream, smoothing=0.1)
        else:
            files = "file" if total == 1 else "files"
            print(f"{what}: {total} {files}", file=self._stream, flush=True)
            self._next_line = time.monotonic() + LOG_EVERY_S

    def say(self, line: str) -> None:
        """A line for the user, between two phases."""
        self.close()
        print(line, file=self._stream, flush=True)

    def advance(self, failed: bool = False) -> None:
        """One of them is."""
        self._done += 1
        self._failed += failed
        if self._bar is not None:
            if failed:
                self._bar.set_postfix_str(f"{self._failed} failed", refresh=False)
            self._bar.update()
        elif time.monotonic() >= self._next_line:
            line = f"{self._what}: {self._done} of {self._total}, {self._failed} failed"
            print(line, file=self._stream, flush=True)
            self._next_line = time.monotonic() + LOG_EVERY_S

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
