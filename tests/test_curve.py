"""IC curves: silence, the grid of the file, times and CSV."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.information import curve
from engine.information.curve import Curve, Span, placed, sounding
from engine.information.log_mel import FRAME, SAMPLE_RATE


def noise(samples: int, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, level, samples).astype(np.float32)


def test_silence_at_head_and_tail_is_left_out():
    quiet = np.zeros(5 * FRAME, np.float32)
    span = sounding(np.concatenate((quiet, noise(20 * FRAME), quiet, quiet)))
    assert (span.first, span.end, span.frames) == (4, 26, 35)  # a window reaches over each edge


def test_a_pause_inside_is_music():
    quiet = np.zeros(5 * FRAME, np.float32)
    span = sounding(np.concatenate((noise(5 * FRAME), quiet, noise(5 * FRAME))))
    assert (span.first, span.end) == (0, 15)


def test_the_noise_of_a_room_is_silence_for_voices_only():
    room = noise(10 * FRAME, 10 ** (-50 / 20) * 0.1)
    samples = np.concatenate((room, noise(10 * FRAME), room))
    assert sounding(samples, curve.MUSIC) == Span(0, 30, 30)
    assert sounding(samples, curve.VOICE) == Span(9, 21, 30)
    with pytest.raises(ValueError, match="music or voice"):
        sounding(samples, "podcast")


def test_a_silent_file_has_no_sounding_part():
    for samples in (np.zeros(3 * FRAME, np.float32), noise(3 * FRAME, 1e-5), noise(100)):
        span = sounding(samples)
        assert span.first == span.end == 0
        assert Curve((0.0,), placed(span, (0.0,), np.zeros((1, 0))).values).mean() is None


@settings(deadline=None)
@given(st.integers(0, 6 * FRAME), st.integers(0, 4 * FRAME), st.integers(0, 4 * FRAME))
def test_the_sounding_part_holds_all_sound_of_whole_frames(loud, before, after):
    samples = np.concatenate((np.zeros(before), noise(loud), np.zeros(after))).astype(np.float32)
    span = sounding(samples)
    assert 0 <= span.first <= span.end <= span.frames == len(samples) // FRAME
    outside = np.concatenate((samples[: span.first * FRAME], samples[span.end * FRAME :]))
    if span.end > span.first:
        assert not outside[: span.first * FRAME].any()
        assert span.end == span.frames or not outside[span.first * FRAME :].any()
        cut = span.cut(samples)
        assert len(cut) // FRAME == span.end - span.first


def test_a_frames_time_is_that_of_its_last_sample():
    values = placed(Span(2, 5, 8), (0.0, 0.5), np.arange(6.0).reshape(2, 3))
    assert values.times[0] == FRAME / SAMPLE_RATE
    assert values.times[-1] == pytest.approx(8 * FRAME / SAMPLE_RATE)
    assert np.array_equal(np.isnan(values.values[0]), [1, 1, 0, 0, 0, 1, 1, 1])
    assert values.values[1, 2:5].tolist() == [3, 4, 5]


def test_encoders_may_give_fewer_or_more_frames():
    span = Span(1, 4, 5)
    fewer, more = (placed(span, (0.0,), np.ones((1, count))) for count in (2, 9))
    assert np.isnan(fewer.values[0]).tolist() == [True, False, False, True, True]
    assert np.isnan(more.values[0]).tolist() == [True, False, False, False, True]


def test_means_leave_out_what_has_no_value():
    values = np.array([[np.nan, 1, 3, np.nan], [np.nan, 10, 20, 30]], np.float32)
    one = Curve((0.0, 0.5), values)
    assert (one.mean(), one.mean(0.5)) == (2, 20)


def test_csv_is_the_published_tools(tmp_path: Path):
    values = np.array([[np.nan, 55.07291], [np.nan, 38.968643]], np.float32)
    Curve((0.0, 0.3), values).write_csv(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["Time", "IC_0.0", "IC_0.3"]
    assert rows[1] == ["0.09287981859410431", "nan", "nan"]
    assert [float(cell) for cell in rows[2]] == pytest.approx([0.1857596, 55.07291, 38.968643])
