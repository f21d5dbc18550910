"""The seeds: the tracks that others are to sound like. Found by words or by chance, shown as chips.

The seeds themselves are part of ui.asked.Asked in the session's state; the functions here that
change them are callbacks, so that the page that follows is already about the new ones.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from engine import words
from ui import players, upload
from ui.asked import SEEDS, Asked
from ui.bound import bound, heard
from ui.collection import Collection
from ui.text import count, escaped

HITS = 50  # offered of a search
CHIP_LETTERS = 40  # of a title; longer ones would fill a line of a phone


def asked() -> Asked:
    """What this session asks for."""
    return st.session_state["asked"]


def replace_by(track: int) -> None:
    """Make a track the only seed."""
    upload.forget()
    st.session_state["asked"] = replace(asked(), seeds=(track,))


def add(track: int) -> None:
    """One seed more."""
    st.session_state["asked"] = asked().with_seed(track)


def remove(track: int) -> None:
    """One seed less."""
    st.session_state["asked"] = asked().without_seed(track)


def take(track: int) -> None:
    """Add or replace, as the person has set it."""
    if st.session_state.get("adding"):
        add(track)
    else:
        replace_by(track)


def choose(music: Collection) -> None:
    """Search, pick, or leave it to chance."""
    search, choice, chance = st.columns([5, 6, 3], vertical_alignment="bottom")
    typed = search.text_input(
        "Search",
        key="search",
        placeholder="Words of title, artist or file name",
        icon=":material/search:",
    )
    chance.button(
        "Surprise me", key="chance", on_click=_at_random, args=(music,), width="stretch",
        icon=":material/casino:",
    )  # fmt: skip
    hits = matching(music, typed)
    offered = music.names(hits[:HITS])[["title", "artist", "album"]]
    lines = {
        track: " · ".join(filter(None, names))
        for track, names in zip(offered.index.tolist(), offered.to_numpy(), strict=True)
    }
    st.session_state["pick"] = None
    bound(
        choice.selectbox,
        f"{count(len(hits))} found" + (f", the first {HITS} offered" if len(hits) > HITS else ""),
        list(lines),
        format_func=lines.__getitem__,
        key="pick",
        placeholder="Choose a track" if len(hits) else "Nothing found: try fewer or other words",
        on_change=_picked,
        disabled=not len(hits),
    )


def matching(music: Collection, text: str) -> np.ndarray:
    """Rows that hold all words, in the order of the library."""
    if not text.strip():
        return np.arange(len(music.frame))
    return np.flatnonzero(words.found(text, music.words()))


def _picked() -> None:
    if (track := heard("pick")) is not None:
        take(track)


def _at_random(music: Collection) -> None:
    take(int(music.frame.index[secrets.randbelow(len(music.frame))]))


def known(music: Collection, wanted: Asked, held_before: bool = False) -> tuple[Asked, list[str]]:
    """What is asked without tracks that this library does not hold, and a sentence if there are.

    held_before: they were seeds of this session until now, not only of a link.
    """
    seeds = tuple(seed for seed in wanted.seeds if seed in music.frame.index)
    if missing := len(wanted.seeds) - len(seeds):
        verb = "is" if missing == 1 else "are"
        who = (
            f"{count(missing, 'seed')} {verb} no longer"
            if held_before
            else f"{count(missing)} of the link {verb} not"
        )
        return replace(wanted, seeds=seeds), [f"{who} in this library. Left out."]
    return wanted, []


def drop_gone(music: Collection) -> None:
    """Go on without the seeds that left the library since it was read before, and say so."""
    kept, gone = known(music, asked(), held_before=True)
    if gone:
        st.session_state["asked"] = kept
        st.session_state["seed_problems"] = gone


def chips(music: Collection, seeds: tuple[int, ...], forget: Callable[[], None] | None) -> None:
    """The seeds by name, each with a click to remove it; `forget` drops an uploaded file."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="chips"):
        for seed in seeds:
            name = music.name(int(music.frame.index.get_loc(seed)))["title"]
            shown = name if len(name) <= CHIP_LETTERS else f"{name[: CHIP_LETTERS - 1]}…"
            st.button(
                escaped(shown),
                key=f"seed_{seed}",
                on_click=remove,
                args=(seed,),
                icon=":material/close:",
                icon_position="right",
                help=f"Remove {escaped(name)} from the seeds",
            )
        if forget is not None:
            st.button(
                "Your file",
                key="seed_file",
                on_click=forget,
                icon=":material/close:",
                icon_position="right",
                help="Go on without the file",
            )
        st.checkbox(
            "Add what I pick",
            key="adding",
            persist_state="session",
            help="To the seeds; otherwise a track that you pick above takes their place.",
        )
    if len(seeds) == SEEDS:
        st.caption(f"{SEEDS} seeds at most: another one takes the place of the first.")


def listen(music: Collection, seeds: tuple[int, ...]) -> None:
    """Players of the seeds: of one openly, of several behind a click."""
    rows = [int(row) for row in music.frame.index.get_indexer(seeds)]
    if len(rows) == 1:
        players.player(music, rows[0], None, "query")
        return
    with st.expander("Listen to the seeds", icon=":material/headphones:"):
        for column, row in zip(st.columns(2, gap="medium") * len(rows), rows, strict=False):
            with column:
                players.player(music, row, None, f"query_{music.frame.index[row]}")
