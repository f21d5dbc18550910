"""Worker processes that may crash, hang or swallow all memory, and one answer for every task.

Essentia holds the interpreter lock while it computes, so no thread can watch it; a segmentation
fault in one worker costs `ProcessPoolExecutor` all queued tasks. Here every worker is a fresh
process with a private socket. The supervisor waits for messages, for ends of file and for the
nearest deadline, and knows at any moment which step of which task a worker is in.

A task is prepared once (decoding) and then goes through its steps. Steps that were finished
survive the crash of a later one. What was not finished is tried again in a fresh worker; a step
that kills two workers is given up as `crashed`, one that reaches the deadline as `timeout`, and
the other steps go on. If the preparation fails so, all steps do.
"""

import pickle
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from engine.child import GRACE_S, Child, how_it_ended

PREPARATION = "decoding"
DEATHS_ALLOWED = 2  # of one step of one task; the second may not be blamed on a leak or a neighbour
STARTS_ALLOWED = 2  # in succession that end before the handler is made
# Native deaths before the first finished step: not the files, the installation.
HOPELESS = 50
STARTUP_S = 180.0
MEMORY_LIMIT = 2 << 30  # bytes of resident memory of one worker
LEAKING = 0.75  # of it still held between two tasks: time for a fresh worker
# Private memory that the kernel refuses, for what grows faster than the supervisor looks.
DATA_LIMITS = 4
DEADLINE = 120.0, 1.0  # seconds, and seconds a second of audio
LOOK_EVERY_S = 0.25  # at memory and at a request to stop; page faults fill about 1 GB in that time


class SupervisorError(RuntimeError):
    """No worker can do the job; the sentence says why."""


@dataclass(frozen=True)
class Task:
    """One piece of work: the handler gets the payload and the steps that are still to be done."""

    key: object
    payload: object
    steps: tuple[str, ...] = ()
    allowance_s: float = 0.0  # on top of the deadline, for a payload that takes long to read


@dataclass(frozen=True)
class Failure:
    """Why a step has no result."""

    kind: str  # crashed | timeout
    message: str


@dataclass(frozen=True)
class Finished:
    """The answer for one task: each of its steps is in `results` or in `failures`.

    A task without steps whose preparation failed has that failure under PREPARATION.
    """

    task: Task
    prepared: object | None
    results: Mapping[str, object]
    failures: Mapping[str, Failure]


@dataclass
class _Job:
    """A task on its way, over as many workers as it takes."""

    task: Task
    pending: list[str]
    step: str = PREPARATION
    is_prepared: bool = False
    prepared: object | None = None
    results: dict[str, object] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    deaths: Counter = field(default_factory=Counter)

    def blame(self, kind: str, reason: str) -> bool:
        """Record a death in the current step; True if nothing is left to try."""
        if self.is_prepared and not self.pending:
            return True
        step = self.step
        self.deaths[step] += 1
        if kind == "crashed" and self.deaths[step] < DEATHS_ALLOWED:
            return False
        lost = (self.pending or [PREPARATION]) if step == PREPARATION else [step]
        self.failures |= {name: Failure(kind, f"{step}: {reason}") for name in lost}
        self.pending = [name for name in self.pending if name not in self.failures]
        return not self.pending

    def finished(self) -> Finished:
        return Finished(self.task, self.prepared, self.results, self.failures)


class Supervisor:
    """Runs tasks in `workers` processes and yields one `Finished` for each, in order of completion.

    make_handler: picklable, importable callable without arguments; called once in every worker,
        returns handler(payload, steps, report), with `report` an `engine.supervised.Report`. An
        attribute `about` of the handler is kept in `Supervisor.about`. An exception out of the
        handler ends the worker, like a crash.
    deadline: (a, b): a task has a + b × duration seconds and its allowance, duration as reported
        when prepared.
    memory_limit: bytes of resident memory; a worker above it is killed, which counts as a crash.
    env: variables for the workers, in place before their interpreter starts.
    """

    def __init__(
        self,
        make_handler: Callable,
        workers: int,
        *,
        memory_limit: int = MEMORY_LIMIT,
        recycle_after: int = 200,
        deadline: tuple[float, float] = DEADLINE,
        startup_s: float = STARTUP_S,
        env: Mapping[str, str] | None = None,
    ):
        self.about: object | None = None  # what the handlers say of themselves
        self.peak_memory = 0  # bytes, the highest of any worker
        self._count = workers
        self._memory_limit = memory_limit
        self._recycle_after = recycle_after
        self._deadline = deadline
        self._startup_s = startup_s
        self._env = env or {}
        self._setup = pickle.dumps(
            (list(sys.path), memory_limit * DATA_LIMITS, pickle.dumps(make_handler))
        )
        self._workers: list[Child] = []
        self._retries: deque[_Job] = deque()
        self._failed_starts = 0
        self._deaths = 0
        self._is_working = False  # a step or a task was finished
        self._look_at_memory = 0.0
        self._stopped = False

    def stop(self) -> None:
        """End `run` soon, without the unfinished tasks. Safe to call in a signal handler."""
        self._stopped = True

    def run(self, tasks: Iterable[Task]) -> Iterator[Finished]:
        """Yield one `Finished` per task. Raises SupervisorError when no worker can be had."""
        source = iter(tasks)
        try:
            while not self._stopped:
                self._staff(source)
                if all(worker.job is None for worker in self._workers):
                    return
                yield from self._turn()
        finally:
            for worker in self._workers:
                worker.process.kill()  # all, before any is waited for
            last = time.monotonic() + GRACE_S
            while self._workers:
                self._workers.pop().end(max(0.0, last - time.monotonic()))

    def _staff(self, source: Iterator[Task]) -> None:
        """Give every free worker a task, and hire while there are tasks without a worker."""
        # Each job to retry left a vacancy behind, and gets a fresh worker in it.
        while self._retries:
            self._hire(self._retries.popleft())
        for worker in list(self._workers):
            if worker.job is None and self._worn(worker):
                self._dismiss(worker)
        for worker in self._workers:
            if worker.job is None and (task := next(source, None)):
                self._give(worker, _Job(task, list(task.steps)))
        while len(self._workers) < self._count and (task := next(source, None)):
            self._hire(_Job(task, list(task.steps)))

    def _hire(self, job: _Job) -> None:
        try:
            worker = Child(self._setup, self._env, self._startup_s)
        except OSError as error:
            raise SupervisorError(f"No worker can be started: {error}.") from error
        self._workers.append(worker)
        self._give(worker, job)

    def _give(self, worker: Child, job: _Job) -> None:
        job.step = PREPARATION
        worker.give(job, (job.task.payload, tuple(job.pending)), self._patience(job))

    def _patience(self, job: _Job, duration: float = 0.0) -> float:
        """Seconds that a job has, from its start in a worker."""
        return self._deadline[0] + self._deadline[1] * duration + job.task.allowance_s

    def _worn(self, worker: Child) -> bool:
        leaking = worker.memory()[0] > LEAKING * self._memory_limit
        return worker.served >= self._recycle_after or leaking

    def _dismiss(self, worker: Child) -> int:
        self._workers.remove(worker)
        return worker.end()

    def _turn(self) -> Iterator[Finished]:
        """Wait once, at most LOOK_EVERY_S, then read what came and end who must be ended."""
        nearest = min(worker.deadline for worker in self._workers if worker.job)
        pipes = {worker.pipe: worker for worker in self._workers}
        outputs = {worker.output: worker for worker in self._workers if worker.output}
        timeout = max(0.0, min(nearest - time.monotonic(), LOOK_EVERY_S))
        ready = wait([*pipes, *outputs], timeout)
        for source in ready:
            if source in outputs:
                outputs[source].read_output()
        for source in ready:
            if source in pipes:
                yield from self._read(pipes[source])
        yield from self._inspect()

    def _read(self, worker: Child) -> Iterator[Finished]:
        """Take all messages of one worker; an end of file, even inside of one, is its death."""
        try:
            while worker.pipe.poll():
                yield from self._hear(worker, *worker.pipe.recv())
        except (EOFError, OSError, pickle.UnpicklingError):
            code = self._dismiss(worker)
            yield from self._bury(worker, "crashed", how_it_ended(code))

    def _hear(self, worker: Child, kind: str, *rest) -> Iterator[Finished]:
        job = worker.job
        if kind == "ready":
            (self.about,) = rest
            self._failed_starts = 0
            worker.ready = True
            worker.start_clock(self._patience(job))
        elif kind == "unusable":
            raise SupervisorError(f"The workers cannot start: {rest[0]}")
        elif kind == "prepared":
            job.prepared, seconds = rest
            job.is_prepared = True
            worker.deadline = worker.since + self._patience(job, seconds)
            job.step = job.pending[0] if job.pending else PREPARATION
        elif kind == "begin":
            (job.step,) = rest
        elif kind == "result":
            step, job.results[step] = rest
            job.pending.remove(step)
            self._is_working = True
        elif kind == "done":
            self._is_working = True
            worker.job = None
            worker.served += 1
            yield job.finished()

    def _inspect(self) -> Iterator[Finished]:
        """End the workers that are past their deadline or their memory."""
        now = time.monotonic()
        look_at_memory = now >= self._look_at_memory
        if look_at_memory:
            self._look_at_memory = now + LOOK_EVERY_S
        for worker in [worker for worker in self._workers if worker.job]:
            if now > worker.deadline:
                self._dismiss(worker)
                passed = now - worker.since
                yield from self._bury(worker, "timeout", f"not finished after {passed:.0f} s")
            elif look_at_memory and self._too_big(worker):
                self._dismiss(worker)
                limit = self._memory_limit / (1 << 30)
                yield from self._bury(worker, "crashed", f"used more than {limit:.2g} GiB")

    def _too_big(self, worker: Child) -> bool:
        resident, peak = worker.memory()
        self.peak_memory = max(self.peak_memory, peak)
        return resident > self._memory_limit

    def _bury(self, worker: Child, kind: str, reason: str) -> Iterator[Finished]:
        """Blame the death of a worker, dismissed already, on what it was doing."""
        words = worker.last_words()
        reason += f" ({words})" if words else ""
        job = worker.job
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= STARTS_ALLOWED:
                raise SupervisorError(f"The workers cannot start: {reason}")
        elif job is not None:
            self._deaths += kind == "crashed"
            if self._deaths >= HOPELESS and not self._is_working:
                raise SupervisorError(
                    f"{HOPELESS} workers died without one result, the last in "
                    f"{job.step}: {reason}. This looks like the installation, not like the music."
                )
            if job.blame(kind, reason):
                yield job.finished()
                return
        if job is not None:
            self._retries.append(job)
