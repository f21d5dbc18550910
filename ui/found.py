"""What the similarity app finds: the pool of tracks that may be listed, and the lists from it.

Everything costly is done once per question: cosines of a seed are kept with its space, lists in the
session, so that a click that changes neither runs no search again.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np
import streamlit as st

from engine.agreement import places_in
from engine.columns import numbers
from engine.descriptors import DESCRIPTORS
from engine.filters import masks
from engine.funnel import Step, funnel
from engine.fusion import Fused, fused_list
from engine.hubness import Hubness, LocalScaling, hubness
from engine.query import RANGE_COLUMNS, Query
from engine.rankings import Rankings
from engine.relative import Composed, composed
from engine.similarity import Apart, Outside, Seed, SimilarityError, Space
from ui import maps
from ui.asked import Asked
from ui.collection import Collection

NETWORKS = ("effnet", "musicnn")
COSINES_BYTES = 2**26  # kept a space: 167 seeds of 100,000 tracks


@dataclass(frozen=True)
class Upload:
    """A file that was analysed on the spot."""

    key: str  # of this upload, and of no other
    name: str
    outside: Outside
    values: Mapping[str, float | str]  # descriptor column → value
    notes: tuple[str, ...] = ()  # sentences


@dataclass(frozen=True)
class Remembered(Space):
    """A space that keeps the cosines of the tracks that were asked for last."""

    held: OrderedDict[int, np.ndarray] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def over(cls, space: Space) -> "Remembered":
        """The same embeddings, with a memory."""
        return cls(**{one.name: getattr(space, one.name) for one in fields(Space)})

    def cosines_of(self, seeds: Sequence[Seed]) -> list[np.ndarray]:
        """As Space.cosines_of; of an uploaded file nothing is kept."""
        found: dict[int, np.ndarray] = {}  # by position: a file has no hash
        with self.lock:
            for place, seed in enumerate(seeds):
                if not isinstance(seed, Outside) and seed in self.held:
                    self.held.move_to_end(seed)
                    found[place] = self.held[seed]
        new = [place for place in range(len(seeds)) if place not in found]
        if new:
            found |= zip(new, super().cosines_of([seeds[place] for place in new]), strict=True)
        for place in new:
            if not isinstance(seed := seeds[place], Outside):
                self._keep(seed, found[place])
        return [found[place] for place in range(len(seeds))]

    def _keep(self, seed: int, cosines: np.ndarray) -> None:
        cosines.setflags(write=False)
        with self.lock:
            self.held[seed] = cosines
            while len(self.held) * cosines.nbytes > COSINES_BYTES and len(self.held) > 1:
                self.held.popitem(last=False)


@dataclass(frozen=True)
class Pool:
    """The tracks that the constraints leave."""

    allowed: np.ndarray | None  # bool [tracks]; None: all
    left: int
    steps: tuple[Step, ...]  # one per constraint
    composed: Composed  # with the relative constraints
    question: tuple  # what it answers


@dataclass(frozen=True)
class List:
    """One list of the page."""

    found: Fused
    elsewhere: Mapping[str, tuple[int | None, ...]]  # other network → place of each listed track
    own: Mapping[str, frozenset[int]]  # each network → ids of the list that it makes by itself
    came: tuple[int, ...] = ()  # ids that the correction for hubs brought in
    went: tuple[int, ...] = ()  # ids that it took out


def spaces(music: Collection) -> dict[str, Remembered]:
    """The networks that this library has embeddings of, each with its memory."""
    found = {}
    for name in NETWORKS:
        if (plain := music.space(name)) is not None:
            found[name] = music.once(f"remembered {name}", lambda held=plain: Remembered.over(held))
    return found


def scalings(music: Collection, wanted: bool) -> dict[str, LocalScaling]:
    """What CSLS needs of all networks; nothing where hubs are not to be corrected for."""
    if not wanted:
        return {}
    return {
        name: music.once(f"scaling {name}", lambda held=held: LocalScaling(held))
        for name, held in spaces(music).items()
    }


def hubness_of(music: Collection) -> dict[str, Hubness | None]:
    """How unevenly tracks turn up in the lists of each network."""
    return {
        name: music.once(f"hubness {name}", lambda held=held: hubness(held))
        for name, held in spaces(music).items()
    }


def pool(music: Collection, query: Query, asked: Asked, upload: Upload | None) -> Pool:
    """Apply filters and relations to the library; kept until something else is asked."""
    file = upload and upload.key
    question = (music.library.path, music.generation, query, asked.than, asked.seeds, file)
    kept: Pool | None = st.session_state.get("pool")
    if kept is None or kept.question != question:
        kept = st.session_state["pool"] = _pool(music, query, asked, upload, question)
    return kept


def _pool(
    music: Collection, query: Query, asked: Asked, upload: Upload | None, question: tuple
) -> Pool:
    both = composed(query, asked.than, seed_values(music, asked, upload))
    held = masks(both.query, maps.facts(music, query))
    for name in both.impossible:
        held[name] = np.zeros(len(music.frame), dtype=bool)
    if not held:
        return Pool(None, len(music.frame), (), both, question)
    allowed = np.logical_and.reduce(list(held.values()))
    left, steps = int(np.count_nonzero(allowed)), funnel(held, len(music.frame))
    return Pool(allowed, left, steps, both, question)


def seed_values(music: Collection, asked: Asked, upload: Upload | None) -> dict[str, np.ndarray]:
    """Field of Query → the values of all seeds, NaN where missing."""
    rows = music.frame.index.get_indexer(asked.seeds)
    return {
        name: np.append(
            numbers(music.frame, column)[rows],
            [upload.values.get(column, np.nan)] if upload else [],
        )
        for name, column in RANGE_COLUMNS.items()
        if column in DESCRIPTORS
    }


def lists(
    music: Collection, asked: Asked, upload: Upload | None, pool: Pool
) -> dict[str, List | SimilarityError]:
    """Network → its list, and "fused" → the list of both; kept until something else is asked."""
    question = (pool.question, asked)
    kept = st.session_state.get("lists")
    if kept is None or kept[0] != question:
        kept = st.session_state["lists"] = (question, _lists(music, asked, upload, pool))
    return kept[1]


def _lists(
    music: Collection, asked: Asked, upload: Upload | None, pool: Pool
) -> dict[str, List | SimilarityError]:
    search = Search(music, asked, upload, pool.allowed)
    groups = {name: (name,) for name in search.known}
    if asked.view == "fused" and len(groups) > 1:
        groups = {"fused": tuple(search.known)}
    found: dict[str, List | SimilarityError] = {}
    for name, members in groups.items():
        try:
            found[name] = search.one_list(
                members, set(search.known) if name == "fused" else set(search.known) - {name}
            )
        except SimilarityError as error:
            found[name] = error
    return found


class Search:
    """One question to the networks."""

    def __init__(
        self, music: Collection, asked: Asked, upload: Upload | None, allowed: np.ndarray | None
    ) -> None:
        self.count = asked.count
        self.known = spaces(music)
        ask = partial(
            Rankings, list(self.known.values()),
            [*asked.seeds, *([upload.outside] if upload else [])], music.recordings,
            allowed=allowed, apart=Apart(**dict.fromkeys(asked.apart, True)),
        )  # fmt: skip
        scaled = scalings(music, asked.hubness)
        self.rankings = ask(csls=scaled)
        self.uncorrected = ask() if scaled else None  # None: the rankings are by cosine as it is
        self.listed: dict[str, frozenset[int]] | None = None  # see own()

    def one_list(self, members: tuple[str, ...], others: set[str]) -> List:
        """The list of some networks, and where others place its tracks. SimilarityError."""
        one = fused_list(self.rankings, members, self.count)
        tracks = [neighbour.track for neighbour in one.listed]
        elsewhere = {name: self.places(name, tracks) for name in sorted(others)}
        if self.uncorrected is None:
            return List(one, elsewhere, self.own())
        plain = fused_list(self.uncorrected, members, self.count)
        before = {neighbour.track for neighbour in plain.listed}
        came = tuple(track for track in tracks if track not in before)
        return List(one, elsewhere, self.own(), came, tuple(sorted(before - set(tracks))))

    def own(self) -> dict[str, frozenset[int]]:
        """The tracks that each network lists by itself; none where it cannot hear the seeds."""
        if self.listed is None:
            self.listed = {name: self._tracks(name) for name in self.known}
        return self.listed

    def _tracks(self, name: str) -> frozenset[int]:
        try:
            listed = fused_list(self.rankings, (name,), self.count).listed
        except SimilarityError:
            return frozenset()
        return frozenset(neighbour.track for neighbour in listed)

    def places(self, name: str, tracks: list[int]) -> tuple[int | None, ...]:
        """Where a network places tracks; None where it cannot hear the seeds."""
        try:
            return places_in(self.rankings, name, tracks)
        except SimilarityError:
            return (None,) * len(tracks)
