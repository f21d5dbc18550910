"""Which tracks sound most like one: cosine similarity of mean embeddings.

Goal: a track (or a vector from outside) → its nearest neighbours in one embedding space, best
first, without the track itself and without further copies of a recording that is already listed.
Source of the values: Library.vectors(space), or engine.vector_cache. Conventions: see engine.space;
masks have one entry per row of `Recordings`, which are the tracks that can be listed at all. Pure:
no file is read. Several seeds or several spaces at once: engine.fusion.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from engine.hubness import LocalScaling
from engine.recordings import COPY_COSINE, FACTS, Recording, Recordings
from engine.space import Outside, Seed, SimilarityError, Space

__all__ = [
    "ANY_TRACK",
    "COPY_COSINE",
    "FACTS",
    "Apart",
    "Neighbour",
    "Neighbours",
    "Outside",
    "Recording",
    "Recordings",
    "Seed",
    "SimilarityError",
    "Space",
    "candidates",
    "collapsed",
    "copies_of",
    "descending",
    "most_similar",
    "recording_of",
    "scored",
]

LISTED = 10
NEAREST = 20  # tracks that something from outside may be a copy of, besides those of its bytes


@dataclass(frozen=True)
class Apart:
    """What is not to be listed. Tracks that do not name an artist (or album) are not affected."""

    artist: bool = False  # of an artist of a seed
    album: bool = False  # of the album of a seed
    per_artist: bool = False  # a second track of an artist that is already listed


ANY_TRACK = Apart()


@dataclass(frozen=True)
class Neighbour:
    """One track of a list."""

    track: int  # id
    cosine: float


@dataclass(frozen=True)
class Neighbours:
    """A list of similar tracks, best first."""

    listed: tuple[Neighbour, ...]
    copies: tuple[int, ...]  # ids left out: copies of the query or of a listed track


def most_similar(
    space: Space,
    seed: Seed,
    recordings: Recordings,
    count: int = LISTED,
    *,
    allowed: np.ndarray | None = None,
    apart: Apart = ANY_TRACK,
) -> Neighbours:
    """The count nearest recordings. Ties are settled by id, so that a list never changes by chance.

    allowed: bool [rows of recordings], which may be listed; None: all. Raises SimilarityError when
    the network has no embedding of the seed.
    """
    cosines = recordings.aligned(space.ids, space.cosines(seed))
    usable = candidates([seed], recordings, allowed, apart)
    order = descending(np.where(usable, cosines, np.nan), 4 * count)
    rows, copies = collapsed(order, [seed], recordings, count, [space], apart.per_artist)
    listed = tuple(Neighbour(int(recordings.ids[row]), float(cosines[row])) for row in rows)
    return Neighbours(listed, copies)


def scored(
    cosines: np.ndarray, seed: Seed, recordings: Recordings, csls: LocalScaling | None
) -> np.ndarray:
    """float32 [rows] to order by: the cosines (NaN: not to be listed), or their CSLS."""
    return cosines if csls is None else csls.scores(cosines, seed, recordings.ids)


def recording_of(seed: Seed, recordings: Recordings) -> Recording:
    """What is known of a seed besides its sound."""
    return seed.recording if isinstance(seed, Outside) else recordings.of(seed)


def candidates(
    seeds: Sequence[Seed], recordings: Recordings, allowed: np.ndarray | None, apart: Apart
) -> np.ndarray:
    """bool [rows]: allowed, no seed itself, and apart from the artists and albums of the seeds."""
    usable = np.ones(len(recordings.ids), dtype=bool) if allowed is None else allowed.copy()
    for seed in seeds:
        if not isinstance(seed, Outside) and (row := recordings.row(seed)) is not None:
            usable[row] = False
        recording = recording_of(seed, recordings)
        if apart.artist and recording.artists:
            usable &= ~recordings.by(recording.artists)
        if apart.album:
            usable &= ~recordings.on_album_of(recording)
    return usable


def collapsed(
    order: Iterable[int],
    seeds: Sequence[Seed],
    recordings: Recordings,
    count: int,
    spaces: Sequence[Space],
    per_artist: bool = False,
) -> tuple[list[int], tuple[int, ...]]:
    """The first `count` rows of an order that are no copies of a seed or of an earlier one.

    Returns those rows, and the ids of the copies met on the way. A copy sounds alike to each
    network that knows both; stand-ins have no say, and where there are no others only bytes tell.
    """
    known: list[tuple[Seed, Recording]] = [(seed, recording_of(seed, recordings)) for seed in seeds]
    rows: list[int] = []
    copies: list[int] = []
    heard: set[str] = set()
    for row in order:
        track, recording = int(recordings.ids[row]), recordings.at(row)
        if any(recording.same(other, _cosine(spaces, track, seed)) for seed, other in known):
            copies.append(track)
            continue
        if per_artist and not heard.isdisjoint(recording.artists):
            continue
        heard |= recording.artists
        known.append((track, recording))
        rows.append(row)
        if len(rows) == count:
            break
    return rows, tuple(copies)


def copies_of(outside: Outside, recordings: Recordings, spaces: Sequence[Space]) -> list[int]:
    """Ids of the tracks that are copies of something from outside, by the rule of `collapsed`:
    those of the same bytes first, then those of the same recording, then the nearest."""
    known = outside.recording
    rows = []
    for name, value in (("content_hash", known.content_hash), ("recording", known.number)):
        if value is not None:
            rows += np.flatnonzero(recordings.facts[name].eq(value).fillna(False)).tolist()
    for space in spaces:
        if space.trusted and (heard := space.heard([outside])):
            rows += islice(descending(recordings.aligned(space.ids, heard[0]), NEAREST), NEAREST)
            break
    tracks = [(int(recordings.ids[row]), recordings.at(row)) for row in dict.fromkeys(rows)]
    return [
        track
        for track, recording in tracks
        if recording.same(outside.recording, _cosine(spaces, track, outside))
    ]


def _cosine(spaces: Sequence[Space], one: Seed, other: Seed) -> float:
    """The lowest of those that can be told and trusted; NaN where none can."""
    told = (space.cosine(one, other) for space in spaces if space.trusted)
    known = [cosine for cosine in told if not np.isnan(cosine)]
    return min(known, default=float("nan"))


def descending(scores: np.ndarray, first: int) -> Iterator[int]:
    """Rows by falling score, then rising position; NaN never. Sorts only as far as is asked for:
    the first few of 100,000 by partition, and ever larger heads when copies eat them up."""
    scores = np.where(np.isnan(scores), -np.inf, scores)
    usable = int(np.count_nonzero(scores > -np.inf))
    given, head = 0, min(first, usable)
    while given < usable:
        threshold = np.partition(scores, len(scores) - head)[len(scores) - head]
        rows = np.flatnonzero(scores >= threshold)  # all that tie with the last one, too
        rows = rows[np.lexsort((rows, -scores[rows]))]
        rows = rows[scores[rows] > -np.inf]
        yield from (int(row) for row in rows[given:])
        given, head = len(rows), min(4 * head, usable)
