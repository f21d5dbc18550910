"""Sounds like this, but …: what the lists may hold, besides the filters that both apps share.

Relative constraints (faster than the seeds) are worked out in engine/relative.py. Widgets start
from what the session asks for and are read back into it.
"""

from dataclasses import replace

import streamlit as st

from engine.descriptors import DESCRIPTORS
from engine.query import RANGE_COLUMNS
from engine.relative import RELATIONS
from ui import filters
from ui.asked import Asked
from ui.bound import bound
from ui.collection import Collection

# Relations as the page names them, in pairs that exclude each other.
WORDS = {
    "faster": "Faster",
    "slower": "Slower",
    "livelier": "Livelier",
    "calmer": "Calmer",
    "happier": "Happier",
    "sadder": "Sadder",
    "more_surprising": "More surprising",
    "more_predictable": "More predictable",
    "louder": "Louder",
    "quieter": "Quieter",
    "more_danceable": "More danceable",
    "less_danceable": "Less danceable",
}
APART_WORDS = {
    "artist": "Same artist",
    "album": "Same album",
    "per_artist": "Second tracks of an artist",
}
WIDGETS = ("than", "apart", "hubness")  # keys, and fields of Asked
WITHOUT = ("Search", "Map")  # filters that this page has no use for
RELATIONS_HELP = (
    "By at least 4 % in tempo, 1 LU in loudness, 0.3 in arousal (lively, calm) and valence (happy, "
    "sad), 0.05 in danceability, 0.1 in mean IC (surprising, predictable). With several seeds: "
    "than every one of them."
)
HUBS_HELP = (
    "Some tracks come out near to nearly everything, and so fill list after list without sounding "
    "like the seeds: hubs. The correction (CSLS) takes from each score how near a track is to its "
    "own ten nearest on average."
)


def start(asked: Asked, anew: bool) -> None:
    """Fill the widgets from what is asked: all of them when it is news, else those that Streamlit
    dropped while they were not drawn."""
    for name in WIDGETS:
        if anew or name not in st.session_state:
            value = getattr(asked, name)
            st.session_state[name] = list(value) if isinstance(value, tuple) else value


def answerable(music: Collection, wanted: Asked) -> tuple[Asked, list[str]]:
    """What is asked without relations of which no track has a value, and a sentence for each."""
    than = tuple(name for name in wanted.than if _valued(music, name))
    problems = [
        f"“{WORDS[name]}” of the link is left out: no track of this library has a value of "
        f"{DESCRIPTORS[RANGE_COLUMNS[RELATIONS[name].field]].label}."
        for name in wanted.than
        if name not in than
    ]
    return replace(wanted, than=than), problems


def draw(music: Collection, asked: Asked) -> Asked:
    """The widgets in the sidebar; returns what is asked now."""
    st.header("But …", anchor=False)
    offered = [name for name in WORDS if _valued(music, name)]
    if offered:
        bound(
            st.pills,
            "Than the seeds",
            offered,
            selection_mode="multi",
            format_func=WORDS.get,
            key="than",
            on_change=_drop_opposites,
            help=RELATIONS_HELP,
        )
    if "artist" in music.tagged:
        bound(
            st.pills,
            "Leave out",
            list(APART_WORDS),
            selection_mode="multi",
            format_func=APART_WORDS.get,
            key="apart",
            help="Tracks of the seeds' own artists, or of their own albums; or every further track "
            "of an artist that is already in the list.",
        )
    bound(st.toggle, "Correct for hubs", key="hubness", help=HUBS_HELP)
    filters.draw(music, WITHOUT)
    state = st.session_state
    return replace(
        asked, than=tuple(state["than"]), apart=tuple(state["apart"]), hubness=state["hubness"]
    )


def relax(name: str) -> None:
    """Take a relation off; for callbacks."""
    asked: Asked = st.session_state["asked"]
    changed = replace(asked, than=tuple(other for other in asked.than if other != name))
    st.session_state["asked"] = changed
    start(changed, anew=True)


def _valued(music: Collection, relation: str) -> bool:
    return bool(music.coverage.columns.get(RANGE_COLUMNS[RELATIONS[relation].field]))


def _drop_opposites() -> None:
    """The direction chosen last wins."""
    chosen, before = st.session_state["than"], st.session_state["asked"].than
    gone = {RELATIONS[name].opposite for name in chosen if name not in before}
    st.session_state["than"] = [name for name in chosen if name not in gone]
