"""Filter the library by what the music sounds like, listen, and save a playlist.

streamlit run app_descriptors.py -- --library DIR
"""

import streamlit as st

from engine.facts import Facts
from engine.query import Query
from engine.selection import Selection, select
from ui import (
    exports,
    filters,
    funnel,
    map_tab,
    maps,
    opening,
    order,
    page,
    plane,
    query_state,
    queue,
    report,
    saved,
    tabs,
)
from ui.collection import Collection
from ui.text import count, escaped

TABS = ("Playlist", "Mood", "Map", "Report")


def main() -> None:
    """The page, from top to bottom."""
    page.begin("descriptors", "Filter your music by what it sounds like, listen, save a playlist.")
    music = opening.opened()
    query = query_state.begin(music)
    query_state.share()
    with st.sidebar:
        filters.draw(music)
    facts = maps.facts(music, query)
    found = answer(music, query, facts)
    summary(music, query, facts, found)
    playlist, mood, plan, overview = tabs.drawn(TABS)
    if playlist.open:
        with playlist:
            listen(music, query, found)
    elif mood.open:
        with mood:
            queue.play_on(music, found.rows, query)
            plane.draw(music, query, found)
    elif plan.open:
        with plan:
            queue.play_on(music, found.rows, query)
            map_tab.draw(music, query, found)
    elif overview.open:
        with overview:
            queue.play_on(music, found.rows, query)
            report.draw(music, found)
    music.preload(music.shown, music.count_styles, music.words, music.derive)


def answer(music: Collection, query: Query, facts: Facts) -> Selection:
    """The selection, kept until something else is asked: most clicks change no filter."""
    asked = (music.generation, str(music.library.path), query, facts.map_of)
    held = st.session_state.get("answer")
    if held is None or held[0] != asked:
        held = st.session_state["answer"] = (asked, select(query, facts))
    return held[1]


def summary(music: Collection, query: Query, facts: Facts, found: Selection) -> None:
    """How many tracks match, what was left out of a link, and how the filters work together."""
    for problem in (*st.session_state["link_problems"], *found.notes):
        st.warning(escaped(problem), icon=":material/link_off:")
    said, keep = st.columns([4, 1], vertical_alignment="center")
    said.subheader(f"{found.matches:,} of {count(found.total)} match", anchor=False)
    with keep:
        saved.draw(music, query)
    funnel.draw(music, query, facts, found)


def listen(music: Collection, query: Query, found: Selection) -> None:
    """Order and limits, the list with its player, and a way to save it."""
    order.draw(music, query)
    if not len(found.rows):
        queue.play_on(music, found.rows, query)
        if found.matches:
            funnel.too_short(found)
        else:
            funnel.advise(music, found)
        return
    st.caption(order.size(music, query, found))
    queue.draw(music, found.rows, query)
    with st.expander("Save this playlist", expanded=True, icon=":material/playlist_add:"):
        name = saved.name_of(music, query)
        exports.draw(music, found.rows, name or "Serendip", "export", name)


if __name__ == "__main__":
    main()
