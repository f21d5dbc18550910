"""Saving a list: download it, or write it into a folder of this computer."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine import playlist
from engine.playlist import Entry, PlaylistError, Written
from ui.collection import Collection
from ui.text import count, escaped

MIME = "audio/x-mpegurl"


def entries(collection: Collection, rows: Sequence[int]) -> list[Entry]:
    """The tracks of a list as a playlist takes them."""
    columns = collection.frame[["path", "title", "artist", "duration_s"]].iloc[rows]
    texts = columns[["title", "artist"]].to_numpy(dtype=object, na_value=None)
    return [
        Entry(path, title, artist, seconds)
        for path, (title, artist), seconds in zip(
            columns["path"], texts, columns["duration_s"], strict=True
        )
    ]


@st.fragment
def draw(
    collection: Collection, rows: Sequence[int], name: str, key: str, track: int | None = None
) -> None:
    """Name, kind of paths, download and save; nothing else of the page runs when they change.

    A list that belongs to a track begins with the name given for it; the rest stays as it was set.
    """
    named, kind = st.columns(2)
    name_key = f"{key}_name" if track is None else f"{key}_name_{track}"
    file = playlist.file_name(named.text_input("Name", name, key=name_key))
    relative = _relative(kind, key)
    typed = st.text_input(
        "Folder",
        _common_folder(collection.roots),
        key=f"{key}_folder",
        help="On the computer that runs this app. The playlist is saved there; relative paths "
        "start there.",
    )
    try:
        base = playlist.folder(typed) if relative else None
    except PlaylistError as error:
        st.error(escaped(str(error)), icon=":material/folder_off:")
        return
    _unwritable(collection, rows)
    _buttons(lambda: playlist.m3u8(entries(collection, rows), base), typed, file, key)


def _common_folder(roots: Sequence[str]) -> str:
    """The innermost folder that holds all roots; empty where its name cannot be typed."""
    folder = os.path.commonpath(roots) if roots else ""
    return folder if playlist.plain(folder) == folder else ""


def _relative(place: DeltaGenerator, key: str) -> bool:
    """The choice between the two kinds of paths."""
    kind = place.segmented_control(
        "Paths in the file",
        ["absolute", "relative"],
        default="absolute",
        format_func=str.capitalize,
        key=f"{key}_paths",
        required=True,
        help="Absolute: works wherever you keep the playlist, on this computer. Relative: works "
        "where playlist and music are moved together, such as to a stick or a phone; the playlist "
        "must lie in the folder below.",
    )
    return kind == "relative"


def _buttons(written: Callable[[], Written], typed: str, file: str, key: str) -> None:
    """Download, or save into the folder that was typed."""
    download, save, replace = st.columns([2, 2, 3], vertical_alignment="center")
    download.download_button(
        "Download M3U8",
        lambda: written().data,
        file,
        MIME,
        key=f"{key}_download",
        on_click="ignore",
        icon=":material/download:",
        type="primary",
        width="stretch",
    )
    allowed = replace.checkbox("Replace an existing file", key=f"{key}_replace")
    if save.button("Save to folder", key=f"{key}_save", icon=":material/save:", width="stretch"):
        _save(written(), typed, file, allowed)


def _save(written: Written, typed: str, file: str, replace: bool) -> None:
    try:
        target = playlist.save(written.data, playlist.folder(typed), file, replace)
    except PlaylistError as error:
        st.error(escaped(str(error)), icon=":material/error:")
        return
    st.success(f"{count(written.entries)} saved.", icon=":material/check:")
    st.code(_shown(target), language=None, wrap_lines=True)


def _unwritable(collection: Collection, rows: Sequence[int]) -> None:
    """Say beforehand which tracks no line of a playlist can hold."""
    places = np.asarray(rows)[collection.unwritable[rows]]
    broken = collection.frame["path"].iloc[places[:1]].tolist()
    if broken:
        st.warning(
            f"{count(len(places))} cannot stand in an M3U8 file and will be left out: there is a "
            f"line break in the path, as in “{escaped(broken[0])}”."
        )


def _shown(path: Path) -> str:
    return playlist.plain(os.fspath(path))
