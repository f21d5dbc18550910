"""python -m engine.models: which model files are there, and download those that are not."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from engine import models
from engine.model_fetch import fetch
from engine.models import MODELS, ModelError, ModelFile


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well, 1 when a file could not be fetched."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.models", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="every model file: where it is, what it gives")
    listing.set_defaults(command=_list)
    fetching = commands.add_parser("fetch", help="download what is missing, or the files named")
    fetching.add_argument("keys", nargs="*", metavar="FILE", help="names of the first column")
    fetching.set_defaults(command=_fetch)
    for sub in (listing, fetching):
        sub.add_argument(
            "--models",
            action="append",
            default=[],
            type=Path,
            metavar="DIR",
            help="a folder with model files, looked at first; fetch writes into the first one",
        )
    return parser


def _list(options: argparse.Namespace) -> int:
    for model in MODELS.values():
        _say(f"{model.key:20} {model.filename} ({model.licence})")
        _say(f"{'':20} {model.what}")
        if model.gives:
            _say(f"{'':20} gives {', '.join(model.gives)}")
        _say(f"{'':20} {_state(model, options.models)}")
    if absent := models.missing(options.models):
        _say(f"\nMissing: {', '.join(absent)}. Download them with: {models.FETCH_COMMAND}")
        if any(MODELS[key].package for other in absent for key in models.alternatives(other)):
            _say(f"MusiCNN also comes from the package registry: {models.WEIGHTS_COMMAND}")
    return 0


def _state(model: ModelFile, dirs: Sequence[Path]) -> str:
    found = models.find(model.key, dirs)
    if found is None:
        refused = models.explain(model.key, dirs)
        if not refused.startswith(model.filename):
            return f"WRONG: {refused}"
        serves = f"; can serve for {model.instead_of}" if model.instead_of else ""
        return f"missing{serves}"
    verdict = "verified" if found.note is None else f"STAND-IN, {found.note}"
    return f"{verdict}: {found.path} ({found.source})"


def _fetch(options: argparse.Namespace) -> int:
    if unknown := [key for key in options.keys if key not in MODELS]:
        raise ModelError(f"There is no model file {', '.join(unknown)}; see the command list.")
    keys = options.keys or models.missing(options.models)
    dest = options.models[0] if options.models else models.cache_folder()
    if not keys:
        _say("Every model file is there.")
        return 0
    for key in keys:
        _say(f"{MODELS[key].filename} ({MODELS[key].licence}) → {dest}")
    fetch(keys, dest)
    _say(f"{len(keys)} files fetched and verified.")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
