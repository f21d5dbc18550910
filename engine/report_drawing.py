"""One drawing of a report as data, from which plotly and matplotlib make the same picture.

Conventions: colours by role, named here once; numbers as they are drawn, so that the table behind a
figure says all that it shows. A light page and a dark one have colours of their own, DARK says
which stands for which.
"""

from dataclasses import dataclass

from engine.report_text import decimal

INK, FAINT, PAPER = "#1c2526", "#dfe5e5", "#ffffff"
# Of classes that lie side by side; the last is that of what is left over. Any two of them, and each
# but the last from the page, differ by 20 and more (CIEDE2000) to normal vision and with protanopia
# or deuteranopia.
COLOURS = ("#0f6b63", "#d08a1d", "#1b1f4d", "#74a9e3", "#dfe2e4")
SLATE = "#5a6f86"  # of what lies behind something else
# Of letters on a colour. White is not that of the paper, which is black on a dark page.
BLACK, WHITE = "#000000", "#fefefe"
EQUAL_LUMINANCE = 0.179  # (x + 0.05)² = 0.05 · 1.05: as far from black as from white (WCAG 2.1)
# From nothing to the most. In the middle lies a colour on which black and white can be read equally
# well, 4.5 to 1, and the letters change from one to the other.
HEAT = ((0.0, PAPER), (0.5, "#39807a"), (1.0, "#06332f"))
# Colours of a light page → of a dark one. Where letters are white on the one, they are black on the
# other.
DARK = {
    INK: "#e4eaea",
    FAINT: "#374243",
    PAPER: "#14191a",
    COLOURS[0]: "#5cc4b8",
    COLOURS[1]: "#ac5c1c",
    COLOURS[2]: "#ffe08f",
    COLOURS[3]: "#3d63c8",
    COLOURS[4]: "#444e50",
    SLATE: "#9fb2c6",
    BLACK: WHITE,
    WHITE: BLACK,
    HEAT[2][1]: "#c9f4ed",
}
MARK_ROOM = 0.35  # of the width of an axis, which the name of a mark takes on a phone


@dataclass(frozen=True)
class Axis:
    """What an axis measures."""

    label: str
    unit: str = ""
    ticks: tuple[str, ...] = ()  # categories, in order; empty for a measure
    low: float | None = None  # ends of a measure
    high: float | None = None
    decimals: int = 0  # of values on it

    @property
    def title(self) -> str:
        """Tempo (BPM)"""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True)
class Series:
    """One row of values: a colour in bars, a line of a heat map."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Figure:
    """One drawing. Kinds: bars (horizontal, a bar per category, series stacked), histogram (one
    series over the edges), heat (a line of cells per series)."""

    name: str  # of its files
    kind: str
    title: str
    caption: str
    alt: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    edges: tuple[float, ...] = ()  # of a histogram; one more than values
    marks: tuple[tuple[float, str], ...] = ()  # vertical lines with their names
    printed: bool = False  # cells of a heat map carry their number
    warning: str = ""  # such as random weights; drawn into the title

    @property
    def square(self) -> bool:
        """Whether both axes are of one kind and length."""
        return self.kind == "heat" and not self.x.ticks

    @property
    def mark_levels(self) -> tuple[int, ...]:
        """How many lines above the axes the name of each mark stands, so that none overlap."""
        if len(self.marks) < 2:
            return (0,) * len(self.marks)
        (one, _), (other, _) = self.marks
        near = abs(one - other) < MARK_ROOM * (self.x.high - self.x.low)
        return 0, int(near)

    def anchor(self, at: float) -> str:
        """Which end of a mark's name stands on its line: none leaves the drawing."""
        place = (at - self.x.low) / (self.x.high - self.x.low)
        return (
            "right" if place > 1 - MARK_ROOM / 2 else "left" if place < MARK_ROOM / 2 else "center"
        )

    @property
    def mark_names(self) -> tuple[str, ...]:
        """Each with its place on the axis: median 113."""
        return tuple(f"{name} {decimal(at, self.x.decimals)}" for at, name in self.marks)

    def table(self) -> tuple[list[str], list[list[float | str]]]:
        """Heads and rows: all that is drawn, as numbers."""
        if self.kind == "histogram":
            rows = [
                [self.edges[n], self.edges[n + 1], value]
                for n, value in enumerate(self.series[0].values)
            ]
            return [f"{self.x.title} from", "to", self.y.label], rows
        if self.kind == "bars":
            heads = [self.y.label, *(s.name for s in self.series)]
            return heads, [
                [c, *(s.values[n] for s in self.series)] for n, c in enumerate(self.y.ticks)
            ]
        ticks = self.x.ticks or [
            decimal(t, 2) for t in _middles(self.x, len(self.series[0].values))
        ]
        return [f"{self.y.title} \\ {self.x.title}", *ticks], [
            [s.name, *s.values] for s in self.series
        ]


def _middles(axis: Axis, cells: int) -> list[float]:
    width = (axis.high - axis.low) / cells
    return [axis.low + width * (n + 0.5) for n in range(cells)]


def colour(figure: Figure, place: int) -> str:
    """Of a series in bars. Of stacked ones the last is what is left over, and pale."""
    leftover = len(figure.series) > 1 and place == len(figure.series) - 1
    return COLOURS[-1 if leftover else place]


def line_colour(place: int) -> str:
    """Of a mark: the first is the median."""
    return COLOURS[1 if place else 2]


def letters_on(fill: str) -> str:
    """BLACK or WHITE, whichever can be read better on a colour of a light page."""
    channels = (int(fill[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return WHITE if luminance < EQUAL_LUMINANCE else BLACK


def letters_in(cell: float, most: float) -> str:
    """The same for a cell of a heat map on HEAT, of which the largest is `most`."""
    return WHITE if cell > most / 2 else BLACK
