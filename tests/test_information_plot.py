"""IC over waveform and mel spectrogram: what is drawn, and how the page behaves in a browser."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import browsing
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from playwright.sync_api import expect
from sounds import encode, tune

from engine import audio
from engine.audio import Audio
from engine.information import drawing, log_mel, plot
from engine.information.curve import FRAMES_PER_SECOND, Curve

browser = browsing.browser
TITLE = "<b>Feelings</b> $x^2$ </script> & \n音楽"
SECONDS = 6.0


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Audio:
    return audio.decode(encode(tmp_path_factory.mktemp("plot") / "song.wav", tune(SECONDS)))


def curve(levels: int, frames: int, start: float = 0.0) -> Curve:
    values = np.random.default_rng(0).normal(40, 9, (levels, frames)).astype(np.float32)
    values[:, :5] = np.nan
    return Curve(tuple(0.1 * level for level in range(levels)), values, start)


@pytest.fixture(scope="module")
def drawn(sound) -> plot.Drawing:
    return plot.drawing(sound, curve(3, int(SECONDS * FRAMES_PER_SECOND), 60.0), TITLE, "m-1")


def test_what_is_said_of_a_recording(drawn):
    assert drawn.about.startswith("Model m-1. 1:00 to 1:06, mean IC ")
    assert drawn.about.count("noise level") == 3
    assert "\n" not in drawn.title
    empty = replace(drawn, curve=Curve((0.0,), np.full((1, 3), np.nan, np.float32)))
    assert "no frame has a value" in empty.about
    assert [drawing.clock(seconds) for seconds in (0, 65.4, 3723)] == ["0:00", "1:05", "1:02:03"]


def test_all_panels_share_one_axis_of_time(drawn):
    found = plot.figure_spec(drawn)
    layout = found["layout"]
    start, end = layout["xaxis"]["range"]
    assert end - start == pytest.approx(SECONDS * 1e3)
    image = layout["images"][0]
    assert image["x"] == start and image["sizex"] <= end - start
    for trace in found["data"]:
        assert "xaxis" not in trace
        assert all(start <= time <= end for time in trace["x"])
    lines = [trace for trace in found["data"] if trace.get("showlegend")]
    assert [line["name"] for line in lines] == [f"noise level {x}" for x in ("0", "0.1", "0.2")]
    first = next(trace for trace in found["data"] if "hovertemplate" in trace)
    assert first["x"][0] - start == pytest.approx(1e3 / FRAMES_PER_SECOND, abs=0.1)
    assert first["y"][:5] == [None] * 5 and None not in first["y"][5:]


def test_the_specification_is_json_and_plotlys_own(drawn):
    from plotly.graph_objects import Figure

    found = plot.figure_spec(drawn)
    json.dumps(found, allow_nan=False)
    assert len(Figure(found).data) == len(found["data"])


def test_the_picture_of_the_spectrogram_is_upright(sound):
    time = np.arange(len(sound.samples)) / sound.sample_rate
    tone = np.sin(2 * np.pi * 8_000 * time).astype(np.float32)[:, None]
    high = plot.drawing(replace(sound, samples=tone), curve(1, 64), "tone", "m")
    dots = np.array(Image.open(BytesIO(plot.spectrogram_png(high)))).sum(-1)
    assert dots.shape == (log_mel.BANDS, int(SECONDS * FRAMES_PER_SECOND))
    loudest = dots.sum(1).argmax()
    assert log_mel.BANDS - loudest - 0.5 == pytest.approx(drawing.band(8_000), abs=1)


def test_long_recordings_are_thinned_and_keep_their_peaks(sound):
    seconds = 900
    long = curve(2, int(seconds * FRAMES_PER_SECOND))
    long.values[0, 8_000] = 500
    long.values[:, 2_000:4_000] = np.nan
    repeated = replace(sound, samples=np.tile(sound.samples[:44_100, :1], (seconds, 1)))
    drawn = plot.drawing(repeated, long, "long", "m")
    assert drawn.spectrogram.shape[1] <= drawing.COLUMNS
    assert drawn.waveform.shape == (2, drawing.COLUMNS)
    traces = plot.figure_spec(drawn)["data"]
    assert max(len(trace["x"]) for trace in traces) <= drawing.POINTS + 2
    thin = next(trace for trace in traces if "hovertemplate" in trace)
    assert max(value for value in thin["y"] if value is not None) == 500
    assert thin["y"].count(None) > 100
    assert drawn.smoothed_frames / FRAMES_PER_SECOND == pytest.approx(3, abs=0.2)


VALUES = arrays.arrays(
    np.float64, st.integers(0, 300), elements=st.floats(-1e6, 1e6) | st.just(np.nan)
)


@given(VALUES, st.integers(4, 100))
def test_thinning_keeps_order_gaps_and_extremes(values, most):
    kept = drawing.thinned(values, most)
    assert len(kept) <= max(most + 2, len(values) if len(values) <= most else 0)
    assert (np.diff(kept) > 0).all()
    if not np.isnan(values).all():
        assert np.nanmax(values[kept]) == np.nanmax(values)
        assert np.nanmin(values[kept]) == np.nanmin(values)


@given(VALUES)
def test_means_lie_within_what_they_are_of(values):
    means = drawing.smoothed(values, 11)
    assert len(means) == len(values)
    assert np.isnan(means[np.isnan(values)]).all()
    known = means[~np.isnan(means)]
    if len(known):
        assert np.nanmin(values) - 1e-3 <= known.min() <= known.max() <= np.nanmax(values) + 1e-3


def test_the_mean_of_a_ramp_is_the_ramp():
    ramp = np.arange(40.0)
    np.testing.assert_allclose(drawing.smoothed(ramp, 11)[5:-5], ramp[5:-5])


def test_a_picture_for_any_title_and_length(sound, recwarn):
    for frames, samples in ((0, 1_000), (1, 5_000), (64, len(sound.samples))):
        short = replace(sound, samples=sound.samples[:samples])
        drawn = plot.drawing(short, curve(1, frames), TITLE * 20, "$m_1$")
        picture = Image.open(BytesIO(plot.figure_png(drawn)))
        assert picture.size == (1260, 784)
    assert not recwarn.list


@pytest.fixture(scope="module")
def address(drawn, tmp_path_factory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "ic.html"
    path.write_text(plot.figure_html(drawn))
    return path.as_uri()


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_needs_no_network_and_fits(browser, address, width, scheme):
    window = {"width": width, "height": 900}
    with browsing.patient(browser, offline=True, viewport=window, color_scheme=scheme) as page:
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        expect(page.locator("h1")).to_have_text("<b>Feelings</b> $x^2$ </script> & 音楽")
        expect(page.locator("#plot-ic .scatterlayer .trace")).to_have_count(8)
        expect(page.locator("#plot-ic image")).to_have_count(1)
        assert page.locator("#plot-ic .xtick text").all_text_contents()[0].startswith("1:0")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert wrong == []


def test_a_finger_scrolls_and_a_mouse_enlarges(browser, address):
    for touch, mode in ((True, False), (False, "zoom")):
        with browsing.patient(browser, has_touch=touch, is_mobile=touch) as page:
            page.goto(address)
            page.wait_for_selector("body.drawn .plot .main-svg")
            assert page.evaluate("document.getElementById('plot-ic').layout.dragmode") == mode


def test_without_scripts_there_is_a_picture(browser, address):
    with browsing.patient(browser, java_script_enabled=False) as page:
        page.goto(address)
        expect(page.locator("figure img")).to_be_visible()
        expect(page.locator(".plot")).to_be_hidden()
