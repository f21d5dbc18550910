"""What a worker process does with one file: decode it once, then compute the stages that are due.

Handlers for `engine.supervisor`. Whatever is wrong with a file becomes the status of its stages;
what kills the process is the supervisor's to tell.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from engine import audio, container, schema
from engine.audio import Audio, AudioError
from engine.records import Outcome, Prepared, Tags

MIN_SECONDS = 1.0  # shorter recordings have no tempo, no key and no three networks' patch


@dataclass(frozen=True)
class AnalyserConfig:
    """How to compute the stages. Crosses into the worker, so `load` is importable by name.

    load(plan, threads) gives a callable Audio → stages.StageValues; the heavy imports are in it.
    """

    plans: Mapping[str, object]  # stage → stages.StagePlan, of the stages with their models
    fingerprints: Mapping[str, str]  # stage → fingerprint
    span_s: float | None
    threads: int
    load: Callable


NOTHING_KNOWN = Prepared(None, None, None)


def make_analyser(config: AnalyserConfig) -> Callable:
    """A handler that decodes the file at `path` (bytes) and gives one Outcome per step."""
    return _Analyser(config)


class _Analyser:
    def __init__(self, config: AnalyserConfig):
        self._config = config
        self._stages = {
            name: config.load(plan, config.threads) for name, plan in config.plans.items()
        }
        # What really runs the stage's network, e.g. CUDAExecutionProvider.
        self.about = {
            name: list(getattr(stage, "providers", ())) for name, stage in self._stages.items()
        }

    def __call__(self, path: bytes, steps: tuple[str, ...], report) -> None:
        if not steps:  # nothing but missing models: what the file says of itself is enough
            return _probe(path, steps, report)
        recording, prepared, verdict = _read(path, self._config.span_s)
        report.prepared(prepared, recording.seconds if recording else 0.0)
        for step in steps:
            if verdict:
                report.result(step, replace(verdict, **self._label(step)))
            else:
                report.begin(step)
                report.result(step, self._compute(step, recording))

    def _label(self, step: str) -> dict[str, str]:
        return {"stage": step, "fingerprint": self._config.fingerprints[step]}

    def _compute(self, step: str, recording: Audio) -> Outcome:
        started = time.perf_counter()
        label = self._label(step)
        try:
            computed = self._stages[step](recording)
            remarks = filter(None, (recording.partial, computed.remark))
            outcome = Outcome(
                **label,
                status="partial" if recording.partial else "ok",
                error=" ".join(remarks) or None,
                seconds=time.perf_counter() - started,
                values=computed.values,
                vectors=computed.vectors,
                curves=computed.curves,
                acoustic=computed.acoustic,
            )
            schema.check_outcome(outcome)
        except Exception as error:  # of Essentia, of a network: it costs this stage of this track
            seconds = time.perf_counter() - started
            return Outcome(**label, status="crashed", error=_words(error), seconds=seconds)
        return outcome


def _read(path: bytes, span_s: float | None) -> tuple[Audio | None, Prepared, Outcome | None]:
    """Decode; the third is the outcome of all stages where there is nothing to compute."""
    failed = partial(Outcome, "", "")
    try:
        recording = audio.decode(path, span_s)
    except AudioError as error:
        prepared = Prepared(error.content_hash, error.media, error.tags)
        return None, prepared, failed("unreadable", str(error))
    except Exception as error:  # a decoder's surprise costs one file, not the run
        return None, NOTHING_KNOWN, failed("unreadable", _words(error))
    prepared = Prepared(recording.content_hash, recording.media, recording.tags)
    verdict = None
    if recording.is_silent:
        verdict = failed("silent", "No sample is above -70 dBFS.")
    elif recording.seconds < MIN_SECONDS:
        lasts = f"It lasts {recording.seconds:.2f} s; at least {MIN_SECONDS:g} s are needed."
        verdict = failed("too_short", lasts)
    return recording, prepared, verdict


def make_prober() -> Callable:
    """A handler that reads what a file holds without decoding it; takes no steps."""
    return _probe


def _probe(path: bytes, steps: tuple[str, ...], report) -> None:
    try:
        prepared = Prepared(*audio.probe(path))
    except AudioError as error:
        prepared = Prepared(error.content_hash, error.media, error.tags)
    except Exception:  # as in _read; the run that analyses it will say what is wrong
        prepared = NOTHING_KNOWN
    report.prepared(prepared)


def make_tag_reader() -> Callable:
    """A handler that reads nothing but the tags of a file; takes no steps."""
    return _read_tags


def _read_tags(path: bytes, steps: tuple[str, ...], report) -> None:
    try:
        tags = container.read_tags(path)
    except AudioError as error:
        tags = error.tags if error.tags != Tags() else None  # no tags are no news of such a file
    except Exception:  # as in _read
        tags = None
    report.prepared(Prepared(None, None, tags))


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
