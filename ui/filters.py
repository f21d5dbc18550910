"""The filters in the sidebar, grouped by what they are about.

A group says how many of its filters are on, and is open at first where one is. The widgets are
those of ui/filter_style and ui/filter_groups; their state is that of ui/query_state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from engine.filters import implied
from engine.query import Query
from ui import filter_groups, filter_style, maps, query_state
from ui.bound import bound
from ui.collection import Collection
from ui.gaps import substitutes
from ui.names import FIELDS
from ui.text import escaped

# What each network gives, for the note that it is not the published one.
GIVEN = {"effnet": "Styles, voice, danceability", "musicnn": "Tags, valence, arousal"}


@dataclass(frozen=True)
class Group:
    """Filters of one meaning."""

    name: str
    filters: tuple[str, ...]  # of ui.names.NAMES
    draw: Callable[[Collection], None]
    icon: str


GROUPS = (
    Group("Style", ("styles",), filter_style.styles, ":material/sell:"),
    Group(
        "Rhythm",
        ("tempo", "tempo_confidence", "danceability", "danceability_dsp"),
        filter_groups.rhythm,
        ":material/speed:",
    ),
    Group("Key", ("key", "camelot", "keys_agree"), filter_groups.key, ":material/piano:"),
    Group("Mood", ("valence", "arousal", "mood_region"), filter_groups.mood, ":material/mood:"),
    Group("Voice", ("voice",), filter_groups.voice, ":material/mic:"),
    Group("Loudness", ("loudness",), filter_groups.loudness, ":material/volume_up:"),
    Group(
        "Surprise (IC)", ("ic", "ic_percentile"), filter_groups.surprise, ":material/auto_awesome:"
    ),
    Group("Time", ("duration", "year"), filter_groups.time, ":material/schedule:"),
    Group("Map", ("map_region",), filter_groups.on_map, ":material/scatter_plot:"),
    Group(
        "Leave out",
        ("exclude_artists", "exclude_styles", "exclude_folders"),
        filter_style.left_out,
        ":material/block:",
    ),
)
OPEN_AT_FIRST = ("Style", "Rhythm")


def draw(collection: Collection, without: Sequence[str] = ()) -> None:
    """All filters. Widgets whose descriptor is missing are replaced by the reason.

    without: "Search" and names of groups that a page has no use for; those that are on are drawn.
    """
    query = query_state.query()
    head, button = st.columns([1, 1.2], vertical_alignment="center")
    head.header("Filters", anchor=False)
    button.button(
        "Reset filters", key="reset", on_click=query_state.reset, width="stretch",
        help="All filters off. Order and limits stay.",
    )  # fmt: skip
    for stage, given in GIVEN.items():
        for note in substitutes(collection, stage):
            st.warning(f"{given}: {escaped(note)}.", icon=":material/science:")
    if query.text or "Search" not in without:
        bound(
            st.text_input,
            "Search",
            key="text",
            placeholder="Title, artist, album or file",
            icon=":material/search:",
            help="Tracks in which all of these words occur, whatever case and accents.",
        )
    for group in GROUPS:
        if group.name in without and not any(active(query, name) for name in group.filters):
            continue
        if group.name == "Surprise (IC)" and not collection.ic_models:
            continue  # no analysis gives IC unless it is asked to
        if group.name == "Map" and not query.map_region and not maps.networks(collection):
            continue  # no embeddings, no map
        _group(collection, group, query)


def _group(collection: Collection, group: Group, query: Query) -> None:
    on = [name for name in group.filters if active(query, name)]
    # Decided once: later it is the person's, and the browser keeps it. Not tracked by the script,
    # since a tracked one is built anew with its label, and the slider under the finger with it.
    at_first = st.session_state.setdefault(
        f"open_{group.name}", bool(on) or group.name in OPEN_AT_FIRST
    )
    label = f"{group.name} · **{len(on)} on**" if on else group.name
    with st.expander(label, at_first, key=f"group_{group.name}", icon=group.icon):
        group.draw(collection)


def active(query: Query, name: str) -> bool:
    """Whether a filter is on, and no part of another one."""
    field = FIELDS.get(name, (name,))
    if name == "styles":
        return bool(query.styles)
    if name in implied(query):
        return False
    return any(getattr(query, part) != getattr(Query(), part) for part in field)
