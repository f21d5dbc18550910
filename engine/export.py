"""The descriptor table as a file for other programs: Parquet or CSV."""

import os
import tempfile
from pathlib import Path

import pandas

from engine.schema import TEXT_COLUMNS

# What spreadsheets take for a formula, or skip before looking for one (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")


class ExportError(Exception):
    """One sentence for the user: why there is no file, and what to do."""


def export(frame: pandas.DataFrame, out: Path) -> None:
    """Write a table of Library.frame() to `out`, whose ending names the format.

    The file appears under its name when it is complete. Paths whose bytes are not text are
    written with those bytes as \\udcXX (neither format can hold them). ExportError for another
    ending or when the file cannot be written.
    """
    if out.suffix.lower() not in _WRITERS:
        raise ExportError(f"The name of the table ends in .parquet or .csv, not {out.name!r}.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
        os.close(handle)
        part = Path(name)
        try:
            _WRITERS[out.suffix.lower()](frame, part)
            part.chmod(0o644)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"{out} cannot be written ({error.strerror or error}).") from error


def csv_text(text: str) -> str:
    """Text for a cell of a table: what a spreadsheet would run as a formula gets a leading '."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _write_csv(frame: pandas.DataFrame, part: Path) -> None:
    """RFC 4180: CRLF line ends, so that a lone CR or LF in a tag gets its cell quoted."""
    table = _encodable(frame)
    for column in TEXT_COLUMNS.intersection(table.columns):
        table[column] = table[column].map(csv_text, na_action="ignore")
    table.to_csv(part, lineterminator="\r\n", encoding="utf-8")


def _write_parquet(frame: pandas.DataFrame, part: Path) -> None:
    _encodable(frame).to_parquet(part)


def _encodable(frame: pandas.DataFrame) -> pandas.DataFrame:
    """A copy whose text is valid Unicode, of a text type even where a column is empty."""
    table = frame.copy()
    for column in TEXT_COLUMNS.intersection(table.columns):
        table[column] = table[column].map(_escaped, na_action="ignore").astype("str")
    return table


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


_WRITERS = {".csv": _write_csv, ".parquet": _write_parquet}
