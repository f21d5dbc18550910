"""Order and length of the playlist: widgets, and what each limit left out in words."""

import streamlit as st

from engine.query import ARRANGED_ORDERS, COLUMN_ORDERS, MOST, NAME_ORDERS, Query
from engine.selection import Selection
from ui.bound import bound, choice, clearable
from ui.collection import Collection
from ui.names import ORDER_NAMES
from ui.text import count, hours

ORDER_HELP = {
    "style": "The chosen styles at their strongest first; where none is chosen, album by album.",
    "smooth": "Small steps in tempo, key and sound from each track to the next.",
    "ic_arc": "From predictable to surprising and back again.",
    "middle": "First what lies closest to the middle of all ranges that are set.",
}
WAYS = {"up": "Ascending", "down": "Descending"}
LEFT_OUT = {
    "copies": "copies of others",
    "per_album": "by the limit per album",
    "per_artist": "by the limit per artist",
    "minutes": "by the limit of minutes",
    "tracks": "by the limit of tracks",
}
MORE = ("per_artist", "per_album", "collapse")


def draw(collection: Collection, query: Query) -> None:
    """Order, its direction or seed, and the limits."""
    widths = (2.6, 2.2, 1.9, 2.1, 2)
    by, how, tracks, minutes, more = st.columns(widths, vertical_alignment="bottom")
    bound(
        by.selectbox, "Order by", _orders(collection), format_func=ORDER_NAMES.get, key="order",
        help="\n\n".join(f"**{ORDER_NAMES[o]}**: {told}" for o, told in ORDER_HELP.items()),
    )  # fmt: skip
    with how:
        _direction(query)
    clearable(
        tracks.number_input, "At most (tracks)", min_value=1, max_value=MOST, step=10, key="limit",
        placeholder="No limit",
        help="Length of the playlist. Empty: all that match.",
    )  # fmt: skip
    clearable(
        minutes.number_input, "At most (minutes)", min_value=1.0, max_value=float(MOST), step=10.0,
        format="%.0f", key="minutes", placeholder="No limit",
        help="In total. Tracks are taken in order; one that would overrun is skipped, a shorter "
        "one after it may fit. Tracks of unknown length are left out then.",
    )  # fmt: skip
    with more:
        _more_limits(query)


def _more_limits(query: Query) -> None:
    on = sum(getattr(query, name) != getattr(Query(), name) for name in MORE)
    label = f"More limits · **{on} on**" if on else "More limits"
    with st.popover(label, key="more_limits", width="stretch"):
        clearable(
            st.number_input, "Per artist (tracks)", min_value=1, max_value=MOST, step=1,
            key="per_artist", placeholder="No limit",
            help="So that nobody is in every second track. Tracks without an artist all count.",
        )  # fmt: skip
        clearable(
            st.number_input, "Per album (tracks)", min_value=1, max_value=MOST, step=1,
            key="per_album", placeholder="No limit",
        )  # fmt: skip
        bound(
            st.toggle, "Each recording once", key="collapse",
            help="Of copies, only the best-ranked one stays: the same recording, also in another "
            "format or louder. Tracks analysed before that could be told are copies only with the "
            "same audio, or with the same title and artist and nearly the same sound.",
        )  # fmt: skip


def _orders(collection: Collection) -> list[str]:
    """Those for which this library has values."""
    needed = {order: order for order in COLUMN_ORDERS} | {"ic_arc": "ic_mean"}
    needed |= {tag: tag for tag in ("artist", "album", "title")}
    return [o for o in ORDER_NAMES if o not in needed or collection.has(needed[o])]


def _direction(query: Query) -> None:
    order = query.order
    arranged = order in ARRANGED_ORDERS and not query.styles
    if order == "shuffle" or arranged:
        bound(
            st.number_input, "Seed", min_value=0, max_value=2**32 - 1, step=1, key="seed",
            help="The same number always gives the same tracks. Any other number draws anew."
            if arranged else
            "The same number always gives the same order. Any other number shuffles anew.",
        )  # fmt: skip
    elif order in COLUMN_ORDERS or order in NAME_ORDERS:
        bound(
            st.segmented_control,
            "Direction",
            list(WAYS),
            format_func=WAYS.get,
            key="descending",
            required=True,
            help="Tracks without a value come last either way.",
        )
    else:
        strongest = "Strongest first" if query.styles else "Album by album"
        word = {"style": strongest, "middle": "Closest first"}.get(order, "Arranged")
        choice(st.segmented_control, "Direction", [word], key=f"only_{word}", disabled=True)


def size(collection: Collection, query: Query, found: Selection) -> str:
    """How long the playlist is, and what each limit left out."""
    said = f"{count(len(found.rows))} · {hours(found.seconds)}"
    left = [f"{number:,} {LEFT_OUT[name]}" for name, number in found.left_out.items()]
    said += f" · left out: {', '.join(left)}" if left else ""
    return said
