"""The folder of results: a CSV for each recording, and recordings.csv, which says whose it is.

Conventions: a CSV has the name of its recording, within the folders where that was found; where
two recordings would share one, the later one's is longer. Files of other origin are never written
over, those of the same recording are; pictures of values that are gone go, too. Files appear when
they are complete. recordings.csv has a row for each CSV (were there several, the last one counts);
its paths may hold bytes that are not UTF-8.
"""
# Names are text with surrogate escapes.
# ruff: noqa: PTH122

import csv
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from engine.information.curve import Curve
from engine.information.inputs import Recording
from engine.storage import shown

INDEX = "recordings.csv"
COLUMNS = ("csv", "recording", "model", "noise_level", "ic_mean")
SUFFIX = ".csv"
BESIDE = (".html", ".png")  # what may lie beside a CSV and belong to it
LONGEST = 200  # bytes of a name, which file systems limit to 255
_AS_CSV = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}


class ResultsError(Exception):
    """One sentence for the user: why results cannot be kept there, and what to do."""


class Results:
    """A folder, made where it is absent. Raises ResultsError and OSError."""

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._index = folder / INDEX
        self._rows = {_folded(row[0].removeprefix("./")): row for row in self._read()}
        self._owners = {name: row[1] for name, row in self._rows.items()}  # of a CSV: the recording

    def target(self, recording: Recording) -> Path:
        """Where the CSV of a recording goes; nobody else gets that name."""
        for name in _names(recording.name):
            owner = self._owners.get(_folded(name))
            path = self._folder / name
            if owner is None and _folded(name) != INDEX and not _is_taken(path):
                self._owners[_folded(name)] = owner = recording.path
            if owner == recording.path:
                return path
        raise AssertionError("names have no end")

    def write(self, recording: Recording, target: Path, curve: Curve, model: str) -> None:
        """The CSV, then its row in the index. Pictures of what it had before are removed."""
        # "./", since a spreadsheet takes a cell that begins with "=" for a formula.
        name = f"./{target.relative_to(self._folder).as_posix()}"
        mean = curve.mean()
        said = "nan" if mean is None else round(mean, 4)
        row = [name, recording.path, model, str(curve.levels[0]), str(said)]
        before = self._rows.get(_folded(name.removeprefix("./")))
        with appearing(target) as unfinished:
            curve.write_csv(unfinished)
            if before is not None and not (before == row and _equal(unfinished, target)):
                for suffix in BESIDE:
                    target.with_suffix(suffix).unlink(missing_ok=True)
        if before is None:
            self._append(row)
        elif before != row:
            self._replace(row)
        self._rows[_folded(name.removeprefix("./"))] = row

    def _append(self, *rows: list[str]) -> None:
        with self._index.open("a", **_AS_CSV) as file:
            csv.writer(file).writerows(rows)

    def _replace(self, row: list[str]) -> None:
        """In the file as it is now: another command may have added to it meanwhile."""
        others = [one for one in self._read() if _folded(one[0]) != _folded(row[0])]
        with appearing(self._index) as unfinished, unfinished.open("w", **_AS_CSV) as file:
            csv.writer(file).writerows([COLUMNS, *others, row])

    def _read(self) -> list[list[str]]:
        """The rows of the index; what another program wrote is refused as it is."""
        if not self._index.exists() or self._index.stat().st_size == 0:
            self._append(list(COLUMNS))
            return []
        try:
            with self._index.open(**_AS_CSV) as file:
                heads, *rows = csv.reader(file)
        except csv.Error:
            heads = []
        if tuple(heads) != COLUMNS:
            raise ResultsError(
                f"{shown(self._index)} is another program's: choose another --output_dir."
            )
        if not self._index.read_bytes().endswith(b"\n"):
            self._append([])  # ends a row that was not finished
        # A row that was not finished is no row: its CSV is written again.
        return [row for row in rows if len(row) == len(COLUMNS)]


def _equal(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def _names(name: str) -> Iterator[str]:
    """song.csv, song.mp3.csv, song (2).csv, song (3).csv …"""
    folder, _, last = name.rpartition("/")
    last = os.fsdecode(os.fsencode(last)[:LONGEST])
    stem = os.path.splitext(last)[0]
    within = f"{folder}/" if folder else ""
    yield f"{within}{stem}{SUFFIX}"
    yield f"{within}{last}{SUFFIX}"
    for number in count(2):
        yield f"{within}{stem} ({number}){SUFFIX}"


def _folded(name: str) -> str:
    """Equal for names that some file systems do not tell apart."""
    return name.casefold()


def _is_taken(path: Path) -> bool:
    return any(path.with_suffix(suffix).exists() for suffix in (SUFFIX, *BESIDE))


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A path to write to; the file then takes its name, or nothing is left of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".ic-", suffix=".part", dir=target.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o644)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
