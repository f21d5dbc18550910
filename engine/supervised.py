"""The process under supervision: one worker, which a crash or a hang may end at any moment.

Started by `engine.supervisor` as a script, with a socket to it; not meant to be imported. It builds
the handler, says that it is ready, and then handles one task after the other until the supervisor
ends it. Whatever it prints goes to the supervisor, which keeps the end of it for the error message.

Protocol, as pickled tuples. From the supervisor: the set-up (sys.path, limit of private memory in
bytes, pickled callable that makes the handler), then (payload, steps) for every task. To it:
("ready", about) or ("unusable", why), and for every task ("prepared", value, seconds),
("begin", step), ("result", step, value) as they come, then ("done",).
"""

import contextlib
import ctypes
import faulthandler
import os
import pickle
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# The kernel takes a worker before the supervisor when memory runs out; its range ends at 1000.
OOM_SCORE = "500"


class Report:
    """What a handler tells the supervisor while it works on one task.

    Each call is one write to a socket that outlives the process, so that what was reported is
    known even if the next instruction kills the worker.
    """

    def __init__(self, pipe):
        self._pipe = pipe

    def prepared(self, value, seconds=0.0):
        """The task is read and `value` is known of it; it deserves time for `seconds` of audio."""
        self._pipe.send(("prepared", value, seconds))

    def begin(self, step):
        """From now on a crash or a hang is the fault of `step`."""
        self._pipe.send(("begin", step))

    def result(self, step, value):
        """`step` is finished and will not be run again."""
        self._pipe.send(("result", step, value))


def _die_with(parent_pid):
    """Leave no worker behind when the supervisor is killed, even by SIGKILL (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before prctl
        sys.exit("the supervisor is gone")


def _limit(memory):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core dumps in somebody's music folder
    # Address space is no measure: TensorFlow and onnxruntime map gigabytes that they never touch.
    # Private data follows the resident set closely (706 MB for 571 MB with both networks loaded).
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    with contextlib.suppress(OSError):  # not on macOS; forbidden in some containers
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)


def main(descriptor, parent_pid):
    _die_with(parent_pid)
    faulthandler.enable()
    pipe = Connection(descriptor)
    path, memory, make_handler = pipe.recv()
    sys.path[:] = path
    _limit(memory)
    try:
        handler = pickle.loads(make_handler)()  # from the parent, over a private socket
    except Exception as error:
        pipe.send(("unusable", f"{type(error).__name__}: {error}"))
        raise
    pipe.send(("ready", getattr(handler, "about", None)))
    while True:
        try:
            payload, steps = pipe.recv()
        except EOFError:  # the supervisor is gone
            return
        handler(payload, steps, Report(pipe))
        pipe.send(("done",))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
