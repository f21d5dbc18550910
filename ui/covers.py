"""The cover of a track, or a plain sign of the same size where it has none."""

import os

import streamlit as st

from engine.artwork import artwork
from engine.library import LibraryError
from ui.collection import Collection

WIDTH = 96  # pixels on the page
KEPT_COVERS = 1000  # of 10 kB
# Drawn here: the apps fetch nothing from elsewhere.
NONE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 24 24">'
    '<rect width="24" height="24" rx="2" fill="#8884"/><path d="M9.5 16.5V7.5l6-1.3v8.6" '
    'fill="none" stroke="#888" stroke-width="1.2"/><circle cx="8" cy="16.5" r="1.6" fill="#888"/>'
    '<circle cx="14" cy="14.8" r="1.6" fill="#888"/></svg>'
)


def draw(collection: Collection, row: int | None, key: str, width: int = WIDTH) -> None:
    """The cover of a row; the plain sign for none. Its title stands beside it, so that screen
    readers pass it over."""
    picture = None if row is None else of(collection, row)
    with st.container(key=f"{key}_cover", width=width):
        st.image(picture or NONE, width=width, alt="")


def of(collection: Collection, row: int) -> bytes | None:
    """A small JPEG; None where there is none."""
    try:
        location = collection.location(int(collection.frame.index[row]))
        changed = os.stat(location.absolute).st_mtime_ns  # noqa: PTH116 - bytes
    except (KeyError, OSError, LibraryError):
        return None  # the player says why
    return _cover(location.absolute, changed, location.root)


@st.cache_data(max_entries=KEPT_COVERS, show_spinner=False)
def _cover(path: bytes, changed: int, root: bytes) -> bytes | None:
    """The time of change is part of the key."""
    return artwork(path, root)
