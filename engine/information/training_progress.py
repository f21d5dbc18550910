"""How far a training is: a bar on a terminal, a line at every saving in a log."""

import time
from typing import TextIO


class Shown:
    """A training.Watch on a stream."""

    def __init__(self, stream: TextIO, steps: int, first: int):
        """`first`: the steps that are done already, of `steps`."""
        self._stream, self._steps, self._first = stream, steps, first
        self._began = time.monotonic()
        self._bar = None
        if stream.isatty():
            from tqdm import tqdm  # here: a log needs none

            self._bar = tqdm(
                total=steps, initial=first, desc="training", unit="step", file=stream, miniters=1
            )

    def stepped(self, step: int, loss: float) -> None:
        """The bar moves."""
        if self._bar is not None:
            self._bar.update(step - self._bar.n)

    def saved(self, step: int, loss: float, held_out: float) -> None:
        """The losses are told."""
        losses = f"loss {loss:.4f}, held out {held_out:.4f}"
        if self._bar is not None:
            self._bar.set_postfix_str(losses)
            return
        seconds = (time.monotonic() - self._began) / (step - self._first) * (self._steps - step)
        line = f"step {step} of {self._steps}: {losses}; {duration(seconds)} left"
        print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.close()


def duration(seconds: float) -> str:
    """In words: 40 s, 12 min, 3 h 05 min."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
