"""The IC of a recording over its waveform and its mel spectrogram, on one axis of time.

Goal: a Drawing → a page that needs no network (HTML, plotly), or a picture (PNG, see picture.py).
In a notebook: plotly.graph_objects.Figure(figure_spec(drawing(sound, curve, title, model))).
"""

from base64 import b64encode
from html import escape

import numpy as np

from engine.information import log_mel
from engine.information.curve import FRAMES_PER_SECOND
from engine.information.drawing import MEL_TICKS, NAMES, Drawing, band, drawing, thinned
from engine.information.picture import figure_png, spectrogram_png
from engine.report_drawing import FAINT, INK, PAPER, SLATE
from engine.report_page import document

__all__ = ["Drawing", "drawing", "figure_html", "figure_png", "figure_spec"]

PAGE_PIXELS = 640
PANELS = ((0.56, 1.0), (0.36, 0.5), (0.0, 0.3))  # of the height, as NAMES
MOST_TICKS = 9
# Time 0 as a date, 2000-01-01 in milliseconds: plotly takes smaller numbers for years.
_ZERO = 946_684_800_000
CAPTION = (
    "Thin lines: every frame of 93 ms; thick lines: the mean over {} s. High values: what the "
    "model did not expect. Gaps: silence. Values of different models must not be compared. With a "
    "mouse: drag to enlarge, double-click to see all."
)
# A finger on a figure scrolls the page, a mouse chooses what to enlarge.
_TOUCH = """if (matchMedia('(pointer: coarse)').matches)
  for (const spec of Object.values(SPECS)) spec.layout.dragmode = false;
"""


def figure_spec(drawn: Drawing) -> dict:
    """data and layout, as plotly.graph_objects.Figure takes them."""
    start, end = _date(drawn.curve.start), _date(drawn.end)
    axis = {"gridcolor": FAINT, "linecolor": FAINT, "zeroline": False}
    layout = {
        "height": PAGE_PIXELS,
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 44, "r": 12, "t": 64 if len(drawn.curve.levels) > 1 else 32, "b": 36},
        "legend": {"orientation": "h", "x": 0, "y": 1.05, "yanchor": "bottom"},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": PAPER, "font": {"color": INK}},
        "dragmode": "zoom",
        "annotations": [_name(text, top) for text, (_, top) in zip(NAMES, PANELS, strict=True)],
        "images": _image(drawn),
        "xaxis": axis
        | {
            "type": "date",
            "range": [start, end],
            "anchor": "y3",
            "tickformatstops": _time_formats(),
            "hoverformat": "%-H:%M:%S.%2f" if drawn.end >= 3600 else "%-M:%S.%2f",
            "nticks": MOST_TICKS,
            "showspikes": True,
            "spikemode": "across",
            "spikethickness": 1,
            "spikecolor": INK,
            "spikedash": "dot",
        },
        "yaxis": axis | {"domain": PANELS[0], "fixedrange": True},
        "yaxis2": axis | {"domain": PANELS[1], "fixedrange": True, "nticks": 3},
        "yaxis3": axis
        | {
            "domain": PANELS[2],
            "fixedrange": True,
            "range": [0, log_mel.BANDS],
            "showgrid": False,
            "tickvals": [band(hertz) for hertz in MEL_TICKS],
            "ticktext": list(MEL_TICKS.values()),
        },
    }
    return {
        "data": [_wave_trace(drawn), _empty_trace(start), *_line_traces(drawn)],
        "layout": layout,
    }


def figure_html(drawn: Drawing, picture: bytes | None = None) -> str:
    """A page; `picture` is figure_png's, which stands where scripts do not run and on paper."""
    source = b64encode(figure_png(drawn) if picture is None else picture).decode()
    alt = escape(f"Information content of {drawn.title} over its waveform and mel spectrogram")
    caption = CAPTION.format(round(drawn.smoothed_frames / FRAMES_PER_SECOND))
    body = f"""<header><h1>{escape(drawn.title)}</h1>
<p class="about">{escape(drawn.about)}</p></header>
<style>body {{ max-width: 84rem; }}</style>
<main><figure><div class="plot" id="plot-ic" role="img" aria-label="{alt}"></div>
<img src="data:image/png;base64,{source}" alt="{alt}">
<figcaption>{caption}</figcaption></figure>
</main>"""
    return document(f"IC of {drawn.title}", body, {"ic": figure_spec(drawn)}, _TOUCH)


def _date(seconds):
    """Seconds, one or many, as plotly's axis of dates counts: only that has minutes on it."""
    return _ZERO + seconds * 1e3


def _name(text: str, top: float) -> dict:
    """A panel's name above its upper left corner: beside it, it would take a phone's width."""
    return {
        "text": text,
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": top,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
    }


def _time_formats() -> list[dict]:
    """From finer to coarser ticks; limits are milliseconds between them."""
    return [
        {"dtickrange": [None, 999], "value": "%-M:%S.%1f"},
        {"dtickrange": [1_000, 599_999], "value": "%-M:%S"},
        {"dtickrange": [600_000, None], "value": "%-H:%M:%S"},
    ]


def _image(drawn: Drawing) -> list[dict]:
    if drawn.spectrogram.size == 0:
        return []
    source = b64encode(spectrogram_png(drawn)).decode()
    return [
        {
            "source": f"data:image/png;base64,{source}",
            "xref": "x",
            "yref": "y3",
            "x": _date(drawn.curve.start),
            "sizex": drawn.spectrogram_seconds * 1e3,
            "y": log_mel.BANDS,
            "sizey": log_mel.BANDS,
            "sizing": "stretch",
            "layer": "above",  # than the grid
        }
    ]


def _wave_trace(drawn: Drawing) -> dict:
    """The area between the lowest and the highest samples."""
    times = _date(drawn.waveform_times)
    low, high = drawn.waveform
    return {
        "type": "scatter",
        "x": _rounded(np.concatenate((times, times[::-1])), 1),
        "y": _rounded(np.concatenate((high, low[::-1])), 4),
        "yaxis": "y2",
        "fill": "toself",
        "fillcolor": SLATE,
        "mode": "lines",
        "line": {"width": 0.5, "color": SLATE},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _empty_trace(start: float) -> dict:
    """An axis without a trace is not drawn, and the spectrogram is an image."""
    return {
        "type": "scatter",
        "x": [start],
        "y": [None],
        "yaxis": "y3",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _line_traces(drawn: Drawing) -> list[dict]:
    """For each noise level the frames, thin and pale, and their running mean."""
    several = len(drawn.curve.levels) > 1
    times = _date(drawn.curve.times)
    traces = []
    for name, colour, values, means in drawn.lines:
        pale = {"opacity": 0.45, "hovertemplate": "%{y:.1f} nats", "showlegend": False}
        strong = {"hoverinfo": "skip", "showlegend": several}
        for width, line, looks in ((1, values, pale), (2, means, strong)):
            shown = thinned(line)
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "legendgroup": name,
                    "name": name,
                    "x": _rounded(times[shown], 1),
                    "y": _rounded(line[shown], 2),
                    "line": {"width": width, "color": colour},
                    **looks,
                }
            )
    return traces


def _rounded(values: np.ndarray, decimals: int) -> list[float | None]:
    """For JSON, which has no NaN."""
    numbers = np.round(values.astype(np.float64), decimals).tolist()
    return [None if number != number else number for number in numbers]
