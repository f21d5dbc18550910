"""The seeds: the tracks that others are to sound like. Found by words or by chance, shown as chips.

The seeds themselves are part of ui.asked.Asked in the session's state; the functions here that
change them are callbacks, so that the page that follows is already about the new ones.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from ui import picker, players, upload
from ui.asked import SEEDS, Asked
from ui.collection import Collection
from ui.text import count, escaped, told_apart, unseen

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
    """Search and take, or leave it to chance."""
    search, chance = st.columns([5, 1], vertical_alignment="bottom")
    with search:
        picker.draw(music, "track_box", "Track", take)
    chance.button(
        "Surprise me", key="chance", on_click=_at_random, args=(music,), width="stretch",
        icon=":material/casino:",
    )  # fmt: skip


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
        tracks = music.names([int(row) for row in music.frame.index.get_indexer(seeds)])
        for seed, name in zip(seeds, told_apart(tracks["title"].tolist()), strict=True):
            shown = name if len(name) <= CHIP_LETTERS else f"{name[: CHIP_LETTERS - 1]}…"
            st.button(
                f"{unseen('Remove')} {escaped(shown)}",
                key=f"seed_{seed}",
                on_click=remove,
                args=(seed,),
                icon=":material/close:",
                icon_position="right",
                help=f"Remove {escaped(name)} from the seeds",
            )
        if forget is not None:
            st.button(
                f"{unseen('Remove')} Your file",
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
        players.player(music, rows[0], None, "query", where="seed")
        return
    with st.expander("Listen to the seeds", icon=":material/headphones:"):
        for column, row in zip(st.columns(2, gap="medium") * len(rows), rows, strict=False):
            with column:
                players.player(music, row, None, f"query_{music.frame.index[row]}", where="seed")
