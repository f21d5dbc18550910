"""Tracks as points on a plane, on which a person draws a region: what both planes share.

Only a sample is drawn, always the same one; a region that is drawn applies to all tracks. Names are
escaped: plotly reads <b> and &amp; as markup. Figures are made once per query and kept with the
session.
"""

import html
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from engine.orders import shuffle_keys
from engine.query import Polygon, QueryError, Range
from engine.regions import simplified
from engine.selection import Selection
from ui.collection import Collection
from ui.page import ink

DRAWN = 2000  # points of each kind: a browser draws and lassoes them without a pause
SEED = 1  # of the sample
HEIGHT = 560  # pixels
LETTERS = 60  # of a name that is hovered over
GREY = "rgba(128, 128, 128, 0.42)"  # of tracks that do not match
OUTLINE = {"color": "#d1495b", "width": 2}


@dataclass(frozen=True)
class Drawn:
    """A region that a person drew: corners of a lasso, or the two ranges of a box."""

    corners: Polygon
    x: Range
    y: Range


def matching(found: Selection) -> np.ndarray:
    """bool [tracks]: what all filters keep, before the limits."""
    kept = np.zeros(found.total, dtype=bool)
    kept[found.kept] = True
    return kept


def sample(collection: Collection, rows: np.ndarray, most: int = DRAWN) -> np.ndarray:
    """At most so many of the rows, always the same ones."""
    if len(rows) <= most:
        return rows
    keys = shuffle_keys(collection.frame.index.to_numpy()[rows], SEED)
    return rows[np.sort(np.argpartition(keys, most)[:most])]


def hover(collection: Collection, rows: np.ndarray) -> list[str]:
    """Title and artist, as plotly shows them letter by letter."""
    names = collection.names(rows)
    return [
        escaped(title) + (f"<br>{escaped(artist)}" if artist else "")
        for title, artist in zip(names["title"], names["artist"], strict=True)
    ]


def escaped(text: str) -> str:
    """A name, not too long, as plotly shows it letter by letter."""
    short = text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
    return html.escape(short, quote=False)


def points(
    collection: Collection, rows: np.ndarray, xy: np.ndarray, name: str, **marker: object
) -> go.Scattergl:
    """Some tracks as marks, with their names."""
    return go.Scattergl(
        x=xy[rows, 0],
        y=xy[rows, 1],
        mode="markers",
        name=name,
        text=hover(collection, rows),
        hovertemplate="%{text}<extra></extra>",
        marker={"size": 6, "line": {"width": 0}, **marker},
        # Streamlit's charts fade what is outside a selection: the figure that follows says more.
        unselected={"marker": {"opacity": 1}},
    )


def figure(corners: Polygon, revision: str) -> go.Figure:
    """An empty plane with the region that is in force; one revision keeps the zoom."""
    made = go.Figure()
    made.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        dragmode="lasso",
        uirevision=revision,
        showlegend=True,  # also of a single trace
        legend={
            "orientation": "h", "yanchor": "top", "y": -0.12, "itemsizing": "constant",
            "font": {"color": ink()},
        },
        hoverlabel={"align": "left"},
    )  # fmt: skip
    made.update_xaxes(tickfont_color=ink(), title_font_color=ink())
    made.update_yaxes(tickfont_color=ink(), title_font_color=ink())
    if corners:
        closed = [*corners, corners[0]]
        made.add_shape(
            type="path",
            path="M " + " L ".join(f"{x},{y}" for x, y in closed) + " Z",
            line=OUTLINE,
            fillcolor="rgba(209, 73, 91, 0.08)",
            layer="above",
        )
    return made


def kept(name: str, asked: Hashable, make: Callable[[], go.Figure]) -> go.Figure:
    """The last figure of a name again, as long as the same is asked."""
    held = st.session_state.get(f"{name}_figure")
    if held is None or held[0] != asked:
        held = st.session_state[f"{name}_figure"] = (asked, make())
    return held[1]


def draw(made: go.Figure, key: str, drawn: Callable[[Drawn], None], about: str) -> None:
    """The figure; `drawn` is called, as a callback, with what a person draws on it.

    With a mouse, one draws at once. A finger scrolls the page, until its person asks to draw: the
    switch is there only where page.css shows it.
    """
    drawing = st.toggle("Draw with a finger", key="finger_draws", persist_state="page")
    with st.container(key=f"{key}_{'drawn_on' if drawing else 'scrolled_past'}"):
        st.plotly_chart(
            made,
            key=key,
            on_select=lambda: _read(key, drawn),
            selection_mode=("box", "lasso"),
            # Not by the wheel, which scrolls the page; the buttons above the plane zoom.
            config={"displaylogo": False, "displayModeBar": True, "scrollZoom": False},
            alt=about,
        )


def _read(key: str, drawn: Callable[[Drawn], None]) -> None:
    """An empty selection says nothing: charts send one whenever they are drawn anew."""
    selection = st.session_state[key]["selection"]
    for shape in (*selection.get("lasso", ()), *selection.get("box", ())):
        lasso = shape in selection.get("lasso", ())
        xs, ys = ([float(value) for value in shape[axis]] for axis in "xy")
        try:
            corners = simplified(list(zip(xs, ys, strict=True))) if lasso else _box(xs, ys)
        except QueryError:
            return  # a click that became a line: nothing was meant
        x, y = zip(*corners, strict=True)
        drawn(Drawn(corners if lasso else (), Range(min(x), max(x)), Range(min(y), max(y))))
        return


def _box(xs: Sequence[float], ys: Sequence[float]) -> Polygon:
    if min(xs) == max(xs) or min(ys) == max(ys):
        raise QueryError("A box needs a width and a height.")
    (left, right), (bottom, top) = xs[:2], ys[:2]
    return ((left, bottom), (right, bottom), (right, top), (left, top))
