"""The Map tab: tracks that sound alike lie together; a lasso on it makes a playlist.

The map itself is engine/projection's; making it happens behind the page (ui/maps).
"""

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.colors import sample_colorscale

from engine.activations import SEPARATOR
from engine.columns import numbers, texts
from engine.descriptors import DESCRIPTORS
from engine.map_cache import Map
from engine.projection import LANDMARKS
from engine.query import Query
from engine.schema import MEDIA_COLUMNS
from engine.selection import Selection
from ui import maps, page, plane, query_state, scatter, sliders
from ui.bound import choice
from ui.collection import Collection
from ui.gaps import space_gap, stand_in, substitutes
from ui.scatter import Drawn
from ui.text import count, escaped, plain

SPACES = {"effnet": "EffNet (genre, production)", "musicnn": "MusiCNN (timbre, mood)"}
METHODS = {"neighbours": "Neighbours (t-SNE)", "pca": "Overview (PCA)"}
METHOD_HELP = (
    "Neighbours keeps tracks together that sound alike; distances between far groups mean nothing. "
    "Overview keeps the large differences and blurs the small ones; it is there at once."
)
COLOURS = (
    "tempo_bpm", "danceability", "voice", "valence", "arousal", "loudness_lufs", "ic_mean",
    "duration_s",
)  # fmt: skip
GROUPS = {"genre": "Genre", "style": "Style", "key": "Key"}
COLUMNS = {"genre": "style", "style": "style", "key": "key_edma"}  # that a group is read from
KEYBOARD = (
    "By keyboard, or without seeing the map: the similarity app lists the tracks that sound most "
    "like one that you name, which is what lies around it here."
)
TOP = 10  # groups with a colour of their own
# Tol's muted scheme, which colour-blind people tell apart; marks differ in shape, too. Its indigo
# and its wine are lost on a dark page: a lighter blue and a pink stand for them there.
PALETTES = {
    "light": (
        "#cc6677", "#332288", "#ddcc77", "#117733", "#88ccee", "#882255", "#44aa99", "#999933",
        "#aa4499", "#ee8866",
    ),
    "dark": (
        "#cc6677", "#8c86e8", "#ddcc77", "#117733", "#88ccee", "#ffaabb", "#44aa99", "#999933",
        "#aa4499", "#ee8866",
    ),
}  # fmt: skip
# Two groups of one shape differ by 20 and more (CIEDE2000) to every kind of colour vision, and
# circles from those that do not match.
SYMBOLS = (
    "square", "diamond", "cross", "triangle-up", "square", "circle", "triangle-up", "circle",
    "cross", "diamond",
)  # fmt: skip
# The part of the Cividis scale that has a contrast of 3 to 1 with the page.
SCALES = {
    theme: sample_colorscale("Cividis", np.linspace(*ends, 9).tolist())
    for theme, ends in {"light": (0.0, 0.62), "dark": (0.35, 1.0)}.items()
}
STAND_IN = "What lies together on this map need not sound alike. Its network is a stand-in:"
LOOK_EVERY_S = 1.0
GOOD, FAIR = 0.9, 0.75  # trustworthiness


def draw(collection: Collection, query: Query, found: Selection) -> None:
    """Choices, then the map or why it is not there yet."""
    spaces = maps.networks(collection)
    if not spaces:
        gap = space_gap(collection, "effnet")
        sliders.explain("The map needs embeddings: not in this library.", gap)
        return
    space, method, colour = choices(collection, spaces)
    made = maps.making(collection, space, method)
    if made.problem:
        st.info(made.problem, icon=":material/scatter_plot:")
    elif made.map is None:
        wait(made, len(collection.frame))
    else:
        show(collection, query, found, made.map, colour)
    for told in filter(None, (colour_note(collection, colour), elsewhere(collection, query, made))):
        st.caption(told)


def choices(collection: Collection, spaces: list[str]) -> tuple[str, str, str]:
    """Embedding, method and colour."""
    first, second, third = st.columns(3)
    space = choice(
        first.selectbox, "Embedding", spaces, format_func=SPACES.get, key="map_space",
        persist_state="page", help="Which network's ear puts tracks next to each other.",
    )  # fmt: skip
    method = choice(
        second.selectbox,
        "Kind of map",
        list(METHODS),
        format_func=METHODS.get,
        key="map_method",
        persist_state="page",
        help=METHOD_HELP,
    )
    offered = [name for name in (*GROUPS, *COLOURS) if collection.has(COLUMNS.get(name, name))]
    offered.sort(key=lambda name: bool(colour_note(collection, name)))  # stand-ins come last
    colour = choice(
        third.selectbox, "Colour", offered, key="map_colour", persist_state="page",
        format_func=lambda name: GROUPS.get(name) or DESCRIPTORS[name].label,
    )  # fmt: skip
    return space, method, colour


def colour_note(collection: Collection, name: str) -> str:
    """What is wrong with the values of a colour; empty for published models."""
    column = COLUMNS.get(name, name)
    if column in MEDIA_COLUMNS or not (told := stand_in(collection, column)):
        return ""
    label = GROUPS.get(name) or DESCRIPTORS[name].label
    return f":material/science: Colours: {label} comes from a stand-in ({escaped(told)})."


def elsewhere(collection: Collection, query: Query, made: maps.Making) -> str:
    """That a region limits the tracks which was drawn on another map than the one that is shown."""
    if not query.map_region or (made.map and made.map.fingerprint == query.map_of):
        return ""
    kind = maps.kind(collection, query.map_of)
    if kind is None:
        return ""
    space, method = SPACES[kind[0]].partition(" (")[0], METHODS[kind[1]].partition(" (")[0]
    same = made.map and kind == (made.map.fit.space, made.map.fit.method)
    which = f"{'an older' if same else 'the'} {space} map ({method})"
    return f":material/filter_alt: The tracks are limited by a region on {which}, not shown here."


def wait(made: maps.Making, tracks: int) -> None:
    """Say that the map is being made, and look again by itself."""

    usual = "usually some seconds" if tracks <= LANDMARKS else "usually 10 to 60 s"

    @st.fragment(run_every=LOOK_EVERY_S)
    def look() -> None:
        if made.map or made.problem:
            st.rerun()
        st.info(
            f"The map is being made: {made.seconds:.0f} s so far; {usual} for {count(tracks)}. It "
            "is kept, so this is the only time. All else works meanwhile.",
            icon=":material/hourglass_top:",
        )

    look()


def show(collection: Collection, query: Query, found: Selection, placed: Map, colour: str) -> None:
    """The map, its trustworthiness, and how to be rid of a region."""
    said, button = st.columns([4, 1], vertical_alignment="center")
    said.caption("Draw a lasso or a box around tracks: they become the playlist.")
    button.button(
        "Clear", key="map_clear", on_click=query_state.relax, disabled=not query.map_region,
        args=("map_region",), width="stretch", help="No region, on this map or another.",
    )  # fmt: skip
    xy = collection.once(
        f"places {placed.fingerprint}", lambda: placed.rows(collection.frame.index.to_numpy())
    )
    matching = scatter.matching(found)
    there = ~np.isnan(xy[:, 0])
    hits = scatter.sample(collection, np.flatnonzero(there & matching))
    others = scatter.sample(collection, np.flatnonzero(there & ~matching))
    asked = (collection.generation, query, placed.fingerprint, colour, page.ink())
    made = scatter.kept(
        "map", asked, lambda: figure(collection, query, placed, xy, hits, others, colour)
    )
    scatter.draw(made, "map_plane", lambda region: drawn(region, placed), "Map of the tracks")
    counts = (int(np.count_nonzero(there & chosen)) for chosen in (matching, ~matching))
    of_hits, of_others = counts
    st.caption(plane.shown(len(hits), of_hits, len(others), of_others, int((~there).sum())))
    if notes := substitutes(collection, placed.fit.space):
        st.warning(f"{STAND_IN} {escaped('; '.join(notes))}.", icon=":material/science:")
    else:
        st.caption(trust(placed))
    st.caption(KEYBOARD)


def trust(placed: Map) -> str:
    """How far neighbours on the map are neighbours in sound; judged as it is shown."""
    value = round(placed.fit.trustworthiness, 2)
    if math.isnan(value):
        return ""
    word = "good" if value >= GOOD else "fair" if value >= FAIR else "rough"
    return (
        f"Trustworthiness {value:.2f} ({word}): how far neighbours on the map are neighbours in "
        "sound, measured on a sample; 1 is perfect, 0.5 is chance."
    )


def drawn(region: Drawn, placed: Map) -> None:
    """Let the query have what was drawn on this map."""
    corners = region.corners or (
        (region.x.low, region.y.low),
        (region.x.high, region.y.low),
        (region.x.high, region.y.high),
        (region.x.low, region.y.high),
    )
    query_state.change(map_region=corners, map_of=placed.fingerprint)


def figure(
    collection: Collection, query: Query, placed: Map, xy: np.ndarray, hits: np.ndarray,
    others: np.ndarray, colour: str,
) -> go.Figure:  # fmt: skip
    """Matching tracks in colour over the others in grey. The axes have no unit and no name."""
    region = query.map_region if query.map_of == placed.fingerprint else ()
    made = scatter.figure(region, f"map {placed.fingerprint}")
    made.add_trace(
        scatter.points(collection, others, xy, "Not matching", color=scatter.GREY, size=4)
    )
    if colour in GROUPS:
        grouped(made, collection, xy, hits, colour)
    else:
        graded(made, collection, xy, hits, colour)
    made.update_layout(legend_y=-0.02)
    bare = {"showticklabels": False, "zeroline": False, "showgrid": False, "title": None}
    made.update_xaxes(**bare)
    made.update_yaxes(**bare, scaleanchor="x")
    return made


def graded(
    made: go.Figure, collection: Collection, xy: np.ndarray, hits: np.ndarray, colour: str
) -> None:
    """By a number, in a scale that colour-blind people can read; without a value: hollow grey."""
    values = numbers(collection.frame, colour)[hits]
    known = ~np.isnan(values)
    unit = DESCRIPTORS[colour].unit
    title = DESCRIPTORS[colour].label + (f" ({unit})" if unit else "")
    low, high = np.percentile(values[known], [2, 98]) if known.any() else (0.0, 1.0)
    marker = {
        "color": values[known], "colorscale": SCALES[page.theme()], "cmin": low, "cmax": high,
        "colorbar": {
            "title": {"text": title, "side": "right", "font": {"color": page.ink()}},
            "thickness": 12, "tickfont": {"color": page.ink()},
        },
    }  # fmt: skip
    if (~known).any():
        none = scatter.points(
            collection, hits[~known], xy, "No value", color=scatter.GREY, symbol="circle-open"
        )
        made.add_trace(none)
    made.add_trace(scatter.points(collection, hits[known], xy, "Matching", **marker))


def grouped(
    made: go.Figure, collection: Collection, xy: np.ndarray, hits: np.ndarray, colour: str
) -> None:
    """By a name: the most frequent groups in the library in colours, all others in one grey."""
    names = collection.once(f"groups {colour}", lambda: group_names(collection, colour))
    top = pd.Series(names).value_counts().index[:TOP].tolist()
    of_hits = names[hits]
    rest = hits[~np.isin(of_hits, top)]
    if len(rest):
        made.add_trace(
            scatter.points(
                collection, rest, xy, "Other groups", color="#7f7f7f", symbol="circle-open"
            )
        )
    palette = PALETTES[page.theme()]
    for place, name in enumerate(top):
        rows = hits[of_hits == name]
        if len(rows):
            marker = {"color": palette[place], "symbol": SYMBOLS[place]}
            made.add_trace(scatter.points(collection, rows, xy, scatter.escaped(name), **marker))


def group_names(collection: Collection, colour: str) -> np.ndarray:
    """object [tracks]; None where there is none."""
    frame = collection.frame
    if colour == "key":
        parts = zip(texts(frame, "key_edma"), texts(frame, "scale_edma"), strict=True)
        found = [f"{key} {scale}" if key and scale else None for key, scale in parts]
    else:
        labels = texts(frame, "style")
        part = 0 if colour == "genre" else -1
        found = [plain(s.split(SEPARATOR)[part]) if s else None for s in labels]
    return np.array(found, dtype=object)
