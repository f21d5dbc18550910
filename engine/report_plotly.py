"""The figures of a report as plotly draws them: plain dictionaries, without importing plotly.

Source: plotly.js' figure reference. Conventions: no title and no legend inside (the page has
them as text, which wraps), a clear background, colours of the light theme; for_dark() names what
each becomes on a dark one.
"""

import json
import re
from html import escape
from itertools import pairwise
from math import inf

from engine.report_drawing import (
    COLOURS,
    DARK,
    FAINT,
    HEAT,
    INK,
    PAPER,
    Axis,
    Figure,
    colour,
    letters_in,
    letters_on,
    line_colour,
)
from engine.report_text import decimal

# Pixels: of the name of an axis, of numbers and names, of the ticks of keys, of any number.
TITLE, LETTERS, TICKS, SMALLEST = 13, 12, 11, 10
BAR_PIXELS, ROW_PIXELS = 24, 34
HISTOGRAM_PIXELS, SQUARE_PIXELS = 300, 430
FEW_TRACKS = 5
LINE_PIXELS = 18  # of the name of a mark


def spec(figure: Figure) -> dict:
    """data, layout and config as Plotly.newPlot and st.plotly_chart take them."""
    data, layout = {"bars": _bars, "histogram": _histogram, "heat": _heat}[figure.kind](figure)
    base = {
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 20, "t": 12, "b": 44},
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"font": {"family": "system-ui, sans-serif"}},
        "separators": ".,",
    }
    return {"data": data, "layout": base | layout}


def themed(drawn: dict) -> dict:
    """The same figure in the colours of a dark page."""
    text = json.dumps(drawn)
    return json.loads(re.sub("#[0-9a-f]{6}", lambda found: for_dark(found[0]), text))


def for_dark(colour: str) -> str:
    """The same role on a dark background."""
    return DARK.get(colour, colour)


def _axis(axis: Axis, most: float = inf, **more) -> dict:
    """An axis; `most` is the largest number on it."""
    drawn = {
        "title": {"text": escape(axis.title, quote=False), "font": {"size": TITLE}},
        "tickfont": {"size": LETTERS},
        "automargin": True,
        "gridcolor": FAINT,
        "linecolor": FAINT,
        "zeroline": False,
        "fixedrange": True,
    }
    if axis.low is not None:
        drawn["range"] = [axis.low, axis.high]
    if axis.label == "Tracks":
        drawn["tickformat"] = ",~r"  # 1,000, and no 1k
        if most <= FEW_TRACKS:
            drawn["dtick"] = 1  # no half tracks
    return drawn | more


def _bars(figure: Figure) -> tuple[list[dict], dict]:
    alone = len(figure.series) == 1
    labels = [escape(label, quote=False) for label in figure.y.ticks]
    values = [series.values for series in figure.series]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": escape(series.name, quote=False),
            "x": list(series.values),
            "y": labels,
            "marker": {"color": colour(figure, place)},
            "text": [decimal(value, 0) if alone or value else "" for value in series.values],
            "textposition": "auto" if alone else "inside",
            "insidetextanchor": "end" if alone else "middle",
            "insidetextfont": {"color": letters_on(colour(figure, place)), "size": LETTERS},
            "outsidetextfont": {"color": INK, "size": LETTERS},
            "textangle": 0,
            "constraintext": "none" if alone else "both",
            "cliponaxis": False,
            "hovertemplate": f"%{{y}}<br>{escape(series.name)}: %{{x:,}} "
            f"{escape(figure.x.unit)}<extra></extra>",
        }
        for place, series in enumerate(figure.series)
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.25,
        # A number that has no room in its bar is left out, since none can read it at 5 pixels.
        "uniformtext": {"minsize": SMALLEST, "mode": "hide"},
        "height": BAR_PIXELS * len(labels) + 60,
        "xaxis": _axis(figure.x, max(map(sum, zip(*values, strict=True)))),
        "yaxis": _axis(
            figure.y, autorange="reversed", title={"text": ""}, gridcolor="rgba(0,0,0,0)"
        ),
    }
    return data, layout


def _histogram(figure: Figure) -> tuple[list[dict], dict]:
    edges = figure.edges
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    ranges = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    data = [
        {
            "type": "bar",
            "x": middles,
            "y": list(figure.series[0].values),
            "width": [high - low for low, high in pairwise(edges)],
            "marker": {"color": COLOURS[0], "line": {"color": PAPER, "width": 1}},
            "customdata": ranges,
            "hovertemplate": f"%{{customdata}} {escape(figure.x.unit)}<br>"
            "%{y:,} tracks<extra></extra>",
        }
    ]
    layout = {
        "height": HISTOGRAM_PIXELS,
        "bargap": 0,
        "margin": {"l": 8, "r": 20, "t": 12 + LINE_PIXELS * (1 + max(figure.mark_levels)), "b": 44},
        "xaxis": _axis(figure.x, showgrid=False, ticks="outside"),
        "yaxis": _axis(figure.y, max(figure.series[0].values)),
    }
    return data, layout | _lines(figure)


def _lines(figure: Figure) -> dict:
    """Vertical lines with their names above the axes."""
    shapes = [
        {
            "type": "line",
            "x0": at,
            "x1": at,
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "line": {"color": line_colour(place), "width": 2, "dash": "dash"},
        }
        for place, (at, _) in enumerate(figure.marks)
    ]
    names = [
        {
            "x": at,
            "y": 1,
            "xanchor": figure.anchor(at),
            "yref": "paper",
            "yanchor": "bottom",
            "yshift": LINE_PIXELS * level,
            "showarrow": False,
            "text": escape(name, quote=False),
            "font": {"size": LETTERS},
        }
        for (at, _), name, level in zip(
            figure.marks, figure.mark_names, figure.mark_levels, strict=True
        )
    ]
    return {"shapes": shapes, "annotations": names}


def _heat(figure: Figure) -> tuple[list[dict], dict]:
    rows = [list(series.values) for series in figure.series]
    most = max(map(max, rows)) or 1
    trace = {
        "type": "heatmap",
        "z": rows,
        "colorscale": [list(stop) for stop in HEAT],
        "zmin": 0,
        "zmax": most,
        "xgap": 1 if figure.printed else 0,
        "ygap": 1 if figure.printed else 0,
    }
    if figure.printed:
        trace |= {
            "x": list(figure.x.ticks),
            "y": list(figure.y.ticks),
            "showscale": False,
            "hovertemplate": "%{y}, %{x}: %{z} %<extra></extra>",
        }
        height = ROW_PIXELS * len(rows) + 70
        y = _axis(figure.y, autorange="reversed", title={"text": ""}, gridcolor="rgba(0,0,0,0)")
        x = _axis(
            figure.x,
            gridcolor="rgba(0,0,0,0)",
            type="category",
            range=[-0.5, len(figure.x.ticks) - 0.5],
            tickangle=0,
            tickfont={"size": TICKS},
        )
        return [trace, _numbers(figure, most)], {"height": height, "xaxis": x, "yaxis": y}
    cells = len(rows[0])
    width = (figure.x.high - figure.x.low) / cells
    trace |= {
        "x0": figure.x.low + width / 2,
        "dx": width,
        "y0": figure.y.low + width / 2,
        "dy": width,
        "colorbar": {
            "title": {"text": "Tracks", "font": {"size": TITLE}},
            "tickfont": {"size": LETTERS},
            "thickness": 12,
            "outlinewidth": 0,
        },
        "hovertemplate": "valence %{x:.2f}, arousal %{y:.2f}<br>%{z:,} tracks<extra></extra>",
    }
    axes = {"xaxis": _axis(figure.x), "yaxis": _axis(figure.y)}
    return [trace], {"height": SQUARE_PIXELS, **axes}


def _numbers(figure: Figure, most: float) -> dict:
    """What the cells of a heat map hold, as text on them: a heat map's own text has one colour."""
    cells = [
        (tick, series.name, value)
        for series in figure.series
        for tick, value in zip(figure.x.ticks, series.values, strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [tick for tick, _, _ in cells],
        "y": [name for _, name, _ in cells],
        "text": [decimal(value, 0) for _, _, value in cells],
        "textfont": {"color": [letters_in(v, most) for _, _, v in cells], "size": LETTERS},
        "hoverinfo": "skip",
    }
