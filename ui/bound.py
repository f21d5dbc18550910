"""Widgets whose value is the session's, and all widgets that offer choices.

Streamlit sends a value that the script has put into the session only with the run that put it
there. A browser that has not drawn the widget by the time of the next run, as the code of its kind
of widget comes later over a slow line, never hears of it: it draws the widget with its default, and
with the next click says that the person chose that. So the session's value is the default, too.

A widget that a person may leave empty has to be empty by default, or it could not be emptied.
Streamlit sends the value of such a one with every run until the browser has said what it shows, if
it is told to keep it for the session. What lies in a popover is not drawn before that is opened.

Of a choice, the browser knows labels only, and sends back those that it was told: perhaps some runs
ago, perhaps of options that are gone. Streamlit gives a label that it does not know as if it were
an option. Hence the rules for all choices, kept here: a label is the name of an option, which stays
and is no other's, and perhaps a number after it, as in `Punk (12)`, which may change; whoever reads
a choice before it is drawn asks `heard`, which goes by names; a browser that shows older labels is
told the new ones; and what is no option any more gives way to the default, with a note.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

# What a widget calls its default, where that is not `value`.
SEVERAL = ("multiselect", "pills", "segmented_control")  # `default`
ONE_OF = ("selectbox",)  # `index`
OFFER = "offer_"  # session state: what a choice offered when it was drawn last
_NUMBER = re.compile(r" \([\d,]+\)\s*$")
_GONE = object()


@dataclass(frozen=True)
class Offer:
    """The options of a choice, as the browser was told them."""

    labels: dict[Hashable, str]
    names: dict[str, Hashable]  # the inverse, without numbers
    any_text: bool  # whether a person may type what is not offered

    @classmethod
    def of(
        cls, options: Sequence[Hashable], written: Callable[[Any], str], any_text: bool
    ) -> "Offer":
        """Labels that no two options share: the browser could not tell these apart."""
        labels: dict[Hashable, str] = {}
        names: dict[str, Hashable] = {}
        for option in options:
            label, again = written(option), 1
            while (name := _name(label)) in names:
                again += 1
                label = f"{written(option)} [{again}]"
            labels[option], names[name] = label, option
        return cls(labels, names, any_text)

    def option(self, said: Hashable) -> Any:
        """The option that is meant; _GONE where there is none."""
        if said in self.labels:
            return said
        if isinstance(said, str):
            return self.names.get(_name(said), said if self.any_text else _GONE)
        return _GONE

    def meant(self, said: Any, usual: Any) -> Any:
        """The same of a whole value: of several, those that are meant; of one, it or the usual."""
        if isinstance(said, list | tuple):
            found = dict.fromkeys(self.option(one) for one in said)
            return [option for option in found if option is not _GONE]
        if said is None:
            return None
        option = self.option(said)
        return usual if option is _GONE else option


def bound(widget: Callable[..., Any], label: str, *given: Any, key: str, **options: Any) -> Any:
    """Draw st.slider or any other widget under a key that the session has a value of."""
    kind = widget.__name__
    if kind in SEVERAL + ONE_OF:
        given, options = _offered(kind, label, given, key, options)
    held = st.session_state[key]
    if kind in SEVERAL:
        options["default"] = _default(held, given[0], options)
    elif kind in ONE_OF:
        options["index"] = given[0].index(held) if held in given[0] else None
    else:
        options["value"] = held
    return widget(label, *given, key=key, **options)


def clearable(widget: Callable[..., Any], label: str, *given: Any, key: str, **options: Any) -> Any:
    """Draw st.number_input or st.selectbox under a key whose value may be None: left empty."""
    empty = "value"
    if widget.__name__ in ONE_OF:
        empty = "index"
        given, options = _offered(widget.__name__, label, given, key, options, needed=False)
    return widget(label, *given, key=key, persist_state="session", **{empty: None}, **options)


def choice(widget: Callable[..., Any], label: str, *given: Any, key: str, **options: Any) -> Any:
    """As bound, of a choice that begins with its first option, and that nothing else fills in."""
    st.session_state.setdefault(key, given[0][0])
    return bound(widget, label, *given, key=key, **options)


def heard(key: str, usual: Any = None) -> Any:
    """What the session holds under a key, before the widget is drawn: of a choice, the options that
    the browser means; the usual one where it means none."""
    held = st.session_state.get(key, usual)
    offer: Offer | None = st.session_state.get(OFFER + key)
    return held if offer is None else offer.meant(held, usual)


def _offered(
    kind: str, label: str, given: Sequence[Any], key: str, options: dict[str, Any],
    needed: bool = True,
) -> tuple[tuple[Any, ...], dict[str, Any]]:  # fmt: skip
    """What the widget is called with; the session's value is among the options afterwards."""
    state, choices = st.session_state, list(given[0])
    any_text = bool(options.get("accept_new_options"))
    offer = Offer.of(choices, options.get("format_func", str), any_text)
    before: Offer | None = state.get(OFFER + key)
    held = state.get(key)
    means = {said: _meant(said, before, offer) for said in _as_list(held)}
    kept: Any = list(dict.fromkeys(one for one in means.values() if one is not _GONE))
    if gone := [str(said) for said, one in means.items() if one is _GONE]:
        st.toast(f"“{'”, “'.join(gone)}” is no choice of “{label}” any more.")
    if not isinstance(held, list | tuple):
        default = choices[0] if needed and choices and gone else None
        kept = kept[0] if kept else default
    if key in state and (_as_list(kept) != _as_list(held) or _renamed(kept, before, offer)):
        state[key] = kept
    state[OFFER + key] = offer
    changed = {"format_func": lambda option: offer.labels.get(option, str(option))}
    if kind == "multiselect":
        changed["select_all"] = False  # it would be the first of the list, which Enter takes
    return (choices, *given[1:]), options | changed


def _meant(said: Hashable, before: Offer | None, now: Offer) -> Any:
    """What a browser means that may know the choices of before; _GONE where it is none of now."""
    option = _GONE if before is None else before.option(said)
    return now.option(said if option is _GONE else option)


def _renamed(held: Any, before: Offer | None, now: Offer) -> bool:
    """Whether the browser shows something that is held under an older label."""
    if before is None:
        return False
    return any(
        before.labels.get(one, label) != label
        for one in _as_list(held)
        if (label := now.labels.get(one))
    )


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _name(label: str) -> str:
    return _NUMBER.sub("", label).rstrip()


def _default(held: Any, choices: Sequence[Any], options: dict[str, Any]) -> Any:
    """A default has to be one of the choices; what is not among them is up to Streamlit."""
    if not isinstance(held, list | tuple):
        return held if held in choices else None
    if options.get("accept_new_options"):
        return list(held)
    return [one for one in held if one in choices]
