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
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from engine.descriptors import PROFILES
from engine.library import Coverage, Library, LibraryError
from engine.playlist import plain
from engine.query import Activations
from engine.similarity import FACTS, Recordings, Space
from engine.storage import FILE_NAME
from ui.text import count, escaped, style_name, track_title

VARIABLE = "SERENDIP_LIBRARY"
DEFAULT = "library"
KEPT = 2  # collections in memory: the present one, and the one that a session still shows


@dataclass(frozen=True)
class Collection:
    """Everything that the apps read of one generation of a library."""

    library: Library
    generation: int
    frame: pd.DataFrame  # Library.frame(), with codec and content_hash; keys as categories
    shown: pd.DataFrame  # title, artist, album, style, folder: text that is safe to send
    coverage: Coverage
    meta: dict
    roots: tuple[str, ...]

    @cached_property
    def vocabulary(self) -> tuple[str, tuple[str, ...]]:
        """("styles", the 400), or ("tags", the 50) where those are missing, or ("", ())."""
        for name in ("styles", "tags"):
            labels = self.library.labels(name)
            if labels and self.coverage.spaces.get(name):
                return name, tuple(labels)
        return "", ()

    @cached_property
    def styles(self) -> Activations | None:
        """All activations of the vocabulary, read when first asked for: 160 MB for 100,000 tracks,
        which no first page needs."""
        name, labels = self.vocabulary
        if not name:
            return None
        ids, matrix = self.library.vectors(name)
        return Activations.aligned(name, labels, ids, matrix, self.frame.index.to_numpy())

    def preload(self) -> None:
        """Read the activations behind the first page, so that the first style costs no wait."""
        if "_reader" not in self.__dict__:
            self.__dict__["_reader"] = threading.Thread(target=lambda: self.styles, daemon=True)
            self.__dict__["_reader"].start()

    @cached_property
    def recordings(self) -> Recordings:
        """What tells copies apart."""
        return Recordings(self.frame[list(FACTS)])

    @cached_property
    def unwritable(self) -> np.ndarray:
        """bool [tracks]: the path has a line break, so that no line of a playlist can hold it."""
        return np.array(["\n" in path or "\r" in path for path in self.frame["path"]], dtype=bool)

    @cached_property
    def haystack(self) -> pd.Series:
        """Title, artist and path of each track in small letters, for searching."""
        parts = [self.shown["title"], self.shown["artist"], self.shown["path"]]
        return parts[0].str.cat(parts[1:], sep="\n").str.casefold()


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
    return held


def _offer_newer(held: Collection, path: Path, generation: int) -> Collection:
    """An empty library is read again at once; of any other, the person decides when."""
    newer = Library.open(path).coverage().tracks - held.coverage.tracks
    told = f"{count(newer, 'new track')} since then" if newer > 0 else "It has changed since then"
    said, button = st.columns([3, 1], vertical_alignment="center")
    said.caption(f":material/update: You see {count(held.coverage.tracks)}. {told}.")
    if held.frame.empty or button.button("Read it again", key="reread", width="stretch"):
        st.session_state["collection"] = read(str(path), generation)
        st.rerun()
    return held


@st.cache_resource(max_entries=KEPT, show_spinner="Reading the library …")
def read(path: str, generation: int) -> Collection:
    """Read a library once; generation is part of the key of the cache."""
    library = Library.open(path)
    frame, tracks = library.frame(), library.tracks()
    tracks = tracks.loc[tracks["present"]].reindex(frame.index)
    frame["codec"], frame["content_hash"] = tracks["codec"], tracks["content_hash"]
    for profile in PROFILES:
        for column in (f"key_{profile}", f"scale_{profile}"):
            frame[column] = frame[column].astype("category")
    return Collection(
        library=library,
        generation=generation,
        frame=frame,
        shown=_shown(frame),
        coverage=library.coverage(),
        meta=library.meta(),
        roots=tuple(tracks["root"].dropna().unique()),
    )


@st.cache_resource(max_entries=2 * KEPT, show_spinner="Reading the embeddings …")
def space(path: str, generation: int, name: str) -> Space | None:
    """All embeddings of one network; None where there are none."""
    ids, matrix = Library.open(path).vectors(name)
    return Space.of(name, ids, matrix) if len(ids) else None


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
