"""Advice where nothing matches: relaxing what is advised gives what it says."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from queries import FIELDS, libraries, table

from engine.facts import Facts
from engine.query import Query, Range
from engine.selection import select
from ui.names import relaxed

# Some filters narrow others than themselves: excluded styles sound from the activation on that
# chosen ones have, so those two are not drawn together.
DRAWN = sorted(set(FIELDS) - {"exclude_styles"})


@st.composite
def lassoed(draw) -> Query:
    """A query whose mood sliders follow a region, as the Mood tab makes it, and other filters."""
    names = draw(st.lists(st.sampled_from(DRAWN), unique=True, max_size=4))
    query = Query(**{name: draw(FIELDS[name]) for name in names})
    if not query.mood_region:
        return query
    low, high = (edge(query.mood_region, axis=0) for edge in (np.min, np.max))
    valence, arousal = (Range(float(low[axis]), float(high[axis])) for axis in (0, 1))
    return replace(query, valence=valence, arousal=arousal)


@given(lassoed(), libraries())
@settings(max_examples=300, deadline=None)
def test_relaxing_a_filter_gives_as_many_as_the_funnel_says(query, facts):
    for step in select(query, facts).steps:
        assert select(relaxed(query, step.name), facts).matches == step.without


@given(lassoed(), libraries())
@settings(
    max_examples=300, deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],  # one query in seven matches nothing
)  # fmt: skip
def test_the_advice_gives_matches_whenever_relaxing_one_filter_does(query, facts):
    found = select(query, facts)
    assume(found.steps and not found.matches)
    others = [select(relaxed(query, step.name), facts).matches for step in found.steps]
    assert select(relaxed(query, found.worst.name), facts).matches == max(others)


def test_a_region_where_nothing_lies_is_what_to_relax():
    frame = table(valence=[2.0, 8.0], arousal=[5.0, 5.0], tempo_bpm=[100.0, 100.0])
    query = Query(
        mood_region=((4, 4), (6, 4), (5, 6)), valence=Range(4, 6), arousal=Range(4, 6),
        tempo=Range(90, 110),
    )  # fmt: skip
    found = select(query, Facts(frame))
    assert (found.matches, found.worst.name, found.worst.without) == (0, "mood_region", 2)
    assert relaxed(query, "mood_region") == Query(tempo=Range(90, 110))
