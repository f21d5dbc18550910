"""The report on the library in an app: the same figures and sentences as python report.py writes.

Drawn by Streamlit from the same descriptions, since the apps serve no files. Numbers are computed
when the report is first opened, and kept as long as the collection is; page and archive are made
when somebody asks for them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from engine.report import Report, report
from engine.report_drawing import Figure
from engine.report_figures import figures
from engine.report_page import LISTED_SENTENCES, LISTS, legend
from engine.report_plotly import SQUARE_PIXELS, spec, themed
from engine.report_source import State, read
from engine.report_tables import Table, tables
from engine.report_words import Section, sections
from ui.collection import Collection
from ui.gaps import shell_word
from ui.page import theme
from ui.text import escaped

CONFIG = {"displayModeBar": False}
COLOUR_BAR = 100  # pixels beside a square


@dataclass(frozen=True)
class Made:
    """A report, ready to be drawn."""

    report: Report
    sections: tuple[Section, ...]
    figures: dict[str, Figure]
    tables: dict[str, list[Table]]  # by section


def draw(collection: Collection) -> None:
    """The whole report; a wait of some seconds when a library of 100,000 is first opened."""
    with st.spinner("Looking at the whole library …"):
        made = collection.once("report", lambda: _made(collection))
    dark = theme() == "dark"
    _downloads(collection, made.report)
    for section in made.sections:
        _section(section, made, dark)


def _made(collection: Collection) -> Made:
    state = State(
        frame=collection.frame,
        valueless=collection.standing.valueless,
        gone=collection.coverage.absent,
        meta=collection.meta,
    )
    found = report(read(collection.library, state))
    by_section: dict[str, list[Table]] = {}
    for table in tables(found):
        if table.name in LISTS:
            by_section.setdefault(LISTS[table.name], []).append(table)
    drawn = {figure.name: figure for figure in figures(found)}
    return Made(found, sections(found), drawn, by_section)


def _downloads(collection: Collection, found: Report) -> None:
    page, data = st.columns(2)
    _download(page, collection, "page", "HTML", "serendip-report.html", "text/html", found)
    _download(data, collection, "data", "ZIP", "serendip-report.zip", "application/zip", found)
    with st.expander("Write it from the command line", icon=":material/terminal:"):
        library = shell_word(str(collection.library.path))
        st.code(f"python report.py --library {library}", language="bash", wrap_lines=True)


def _download(place, collection: Collection, what: str, kind: str, file: str, mime: str,
              found: Report) -> None:  # fmt: skip
    makers: dict[str, Callable[[Report], bytes]] = {"page": _page, "data": _archive}
    about = {
        "page": "One page that opens offline in any browser and prints well; takes some seconds.",
        "data": "The page, the text, every table as TSV and every figure as PNG.",
    }
    place.download_button(
        f"Download the {what} ({kind})",
        lambda: collection.once(f"report_{what}", lambda: makers[what](found)),
        file,
        mime,
        key=f"report_{what}",
        help=about[what],
        on_click="ignore",
        icon=":material/download:",
        width="stretch",
    )


def _page(found: Report) -> bytes:
    from engine.report_files import single_page  # it draws pictures: matplotlib takes a second

    return single_page(found)


def _archive(found: Report) -> bytes:
    from engine.report_files import archive

    return archive(found)


def _section(section: Section, made: Made, dark: bool) -> None:
    st.subheader(section.title, anchor=False, divider="gray")
    for sentence in section.sentences:
        if sentence.warning:
            st.warning(sentence.written(escaped), icon=":material/warning:")
    for paragraph in section.paragraphs:
        said = [sentence.written(escaped) for sentence in paragraph if not sentence.warning]
        between = "\n- " if section.name in LISTED_SENTENCES and len(said) > 1 else " "
        if said:
            st.markdown(f"{between.lstrip()}{between.join(said)}" if len(said) > 1 else said[0])
    for name, figure in made.figures.items():
        if section.shows(name):
            _figure(figure, dark)
    for table in made.tables.get(section.name, []):
        with st.expander(f"{table.title} ({len(table.rows):,})"):
            _numbers(table.heads, table.rows, f"report_list_{table.name}")


def _figure(figure: Figure, dark: bool) -> None:
    mark = f" · :orange[{escaped(figure.warning.partition(':')[0])}]" if figure.warning else ""
    st.markdown(f"**{escaped(figure.title)}**{mark}")
    if colours := legend(figure, dark):
        st.html(colours)
    drawn = spec(figure)
    st.plotly_chart(
        themed(drawn) if dark else drawn,
        width=SQUARE_PIXELS + COLOUR_BAR if figure.square else "stretch",
        theme=None,
        config=CONFIG,
        key=f"report_{figure.name}",
        alt=figure.alt,
    )
    st.caption(escaped(figure.caption))
    with st.expander("The numbers"):
        _numbers(*figure.table(), f"report_numbers_{figure.name}")


def _numbers(heads, rows, key: str) -> None:
    named = [head.replace("_", " ") for head in heads]
    st.dataframe(
        {name: [row[place] for row in rows] for place, name in enumerate(named)},
        hide_index=True,
        key=key,
    )
