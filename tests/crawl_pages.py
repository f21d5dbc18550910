"""Small pages for the test of the crawler: each has one fault, and one has none.

streamlit run tests/crawl_pages.py, with the fault in the address: ?fault=renamed
"""

import os
import signal
import time

import numpy as np
import streamlit as st

STYLES = ("Deep Techno", "House", "Techno", "Tech House")
TRACKS = 10
RATE, SECONDS = 8000, 20  # of the sounds


def without() -> None:
    """Everything that the others do wrongly, done rightly."""
    st.multiselect("Style", STYLES, key="style", select_all=False, filter_mode="fuzzy")
    st.selectbox("Order by", ["Best match", "Tempo"], key="order")
    least = st.slider("Least", 0, TRACKS, int(st.query_params.get("least", 0)), key="least")
    st.query_params["least"] = str(least)
    counted(TRACKS - least, TRACKS)
    st.button("Again", key="again")
    sounds(1)


def counted(matching: int, tracks: int, told: bool = True) -> None:
    st.subheader(f"{matching} of {tracks} tracks match", anchor=False)
    if told:
        st.caption("What cannot be read in the link is ignored.")


def sounds(many: int) -> None:
    wave = 0.1 * np.sin(np.arange(RATE * SECONDS) / RATE * 2 * np.pi * 220)
    for number in range(many):
        st.audio(wave, sample_rate=RATE, alt=f"Tone {number}")


def renamed() -> None:
    """An order that has another name when a style is chosen: the browser sends back the old one."""
    names = {"style": "Library", "tempo": "Tempo"}
    order = st.session_state.get("order", "style")
    if order not in names:
        raise ValueError(f"order is {order!r}, but must be one of: {', '.join(names)}.")
    if st.pills("Style", STYLES, key="style"):
        names["style"] = "Style activation"
    st.selectbox("Order by", list(names), format_func=names.get, key="order")
    st.toggle("Half time", key="half")


def takes_all() -> None:
    """A list whose first choice, which Enter takes, is all of them."""
    st.multiselect("Style", STYLES, key="style")


def ranks_wrongly() -> None:
    """What is typed in full is not what comes first."""
    st.multiselect("Style", STYLES, key="style", select_all=False, filter_mode="contains")


def two_sounds() -> None:
    """A second sound does not end the first."""
    sounds(2)


def raises() -> None:
    """A button that fails."""
    st.toggle("Half time", key="half")
    if st.button("Fail", key="fail"):
        raise RuntimeError("as it was asked to")


def logs() -> None:
    """A component that reports an error to the browser's console."""
    if st.toggle("Complain", key="complain"):
        script = "export default function () { console.error('something is wrong') }"
        st.components.v2.component("complaint", js=script)(key="complaint")


def hangs() -> None:
    """A button that never comes back."""
    if st.button("Wait", key="wait"):
        time.sleep(30)


def slow() -> None:
    """A button that takes three seconds, which is no failure."""
    if st.button("Work", key="work"):
        time.sleep(3)


def writes_long_addresses() -> None:
    """All that is chosen goes into the address, however much it is."""
    if st.toggle("Everything", key="everything"):
        st.query_params["chosen"] = "a" * 5000


def forgets() -> None:
    """The address does not hold what the page shows."""
    counted(TRACKS - st.slider("Least", 0, TRACKS, key="least"), TRACKS)


def miscounts() -> None:
    """More tracks match than there are."""
    counted(TRACKS + st.slider("More", 0, 5, key="more"), TRACKS)


def ignores_links() -> None:
    """What is wrong in a link is not told."""
    counted(TRACKS, TRACKS, told=False)


def ends() -> None:
    """A button that ends the app."""
    if st.button("End", key="end"):
        os.kill(os.getpid(), signal.SIGKILL)


# Name → the page, and the kind of failure that the crawler finds on it.
PAGES = {
    page.__name__: (page, kind)
    for page, kind in (
        (without, None), (renamed, "exception"), (takes_all, "choice"), (ranks_wrongly, "choice"),
        (two_sounds, "sounds"), (raises, "exception"), (logs, "console"), (hangs, "hang"),
        (slow, None), (writes_long_addresses, "address"), (forgets, "count"),
        (miscounts, "count"), (ignores_links, "link"), (ends, "connection"),
    )
}  # fmt: skip

if __name__ == "__main__":
    st.title("Serendip")
    PAGES[st.query_params["fault"]][0]()
