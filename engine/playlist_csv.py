"""Playlists as tables: CSV with a heading, one row per track, for spreadsheets and scripts.

Source: RFC 4180; UTF-8 with a byte order mark, without which spreadsheets take it for another
encoding. Conventions: seconds as a decimal number, empty where unknown; a path whose bytes are not
UTF-8 is written as a `file:` URI, since one such byte would make the whole table unreadable to most
programs. A text cell that a spreadsheet would run as a formula gets a leading ', and so does one
that begins with a ' itself, so that reading takes away exactly what writing added. Numbers never.
"""

import csv
import io
from collections.abc import Iterable

from engine.playlist import Entry, Written, plain, seconds_of
from engine.playlist_paths import ABSOLUTE, Paths, PlaylistError, located, path_in_cell

HEADING = ("path", "title", "artist", "album", "seconds")
# What spreadsheets take for a formula, or skip before looking for one (OWASP, CSV injection).
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", " ", "'")
_BOM = b"\xef\xbb\xbf"


def table(entries: Iterable[Entry], paths: Paths = ABSOLUTE, name: str = "") -> Written:
    """Write a playlist, with the values of its entries in columns of their own. A table has no
    place for what it is called: `name` is not used, and a title that a file lacks stays empty."""
    entries = list(entries)
    names = list(dict.fromkeys(name for entry in entries for name in entry.values))
    rows, outside = [], []
    for entry in entries:
        place = located(entry.path, paths)
        if place is None:
            outside.append(entry.path)
            continue
        texts = [_text(text) for text in (entry.title, entry.artist, entry.album)]
        values = [_cell(entry.values.get(name)) for name in names]
        rows.append([_guarded(place.cell()), *texts, _cell(seconds_of(entry)), *values])
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows([[*HEADING, *map(_guarded, names)], *rows])
    data = _BOM + file.getvalue().encode("utf-8")
    return Written(data, len(rows), (), tuple(outside))


def _text(text: str | None) -> str:
    return _guarded(plain(text)) if text else ""


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_GUARDED) else text


def _cell(value: float | str | None) -> str:
    """A number with what it needs of its digits, text as text, nothing for what is missing."""
    if value is None or value != value:
        return ""
    return _text(value) if isinstance(value, str) else f"{value:.10g}"


def parse(data: bytes) -> list[Entry]:
    """Read a playlist back: its entries in order, with paths as they were before they were written
    and the text of every further column in `values`. PlaylistError where a column is missing."""
    text = data.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise PlaylistError(f"This is no CSV: {error}.") from error
    if not rows or tuple(rows[0][: len(HEADING)]) != HEADING:
        raise PlaylistError(f"The columns of a playlist begin with {', '.join(HEADING)}.")
    names = [name.removeprefix("'") for name in rows[0][len(HEADING) :]]
    entries = []
    for number, row in enumerate(rows[1:], start=2):
        try:
            entries.append(_entry(row, names))
        except ValueError as error:
            raise PlaylistError(f"There is no track in row {number}: {error}.") from error
    return entries


def _entry(row: list[str], names: list[str]) -> Entry:
    path, title, artist, album = (cell.removeprefix("'") for cell in row[:4])
    seconds = float(row[4]) if row[4] else None
    values = (cell.removeprefix("'") for cell in row[len(HEADING) :])
    shown = dict(zip(names, values, strict=True))
    return Entry(path_in_cell(path), title or None, artist or None, seconds, album or None, shown)
