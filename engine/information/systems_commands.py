"""python -m engine.information.systems: the models of information content, and how to get them."""

import argparse
import sys
from collections.abc import Sequence

from engine.information import systems


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well, 1 when a file could not be fetched."""
    parser = argparse.ArgumentParser(prog="python -m engine.information.systems")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    commands.add_parser("list", help="every model: what it needs, and where that is")
    fetching = commands.add_parser("fetch", help="download the weights of a published model")
    names = tuple(systems.PUBLISHED)
    fetching.add_argument("system", choices=names, nargs="?", default=systems.PA_FLOW)
    options = parser.parse_args(arguments)
    if options.command == "list":
        _list()
        return 0
    try:
        for place in systems.fetch(options.system):
            _say(str(place))
    except systems.SystemsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _list() -> None:
    _say(f"{systems.RESIDENT:10} {systems.SHIPPED}")
    for system, files in systems.PUBLISHED.items():
        for file in files:
            place, why = systems.find(file)
            _say(f"{system:10} {place or why} ({file.licence})")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
