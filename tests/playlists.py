"""Entries of playlists with whatever tags and file names can hold."""

import os

from hypothesis import strategies as st

from engine.playlist import Entry

names = st.text(max_size=20)
components = st.binary(min_size=1, max_size=12).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)
entries_of_anything = st.lists(
    st.builds(
        Entry,
        st.lists(components, min_size=1, max_size=4).map(
            lambda parts: os.fsdecode(b"/" + b"/".join(parts))
        ),
        st.none() | names,
        st.none() | names,
        st.none() | st.floats(),
        st.none() | names,
    ),
    max_size=6,
)
