"""Whatever is recorded comes back from the library as it was."""

import math
import os

import numpy as np
from analyses import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.library import Library
from engine.library_check import problems
from engine.records import HAS_VALUES, STATUSES, Analysis, Media, Outcome, Tags
from engine.schema import COLUMNS, SPACE_DIMENSIONS, STAGE_COLUMNS, STAGE_SPACES, TEXT_COLUMNS

_TEXT = st.none() | st.text(st.characters(), max_size=8)  # lone surrogates too
_NUMBER = st.none() | st.floats()
_PATH = st.binary(min_size=1, max_size=12).filter(
    lambda path: b"\0" not in path and path[:1] != b"/"
)


def _value(column):
    return _TEXT if column in TEXT_COLUMNS else _NUMBER


@st.composite
def _outcomes(draw, stage):
    vectors = {
        space: np.full(SPACE_DIMENSIONS[space], draw(st.floats(-1e6, 1e6, width=32)), np.float32)
        for space in STAGE_SPACES[stage]
    }
    values = draw(st.fixed_dictionaries({}, optional={c: _value(c) for c in STAGE_COLUMNS[stage]}))
    return Outcome(
        stage,
        draw(st.text("ab")),
        draw(st.sampled_from(STATUSES)),
        draw(_TEXT),
        0.5,
        values,
        vectors,
    )


_ANALYSES = st.builds(
    Analysis,
    st.none() | st.sampled_from("ab"),
    st.none()
    | st.builds(Media, _NUMBER, st.integers(1, 400_000), st.integers(1, 255), st.text(max_size=5)),
    st.none() | st.builds(Tags, _TEXT, _TEXT, _TEXT, st.none() | st.integers()),
    st.tuples(*(_outcomes(stage) for stage in STAGE_COLUMNS)),
)


def _clean(value):
    """What a value is once stored: text without lone surrogates, numbers finite, or None."""
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
    return value if value is not None and math.isfinite(value) else None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=_PATH, runs=st.lists(_ANALYSES, min_size=1, max_size=3))
def test_the_frame_shows_what_was_recorded_last(tmp_path_factory, path, runs):
    with Library.create(tmp_path_factory.mktemp("library")) as writer:
        for number, run in enumerate(runs):
            track = writer.record(ROOT, path, number, 0, run)
        row = writer.frame().loc[track].to_dict()
        last = runs[-1]
        expected = dict.fromkeys(COLUMNS) | {"path": os.fsdecode(b"/music/" + path)}
        for outcome in last.outcomes:
            if outcome.status in HAS_VALUES:
                expected |= {column: _clean(value) for column, value in outcome.values.items()}
        for column in STAGE_COLUMNS["dsp"] + STAGE_COLUMNS["effnet"] + ("path",):
            found = None if row[column] is None or row[column] != row[column] else row[column]
            assert found == expected[column], column
        for outcome in last.outcomes:
            for space in STAGE_SPACES[outcome.stage]:
                ids, matrix = writer.vectors(space)
                assert len(ids) == (outcome.status in HAS_VALUES)
                if len(ids):
                    np.testing.assert_array_equal(matrix[0], outcome.vectors[space])
        assert problems(writer.path) == []
