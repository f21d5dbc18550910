"""Maps of a library, made behind the page: a map of 100,000 tracks takes 20 s the first time.

A map belongs to a collection, so all sessions wait for the same thread. Files: engine/map_cache.
"""

import threading
import time
from dataclasses import dataclass, field

import streamlit as st

from engine.facts import Facts
from engine.library import LibraryError
from engine.map_cache import Map, folder_of, made, obtained
from engine.projection import ProjectionError
from engine.query import Query
from engine.similarity import SimilarityError
from ui.collection import Collection
from ui.gaps import NETWORKS, substitutes

PATIENCE_S = 10.0  # for a map that a link names and this computer has in a file


@dataclass
class Making:
    """A map that is being made, or that is there, or why there is none."""

    thread: threading.Thread
    started: float = field(default_factory=time.monotonic)
    map: Map | None = None
    problem: str = ""

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return time.monotonic() - self.started


def making(
    collection: Collection, space: str, method: str, fingerprint: str | None = None
) -> Making:
    """Begin a map, or return the one that was begun."""

    def begin() -> Making:
        thread = threading.Thread(target=lambda: work(found), daemon=True)
        found = Making(thread)
        thread.start()
        return found

    def work(found: Making) -> None:
        folder = folder_of(collection.library.path)
        try:
            embeddings = collection.space(space)
            if embeddings is None:
                raise ProjectionError("No track has an embedding of this network.")
            found.map = obtained(folder, embeddings, method, collection.generation, fingerprint)
        except (ProjectionError, SimilarityError, LibraryError, MemoryError) as error:
            found.problem = str(error) or "There is not enough memory for this map."

    return collection.once(f"map {space} {method} {fingerprint}", begin)


def networks(collection: Collection) -> list[str]:
    """Those with embeddings, of which a map can be made; the first is the one to begin with:
    what stand-ins heard means nothing, so they come last."""
    there = [name for name in NETWORKS if collection.coverage.spaces.get(name)]
    return sorted(there, key=lambda name: bool(substitutes(collection, name)))


def kind(collection: Collection, fingerprint: str) -> tuple[str, str] | None:
    """(network, method) of a map that this computer has."""
    if held := _held(collection, fingerprint):
        return held.fit.space, held.fit.method
    return made(folder_of(collection.library.path)).get(fingerprint)


def known(collection: Collection, fingerprint: str | None) -> bool:
    """Whether this computer has a map, as a file or in memory."""
    return fingerprint is not None and (
        _held(collection, fingerprint) is not None
        or fingerprint in made(folder_of(collection.library.path))
    )


def facts(collection: Collection, query: Query) -> Facts:
    """What a query is answered from, with the map that its region was drawn on."""
    if not query.map_region or query.map_of is None:
        return collection.facts()
    found = _held(collection, query.map_of) or _from_file(collection, query.map_of)
    if found is None:
        return collection.facts()
    return collection.once(f"facts {query.map_of}", lambda: _with_map(collection, found))


def _with_map(collection: Collection, found: Map) -> Facts:
    rows = found.rows(collection.frame.index.to_numpy())
    return collection.facts().on_map(rows, found.fingerprint)


def _held(collection: Collection, fingerprint: str) -> Map | None:
    for held in list(collection.held.values()):
        if isinstance(held, Making) and held.map and held.map.fingerprint == fingerprint:
            return held.map
    return None


def _from_file(collection: Collection, fingerprint: str) -> Map | None:
    """Waits: without the map, the page would show other tracks than were asked for."""
    named = made(folder_of(collection.library.path)).get(fingerprint)
    if named is None:
        return None
    found = making(collection, *named, fingerprint)
    with st.spinner("Reading the map …"):
        found.thread.join(PATIENCE_S)
    return found.map if found.map and found.map.fingerprint == fingerprint else None
