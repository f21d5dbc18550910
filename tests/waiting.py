"""Waiting for what will happen, however long a busy machine takes."""

import time
from collections.abc import Callable

PATIENCE_S = 120.0  # nothing that a test waits for takes a tenth of it on an idle machine


def wait_for(condition: Callable[[], object], what: str, every: float = 0.05) -> None:
    """Until the condition holds; the test fails where it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:.0f} s in vain for {what}"
        time.sleep(every)
