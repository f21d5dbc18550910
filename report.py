"""Describe a library: python report.py [--library DIR] [--out DIR]

Writes one page that opens offline in any browser (report.html), the same as text (report.md),
every table (tables/*.tsv) and every figure (figures/*.png, *.tsv). The library is only read.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from engine import shell
from engine.library import Library, LibraryError
from engine.storage import shown

CANNOT_RUN = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 2 when there is nothing to describe or nowhere to write."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    # Here, so that --help and a wrong folder are answered at once.
    from engine import report, report_source
    from engine.report_files import ReportError, write
    from engine.report_text import count

    try:
        source = report_source.read(Library.open(options.library))
        if source.frame.empty and not source.valueless:
            return _refuse(
                f"The library in {shown(options.library)} has no tracks yet; fill it with: "
                f"{shell.program('precompute.py', 'MUSIC_DIR', '--library', options.library)}"
            )
        page = write(report.report(source), options.out or options.library / "report")
    except (LibraryError, ReportError) as error:
        return _refuse(str(error))
    print(f"{count(len(source.frame))} described in {shown(page.absolute())}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="report.py",
        description=__doc__.partition("\n\n")[2].strip(),
        epilog="Exit status: 0, or 2 when there is nothing to describe or nowhere to write.",
    )
    parser.add_argument(
        "--library",
        metavar="DIR",
        type=Path,
        default=Path(os.environ.get("SERENDIP_LIBRARY") or "library"),
        help="default: $SERENDIP_LIBRARY, else library",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="folder for the files, made if absent; default: LIBRARY/report",
    )
    return parser


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main())
