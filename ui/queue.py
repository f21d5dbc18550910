"""A playlist that plays by itself: the controls and what plays now in a low bar, the table below.

All of it is one fragment, so that nothing else of the page runs when the track changes. The browser
says when a track has ended (ui/queue.js); which one comes next is engine/queue.py's to say. The bar
is as high while nothing plays, so that the table stays where it is (ui/queue.css); the IC curve of
what plays is below the table, which so begins in the upper half of the page.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from engine import queue
from engine.previews import PreviewError
from engine.query import Query
from engine.queue import Moved, Player
from ui import covers, curves, sounds, tables
from ui.collection import Collection
from ui.players import escaped_facts
from ui.text import count, escaped, of_what

EVENTS = ("ended", "error", "pause", "play", "blocked")  # that the browser reports
BLOCKED = "Your browser lets a page play only after a click: press play in the player."
COVER = 64  # pixels
MOST_TOLD = 300  # letters of earlier sentences that are kept
_FOLDER = Path(__file__).parent


def play_on(collection: Collection, rows: Sequence[int], query: Query, key: str = "queue") -> None:
    """The player alone, if anything plays: where the page shows something else than the list."""
    if _player(key).track is not None:
        draw(collection, rows, query, key, table=False)


@st.fragment
def draw(
    collection: Collection,
    rows: Sequence[int],
    query: Query,
    key: str = "queue",
    table: bool = True,
    of: str = "",
) -> None:
    """The player of a list and its table; the ids of the rows selected are kept in the session
    state as `{key}_selected`. `of` tells its buttons from those of another list of the page."""
    rows = np.asarray(rows)
    mark = tables.mark(rows)
    st.session_state[f"{key}_mark"] = mark
    of_it = of_what(of)
    ids = collection.frame.index.to_numpy()[rows]
    player = queue.seen(_player(key), ids)
    if player.track is not None and player.track not in collection.frame.index:
        player = queue.stop(player)  # the library was read again without it
    bar = st.container(border=True, key=f"{key}_bar", gap="xsmall")
    below = st.container()
    with bar:
        controls = st.container(horizontal=True, gap="small")
        player = _settled(collection, ids, player, key)
        with controls:
            if table:
                _starts(key, ids, _chosen(rows, key), of_it)
            _controls(key, player, ids, of_it)
        _now(collection, player, ids, key, table)
    if table:
        with below:
            playing = player.place if player.track is not None and player.listed else None
            chosen = tables.draw(
                collection, rows, query, playing, f"{key}_table",
                lambda place: _ask(key, ("start", place, frozenset())), of,
            )  # fmt: skip
            _curve(collection, player, key)
        st.session_state[f"{key}_selected"] = ids[chosen].tolist()
    _listener()(
        data={
            "token": player.token,
            "player": None if player.track is None else _slot(key, player.token),
            "paused": player.paused,
            "table": f"{key}_table_list" if table else None,
            "mark": mark,
        },
        key=f"{key}_ear",
        on_event_change=lambda: _heard(key),
        height=1,
    )


@cache
def _listener():
    """The component that hears the audio element."""
    return st.components.v2.component(
        "serendip_queue",
        js=(_FOLDER / "queue.js").read_text(encoding="utf-8"),
        css=(_FOLDER / "queue.css").read_text(encoding="utf-8"),
        isolate_styles=False,  # the rules are for what Streamlit draws beside the component
    )


def _player(key: str) -> Player:
    return st.session_state.setdefault(f"{key}_player", Player())


def _slot(key: str, token: int) -> str:
    """The container of a start's audio element. Two take turns, so that each start has an element
    of its own, and a late event of the last one cannot be taken for the new one's."""
    return f"{key}_sound_{token % 2}"


def _chosen(rows: np.ndarray, key: str) -> list[int]:
    """Places selected in the table, which is drawn later."""
    try:
        return tables.selected(rows, f"{key}_table")
    except tables.PlacesError:
        return []  # said below the table


def _starts(key: str, ids: np.ndarray, chosen: list[int], of_it: str) -> None:
    """The buttons that begin to play, beside the list alone.

    One row selected is where to begin; of several, only these play.
    """
    first = chosen[0] if chosen else 0
    only = frozenset(ids[chosen].tolist() if len(chosen) > 1 else [])
    some = "Play from here" if len(chosen) == 1 else "Play selected"
    _button(key, "all", f"Play all{of_it}", "play_arrow", ("start", 0, frozenset()), not len(ids))
    _button(key, "selected", some + of_it, "playlist_play", ("start", first, only), not chosen)


def _controls(key: str, player: Player, ids: np.ndarray, of_it: str) -> None:
    """The buttons for what plays; without a list there is nowhere to go on to."""
    idle = player.track is None
    nowhere = idle or not len(ids)
    _button(key, "previous", f"Previous{of_it}", "skip_previous", ("before",), nowhere)
    _button(key, "next", f"Next{of_it}", "skip_next", ("after",), nowhere)
    _button(key, "stop", f"Stop{of_it}", "stop", ("stop",), idle)


def _button(key: str, name: str, label: str, icon: str, asked: tuple, off: bool) -> None:
    """A button with words, which asks for what the fragment then does."""
    st.button(
        label,
        key=f"{key}_do_{name}",
        icon=f":material/{icon}:",
        type="primary" if name == "all" else "secondary",
        disabled=off,
        on_click=_ask,
        args=(key, asked),
    )


def _ask(key: str, asked: tuple) -> None:
    st.session_state[f"{key}_asked"] = asked


def _heard(key: str) -> None:
    """What the browser says of the audio element or of a row of the table; news of an earlier start
    or list are passed over."""
    event = st.session_state[f"{key}_ear"].get("event")
    if not isinstance(event, dict):
        return
    kind, player = event.get("kind"), _player(key)
    if kind == "row" and event.get("mark") == st.session_state.get(f"{key}_mark"):
        if isinstance(place := event.get("place"), int) and place >= 0:
            _ask(key, ("start", place, frozenset()))
    elif event.get("token") != player.token:
        return
    elif kind in ("ended", "error"):
        _ask(key, ("after", kind))
    elif kind in EVENTS:
        st.session_state[f"{key}_player"] = replace(player, paused=kind != "play")
        st.session_state[f"{key}_told"] = BLOCKED if kind == "blocked" else ""


def _settled(collection: Collection, ids: np.ndarray, player: Player, key: str) -> Player:
    """The player after what was asked for, if anything; tells what was passed over."""
    asked = st.session_state.pop(f"{key}_asked", None)
    if asked is not None:
        reasons: dict[int, str] = {}
        moved = _moved(collection, ids, player, asked, reasons)
        told = ""
        if asked == ("after", "error") and player.track is not None:
            moved = replace(moved, skipped=(player.track, *moved.skipped))
            reasons[player.track] = "The browser cannot play it."
            told = st.session_state.get(f"{key}_told", "")  # nobody has had time to read it
        player = moved.player
        told = f"{told if len(told) < MOST_TOLD else ''} {_told(collection, moved, asked, reasons)}"
        st.session_state[f"{key}_told"] = told.strip()
    st.session_state[f"{key}_player"] = player
    return player


def _moved(
    collection: Collection, ids: np.ndarray, player: Player, asked: tuple, reasons: dict[int, str]
) -> Moved:
    """What was asked for, done; `reasons` gets why a track could not be played."""

    def playable(track: int) -> bool:
        try:
            sounds.of(collection, int(collection.frame.index.get_loc(track)))
        except PreviewError as error:
            reasons[track] = str(error)
            return False
        return True

    if asked[0] == "start":
        return queue.start(player, ids, asked[1], playable, asked[2])
    if asked[0] == "stop":
        return Moved(queue.stop(player))
    return {"after": queue.after, "before": queue.before}[asked[0]](player, ids, playable)


def _told(collection: Collection, moved: Moved, asked: tuple, reasons: dict[int, str]) -> str:
    """What was skipped and why it ended, as Markdown; empty where all went as asked."""
    said = []
    if moved.skipped:
        first = moved.skipped[0]
        title = collection.name(int(collection.frame.index.get_loc(first)))["title"]
        more = f" So were {len(moved.skipped) - 1} more." if len(moved.skipped) > 1 else ""
        said.append(f"Skipped: “{escaped(title)}”. {escaped(reasons[first])}{more}")
    if moved.gave_up:
        said.append(
            f"Stopped after {len(moved.skipped)} tracks in a row that cannot be played. Is the "
            "drive with the music connected?"
        )
    elif moved.player.track is None and asked[0] != "stop":
        said.append("The end of the list.")
    return " ".join(said)


def _now(
    collection: Collection, player: Player, ids: np.ndarray, key: str, table: bool = True
) -> None:
    """What plays, in a place of the same height as nothing."""
    row = _row(collection, player)
    with st.container(horizontal=True, gap="small", key=f"{key}_playing"):
        with st.container(horizontal=True, gap="small", wrap=False, key=f"{key}_playing_now"):
            covers.draw(collection, row, key, COVER)
            with st.container(gap=None):
                _said(collection, player, ids, row, table)
        with st.container(key=f"{key}_sounds", gap=None):
            for turn in (0, 1):
                place = st.empty()  # which takes away the last one's at once
                if row is not None and player.token % 2 == turn:
                    with place.container(key=_slot(key, turn), gap=None):
                        sounds.draw(collection, row, brief=True)
    with st.container(key=f"{key}_told_place"):
        if told := st.session_state.get(f"{key}_told"):
            st.caption(f":material/info: {told}")
        else:
            st.empty()  # keeps the place: without anything in it, it would not be drawn


def _row(collection: Collection, player: Player) -> int | None:
    """Where in the collection what plays is."""
    return None if player.track is None else int(collection.frame.index.get_loc(player.track))


def _curve(collection: Collection, player: Player, key: str) -> None:
    """The IC curve of what plays; its place is the same for a track without one, so that nothing
    moves when the next one begins."""
    row = _row(collection, player)
    if row is None or not collection.coverage.columns.get("ic_mean"):
        return
    with st.container(key=f"{key}_curve_place", height=curves.HEIGHT + 4, border=False):
        if not curves.draw(collection, row, f"{key}_curve"):
            st.caption("This track has no curve of information content (IC).")


def _said(
    collection: Collection, player: Player, ids: np.ndarray, row: int | None, table: bool
) -> None:
    """Title, place and facts."""
    if row is None:
        st.markdown("**Nothing plays**")
        st.caption(_offer(len(ids)) if table else "“Play all” is beside the list.")
    else:
        track = collection.name(row)
        artist = f" · {escaped(track['artist'])}" if track["artist"] else ""
        st.markdown(f"**{escaped(track['title'])}**{artist}")
        paused = "Paused · " if player.paused else ""
        st.caption(f"{paused}{_place(player, ids)} · {escaped_facts(collection, row)}")


def _offer(tracks: int) -> str:
    """What “Play all” would do."""
    if tracks == 0:
        return "There is no track to play."
    if tracks == 1:
        return "“Play all” plays the one track of the list."
    return f"“Play all” goes through the {count(tracks)} one after the other."


def _place(player: Player, ids: np.ndarray) -> str:
    """Where it is in the list."""
    if not player.listed:
        return "Not in this list any more"
    if player.only:
        return f"{player.place + 1} of {len(ids):,}, of {count(len(player.only))} selected"
    return f"{player.place + 1:,} of {len(ids):,}"
