"""Counts of styles for any activation equal counting one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.activations import Activations
from engine.style_counts import STEPS, Counts

LABELS = ("Rock---Punk", "Rock---Indie", "Jazz---Bop", "live")
ACTIVATIONS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.just(len(LABELS))),
    elements=st.one_of(
        st.integers(0, 100).map(lambda step: float(np.float32(step / 100))),
        st.floats(0, 1, width=32),
        st.just(float("nan")),
    ),
)


@given(ACTIVATIONS, st.integers(0, STEPS))
def test_counts_are_those_of_the_filter(matrix, step):
    styles = Activations("styles", LABELS, np.asfortranarray(matrix))
    low = step / STEPS
    found = Counts.of(styles).at_least(low)
    assert set(found) == {*LABELS, "Rock", "Jazz"}
    for name, tracks in found.items():
        assert tracks == np.count_nonzero(styles.of(name).astype(np.float64) >= low - 1e-6)


def test_a_vocabulary_without_genres_has_none():
    styles = Activations("tags", ("rock", "jazz"), np.full((3, 2), 0.5, np.float32, order="F"))
    assert Counts.of(styles).at_least(0.5) == {"rock": 3, "jazz": 3}
    assert Counts.of(styles).at_least(0.51) == {"rock": 0, "jazz": 0}
