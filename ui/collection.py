"""The library as the apps hold it: opened, read once per generation, and explained where it fails.

A Collection is shared by all sessions and never written to. Each session keeps the one that it
started with until its person asks for the new tracks: a playlist must not change under one's hands
while an analysis runs.
"""

import argparse
import os
import shlex
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from engine.descriptors import PROFILES
from engine.library import Coverage, Library, LibraryError
from engine.playlist import plain
from engine.query import Activations
from engine.similarity import FACTS, Recordings, Space
from engine.standing import Standing, standing
from engine.storage import FILE_NAME
from engine.vector_cache import vectors
from ui.text import count, escaped, style_name, track_title

VARIABLE = "SERENDIP_LIBRARY"
DEFAULT = "library"
FEW = 1000  # tracks whose names are made at once, in some milliseconds
WHY = "The reasons: `python -m engine.library failures LIBRARY`"
T = TypeVar("T")
KEPT = 2  # collections in memory: the present one, and the one that a session still shows


@dataclass(frozen=True)
class Collection:
    """Everything that the apps read of one generation of a library."""

    library: Library
    generation: int
    # Library.frame() of the tracks that have any values; with codec and content_hash, and keys as
    # categories
    frame: pd.DataFrame
    standing: Standing
    coverage: Coverage
    meta: dict
    roots: tuple[str, ...]
    # What is large is read when first asked for, once, by whichever thread comes first.
    held: dict[str, object] = field(default_factory=dict)
    locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def _once(self, name: str, read: Callable[[], T]) -> T:
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

        self._once("preloading", start)

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
        return self._once("shown", lambda: _shown(self.frame))

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

        return self._once("styles", read_styles)

    def space(self, name: str) -> Space | None:
        """All embeddings of one network, mapped from disk in a large library; None without any.

        It may hold more tracks than the frame, or lack some: a library grows meanwhile.
        """
        return self._once(name, lambda: vectors(self.library, name).space(name))

    def haystack(self) -> pd.Series:
        """Title, artist and path of each track in small letters, for searching."""

        def read_haystack() -> pd.Series:
            shown = self.shown()
            parts = [shown["title"], shown["artist"], shown["path"]]
            return parts[0].str.cat(parts[1:], sep="\n").str.casefold()

        return self._once("haystack", read_haystack)

    @cached_property
    def tagged(self) -> tuple[str, ...]:
        """Which of artist and album any file names at all."""
        return tuple(tag for tag in ("artist", "album") if self.frame[tag].notna().any())

    @cached_property
    def recordings(self) -> Recordings:
        """What tells copies apart."""
        return Recordings(self.frame[list(FACTS)])

    @cached_property
    def unwritable(self) -> np.ndarray:
        """bool [tracks]: the path has a line break, so that no line of a playlist can hold it."""
        return np.array(["\n" in path or "\r" in path for path in self.frame["path"]], dtype=bool)


def folder() -> Path:
    """`-- --library DIR`, or $SERENDIP_LIBRARY, or ./library."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--library")
    options, _ = parser.parse_known_args(sys.argv[1:])
    chosen = options.library or os.environ.get(VARIABLE) or DEFAULT
    return Path(chosen).expanduser().absolute()


def opened() -> Collection:
    """The collection of this session; draws what is wrong, and stops, where there is none."""
    path = folder()
    try:
        generation = Library.open(path).generation
        held: Collection | None = st.session_state.get("collection")
        if held is None or held.library.path != path:
            held = st.session_state["collection"] = read(str(path), generation)
        elif held.generation != generation:
            held = _offer_newer(held, path, generation)
    except LibraryError as error:
        _no_library(path, error)
    if held.frame.empty:
        _empty(held)
    if without := len(held.standing.valueless):
        st.caption(f":material/info: Left out: {count(without, 'file')} without any value. {WHY}")
    return held


def _offer_newer(held: Collection, path: Path, generation: int) -> Collection:
    """An empty library is read again at once; of any other, the person decides when."""
    newer = Library.open(path).coverage().tracks - held.coverage.tracks
    told = f"{count(newer, 'new track')} since then" if newer > 0 else "It has changed since then"
    said, button = st.columns([3, 1], vertical_alignment="center")
    said.caption(f":material/update: You see {count(len(held.frame))}. {told}.")
    if held.frame.empty or button.button("Read it again", key="reread", width="stretch"):
        st.session_state["collection"] = read(str(path), generation)
        st.rerun()
    return held


@st.cache_resource(max_entries=KEPT, show_spinner="Reading the library …")
def read(path: str, generation: int) -> Collection:
    """Read a library once; generation is part of the key of the cache."""
    library = Library.open(path)
    frame, tracks, exceptions = library.frame(), library.tracks(), standing(library.path)
    frame = frame.drop(index=list(exceptions.valueless), errors="ignore")
    tracks = tracks.loc[tracks["present"]].reindex(frame.index)
    frame["codec"], frame["content_hash"] = tracks["codec"], tracks["content_hash"]
    for profile in PROFILES:
        for column in (f"key_{profile}", f"scale_{profile}"):
            frame[column] = frame[column].astype("category")
    return Collection(
        library=library,
        generation=generation,
        frame=frame,
        standing=exceptions,
        coverage=library.coverage(),
        meta=library.meta(),
        roots=tuple(tracks["root"].dropna().unique()),
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


def _no_library(path: Path, error: LibraryError) -> None:
    if (path / FILE_NAME).exists():
        st.error(escaped(str(error)), icon=":material/error:")
    else:
        st.error(f"There is no library in {escaped(str(path))}.", icon=":material/folder_off:")
        st.markdown(
            "The apps read what `precompute.py` found out about your music. Analyse a folder, "
            "then look again:"
        )
        _command(path)
        st.caption(
            f"Another library: `streamlit run … -- --library DIR`, or set `{VARIABLE}`. "
            "No music at hand? `make demo` fetches some."
        )
    st.button("Look again", key="look_again", type="primary")
    st.stop()


def _empty(held: Collection) -> None:
    if without := len(held.standing.valueless):
        st.info(
            f"The library holds {count(without, 'file')}, none of them with any value. {WHY}",
            icon=":material/hourglass_empty:",
        )
        st.button("Look again", key="look_again", type="primary")
        st.stop()
    st.info(
        "This library has no tracks yet. While an analysis runs, the first ones come after some "
        "seconds.",
        icon=":material/hourglass_empty:",
    )
    _command(held.library.path)
    st.button("Look again", key="look_again", type="primary")
    st.stop()


def _command(path: Path) -> None:
    """The analysis that would fill this library."""
    library = shlex.quote(plain(str(path)))
    st.code(f"python precompute.py ~/Music --library {library}", language="bash", wrap_lines=True)
