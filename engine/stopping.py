"""Ctrl-C, `kill` and a closed terminal: long work ends cleanly, and what it has done is kept.

What is ignored when the process starts stays ignored: `nohup` wants that of a closed terminal, and
`&` in a script of Ctrl-C, which is then for what the script runs in the foreground.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 128  # exit status; plus the number of the signal


def end_on_ctrl_c(line: str) -> None:
    """From now on, Ctrl-C prints a line and ends the process: there is nothing to close."""
    _handle(signal.SIGINT, lambda number, _: (os.write(2, f"{line}\n".encode()), _end(number)))


def raise_on_ctrl_c() -> None:
    """From now on, Ctrl-C raises KeyboardInterrupt, as Python has it."""
    _handle(signal.SIGINT, signal.default_int_handler)


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[list[int]]:
    """Call `stop` at the first signal of STOPPING; the list tells which came.

    A second one ends the process at once. Afterwards, the handlers are what they were before.
    """
    received: list[int] = []

    def handle(number: int, _frame: object) -> None:
        received.append(number)
        stop()
        for other in before:
            signal.signal(other, signal.SIG_DFL)

    before = {number: signal.getsignal(number) for number in STOPPING if not _is_ignored(number)}
    for number in before:
        signal.signal(number, handle)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle(number: int, handler: Callable[[int, object], object]) -> None:
    if not _is_ignored(number):
        signal.signal(number, handler)


def _is_ignored(number: int) -> bool:
    return signal.getsignal(number) == signal.SIG_IGN


def _end(number: int) -> None:
    os._exit(INTERRUPTED + number)
