"""The IC curve under a player: its values at their times, gaps as gaps, never more than fits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.records import Curve
from ui.curves import MOST_POINTS, figure, points


def made(values, start=0.5, hop=0.1, model="model-1") -> Curve:
    return Curve("ic_0.0", model, start, hop, np.asarray(values, dtype=np.float32))


def test_a_short_curve_is_drawn_frame_by_frame():
    seconds, values = points(made([1, np.nan, 3]))
    np.testing.assert_allclose(seconds, [0.5, 0.6, 0.7])
    np.testing.assert_array_equal(values, [1, np.nan, 3])


def test_a_long_curve_is_drawn_as_means_at_the_middle_of_their_frames():
    values = np.arange(2 * MOST_POINTS, dtype=np.float32)
    values[:2] = np.nan
    values[3] = np.nan
    seconds, means = points(made(values))
    assert len(means) == MOST_POINTS
    np.testing.assert_allclose(seconds[:2], [0.55, 0.75])
    np.testing.assert_array_equal(means[:3], [np.nan, 2.0, 4.5])


@given(st.integers(0, 5 * MOST_POINTS), st.integers(0, 9))
def test_the_mean_of_a_curve_without_gaps_stays(frames, seed):
    values = np.random.default_rng(seed).normal(3, 1, frames)
    seconds, means = points(made(values))
    assert len(seconds) == len(means) <= MOST_POINTS
    if frames and frames % max(1, -(-frames // MOST_POINTS)) == 0:
        assert np.mean(means) == pytest.approx(np.mean(values.astype(np.float32)), rel=1e-4)


def test_the_figure_names_model_and_units_as_text():
    drawn = figure([made([1.0, np.nan, 2.0], model="<b>m</b>")])
    assert drawn.layout.title.text == "Surprise (IC) by the model &lt;b&gt;m&lt;/b&gt;"
    assert drawn.layout.xaxis.ticksuffix == " s"
    assert drawn.layout.yaxis.title.text == "IC (nats/frame)"
    assert drawn.data[0].connectgaps is False
    assert not drawn.layout.showlegend
    assert figure([made([1.0]), made([2.0])]).layout.showlegend
