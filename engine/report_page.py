"""A report as one page that needs nothing else: no server, no network.

plotly.js is in it once. Where scripts do not run, and on paper, the pictures drawn by matplotlib
take the place of the interactive figures; behind each figure lies a table of its numbers.
"""

import json
from base64 import b64encode
from html import escape

from engine.report import Report
from engine.report_drawing import DARK, Figure, colour
from engine.report_page_style import SCRIPT, STYLE
from engine.report_plotly import for_dark, spec
from engine.report_tables import Cell, Table, tables
from engine.report_text import Sentence, count, decimal, length
from engine.report_words import Section, sections

# In the elements themselves, since the app shows a legend without the page's style sheet.
LEGEND = "display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .88rem; margin: .2rem 0"
SWATCH = "display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem"
LISTED = 20  # rows of a table that the page shows
# Sections whose sentences stand for themselves, each about one track or file.
LISTED_SENTENCES = ("listen", "failures")
# Lists of tracks → the section that they belong to.
LISTS = {
    "diversity": "styles",
    "tempo_suspects": "tempo",
    "loudness_outliers": "loudness",
    "outliers": "listen",
    "copies": "listen",
    "failures": "failures",
    "models": "sources",
}


def page(report: Report, drawn: tuple[Figure, ...], pictures: dict[str, bytes]) -> str:
    """HTML; `pictures` are PNG by name of the figure."""
    by_name = {figure.name: figure for figure in drawn}
    found = sections(report)
    body = "\n".join(_section(section, report, by_name, pictures) for section in found)
    links = "".join(f'<a href="#{s.name}">{escape(s.title)}</a>' for s in found)
    contents = report.contents
    about = count(contents.tracks)
    if contents.selected_of is not None:
        about = f"{contents.tracks:,} of {count(contents.selected_of)} match the filters"
    if contents.tracks:
        about += f"; {length(contents.seconds)}"
    return document(
        "Serendip: report on a music library",
        f"""<header><h1>Report on a music library</h1><p class="about">{escape(about)}</p></header>
<nav aria-label="Sections">{links}</nav>
<main>
{body}
</main>""",
        {figure.name: spec(figure) for figure in drawn},
    )


def document(title: str, body: str, specs: dict[str, dict], more: str = "") -> str:
    """A page around a body; `specs` are drawn into plot-NAME, after the script `more`."""
    from plotly.offline import get_plotlyjs

    drawn = json.dumps(specs).replace("</", "<\\/")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{body}
<script>{get_plotlyjs()}</script>
<script>const SPECS = {drawn}; const DARK = {json.dumps(DARK)};
{more}{SCRIPT}</script>
</body>
</html>
"""


def _section(
    section: Section, report: Report, by_name: dict[str, Figure], pictures: dict[str, bytes]
) -> str:
    parts = [_warning(s) for s in section.sentences if s.warning]
    for paragraph in section.paragraphs:
        said = [s.written(escape) for s in paragraph if not s.warning]
        if section.name in LISTED_SENTENCES and len(said) > 1:
            parts.append("<ul><li>" + "</li><li>".join(said) + "</li></ul>")
        elif said:
            parts.append(f"<p>{' '.join(said)}</p>")
    parts += [_figure(by_name[name], pictures[name]) for name in by_name if section.shows(name)]
    parts += [_list(t) for t in tables(report) if LISTS.get(t.name) == section.name]
    heading = f'<h2 id="{section.name}">{escape(section.title)}</h2>'
    return f'<section aria-labelledby="{section.name}">{heading}{"".join(parts)}</section>'


def _warning(sentence: Sentence) -> str:
    return f'<p class="warning"><strong>Note:</strong> {sentence.written(escape)}</p>'


def _figure(figure: Figure, picture: bytes) -> str:
    source = f"data:image/png;base64,{b64encode(picture).decode()}"
    heads, rows = figure.table()
    shape = "plot square" if figure.square else "plot"
    mark = f' <span class="tag">{escape(figure.warning.partition(":")[0])}</span>'
    return (
        f'<figure id="figure-{figure.name}">'
        f"<h3>{escape(figure.title)}{mark if figure.warning else ''}</h3>"
        f"{legend(figure)}"
        f'<div class="{shape}" id="plot-{figure.name}" role="img" '
        f'aria-label="{escape(figure.alt)}"></div><img src="{source}" alt="{escape(figure.alt)}">'
        f"<figcaption>{escape(figure.caption)}</figcaption>"
        f"<details><summary>The numbers</summary>{_table(heads, rows)}</details></figure>"
    )


def legend(figure: Figure, dark: bool = False) -> str:
    """HTML: what the colours of stacked bars mean; empty where there is one colour."""
    if figure.kind != "bars" or len(figure.series) == 1:
        return ""
    entries = []
    for place, series in enumerate(figure.series):
        light = colour(figure, place)
        shown = for_dark(light) if dark else light
        swatch = f'<i data-colour="{light}" style="{SWATCH}; background: {shown}"></i>'
        entries.append(f"<span>{swatch}{escape(series.name)}</span>")
    return f'<p class="legend" style="{LEGEND}">{"".join(entries)}</p>'


def _list(table: Table) -> str:
    rows = table.rows[:LISTED]
    more = len(table.rows) - len(rows)
    rest = f"<p>{more:,} more are in tables/{table.name}.tsv.</p>" if more else ""
    summary = f"{escape(table.title)} ({len(table.rows):,})"
    return f"<details><summary>{summary}</summary>{_table(table.heads, rows)}{rest}</details>"


def _table(heads: tuple | list, rows) -> str:
    head = "".join(f'<th scope="col">{escape(str(h).replace("_", " "))}</th>' for h in heads)
    body = "".join(
        "<tr>" + "".join(f"<td{_kind(c)}>{_cell(c)}</td>" for c in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="table" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _kind(cell: Cell) -> str:
    return "" if isinstance(cell, str) else ' class="number"'


def _cell(cell: Cell) -> str:
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, str):
        return escape(cell)
    return f"{cell:,}" if isinstance(cell, int) else decimal(cell, 0 if cell == int(cell) else 2)
