"""One process that has the GPU, for all workers of an analysis.

Goal: a GPU works best on the frames of many recordings at once, and each process that opens it
takes half a gigabyte of its memory. Workers read a recording as far as no network is needed
(engine.information.piece) and send it here; what has come meanwhile is computed in one batch.
Conventions: pickles over a socket in a folder of its own, behind a random key. The process ends
with the one that started it, whatever ends that. A client that gets no answer says so by
DeviceFailed, and goes on by itself. Neither this module nor a client loads torch.

Started by `engine.information.service.serving` as python -m engine.information.service.
"""

import contextlib
import logging
import os
import pickle
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client as connect
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.child import GRACE_S
from engine.supervisor import LOOK_EVERY_S

if TYPE_CHECKING:
    from engine.information.analysis import Analyst
    from engine.information.model import Noise
    from engine.information.piece import Piece
    from engine.information.stage import Settings

# Seconds. The supervisor gives a recording two minutes and its own length, in which a client that
# waits in vain must have the time to compute by itself.
ANSWER_S = 60.0
STARTUP_S = 180.0
READY = b"ready\n"
TOLD = "serendip: "  # begins what the process has to tell its starter, among what libraries write
MOST_SAMPLES = 20 * 60 * 44_100  # in one batch: far less than ANSWER_S on any GPU
MOST_WORKERS = 256  # that may connect at one moment
# Bytes of the folder that temporary ones are made in: the path of a socket has at most 107.
LONGEST_FOLDER = 80
VALUES, MEMORY, LOST, FAULT = "values", "memory", "lost", "fault"

log = logging.getLogger("engine.information.service")  # it runs as __main__, too


@dataclass(frozen=True)
class Service:
    """Where a service listens. Picklable."""

    address: str
    key: bytes


class DeviceFailed(RuntimeError):
    """The accelerator could not compute a recording; `is_lost`: nor will it any other."""

    def __init__(self, reason: str, is_lost: bool):
        super().__init__(reason)
        self.is_lost = is_lost


def device_failure(error: Exception) -> DeviceFailed | None:
    """The same as a fault of the accelerator; None where it is another one's."""
    import torch

    from engine.information.likelihood import NotEnoughMemory

    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, (torch.OutOfMemoryError, NotEnoughMemory)):
        return DeviceFailed(reason, is_lost=False)
    # Faults of cuDNN and cuBLAS are plain RuntimeErrors.
    names = ("CUDA", "cuDNN", "CUBLAS")
    if isinstance(error, torch.AcceleratorError) or (
        isinstance(error, RuntimeError) and any(name in reason for name in names)
    ):
        return DeviceFailed(reason, is_lost=True)
    return None


class Client:
    """A piece → its information [levels, T], computed by the service."""

    def __init__(self, service: Service, levels: tuple[float, ...]):
        self._service, self._levels = service, levels
        self._connection: Connection | None = None

    def __call__(self, part: "Piece") -> np.ndarray:
        """Raises DeviceFailed where the service cannot, and RuntimeError where nobody could."""
        try:
            if self._connection is None:
                self._connection = connect(self._service.address, authkey=self._service.key)
            self._connection.send(part)
            if not self._connection.poll(ANSWER_S):
                raise DeviceFailed(f"no answer in {ANSWER_S:.0f} s", is_lost=True)
            kind, content = self._connection.recv()
        except (AuthenticationError, OSError, EOFError, pickle.UnpicklingError) as error:
            reason = str(error) or type(error).__name__
            raise DeviceFailed(f"its process is gone ({reason})", is_lost=True) from error
        if kind == VALUES:
            return content
        if kind == FAULT:
            raise RuntimeError(content)
        raise DeviceFailed(content, is_lost=kind == LOST)


@contextlib.contextmanager
def serving(
    plans: Mapping[str, Any],
    say: Callable[[str], None],
    needed: Callable[["Settings"], bool] = lambda settings: settings.chosen.device != "cpu",
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Mapping[str, Any]]:
    """The plans of an analysis (stages.StagePlan), with a service where one is `needed`.

    Where it cannot start, `say` tells why in a line, and the plans are for the CPU. Nor is it
    waited for any longer once the analysis is `stopped`. In the end `say` gets the warnings of its
    process.
    """
    wanting = {name: plan for name, plan in plans.items() if plan.information}
    if not any(needed(plan.information) for plan in wanting.values()):
        yield plans
        return
    ((name, plan),) = wanting.items()
    usual = tempfile.gettempdir()  # a cluster may have one for each job
    near = usual if len(os.fsencode(usual)) <= LONGEST_FOLDER else "/tmp"
    with tempfile.TemporaryDirectory(prefix="serendip-", dir=near) as folder:
        output = Path(folder) / "log"
        service = Service(str(Path(folder) / "socket"), secrets.token_bytes(32))
        process = _started(service, plan.information, output)
        try:
            why = _awaited(process, output, stopped)
            if why is None:
                settings = replace(plan.information, service=service)
            else:
                if not stopped():
                    say(f"Information content is computed on the CPU: no GPU can be used ({why}).")
                chosen = replace(plan.information.chosen, device="cpu")
                settings = replace(plan.information, chosen=chosen)
            yield {**plans, name: replace(plan, information=settings)}
        finally:
            _end(process)
            # Shortages of memory, say, come again and again.
            for line in dict.fromkeys(output.read_text(errors="replace").splitlines()):
                if line.startswith(TOLD):
                    say(f"Information content: {line.removeprefix(TOLD).rstrip('.')}.")


def _started(service: Service, settings: "Settings", output: Path) -> subprocess.Popen:
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine.information.service"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            cwd=Path(__file__).parents[2],
            start_new_session=True,  # Ctrl-C is for the one who started it
        )
    with contextlib.suppress(BrokenPipeError):  # its end of file tells
        process.stdin.write(pickle.dumps((service, settings)))
        process.stdin.flush()
    return process


def _awaited(process: subprocess.Popen, output: Path, stopped: Callable[[], bool]) -> str | None:
    """None when it is ready, else why it will never be."""
    answers: list[bytes] = []
    reader = Thread(target=lambda: answers.append(process.stdout.readline()), daemon=True)
    reader.start()
    end = time.monotonic() + STARTUP_S
    while reader.is_alive() and not stopped() and time.monotonic() < end:
        reader.join(LOOK_EVERY_S)
    if answers == [READY]:
        return None
    if not answers:
        return f"no answer in {STARTUP_S:.0f} s"
    said = output.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(said) if line.strip()), "it ended at once")


def _end(process: subprocess.Popen) -> None:
    process.kill()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:  # a driver holds it, and closing would wait for whoever reads
        return
    process.stdout.close()


def main() -> None:
    """The process: load the model, say that it is ready, and answer."""
    from engine.information.model import Noise
    from engine.information.stage import load

    teller = logging.StreamHandler()
    teller.setFormatter(logging.Formatter(f"{TOLD}%(message)s"))
    logging.getLogger("engine").addHandler(teller)
    service, settings = pickle.load(sys.stdin.buffer)  # from the process that started this one
    Thread(target=_end_with_the_starter, args=(Path(service.address).parent,), daemon=True).start()
    analyst, noise = load(settings), Noise(settings.levels)
    requests: SimpleQueue = SimpleQueue()
    with Listener(service.address, backlog=MOST_WORKERS, authkey=service.key) as listener:
        Thread(target=_accept, args=(listener, requests), daemon=True).start()
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        while True:
            serve(analyst, noise, requests)


def _end_with_the_starter(folder: Path) -> None:
    """Leave nothing behind that the starter would have removed, had nobody killed it."""
    # Not through sys.stdin, whose lock would be held when the interpreter ends by itself.
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _accept(listener: Listener, requests: SimpleQueue) -> None:
    while True:
        try:
            connection = listener.accept()
        except (AuthenticationError, OSError, EOFError) as error:  # without the key, or gone
            log.warning("a client was refused (%s)", str(error) or type(error).__name__)
            continue
        Thread(target=_receive, args=(connection, requests), daemon=True).start()


def _receive(connection: Connection, requests: SimpleQueue) -> None:
    """Unpickling is done here, beside the computing."""
    with contextlib.suppress(EOFError, OSError):  # the worker has ended
        while True:
            requests.put((connection, connection.recv()))


def serve(analyst: "Analyst", noise: "Noise", requests: SimpleQueue) -> None:
    """Wait for a request, and answer it together with those that have come meanwhile."""
    batch = [requests.get()]
    # In samples: a log-mel frame of 96 values stands for 4,096.
    size = _samples(batch[0][1])
    while size < MOST_SAMPLES:
        try:
            batch.append(requests.get_nowait())
        except Empty:
            break
        size += _samples(batch[-1][1])
    answers = computed(analyst, [part for _, part in batch], noise)
    for (connection, _), answer in zip(batch, answers, strict=True):
        with contextlib.suppress(OSError):  # the worker was ended meanwhile
            connection.send(answer)


def _samples(part: "Piece") -> int:
    from engine.information.log_mel import FRAME

    return (part.span.end - part.span.first) * FRAME


def computed(
    analyst: "Analyst", parts: "list[Piece]", noise: "Noise"
) -> list[tuple[str, np.ndarray | str]]:
    """One answer a piece: (VALUES, information), or (MEMORY, LOST or FAULT, a reason).

    A batch that fails is tried again in halves: one recording costs no other its values.
    """
    try:
        return [(VALUES, values) for values in analyst.information(parts, noise)]
    except Exception as error:
        failure = device_failure(error)
        if len(parts) > 1 and not (failure and failure.is_lost):
            half = len(parts) // 2
            first, second = parts[:half], parts[half:]
            return computed(analyst, first, noise) + computed(analyst, second, noise)
        if failure is None:
            answer = FAULT, f"{type(error).__name__}: {error}"
        else:
            answer = LOST if failure.is_lost else MEMORY, str(failure)
        return [answer] * len(parts)


if __name__ == "__main__":
    main()
