"""python -m engine.library: look into a library, check it, export its table."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from engine import shell
from engine.library import Coverage, Library
from engine.records import HAS_VALUES, STATUSES
from engine.schema import STAGE_COLUMNS
from engine.storage import FILE_NAME, LibraryError, shown


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well, 1 when something is wrong or was not possible."""
    options = _parser().parse_args(arguments)
    try:
        code = options.command(options)
        sys.stdout.flush()
    except LibraryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:
        # The reader (head, less) has seen enough; what is left goes nowhere, also at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.library", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, purpose in (
        ("status", _status, "what is in the library, and what is missing"),
        ("failures", _failures, "what has no values or was skipped, and why (tab-separated)"),
        ("check", _check, "whether the file is whole and consistent; exit code 1 if not"),
        ("migrate", _migrate, "bring a library of an earlier version up to date"),
        ("export", _export, "write the descriptor table to a .parquet or .csv file"),
    ):
        sub = commands.add_parser(name, help=purpose, description=purpose)
        sub.add_argument("library", type=Path, metavar="LIBRARY", help="folder of the library")
        if name == "export":
            sub.add_argument("out", type=Path, metavar="OUT", nargs="?",
                             default=Path("descriptors.parquet"),
                             help="OUT.parquet or OUT.csv; default: %(default)s")  # fmt: skip
        sub.set_defaults(command=command)
    return parser


def _status(options: argparse.Namespace) -> int:
    library = Library.open(options.library)
    coverage = library.coverage()
    size = (library.path / FILE_NAME).stat().st_size / 1e6
    _say(f"{shown(library.path)}: {coverage.tracks} tracks, {size:.1f} MB")
    if coverage.absent:
        _say(f"{coverage.absent} more whose files are gone")
    for line in [*_stage_lines(coverage), *_column_lines(coverage), *_run_lines(library.meta())]:
        _say(line)
    return 0


def _stage_lines(coverage: Coverage) -> list[str]:
    lines = ["", "Stages"]
    for stage, counts in coverage.stages.items():
        ordered = [f"{status} {counts[status]}" for status in STATUSES if status in counts]
        lines.append(f"  {stage:12} {', '.join(ordered)}")
    return lines if coverage.stages else []


def _column_lines(coverage: Coverage) -> list[str]:
    """How many tracks have each descriptor, and how to fill what is empty."""
    lines = ["", "Descriptors and vectors"]
    for name, count in (coverage.columns | coverage.spaces).items():
        share = count / coverage.tracks if coverage.tracks else 0
        kind = " (vectors)" if name in coverage.spaces else ""
        lines.append(f"  {name + kind:22} {count:8} {share:6.1%}")
    wanting = [stage for stage in coverage.stages if _lacks_a_model(coverage, stage)]
    if wanting:
        lines.append(
            f"  Not everything of {', '.join(wanting)} could be computed; what it needs: "
            f"{shell.module('engine.models', 'list')}"
        )
    return lines


def _lacks_a_model(coverage: Coverage, stage: str) -> bool:
    """Whether tracks wait for a model, or were computed without one for some of the columns."""
    counts = coverage.stages[stage]
    computed = any(counts.get(status) for status in HAS_VALUES)
    empty = not all(coverage.columns[column] for column in STAGE_COLUMNS[stage])
    return bool(counts.get("model_missing")) or (computed and empty)


def _run_lines(meta: dict) -> list[str]:
    """What the runs noted of themselves (engine/run.py): models, and how the last one went."""
    lines = []
    for stage, models in meta.get("models", {}).items():
        for model in models:
            note = f" ({model['note']})" if model["note"] else ""
            lines.append(f"  {stage:12} {model['file']} sha256 {model['sha256'][:12]}…{note}")
    if lines:
        lines = ["", "Models that the values come from", *lines]
    if run := meta.get("last_run"):
        counts = f"{run['found']} found, {run['done_now']} done now, {run['done_before']} before"
        lines += ["", f"Last run: {counts}, in {run['seconds']:.0f} s"]
    return lines


def _failures(options: argparse.Namespace) -> int:
    library = Library.open(options.library)
    ledger = library.ledger()
    failed = ledger[~ledger["status"].isin([*HAS_VALUES, "model_missing"])]
    # Mostly all stages of a track fail together and for one reason: one line then. A dictionary,
    # since pandas cannot group by paths that are not UTF-8.
    stages: dict[tuple[str, str, str], list[str]] = {}
    for row in failed.itertuples():
        stages.setdefault((row.status, row.path, row.error or ""), []).append(row.stage)
    for (status, path, error), names in stages.items():
        _say("\t".join([status, ",".join(names), shown(path), shown(error)]))
    for path, reason in library.skipped():
        _say("\t".join(["skipped", "", shown(path), reason]))
    waiting = set(ledger.loc[ledger["status"] == "model_missing", "id"])
    if waiting:
        _say(f"{len(waiting)} tracks wait for a model: {shell.module('engine.models', 'list')}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from engine.library_check import problems

    found = problems(options.library)
    for problem in found:
        _say(problem)
    if not found:
        _say(f"The library in {shown(options.library)} is whole.")
    return 1 if found else 0


def _migrate(options: argparse.Namespace) -> int:
    if not (options.library / FILE_NAME).is_file():
        raise LibraryError(f"There is no library in {shown(options.library)}.")
    Library.open(options.library, writable=True).close()
    _say(f"The library in {shown(options.library)} is up to date.")
    return 0


def _export(options: argparse.Namespace) -> int:
    from engine.export import ExportError, export

    frame = Library.open(options.library).frame()
    try:
        export(frame, options.out)
    except ExportError as error:
        raise LibraryError(str(error)) from error
    _say(f"{len(frame)} tracks written to {shown(options.out)}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
