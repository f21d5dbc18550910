"""What the library lacks, and the one place that fills it in: a button, and the same as a command.

Both run precompute.py on the library's own folders, with the options that it was analysed with. How
far that is, the line at the top of the page says (ui/opening.py).
"""

import streamlit as st

from engine import filling, models
from engine.filling import FillingError
from engine.model_files import MODELS
from ui import gaps
from ui.collection import Collection
from ui.gaps import Missing
from ui.text import count, escaped

DOWNLOAD = (
    "That needs models which do not come with Serendip{size}, by the Music Technology Group, "
    "Barcelona, for non-commercial use (CC BY-NC-SA 4.0). With them, your music is analysed for "
    "what is missing."
)
ANALYSIS = "Your music is analysed for what is missing."
MEANWHILE = "All of this page works meanwhile, and you may close it."


def draw(held: Collection) -> None:
    """What went wrong the last time, and what there is to fill in; nothing where there is
    neither."""
    _problem(held)
    lacking = gaps.missing(held)
    if lacking is None or not held.roots:
        return
    given = filling.arguments(
        held.roots,
        held.library.path,
        **filling.as_before(held.meta),
        fetch=lacking.download,
        retry=lacking.retry,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filling"):
        st.caption(f":material/info: {_said(lacking)}", width="content")
        with st.popover("Get them", key="fill", type="tertiary", icon=":material/download:"):
            st.markdown(f"{_how(lacking)} {MEANWHILE}")
            st.button(
                "Download and analyse" if lacking.download else "Analyse",
                key="fill_start",
                type="primary",
                on_click=_start,
                args=(held, given),
            )
            st.caption("Or in a terminal:")
            st.code(filling.command(given), language=None, wrap_lines=True)


def _said(lacking: Missing) -> str:
    things = list(lacking.things)
    listed = " and ".join(filter(None, (", ".join(things[:-1]), things[-1])))
    if lacking.tracks is None:
        return f"Not in this library: {listed}."
    return f"{count(lacking.tracks)} without {listed}."


def _how(lacking: Missing) -> str:
    if not lacking.download:
        return ANALYSIS
    to_fetch = sum(MODELS[key].bytes or 0 for key in models.missing())
    size = f" (a download of {to_fetch / 1e6:.0f} MB)" if to_fetch else ", but are here by now"
    return DOWNLOAD.format(size=size)


def _start(held: Collection, given: list[str]) -> None:
    try:
        filling.start(held.library.path, given)
    except FillingError as error:
        st.session_state["fill_problem"] = str(error)


def _problem(held: Collection) -> None:
    """Why nothing was started, or how the last run ended, until somebody has read it."""
    told = st.session_state.get("fill_problem") or filling.problem(held.library.path)
    if not told:
        return
    said, button = st.columns([6, 1], vertical_alignment="center")
    said.error(escaped(told), icon=":material/error:")
    button.button("Close", key="fill_close", on_click=_close, args=(held,), width="stretch")


def _close(held: Collection) -> None:
    st.session_state["fill_problem"] = ""
    filling.forget(held.library.path)
