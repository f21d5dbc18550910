"""One analysis: find files, compare with the library, probe, compute, record, sum up.

The only place that writes to a library. Each file is recorded in one transaction as soon as it is
done, so that a killed run loses what was in the workers' hands and nothing else.
"""

import operator
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Protocol

from engine import planning, recording_groups, renewal, worker
from engine.cores import environment, fitting, usable_cores
from engine.discover import Found
from engine.equipment import Equipment, provenance, wanted, worker_limits
from engine.information.service import serving
from engine.library import Library
from engine.lookup import Known
from engine.planning import Plan, Recognised, Work
from engine.progress import Noted
from engine.records import Analysis, Outcome, Tags
from engine.scan import Scan, check_roots, scan
from engine.schema import STAGE_SPACES
from engine.summary import FAILED, Summary
from engine.supervisor import LOOK_EVERY_S, Finished, Supervisor, Task
from engine.writer import Writer

# A slow network drive. A file has so much more time as reading it takes there.
READING_BYTES_PER_S = 2_000_000
# Files noted or marked in one transaction: a reader waits for none of it, a kill repeats it.
BATCH = 500


class Progress(Protocol):
    """Where a run tells how far it is."""

    def phase(self, what: str, total: int) -> None:
        """`total` files are about to be handled."""

    def advance(self, failed: bool = False) -> None:
        """One of them is."""

    def say(self, line: str) -> None:
        """A line for the user, before a phase."""


@dataclass(frozen=True)
class Settings:
    """What one run was asked for."""

    roots: Sequence[Path]
    library: Path
    equipment: Equipment
    workers: int
    span_s: float | None = None
    retry: bool = False
    limit: int | None = None
    # Gets the models that are missing; called only if a file is to be analysed, or if fetch_first.
    fetch: Callable[[], Equipment] | None = None
    fetch_first: bool = False


class Run:
    """One analysis; `execute` may be called once. Raises RunError for roots that are not there."""

    def __init__(self, settings: Settings, progress: Progress):
        check_roots(settings.roots)
        self._settings = settings
        self._progress = progress
        self._supervisor: Supervisor | None = None
        self._workers = settings.workers
        self._stopped = False
        self.summary = Summary()

    def stop(self) -> None:
        """End `execute` soon, with a summary. Safe to call in a signal handler."""
        self._stopped = True
        if self._supervisor is not None:
            self._supervisor.stop()

    def execute(self) -> Summary:
        """Do it all. Raises RunError, LibraryError and SupervisorError: sentences for the user.

        `summary` holds what was done until then, in either case.
        """
        summary, started = self.summary, time.monotonic()
        try:
            seen = scan(self._settings.roots, lambda: self._stopped)
            summary.found = len(seen.found)
            summary.count_skipped(seen.skipped)
            with Library.open(self._settings.library, writable=True) as library:
                if seen.is_whole:  # an incomplete list of files says nothing about the others
                    self._reconcile_and_analyse(library, seen)
                summary.interrupted = self._stopped
                summary.seconds = time.monotonic() - started
                if not summary.is_idle:
                    library.set_meta({"last_run": summary.as_json()})
        finally:
            summary.seconds = time.monotonic() - started
        return summary

    def _adopt(self, library: Writer, equipment: Equipment) -> None:
        self._equipment = equipment
        made = library.meta().get("provenance", {})
        self._wanted = {
            name: wanted(plan, self._settings.span_s, made.get(name, {}))
            for name, plan in equipment.plans.items()
        }

    def _reconcile_and_analyse(self, library: Writer, seen: Scan) -> None:
        self._adopt(library, self._settings.equipment)
        known = seen.known(library)
        seen.refuse_emptied(known)
        library.set_skipped(list(seen.devices), seen.skipped)
        others: set[tuple[bytes, bytes]] = set()
        plan = self._plan(library, seen, known, others)
        if plan.to_probe:
            others = self._probe(library, plan.to_probe)
            known = seen.known(library)
            plan = self._plan(library, seen, known, others)
        lacks_models = self._settings.fetch and not self._equipment.is_complete
        waiting = plan.to_analyse or self._settings.fetch_first
        if waiting and lacks_models and not self._stopped:
            self._adopt(library, self._fetched())
            self.summary.not_fetched = self._equipment.not_fetched
            plan = self._plan(library, seen, known, others)
        # Of a file that nobody has looked at yet, the track seems to be gone, but may be renamed.
        gone = () if self._stopped else planning.vanished(known, seen.found, seen.skipped)
        self._mark(library, plan, gone)
        self._read_tags(library, seen, plan.outdated)
        self._analyse(library, seen, plan.to_analyse[: self._settings.limit])
        if not self._stopped:
            recording_groups.assign(library, lambda: self._stopped)
        self.summary.without_fingerprint = library.without_fingerprint()
        if self._equipment.gaps:
            self.summary.count_gaps(self._equipment.gaps, library.coverage())

    def _fetched(self) -> Equipment:
        """The equipment after fetching, or as it was if the run is stopped meanwhile."""
        answers: list[Equipment] = []
        # A thread, since the look-up of a host's name cannot be interrupted.
        thread = Thread(target=lambda: answers.append(self._settings.fetch()), daemon=True)
        thread.start()
        while thread.is_alive() and not self._stopped:
            thread.join(LOOK_EVERY_S)
        return answers[0] if answers else self._equipment

    def _plan(self, library: Writer, seen: Scan, known: Mapping[tuple, Known], probed: set) -> Plan:
        new = {file.size for file in seen.found if (file.root, file.relpath) not in known}
        return planning.plan(
            seen.found,
            known,
            self._wanted,
            retry=self._settings.retry,
            sizes_known={size for size in new if library.by_size(size)},
            probed=probed,
        )

    def _probe(self, library: Writer, works: Sequence[Work]) -> set[tuple[bytes, bytes]]:
        """Recognise what was moved, copied or retagged; returns the keys of all others."""
        self._progress.phase("Recognising", len(works))
        contents, tags = [], {}
        with closing(self._supervised(worker.make_prober, works, lambda work: ())) as answers:
            for done, work in answers:
                prepared = done.prepared or worker.NOTHING_KNOWN
                contents.append((work, prepared.content_hash))
                tags[work.key] = prepared.tags
                self._progress.advance()
        if len(contents) < len(works):  # any of the rest may hold what a track seems to have lost
            return set()
        same = planning.recognise(contents, library.by_content, os.path.lexists)
        self._give_results(library, same, tags)
        return tags.keys() - {work.key for _, work in same.retagged + same.moved + same.copied}

    def _give_results(
        self, library: Writer, same: Recognised, tags: Mapping[tuple[bytes, bytes], Tags | None]
    ) -> None:
        """Let the files that were recognised have the results of the same audio."""
        with library.transaction():
            library.move_all([(track, *_place(work)) for track, work in same.moved])
            for track, work in same.retagged + same.moved:
                library.retag(track, work.found.size, work.found.mtime_ns, tags[work.key])
            for track, work in same.copied:  # last: their source has arrived where it stays
                library.copy_results(track, *_place(work), tags[work.key])
        self.summary.retagged = len(same.retagged)
        self.summary.moved = len(same.moved)
        self.summary.copied = len(same.copied)

    def _mark(self, library: Writer, plan: Plan, gone: Sequence[int]) -> None:
        """Record all that needs no worker."""
        summary = self.summary
        if gone:
            library.mark_absent(gone)
        for batch in _batches(plan.returned):
            with library.transaction():
                for track, file in batch:
                    library.move(track, file.root, file.relpath, file.size, file.mtime_ns)
        summary.vanished, summary.returned = len(gone), len(plan.returned)
        for stages in plan.unchanged:
            summary.count(stages, now=False)
        for batch in _batches(plan.to_note):
            with library.transaction():
                for work in batch:
                    outcomes = self._missing(work)
                    library.record(*_place(work), Analysis(outcomes=outcomes))
                    summary.count(_statuses(work, outcomes), now=False)
        summary.missing = {name: w.missing for name, w in self._wanted.items() if w.missing}

    def _read_tags(
        self, library: Writer, seen: Scan, outdated: Sequence[tuple[int, Found]]
    ) -> None:
        """Read the tags of unchanged files anew, of which an earlier version read less."""
        if not outdated or self._stopped:
            return
        self._progress.phase("Reading tags", len(outdated))
        works = [Work(file, (), ()) for _, file in outdated]
        tracks = {work.key: track for work, (track, _) in zip(works, outdated, strict=True)}
        read: list[tuple[int, Tags | None]] = []
        with closing(self._supervised(worker.make_tag_reader, works, lambda work: ())) as answers:
            for done, work in answers:
                tags = done.prepared.tags if done.prepared else None
                if tags is not None or not seen.is_gone(work.path):
                    read.append((tracks[work.key], tags))
                if len(read) == BATCH:
                    self._set_tags(library, read)
                self._progress.advance()
        self._set_tags(library, read)

    def _set_tags(self, library: Writer, read: list[tuple[int, Tags | None]]) -> None:
        """Record what was read, and empty the list."""
        if not read:
            return
        with library.transaction():
            for track, tags in read:
                library.set_tags(track, tags)
        self.summary.reread += len(read)
        read.clear()

    def _missing(self, work: Work) -> tuple[Outcome, ...]:
        wanted = [(name, self._wanted[name]) for name in work.missing]
        return tuple(Outcome(name, w.fingerprint, "model_missing", w.missing) for name, w in wanted)

    def _analyse(self, library: Writer, seen: Scan, works: Sequence[Work]) -> None:
        if not works or self._stopped:
            return
        due = {stage for work in works for stage in work.due}
        plans = {name: plan for name, plan in self._equipment.plans.items() if name in due}
        with serving(plans, self._progress.say, stopped=lambda: self._stopped) as served:
            self._analyse_with(served, library, seen, works)

    def _analyse_with(
        self, plans: Mapping[str, object], library: Writer, seen: Scan, works: Sequence[Work]
    ) -> None:
        limits = worker_limits(plans)
        self._workers = fitting(self._settings.workers, limits.get("memory_limit"))
        for plan in plans.values():
            if plan.information:
                self._progress.say(plan.information.chosen.why)
        self._announce(library, plans, works)
        progress = Noted(self._progress, library)
        progress.phase("Analysing", len(works))
        threads = max(1, usable_cores() // self._workers)
        config = worker.AnalyserConfig(
            plans=plans,
            fingerprints={name: wanted.fingerprint for name, wanted in self._wanted.items()},
            span_s=self._settings.span_s,
            threads=threads,
            load=self._equipment.load,
        )
        make = partial(worker.make_analyser, config)
        steps = operator.attrgetter("due")
        with closing(self._supervised(make, works, steps, threads, limits)) as answers:
            for i, (done, work) in enumerate(answers):
                if i == 0:
                    self._note_models(library, set(plans))
                progress.advance(self._record_finished(library, seen, done, work))

    def _announce(
        self, library: Writer, plans: Mapping[str, object], works: Sequence[Work]
    ) -> None:
        """Say which tracks are computed again that nobody has touched, before it begins."""
        now = {name: provenance(plan, self._settings.span_s) for name, plan in plans.items()}
        made = library.meta().get("provenance", {})
        lines = renewal.notices(
            works,
            now,
            {name: made.get(name, {}) for name in now},
            {name: plan.information.name for name, plan in plans.items() if plan.information},
            renewal.seconds_of(library, now),
            min(self._workers, len(works)),
        )
        for line in lines:
            self._progress.say(line)

    def _supervised(
        self,
        make: Callable,
        works: Sequence[Work],
        steps: Callable,
        threads: int = 1,
        limits: Mapping = MappingProxyType({}),
    ) -> Iterator[tuple[Finished, Work]]:
        workers = min(self._workers, len(works))
        self._supervisor = Supervisor(make, workers, env=environment(threads), **limits)
        if self._stopped:  # between the last look and the line above
            return
        tasks = (
            Task(i, work.path, steps(work), work.found.size / READING_BYTES_PER_S)
            for i, work in enumerate(works)
        )
        try:
            for done in self._supervisor.run(tasks):
                yield done, works[done.task.key]
        finally:
            peak = self._supervisor.peak_memory
            self.summary.peak_memory = max(self.summary.peak_memory, peak)

    def _note_models(self, library: Writer, stages: set[str]) -> None:
        """What the values come from, noted together with the first of them."""
        self.summary.models = {
            name: [
                {
                    "file": m.path.name,
                    "folder": str(m.folder),
                    "sha256": m.sha256,
                    "source": m.source,
                    "note": m.note,
                }
                for m in self._equipment.plans[name].models
            ]
            for name in sorted(stages)
        }
        self.summary.providers = {n: p for n, p in (self._supervisor.about or {}).items() if p}
        old = library.meta()
        made, span_s = old.get("provenance", {}), self._settings.span_s
        for name in stages:
            source = provenance(self._equipment.plans[name], span_s)
            made.setdefault(name, {})[self._wanted[name].fingerprint] = source
        library.set_meta(
            {
                "models": {**old.get("models", {}), **self.summary.models},
                "provenance": made,
                "providers": {**old.get("providers", {}), **self.summary.providers},
                "span_s": span_s,
            }
        )
        self._note_labels(library, stages)

    def _note_labels(self, library: Writer, stages: set[str]) -> None:
        for stage in stages:
            if self._wanted[stage].richer:  # the names in the library are at least as good
                continue
            for space in STAGE_SPACES[stage]:
                names = list(self._equipment.labels.get(space, ()))
                if names and library.labels(space) != names:
                    library.set_labels(space, names)

    def _record_finished(self, library: Writer, seen: Scan, done: Finished, work: Work) -> bool:
        """Record one analysed file; returns whether it failed."""
        outcomes = list(done.results.values())
        for stage in work.due:
            if failure := done.failures.get(stage):
                now = self._wanted[stage].fingerprint
                outcomes.append(Outcome(stage, now, failure.kind, failure.message))
        if any(o.status == "unreadable" for o in outcomes) and seen.is_gone(work.path):
            self.summary.disappeared += 1
            return False
        outcomes += self._missing(work)
        prepared = done.prepared or worker.NOTHING_KNOWN
        analysis = Analysis(prepared.content_hash, prepared.media, prepared.tags, tuple(outcomes))
        # What was computed before is worth more than a failure, which any later run tries again.
        failures = {outcome.stage for outcome in outcomes if outcome.status in FAILED}
        library.record(*_place(work), analysis, kept=failures & work.valued.keys())
        self.summary.count(_statuses(work, outcomes), now=True)
        failed = next((outcome for outcome in outcomes if outcome.status in FAILED), None)
        if failed:
            stays = " Its earlier values stay." if failed.stage in work.valued else ""
            self.summary.failures.append((work.path, f"{failed.status}: {failed.error}{stays}"))
        return failed is not None


def _place(work: Work) -> tuple[bytes, bytes, int, int]:
    """A file as the writer takes it."""
    return *work.key, work.found.size, work.found.mtime_ns


def _statuses(work: Work, outcomes: Sequence[Outcome]) -> dict[str, str]:
    return {**work.settled, **{outcome.stage: outcome.status for outcome in outcomes}}


def _batches(items: Sequence) -> Iterator[Sequence]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
