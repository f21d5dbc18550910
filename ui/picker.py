"""One box that finds a track of the library as one types; Enter takes the one that is meant.

A library has too many tracks to send them all: the browser sends what is typed, and gets the best
OFFERED hits (ui/picker.js). That is a fragment: nothing else of the page runs until one is taken.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from engine import words
from ui.collection import Collection
from ui.text import count

OFFERED = 12
PLACEHOLDER = "Words of title, artist or file name"
NOTHING = "Nothing found: try fewer or other words."
_FOLDER = Path(__file__).parent


@st.fragment
def draw(music: Collection, key: str, label: str, picked: Callable[[int], None]) -> None:
    """The box; `picked` gets the id of the track that was taken, before the whole page runs."""
    state = st.session_state
    typed = str(state[key].get("typed") or "") if key in state else ""
    rows = matching(music, typed)
    shown = rows[:OFFERED]
    names = music.names(shown)[["title", "artist", "album"]].to_numpy()
    tracks = music.frame.index[shown]
    _box()(
        key=key,
        data={
            "label": label,
            "placeholder": PLACEHOLDER,
            "typed": typed,
            "hits": [
                {"track": int(track), "title": title, "detail": " · ".join(filter(None, others))}
                for track, (title, *others) in zip(tracks, names, strict=True)
            ],
            "meant": meant(music, typed, rows),
            "told": f"{count(len(rows))} found" if len(rows) else NOTHING,
            "more": _more(len(rows), len(shown)),
        },
        default={"typed": ""},
        on_typed_change=lambda: None,
        on_picked_change=lambda: _take(music, key, picked),
        height="content",
    )
    if state.pop(f"{key}_taken", False):
        st.rerun()  # of the whole page, out of the fragment


@cache
def _box():
    """The component."""
    parts = {kind: f"picker.{kind}" for kind in ("html", "css", "js")}
    return st.components.v2.component(
        "serendip_picker",
        **{kind: (_FOLDER / name).read_text(encoding="utf-8") for kind, name in parts.items()},
    )


def matching(music: Collection, text: str) -> np.ndarray:
    """Rows that hold all words, the best first; all, in the order of the library, for no word."""
    facts = music.facts()
    if not words.is_asked(text):
        return facts.order
    rows = facts.sort_rows(words.found(text, music.words()))
    return words.best_first(text, music.words(), rows)


def meant(music: Collection, text: str, rows: np.ndarray) -> int | None:
    """The id of the track that Enter takes: the only hit, or the only one of exactly that name."""
    if not words.is_asked(text):
        return None
    if len(rows) != 1:
        rows = rows[:2][words.is_name(text, music.words(), rows[:2])]
    return int(music.frame.index[rows[0]]) if len(rows) == 1 else None


def _more(found: int, shown: int) -> str:
    if not found:
        return NOTHING
    return "" if found == shown else f"{shown} of {count(found)}: more words find fewer."


def _take(music: Collection, key: str, picked: Callable[[int], None]) -> None:
    """What the browser says was taken; nothing where the library holds no such track (any more)."""
    track = st.session_state[key].get("picked")
    if isinstance(track, int) and track in music.frame.index:
        picked(track)
        st.session_state[f"{key}_taken"] = True
