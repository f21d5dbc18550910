"""How surprising a track is from moment to moment: its IC curve, below its player."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from engine.library import LibraryError
from engine.playlist import plain
from engine.records import Curve
from ui.collection import Collection
from ui.page import INK, TEAL, ink

if TYPE_CHECKING:
    import plotly.graph_objects as go

KEPT_FIGURES = 200  # of 40 kB
HEIGHT = 150  # pixels
MOST_POINTS = 1500  # more than a page is wide
# Each 3.8 to 1 or more against white and against the dark page.
COLOURS = (TEAL, "#c8632a", "#8a6fc4", "#7a8a1f")


def draw(collection: Collection, row: int, key: str) -> bool:
    """Draw the curves of a track; False where it has none."""
    track = int(collection.frame.index[row])
    library = str(collection.library.path)
    shown = _kept(library, collection.generation, track, row, ink(), collection)
    if shown is not None:
        st.plotly_chart(shown, key=key, config={"displayModeBar": False}, theme="streamlit")
    return shown is not None


@st.cache_resource(max_entries=KEPT_FIGURES, show_spinner=False)
def _kept(
    path: str, generation: int, track: int, row: int, colour: str, _collection: Collection
) -> "go.Figure | None":
    """A page of ten costs a tenth of a second otherwise."""
    curves = of(_collection, row)
    return figure(curves, colour) if curves else None


def of(collection: Collection, row: int) -> tuple[Curve, ...]:
    """The curves of a track that have any value."""
    if not collection.coverage.columns.get("ic_mean"):
        return ()
    try:
        found = collection.curves(int(collection.frame.index[row]))
    except LibraryError:
        return ()  # `engine.library check` names a damaged one
    return tuple(curve for curve in found if np.isfinite(curve.values).any())


def figure(curves: Sequence[Curve], colour: str = INK["light"]) -> "go.Figure":
    """Seconds against nats per frame, one line a curve, with gaps where there is no value; texts
    have the colour."""
    import plotly.graph_objects as go  # here: it takes half a second, and few libraries have IC

    lines = []
    for place, curve in enumerate(curves):
        seconds, values = points(curve)
        line = go.Scatter(
            x=seconds,
            y=values,
            name=_name(curve),
            mode="lines",
            line={"width": 1.5, "color": COLOURS[place % len(COLOURS)]},
            connectgaps=False,
            hovertemplate="%{x:.1f} s: %{y:.2f} nats/frame<extra></extra>",
        )
        lines.append(line)
    small, ticks = {"size": 12, "color": colour}, {"tickfont": {"color": colour}}
    layout = {
        "height": HEIGHT,
        "margin": {"l": 0, "r": 0, "t": 22, "b": 0},
        "title": {
            "text": _title(curves),
            "font": small,
            "x": 0,
            "y": 0.98,
            "yanchor": "top",
        },
        # The unit stands with each time: a title would lie against them in so low a plot.
        "xaxis": {"ticksuffix": " s", **ticks},
        "yaxis": {"title": {"text": "IC (nats/frame)", "font": small}, "nticks": 4, **ticks},
        "showlegend": len(curves) > 1,
        "legend": {
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "x": 1,
            "xanchor": "right",
            "font": {"color": colour},
        },
    }
    return go.Figure(lines, layout)  # at once: adding and updating took twice as long


def points(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Times in s and values, of at most MOST_POINTS means over equally many frames; a mean of
    frames without any value is missing."""
    frames = max(1, -(-len(curve.values) // MOST_POINTS))
    padded = np.full(-(-len(curve.values) // frames) * frames, np.nan)
    padded[: len(curve.values)] = curve.values
    blocks = padded.reshape(-1, frames)
    known = np.isfinite(blocks).sum(axis=1)
    means = np.where(known > 0, np.nansum(blocks, axis=1) / np.maximum(known, 1), np.nan)
    starts = curve.start_s + np.arange(len(blocks)) * frames * curve.hop_s
    return starts + (frames - 1) / 2 * curve.hop_s, means


def _name(curve: Curve) -> str:
    return _text(curve.name.replace("_", " ").upper())


def _title(curves: Sequence[Curve]) -> str:
    models = ", ".join(dict.fromkeys(_text(curve.model) for curve in curves))
    return f"Surprise (IC) by the model {models}"


def _text(text: str) -> str:
    """Plotly reads some HTML in what it shows."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
