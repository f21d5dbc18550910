"""How long a playlist may be, and how often the same may come: what is left out of the matches.

Goal: ranked tracks → those that are taken, and by which limit each other one is left out.
Conventions: the better-ranked track always goes first; limits act one after the other (copies,
album, artist, then minutes and tracks together), and what one leaves out does not use up the next.
Pure.
"""

from dataclasses import dataclass

import numpy as np

from engine.columns import numbers
from engine.facts import Facts
from engine.query import Query

NAMES = ("copies", "per_album", "per_artist", "minutes", "tracks")
TAKEN = -1


@dataclass(frozen=True)
class Limited:
    """What became of each ranked track."""

    rows: np.ndarray  # int [ranked], as given
    left_by: np.ndarray  # int8 [ranked]: position in NAMES, or TAKEN

    @property
    def taken(self) -> np.ndarray:
        """int: the rows that are taken, in their order."""
        return self.rows[self.left_by == TAKEN]

    @property
    def counts(self) -> dict[str, int]:
        """Name of a limit → tracks that it left out; only those that left out any."""
        found = np.bincount(self.left_by[self.left_by != TAKEN], minlength=len(NAMES))
        return {name: int(n) for name, n in zip(NAMES, found, strict=True) if n}


def limited(query: Query, facts: Facts, ranked: np.ndarray) -> Limited:
    """Apply all limits of a query to ranked rows."""
    left_by = np.full(len(ranked), TAKEN, dtype=np.int8)
    if query.collapse and facts.copies is not None:
        _leave_out(left_by, "copies", facts.copies[ranked], 1)
    # Albums before artists: an album has one artist (Facts.albums), so a track that its album
    # leaves out makes room for another one of the artist; the other way round it would not.
    if query.per_album is not None:
        _leave_out(left_by, "per_album", facts.albums[ranked], query.per_album)
    if query.per_artist is not None:
        _leave_out(left_by, "per_artist", facts.artists[ranked], query.per_artist)
    if query.minutes is not None:
        _fill(left_by, numbers(facts.frame, "duration_s")[ranked], query.minutes * 60, query.limit)
    elif query.limit is not None:
        left_by[np.flatnonzero(left_by == TAKEN)[query.limit :]] = NAMES.index("tracks")
    return Limited(ranked, left_by)


def _leave_out(left_by: np.ndarray, name: str, group: np.ndarray, most: int) -> None:
    """Keep the first `most` tracks of each group among those still in; a group of -1 has no end."""
    candidates = np.flatnonzero((left_by == TAKEN) & (group >= 0))
    by_group = np.argsort(group[candidates], kind="stable")
    ordered = group[candidates[by_group]]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    before = np.arange(len(ordered)) - np.repeat(starts, np.diff(starts, append=len(ordered)))
    left_by[candidates[by_group[before >= most]]] = NAMES.index(name)


def _fill(left_by: np.ndarray, seconds: np.ndarray, budget: float, most: int | None) -> None:
    """Take tracks in order as long as they fit: one that would overrun is skipped, a shorter one
    after it may fit. A track of unknown length is left out: it might overrun."""
    candidates = np.flatnonzero(left_by == TAKEN)
    fates = np.full(len(candidates), NAMES.index("tracks"), dtype=np.int8)
    total, taken = 0.0, 0
    for place, length in enumerate(seconds[candidates].tolist()):
        if most is not None and taken == most:
            break
        fits = total + length <= budget  # False for NaN
        fates[place] = TAKEN if fits else NAMES.index("minutes")
        if fits:
            total += length
            taken += 1
    left_by[candidates] = fates
