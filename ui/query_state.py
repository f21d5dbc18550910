"""The query of this session, and the widgets that show it.

The query itself is the state: widgets are filled from it, and only a widget that its person has
changed is read back into it. So a limit beyond the end of a slider, a filter whose widget is not
drawn just now, and what was drawn on a plane all stay. The ends of a slider mean "no limit".
`begin` comes before any widget, since Streamlit forgets those that were not drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from engine.query import RANGE_COLUMNS, Query, QueryError, Range
from engine.query_link import from_params, to_params
from ui import address, sliders
from ui.bound import heard
from ui.collection import Collection
from ui.names import relaxed
from ui.possible import possible
from ui.text import escaped

Span = tuple[float, float]
MINUTE = 60.0  # seconds; the slider of the duration counts minutes
# Sliders that are no descriptor of engine.descriptors, or have ends of their own.
OWN_SPANS = {"style_activation": (0.0, 1.0), "ic_percentile": (0.0, 100.0), "duration": (0.0, 20.0)}
RANGE_NAMES = (*RANGE_COLUMNS, "style_activation", "ic_percentile")
NAMES = tuple(field.name for field in fields(Query))
KEPT_BY_RESET = (
    "order", "descending", "seed", "collapse", "per_artist", "per_album", "minutes", "limit",
)  # fmt: skip


@dataclass(frozen=True)
class Binding:
    """How one field of the query and its widget, of the same key, stand for each other."""

    show: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(default: Any) -> Binding:
    return Binding(lambda value: value, lambda shown: default if shown is None else shown)


_OPTIONAL = Binding(lambda value: value, lambda shown: shown)
_LIST = Binding(list, lambda shown: tuple(shown or ()))
_WAY = Binding(lambda descending: "down" if descending else "up", lambda shown: shown == "down")
_USUAL = Query()
BINDINGS: dict[str, Binding] = {
    **{
        name: _same(getattr(_USUAL, name))
        for name in ("text", "style_match", "tempo_octaves", "voice", "key_profile", "scale",
                     "keys_agree", "order", "seed", "collapse")
    },
    **dict.fromkeys(("camelot", "limit", "minutes", "per_artist", "per_album"), _OPTIONAL),
    **dict.fromkeys(("styles", "keys"), _LIST),
    **dict.fromkeys(("exclude_artists", "exclude_styles", "exclude_folders"), _LIST),
    "descending": _WAY,
}  # fmt: skip


def query() -> Query:
    """The query as it is now."""
    return st.session_state["query"]


def begin(collection: Collection) -> Query:
    """The query of this run: of the link at first and after Back, else with what was changed."""
    state = st.session_state
    spans = {name: span(collection, name) for name in RANGE_NAMES}
    library = collection.library.path, collection.generation
    if "query" not in state:
        state.update(query=Query(), spans=spans, library=library, link_problems=[])
    before, old_spans = query(), state["spans"]
    changed = _changed(widgets(before, old_spans), old_spans)
    state["spans"] = spans
    if library != state["library"]:  # read again, it may lack what was asked for, or offer more
        state["library"] = library
        put_possible(collection, _with(before, changed))
    elif changed:
        put(_with(before, changed))
    address.begin(NAMES, lambda params: load(collection, params), moved=bool(changed))
    for key, value in widgets(query(), spans).items():
        state.setdefault(key, value)
    return query()


def _with(asked: Query, changed: Mapping[str, Any]) -> Query:
    """The query with the fields that are allowed; a sentence on each other one."""
    for name, value in changed.items():
        try:
            asked = replace(asked, **{name: value})
        except QueryError as error:
            st.toast(escaped(f"Not taken: {error}"))
    return asked


def load(collection: Collection, params: Mapping[str, Sequence[str]]) -> None:
    """Take over what a link asks for, as far as this library can answer it."""
    asked, problems = from_params(params)
    put_possible(collection, asked)
    st.session_state["link_problems"] = problems + st.session_state["link_problems"]


def put_possible(collection: Collection, asked: Query) -> None:
    """Ask for this instead, without what this library cannot answer; say what that is."""
    answered, refused = possible(asked, collection)
    st.session_state["link_problems"] = refused
    put(answered)


def put(asked: Query) -> None:
    """Ask for this instead, and let all widgets show it. Before widgets are drawn, or by one."""
    state = st.session_state
    state["query"] = asked
    for key, value in widgets(asked, state["spans"]).items():
        # Only what differs: writing a widget's own value would be sent back to the browser, where
        # the slider may have been moved on meanwhile.
        if key not in state or state[key] != value:
            state[key] = value


def change(**changes: Any) -> None:
    """Replace fields of the query; for callbacks."""
    put(replace(query(), **changes))


def relax(name: str) -> None:
    """Switch one filter off; for callbacks."""
    put(relaxed(query(), name))


def reset() -> None:
    """All filters off; order and limits stay."""
    put(replace(Query(), **{name: getattr(query(), name) for name in KEPT_BY_RESET}))


def share() -> None:
    """Keep the address of the page in step, so that it is a link to this playlist."""
    address.keep(NAMES, to_params(query()))


def widgets(asked: Query, spans: Mapping[str, Span]) -> dict[str, Any]:
    """Key of each widget → its value for a query."""
    shown = {name: bound.show(getattr(asked, name)) for name, bound in BINDINGS.items()}
    return shown | {
        name: _ends(_scaled(name, getattr(asked, name), 1 / MINUTE), *ends)
        for name, ends in spans.items()
    }


def _changed(shown: Mapping[str, Any], spans: Mapping[str, Span]) -> dict[str, Any]:
    """Fields whose widget shows something else than the query did."""
    state, changes = st.session_state, {}
    for name, value in shown.items():
        if name not in state or (said := heard(name, value)) == value:
            continue
        if name in spans:
            changes[name] = _scaled(name, _range(said, *spans[name]), MINUTE)
        else:
            changes[name] = BINDINGS[name].read(said)
    if "valence" in changes or "arousal" in changes:
        changes["mood_region"] = ()  # within it, wider sliders would do nothing
    return changes


def span(collection: Collection, name: str) -> Span:
    """The ends of a slider."""
    return OWN_SPANS[name] if name in OWN_SPANS else sliders.span(collection, RANGE_COLUMNS[name])


def _scaled(name: str, limits: Range, factor: float) -> Range:
    """The duration is asked for in seconds and shown in minutes."""
    if name != "duration":
        return limits
    low, high = (end if end is None else end * factor for end in (limits.low, limits.high))
    return Range(low, high)


def _ends(limits: Range, low: float, high: float) -> Span:
    first = low if limits.low is None else min(max(limits.low, low), high)
    last = high if limits.high is None else min(max(limits.high, low), high)
    return (float(first), float(last))


def _range(ends: Span, low: float, high: float) -> Range:
    first, last = ends
    return Range(None if first <= low else first, None if last >= high else last)
