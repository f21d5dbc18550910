"""The table of a playlist: one row per track, in the order of play.

What it shows of all tracks is kept as Arrow columns, once per generation of the library, so that a
list of 100,000 takes them in its order within some milliseconds. Up to EAGER_ROWS are in the
browser, where rows can be selected with the mouse; of longer lists only what is scrolled to is sent
(which Streamlit cannot join with selecting), and a field takes the places of the rows instead.

Every row has a button that plays it, in a column that stays in view; a double click on the row and
Enter do the same (ui/queue.js). What plays has another sign there: of a short list its whole row
has a ground of its own, of a longer one the sign is repeated in colour. A few columns are shown, so
that none is cut off in a window of 1,280 pixels, and the one that orders the list; its person may
choose others. A click on a heading sorts what one sees, in the browser alone: no script learns of
it, and Streamlit cannot switch it off. So the table says that playing and saving keep the order of
the list.
"""

import re
import zlib
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st
from pandas.io.formats.style import Styler

from engine.descriptors import DESCRIPTORS, PROFILES
from engine.query import Query
from ui import gaps
from ui.bound import bound, heard
from ui.collection import KEPT, Collection
from ui.text import escaped, of_what

NUMBERS = (
    "tempo_bpm",
    "loudness_lufs",
    "danceability",
    "danceability_dsp",
    "voice",
    "valence",
    "arousal",
    "ic_mean",
    "tempo_confidence",
    "loudness_range_lu",
)
HEADINGS = {"style": "Strongest style", "chosen": "Activation"}  # of what is no number of its own
BARS = ("danceability", "voice", "chosen")  # of 0 to 1
EAGER_ROWS = 1000  # more are sent as they are scrolled to
STYLED_ROWS = 200  # in 30 ms; a thousand would take 160
# Behind the row that plays: see-through, so that it does on a light and on a dark page.
PLAYING = "background-color: #0f9b8e40; font-weight: bold"
PLAY, PLAYS = "▶", "♫"  # of a row; not the names of icons, which screen readers would spell
SIGN = "#0f9b8e"  # behind the second one, of a list too long for PLAYING
ALWAYS = ("play", "playing", "place", "title")  # columns that nobody takes away
USUAL = ("artist", "chosen", "tempo_bpm", "key", "minutes")
ORDER_KEPT = (
    "Play and save follow the order of the list, as “#” counts; a click on another heading sorts "
    "only what you see."
)
_PLACES = re.compile(r"\s*(\d{1,9})(?:\s*[-–]\s*(\d{1,9}))?\s*")


class PlacesError(ValueError):
    """Places that cannot be read: the message says why."""


def draw(
    collection: Collection,
    rows: Sequence[int],
    query: Query,
    playing: int | None = None,
    key: str = "table",
    play: Callable[[int], None] | None = None,
    of: str = "",
) -> list[int]:
    """Show the list; columns without any value are left out. Returns the places selected, from 0.

    `playing`: the place of the track that plays. `play` gets the place of a row whose button is
    pressed. `of` tells the table from another one of the page. Another list has another selection.
    """
    rows = np.asarray(rows)
    table = rows_of(collection, rows, query, playing)
    lazy = len(table) > EAGER_ROWS
    columns = _columns(collection, table, query)
    columns["play"] = _play_button(f"{key}_play_{mark(rows)}", play)
    shown = _shown(table, query, key)
    with st.container(key=f"{key}_list"):  # for ui/page.css and ui/queue.js
        state = st.dataframe(
            _highlighted(table, playing) if len(table) <= STYLED_ROWS else table,
            hide_index=True,
            height="content",  # up to the window: ui/page.css
            column_config=columns,
            column_order=shown,
            key=f"{key}_rows_{mark(rows)}",
            placeholder="",
            lazy=lazy,
            on_select="ignore" if lazy else "rerun",
            selection_mode="multi-row",
            alt=f"The tracks of the playlist with their descriptors{f', {of}' if of else ''}",
        )
    said, choice = st.columns([5, 1], vertical_alignment="top")
    said.caption(ORDER_KEPT)
    with choice:
        _choice(table, columns, shown, key, of)
    _doubts(collection, table.select(shown))
    if lazy:
        st.text_input(
            f"Select by number{f', {of}' if of else ''}",
            key=f"{key}_places_{mark(rows)}",
            placeholder="For example 12, 40-60",
            help=f"Of lists of more than {EAGER_ROWS:,} tracks, rows are named by their number.",
        )
        try:
            return selected(rows, key)
        except PlacesError as error:
            st.error(escaped(str(error)), icon=":material/error:")
            return []
    return [place for place in state["selection"]["rows"] if place < len(rows)]


def selected(rows: Sequence[int], key: str = "table") -> list[int]:
    """The places selected in the table of this list, before it is drawn again. PlacesError."""
    rows = np.asarray(rows)
    if len(rows) > EAGER_ROWS:
        return places(st.session_state.get(f"{key}_places_{mark(rows)}", ""), len(rows))
    state = st.session_state.get(f"{key}_rows_{mark(rows)}")
    return [place for place in state["selection"]["rows"] if place < len(rows)] if state else []


def _highlighted(table: pa.Table, playing: int | None) -> Styler:
    """The table with the row that plays on a ground of its own."""
    shown = table.to_pandas()
    css = pd.DataFrame("", shown.index, shown.columns)
    if playing is not None:
        css.iloc[playing] = PLAYING
    return shown.style.format(na_rep="").apply(lambda _: css, axis=None)


def places(text: str, many: int) -> list[int]:
    """`12, 40-60` → places from 0, rising. PlacesError for what is no number from 1 to `many`."""
    found: set[int] = set()
    for part in filter(str.strip, text.split(",")):
        match = _PLACES.fullmatch(part)
        if match is None:
            raise PlacesError(f"“{part.strip()}” is no row: type numbers such as 12, 40-60.")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= many:
            raise PlacesError(f"“{part.strip()}” is not within the rows 1 to {many:,}.")
        found.update(range(first - 1, last))
    return sorted(found)


def mark(rows: np.ndarray) -> int:
    """Tells lists apart, so that a selection or a click never comes to mean other tracks."""
    return zlib.crc32(np.ascontiguousarray(rows).tobytes())


def _play_button(key: str, play: Callable[[int], None] | None) -> object:
    """The column that plays a row."""

    def pressed() -> None:
        click = st.session_state[key]
        if click is not None and play is not None:
            play(int(click["row"]))

    return st.column_config.ButtonColumn(
        "Play",
        width=52,
        help="From this track on. A double click on the row does the same, and Enter.",
        pinned=True,
        type="tertiary",
        on_click=pressed,
        key=key,
    )


def _usual(table: pa.Table, query: Query) -> list[str]:
    """The columns that are shown unless others are chosen: of what orders the list, too."""
    usual = [*USUAL, *([query.order] if query.order in NUMBERS else [])]
    return [name for name in table.column_names if name in usual]


def _shown(table: pa.Table, query: Query, key: str) -> list[str]:
    """The columns in their order."""
    chosen = st.session_state.get(f"{key}_chosen")
    chosen = _usual(table, query) if chosen is None else chosen
    return [name for name in table.column_names if name in (*ALWAYS, *chosen)]


def _choice(table: pa.Table, columns: dict, shown: list[str], key: str, of: str) -> None:
    """Which columns are shown; what is chosen holds for every list of this session."""
    widget = f"{key}_columns"
    offered = [name for name in table.column_names if name not in ALWAYS]
    label = f"Columns{of_what(of)}"
    with st.popover(label, key=f"{key}_columns_box", width="stretch"):
        st.session_state[widget] = [name for name in shown if name in offered]
        bound(
            st.pills,
            "Columns of the table",
            offered,
            format_func=lambda name: columns[name]["label"],
            selection_mode="multi",
            key=widget,
            on_change=_choose,
            args=(key,),
        )
        st.button("The usual ones", key=f"{key}_usual", on_click=_choose, args=(key, True))


def _choose(key: str, usual: bool = False) -> None:
    chosen = None if usual else list(heard(f"{key}_columns"))
    st.session_state[f"{key}_chosen"] = chosen


def rows_of(
    collection: Collection, rows: np.ndarray, query: Query, playing: int | None = None
) -> pa.Table:
    """What the table shows, in the order of the playlist."""
    if len(rows) <= EAGER_ROWS and "shown" not in collection.held:
        known = _arrow(collection, collection.frame.iloc[rows], collection.names(rows))
    else:
        known = all_rows(collection).take(pa.array(rows))
    columns = {name: known[name] for name in known.column_names if not name.startswith("key_")}
    columns["key"] = known[f"key_{query.key_profile}"]
    columns["place"] = pa.array(np.arange(1, len(rows) + 1))
    marks = np.full(len(rows), PLAY, dtype=object)
    if playing is not None:
        marks[playing] = PLAYS
        if len(rows) > STYLED_ROWS:
            columns["playing"] = pa.array(np.where(marks == PLAYS, PLAYS, ""), pa.string())
    columns["play"] = pa.array(marks, pa.string())
    if query.styles and (styles := collection.styles()):
        chosen = styles.combined(query.styles, query.style_match)
        columns["chosen"] = pa.array(chosen[rows], from_pandas=True)
    order = ["play", "playing", "place", "title", "artist", "chosen", "tempo_bpm", "key", "minutes"]
    order += [*NUMBERS[1:], "style", "album", "path"]
    return pa.table({name: columns[name] for name in order if name in columns})


def all_rows(collection: Collection) -> pa.Table:
    """What the table can show of every track, in the order of the frame; kept, so worth a call
    beforehand where the library is large."""
    return _all_rows(str(collection.library.path), collection.generation, collection)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _all_rows(path: str, generation: int, _collection: Collection) -> pa.Table:
    """Path and generation are the key."""
    return _arrow(_collection, _collection.frame, _collection.shown())


def _arrow(collection: Collection, frame: pd.DataFrame, names: pd.DataFrame) -> pa.Table:
    """Rows of the collection's frame, and their names, as Arrow columns."""
    columns = {}
    for name in ("title", "style", "path", *collection.tagged):
        columns[name] = pa.array(names[name], pa.string(), from_pandas=True)
    for name in NUMBERS:
        if collection.coverage.columns.get(name):
            columns[name] = _numbers(frame[name])
    if "danceability" in columns:  # the signal's only stands in for it
        columns.pop("danceability_dsp", None)
    columns["minutes"] = _numbers(frame["duration_s"] / 60)
    for profile in PROFILES:
        keys, scales = (frame[f"{part}_{profile}"].astype(object) for part in ("key", "scale"))
        # Missing where either is.
        columns[f"key_{profile}"] = pa.array(keys + " " + scales, pa.string(), from_pandas=True)
    return pa.table(columns)


def _numbers(values: pd.Series) -> pa.Array:
    """NaN becomes missing, which sorts last and shows as nothing."""
    return pa.array(values.to_numpy(dtype=np.float64), from_pandas=True)


def _doubts(collection: Collection, table: pa.Table) -> None:
    """Say which columns come from models that are not the published ones."""
    doubtful: dict[str, list[str]] = {}
    for name, column in _described(collection, table).items():
        for note in gaps.substitutes(collection, gaps.stage_of(column)):
            doubtful.setdefault(note, []).append(HEADINGS.get(name) or DESCRIPTORS[name].label)
    for note, labels in doubtful.items():
        st.caption(f":material/warning: {escaped(', '.join(labels))}: {escaped(note)}")


def _described(collection: Collection, table: pa.Table) -> dict[str, str]:
    """Column of the table → the descriptor that says which stage it comes from."""
    described = {name: name for name in (*NUMBERS, "style")}
    described["chosen"] = "style" if collection.vocabulary[0] == "styles" else "valence"
    return {name: column for name, column in described.items() if name in table.column_names}


def _columns(collection: Collection, table: pa.Table, query: Query) -> dict[str, object]:
    """Heading, format and help of each column; what gave its values, where that is in doubt."""
    described = _described(collection, table)
    marks = {name: gaps.stand_in(collection, column) for name, column in described.items()}
    marks = {name: f" ({mark})" if mark else "" for name, mark in marks.items()}
    text, numeric = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "playing": st.column_config.MultiselectColumn(
            "", width=44, options=[PLAYS], color=SIGN, help="What plays", pinned=True
        ),
        "place": numeric("#", width=46, help="Place in the playlist", pinned=True),
        "title": text("Title", width=220),
        "artist": text("Artist", width=150),
        "album": text("Album", width=150),
        "style": text(HEADINGS["style"] + marks["style"], width="medium"),
        "path": text("File", width="large"),
        "key": text("Key", width=80, help=f"By the {query.key_profile} profile"),
        "minutes": numeric("Minutes", format="%.1f", width=70),
    }
    if "chosen" in marks:
        about = "Of the styles that you chose"
        columns["chosen"] = _bar(HEADINGS["chosen"], marks["chosen"], about)
    for column in (name for name in NUMBERS if name in marks):
        descriptor = DESCRIPTORS[column]
        label = f"{descriptor.label} ({descriptor.unit})" if descriptor.unit else descriptor.label
        if column in BARS:
            columns[column] = _bar(label, marks[column], descriptor.help)
        else:
            places = f"%.{descriptor.decimals}f"
            columns[column] = numeric(label + marks[column], format=places, help=descriptor.help)
    return {name: config for name, config in columns.items() if name in table.column_names}


def _bar(label: str, mark: str, about: str) -> object:
    """A value of 0 to 1 as a bar with its number."""
    return st.column_config.ProgressColumn(
        label + mark,
        format="%.2f",
        min_value=0.0,
        max_value=1.0,
        width=210 if mark else 120,
        help=about,
    )
