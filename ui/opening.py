"""Opening the library of a session: which one, what is wrong with it, and whether it grows.

Each session keeps the collection that it started with until its person asks for the new tracks: a
playlist must not change under one's hands while an analysis runs. How far that is, a line at the
top says by itself every few seconds.
"""

import argparse
import os
import sys
from pathlib import Path

import streamlit as st

from engine import filling, progress, shell
from engine.library import Library, LibraryError
from engine.storage import FILE_NAME
from ui import fill
from ui.collection import Collection, read
from ui.text import count, escaped

VARIABLE = "SERENDIP_LIBRARY"
DEFAULT = "library"
LOOK_EVERY_S = 2.0
AGAIN = "Look again"


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
        if held is None or held.library.path != path or held.frame.empty:
            held = st.session_state["collection"] = read(str(path), generation)
    except LibraryError as error:
        _no_library(path, error)
    if held.frame.empty:
        _empty(held)
    _news(held, generation)
    if without := len(held.standing.valueless):
        st.caption(
            f":material/info: Left out: {count(without, 'file')} without any value. {_why(path)}"
        )
    return held


def _news(held: Collection, generation: int) -> None:
    """A line while an analysis runs, and whenever the library is newer than what is shown; else
    what could be filled in."""
    if _runs(held.library.path):
        st.fragment(_running, run_every=LOOK_EVERY_S)(held)
        return
    if held.generation != generation:
        _offer(held, "")
    fill.draw(held)


def _runs(path: Path) -> bool:
    """Whether an analysis fills the library, of this app or another process."""
    return filling.running(path) is not None or progress.running(path)


def _running(held: Collection) -> None:
    """Live: how far the analysis is; ends itself together with it."""
    path = held.library.path
    try:
        library = Library.open(path)
        if not _runs(path):
            st.rerun()
        note = progress.noted(library.meta())
        newer = library.generation != held.generation
    except LibraryError as error:
        st.error(escaped(str(error)), icon=":material/error:")
        return
    told = "An analysis is running"
    own = filling.running(path)
    if own is not None and (note is None or note.noted < own.started):
        told += f": {escaped(own.told() or 'it begins')}"  # before its first file
    elif note and note.done < note.total:
        told += f": {note.done:,} of {count(note.total, 'file')} done"
        told += f", {count(note.failed, 'failure')}" if note.failed else ""
        told += _left(note.seconds_left)
    if newer:
        _offer(held, f"{told}.", ":material/progress_activity:")
    else:
        st.caption(f":material/progress_activity: {told}. You see all tracks that are done.")
    if own is not None:
        st.button("Stop the analysis", key="fill_stop", on_click=filling.stop, args=(path,))


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 90:
        return ", about a minute left"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f", about {minutes} min left"
    return f", about {round(minutes / 60)} h left"


def _offer(held: Collection, told: str, icon: str = ":material/update:") -> None:
    """What is shown, what is new, and the button that reads it."""
    newer = held.library.track_count() - held.coverage.tracks
    told = f"{told} You see {count(len(held.frame))}"
    since = f"{count(newer, 'new one')} since" if newer > 0 else "the library has changed since"
    told += f"; {since}."
    said, button = st.columns([3, 1], vertical_alignment="center")
    said.caption(f"{icon} {told.strip()}")
    if button.button("Read it again", key="reread", width="stretch"):
        _read_again()
        st.rerun()  # of the whole page, also out of the fragment


def _read_again() -> None:
    path = folder()
    try:
        st.session_state["collection"] = read(str(path), Library.open(path).generation)
    except LibraryError:
        del st.session_state["collection"]  # the page that follows says what is wrong


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
    st.button(AGAIN, key="look_again", type="primary")
    st.stop()


def _empty(held: Collection) -> None:
    """Nothing to show yet: while an analysis runs, the page looks again by itself."""
    path = held.library.path
    if _runs(path):
        st.fragment(_first_tracks, run_every=LOOK_EVERY_S)(held)
        st.stop()
    if without := len(held.standing.valueless):
        st.info(
            f"The library holds {count(without, 'file')}, none of them with any value. "
            f"{_why(path)}",
            icon=":material/hourglass_empty:",
        )
        fill.draw(held)
    else:
        st.info(
            "This library has no tracks yet. Analyse a folder of music:",
            icon=":material/hourglass_empty:",
        )
        _command(path)
    st.button(AGAIN, key="look_again", type="primary")
    st.stop()


def _first_tracks(held: Collection) -> None:
    try:
        library = Library.open(held.library.path)
        filled = library.generation != held.generation and library.track_count() > 0
    except LibraryError as error:
        st.error(escaped(str(error)), icon=":material/error:")
        return
    if filled or not progress.running(held.library.path):
        st.rerun()
    st.info(
        "An analysis is running. Its first tracks come up here by themselves, usually after some "
        "seconds.",
        icon=":material/progress_activity:",
    )


def _why(path: Path) -> str:
    """The command that lists the reasons, as Markdown."""
    return f"The reasons: `` {shell.module('engine.library', 'failures', path)} ``"


def _command(path: Path) -> None:
    """The analysis that would fill this library."""
    given = filling.arguments([Path.home() / "Music"], path, fetch=False)
    st.code(filling.command(given), language="bash", wrap_lines=True)
