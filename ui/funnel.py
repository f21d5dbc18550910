"""How the filters narrow the library down, which one to relax, and why a track is not there."""

import streamlit as st

from engine.descriptors import DESCRIPTORS
from engine.evidence import Value
from engine.facts import Facts
from engine.query import RANGE_COLUMNS, Query
from engine.selection import Selection, Why, why
from ui import picker, query_state
from ui.collection import Collection
from ui.names import named
from ui.order import LEFT_OUT
from ui.text import count, escaped, length, number, of_what


def draw(collection: Collection, query: Query, facts: Facts, found: Selection) -> None:
    """The steps as bars, and the question for one track."""
    with st.expander("How the filters work together", key="funnel_open", on_change="rerun") as box:
        if not box.open:
            return
        steps(collection, found)
        ask(collection, query, facts)


def steps(collection: Collection, found: Selection) -> None:
    """One bar a filter: what is left after it, of all tracks."""
    if not found.steps:
        st.caption("No filter is set: all tracks match.")
        return
    st.progress(1.0, f"All: **{found.total:,}**")
    for step in found.steps:
        name = named(step.name, collection)
        bar, button = st.columns([5, 1], vertical_alignment="bottom")
        bar.progress(
            step.kept / max(found.total, 1),
            f"{name}: **{step.kept:,}** left · alone it keeps "
            f"{step.alone:,} · without it {step.without:,} would match",
        )
        button.button(
            f"Relax it{of_what(name)}", key=f"relax_{step.name}",
            on_click=query_state.relax, args=(step.name,), width="stretch",
            help=f"Switch {name} off",
        )  # fmt: skip


def advise(collection: Collection, found: Selection) -> None:
    """Nothing matches: which filter to relax, and a button that does it."""
    worst = found.worst
    if worst is None:
        st.info("Nothing matches.", icon=":material/filter_alt_off:")
        return
    name = named(worst.name, collection)
    if worst.without:
        told = f"Relax {name} first: without it, {count(worst.without)} would match."
    else:
        told = (
            f"Several filters are too narrow: begin with {name}, which alone leaves "
            f"{count(worst.alone)}."
        )
    st.info(f"Nothing matches. {told}", icon=":material/filter_alt_off:")
    st.button(
        f"Relax {name}", key="relax_worst", on_click=query_state.relax, args=(worst.name,),
        type="primary",
    )  # fmt: skip
    alone = ", ".join(f"{named(s.name, collection)} {s.alone:,}" for s in found.steps)
    st.caption(f"Tracks that each filter alone would leave: {alone}.")


def too_short(found: Selection) -> None:
    """Tracks match, but the limits leave none."""
    left = ", ".join(f"{number:,} {LEFT_OUT[name]}" for name, number in found.left_out.items())
    st.info(
        f"{count(found.matches)} match, but the limits leave none: {left}. Raise the limit of "
        "minutes.",
        icon=":material/timer_off:",
    )


def ask(collection: Collection, query: Query, facts: Facts) -> None:
    """Search a track, and say what became of it."""
    picker.draw(collection, "why_box", "Why is a track not here?", _ask_about)
    track = st.session_state.get("why_track")
    if track is not None and track in collection.frame.index:
        row = int(collection.frame.index.get_loc(track))
        st.markdown(answer(collection, row, why(query, facts, row)))


def _ask_about(track: int) -> None:
    st.session_state["why_track"] = track


def described(collection: Collection, row: int) -> str:
    """Title, artist and album in one line."""
    track = collection.name(row)
    return " · ".join(part for part in (track["title"], track["artist"], track["album"]) if part)


def answer(collection: Collection, row: int, found: Why) -> str:
    """One paragraph on one track, as Markdown."""
    title = f"**{escaped(collection.name(row)['title'])}**"
    if found.first:
        lines = [
            f"- {named(name, collection)}: {escaped(_value(name, found.values.get(name)))}"
            for name in found.removed_by
        ]
        more = f", and {len(lines) - 1} more refuse it" if len(lines) > 1 else ""
        told = f"{title} is removed by **{named(found.first, collection)}**{more}. Its values:"
        return "\n".join([told, "", *lines])
    if found.place is not None:
        return f"{title} is in the list, at place {found.place:,}."
    if found.copy_of is not None:
        other = escaped(described(collection, found.copy_of))
        return f"{title} matches, but is a copy of {other}, which goes first."
    return f"{title} matches, but is left out {LEFT_OUT[found.left_out_by]}."


def _value(name: str, value: Value) -> str:
    """What a filter looked at, with its unit."""
    if value is None:
        return "no value"
    if isinstance(value, tuple):
        return ", ".join(f"{part:.2f}" for part in value)
    if isinstance(value, str):
        return value
    if name == "duration":
        return length(value)
    if name == "year":
        return f"{value:.0f}"
    column = RANGE_COLUMNS.get(name, name)
    if column in DESCRIPTORS:
        return number(value, column)
    return f"{value:.0f} of 100" if name == "ic_percentile" else f"activation {value:.2f}"
