"""Analyse folders of music into a library: python precompute.py MUSIC_DIR [MUSIC_DIR ...]

Finds audio recursively, decodes each file once, computes the descriptors that are not in the
library yet and records them. Run it again at any time: what is unchanged is not computed again,
and a run that was interrupted goes on where it stopped.
"""

from engine.stopping import INTERRUPTED, end_on_ctrl_c, raise_on_ctrl_c, stopped_by_signals

if __name__ == "__main__":  # while the modules are loaded, too
    end_on_ctrl_c("Interrupted before anything was done.")

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from engine import filling, stages
from engine.audio import CAP_SECONDS
from engine.console import Console, Forgiving
from engine.cores import usable_cores
from engine.equipment import equip, fetch_missing, noted_information
from engine.information import systems
from engine.information.stage import Wish, noises
from engine.information.systems import AUTO, SYSTEMS, SystemsError
from engine.library import LibraryError
from engine.run import Run, Settings
from engine.scan import RunError
from engine.storage import shown
from engine.supervisor import SupervisorError

CANNOT_RUN = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 with --strict and failed tracks, 2 when it cannot run, 130 on Ctrl-C."""
    _prepare_streams()
    options = _parser().parse_args(arguments)
    console = Console(sys.stderr)
    try:
        settings = _settings(options)
        run = Run(settings, console)
    except (RunError, LibraryError, SystemsError) as error:
        return _refuse(error)
    raise_on_ctrl_c()  # from here on, "before anything was done" would be wrong
    with stopped_by_signals(run.stop) as signals:
        return _execute(run, console, options, signals)


def _execute(
    run: Run, console: Console, options: argparse.Namespace, signals: Sequence[int]
) -> int:
    try:
        summary = run.execute()
    except (RunError, LibraryError, SupervisorError) as error:
        console.close()
        if run.summary.now:
            _say(f"Files recorded before this: {run.summary.now.total()}.")
        return _refuse(error)
    finally:
        console.close()
    lines = summary.lines(options.library, filling.command(_filling(options)))
    told = _print([*lines, json.dumps(summary.as_json())] if options.json else lines)
    if signals:
        return INTERRUPTED + signals[0]
    if not told:
        return CANNOT_RUN
    return 1 if options.strict and summary.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="precompute.py", description=__doc__.partition("\n\n")[2].strip()
    )
    add = parser.add_argument
    add("music", metavar="MUSIC_DIR", nargs="+", type=Path, help="folder (or file) of music")
    add("--library", metavar="DIR", type=Path, default=Path("library"), help="default: library")
    add("--models", metavar="DIR", action="append", type=Path, default=[],
        help="folder with model files; may be given several times")  # fmt: skip
    add("--workers", metavar="N", type=_positive, default=usable_cores(),
        help="processes that analyse; default: all cores")  # fmt: skip
    add("--stages", metavar="A,B", type=_stage_names, default=tuple(stages.STAGES),
        help=f"what to compute; default: {','.join(stages.STAGES)}")  # fmt: skip
    add("--span", metavar="SECONDS", type=_seconds, default=None,
        help=f"analyse a central excerpt of longer files; default: {CAP_SECONDS:g}")  # fmt: skip
    add("--ic-model", metavar="MODEL", default=AUTO,
        help=f"of information content: {', '.join(SYSTEMS)}, or a file of your own training; "
        "default: that of the library, else the best at hand")  # fmt: skip
    add("--device", default=AUTO,
        help="on which it runs: cpu, cuda, cuda:1 …; default: a GPU if there is one")  # fmt: skip
    add("--ic-noise-levels", metavar="A,B", type=_noise_levels, default=None,
        help="each gives a curve, the first one the mean; default: 0.0")  # fmt: skip
    add("--keep-latents", action="store_true",
        help="keep Music2Latent's latents in the library, for other models")  # fmt: skip
    add("--retry", action="store_true", help="try failed files again")
    add("--limit", metavar="N", type=_positive, help="analyse at most N files in this run")
    add("--strict", action="store_true", help="exit with 1 if any file failed")
    add("--json", action="store_true", help="print a JSON object as the last line")
    add("--accept-unpinned", action="store_true",
        help="use model files that are not the published ones")  # fmt: skip
    downloads = parser.add_mutually_exclusive_group()
    downloads.add_argument("--fetch", action="store_true",
        help="download missing models, also when there is no new file")  # fmt: skip
    downloads.add_argument("--no-fetch", action="store_true",
        help="do not download missing models")  # fmt: skip
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= CAP_SECONDS:
        raise argparse.ArgumentTypeError(
            f"from 1 to {CAP_SECONDS:g} seconds: no more than that is analysed of any file"
        )
    return seconds


def _noise_levels(text: str) -> tuple[float, ...]:
    try:
        return noises(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; write for example 0.0,0.5") from error


def _stage_names(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    strange = [name for name in names if name not in stages.STAGES]
    if strange or not names:
        what = f"no stage {', '.join(strange)}" if strange else "name at least one"
        raise argparse.ArgumentTypeError(f"{what}; there are {', '.join(stages.STAGES)}")
    return tuple(name for name in stages.STAGES if name in names)


def _settings(options: argparse.Namespace) -> Settings:
    for folder in options.models:
        if not folder.is_dir():
            raise RunError(f"There is no folder {shown(folder)} of models; check --models.")
    if "information" in options.stages:
        _get_model(options)
    wish = Wish(
        options.ic_model,
        options.device,
        options.ic_noise_levels,
        options.library.absolute() if options.keep_latents else None,
        noted_information(options.library),
    )
    what = options.stages, options.models, options.accept_unpinned, wish
    return Settings(
        roots=options.music,
        library=options.library,
        equipment=equip(*what),
        workers=options.workers,
        span_s=options.span,
        retry=options.retry,
        limit=options.limit,
        fetch=None if options.no_fetch else lambda: fetch_missing(*what, _say),
        fetch_first=options.fetch,
    )


def _filling(options: argparse.Namespace) -> list[str]:
    """What fills the gaps that this run leaves."""
    every = options.stages == tuple(stages.STAGES)
    return filling.arguments(
        options.music,
        options.library,
        span_s=options.span,
        models=options.models,
        accept_unpinned=options.accept_unpinned,
        stages=() if every else options.stages,
    )


def _get_model(options: argparse.Namespace) -> None:
    """Download the model that was asked for by name. Raises SystemsError where it cannot be had."""
    if options.ic_model not in systems.PUBLISHED:
        return
    try:
        systems.choose(options.ic_model, options.device, options.models)
    except systems.MissingWeights:
        if options.no_fetch:
            raise
        _say(f"Downloading the weights of {options.ic_model}")
        systems.fetch(options.ic_model, options.models)


def _prepare_streams() -> None:
    """Let no stream end the run: in ASCII, closed, or on a full disk."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - until the end
        getattr(sys, name).reconfigure(errors="backslashreplace")
    sys.stderr = Forgiving(sys.stderr)


def _print(lines: Sequence[str]) -> bool:
    """Print to standard output; False, and said so, if it cannot be written."""
    try:
        print("\n".join(lines), flush=True)
    except OSError as error:
        # What is still in the buffer would fail once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _say(f"The analysis is recorded, but the summary cannot be printed: {error.strerror}.")
        return False
    return True


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _refuse(error: Exception) -> int:
    _say(str(error))
    return CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main())
