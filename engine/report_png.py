"""The figures of a report as PNG files, drawn by matplotlib's Agg without a screen.

Source: the same descriptions as the page. Conventions: 7 inches wide at 160 dots an inch, white
paper, every sign of a label taken literally.
"""

from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.report_drawing import (
    COLOURS,
    FAINT,
    HEAT,
    INK,
    Figure,
    colour,
    letters_in,
    letters_on,
    line_colour,
)
from engine.report_text import decimal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_INCHES, DOTS = 7.0, 160
BAR_INCHES = 0.23
LINE_POINTS = 12  # of the name of a mark
LETTERS = 9  # points: 11 pixels of a picture that fills the page
LABELLED = 0.04  # of the axis: stacked bars shorter than that have no room for their number


def png(figure: Figure) -> bytes:
    """The picture. Safe in threads: no state of pyplot is touched."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(WIDTH_INCHES, _height(figure)), dpi=DOTS, layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.add_subplot()
    {"bars": _bars, "histogram": _histogram, "heat": _heat}[figure.kind](figure, axes)
    title = (
        f"{figure.title} ({figure.warning.partition(':')[0]})" if figure.warning else figure.title
    )
    axes.set_title(_literal(title), loc="left", fontsize=12, color=INK, pad=_pad(figure))
    axes.tick_params(colors=INK, labelsize=LETTERS, length=0)
    axes.xaxis.label.set_size(LETTERS)
    axes.yaxis.label.set_size(LETTERS)
    for side in axes.spines.values():
        side.set_visible(False)
    written = BytesIO()
    canvas.savefig(written, format="png", facecolor="white", metadata={"Software": None})
    return written.getvalue()


def _height(figure: Figure) -> float:
    if figure.kind == "bars":
        return BAR_INCHES * len(figure.y.ticks) + (1.0 if len(figure.series) == 1 else 1.4)
    if figure.kind == "heat":
        return 0.34 * len(figure.series) + 0.9 if figure.printed else 5.2
    return 3.0


def _pad(figure: Figure) -> float:
    """Room under the title for what stands above the axes."""
    if figure.kind == "histogram":
        return 8.0 + LINE_POINTS * (1 + max(figure.mark_levels))
    return 28.0 if figure.kind == "bars" and len(figure.series) > 1 else 8.0


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("$", "\\$")


def _bars(figure: Figure, axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    places = range(len(figure.y.ticks))
    left = [0.0] * len(figure.y.ticks)
    alone = len(figure.series) == 1
    for number, series in enumerate(figure.series):
        fill = colour(figure, number)
        bars = axes.barh(
            places, series.values, left=left, color=fill, height=0.74, label=_literal(series.name)
        )
        left = [a + b for a, b in zip(left, series.values, strict=True)]
        if alone:
            texts = [decimal(value, 0) for value in series.values]
            axes.bar_label(bars, texts, padding=3, fontsize=LETTERS, color=INK)
        else:
            room = LABELLED * figure.x.high
            texts = [decimal(value, 0) if value >= room else "" for value in series.values]
            axes.bar_label(
                bars, texts, label_type="center", fontsize=LETTERS, color=letters_on(fill)
            )
    axes.set_yticks(places, [_literal(tick) for tick in figure.y.ticks])
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.set_xlabel(figure.x.title, color=INK)
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=FAINT)
    if figure.x.high is not None:
        axes.set_xlim(figure.x.low, figure.x.high)
    else:
        axes.margins(x=0.08)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    if not alone:
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=5,
            frameon=False,
            fontsize=LETTERS,
            borderaxespad=0.2,
            handlelength=1.2,
            columnspacing=1.2,
        )


def _histogram(figure: Figure, axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.stairs(figure.series[0].values, figure.edges, fill=True, color=COLOURS[0])
    axes.vlines(figure.edges[1:-1], 0, _shared(figure.series[0].values), color="white", lw=0.7)
    axes.set_xlim(figure.edges[0], figure.edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_xlabel(figure.x.title, color=INK)
    axes.set_ylabel(figure.y.title, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=FAINT)
    lines = zip(figure.marks, figure.mark_names, figure.mark_levels, strict=True)
    for number, ((at, _), name, level) in enumerate(lines):
        axes.axvline(at, color=line_colour(number), lw=1.5, ls="--")
        axes.annotate(
            name,
            (at, 1),
            (0, 3 + LINE_POINTS * level),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha=figure.anchor(at),
            fontsize=LETTERS,
            color=INK,
            annotation_clip=False,
        )


def _shared(values: tuple[float, ...]) -> list[float]:
    """Height of the border between each two bars."""
    return [min(pair) for pair in pairwise(values)]


def _heat(figure: Figure, axes: "Axes") -> None:
    from matplotlib.colors import LinearSegmentedColormap

    scale = LinearSegmentedColormap.from_list("teal", HEAT)
    rows = [series.values for series in figure.series]
    most = max(max(row) for row in rows) or 1
    if figure.printed:
        axes.imshow(rows, cmap=scale, vmin=0, vmax=most, aspect="auto")
        axes.set_xticks(range(len(figure.x.ticks)), figure.x.ticks)
        axes.set_yticks(range(len(rows)), [_literal(series.name) for series in figure.series])
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                axes.text(
                    x,
                    y,
                    decimal(value, 0),
                    ha="center",
                    va="center",
                    fontsize=LETTERS,
                    color=letters_in(value, most),
                )
        return
    extent = (figure.x.low, figure.x.high, figure.y.low, figure.y.high)
    drawn = axes.imshow(rows, cmap=scale, vmin=0, aspect="equal", origin="lower", extent=extent)
    bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.7)
    bar.outline.set_visible(False)
    bar.set_label("Tracks", color=INK, fontsize=LETTERS)
    axes.set_xlabel(figure.x.title, color=INK)
    axes.set_ylabel(figure.y.title, color=INK)
    axes.grid(color=FAINT, lw=0.5)
