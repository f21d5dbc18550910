"""Which tracks of a library are the same recording.

Goal: a group number for each track, so that a playlist takes one of each group. Two tracks are of
one group when their audio is the same bytes (content hash); when their acoustic fingerprints make
them one recording (engine.recording_groups); or, of two without a fingerprint each, when title and
artist are the same (as engine.names folds them) and their embeddings nearly are; or through others.
Conventions: what is missing is never equal to anything. O(tracks): only tracks of one name are
compared. Pure.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from engine.columns import groups as numbered
from engine.columns import texts
from engine.names import normalize_name
from engine.space import Space

# Between embeddings of tracks of one title and artist. A re-encoded file keeps 0.999; another
# mastering or a longer fade moves a little further; a live version or a remix is other music.
NEARLY_EQUAL = 0.99
# Tracks of one name that are compared with each other. More ("Track 01", "Unknown") are taken in
# pieces of this size, so that 100,000 of them still take linear time.
MOST_OF_A_NAME = 256


def groups(frame: pd.DataFrame, space: Space | None) -> np.ndarray:
    """int64 [tracks]: tracks of one recording share a number; each other track has its own.

    The number is the position of the first track of the group. frame is Library.frame() with
    content_hash and recording; without a space only these two tell.
    """
    parents = np.arange(len(frame))
    recordings = recording_numbers(frame)
    for labels in (numbered(texts(frame, "content_hash")), recordings):
        for members in _members(labels):
            for member in members[1:]:
                _unite(parents, members[0], member)
    if space is not None:
        for members in _members(_names(frame)):
            for first in range(0, len(members), MOST_OF_A_NAME):
                _join(parents, members[first : first + MOST_OF_A_NAME], frame, space, recordings)
    return _roots(parents)


def recording_numbers(frame: pd.DataFrame) -> np.ndarray:
    """int64 [tracks]: of one recording by their fingerprints share a number; -1 where unknown."""
    if "recording" not in frame:
        return np.full(len(frame), -1)
    return frame["recording"].astype("Int64").fillna(-1).to_numpy(np.int64)


def _names(frame: pd.DataFrame) -> np.ndarray:
    """int64 [tracks]: tracks of one folded title and artist share a number; -1 without either."""
    titles, artists = (
        [normalize_name(name) if name else "" for name in texts(frame, column)]
        for column in ("title", "artist")
    )
    pairs = zip(titles, artists, strict=True)
    return numbered([f"{t}\n{a}" if t and a else None for t, a in pairs])


def _members(labels: np.ndarray) -> Iterator[np.ndarray]:
    """Positions of each label that several tracks have, rising; -1 is no label."""
    several = np.bincount(labels + 1, minlength=1)[labels + 1] > 1
    shared = np.flatnonzero(several & (labels >= 0))  # few: most tracks are like no other
    order = shared[np.argsort(labels[shared], kind="stable")]
    ends = np.flatnonzero(np.diff(labels[order])) + 1
    yield from np.split(order, ends) if len(order) else ()


def _join(
    parents: np.ndarray,
    members: np.ndarray,
    frame: pd.DataFrame,
    space: Space,
    recordings: np.ndarray,
) -> None:
    """Unite the tracks of one name whose embeddings are nearly equal, but for those of which the
    fingerprints have told."""
    told = recordings[members] >= 0
    units, _ = space.units(frame.index.to_numpy()[members])  # without an embedding: 0, like none
    near = (units @ units.T >= NEARLY_EQUAL) & ~(told[:, None] & told)
    for one, other in np.argwhere(np.triu(near, 1)):
        _unite(parents, members[one], members[other])


def _unite(parents: np.ndarray, one: int, other: int) -> None:
    low, high = sorted((_root(parents, one), _root(parents, other)))
    parents[high] = low


def _root(parents: np.ndarray, track: int) -> int:
    while parents[track] != track:
        parents[track] = parents[parents[track]]
        track = parents[track]
    return int(track)


def _roots(parents: np.ndarray) -> np.ndarray:
    """The first track of the group of each; parents always come before their children."""
    while not np.array_equal(parents[parents], parents):
        parents = parents[parents]
    return parents.astype(np.int64)
