"""Filling what is missing of a library: the command, and the same as a process behind an app.

Goal: one command, the same wherever it is offered, that downloads the models which are missing and
analyses what lacks values; and its run behind a page, which may be closed and opened again, and may
be open twice. Conventions: at most one such process per library and app; what it does is seen from
the library itself (engine/progress.py) and from the lines that it writes for people. It ends with
the app: the next run goes on where it stopped.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from engine import progress, shell
from engine.models import FOLDERS_VARIABLE, GIVEN_FOLDER, UNPUBLISHED

PROGRAM = "precompute.py"
NICENESS = 10  # the app that waits for it comes first
TAIL_BYTES = 4096  # of its lines that are read for the last one
CANNOT_RUN = 2  # its exit status: the last line says why
ENDS_WITHIN_S = 10.0  # after the app: later, without a summary


class FillingError(Exception):
    """One sentence: why nothing was started."""


@dataclass
class Filling:
    """An analysis behind the app."""

    process: subprocess.Popen
    out: BinaryIO  # what it wrote: the summary as JSON is the last line
    err: BinaryIO  # for people, a line a phase
    started: float = field(default_factory=time.time)  # seconds since 1970
    stopped: bool = False

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def told(self) -> str:
        """The last line for people; empty before the first."""
        return _last_line(self.err)

    def problem(self) -> str:
        """What went wrong, once it does not run any more; empty where all went as it should."""
        code = self.process.returncode
        if self.stopped:
            return ""
        if code == 0:
            return _not_downloaded(_tail(self.out).rpartition("\n")[2])
        if code == CANNOT_RUN:
            return self.told()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        return f"The analysis {how}; what it had recorded is kept. {self.told()}".strip()


_fillings: dict[Path, Filling] = {}
_starting = threading.Lock()


def arguments(
    roots: Sequence[str | bytes | Path],
    library: Path,
    *,
    span_s: float | None = None,
    models: Sequence[str | Path] = (),
    accept_unpinned: bool = False,
    stages: Sequence[str] = (),
    fetch: bool = True,
    retry: bool = False,
) -> list[str]:
    """What precompute.py is to be given; paths are made absolute."""
    given = [_absolute(root) for root in roots]
    given += ["--library", _absolute(library)]
    given += ["--span", f"{span_s:g}"] if span_s else []
    given += [part for folder in models for part in ("--models", _absolute(folder))]
    given += ["--stages", ",".join(stages)] if stages else []
    wishes = {"--accept-unpinned": accept_unpinned, "--fetch": fetch, "--retry": retry}
    return given + [flag for flag, wished in wishes.items() if wished]


def command(given: Sequence[str]) -> str:
    """The same for a terminal."""
    return shell.program(PROGRAM, *given)


def as_before(meta: Mapping) -> dict:
    """Options of `arguments` with which a library was analysed, by its Library.meta(): with others,
    every track would be analysed anew."""
    noted = [model for models in meta.get("models", {}).values() for model in models]
    sources = (GIVEN_FOLDER, f"${FOLDERS_VARIABLE}")
    folders = [model.get("folder") for model in noted if model.get("source") in sources]
    return {
        "span_s": meta.get("span_s"),
        "models": [folder for folder in dict.fromkeys(folders) if folder and Path(folder).is_dir()],
        "accept_unpinned": any(model.get("note") == UNPUBLISHED for model in noted),
    }


def start(library: Path, given: Sequence[str]) -> None:
    """Run precompute.py with these arguments behind the app. FillingError while another analysis
    of this library runs, in this app or elsewhere."""
    with _starting:
        if running(library) is not None or progress.running(library):
            raise FillingError("An analysis of this library is running already.")
        out, err = (tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115 - while it runs
        try:
            process = subprocess.Popen(
                [sys.executable, os.fspath(shell.CHECKOUT / PROGRAM), *given, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=shell.CHECKOUT,
                start_new_session=True,  # Ctrl-C on the app's terminal reaches it once, by at_exit
            )
        except OSError as error:
            raise FillingError(f"The analysis cannot be started: {error.strerror}.") from error
        # Its workers inherit it. Not in the child before it begins: an app has threads.
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        _fillings[library] = Filling(process, out, err)


def running(library: Path) -> Filling | None:
    """The one that this app runs."""
    filling = _fillings.get(library)
    return filling if filling is not None and filling.runs else None


def problem(library: Path) -> str:
    """What went wrong with the last one of this app, a sentence; empty while it runs."""
    filling = _fillings.get(library)
    return "" if filling is None or filling.runs else filling.problem()


def stop(library: Path) -> None:
    """End it soon; what is done stays."""
    if (filling := running(library)) is not None:
        filling.stopped = True
        filling.process.send_signal(signal.SIGINT)


def forget(library: Path) -> None:
    """How the last one ended is not to be told any more."""
    with _starting:
        if running(library) is None:
            _fillings.pop(library, None)


@atexit.register
def _end_with_the_app() -> None:
    running = [filling for filling in _fillings.values() if filling.runs]
    for filling in running:
        filling.process.send_signal(signal.SIGINT)
    until = time.monotonic() + ENDS_WITHIN_S
    for filling in running:
        try:
            filling.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            filling.process.terminate()


def _absolute(path: str | bytes | Path) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - text with surrogates


def _tail(file: BinaryIO, most: int | None = None) -> str:
    """The last bytes of what another process writes meanwhile: its place in the file stays."""
    size = os.fstat(file.fileno()).st_size
    length = size if most is None else min(size, most)
    return os.pread(file.fileno(), length, size - length).decode("utf-8", "replace").strip()


def _last_line(file: BinaryIO) -> str:
    return _tail(file, TAIL_BYTES).rpartition("\n")[2].strip()


def _not_downloaded(summary: str) -> str:
    """Why models are missing still; empty where none are."""
    try:
        why = json.loads(summary).get("not_fetched", "")
    except ValueError:
        return ""
    return f"The models could not be downloaded. {why}" if why else ""
