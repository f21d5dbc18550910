"""An uploaded file, analysed on the spot to find what sounds like it, and not added to the library.

Goal: bytes → tags, descriptors and embeddings that may be compared with the library's: an embedding
of other weights than the library's lies in another space, where a cosine means nothing, so it is
refused with a sentence. Safety: a file from anywhere is opened in a supervised process only, which
may crash, hang or swallow memory without harm to the app; it lies in a private temporary folder
while that lasts. One file at a time. This module imports nothing that decodes.
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from engine import recording_groups
from engine.cores import environment, usable_cores
from engine.library import Library
from engine.models import FETCH_COMMAND
from engine.recordings import Recording
from engine.records import HAS_VALUES, Media, Outcome, Tags
from engine.space import Outside
from engine.supervisor import MEMORY_LIMIT, Finished, Supervisor, SupervisorError, Task
from engine.weights import EMBEDDINGS, TITLES, Weights, of_library, of_provenance

MAX_BYTES = 200 * 2**20  # of an uploaded file: twenty minutes of WAV; Streamlit takes no more
# Seconds, and seconds per second of audio: ten times what a slow laptop takes.
DEADLINE = (60.0, 1.0)
STAGES = ("dsp", "fingerprint", "effnet", "musicnn")
FOLDER_PREFIX = "serendip-upload-"
ABANDONED_S = 3600.0  # a folder this old is of an app that was killed: no analysis takes so long
SUFFIX_CHARACTERS = 8
_one_at_a_time = threading.Lock()


class AnalysisError(Exception):
    """One sentence: why nothing is known of the file."""


@dataclass(frozen=True)
class Analysed:
    """What came of a file."""

    name: str  # as it was uploaded
    content_hash: str | None
    tags: Tags
    media: Media
    values: Mapping[str, float | str]  # descriptor column → value
    vectors: Mapping[str, np.ndarray]  # space → float32, only where they may be compared
    gaps: Mapping[str, str]  # space → a sentence: why there is nothing to compare, and what helps
    remarks: tuple[str, ...]  # sentences on how far to trust it
    seconds: float  # that it took
    span_s: float | None  # analysed of a longer file, its middle; None: the library does not say
    # Of the recording that it is; recording_groups.NO_TRACK: of none; None: that cannot be told.
    number: int | None = None

    def outside(self) -> Outside:
        """As a seed."""
        tags = self.tags
        recording = Recording.named(
            self.content_hash, tags.title, tags.artist, self.media.duration_s, tags.album,
            number=self.number,
        )  # fmt: skip
        return Outside(self.vectors, recording, self.name)


@dataclass(frozen=True)
class _Setup:
    """What the process needs to know; crosses into it."""

    weights: Mapping[str, Weights]  # stage → what the library's embeddings were computed with
    span_s: float | None
    folders: tuple[Path, ...]  # of models
    equip: Callable | None  # as engine.equipment.equip, which imports what decodes; None: that


def analyse(
    data: bytes,
    name: str,
    library: Library,
    folders: Sequence[Path] = (),
    *,
    deadline: tuple[float, float] = DEADLINE,
    equip: Callable | None = None,
) -> Analysed:
    """Analyse a file as the library was analysed. Waits while another one is.

    folders: of models, looked at first; then come those in which the models of the library's own
    analysis were found, then the usual places. Raises AnalysisError when the file is too large, no
    audio, silent, too short, or more than a process survives.
    """
    if not data:
        raise AnalysisError("The file is empty.")
    if len(data) > MAX_BYTES:
        raise AnalysisError(
            f"The file has {len(data) / 2**20:,.0f} MB; at most {MAX_BYTES >> 20} MB are taken."
        )
    started, weights = time.monotonic(), of_library(library)
    span_s = next((known.span_s for known in weights.values()), None)
    setup = _Setup(weights, span_s, (*folders, *_noted_folders(library)), equip)
    with _one_at_a_time, _private_file(data, name) as path:
        done = _supervised(setup, path, deadline)
    acoustic = done.results["fingerprint"].acoustic if "fingerprint" in done.results else None
    number = recording_groups.find(library, acoustic) if acoustic else None
    return replace(_analysed(name, done, time.monotonic() - started, span_s), number=number)


def _noted_folders(library: Library) -> list[Path]:
    """Where the models of its embeddings were, without those of libraries that do not say."""
    noted = library.meta().get("models", {})
    found = [model.get("folder") for stage in EMBEDDINGS for model in noted.get(stage, [])]
    return [Path(folder) for folder in dict.fromkeys(filter(None, found))]


def _supervised(setup: _Setup, path: Path, deadline: tuple[float, float]) -> Finished:
    supervisor = Supervisor(
        partial(_make_handler, setup),
        1,
        memory_limit=MEMORY_LIMIT,
        deadline=deadline,
        env=environment(usable_cores()),
    )
    task = Task("upload", bytes(path), STAGES)
    try:
        with closing(supervisor.run([task])) as answers:
            return next(answers)
    except SupervisorError as error:
        raise AnalysisError(f"The analysis could not begin. {error}") from error


def _analysed(name: str, done: Finished, seconds: float, span_s: float | None) -> Analysed:
    """Sort what the process told. Raises AnalysisError when it is nothing."""
    outcomes: dict[str, Outcome] = dict(done.results)
    for stage, failure in done.failures.items():
        what = {"timeout": "took too long", "crashed": "crashed"}[failure.kind]
        why = f"The analysis {what} on this file ({failure.message})."
        outcomes[stage] = Outcome(stage, "", failure.kind, why)
    good = [outcome for outcome in outcomes.values() if outcome.status in HAS_VALUES]
    if not good or done.prepared is None or done.prepared.media is None:
        raise AnalysisError(_worst(outcomes))
    gaps = {
        EMBEDDINGS[stage]: outcome.error or f"The analysis failed: {outcome.status}."
        for stage, outcome in outcomes.items()
        if stage in EMBEDDINGS and outcome not in good
    }
    return Analysed(
        name=name,
        content_hash=done.prepared.content_hash,
        tags=done.prepared.tags or Tags(),
        media=done.prepared.media,
        values={key: value for outcome in good for key, value in outcome.values.items()},
        vectors={key: value for outcome in good for key, value in outcome.vectors.items()},
        gaps=gaps,
        remarks=tuple(dict.fromkeys(outcome.error for outcome in good if outcome.error)),
        seconds=seconds,
        span_s=span_s,
    )


def _worst(outcomes: Mapping[str, Outcome]) -> str:
    """What the file did, rather than which models are missing."""
    told = sorted(outcomes.values(), key=lambda outcome: outcome.status == "model_missing")
    return next((outcome.error for outcome in told if outcome.error), "Nothing came of this file.")


@contextmanager
def _private_file(data: bytes, name: str) -> Iterator[Path]:
    """The bytes as a file that nobody else can read, gone afterwards. Raises AnalysisError."""
    _remove_abandoned()
    # Some formats are known by their extension only; nothing else of the name is used.
    letters = [letter for letter in Path(name).suffix if letter.isascii() and letter.isalnum()]
    suffix = "." + "".join(letters[:SUFFIX_CHARACTERS]) if letters else ""
    try:
        folder = tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX)
    except OSError as error:
        raise AnalysisError(f"There is no temporary folder: {error.strerror}.") from error
    with folder:
        path = Path(folder.name) / f"upload{suffix}"
        try:
            path.write_bytes(data)
        except OSError as error:
            raise AnalysisError(
                f"The file cannot be kept while it is analysed: {error.strerror}."
            ) from error
        yield path


def _remove_abandoned() -> None:
    """What an app that was killed left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):  # gone, or another user's
            if time.time() - folder.lstat().st_mtime > ABANDONED_S:
                shutil.rmtree(folder)


def _make_handler(setup: _Setup) -> Callable:
    """In the process: what computes."""
    return _OnTheSpot(setup)


@dataclass
class _OnTheSpot:
    """A handler for engine.supervisor: the stages that can be compared, and why others cannot."""

    setup: _Setup
    refusals: dict[str, str] = field(default_factory=dict)  # stage → a sentence

    def __post_init__(self) -> None:
        from engine import equipment, worker

        equip = self.setup.equip or equipment.equip
        plans, load = {}, None
        for stage in STAGES:
            found = _plan(stage, self.setup, equip)
            if isinstance(found, str):
                self.refusals[stage] = found
            else:
                plans[stage], load = found
        config = worker.AnalyserConfig(
            plans=plans,
            fingerprints=dict.fromkeys(plans, ""),
            span_s=self.setup.span_s,
            threads=usable_cores(),
            load=load,
        )
        self.plans = plans
        self.analyser = worker.make_analyser(config)

    def __call__(self, path: bytes, steps: tuple[str, ...], report) -> None:
        for step in steps:
            if step in self.refusals:
                report.result(step, Outcome(step, "", "model_missing", self.refusals[step]))
        self.analyser(path, tuple(step for step in steps if step in self.plans), report)


def _plan(stage: str, setup: _Setup, equip: Callable) -> tuple[object, Callable] | str:
    """How to compute a stage, and with what; or a sentence: why it could not be compared."""
    from engine.equipment import provenance

    ours, theirs = setup.weights.get(stage), None
    if stage in EMBEDDINGS and ours is None:
        return (
            f"The library does not say with which model its {TITLES[stage]} embeddings were made, "
            "or has none: analyse your music again."
        )
    # Unpublished files, too: if the library was made with one, whoever did so accepted it.
    for accept_unpinned in (False, True):
        equipment = equip((stage,), setup.folders, accept_unpinned)
        plan = equipment.plans[stage]
        if plan.missing:
            continue
        if stage not in EMBEDDINGS:
            return plan, equipment.load
        theirs = of_provenance(stage, provenance(plan, setup.span_s))
        if theirs == ours:
            return plan, equipment.load
    if theirs is None:
        return f"{plan.missing} Get it with: {FETCH_COMMAND}"
    return (
        f"The library's {TITLES[stage]} embeddings were made with other weights ({ours.name}) than "
        f"the model file found here has ({theirs.name}): they cannot be compared. Bring back that "
        "file, or analyse the library again with precompute.py."
    )
