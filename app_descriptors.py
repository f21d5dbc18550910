"""Filter the library by what the music sounds like, listen, and save a playlist.

streamlit run app_descriptors.py -- --library DIR
"""

import numpy as np
import streamlit as st

from engine.descriptors import DESCRIPTORS
from engine.query import COLUMN_ORDERS
from engine.selection import Facts, Selection, select
from ui import collection, exports, filters, page, players, tables
from ui.text import count, escaped, hours

ORDER_NAMES = {
    "style": "Style activation",
    "shuffle": "Shuffle",
    "artist": "Artist",
    "title": "Title",
    "path": "Folder and file",
    **{column: DESCRIPTORS[column].label for column in COLUMN_ORDERS},
}


def main() -> None:
    """The page, from top to bottom."""
    page.begin("descriptors", "Filter your music by what it sounds like, listen, save a playlist.")
    music = collection.opened()
    filters.start(music)
    with st.sidebar:
        filters.draw(music)
    summary = st.container()  # drawn last, since it counts what the controls below it ask for
    order_controls(music)
    query = filters.read()
    filters.share(query)
    found = select(query, Facts(music.frame, music.styles() if query.styles else None))
    with summary:
        show_counts(music, found)
    if not len(found.rows):
        advise(music, found)
        st.stop()
    tables.draw(music, found.rows, query)
    show_size(music, found)
    with st.expander("Save this playlist", expanded=True, icon=":material/playlist_add:"):
        exports.draw(music, found.rows, "serendip", "export")
    players.pages(music, found.rows, "players")
    music.preload(music.shown, music.styles)


def show_counts(music: collection.Collection, found: Selection) -> None:
    """How many tracks match, and how many each filter leaves."""
    for problem in st.session_state["link_problems"]:
        st.warning(escaped(problem), icon=":material/link_off:")
    st.subheader(f"{found.matches:,} of {count(found.total)} match", anchor=False)
    steps = " → ".join(f"{filters.named(s.name, music)} **{s.kept:,}**" for s in found.steps)
    st.caption(f"All {found.total:,} → {steps}" if steps else "No filter is set.")


def advise(music: collection.Collection, found: Selection) -> None:
    """Nothing matches: which filter to relax."""
    worst = found.worst
    name = filters.named(worst.name, music)
    if worst.without:
        told = f"Relax {name} first: without it, {count(worst.without)} would match."
    else:
        told = f"Several filters are too narrow: begin with {name}, which alone leaves " + (
            f"{count(worst.alone)}."
        )
    st.info(f"Nothing matches. {told}", icon=":material/filter_alt_off:")
    alone = ", ".join(f"{filters.named(s.name, music)} {s.alone:,}" for s in found.steps)
    st.caption(f"Tracks that each filter alone would leave: {alone}.")


def order_controls(music: collection.Collection) -> None:
    """Order, its direction or seed, and the maximum length."""
    orders = [o for o in ORDER_NAMES if o not in COLUMN_ORDERS or music.frame[o].notna().any()]
    by, how, most = st.columns([3, 2, 2], vertical_alignment="bottom")
    ranked = bool(st.session_state["styles"])
    names = ORDER_NAMES if ranked else ORDER_NAMES | {"style": "Library"}
    chosen = by.selectbox("Order by", orders, format_func=names.get, key="order")
    if chosen == "shuffle":
        how.number_input(
            "Seed",
            min_value=0,
            max_value=2**32 - 1,
            step=1,
            key="seed",
            help="The same number always gives the same order. Any other number shuffles anew.",
        )
    elif chosen == "style":
        only = "Strongest first" if ranked else "As found"
        how.segmented_control("Direction", [only], default=only, key="only", disabled=True)
    else:
        names = chosen in ("artist", "title", "path")
        ways = ("A to Z", "Z to A") if names else ("Rising", "Falling")
        how.segmented_control(
            "Direction",
            ["up", "down"],
            format_func=dict(zip(("up", "down"), ways, strict=True)).get,
            key="direction",
            required=True,
            help="Tracks without a value come last either way.",
        )
    most.number_input(
        "At most (tracks)",
        min_value=1,
        value=None,
        step=10,
        key="limit",
        placeholder="No limit",
        help="Length of the playlist. Empty: all that match.",
    )


def show_size(music: collection.Collection, found: Selection) -> None:
    """How long the playlist is, and what the limit cut off."""
    seconds = float(np.nansum(music.frame["duration_s"].to_numpy()[found.rows]))
    cut = found.matches - len(found.rows)
    rest = f" · {cut:,} more would match" if cut else ""
    st.caption(f"{count(len(found.rows))} · {hours(seconds)}{rest}")


if __name__ == "__main__":
    main()
