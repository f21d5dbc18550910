"""A Drawing as a PNG, drawn by matplotlib's Agg without a screen: white paper, for print and pages.

Every sign of a title is taken literally: a dollar sign begins no formula.
"""

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from engine.information import log_mel
from engine.information.drawing import MEL_TICKS, NAMES, Drawing, band, clock
from engine.report_drawing import FAINT, INK, SLATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICK_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200)
MOST_TICKS = 10
WIDTH_INCHES, HEIGHT_INCHES, DOTS = 9.0, 5.6, 140
LONGEST_TITLE = 90  # letters that surely fit
COLOUR_MAP = "magma"  # its lightness rises evenly, also in grey


def figure_png(drawn: Drawing) -> bytes:
    """A picture on white."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(3, 1, sharex=True, height_ratios=(2.4, 0.8, 1.6))
    for panel, name in zip(panels, NAMES, strict=True):
        panel.set_title(name, loc="left", fontsize=9, color=INK)
        panel.tick_params(colors=INK, labelsize=8, length=2)
        panel.grid(color=FAINT, lw=0.6)
        panel.set_axisbelow(True)
        for side in panel.spines.values():
            side.set_visible(False)
    _draw_lines(drawn, panels[0])
    times = drawn.waveform_times
    panels[1].fill_between(times, *drawn.waveform, color=SLATE, lw=0.3)
    _draw_spectrogram(drawn, panels[2])
    _draw_time(drawn, panels[2])
    figure.suptitle(_shortened(drawn.title), x=0.01, ha="left", fontsize=11, color=INK)
    figure.supxlabel(_literal(drawn.about), x=0.01, ha="left", fontsize=8, color=INK)
    written = BytesIO()
    with warnings.catch_warnings():  # a sign that no font has is drawn as a box
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(written, format="png", facecolor="white", metadata={"Software": None})
    return written.getvalue()


def spectrogram_png(drawn: Drawing) -> bytes:
    """The spectrogram alone, a dot for each cell, high frequencies on top."""
    from matplotlib import colormaps
    from PIL import Image

    dots = colormaps[COLOUR_MAP](drawn.spectrogram[::-1], bytes=True)[..., :3]
    written = BytesIO()
    Image.fromarray(np.ascontiguousarray(dots)).save(written, "PNG", optimize=True)
    return written.getvalue()


def _draw_lines(drawn: Drawing, axes: "Axes") -> None:
    times = drawn.curve.times
    for name, colour, values, means in drawn.lines:
        axes.plot(times, values, color=colour, lw=0.6, alpha=0.4)
        axes.plot(times, means, color=colour, lw=1.4, label=name)
    if len(drawn.curve.levels) > 1:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, fontsize=8)


def _draw_spectrogram(drawn: Drawing, axes: "Axes") -> None:
    start = drawn.curve.start
    if drawn.spectrogram.size:
        extent = (start, start + drawn.spectrogram_seconds, 0, log_mel.BANDS)
        axes.imshow(
            drawn.spectrogram,
            extent=extent,
            origin="lower",
            aspect="auto",
            cmap=COLOUR_MAP,
            vmin=0,
            vmax=1,
        )
    axes.set_ylim(0, log_mel.BANDS)
    axes.set_yticks([band(hertz) for hertz in MEL_TICKS], list(MEL_TICKS.values()))
    axes.grid(visible=False)


def _draw_time(drawn: Drawing, axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    axes.set_xlim(drawn.curve.start, drawn.end)
    step = next(
        (step for step in TICK_SECONDS if drawn.seconds / step <= MOST_TICKS), TICK_SECONDS[-1]
    )
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("$", "\\$")


def _shortened(title: str) -> str:
    cut = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
    return _literal(cut)
