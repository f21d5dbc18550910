"""Widgets whose value is the session's, for those that a link or the page itself fills in.

Streamlit sends a value that the script has put into the session only with the run that put it
there. A browser that has not drawn the widget by the time of the next run, as the code of its kind
of widget comes later over a slow line, never hears of it: it draws the widget with its default, and
with the next click says that the person chose that. So the session's value is the default, too.

A widget that a person may leave empty has to be empty by default, or it could not be emptied.
Streamlit sends the value of such a one with every run until the browser has said what it shows, if
it is told to keep it for the session. What lies in a popover is not drawn before that is opened.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

# What a widget calls its default, where that is not `value`.
SEVERAL = ("multiselect", "pills", "segmented_control")  # `default`
ONE_OF = ("selectbox",)  # `index`


def bound(widget: Callable[..., Any], label: str, *given: Any, key: str, **options: Any) -> Any:
    """Draw st.slider or any other widget under a key that the session has a value of."""
    held = st.session_state[key]
    kind = widget.__name__
    if kind in SEVERAL:
        options["default"] = _offered(held, given[0], options)
    elif kind in ONE_OF:
        options["index"] = given[0].index(held) if held in given[0] else None
    else:
        options["value"] = held
    return widget(label, *given, key=key, **options)


def clearable(widget: Callable[..., Any], label: str, *given: Any, key: str, **options: Any) -> Any:
    """Draw st.number_input or st.selectbox under a key whose value may be None: left empty."""
    empty = "index" if widget.__name__ in ONE_OF else "value"
    return widget(label, *given, key=key, persist_state="session", **{empty: None}, **options)


def _offered(held: Any, choices: Sequence[Any], options: dict[str, Any]) -> Any:
    """A default has to be one of the choices; what is not among them is up to Streamlit."""
    if not isinstance(held, list | tuple):
        return held if held in choices else None
    if options.get("accept_new_options"):
        return list(held)
    return [one for one in held if one in choices]
