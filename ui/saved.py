"""Saved queries: kept beside the library by name, opened, renamed and deleted.

A query, not its tracks: opened again, it finds what the library holds by then.
"""

from pathlib import Path

import streamlit as st

from engine import saved_queries
from engine.query import Query
from engine.saved_queries import SavedQueryError
from engine.selection import select
from ui import maps, query_state
from ui.collection import Collection
from ui.possible import possible
from ui.text import count, escaped, of_what


def draw(collection: Collection, query: Query) -> None:
    """Everything in a popover, whose label does not change its width."""
    with st.popover("Saved", key="saved", icon=":material/bookmark:", width="stretch"):
        folder = collection.library.path
        held, problems = saved_queries.load(folder)
        for problem in [*problems, *st.session_state.pop("saved_problems", [])]:
            st.warning(escaped(problem), icon=":material/bookmark_remove:")
        _save(folder, query)
        if not held:
            st.caption(
                "Nothing saved yet. What you save are the filters, order and limits; the tracks "
                "follow the library as it grows."
            )
        for place, (name, asked) in enumerate(held.items()):
            _row(collection, folder, name, asked, place)


def name_of(collection: Collection, query: Query) -> str | None:
    """The name under which a query is saved; None where it is not."""
    held, _ = saved_queries.load(collection.library.path)
    same = (name for name, asked in held.items() if possible(asked, collection)[0] == query)
    return next(same, None)


def _save(folder: Path, query: Query) -> None:
    typed, button = st.columns([2, 1], vertical_alignment="bottom")
    typed.text_input(
        "Save as",
        key="save_name",
        max_chars=saved_queries.LONGEST,
        placeholder="A name for it",
    )
    button.button(
        "Save", key="save_query", on_click=_keep, args=(folder, query), type="primary",
        width="stretch", icon=":material/bookmark_add:",
    )  # fmt: skip
    if waiting := st.session_state.get("save_over"):
        st.warning(f"{escaped(waiting)} is there already.", icon=":material/bookmark:")
        st.button("Replace it", key="save_replace", on_click=_keep, args=(folder, query, True))


def _keep(folder: Path, query: Query, replace: bool = False) -> None:
    name = st.session_state["save_name"]
    st.session_state["save_over"] = None
    if not replace and name in saved_queries.load(folder)[0]:
        st.session_state["save_over"] = name
        return
    if _tried(saved_queries.save, folder, name, query, replace=replace):
        st.session_state["save_name"] = ""


def _tried(act, *arguments, **options) -> bool:
    """Whether it worked; if not, the page says why."""
    try:
        told = act(*arguments, **options)
    except SavedQueryError as error:
        st.session_state["saved_problems"] = [str(error)]
        return False
    st.session_state["saved_problems"] = told or []
    return True


def _row(collection: Collection, folder: Path, name: str, asked: Query, place: int) -> None:
    of_it = of_what(name)  # its name stands above
    with st.container(border=True, key=f"saved_{place}", gap="small"):
        st.markdown(f"**{escaped(name)}** · {count(_matching(collection, asked))} match now")
        with st.container(horizontal=True, gap="small"):
            st.button(
                f"Open{of_it}", key=f"saved_open_{place}", on_click=query_state.put_possible,
                args=(collection, asked), icon=":material/folder_open:",
            )  # fmt: skip
            if st.session_state.get("saved_doing") == ("rename", name):
                st.text_input(
                    "New name",
                    name,
                    key=f"saved_name_{place}",
                    max_chars=saved_queries.LONGEST,
                )
                st.button(
                    "Rename", key=f"saved_rename_{place}", on_click=_rename,
                    args=(folder, name, place),
                )  # fmt: skip
            elif st.session_state.get("saved_doing") == ("delete", name):
                st.button(
                    "Really delete", key=f"saved_delete_{place}", on_click=_delete,
                    args=(folder, name), type="primary",
                )  # fmt: skip
            else:
                for what, icon in (("rename", "edit"), ("delete", "delete")):
                    st.button(
                        what.capitalize() + of_it, key=f"saved_ask_{what}_{place}", on_click=_ask,
                        args=(what, name), type="tertiary", icon=f":material/{icon}:",
                    )  # fmt: skip
            if st.session_state.get("saved_doing", ("", ""))[1] == name:
                st.button("Cancel", key=f"saved_cancel_{place}", on_click=_ask, args=("", ""))


def _ask(what: str, name: str) -> None:
    st.session_state["saved_doing"] = (what, name)


def _rename(folder: Path, name: str, place: int) -> None:
    if _tried(saved_queries.rename, folder, name, st.session_state[f"saved_name_{place}"]):
        _ask("", "")


def _delete(folder: Path, name: str) -> None:
    if _tried(saved_queries.delete, folder, name):
        _ask("", "")


def _matching(collection: Collection, asked: Query) -> int:
    """Kept with the collection: a popover is drawn in every run."""
    return collection.once(
        f"matching {asked}", lambda: select(asked, maps.facts(collection, asked)).matches
    )
