"""What both pages begin with, and the colours of what plots draw on them."""

from functools import cache
from pathlib import Path

import streamlit as st

# Of text in plots, by the theme; Streamlit's own greys are too faint to read easily.
INK = {"light": "#31333f", "dark": "#fafafa"}
TEAL = "#0f8b7f"  # of lines and marks: 4.2 to 1 against white and 4.5 to 1 against the dark page
# Drawn here: a named icon would be fetched from another server, and the apps work offline.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    '<rect width="24" height="24" rx="5" fill="#0f6b63"/>'
    '<path d="M5 10v4M8.5 7v10M12 4.5v15M15.5 8v8M19 10.5v3" stroke="#fff" stroke-width="1.8" '
    'stroke-linecap="round"/></svg>'
)


def theme() -> str:
    """The theme of this session: `light` or `dark`."""
    return "dark" if st.context.theme.type == "dark" else "light"


def ink() -> str:
    """The colour of text in plots, in this session's theme."""
    return INK[theme()]


def begin(title: str, about: str) -> None:
    """Page settings and the heading."""
    st.set_page_config(f"Serendip: {title}", ICON, "wide")
    st.html(Path(__file__).with_name("page.css"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.title("Serendip", anchor=False, width="content")
        st.caption(about, width="content")
        _script()(key="page_script", height=1)


@cache
def _script():
    """What the page needs of the browser (ui/page.js)."""
    script = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
    return st.components.v2.component("serendip_page", js=script)
