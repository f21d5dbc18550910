"""Which tracks of a library are one recording, by their acoustic fingerprints.

Goal: each track with a fingerprint has the number of its recording, kept in the library. What came
new is compared with all: candidates by sketch (a matrix product; tracks of about the same length
only), each of which is then looked at in full. Conventions: a number that a track has stays, unless
two groups turn out to be one: then the lower number stays. Through a third one, tracks are one
recording, too. No number comes back for another recording while a track has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from engine.fingerprint_match import OVERLAP, SKETCHES_ALIKE, as_long, is_copy, signs_of
from engine.library import Library
from engine.records import Fingerprint

if TYPE_CHECKING:  # the apps never write
    from engine.writer import Writer

NO_TRACK = 0  # the number of a recording that no track of the library is
ROWS, COLUMNS = 256, 16_384  # of the cosines that are held at once: 16 MB
HELD = 512  # fingerprints that are kept at hand: 4 MB


class _Sketches:
    """What candidates are found by, in order of length."""

    def __init__(self, library: Library) -> None:
        self.ids, self.frames, sketches = library.sketches()
        self.units = sketches.astype(np.float32)
        self.units /= np.maximum(np.linalg.norm(self.units, axis=1, keepdims=True), 1)

    def near(self, rows: np.ndarray) -> Iterator[tuple[int, int]]:
        """(row, other): candidates of rows (ascending) among all, each pair of `rows` once."""
        asked = np.zeros(len(self.ids), bool)
        asked[rows] = True
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            low, high = self.of_length(self.frames[part[0]], self.frames[part[-1]])
            for first in range(low, high, COLUMNS):
                last = min(first + COLUMNS, high)
                cosines = self.units[part] @ self.units[first:last].T
                for place, column in np.argwhere(cosines >= SKETCHES_ALIKE).tolist():
                    row, other = int(part[place]), first + column
                    twice = asked[other] and other >= row
                    if not twice and as_long(int(self.frames[row]), int(self.frames[other])):
                        yield row, other

    def of_length(self, shortest: int, longest: int) -> tuple[int, int]:
        """The rows, from and to, of tracks that can be as long as some."""
        low = np.searchsorted(self.frames, np.floor(shortest * OVERLAP))
        return int(low), int(np.searchsorted(self.frames, np.ceil(longest / OVERLAP), "right"))


def assign(library: Writer, stopped: Callable[[], bool] = lambda: False) -> int:
    """Number the tracks that have a fingerprint, but no recording yet; returns how many those were.

    Nothing is written when it is `stopped` meanwhile: the next run does it.
    """
    before = library.recordings()
    new = {track for track, number in before.items() if number is None}
    if not new:
        return 0
    sketches = _Sketches(library)
    ids = sketches.ids.tolist()
    rows = np.flatnonzero(np.isin(sketches.ids, np.fromiter(new, np.int64)))
    groups = _Groups(len(ids))
    of_number: dict[int, int] = {}
    for row, track in enumerate(ids):
        if (number := before[track]) is not None:
            groups.unite(row, of_number.setdefault(number, row))
    signs = _Held(library, ids)
    for row, other in sketches.near(rows):
        if stopped():
            return 0
        if groups.root(row) != groups.root(other) and is_copy(signs[row], signs[other]):
            groups.unite(row, other)
    library.set_recordings(_changes(ids, before, groups))
    return len(new)


def _changes(ids: list[int], before: dict[int, int | None], groups: _Groups) -> dict[int, int]:
    """Track → its number, where that is another one than before."""
    numbers: dict[int, int] = {}
    for row, track in enumerate(ids):
        if (number := before[track]) is not None:
            root = groups.root(row)
            numbers[root] = min(numbers.get(root, number), number)
    highest = max((number for number in before.values() if number is not None), default=NO_TRACK)
    for row in sorted(range(len(ids)), key=ids.__getitem__):
        if (root := groups.root(row)) not in numbers:
            numbers[root] = highest = highest + 1
    now = {track: numbers[groups.root(row)] for row, track in enumerate(ids)}
    return {track: number for track, number in now.items() if before[track] != number}


def find(library: Library, acoustic: Fingerprint) -> int | None:
    """The number of the recording that a fingerprint from elsewhere is of; NO_TRACK where it is of
    none; None where the library has no fingerprints to tell it by."""
    ids, frames, sketches = library.sketches()
    if not len(ids):
        return None
    signs = signs_of(acoustic.signs)
    ours = np.frombuffer(acoustic.sketch, np.int8).astype(np.float32)
    lengths = np.linalg.norm(sketches.astype(np.float32), axis=1) * np.linalg.norm(ours)
    cosines = sketches.astype(np.float32) @ ours / np.maximum(lengths, 1)
    rows = np.flatnonzero(cosines >= SKETCHES_ALIKE)
    numbers = library.recordings()
    for row in rows[np.argsort(-cosines[rows])].tolist():
        number = numbers.get(int(ids[row]))
        if number is None or not as_long(signs.shape[1], int(frames[row])):
            continue
        held = library.fingerprint(int(ids[row]))
        if held is not None and is_copy(signs, signs_of(held)):
            return number
    return NO_TRACK


class _Held:
    """Fingerprints by row, the last few of which are kept: candidates come in runs."""

    def __init__(self, library: Library, ids: list[int]) -> None:
        self._library, self._ids = library, ids
        self._kept: dict[int, np.ndarray] = {}

    def __getitem__(self, row: int) -> np.ndarray:
        if row not in self._kept:
            if len(self._kept) >= HELD:
                self._kept.pop(next(iter(self._kept)))
            self._kept[row] = signs_of(self._library.fingerprint(self._ids[row]))
        return self._kept[row]


class _Groups:
    """Disjoint sets of rows."""

    def __init__(self, rows: int) -> None:
        self._parents = list(range(rows))

    def root(self, row: int) -> int:
        parents = self._parents
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    def unite(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parents[high] = low
