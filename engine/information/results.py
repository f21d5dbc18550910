"""The folder of results: a CSV for each recording, and recordings.csv, which says whose it is.

Conventions: a CSV has the name of its recording, within the folders where that was found; where
two recordings would share one, the later one's is longer. Files of other origin are never written
over, those of the same recording are. Files appear when they are complete. recordings.csv has a
row for each result, the last one counts; its paths may hold bytes that are not UTF-8.
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


class ResultsError(Exception):
    """One sentence for the user: why results cannot be kept there, and what to do."""


class Results:
    """A folder, made where it is absent. Raises ResultsError and OSError."""

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._index = folder / INDEX
        self._owners = self._read()  # of a CSV's folded name: the recording

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
        """The CSV, then its row in the index."""
        with appearing(target) as unfinished:
            curve.write_csv(unfinished)
        # "./", since a spreadsheet takes a cell that begins with "=" for a formula.
        name = f"./{target.relative_to(self._folder).as_posix()}"
        mean = curve.mean()
        said = "nan" if mean is None else round(mean, 4)
        self._append([name, recording.path, model, curve.levels[0], said])

    def _append(self, *rows: list) -> None:
        with self._index.open("a", newline="", encoding="utf-8", errors="surrogateescape") as file:
            csv.writer(file).writerows(rows)

    def _read(self) -> dict[str, str]:
        if not self._index.exists() or self._index.stat().st_size == 0:
            self._append(list(COLUMNS))
            return {}
        with self._index.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            heads, *rows = csv.reader(file)
        if not self._index.read_bytes().endswith(b"\n"):
            self._append([])  # ends a row that was not finished
        if tuple(heads) != COLUMNS:
            raise ResultsError(
                f"{shown(self._index)} is another program's: choose another --output_dir."
            )
        # A row that was not finished is no row: its CSV is written again.
        whole = [row for row in rows if len(row) == len(COLUMNS)]
        return {_folded(row[0].removeprefix("./")): row[1] for row in whole}


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
