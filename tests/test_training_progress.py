"""What is told of a training: times in words, a line in a log, a bar on a terminal."""

import io

import pytest

from engine.information.training_progress import Shown, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (11_100, "3 h 05 min")],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words


def test_a_log_gets_a_line_at_every_saving(monkeypatch):
    clock = iter([100.0, 160.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    shown = Shown(stream, steps=50, first=10)
    shown.stepped(11, 1.0)
    shown.saved(20, 0.91234, 0.8)
    shown.close()
    assert stream.getvalue() == "step 20 of 50: loss 0.9123, held out 0.8000; 3 min left\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar():
    stream = Terminal()
    shown = Shown(stream, steps=4, first=2)
    shown.stepped(3, 1.0)
    shown.stepped(4, 1.0)
    shown.saved(4, 0.5, 0.6)
    shown.close()
    assert "4/4" in stream.getvalue()
    assert "held out 0.6000" in stream.getvalue()
