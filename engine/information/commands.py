"""What `python -m engine.information` does: decode, predict, write, and tell.

The next recordings are decoded in a thread while those before them are computed. What fails with
one recording is told at the end and the others go on; what is done stays done.
"""

import logging
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from engine import audio
from engine.audio import Audio, AudioError
from engine.console import Console
from engine.information import systems
from engine.information.inputs import Recording, recordings
from engine.information.options import CPU_BATCH, GPU_BATCH, PRESETS, OptionsError, parse
from engine.information.results import BESIDE, Results, ResultsError, appearing
from engine.storage import shown

if TYPE_CHECKING:
    from jsonargparse import Namespace

    from engine.information.analysis import Analyst
    from engine.information.curve import Curve
    from engine.information.model import Noise

FAILED, CANNOT_RUN, INTERRUPTED = 1, 2, 130

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 if a recording failed, 2 when nothing could be begun, 130 on Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # in a notebook it is no file
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    run = None
    try:
        run = _begin(parse(arguments))
        run.execute()
    except KeyboardInterrupt:
        return _end(run, INTERRUPTED, "Interrupted.")
    except (OptionsError, systems.SystemsError, ResultsError) as error:
        return _end(run, CANNOT_RUN, str(error))
    except OSError as error:  # of the folder of results: its disk is full, or it may not be written
        return _end(run, CANNOT_RUN, f"The results cannot be written: {error}.")
    return _end(run, FAILED if run.problems else 0)


def _end(run: "_Run | None", status: int, why: str = "") -> int:
    """Say what there is to say, on stderr."""
    if run is not None:
        run.console.close()
        for line in (*run.remarks, *run.problems):
            _say(line)
    if why:
        _say(why)
    if run is not None:
        files = "1 curve" if run.done == 1 else f"{run.done} curves"
        failed = f"; {len(run.problems)} failed" if run.problems else ""
        _say(f"{files} in {shown(run.folder)}{failed}.")
    return status


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the command


def _begin(options: "Namespace") -> "_Run":
    """Check all that can be checked before the first recording. Raises what main meets."""
    found, problems = recordings(options.audio)
    if not found:
        raise OptionsError("\n".join(problems))
    chosen = systems.choose(options.model, options.device, options.weights)
    _say(chosen.why)
    analyst, noise = _model(options, chosen)
    folder = Path(options.output_dir)
    results = Results(folder)
    targets = [(recording, results.target(recording)) for recording in found]
    if options.plot:
        from engine.information import plot  # noqa: F401 - a second, and better before than after
    return _Run(options, chosen, analyst, noise, folder, results, targets, problems)


def _model(options: "Namespace", chosen: systems.Chosen) -> tuple["Analyst", "Noise"]:
    """Raises OptionsError and SystemsError."""
    from engine.information.checkpoints import CheckpointError
    from engine.information.integration import integration
    from engine.information.model import Noise

    asked = options.integration_params
    try:
        noise = Noise(
            tuple(options.noise_levels), options.monte_carlo_samples, options.noise_from_expectation
        )
        solving = integration(
            options.integration,
            asked.n_runs,
            asked.solver,
            asked.solver_kwargs,
            on_sphere=chosen.system == systems.PA_FLOW,
        )
        analyst = systems.load(chosen, solving, seed=options.seed)
        _refuse_idle(options, analyst.has_closed_form)
        analyst.curves([], noise, options.audio_type)  # whether the model has these noise levels
    except CheckpointError as error:
        raise systems.SystemsError(str(error)) from error
    except ValueError as error:
        raise OptionsError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    return analyst, noise


def _refuse_idle(options: "Namespace", has_closed_form: bool) -> None:
    """Raises OptionsError for options that would change nothing."""
    of_noise = {
        "--monte_carlo_samples": options.monte_carlo_samples is not None,
        "--noise_from_expectation false": not options.noise_from_expectation,
    }
    of_flows = {
        f"--integration {options.integration}": options.integration != PRESETS[0],
        "--integration_params": any(vars(options.integration_params).values()),
        **of_noise,
    }
    without_noise = options.noise_levels == [0.0]
    for idle, why in (
        (
            of_flows if has_closed_form else {},
            "this model is a mixture, whose IC has a closed form",
        ),
        (of_noise if without_noise else {}, "there is no noise at level 0.0"),
    ):
        if names := [name for name, is_given in idle.items() if is_given]:
            raise OptionsError(f"{', '.join(names)} would change nothing: {why}.")


@dataclass
class _Run:
    """Recordings that are being turned into curves."""

    options: "Namespace"
    chosen: systems.Chosen
    analyst: "Analyst"
    noise: "Noise"
    folder: Path
    results: Results
    targets: list[tuple[Recording, Path]]
    problems: list[str]  # a sentence for each failure
    remarks: list[str] = field(default_factory=list)  # on what did not fail
    console: Console = field(default_factory=lambda: Console(sys.stderr))
    done: int = 0

    def execute(self) -> None:
        """Raises OSError when results cannot be written."""
        self.console.phase("Information content", len(self.targets))
        batch = self.options.bz or (CPU_BATCH if self.chosen.device == "cpu" else GPU_BATCH)
        with closing(_decoded(self.targets, self.options.seconds, batch)) as decoded:
            while several := list(islice(decoded, batch)):
                sounds = []
                for recording, target, sound in several:
                    if isinstance(sound, Audio):
                        sounds.append((recording, target, sound))
                    else:
                        self._fail(recording, sound)
                self._compute(sounds)

    def _compute(self, batch: list[tuple[Recording, Path, Audio]]) -> None:
        """What fails together, such as for want of memory, is tried one by one."""
        try:
            curves = self.analyst.curves(
                [sound for _, _, sound in batch],
                self.noise,
                self.options.audio_type,
                self.options.vmap_chunk_size,
            )
        # torch raises the last two; what was wrong with the options was met at the start.
        except (ArithmeticError, ValueError, MemoryError, RuntimeError) as error:
            if len(batch) == 1:
                self._fail(batch[0][0], error)
                return
            for one in batch:
                self._compute([one])
            return
        for (recording, target, sound), curve in zip(batch, curves, strict=True):
            self._keep(recording, target, sound, curve)

    def _keep(self, recording: Recording, target: Path, sound: Audio, curve: "Curve") -> None:
        self.results.write(recording, target, curve, self.chosen.name)
        if self.options.plot:
            self._draw(recording, target, sound, curve)
        self.remarks += [f"{shown(recording.path)}: {text}" for text in _remarks(sound, curve)]
        self.done += 1
        self.console.advance()

    def _draw(self, recording: Recording, target: Path, sound: Audio, curve: "Curve") -> None:
        from engine.information import plot

        drawing = plot.drawing(sound, curve, _title(recording, sound), self.chosen.name)
        picture = plot.figure_png(drawing)
        page = plot.figure_html(drawing, picture).encode()
        for suffix, content in zip(BESIDE, (page, picture), strict=True):
            with appearing(target.with_suffix(suffix)) as unfinished:
                unfinished.write_bytes(content)

    def _fail(self, recording: Recording, error: Exception) -> None:
        why = next(iter(str(error).splitlines()), "") or type(error).__name__
        self.problems.append(f"{shown(recording.path)}: {why.rstrip('.')}.")
        self.console.advance(failed=True)


def _title(recording: Recording, sound: Audio) -> str:
    """Of the tags; else the file's name and its folder's, as some are all called song.ogg."""
    if sound.tags.title:
        return " – ".join(filter(None, (sound.tags.artist, sound.tags.title)))
    return "/".join(recording.path.split("/")[-2:])


def _remarks(sound: Audio, curve: "Curve") -> Iterator[str]:
    """Sentences on what a user may not expect of a curve."""
    length = sound.media.duration_s
    start, end = sound.excerpt
    if length and length - (end - start) > 1 and not sound.partial:
        yield f"of its {length:.0f} s, the {end - start:.0f} s from {start:.0f} s on (--seconds)."
    if sound.partial:
        yield sound.partial
    if curve.mean() is None:
        yield "it is silent or too short, so that no frame has a value."


def _decoded(
    targets: Sequence[tuple[Recording, Path]], seconds: float, ahead: int
) -> Iterator[tuple[Recording, Path, Audio | Exception]]:
    """In order; so many recordings are decoded before they are asked for."""
    waiting: deque[tuple[Recording, Path, Future]] = deque()
    pool = ThreadPoolExecutor(1)
    try:
        for recording, target in targets:
            waiting.append((recording, target, pool.submit(_decode, recording.path, seconds)))
            if len(waiting) > ahead:
                first = waiting.popleft()
                yield first[0], first[1], first[2].result()
        while waiting:
            first = waiting.popleft()
            yield first[0], first[1], first[2].result()
    finally:
        pool.shutdown(cancel_futures=True)


def _decode(path: str, seconds: float) -> Audio | Exception:
    """Mono: half the memory. Failures are results: they concern one recording."""
    try:
        sound = audio.decode(path, cap_s=seconds)
    except (AudioError, OSError, MemoryError) as error:
        return error
    return replace(sound, samples=sound.mono()[:, None])
