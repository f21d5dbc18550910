"""The library as the apps hold it: read once per generation, shared by all sessions.

A Collection is never written to; what is large or takes long is read when it is first asked for.
Opening it, and what is said where that fails, is ui/opening's.
"""

import os
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from engine.activations import SEPARATOR, Activations
from engine.descriptors import PROFILES
from engine.duplicates import groups as copies_of
from engine.facts import Facts
from engine.library import Coverage, Library, Location
from engine.names import normalize_name, sort_names
from engine.one_state import one_state
from engine.playlist import plain, track_title
from engine.query import NAME_ORDERS
from engine.records import Curve
from engine.similarity import FACTS, Recordings, Space
from engine.stand_ins import judge, stand_ins
from engine.standing import Standing, standing_in
from engine.style_counts import Counts
from engine.vector_cache import IN_MEMORY_UP_TO, vectors
from engine.words import haystack
from ui.text import style_name

FEW = 1000  # tracks whose names are made at once, in some milliseconds
T = TypeVar("T")
KEPT = 2  # collections in memory: the present one, and the one that a session still shows


@dataclass(frozen=True)
class Collection:
    """Everything that the apps read of one generation of a library."""

    library: Library
    generation: int
    # Library.frame() of the tracks that have any values; with codec, content_hash and recording,
    # and keys as categories
    frame: pd.DataFrame
    standing: Standing
    coverage: Coverage
    meta: dict
    roots: tuple[str, ...]
    # What is large is read when first asked for, once, by whichever thread comes first.
    held: dict[str, object] = field(default_factory=dict)
    locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def once(self, name: str, read: Callable[[], T]) -> T:
        """What read() gave when it was first asked for under this name."""
        with self.locks[name]:
            if name not in self.held:
                self.held[name] = read()
            return self.held[name]

    def preload(self, *readers: Callable[[], object]) -> None:
        """Call readers behind the first page, so that the first use of what they read costs no
        wait; once a collection."""

        def read_all() -> None:
            for reader in readers:
                reader()

        def start() -> threading.Thread:
            thread = threading.Thread(target=read_all, daemon=True)
            thread.start()
            return thread

        self.once("preloading", start)

    def names(self, rows: Sequence[int]) -> pd.DataFrame:
        """title, artist, album, style and path of some tracks, as text that is safe to send."""
        if len(rows) > FEW and "shown" not in self.held:
            self.shown()
        if "shown" in self.held:
            return self.shown().iloc[rows]
        return _shown(self.frame.iloc[rows])

    def name(self, row: int) -> pd.Series:
        """The same of one track."""
        if "shown" in self.held:
            return self.shown().iloc[row]  # a tenth of the time of a list of one
        return _shown(self.frame.iloc[[row]]).iloc[0]

    def shown(self) -> pd.DataFrame:
        """The same of all tracks."""
        return self.once("shown", lambda: _shown(self.frame))

    @cached_property
    def vocabulary(self) -> tuple[str, tuple[str, ...]]:
        """("styles", the 400), or ("tags", the 50) where those are missing, or ("", ())."""
        for name in ("styles", "tags"):
            labels = self.library.labels(name)
            if labels and self.coverage.spaces.get(name):
                return name, tuple(labels)
        return "", ()

    def styles(self) -> Activations | None:
        """All activations of the vocabulary: 160 MB for 100,000 tracks."""
        name, labels = self.vocabulary
        if not name:
            return None

        def read_styles() -> Activations:
            ids, matrix = self.library.vectors(name)
            return Activations.aligned(name, labels, ids, matrix, self.frame.index.to_numpy())

        return self.once("styles", read_styles)

    def space(self, name: str) -> Space | None:
        """All embeddings of one network, mapped from disk in a large library; None without any.

        It may hold more tracks than the frame, or lack some: a library grows meanwhile.
        """

        def read_space() -> Space | None:
            found = vectors(self.library, name).space(name)
            if found is None:
                return None
            return replace(found, trusted=name not in stand_ins(self.meta))

        return self.once(name, read_space)

    def haystack(self) -> pd.Series:
        """What each track is searched by: engine.words.haystack."""
        return self.once("haystack", lambda: pd.Series(self.words(), self.frame.index))

    def words(self) -> list[str]:
        """The same as a list."""
        return self.once("words", lambda: haystack(self.frame))

    def copies(self) -> np.ndarray:
        """engine.duplicates.groups: half a second for 100,000 tracks. Not left to a thread: the
        first list of a link would differ from the second."""
        return self.once("copies", lambda: copies_of(self.frame, self.main_space()))

    def main_space(self) -> Space | None:
        """The embeddings that paths and copies are judged by; None where there are none but those
        of stand-ins."""
        return judge(stand_ins(self.meta), self.space)

    def facts(self) -> Facts:
        """What queries are answered from, without a map: see ui/maps.with_map."""
        return self.once("facts", lambda: LiveFacts(self))

    def derive(self) -> None:
        """What filters and orders need of every track, before anybody waits for it."""
        facts = self.facts()
        for column in NAME_ORDERS:
            facts.name_ranks(column)
        for profile in PROFILES:
            facts.key_codes(profile)
        for part in ("order", "artists", "albums", "ic_percentiles", "paths", "artist_tags"):
            getattr(facts, part)

    def location(self, track: int) -> Location:
        """As Library.location, which takes a millisecond; asked again when the file has gone."""
        known: dict[int, Location] = self.once("locations", dict)
        held = known.get(track)
        if held is None or not os.path.lexists(held.absolute):
            held = known[track] = self.library.location(track)
        return held

    def curves(self, track: int) -> tuple[Curve, ...]:
        """What a track has over time."""
        return self.library.curves(track)

    def style_counts(self, low: float) -> dict[str, int]:
        """Label or genre → tracks with at least this activation; of a large library empty until
        `preload` has counted them."""
        if "style_counts" not in self.held and self.is_large:
            return {}
        return counts.at_least(low) if (counts := self.count_styles()) else {}

    def count_styles(self) -> Counts | None:
        """For any activation at once, however long it takes."""
        return self.once(
            "style_counts", lambda: Counts.of(styles) if (styles := self.styles()) else None
        )

    @property
    def is_large(self) -> bool:
        """Whether what takes a time for each track is left to a thread."""
        return len(self.frame) > IN_MEMORY_UP_TO

    @cached_property
    def genres(self) -> dict[str, tuple[str, ...]]:
        """Genre → its styles, both by name; empty for tags, which have no genres."""
        found: dict[str, list[str]] = defaultdict(list)
        space, labels = self.vocabulary
        for label in labels:
            if space == "styles" and SEPARATOR in label:
                found[label.split(SEPARATOR)[0]].append(label)
        return {genre: tuple(sort_names(found[genre])) for genre in sort_names(found)}

    @cached_property
    def ic_models(self) -> tuple[str, ...]:
        """The models that gave the values of IC; without a name: one of its own."""
        valued = self.frame["ic_model"][self.frame["ic_mean"].notna()]
        return tuple(sorted(valued.fillna("").unique()))

    @cached_property
    def artist_names(self) -> tuple[str, ...]:
        """Each once, as it is mostly tagged, the most frequent first."""
        tracks: Counter[str] = Counter()
        usual: dict[str, str] = {}
        for tag, count in self.frame["artist"].dropna().value_counts().items():
            if name := normalize_name(tag):
                usual.setdefault(name, tag)
                tracks[name] += count
        return tuple(usual[name] for name, _ in tracks.most_common())

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """Every folder above a track and below its root, the fullest first."""
        direct = Counter(path.rpartition("/")[0] for path in self.frame["path"])
        full: Counter[str] = Counter()
        for folder, tracks in direct.items():
            while folder and folder not in self.roots:
                full[folder] += tracks
                folder = folder.rpartition("/")[0]
        return tuple(sorted(full, key=lambda folder: (-full[folder], folder)))

    @cached_property
    def missing(self) -> dict[str, int]:
        """Column of the frame → tracks without a value. Every page asks for most of them."""
        return self.frame.isna().sum().astype(int).to_dict()

    def has(self, column: str) -> bool:
        """Whether any track has a value."""
        return self.missing[column] < len(self.frame)

    @cached_property
    def tagged(self) -> tuple[str, ...]:
        """Which of artist and album any file names at all."""
        return tuple(tag for tag in ("artist", "album") if self.has(tag))

    @cached_property
    def recordings(self) -> Recordings:
        """What tells copies apart."""
        return Recordings(self.frame[list(FACTS)])

    @cached_property
    def unwritable(self) -> np.ndarray:
        """bool [tracks]: the path has a line break, so that no line of a playlist can hold it."""
        return np.array(["\n" in path or "\r" in path for path in self.frame["path"]], dtype=bool)


class LiveFacts(Facts):
    """Facts whose large parts are read when a query first needs them."""

    def __init__(self, collection: Collection) -> None:
        own = {"frame": collection.frame, "spaces": collection.main_space}
        for part in fields(Facts):
            usual = part.default if part.default_factory is MISSING else part.default_factory()
            if part.name not in ("styles", "copies"):
                self.__dict__[part.name] = own.get(part.name, usual)  # frozen: not by assignment
        self.__dict__["_collection"] = collection

    def on_map(self, xy: np.ndarray, fingerprint: str) -> Facts:
        """The same with a map."""
        other = copy(self)
        other.__dict__.update(map_xy=xy, map_of=fingerprint)
        return other

    @property
    def styles(self) -> Activations | None:
        """Read when a query asks for a style."""
        return self._collection.styles()

    @property
    def copies(self) -> np.ndarray:
        """Compared when a query leaves out copies."""
        return self._collection.copies()

    @property
    def searched(self) -> list[str]:
        """Made when a query has words."""
        return self._collection.words()


@st.cache_resource(max_entries=KEPT, show_spinner="Reading the library …")
def read(path: str, generation: int) -> Collection:
    """Read a library once; generation is part of the key of the cache."""
    library = Library.open(path)
    with one_state(library) as (still, db):
        frame, tracks, exceptions = still.frame(), still.tracks(), standing_in(db)
        coverage, meta = still.coverage(), still.meta()
    frame = frame.drop(index=list(exceptions.valueless), errors="ignore")
    tracks = tracks.loc[tracks["present"]]
    roots = tuple(tracks["root"].unique())
    tracks = tracks.reindex(frame.index)
    for column in ("codec", "content_hash", "recording"):
        frame[column] = tracks[column]
    for profile in PROFILES:
        for column in (f"key_{profile}", f"scale_{profile}"):
            frame[column] = frame[column].astype("category")
    return Collection(
        library=library,
        generation=generation,
        frame=frame,
        standing=exceptions,
        coverage=coverage,
        meta=meta,
        roots=roots,
    )


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Text columns without control characters and lone surrogates, which no browser takes."""
    paths = frame["path"].to_numpy(dtype=object)
    titles = frame["title"].to_numpy(dtype=object, na_value=None)
    columns = {
        "title": [track_title(title, path) for title, path in zip(titles, paths, strict=True)],
        "artist": _cleaned(frame["artist"]),
        "album": _cleaned(frame["album"]),
        "style": [style_name(label) if label else "" for label in _texts(frame["style"])],
        "path": [plain(path) for path in paths],
    }
    series = {name: pd.Series(texts, frame.index, dtype="str") for name, texts in columns.items()}
    return pd.DataFrame(series)


def _texts(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype=object, na_value=None)


def _cleaned(values: pd.Series) -> list[str]:
    return [plain(text) if text else "" for text in _texts(values)]
