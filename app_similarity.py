"""Choose tracks and hear what sounds most like them, to two networks; and find out by ear which
of the two is right more often.

streamlit run app_similarity.py -- --library DIR
"""

from dataclasses import replace
from functools import partial

import streamlit as st

from ui import (
    address,
    allowed,
    constraints,
    found,
    listening,
    lists,
    opening,
    page,
    query_state,
    report,
    seeds,
    tabs,
)
from ui import upload as uploads
from ui.asked import COUNTS, NAMES, Asked, from_params, to_params
from ui.bound import bound, choice
from ui.collection import Collection
from ui.text import escaped

TABS = ("Find", "Listening test", "Report")
VIEWS = {"side": "Side by side", "fused": "Fused"}
ADDRESS = "similar"  # whose part of the address it is
SHOWN_AS = {"players": "Players", "queue": "Play all"}


def main() -> None:
    """The page, from top to bottom."""
    page.begin("similarity", "Choose tracks and hear what sounds most like them.")
    music = opening.opened()
    query_state.begin(music)
    address.begin(NAMES, partial(load, music), ADDRESS)
    seeds.drop_gone(music)
    st.session_state["planes"] = False
    find, test, overview = tabs.drawn(TABS)
    if find.open:
        with find:
            finding(music)
    elif test.open:
        with test:
            listening.draw(music)
    elif overview.open:
        with overview:
            report.draw(music)


def load(music: Collection, params: address.Params) -> None:
    """Take over what the address asks for: at first, and after Back or Forward."""
    wanted, problems = from_params(params)
    wanted, unknown = seeds.known(music, wanted)
    wanted, unanswered = constraints.answerable(music, wanted)
    st.session_state["asked"] = wanted
    st.session_state["seed_problems"] = problems + unknown + unanswered
    constraints.start(wanted, anew=True)
    options_start(wanted, anew=True)


def finding(music: Collection) -> None:
    """Seeds, constraints, lists."""
    for problem in st.session_state["seed_problems"] + st.session_state["link_problems"]:
        st.warning(escaped(problem), icon=":material/link_off:")
    seeds.choose(music)
    upload = uploads.draw(music, seeds.replace_by)
    asked: Asked = st.session_state["asked"]
    constraints.start(asked, anew=False)
    with st.sidebar:
        asked = constraints.draw(music, asked)
    music.preload(
        *(partial(music.space, name) for name in found.NETWORKS),
        music.shown,
        music.words,
        partial(found.hubness_of, music),
    )
    if not asked.seeds and upload is None:
        keep(asked)
        st.info(
            "Choose a track: the ten that sound most like it come up here, twice, as two networks "
            "hear it.",
            icon=":material/search:",
        )
        return
    seeds.chips(music, asked.seeds, None if upload is None else uploads.forget)
    if asked.seeds:
        seeds.listen(music, asked.seeds)
    asked = options(asked)
    keep(asked)
    results(music, asked, upload)


def keep(asked: Asked) -> None:
    """In the session, and in the address."""
    st.session_state["asked"] = asked
    query_state.share()
    address.keep(NAMES, to_params(asked), ADDRESS)


def options_start(asked: Asked, anew: bool) -> None:
    """Fill the widgets above the lists."""
    for name in ("view", "count"):
        if anew or name not in st.session_state:
            st.session_state[name] = getattr(asked, name)


def options(asked: Asked) -> Asked:
    """How the lists are shown, and how long they are."""
    options_start(asked, anew=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        bound(
            st.segmented_control, "Lists", list(VIEWS), format_func=VIEWS.get, key="view",
            required=True,
            help="Side by side: one list of each network. Fused: one list from both.",
        )  # fmt: skip
        choice(
            st.segmented_control, "Shown as", list(SHOWN_AS), format_func=SHOWN_AS.get,
            key="shown_as", required=True,
            help="Play all: a table that plays on by itself, one track after the other.",
        )  # fmt: skip
        bound(st.segmented_control, "Tracks a list", COUNTS, key="count", required=True)
    return replace(asked, view=st.session_state["view"], count=st.session_state["count"])


def results(music: Collection, asked: Asked, upload: found.Upload | None) -> None:
    """How many tracks may be listed, then the lists."""
    pool = found.pool(music, query_state.query(), asked, upload)
    held = found.lists(music, asked, upload, pool) if pool.left else {}
    empty = lists.nothing(held)
    if pool.steps or not empty:
        allowed.said(music, pool)
    if asked.hubness:
        lists.hubs(music)
    if not pool.left:
        return
    lists.compared(music, asked, held)
    if empty:
        return
    if asked.view == "fused":
        absent = tuple(name for name in found.NETWORKS if name not in found.spaces(music))
        for name in held:
            lists.heading(music, name, absent)
        for name in absent:
            lists.missing(music, name)
        for name, one in held.items():
            lists.draw(music, asked, upload, name, one)
        return
    for column, name in zip(st.columns(2, gap="medium"), found.NETWORKS, strict=True):
        with column:
            lists.heading(music, name)
            if name in held:
                lists.draw(music, asked, upload, name, held[name])
            else:
                lists.missing(music, name)


if __name__ == "__main__":
    main()
