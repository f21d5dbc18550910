"""One worker process, as its supervisor sees it: start, hand over, listen, measure, end."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

TAIL_BYTES = 4000  # of a worker's output
TAIL_CHARACTERS = 800  # of it in an error message
# A process that waits for a dead network drive cannot be killed; nobody waits longer for it.
GRACE_S = 1.0


def how_it_ended(code: int) -> str:
    """An exit code as `subprocess` gives it, in words."""
    if code >= 0:
        return f"the worker ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the worker was killed by {name}"


class Child:
    """A process running `engine.supervised`, and the job it has in hand (None: idle).

    setup: the first message of the protocol. env: variables on top of this process's own, in place
    before the interpreter starts. `deadline` is a reading of `time.monotonic`.
    """

    def __init__(self, setup: bytes, env: Mapping[str, str], startup_s: float):
        ours, theirs = socket.socketpair()
        script = Path(__file__).with_name("supervised.py")
        # A session of its own: Ctrl-C and a closed terminal reach the supervisor alone.
        # -P: the folder of the script must not shadow the standard library.
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(script), str(theirs.fileno()), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            env={**os.environ, **env},
        )
        theirs.close()
        self.pipe = Connection(ours.detach())
        self.output = self.process.stdout
        os.set_blocking(self.output.fileno(), False)
        self.tail = b""
        self.job = None
        self.ready = False
        self.served = 0
        self.start_clock(startup_s)
        with contextlib.suppress(ConnectionError):  # its end of file tells
            self.pipe.send_bytes(setup)

    def give(self, job, message: tuple, seconds: float) -> None:
        """Hand over a job; its time starts now, or when the worker is ready."""
        self.job = job
        self.tail = b""
        with contextlib.suppress(ConnectionError):
            self.pipe.send(message)
        if self.ready:
            self.start_clock(seconds)

    def start_clock(self, seconds: float) -> None:
        """From now on it has so many seconds."""
        self.since = time.monotonic()
        self.deadline = self.since + seconds

    def read_output(self) -> None:
        """Keep the end of what the worker printed; never waits."""
        if self.output is None:
            return
        while chunk := self.output.read(1 << 16):
            self.tail = (self.tail + chunk)[-TAIL_BYTES:]
        if chunk == b"":  # its end; None would be: nothing for the moment
            self.output.close()
            self.output = None

    def memory(self) -> tuple[int, int]:
        """Resident bytes now and at their highest; zeros where there is no /proc."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0, 0
        rows = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        now, peak = (int(rows.get(row, "0 kB").split()[0]) << 10 for row in ("VmRSS", "VmHWM"))
        return now, peak

    def end(self, grace_s: float = GRACE_S) -> int:
        """Kill it, if it lives, and return how it ended (negative: the number of the signal)."""
        self.process.kill()
        try:
            code = self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        self.read_output()
        if self.output is not None:
            self.output.close()
            self.output = None
        self.pipe.close()
        return code

    def last_words(self) -> str:
        """The end of what it printed during this job, on one line."""
        lines = self.tail.decode("utf-8", "replace").splitlines()
        # faulthandler ends with the names of all extension modules, which push out the stack.
        said = [line.strip() for line in lines if not line.startswith("Extension modules:")]
        return " | ".join(filter(None, said))[-TAIL_CHARACTERS:]
