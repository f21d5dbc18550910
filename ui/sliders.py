"""What every group of filters is made of: sliders of descriptors, and reasons where one is missing.

The state of the widgets is that of ui/query_state.
"""

import math

import streamlit as st

from engine.descriptors import DESCRIPTORS
from engine.query import RANGE_COLUMNS
from ui.bound import bound
from ui.collection import Collection
from ui.gaps import Gap, column_gap, share_missing
from ui.text import count

ENDS = "The ends of the slider mean no limit."


def span(collection: Collection, column: str) -> tuple[float, float]:
    """The ends of a slider. IC and years have no natural range: that of the library."""
    if column in DESCRIPTORS and column != "ic_mean":
        return float(DESCRIPTORS[column].low), float(DESCRIPTORS[column].high)
    values = collection.frame[column].dropna()
    low = math.floor(values.min()) if len(values) else 0
    high = math.ceil(values.max()) if len(values) else 0
    return float(low), float(max(high, low + 1))


def descriptor(collection: Collection, name: str, plural: str = "") -> bool:
    """The slider of a filter by a descriptor, or why there is none; whether it is there."""
    found = DESCRIPTORS[RANGE_COLUMNS[name]]
    if gap := column_gap(collection, found.column):
        explain(f"{plural or found.label}: not in this library.", gap)
        return False
    lacking = share_missing(collection, found.column)
    missing = f"\n\n{count(lacking)} without a value: left out by this filter." if lacking else ""
    unit = f" ({found.unit})" if found.unit else ""
    plain(name, found.label + unit, float(found.step), f"%.{found.decimals}f", found.help + missing)
    return True


def plain(name: str, label: str, step: float, form: str, about: str) -> None:
    """A slider whose ends are those of the session."""
    low, high = st.session_state["spans"][name]
    bound(st.slider, label, low, high, step=step, format=form, key=name, help=f"{about}\n\n{ENDS}")


def explain(what: str, gap: Gap | None) -> None:
    """Say what is missing and why; what fills it in is at the top of the page (ui/fill.py)."""
    st.caption(f":material/info: {what} {gap.reason if gap else ''}")
