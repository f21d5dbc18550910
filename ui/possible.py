"""What of a query this library can answer, and a sentence on the rest.

A link may come from another library, and a saved query from a time before a model was lost: a
filter that nobody can see must not hide all tracks.
"""

from collections.abc import Iterator
from dataclasses import replace

from engine.activations import SEPARATOR
from engine.descriptors import DESCRIPTORS
from engine.query import COLUMN_ORDERS, RANGE_COLUMNS, Query
from ui import maps
from ui.collection import Collection
from ui.names import NAMES, PROFILE_NAMES
from ui.text import style_name

MISSING = "not in this library"


def possible(query: Query, collection: Collection) -> tuple[Query, list[str]]:
    """The query without what cannot be answered, and a sentence on each omission."""
    problems = []
    _, labels = collection.vocabulary
    known = {*labels, *(label.split(SEPARATOR)[0] for label in labels)}
    for field in ("styles", "exclude_styles"):
        asked = getattr(query, field)
        if unknown := [label for label in asked if label not in known]:
            names = ", ".join(map(style_name, unknown))
            problems.append(f"It asks for {names}: this library has no such style. Left out.")
            query = replace(query, **{field: tuple(s for s in asked if s in known)})
    for fields, name, reason in _without_widget(query, collection):
        usual = {field: getattr(Query(), field) for field in fields}
        if any(getattr(query, field) != value for field, value in usual.items()):
            problems.append(f"It {name}: {reason}. Left out.")
            query = replace(query, **usual)
    return query, problems


def _without_widget(
    query: Query, collection: Collection
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Fields of the query that the page shows no widget for, what they do, and why not here."""
    valued = collection.coverage.columns
    for name, column in (RANGE_COLUMNS | {"voice": "voice"}).items():
        if not _some(collection, column):
            yield (name,), f"filters by {NAMES[name]}", MISSING
    if not (valued.get("valence") and valued.get("arousal")):
        yield ("mood_region",), "has a region of valence and arousal", MISSING
    if valued.get("danceability"):
        yield (
            ("danceability_dsp",),
            "filters by the signal's danceability",
            "this library has the network's, which is filtered by instead",
        )
    if not valued.get("ic_mean"):
        yield ("ic_percentile",), f"filters by {NAMES['ic_percentile']}", MISSING
    elif len(collection.ic_models) > 1:
        reason = "values of several models are not comparable, percentiles are"
        yield ("ic",), f"filters by {NAMES['ic']}", reason
    if not valued.get(f"key_{query.key_profile}"):
        fields = ("keys", "scale", "camelot", "keys_agree", "key_profile")
        yield fields, f"asks for keys by the {PROFILE_NAMES[query.key_profile]} profile", MISSING
    if query.map_region and not maps.known(collection, query.map_of):
        reason = "it was drawn on a map that this computer does not have"
        yield ("map_region", "map_of"), "has a region on the map", reason
    if query.order in COLUMN_ORDERS and not _some(collection, query.order):
        yield ("order",), f"orders by {DESCRIPTORS[query.order].label}", MISSING
    if query.order == "ic_arc" and not valued.get("ic_mean"):
        yield ("order",), "orders by an arc of IC", MISSING


def _some(collection: Collection, column: str) -> bool:
    """Whether any track has a value: the frame knows of columns that are not analysed."""
    counted = collection.coverage.columns
    return bool(counted[column] if column in counted else collection.has(column))
