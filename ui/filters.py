"""The filters in the sidebar: widgets from a Query, and a Query from widgets.

The state lives in the widgets' keys. It is set once, from the link; ends of sliders stand for "no
limit", so that a value beyond the slider is never lost.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import streamlit as st

from engine.descriptors import DESCRIPTORS, KEY_HELP, KEYS, PROFILES, SCALES, STYLE_HELP, TAGS_HELP
from engine.query import COLUMN_ORDERS, RANGE_COLUMNS, Query, Range
from engine.query_link import from_params, to_params
from ui.collection import Collection
from ui.gaps import Gap, column_gap, share_missing, space_gap, substitutes
from ui.text import count, escaped, style_name

ACTIVATIONS = DESCRIPTORS["style_activation"]
# Filters as their labels name them, in the funnel and in advice.
NAMES = {
    "styles": "Style",
    "tempo": "Tempo",
    "danceability": "Danceability",
    "danceability_dsp": "Danceability",
    "voice": "Voice",
    "valence": "Valence",
    "arousal": "Arousal",
    "key": "Key",
    "loudness": "Loudness",
    "ic": "Mean IC",
}
# What each network gives, for the note that it is not the published one.
GIVEN = {"effnet": "Styles, voice, danceability", "musicnn": "Tags, valence, arousal"}
PROFILE_NAMES = {"temperley": "Temperley", "krumhansl": "Krumhansl", "edma": "EDMA"}
Todo = dict[str, None]  # commands that fill what is missing, each once
VOICE_NAMES = {"any": "Any", "voice": "Voice", "instrumental": "Instrumental"}


def named(filter_name: str, collection: Collection) -> str:
    """A filter as its label names it: tags stand in for styles where those are missing."""
    if filter_name == "styles" and collection.vocabulary[0] == "tags":
        return "Tags"
    return NAMES[filter_name]


def start(collection: Collection) -> None:
    """Fill the widgets: from the link at first, and whatever has not been drawn since, anew."""
    spans = {name: span(collection, column) for name, column in RANGE_COLUMNS.items()}
    if "link_problems" in st.session_state:
        for name, value in _widgets(Query(), spans).items():
            st.session_state.setdefault(name, value)
        _widen(spans)
        return
    given = {name: st.query_params.get_all(name) for name in st.query_params}
    query, problems = from_params(given)
    query, refused = _possible(query, collection)
    st.session_state.update(_widgets(query, spans))
    st.session_state["link_problems"] = problems + refused
    st.session_state["spans"] = spans


def _widen(spans: dict[str, tuple[float, float]]) -> None:
    """When a library that grew moves the ends of a slider, its limits stay and its ends follow."""
    state = st.session_state
    for name, (low, high) in spans.items():
        if (low, high) != state["spans"][name]:
            state[name] = _ends(_range(state[name], *state["spans"][name]), low, high)
    state["spans"] = spans


def _possible(query: Query, collection: Collection) -> tuple[Query, list[str]]:
    """The query without what this library cannot answer, and a sentence on each omission: a filter
    that nobody can see must not hide all tracks."""
    problems = []
    _, labels = collection.vocabulary
    if unknown := [label for label in query.styles if label not in labels]:
        names = ", ".join(map(style_name, unknown))
        problems.append(f"The link asks for {names}: this library has no such style. Left out.")
        query = replace(query, styles=tuple(s for s in query.styles if s in labels))
    for fields, name, reason in _without_widget(query, collection):
        usual = {field: getattr(Query(), field) for field in fields}
        if any(getattr(query, field) != value for field, value in usual.items()):
            problems.append(f"The link {name}: {reason}. Left out.")
            query = replace(query, **usual)
    return query, problems


def _without_widget(
    query: Query, collection: Collection
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Fields of the query that the page shows no widget for, what they do, and why not here."""
    valued = collection.coverage.columns
    missing = "not in this library"
    for name, column in (RANGE_COLUMNS | {"voice": "voice"}).items():
        if not valued.get(column):
            yield (name,), f"filters by {NAMES[name]}", missing
    if valued.get("danceability"):
        yield (
            ("danceability_dsp",),
            "filters by the signal's danceability",
            "this library has the network's, which is filtered by instead",
        )
    if not valued.get(f"key_{query.key_profile}"):
        fields = ("keys", "scale", "key_profile")
        yield fields, f"asks for keys by the {PROFILE_NAMES[query.key_profile]} profile", missing
    if query.order in COLUMN_ORDERS and not valued.get(query.order, len(collection.frame)):
        yield ("order",), f"orders by {DESCRIPTORS[query.order].label}", missing


def _widgets(query: Query, spans: dict[str, tuple[float, float]]) -> dict[str, object]:
    """Key of each widget → its value for a query."""
    ranges = {name: _ends(getattr(query, name), *ends) for name, ends in spans.items()}
    same = ("style_match", "voice", "key_profile", "scale", "order", "seed", "limit")
    return {
        "styles": list(query.styles),
        "style_activation": _ends(query.style_activation, ACTIVATIONS.low, ACTIVATIONS.high),
        "keys": list(query.keys),
        "direction": "down" if query.descending else "up",
        **ranges,
        **{name: getattr(query, name) for name in same},
    }


def reset() -> None:
    """All filters off; the order and the limit stay."""
    held = read()
    kept = {name: getattr(held, name) for name in ("order", "descending", "seed", "limit")}
    st.session_state.update(_widgets(replace(Query(), **kept), st.session_state["spans"]))


def read() -> Query:
    """The query that the widgets show."""
    state = st.session_state
    ranges = {name: _range(state[name], *ends) for name, ends in state["spans"].items()}
    activation = _range(state["style_activation"], ACTIVATIONS.low, ACTIVATIONS.high)
    return Query(
        styles=tuple(state["styles"]),
        style_match=state["style_match"] or "any",
        style_activation=activation,
        voice=state["voice"] or "any",
        key_profile=state["key_profile"],
        keys=tuple(state["keys"]),
        scale=state["scale"] or "any",
        order=state["order"],
        descending=state["direction"] == "down",
        seed=state["seed"] or 0,
        limit=state["limit"],
        **ranges,
    )


def share(query: Query) -> None:
    """Keep the address of the page in step, so that it is a link to this playlist."""
    params = to_params(query)
    shown = {name: st.query_params.get_all(name) for name in st.query_params}
    others = {name: values for name, values in shown.items() if not hasattr(query, name)}
    if shown != others | params:
        st.query_params.from_dict(others | params)


def span(collection: Collection, column: str) -> tuple[float, float]:
    """The ends of a slider. IC has no natural range: that of the library, in whole nats."""
    if column == "ic_mean" and collection.coverage.columns.get(column):
        values = collection.frame[column]
        low = math.floor(values.min())
        return float(low), float(max(math.ceil(values.max()), low + 1))
    return float(DESCRIPTORS[column].low), float(DESCRIPTORS[column].high)


def _ends(limits: Range, low: float, high: float) -> tuple[float, float]:
    first = low if limits.low is None else min(max(limits.low, low), high)
    last = high if limits.high is None else min(max(limits.high, low), high)
    return (float(first), float(last))


def _range(ends: tuple[float, float], low: float, high: float) -> Range:
    first, last = ends
    return Range(None if first <= low else first, None if last >= high else last)


def draw(collection: Collection) -> None:
    """All filters. Widgets whose descriptor is missing are replaced by the reason."""
    todo: Todo = {}
    head, button = st.columns([2, 1], vertical_alignment="bottom")
    head.header("Filters", anchor=False)
    button.button("Reset", key="reset", on_click=reset, width="stretch", help="All filters off")
    for stage, given in GIVEN.items():
        for note in substitutes(collection, stage):
            st.warning(f"{given}: {escaped(note)}.", icon=":material/science:")
    _styles(collection, todo)
    _slider(collection, "tempo", todo)
    network = column_gap(collection, "danceability")
    _slider(collection, "danceability" if network is None else "danceability_dsp", todo)
    if network is not None and column_gap(collection, "danceability_dsp") is None:
        _explain("The signal's danceability stands in for the network's.", network, todo)
    _voice(collection, todo)
    _slider(collection, "valence", todo)
    if column_gap(collection, "arousal") is None:
        _slider(collection, "arousal", todo)
    _key(collection, todo)
    _slider(collection, "loudness", todo)
    if collection.coverage.columns.get("ic_mean"):
        _slider(collection, "ic", todo)
    if todo:
        st.caption("To fill what is missing:")
    for command in todo:
        st.code(command, language="bash", wrap_lines=True)


def _slider(collection: Collection, name: str, todo: Todo) -> None:
    descriptor = DESCRIPTORS[RANGE_COLUMNS[name]]
    label = f"{descriptor.label} ({descriptor.unit})" if descriptor.unit else descriptor.label
    if gap := column_gap(collection, descriptor.column):
        plural = "Valence and arousal" if name == "valence" else descriptor.label
        _explain(f"{plural}: not in this library.", gap, todo)
        return
    low, high = st.session_state["spans"][name]
    lacking = share_missing(collection, descriptor.column)
    missing = f"\n\n{count(lacking)} without a value." if lacking else ""
    st.slider(
        label,
        low,
        high,
        step=float(descriptor.step),
        format=f"%.{descriptor.decimals}f",
        key=name,
        help=f"{descriptor.help}\n\nThe ends of the slider mean no limit.{missing}",
    )


def _styles(collection: Collection, todo: Todo) -> None:
    gap = space_gap(collection, "styles")
    space, labels = collection.vocabulary
    if not space:
        _explain("Styles: not in this library.", gap or space_gap(collection, "tags"), todo)
        return
    tags = space == "tags"
    st.multiselect(
        "Tags" if tags else "Styles",
        labels,
        format_func=style_name,
        key="styles",
        placeholder="Any",
        help=TAGS_HELP if tags else STYLE_HELP,
        filter_mode="contains",
    )
    if tags and gap:
        _explain("Tags stand in for the 400 styles.", gap, todo)
    several = len(st.session_state["styles"]) > 1
    st.segmented_control(
        "Several styles",
        ["any", "all"],
        format_func={"any": "Any of them", "all": "All of them"}.get,
        key="style_match",
        required=True,
        disabled=not several,
        help="Any: one of the styles is enough. All: every one must lie in the range.",
    )
    st.slider(
        "Activation",
        ACTIVATIONS.low * 1.0,
        ACTIVATIONS.high * 1.0,
        step=ACTIVATIONS.step,
        key="style_activation",
        disabled=not st.session_state["styles"],
        help="How strongly a chosen style must sound. Both ends belong to the range; the whole "
        "range only ranks. 0.1 is audible, 0.5 is strong.",
    )


def _voice(collection: Collection, todo: Todo) -> None:
    if gap := column_gap(collection, "voice"):
        _explain("Voice or instrumental: not in this library.", gap, todo)
        return
    st.segmented_control(
        "Voice",
        list(VOICE_NAMES),
        format_func=VOICE_NAMES.get,
        key="voice",
        required=True,
        help=DESCRIPTORS["voice"].help,
    )


def _key(collection: Collection, todo: Todo) -> None:
    if gap := column_gap(collection, f"key_{st.session_state['key_profile']}"):
        _explain("Key and scale: not in this library.", gap, todo)
        return
    st.multiselect("Key", KEYS, key="keys", placeholder="Any", help=KEY_HELP)
    st.segmented_control(
        "Scale",
        ["any", *SCALES],
        format_func=str.capitalize,
        key="scale",
        required=True,
    )
    st.selectbox(
        "Key profile",
        list(PROFILES),
        format_func=lambda name: f"{PROFILE_NAMES[name]} ({PROFILES[name]})",
        key="key_profile",
        help="What the sound is compared with to find the key. Choose the one whose music is "
        "nearest to yours; where they disagree, be careful.",
    )


def _explain(what: str, gap: Gap | None, todo: Todo) -> None:
    """Say what is missing and why; the command that fills it comes once, below all filters."""
    st.caption(f":material/info: {what} {gap.reason if gap else ''}")
    if gap:
        todo[gap.command] = None
