"""What an analysis did, in numbers that add up, as text and as JSON.

found = done now + done before + not done, by reason. Done means: at least one stage has values
and none failed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine import shell
from engine.equipment import Gap
from engine.library import Coverage
from engine.planning import file_status
from engine.records import HAS_VALUES
from engine.storage import shown

FAILURES_SHOWN = 10
EXAMPLES = 3  # of what was skipped for one reason
# No values through a fault of the file or of the analysis; silence is neither.
FAILED = ("unreadable", "crashed", "timeout")
# The columns that a stage fills, as a user would call them.
GIVES = {
    "dsp": "tempo, key, loudness, danceability (algorithm)",
    "fingerprint": "copies at another level or in another codec",
    "effnet": "styles, voice, danceability, EffNet similarity",
    "musicnn": "valence, arousal, tags, MusiCNN similarity",
    "information": "information content",
}


@dataclass
class Summary:
    """The counts of one run. `before` and `now` count files by status."""

    found: int = 0
    now: Counter = field(default_factory=Counter)
    before: Counter = field(default_factory=Counter)
    stages: dict[str, Counter] = field(default_factory=dict)  # stage → status → files
    disappeared: int = 0  # between being found and being read
    skipped: Counter = field(default_factory=Counter)  # reason → entries that were passed over
    skipped_examples: dict[str, list[bytes]] = field(default_factory=dict)  # reason → some paths
    moved: int = 0
    copied: int = 0
    retagged: int = 0
    reread: int = 0  # unchanged files whose tags were read by an earlier version
    returned: int = 0
    vanished: int = 0
    failures: list[tuple[bytes, str]] = field(default_factory=list)  # path, reason; of this run
    missing: dict[str, str] = field(default_factory=dict)  # stage → why it cannot be computed
    gaps: list[str] = field(default_factory=list)  # columns left empty for want of a model
    without_fingerprint: int = 0  # tracks of the library
    not_fetched: str = ""  # why missing models could not be downloaded
    models: dict[str, list[dict]] = field(default_factory=dict)
    providers: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0  # bytes of the largest worker
    interrupted: bool = False

    def count(self, stages: Mapping[str, str], *, now: bool) -> None:
        """Take in one file by the statuses of its stages."""
        (self.now if now else self.before)[file_status(stages)] += 1
        for stage, value in stages.items():
            self.stages.setdefault(stage, Counter())[value] += 1

    def count_skipped(self, skipped: Mapping[bytes, str]) -> None:
        """Take in what was passed over: path → reason."""
        for path, reason in skipped.items():
            self.skipped[reason] += 1
            if self.skipped[reason] <= EXAMPLES:
                self.skipped_examples.setdefault(reason, []).append(path)

    def count_gaps(self, gaps: Iterable[Gap], coverage: Coverage) -> None:
        """Note the columns that are empty where their stage has values, over the whole library."""
        for gap in gaps:
            statuses = coverage.stages.get(gap.stage, {})
            computed = sum(statuses.get(status, 0) for status in HAS_VALUES)
            empty = max(computed - coverage.columns[column] for column in gap.columns)
            if empty:
                columns = ", ".join(gap.columns)
                self.gaps.append(f"Missing on {_files(empty)}: {columns}. {gap.why}")

    @property
    def by_status(self) -> Counter:
        return self.now + self.before

    @property
    def done_now(self) -> int:
        return sum(self.now[status] for status in HAS_VALUES)

    @property
    def done_before(self) -> int:
        return sum(self.before[status] for status in HAS_VALUES)

    @property
    def failed(self) -> int:
        """Files whose status is one of FAILED, from this run or before."""
        return sum(self.by_status[status] for status in FAILED)

    @property
    def not_done(self) -> Counter:
        """Reason → files."""
        reasons = Counter({s: n for s, n in self.by_status.items() if s not in HAS_VALUES})
        reasons["disappeared"] = self.disappeared
        reasons["not_reached"] = self.found - self.by_status.total() - self.disappeared
        return +reasons

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do at all."""
        changes = (
            self.moved, self.copied, self.retagged, self.reread, self.returned, self.vanished,
        )  # fmt: skip
        return not (self.now or self.disappeared or self.not_done["not_reached"] or any(changes))

    def as_json(self) -> dict:
        """The object of --json, and of `last_run` in the library."""
        analysed = self.now.total()
        return {
            "found": self.found,
            "done_now": self.done_now,
            "done_before": self.done_before,
            "not_done": dict(self.not_done),
            "by_status": dict(self.by_status),
            "by_stage": {stage: dict(counts) for stage, counts in self.stages.items()},
            "skipped": dict(self.skipped),
            "skipped_examples": {
                reason: list(map(shown, paths)) for reason, paths in self.skipped_examples.items()
            },
            "moved": self.moved,
            "copied": self.copied,
            "retagged": self.retagged,
            "reread": self.reread,
            "returned": self.returned,
            "vanished": self.vanished,
            "missing": self.missing,
            "gaps": self.gaps,
            "without_fingerprint": self.without_fingerprint,
            "not_fetched": self.not_fetched,
            "seconds": round(self.seconds, 3),
            "tracks_per_second": round(analysed / self.seconds, 3) if self.seconds else 0.0,
            "peak_worker_mb": round(self.peak_memory / 1e6),
            "models": self.models,
            "providers": self.providers,
            "interrupted": self.interrupted,
        }

    def lines(self, library: Path, fill: str) -> list[str]:
        """The summary for people, one sentence a line; `fill` is the command that gets what is
        missing."""
        counts = self._counts() if self.found else ["No audio file found."]
        return [
            *counts,
            *self._skipped(library),
            *self._changes(),
            *self._failures(library),
            *self._notes(),
            *self._untold(),
            *self._missing(fill),
        ]

    def _counts(self) -> list[str]:
        if self.is_idle:
            head = f"Nothing to do: {_files(self.found)} found"
        else:
            rate = f", {self.now.total() / self.seconds:.2f} a second" if self.now else ""
            head = f"{_files(self.found)} found in {self.seconds:.1f} s{rate}"
        parts = [f"{self.done_now} done now", f"{self.done_before} done before"]
        reasons = ", ".join(f"{n} {reason.replace('_', ' ')}" for reason, n in self._sorted())
        total = self.not_done.total()
        parts.append(f"{total} not done ({reasons})" if total else "0 not done")
        lines = [f"{head} = {' + '.join(parts)}."]
        if self.interrupted:
            lines.append("Interrupted; the same command goes on from here.")
        if partial := self.by_status["partial"]:
            lines.append(f"{partial} of them in part: damaged, or shorter than stated.")
        return lines

    def _skipped(self, library: Path) -> list[str]:
        if not self.skipped:
            return []
        lines = ["Skipped:"]
        for reason, count in sorted(self.skipped.items()):
            examples = [shown(path) for path in self.skipped_examples.get(reason, ())]
            more = ", …" if count > len(examples) else ""
            lines.append(f"  {count:,} × {reason}: {', '.join(examples)}{more}")
        listed = shell.module("engine.library", "failures", library)
        lines.append(f"All that was skipped: {listed}")
        return lines

    def _notes(self) -> list[str]:
        """What the networks ran on, and which models are not the published ones."""
        notes = [
            (stage, model["file"], model["note"])
            for stage, models in self.models.items()
            for model in models
            if model["note"]
        ]
        ran = "; ".join(f"{stage} on {', '.join(p)}" for stage, p in self.providers.items())
        lines = [f"Networks ran: {ran}."] if ran else []
        return lines + [f"Mind that {stage} used {file}: {note}." for stage, file, note in notes]

    def _untold(self) -> list[str]:
        if not self.without_fingerprint:
            return []
        return [
            f"Copies at another level or in another codec are not told yet for "
            f"{_files(self.without_fingerprint)}: the next run with all stages does that."
        ]

    def _sorted(self) -> list[tuple[str, int]]:
        return sorted(self.not_done.items())

    def _changes(self) -> list[str]:
        told = {
            "moved or renamed": self.moved,
            "copies of analysed ones": self.copied,
            "with new tags only": self.retagged,
            "whose tags were read anew": self.reread,
            "back again": self.returned,
            "gone since the last run": self.vanished,
        }
        changes = [f"{n} {words}" for words, n in told.items() if n]
        return [f"Files {', '.join(changes)}."] if changes else []

    def _failures(self, library: Path) -> list[str]:
        if not self.failures:
            return []
        lines = ["Failed in this run:"]
        lines += [f"  {shown(path)}: {why}" for path, why in self.failures[:FAILURES_SHOWN]]
        more = len(self.failures) - FAILURES_SHOWN
        lines += [f"  and {more} more."] if more > 0 else []
        listed = shell.module("engine.library", "failures", library)
        lines.append(f"Try again with --retry. All failures: {listed}")
        return lines

    def _missing(self, fill: str) -> list[str]:
        lines = []
        for stage, why in self.missing.items():
            count = self.stages.get(stage, Counter())["model_missing"]
            if count:
                lines.append(f"Missing on {_files(count)}: {GIVES.get(stage, stage)}. {why}")
        lines += self.gaps
        return [*lines, f"To fill what is missing: {fill}"] if lines else []


def _files(count: int) -> str:
    return f"{count:,} file" if count == 1 else f"{count:,} files"
