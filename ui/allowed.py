"""How many tracks the constraints leave, in words; and which one to relax when they leave none."""

from collections.abc import Callable

import streamlit as st

from engine.descriptors import DESCRIPTORS
from engine.funnel import Step
from engine.query import RANGE_COLUMNS, Range
from engine.relative import RELATIONS
from ui import constraints, query_state
from ui.collection import Collection
from ui.constraints import WORDS
from ui.found import Pool
from ui.names import named
from ui.text import count, number


def said(music: Collection, pool: Pool) -> None:
    """One line that is always there, so that nothing moves; and what stands in the way."""
    total = len(music.frame)
    if pool.left:
        line = f"{pool.left:,} of {count(total)}" if pool.steps else f"All {count(total)}"
        st.caption(f"{line} may be listed.{_limits(pool)}")
    else:
        _advise(music, pool)
    for name in pool.composed.unknown:
        label = _descriptor(name).label
        st.caption(f":material/info: “{WORDS[name]}” is left out: no seed has a value of {label}.")


def _limits(pool: Pool) -> str:
    """What relative constraints come to: ` Faster: from 131 BPM.`"""
    return "".join(
        f" {WORDS[name]}: {_written(limits, _descriptor(name).column)}."
        for name, limits in pool.composed.limits.items()
    )


def _written(limits: Range, column: str) -> str:
    if limits.low is not None:
        return f"from {number(limits.low, column)} on"
    return f"up to {number(limits.high, column)}"


def _advise(music: Collection, pool: Pool) -> None:
    """Nothing is left: the constraint to relax, and a button that does it."""
    if pool.composed.impossible:
        name = pool.composed.impossible[0]
        limits = _written(pool.composed.limits[name], _descriptor(name).column)
        other = named(RELATIONS[name].field, music)
        _advised(f"“{WORDS[name]}” means {limits} here, but “{other}” is set to exclude that.")
        _button(WORDS[name], constraints.relax, name)
        return
    worst = max(pool.steps, key=_brought_back)
    relation = _relation(pool, worst.name)
    label = WORDS[relation] if relation else named(worst.name, music)
    if worst.without:
        _advised(f"Relax “{label}” first: without it, {count(worst.without)} may be listed.")
    else:
        alone = count(worst.alone)
        _advised(f"Several constraints are too narrow: begin with “{label}” ({alone} alone).")
    if relation:
        _button(label, constraints.relax, relation)
    else:
        _button(label, query_state.relax, worst.name)


def _advised(advice: str) -> None:
    st.info(f"No track may be listed. {advice}", icon=":material/filter_alt_off:")


def _button(label: str, relax: Callable[[str], None], name: str) -> None:
    st.button(f"Relax {label}", key="relax_worst", on_click=relax, args=(name,), type="primary")


def _relation(pool: Pool, filter_name: str) -> str | None:
    """The relation that narrows a filter, if one does."""
    narrowing = (n for n in pool.composed.limits if RELATIONS[n].field == filter_name)
    return next(narrowing, None)


def _brought_back(step: Step) -> tuple[int, int]:
    return step.without, -step.alone


def _descriptor(relation: str):
    return DESCRIPTORS[RANGE_COLUMNS[RELATIONS[relation].field]]
