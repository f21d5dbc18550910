"""Ctrl-C, kill, a closed terminal: met in every process that should, and nowhere else."""

import signal
import subprocess
import sys

import conftest
import pytest

from engine import stopping

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def handlers():
    """The usual ones, whatever the caller of the tests ignores; put back afterwards."""
    usual = (signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL)
    before = [signal.signal(*pair) for pair in zip(NUMBERS, usual, strict=True)]
    yield usual
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


def current() -> tuple:
    return tuple(signal.getsignal(number) for number in NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_stops_and_the_next_one_ends(number, handlers):
    calls = []
    with stopping.stopped_by_signals(lambda: calls.append(1)) as received:
        assert received == []
        signal.raise_signal(number)
        assert (received, calls) == ([number], [1])
        assert current() == (signal.SIG_DFL,) * 3
    assert current() == handlers


@pytest.mark.parametrize("ignored", NUMBERS)
def test_what_the_caller_ignores_stays_ignored(ignored):
    """As nohup has a closed terminal ignored, and & in a script Ctrl-C."""
    signal.signal(ignored, signal.SIG_IGN)
    stopping.end_on_ctrl_c("a line")
    stopping.raise_on_ctrl_c()
    with stopping.stopped_by_signals(lambda: None) as received:
        signal.raise_signal(ignored)
        assert received == []
        other = next(number for number in NUMBERS if number != ignored)
        signal.raise_signal(other)
        assert received == [other]
        assert signal.getsignal(ignored) == signal.SIG_IGN
    assert signal.getsignal(ignored) == signal.SIG_IGN


def test_ctrl_c_at_the_start_is_one_line():
    code = "import signal; from engine.stopping import end_on_ctrl_c; end_on_ctrl_c('Over.');"
    code += "signal.raise_signal(signal.SIGINT); print('still here')"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=conftest.REPOSITORY, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"Over.\n")


@pytest.mark.parametrize("number", conftest.HEARD)
def test_children_of_the_tests_hear_what_the_caller_of_the_tests_ignores(number):
    signal.signal(number, signal.SIG_IGN)
    conftest.let_children_hear()
    signal.raise_signal(number)  # the tests go on ignoring it
    code = "import signal, sys; print(signal.getsignal(int(sys.argv[1])) == signal.SIG_IGN)"
    command = [sys.executable, "-c", code, str(int(number))]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "False\n"
