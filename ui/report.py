"""The report in an app: the same figures and sentences as python report.py writes.

Drawn by Streamlit from the same descriptions, since the apps serve no files. Where there are
filters, it describes the tracks that match them, or the whole library, as a switch says, which the
address keeps. Numbers are computed when a selection is first looked at, and kept for the last few
of them; page and archive are made when somebody asks for them.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st

from engine import shell
from engine.report import Report, report
from engine.report_drawing import Figure
from engine.report_figures import figures
from engine.report_page import LISTED_SENTENCES, LISTS, legend
from engine.report_plotly import SQUARE_PIXELS, spec, themed
from engine.report_source import Groups, Source, State, read
from engine.report_tables import Table, tables
from engine.report_words import Section, sections
from engine.selection import Selection
from engine.vector_cache import Vectors, vectors
from ui import address
from ui.bound import bound
from ui.collection import Collection
from ui.gaps import NETWORKS
from ui.page import theme
from ui.text import count, escaped

CONFIG = {"displayModeBar": False}
COLOUR_BAR = 100  # pixels beside a square
SCOPE = "report"  # key of the switch, and the parameter of the address
SCOPES = {"matching": "Tracks that match", "library": "The whole library"}
KEPT = 8  # reports: those of the last selections, so that Back and the switch cost nothing


@dataclass(frozen=True)
class Made:
    """A report, ready to be drawn."""

    report: Report
    sections: tuple[Section, ...]
    figures: dict[str, Figure]
    tables: dict[str, list[Table]]  # by section
    files: dict[str, bytes] = field(default_factory=dict)  # that somebody asked for

    def file(self, what: str, make: Callable[[Report], bytes]) -> bytes:
        """The page or the archive, made when first asked for."""
        if what not in self.files:
            self.files[what] = make(self.report)
        return self.files[what]


def draw(collection: Collection, found: Selection | None = None) -> None:
    """The report on what a query has found, all of it whatever the limits of a playlist, or on the
    library as a whole."""
    rows = None if found is None or _scope() == "library" else found.kept
    if rows is not None and not len(rows):
        st.info(
            "No track matches the filters. Remove one of them, or choose “The whole library” "
            "above.",
            icon=":material/filter_alt_off:",
        )
        return
    if rows is not None and len(rows) == len(collection.frame):
        rows = None
    with st.spinner(f"Looking at {count(len(collection.frame) if rows is None else len(rows))} …"):
        made = described(collection, rows)
    dark = theme() == "dark"
    _downloads(collection, made)
    for section in made.sections:
        _section(section, made, dark)


def _scope() -> str:
    """The switch: of SCOPES."""

    def load(params: address.Params) -> None:
        asked = next(iter(params.get(SCOPE, ())), "")
        st.session_state[SCOPE] = asked if asked in SCOPES else next(iter(SCOPES))

    address.begin((SCOPE,), load, SCOPE)
    if SCOPE not in st.session_state:  # forgotten while another tab was open
        load(address.current((SCOPE,)))
    bound(
        st.segmented_control, "Describe", list(SCOPES), format_func=SCOPES.get, key=SCOPE,
        required=True,
        help="The tracks that match are those that all filters keep, whatever the order and the "
        "limits of the playlist.",
    )  # fmt: skip
    scope = st.session_state[SCOPE]
    address.keep((SCOPE,), {} if scope == next(iter(SCOPES)) else {SCOPE: [scope]}, SCOPE)
    return scope


def described(collection: Collection, rows: np.ndarray | None) -> Made:
    """The report on some rows of the collection's frame, or on all of it; kept."""
    mark = "" if rows is None else hashlib.sha256(np.ascontiguousarray(rows)).hexdigest()
    return _made(str(collection.library.path), collection.generation, mark, collection, rows)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _made(
    path: str, generation: int, mark: str, _collection: Collection, _rows: np.ndarray | None
) -> Made:
    """Path, generation and mark are the key."""
    source = _collection.once("report_source", lambda: _source(_collection))
    found = report(source if _rows is None else source.selection(_rows))
    by_section: dict[str, list[Table]] = {}
    for table in tables(found):
        if table.name in LISTS:
            by_section.setdefault(LISTS[table.name], []).append(table)
    drawn = {figure.name: figure for figure in figures(found)}
    return Made(found, sections(found), drawn, by_section)


def _source(collection: Collection) -> Source:
    """What reports are made from, with what the collection knows already."""
    facts = collection.facts()
    state = State(
        frame=collection.frame,
        valueless=collection.standing.valueless,
        gone=collection.coverage.absent,
        meta=collection.meta,
        groups=Groups(facts.artists, facts.albums, collection.copies()),
    )

    def vectors_of(space: str) -> Vectors:
        if space in NETWORKS and (held := collection.space(space)) is not None:
            return Vectors(held.ids, held.matrix, held.scale)
        return collection.once(f"vectors {space}", lambda: vectors(collection.library, space))

    return replace(read(collection.library, state), vectors=vectors_of)


def _downloads(collection: Collection, made: Made) -> None:
    page, data = st.columns(2)
    _download(page, "page", "HTML", "serendip-report.html", "text/html", made)
    _download(data, "data", "ZIP", "serendip-report.zip", "application/zip", made)
    with st.expander(
        "Write the report on the whole library from the command line", icon=":material/terminal:"
    ):
        command = shell.program("report.py", "--library", collection.library.path)
        st.code(command, language="bash", wrap_lines=True)


def _download(place, what: str, kind: str, file: str, mime: str, made: Made) -> None:
    makers: dict[str, Callable[[Report], bytes]] = {"page": _page, "data": _archive}
    about = {
        "page": "One page that opens offline in any browser and prints well; takes some seconds.",
        "data": "The page, the text, every table as TSV and every figure as PNG.",
    }
    place.download_button(
        f"Download the {what} ({kind})",
        lambda: made.file(what, makers[what]),
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
            _numbers(table.heads, table.rows, f"report_list_{table.name}", table.title)


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
        _numbers(*figure.table(), f"report_numbers_{figure.name}", figure.title)


def _numbers(heads, rows, key: str, title: str) -> None:
    named = [head.replace("_", " ") for head in heads]
    st.dataframe(
        {name: [row[place] for row in rows] for place, name in enumerate(named)},
        hide_index=True,
        key=key,
        alt=title,
    )
