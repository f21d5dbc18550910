"""The Mood tab: the library on the plane of valence and arousal.

A box sets the two sliders; a lasso becomes a region of the query, and the sliders follow it.
"""

import math

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from engine.columns import numbers
from engine.query import Query, Range
from engine.selection import Selection
from ui import query_state, scatter, sliders
from ui.collection import Collection
from ui.gaps import column_gap
from ui.page import TEAL, ink
from ui.scatter import Drawn
from ui.text import count

LOW, HIGH = 1.0, 9.0  # of both
STEP = 0.1  # of both sliders
# Russell's circumplex in everyday words: (valence, arousal, word).
QUADRANTS = ((1.2, 8.8, "tense"), (8.8, 8.8, "joyful"), (1.2, 1.2, "sad"), (8.8, 1.2, "calm"))
DRAW = (
    "Draw a lasso or a box around the mood that you want: the playlist and the sliders follow. By "
    "keyboard: the sliders of Mood, in the sidebar."
)


def draw(collection: Collection, query: Query, found: Selection) -> None:
    """The plane, what of it is drawn, and how to be rid of a region."""
    for column in ("valence", "arousal"):
        if gap := column_gap(collection, column):
            sliders.explain("The plane needs valence and arousal: not in this library.", gap)
            return
    xy = np.stack([numbers(collection.frame, c) for c in ("valence", "arousal")], axis=1)
    matching = scatter.matching(found)
    said, button = st.columns([4, 1], vertical_alignment="center")
    said.caption(DRAW)
    limited = bool(query.mood_region or query.valence.active or query.arousal.active)
    button.button(
        "Clear", key="mood_clear", on_click=clear, disabled=not limited, width="stretch",
        help="No region, and both sliders without a limit.",
    )  # fmt: skip
    placed = ~np.isnan(xy).any(axis=1)
    hits = scatter.sample(collection, np.flatnonzero(placed & matching))
    others = scatter.sample(collection, np.flatnonzero(placed & ~matching))
    asked = (collection.generation, query, ink())
    made = scatter.kept("mood", asked, lambda: plane(collection, query, xy, hits, others))
    scatter.draw(made, "mood_plane", drawn, "Valence and arousal of the tracks")
    here = int(np.count_nonzero(placed & matching)), int(np.count_nonzero(placed & ~matching))
    st.caption(shown(len(hits), here[0], len(others), here[1], int((~placed).sum())))


def plane(
    collection: Collection, query: Query, xy: np.ndarray, hits: np.ndarray, others: np.ndarray
) -> go.Figure:
    """Matching tracks over the others, and the four corners in words."""
    made = scatter.figure(outline(query), "mood")
    made.add_trace(
        scatter.points(collection, others, xy, "Not matching", color=scatter.GREY, size=4)
    )
    made.add_trace(scatter.points(collection, hits, xy, "Matching", color=TEAL, size=6))
    for x, y, word in QUADRANTS:
        made.add_annotation(
            x=x, y=y, text=word, showarrow=False, font={"size": 14, "color": ink()},
            xanchor="left" if x < 5 else "right",
        )  # fmt: skip
    ticks = {"range": [LOW - 0.1, HIGH + 0.1], "dtick": 1, "zeroline": False}
    made.update_xaxes(title_text="Valence (1 sad, tense – 9 happy, at ease)", **ticks)
    made.update_yaxes(title_text="Arousal (1 calm – 9 excited)", **ticks)
    return made


def outline(query: Query) -> tuple[tuple[float, float], ...]:
    """The corners of the region, or of the box that the sliders make."""
    if query.mood_region:
        return query.mood_region
    if not (query.valence.active or query.arousal.active):
        return ()
    (left, right), (low, high) = (
        (LOW if r.low is None else r.low, HIGH if r.high is None else r.high)
        for r in (query.valence, query.arousal)
    )
    return ((left, low), (right, low), (right, high), (left, high))


def drawn(region: Drawn) -> None:
    """Let the query have what was drawn."""
    query_state.change(
        mood_region=region.corners, valence=bounds(region.x), arousal=bounds(region.y)
    )


def bounds(drawn_range: Range) -> Range:
    """In steps of the slider, outwards; beyond its ends, no limit."""
    low = math.floor(drawn_range.low / STEP + 1e-9) * STEP
    high = math.ceil(drawn_range.high / STEP - 1e-9) * STEP
    low, high = min(max(low, LOW), HIGH), max(min(high, HIGH), LOW)
    return Range(None if low <= LOW else round(low, 1), None if high >= HIGH else round(high, 1))


def clear() -> None:
    """No region and no limits of mood."""
    query_state.change(mood_region=(), valence=Range(), arousal=Range())


def shown(hits: int, of_hits: int, others: int, of_others: int, missing: int) -> str:
    """How many points are drawn: `Drawn: all 300 tracks.` or a sample of them."""
    if hits == of_hits and others == of_others:
        told = f"Drawn: all {count(hits + others)} with a place here, {hits:,} of them matching."
    else:
        told = (
            f"Drawn: a sample of {hits:,} of the {of_hits:,} matching tracks and {others:,} of the "
            f"{of_others:,} others. A region applies to all of them."
        )
    return told + (f" {count(missing)} without a place here." if missing else "")
