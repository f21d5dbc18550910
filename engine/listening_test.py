"""A blind listening test: which of two networks hears similarity as people do?

Goal: for one track, two lists of its nearest neighbours, without names and on random sides; the
listener says which sounds more like it, and the answers add up (engine.listening_results). Design:
forced comparison with ties, as in preference tests of audio coding; the seed track is drawn by
chance among those that both networks know; lists of the same tracks are not put to anybody.

Votes are lines of JSON in `votes.jsonl` beside the library's database, only ever appended to, under
a file lock and flushed to the disk one by one. A line that a crash cut short costs that vote alone.
Taking a vote back appends, too.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from engine.recordings import Recordings
from engine.similarity import ANY_TRACK, Apart, most_similar
from engine.space import Space
from engine.storage import shown
from engine.weights import TITLES

FILE_NAME = "votes.jsonl"
CHOICES = ("left", "right", "same")
LISTED = 5  # tracks a list: ten would be twenty minutes of listening for one vote
DRAWS = 50  # before it is said that the networks agree everywhere
LONGEST_LISTENER = 100  # characters


class ListeningTestError(Exception):
    """One sentence: why there is no pair, or why a vote was not kept."""


@dataclass(frozen=True)
class Pair:
    """One question to a listener."""

    seed: int  # track id
    left: tuple[int, ...]  # track ids, nearest first
    right: tuple[int, ...]
    left_space: str  # not to be shown before the vote
    right_space: str


@dataclass(frozen=True)
class Vote:
    """One answer; all that is needed to count it, also when the library has changed since."""

    id: str
    time: str  # UTC, ISO 8601
    listener: str  # whatever they call themselves
    seed: int
    seed_hash: str | None  # content hash of the seed track
    style: str | None  # of the seed, "Genre---Style"
    models: Mapping[str, str]  # space → engine.weights.Weights.name
    left: str  # space
    right: str
    left_tracks: tuple[int, ...]
    right_tracks: tuple[int, ...]
    choice: str  # one of CHOICES

    @property
    def preferred(self) -> str | None:
        """The space that was chosen; None for "same"."""
        return {"left": self.left, "right": self.right}.get(self.choice)

    @property
    def genre(self) -> str | None:
        """The parent genre of the seed's style."""
        return self.style.partition("---")[0] if self.style else None


@dataclass(frozen=True)
class Votes:
    """What the file holds."""

    votes: tuple[Vote, ...]  # in order of time, without those taken back
    problems: tuple[str, ...]  # sentences on lines that could not be read


def draw(
    spaces: tuple[Space, Space],
    recordings: Recordings,
    rng: np.random.Generator,
    *,
    count: int = LISTED,
    seeds: np.ndarray | None = None,
    skip: Collection[int] = (),
    apart: Apart = ANY_TRACK,
) -> Pair:
    """A seed by chance and its two lists on random sides; equal generators give equal pairs.

    seeds: bool [rows of recordings], the tracks to draw from; skip: ids not to draw again. Raises
    ListeningTestError when there is no seed, or none with different lists in DRAWS draws.
    """
    pool = _pool(spaces, recordings, seeds, skip)
    known, titles = len(_pool(spaces, recordings, seeds, ())), _titles(spaces)
    if not known:
        raise ListeningTestError(f"No track has embeddings of both {titles}: too few to compare.")
    if not len(pool):
        raise ListeningTestError(
            f"No track is left: all {known:,} that {titles} both know were answered or skipped."
        )
    for seed in rng.permutation(pool)[:DRAWS].tolist():
        lists = [
            tuple(
                neighbour.track
                for neighbour in most_similar(space, seed, recordings, count, apart=apart).listed
            )
            for space in spaces
        ]
        if set(lists[0]) != set(lists[1]):
            first = int(rng.integers(2))
            names = [space.name for space in spaces]
            return Pair(seed, lists[first], lists[1 - first], names[first], names[1 - first])
    if known <= count + 1:
        raise ListeningTestError(
            f"Too few tracks: {titles} both know {known}, so that every list has all the others."
        )
    raise ListeningTestError(
        f"{titles} gave the same lists for all {min(DRAWS, len(pool))} tracks that were drawn: "
        "there is nothing to compare."
    )


def _titles(spaces: tuple[Space, Space]) -> str:
    return " and ".join(TITLES.get(space.name, space.name) for space in spaces)


def _pool(
    spaces: tuple[Space, Space],
    recordings: Recordings,
    seeds: np.ndarray | None,
    skip: Collection[int],
) -> np.ndarray:
    """Ids of the tracks that may be seeds, ascending."""
    usable = np.ones(len(recordings.ids), dtype=bool) if seeds is None else seeds.copy()
    for space in spaces:
        usable &= ~np.isnan(recordings.aligned(space.ids, space.scale))
    return np.setdiff1d(recordings.ids[usable], np.array([*skip], dtype=np.int64))


def voted(
    pair: Pair,
    choice: str,
    listener: str,
    recordings: Recordings,
    models: Mapping[str, str],
    style: str | None,
) -> Vote:
    """The answer to a pair. ValueError for a choice that there is not."""
    if choice not in CHOICES:
        raise ValueError(f"a choice is one of {', '.join(CHOICES)}")
    return Vote(
        id=uuid.uuid4().hex,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        listener=" ".join(listener.split())[:LONGEST_LISTENER],
        seed=pair.seed,
        seed_hash=recordings.of(pair.seed).content_hash,
        style=style,
        models=dict(models),
        left=pair.left_space,
        right=pair.right_space,
        left_tracks=pair.left,
        right_tracks=pair.right,
        choice=choice,
    )


def record(folder: Path, vote: Vote) -> None:
    """Append a vote to the file in the library folder; on the disk when this returns.

    ListeningTestError when it cannot be written; the file is then as it was.
    """
    _append(folder, asdict(vote))


def take_back(folder: Path, vote_id: str) -> Vote | None:
    """Undo the vote of this id; the vote, or None where there is none (any more).

    By id, not the last one of a listener: several people may vote under one name, or under none.
    """
    for vote in read(folder).votes:
        if vote.id == vote_id:
            _append(folder, {"taken_back": vote_id})
            return vote
    return None


def read(folder: Path) -> Votes:
    """All votes of a library; none where there is no file. ListeningTestError if unreadable."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # or half of a line could be seen
            content = file.read()
    except FileNotFoundError:
        return Votes((), ())
    except OSError as error:
        raise ListeningTestError(_cannot("read", folder, error)) from error
    return parse(content)


def parse(content: bytes) -> Votes:
    """The content of the file. Never raises: what is no vote is a problem."""
    votes: dict[str, Vote] = {}
    problems = []
    *lines, torn = content.split(b"\n")
    for number, line in enumerate([*lines, torn] if torn else lines, start=1):
        try:
            entry = json.loads(line)
            if "taken_back" in entry:
                votes.pop(entry["taken_back"], None)
            else:
                vote = _vote(entry)
                votes[vote.id] = vote
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            cut = "was cut short, as by a crash" if number > len(lines) else "is no vote"
            problems.append(f"Line {number} of {FILE_NAME} {cut}; it is not counted.")
    return Votes(tuple(votes.values()), tuple(problems))


def _vote(entry: Mapping) -> Vote:
    """Raises KeyError, TypeError or ValueError when something is missing or no such thing."""
    vote = Vote(**{name: entry[name] for name in Vote.__dataclass_fields__})
    texts = (vote.id, vote.time, vote.listener, vote.left, vote.right)
    if not all(isinstance(text, str) for text in texts) or vote.choice not in CHOICES:
        raise TypeError("a field of a vote is not what it should be")
    if not all(isinstance(text, str | None) for text in (vote.seed_hash, vote.style)):
        raise TypeError("a field of a vote is not what it should be")
    models = {str(space): str(name) for space, name in dict(vote.models).items()}
    tracks = [tuple(map(int, some)) for some in (vote.left_tracks, vote.right_tracks)]
    return replace(
        vote, seed=int(vote.seed), models=models, left_tracks=tracks[0], right_tracks=tracks[1]
    )


def _append(folder: Path, entry: Mapping) -> None:
    line = json.dumps(entry, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    path = folder / FILE_NAME
    try:
        # Unbuffered: a buffer would be written once more when the file is closed.
        with path.open("ab+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            try:
                rest = _line_end(file, size) + line + b"\n"
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)  # half a vote, where the disk is full
                raise
    except OSError as error:
        raise ListeningTestError(_cannot("written", folder, error)) from error


def _line_end(file, size: int) -> bytes:
    """What a line that was cut short still needs."""
    if size == 0:
        return b""
    file.seek(size - 1)
    return b"" if file.read(1) == b"\n" else b"\n"


def _cannot(what: str, folder: Path, error: OSError) -> str:
    return f"{shown(folder / FILE_NAME)} cannot be {what}: {error.strerror or error}."
