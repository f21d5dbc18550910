"""Colours of the report: read by people with red-green colour blindness, and numbers on them by
everybody."""

import re
from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from colour_vision import apart, ciede2000, contrast, on_scale
from PIL import Image
from report_sources import musav

from engine.report import report
from engine.report_drawing import (
    COLOURS,
    DARK,
    HEAT,
    PAPER,
    colour,
    letters_in,
    letters_on,
    line_colour,
)
from engine.report_figures import figures
from engine.report_plotly import spec, themed
from engine.report_png import png

FAR = 20.0  # CIEDE2000
READABLE = 4.5  # to 1, WCAG 2.1 AA
PALE = 5.0  # what is left over may be pale: it ends where the others' bars would end
FIELDS = {"light": lambda c: c, "dark": lambda c: DARK.get(c, c)}


@pytest.fixture(scope="module")
def drawn(shared_dir):
    return figures(report(musav(shared_dir)))


def test_differences_equal_the_published_ones():
    # Sharma, Wu, Dalal (2005), table 1: pairs 1, 7, 9, 11, 13, 16, 17, 18, 20, 25 and 34.
    for one, other, expected in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, -0.001, 2.49), (50, 0.0009, -2.49), 4.8045),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (61, -5, 29), 22.8977),
        ((50, 2.5, 0), (58, 24, 15), 19.4535),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ):
        assert ciede2000(np.array(one), np.array(other)) == pytest.approx(expected, abs=5e-5)


def test_red_and_green_are_one_colour_to_the_colour_blind():
    assert ciede2000(*(np.array(c) for c in ((50, 60, 40), (50, -60, 40)))) > 60
    assert apart("#b00000", "#5c5c00") < FAR < apart("#0000ff", "#ffff00")


@pytest.mark.parametrize("theme", FIELDS)
def test_any_two_classes_can_be_told_apart(theme):
    # Any two, not just neighbours: where a class has no tracks, those on its sides meet.
    shown = [FIELDS[theme](colour) for colour in COLOURS]
    for one, other in combinations(shown, 2):
        assert apart(one, other) >= FAR, (one, other)
    for own in shown[:-1]:
        assert apart(own, FIELDS[theme](PAPER)) >= FAR, own
    assert apart(shown[-1], FIELDS[theme](PAPER)) >= PALE


@pytest.mark.parametrize("theme", FIELDS)
def test_lines_of_a_histogram_can_be_told_from_its_bars_and_from_each_other(theme):
    lines = line_colour(0), line_colour(1)
    median, mark, bars, page = (FIELDS[theme](c) for c in (*lines, COLOURS[0], PAPER))
    for one, other in combinations((median, mark, bars), 2):
        assert apart(one, other) >= FAR, (one, other)
    for own in (median, mark):
        assert contrast(own, page) >= 2.7, own


@pytest.mark.parametrize("theme", FIELDS)
def test_numbers_can_be_read_on_every_bar_and_cell(drawn, theme):
    seen = 0
    for figure in drawn:
        made = spec(figure) if theme == "light" else themed(spec(figure))
        for trace in made["data"]:
            if trace["type"] == "bar" and "insidetextfont" in trace:
                letters, fill = trace["insidetextfont"], trace["marker"]["color"]
                assert contrast(letters["color"], fill) >= READABLE, (figure.name, fill)
                assert letters["size"] >= 10
                seen += 1
        if figure.printed:
            cells, numbers = made["data"]
            most = cells["zmax"]
            for value, letters in zip(
                np.ravel(cells["z"]), numbers["textfont"]["color"], strict=True
            ):
                fill = on_scale(cells["colorscale"], value / most)
                assert contrast(letters, fill) >= READABLE, (value, fill, letters)
                seen += 1
            assert numbers["textfont"]["size"] >= 10
            assert len(numbers["text"]) == cells["z"].__len__() * 12
    assert seen >= 72 + 7  # cells, and one series of bars or more in each figure of bars


@pytest.mark.parametrize("theme", FIELDS)
def test_any_cell_has_letters_that_can_be_read(theme):
    scale = [(place, FIELDS[theme](colour)) for place, colour in HEAT]
    for cell in range(1001):
        letters = FIELDS[theme](letters_in(cell, 1000))
        assert contrast(letters, on_scale(scale, cell / 1000)) >= READABLE, cell


def test_a_heat_map_has_no_letters_of_one_colour_for_all_cells(drawn):
    (keys,) = (figure for figure in drawn if figure.name == "keys")
    cells, numbers = spec(keys)["data"]
    assert "texttemplate" not in cells and len(set(numbers["textfont"]["color"])) == 2


def test_no_number_is_drawn_smaller_than_ten_pixels(drawn):
    for figure in drawn:
        sizes = re.findall(r"'size': (\d+)", str(spec(figure)))
        assert sizes and min(map(int, sizes)) >= 10
        if figure.kind == "bars":
            assert spec(figure)["layout"]["uniformtext"] == {"minsize": 10, "mode": "hide"}


def test_pictures_are_drawn_in_the_same_colours(drawn):
    (agreement,) = (figure for figure in drawn if figure.name == "agreement")
    pixels = _colours(png(agreement))
    for place, _ in enumerate(agreement.series):
        assert pixels.get(colour(agreement, place), 0) > 1000
    (keys,) = (figure for figure in drawn if figure.name == "keys")
    pixels = _colours(png(keys))
    assert pixels["#000000"] > 100 and pixels["#fefefe"] > 100


def _colours(picture: bytes) -> dict[str, int]:
    with Image.open(BytesIO(picture)) as opened:
        values, counts = np.unique(
            np.asarray(opened.convert("RGB")).reshape(-1, 3), axis=0, return_counts=True
        )
    return {
        "#{:02x}{:02x}{:02x}".format(*value): int(number)
        for value, number in zip(values.tolist(), counts, strict=True)
    }


def test_letters_are_black_or_white_by_luminance():
    for fill in (*COLOURS, "#777777", "#ffffff", "#000000"):
        letters = letters_on(fill)
        assert contrast(letters, fill) >= READABLE
        if fill in COLOURS:
            assert contrast(DARK[letters], DARK[fill]) >= READABLE
