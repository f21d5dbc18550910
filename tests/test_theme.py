"""Text can be read in both themes: contrasts of at least 4.5 to 1, as WCAG 2.1 asks (AA)."""

import re
import tomllib
from pathlib import Path

import colour_vision
import pytest

from ui.curves import COLOURS
from ui.map_tab import PALETTES, SCALES, SYMBOLS, TOP
from ui.page import INK, TEAL
from ui.scatter import GREY

REPOSITORY = Path(__file__).resolve().parent.parent
LEAST = 4.5
LEAST_OF_MARKS = 3.0  # lines and marks are no text
FAR = 20.0  # CIEDE2000: told apart at a glance


def rgb(colour: str) -> list[float]:
    if colour.startswith("rgb("):
        return [float(part) for part in colour[4:-1].split(",")]
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def mixed(ink: list[float], back: list[float], opacity: float) -> list[float]:
    return [opacity * one + (1 - opacity) * other for one, other in zip(ink, back, strict=True)]


def luminance(colour: list[float]) -> float:
    parts = [part / 255 for part in colour]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(by * part for by, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: list[float], other: list[float]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself():
    assert contrast(rgb("#ffffff"), rgb("#000000")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_can_be_read(name):
    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())
    theme = {part: rgb(colour) for part, colour in settings["theme"][name].items()}
    css = (REPOSITORY / "ui" / "page.css").read_text()
    opacity = float(re.search(r"stCaptionContainer\"\] \{\s*opacity: ([\d.]+);", css)[1])
    on_primary = re.search(r"light-dark\((#\w+), (#\w+)\)", css)[1 if name == "light" else 2]
    back, code = theme["backgroundColor"], theme["codeBackgroundColor"]
    field = theme["secondaryBackgroundColor"]
    found = {
        "links and buttons": contrast(theme["primaryColor"], back),
        "links in the sidebar": contrast(theme["primaryColor"], field),
        "primary buttons": contrast(rgb(on_primary), theme["primaryColor"]),
        "captions": contrast(mixed(theme["textColor"], back, opacity), back),
        "commands": contrast(theme["codeTextColor"], code),
        "commands in captions": contrast(
            mixed(theme["codeTextColor"], back, opacity), mixed(code, back, opacity)
        ),
        "planes": contrast(rgb(INK[name]), back),
    }
    assert {what: ratio for what, ratio in found.items() if ratio < LEAST} == {}


@pytest.mark.parametrize("name", ["light", "dark"])
def test_lines_and_marks_can_be_seen(name):
    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())
    back = rgb(settings["theme"][name]["backgroundColor"])
    drawn = [TEAL, *COLOURS, *SCALES[name]]
    assert {c for c in drawn if contrast(rgb(c), back) < LEAST_OF_MARKS} == set()


def grey_on(back: str) -> str:
    """What does not match, as it is mixed with the page."""
    *grey, opacity = (float(part) for part in re.findall(r"[\d.]+", GREY))
    shown = mixed(grey, rgb(back), opacity)
    return "#{:02x}{:02x}{:02x}".format(*map(round, shown))


@pytest.mark.parametrize("name", ["light", "dark"])
def test_what_matches_on_a_plane_can_be_told_from_what_does_not(name):
    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())
    grey = grey_on(settings["theme"][name]["backgroundColor"])
    assert colour_vision.apart(TEAL, grey) >= FAR


@pytest.mark.parametrize("name", ["light", "dark"])
def test_groups_on_the_map_differ_in_shape_or_in_colour_to_everybody(name):
    settings = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())
    grey = grey_on(settings["theme"][name]["backgroundColor"])
    marks = [*zip(SYMBOLS, PALETTES[name], strict=True), ("circle", grey)]
    assert len(marks) == TOP + 1
    alike = [
        (one, other)
        for place, (shape, one) in enumerate(marks)
        for other_shape, other in marks[place + 1 :]
        if shape == other_shape and colour_vision.apart(one, other) < FAR
    ]
    assert alike == []


def test_groups_on_the_map_can_be_seen_on_a_dark_page():
    """On a light one, ten colours that everybody tells apart need pale ones among them."""
    back = rgb("#0e1117")
    assert {c for c in PALETTES["dark"] if contrast(rgb(c), back) < LEAST_OF_MARKS} == set()
