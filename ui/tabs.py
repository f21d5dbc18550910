"""The tabs of a page, one of which the address names: a reload, Back and a link return to it."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import address

KEY = "tab"  # of the widget, and the parameter of the address


def drawn(names: Sequence[str]) -> Sequence[DeltaGenerator]:
    """The tabs, of which only one is open. The address is silent about the first."""
    words = {name.lower().replace(" ", "-"): name for name in names}

    def load(params: address.Params) -> None:
        st.session_state[KEY] = words.get(next(iter(params.get(KEY, ())), ""), names[0])

    address.begin((KEY,), load, KEY)
    if st.session_state[KEY] not in names:
        st.session_state[KEY] = names[0]
    tabs = st.tabs(names, key=KEY, on_change="rerun")
    word = next(word for word, name in words.items() if name == st.session_state[KEY])
    address.keep((KEY,), {} if word == next(iter(words)) else {KEY: [word]}, KEY)
    return tabs
