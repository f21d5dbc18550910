"""Saving a list: download it, or write it into a folder of this computer, in several formats."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from engine import playlist_files
from engine.playlist import Entry, Written, plain
from engine.playlist_formats import FORMATS, Format
from engine.playlist_paths import (
    ABSOLUTE,
    LONGEST_ON_WINDOWS,
    Names,
    Paths,
    PlaylistError,
    is_inside,
    is_odd,
    is_text,
    is_too_long,
    located,
    replacing,
    with_drive,
)
from ui import gaps
from ui.bound import bound, choice
from ui.collection import Collection
from ui.text import count, escaped

WAYS = {"absolute": "Absolute", "relative": "Relative", "replaced": "Elsewhere"}
WAYS_HELP = (
    "Absolute: works wherever you keep the playlist, on this computer. Relative: works where "
    "playlist and music are moved together, such as to a stick; the playlist must lie in the "
    "folder below. Elsewhere: the beginning of each path is replaced, for a network drive, "
    "Windows or a phone that holds the same music."
)
# Beside path, title, artist, album and seconds, in a table.
VALUES = (
    "tempo_bpm",
    "key_edma",
    "scale_edma",
    "loudness_lufs",
    "danceability",
    "voice",
    "valence",
    "arousal",
    "style",
    "ic_mean",
    "ic_model",
    "danceability_dsp",
)
# The strongest of the 50 tags and its activation. These and the signal's danceability stand in
# where a library lacks styles or the network's danceability; in columns of their own, since what
# is in `style` and `danceability` has another meaning and scale.
TAG = ("tag", "tag_activation")
NAMED = 3  # tracks that a warning names
NAMES = {Names.KEEP: "Keep them", Names.LEAVE_OUT: "Leave them out", Names.UNDERSCORE: "Write _"}
NAMES_HELP = (
    "Such a device has no file of that name. Leave them out: the list holds what is surely there. "
    "Write _: as programs that copy music to such a device write each sign that cannot be there, "
    "so choose this if you copied the music with one that does. Nothing is renamed here."
)
LENGTHS = {False: "Keep them", True: "Leave them out"}
# What becomes of names that are not UTF-8, by format; the others lose nothing.
NOT_UTF8 = {
    ".m3u8": "An M3U8 file keeps their bytes, which VLC and mpv open on Linux; stricter players "
    "may refuse the whole file because of them. XSPF writes such names safely",
    ".csv": "The table has their paths as addresses that begin with file:, so that all of it can "
    "be read as UTF-8",
}


def entries(collection: Collection, rows: Sequence[int], values: bool = True) -> list[Entry]:
    """The tracks of a list as a playlist takes them; values, if it takes any, by the name of their
    column, and what gave them where that was no published model."""
    frame = collection.frame.iloc[rows]
    columns = ("path", "title", "artist", "duration_s", "album", *(VALUES if values else ()))
    lists = [frame[c].astype(object).where(frame[c].notna(), None).tolist() for c in columns]
    names: list[str] = []
    if values:
        marks = {column: gaps.stand_in(collection, column) for column in VALUES}
        marks |= dict.fromkeys(TAG, gaps.stand_in(collection, "valence"))  # of the same network
        names = [f"{column} ({mark})" if mark else column for column, mark in marks.items()]
        lists += [known[rows].tolist() for known in _strongest_tags(collection)]
    return [
        Entry(*facts[:5], dict(zip(names, facts[5:], strict=True)))
        for facts in zip(*lists, strict=True)
    ]


def _strongest_tags(collection: Collection) -> tuple[np.ndarray, np.ndarray]:
    """object [tracks]: label and activation of the strongest of the 50 tags; None without any."""

    def read() -> tuple[np.ndarray, np.ndarray]:
        labels, activations = np.full((2, len(collection.frame)), None, dtype=object)
        names = collection.library.labels("tags")
        ids, matrix = collection.library.vectors("tags")
        rows = collection.frame.index.get_indexer(ids)
        known = np.flatnonzero(rows >= 0)  # a library grows meanwhile
        if names and len(known):
            best = matrix[known].argmax(axis=1)
            labels[rows[known]] = np.array(names, dtype=object)[best]
            activations[rows[known]] = matrix[known, best].astype(float)
        return labels, activations

    return collection.once("strongest tags", read)


@st.fragment
def draw(
    collection: Collection, rows: Sequence[int], name: str, key: str, of: int | str | None = None
) -> None:
    """Name, format, kind of paths, download and save; nothing else of the page runs when they
    change.

    A list of something, a track or a saved query, begins with the name given for it; the rest stays
    as it was set.
    """
    named, form, way = st.columns([3, 2, 3])
    name_key = f"{key}_name" if of is None else f"{key}_name_{of}"
    typed_name = named.text_input("Name", name, key=name_key, persist_state="page")
    with form:
        chosen = _format(key)
    with way:
        kind = _way(key)
    file = playlist_files.file_name(typed_name, chosen.suffix)
    replaced = _replaced(collection, key) if kind == "replaced" else None
    typed = st.text_input(
        "Folder",
        _common_folder(collection.roots),
        key=f"{key}_folder",
        persist_state="page",
        help="On the computer that runs this app. The playlist is saved there; relative paths "
        "start there.",
    )
    if replaced is not None and not replaced[1].strip():
        st.info("Type where the same folder is on the other device.", icon=":material/edit:")
        return
    try:
        paths = _paths(kind, typed, replaced)
    except PlaylistError as error:
        st.error(escaped(str(error)), icon=":material/folder_off:")
        return
    paths = _mended(collection, rows, paths, key)
    _left_out(collection, rows, chosen, paths)
    called = playlist_files.list_name(typed_name, chosen.suffix)
    _buttons(
        lambda: chosen.write(entries(collection, rows, chosen.values), paths, called),
        typed,
        file,
        chosen,
        key,
    )


def _format(key: str) -> Format:
    names = list(FORMATS)
    name = choice(
        st.segmented_control,
        "Format",
        names,
        key=f"{key}_format",
        persist_state="page",
        required=True,
        help=" ".join(f"{name}: {form.about}" for name, form in FORMATS.items()),
    )
    return FORMATS[name]


def _way(key: str) -> str:
    """The choice between the kinds of paths."""
    return choice(
        st.segmented_control,
        "Paths in the file",
        list(WAYS),
        format_func=WAYS.get,
        key=f"{key}_paths",
        persist_state="page",
        required=True,
        help=WAYS_HELP,
    )


def _replaced(collection: Collection, key: str) -> tuple[str, str]:
    """The folder here, and what it is called elsewhere."""
    here, there = st.columns(2)
    return (
        here.text_input(
            "Music folder here",
            _common_folder(collection.roots),
            key=f"{key}_here",
            persist_state="page",
        ),
        there.text_input(
            "The same folder there",
            key=f"{key}_there",
            persist_state="page",
            placeholder="D:\\Music or //server/share",
            help="Where the same folder is on the other device: D:\\Music on Windows, "
            "//server/share on a network drive, /storage/1234-5678/Music on a phone's card.",
        ),
    )


def _paths(kind: str, typed: str, replaced: tuple[str, str] | None) -> Paths:
    """What was chosen, checked. PlaylistError."""
    if replaced is not None:
        return replacing(*replaced)
    return Paths(relative_to=playlist_files.folder(typed)) if kind == "relative" else ABSOLUTE


def _common_folder(roots: Sequence[str]) -> str:
    """The innermost folder that holds all roots; empty where its name cannot be typed."""
    folder = os.path.commonpath(roots) if roots else ""
    return folder if plain(folder) == folder else ""


def _buttons(
    written: Callable[[], Written], typed: str, file: str, chosen: Format, key: str
) -> None:
    """Download, or save into the folder that was typed."""
    download, save, replace = st.columns([2, 2, 3], vertical_alignment="center")
    download.download_button(
        f"Download {chosen.suffix[1:].upper()}",
        lambda: written().data,
        file,
        chosen.mime,
        key=f"{key}_download",
        on_click="ignore",
        icon=":material/download:",
        type="primary",
        width="stretch",
    )
    allowed = replace.checkbox("Replace an existing file", key=f"{key}_replace")
    if save.button("Save to folder", key=f"{key}_save", icon=":material/save:", width="stretch"):
        _save(written(), typed, file, chosen, allowed)


def _save(written: Written, typed: str, file: str, chosen: Format, replace: bool) -> None:
    try:
        folder = playlist_files.folder(typed)
        target = playlist_files.save(written.data, folder, file, chosen.suffix, replace)
    except PlaylistError as error:
        st.error(escaped(str(error)), icon=":material/error:")
        return
    st.success(f"{count(written.entries)} saved.", icon=":material/check:")
    st.code(plain(os.fspath(target)), language=None, wrap_lines=True)


def _left_out(collection: Collection, rows: Sequence[int], chosen: Format, paths: Paths) -> None:
    """Say beforehand which tracks will not be in the file, or not as one expects, and why."""
    rows = np.asarray(rows)
    all_paths = collection.frame["path"].to_numpy(dtype=object)
    if chosen.suffix == ".m3u8":
        broken = all_paths[rows[collection.unwritable[rows]]].tolist()
        _warn(broken, "no line of an M3U8 file can hold a line break; XSPF and CSV can")
    if paths.replaced is not None:
        outside = [path for path in all_paths[rows].tolist() if not is_inside(path, paths)]
        _warn(outside, f"not in {paths.replaced[0]}, so there is no path to them elsewhere")
    if chosen.suffix in NOT_UTF8:
        odd = all_paths[rows[_not_utf8(collection)[rows]]].tolist()
        places = [place for path in odd if (place := located(path, paths))]
        _told([place.text for place in places if not is_text(place.text)], chosen)


def _mended(collection: Collection, rows: Sequence[int], paths: Paths, key: str) -> Paths:
    """Say which tracks the device there cannot hold or open under their names, and offer what
    mends it; the paths as it was chosen."""
    tracks = collection.frame["path"].to_numpy(dtype=object)[np.asarray(rows)].tolist()
    if odd := [path for path in tracks if is_odd(path, paths)]:
        paths = dataclasses.replace(paths, names=_names(odd, paths, key))
    if long := [path for path in tracks if is_too_long(path, paths)]:
        paths = _shortened(long, paths, key)
    elif paths.replaced is not None and paths.replaced[1] == st.session_state.get(f"{key}_drive"):
        st.caption("Once, on the computer with Windows, as a command:")
        st.code(st.session_state[f"{key}_drive_command"], language=None, wrap_lines=True)
    return paths


def _names(odd: list[str], paths: Paths, key: str) -> Names:
    """What is to become of names that cannot be there."""
    device = "Windows" if paths.on_windows else "Android" if paths.on_android else None
    where = device or "a stick or card (FAT), Windows or Android"
    st.warning(
        f"{count(len(odd))} with names that {where} cannot hold, such as one with ? or : "
        f"({_few(odd)}).",
        icon=":material/sd_card_alert:",
    )
    offered = list(NAMES) if device is None else list(NAMES)[1:]
    widget = f"{key}_names_{device or 'stick'}"
    st.session_state.setdefault(widget, paths.of_names)
    return bound(
        st.segmented_control,
        "What becomes of them",
        offered,
        format_func=NAMES.get,
        key=widget,
        persist_state="page",
        required=True,
        help=NAMES_HELP,
    )


def _shortened(long: list[str], paths: Paths, key: str) -> Paths:
    """What is to become of paths that are too long for Windows."""
    st.warning(
        f"{count(len(long))} with more than {LONGEST_ON_WINDOWS} signs in the path there, which "
        f"most programs on Windows cannot open ({_few(long)}).",
        icon=":material/straighten:",
    )
    leave = choice(
        st.segmented_control,
        "What becomes of the long ones",
        list(LENGTHS),
        format_func=LENGTHS.get,
        key=f"{key}_long",
        persist_state="page",
        required=True,
    )
    shorter, command = with_drive(paths)
    drive = shorter.replaced[1]
    mended = sum(not is_too_long(path, shorter) for path in long)
    if mended:
        st.button(
            f"Write {escaped(drive)} for the folder: {count(mended)} fit then",
            key=f"{key}_use_drive",
            on_click=_use_drive,
            args=(key, drive, command),
            help="Windows can give the whole folder a letter of its own, which makes each path as "
            "short as it gets; the command for that comes up here.",
        )
    return dataclasses.replace(paths, longest=LONGEST_ON_WINDOWS) if leave else paths


def _use_drive(key: str, drive: str, command: str) -> None:
    st.session_state[f"{key}_there"] = drive
    st.session_state[f"{key}_drive"] = drive
    st.session_state[f"{key}_drive_command"] = command


def _few(paths: list[str]) -> str:
    """The first of them by name, as Markdown."""
    named = ", ".join(f"“{escaped(Path(path).name)}”" for path in paths[:NAMED])
    return named + (", …" if len(paths) > NAMED else "")


def _not_utf8(collection: Collection) -> np.ndarray:
    """bool [tracks]: the bytes of the path are not UTF-8."""
    paths = collection.frame["path"]
    return collection.once("not_utf8", lambda: np.array([not is_text(p) for p in paths], bool))


def _warn(left_out: list[str], why: str) -> None:
    if left_out:
        st.warning(f"{count(len(left_out))} will be left out ({_few(left_out)}): {escaped(why)}.")


def _told(odd: list[str], chosen: Format) -> None:
    if odd:
        st.info(
            f"Names that are not UTF-8: {count(len(odd))} "
            f"(such as “{escaped(Path(odd[0]).name)}”). {escaped(NOT_UTF8[chosen.suffix])}.",
            icon=":material/translate:",
        )
