"""The blind listening test: two lists without names, one question, one vote at a time.

Which network made which list is in the session's state only: nothing that is sent to the browser
(order, keys of widgets, scores) depends on it before the vote. Nor are descriptors shown: a list
whose styles are those of the track would be EffNet's, plainly. All of it is one fragment.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from engine import listening_test
from engine.listening_test import ListeningTestError, Pair, Vote
from engine.weights import of_library
from ui import found, gaps, listening_results, players
from ui.bound import choice
from ui.collection import Collection
from ui.lists import NETWORKS, missing
from ui.text import count, escaped

VIEWS = {"compare": "Compare", "results": "Results"}
SIDES = {"left": "A", "right": "B"}
ABOUT = (
    "Which network hears similarity as you do? You hear a track and two lists, made by EffNet and "
    "MusiCNN, on sides drawn by chance. Say which list sounds more like the track. Half a minute "
    "of each is enough, and you need not hear all."
)


@dataclass(frozen=True)
class Last:
    """The vote before, to undo it or to tell what was what."""

    vote: Vote
    pair: Pair


@st.fragment
def draw(music: Collection) -> None:
    """The test or its results, or what is missing for it."""
    known = found.spaces(music)
    if absent := [name for name in found.NETWORKS if name not in known]:
        st.markdown("The listening test compares two networks: both are needed.")
        for name in absent:
            missing(music, name)
        return
    for name in found.NETWORKS:
        for note in gaps.substitutes(music, name):
            st.warning(
                f"{NETWORKS[name][0]}: {escaped(note)}. Votes on it say nothing about the "
                "published network.",
                icon=":material/science:",
            )
    choice(
        st.segmented_control, "Listening test", list(VIEWS), format_func=VIEWS.get, key="test_view",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    try:
        votes = listening_test.read(music.library.path)
    except ListeningTestError as error:
        st.error(escaped(str(error)), icon=":material/error:")
        return
    for problem in votes.problems:
        st.warning(escaped(problem), icon=":material/rule:")
    if st.session_state["test_view"] == "results":
        listening_results.draw(votes.votes, models(music))
    else:
        _compare(music, votes.votes)


def models(music: Collection) -> dict[str, str]:
    """Network → the weights that the library was made with, by name."""
    return music.once(
        "weights", lambda: {name: held.name for name, held in of_library(music.library).items()}
    )


def _compare(music: Collection, votes: tuple[Vote, ...]) -> None:
    _begin_anew_if_read_again(music)
    with st.container(key="test_top"):
        _last(music)
    st.markdown(ABOUT)
    name, told = st.columns([2, 3], vertical_alignment="bottom")
    listener = name.text_input(
        "Your name (optional)",
        key="test_listener",
        max_chars=listening_test.LONGEST_LISTENER,
        persist_state="session",
        help="Any name: it tells listeners apart in the count. It is kept with the votes, beside "
        "the library.",
    ).strip()
    own = [vote for vote in votes if vote.listener == listener]
    told.markdown(f"{count(len(votes), 'vote')} so far{_mine(votes, own, listener)}.")
    writable = os.access(music.library.path, os.W_OK)
    if not writable:
        st.info(
            "The folder of the library cannot be written to, so no vote can be kept. You can "
            "listen all the same.",
            icon=":material/lock:",
        )
    try:
        pair = _pair(music, {vote.seed for vote in own})
    except ListeningTestError as error:
        st.info(escaped(str(error)), icon=":material/done_all:")
        if st.session_state.get("test_skipped"):
            st.button("Offer the skipped ones again", key="test_again", on_click=_unskip)
        return
    _question(music, pair)
    _answers(music, pair, listener, writable)
    _scroller()(data={"token": len(own) + len(st.session_state.get("test_skipped", ()))}, height=1)


def _mine(votes: Sequence[Vote], own: Sequence[Vote], listener: str) -> str:
    """How many of the votes are this listener's; nothing where all are and have no name."""
    if not votes or (not listener and len(own) == len(votes)):
        return ""
    return f", {len(own):,} of them {'yours' if listener else 'without a name'}"


@cache
def _scroller():
    """The component that brings the next question into view, and the keyboard to it."""
    script = (Path(__file__).parent / "listening.js").read_text(encoding="utf-8")
    return st.components.v2.component("serendip_listening", js=script)


def _of(music: Collection) -> tuple[Path, int]:
    """What a question is about: another generation has other lists, and may lack its tracks."""
    return music.library.path, music.generation


def _begin_anew_if_read_again(music: Collection) -> None:
    state = st.session_state
    if state.get("test_of") != _of(music):
        state["test_of"], state["test_pair"], state["test_last"] = _of(music), None, None


def _pair(music: Collection, answered: set[int]) -> Pair:
    """The question that this session is at; a new one when it was answered. ListeningTestError."""
    state = st.session_state
    if state.get("test_pair") is None:
        known = found.spaces(music)
        safe = ~np.isin(music.recordings.ids, list(music.standing.unsafe))
        state["test_pair"] = listening_test.draw(
            (known["effnet"], known["musicnn"]),
            music.recordings,
            np.random.default_rng(),
            seeds=safe,
            skip=answered | state.get("test_skipped", set()),
        )
    return state["test_pair"]


def _question(music: Collection, pair: Pair) -> None:
    """The track and the lists, with players; alike in all but their tracks."""
    with st.container(key="test_question"):
        st.subheader("The track", anchor=False)
    players.player(music, _row(music, pair.seed), None, "test_seed", where="the track", facts=False)
    columns = st.columns(2, gap="medium")
    for column, side, tracks in zip(columns, SIDES, (pair.left, pair.right), strict=True):
        with column:
            st.subheader(f"List {SIDES[side]}", anchor=False)
            for place, track in enumerate(tracks, start=1):
                key = f"test_{SIDES[side]}_{place}"
                where = f"list {SIDES[side]}, {place}"
                players.player(music, _row(music, track), place, key, where=where, facts=False)


def _answers(music: Collection, pair: Pair, listener: str, writable: bool) -> None:
    """The buttons; one row below the lists."""
    st.markdown("**Which list sounds more like the track?**")
    answers = (("left", "List A"), ("right", "List B"), ("same", "No difference"))
    with st.container(horizontal=True, key="test_answers"):
        for choice, label in answers:
            st.button(
                label,
                key=f"test_{choice}",
                type="primary" if choice in SIDES else "secondary",
                disabled=not writable,
                on_click=_vote,
                args=(music, pair, choice, listener),
            )
        st.button("Skip", key="test_skip", on_click=_skip, args=(pair,), type="tertiary",
                  help="Another track; this one does not count.")  # fmt: skip
    st.checkbox(
        "After each vote, tell me which list was whose",
        key="test_reveal",
        persist_state="session",
        help="Whoever knows may begin to recognise the networks, and vote for a name instead of "
        "the sound: leave it off for a fair test.",
    )


def _vote(music: Collection, pair: Pair, choice: str, listener: str) -> None:
    """Keep an answer; a second click on the same question is none."""
    state = st.session_state
    if state.get("test_pair") != pair:
        return
    style = music.frame.at[pair.seed, "style"]
    vote = listening_test.voted(
        pair, choice, listener, music.recordings, models(music), None if pd.isna(style) else style
    )
    try:
        listening_test.record(music.library.path, vote)
    except ListeningTestError as error:
        state["test_problem"] = str(error)
        return
    state["test_last"], state["test_pair"] = Last(vote, pair), None


def _skip(pair: Pair) -> None:
    state = st.session_state
    state["test_skipped"] = state.get("test_skipped", set()) | {pair.seed}
    state["test_pair"] = None


def _unskip() -> None:
    st.session_state["test_skipped"] = set()


def _undo(music: Collection, last: Last) -> None:
    """Take the last vote of this session back, and ask the same again."""
    state = st.session_state
    try:
        listening_test.take_back(music.library.path, last.vote.id)
    except ListeningTestError as error:
        state["test_problem"] = str(error)
        return
    # A click on a page from before the library was read again brings no question of then back.
    if state.get("test_of") == _of(music):
        state["test_pair"] = last.pair
    state["test_last"] = None


def _last(music: Collection) -> None:
    """What became of the last vote, and the way back."""
    state = st.session_state
    if problem := state.pop("test_problem", None):
        st.error(escaped(problem), icon=":material/error:")
    last: Last | None = state.get("test_last")
    if last is None:
        return
    title = escaped(music.name(_row(music, last.vote.seed))["title"])
    side = SIDES.get(last.vote.choice)
    chosen = f"list {side}" if side else "no difference"
    shown = ""
    if state.get("test_reveal"):
        left, right = (NETWORKS[name][0] for name in (last.vote.left, last.vote.right))
        shown = f" A was {left}, B was {right}."
    said, button = st.columns([4, 1], vertical_alignment="center")
    said.markdown(f":material/check: Kept for “{title}”: {chosen}.{shown}")
    button.button("Undo", key="test_undo", on_click=_undo, args=(music, last), width="stretch")


def _row(music: Collection, track: int) -> int:
    return int(music.frame.index.get_loc(track))
