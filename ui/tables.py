"""The table of a playlist: one row per track, in the order of play.

What it shows of all tracks is kept as Arrow columns, once per generation of the library, so that a
list of 100,000 takes them in its order within some milliseconds. Up to EAGER_ROWS are in the
browser, where rows can be selected with the mouse; of longer lists only what is scrolled to is sent
(which Streamlit cannot join with selecting), and a field takes the places of the rows instead. What
plays has a coloured sign in a column that stays in view, in lists of any length; of a short list,
its whole row has a ground of its own. A click on a heading sorts what one sees, in the browser
alone: no script learns of it, and Streamlit cannot switch it off. So the table says that playing
and saving keep the order of the list.
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st
from pandas.io.formats.style import Styler

from engine.descriptors import DESCRIPTORS, PROFILES
from engine.query import Query
from ui import gaps
from ui.collection import KEPT, Collection
from ui.text import escaped

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
HEIGHT = 388  # ten rows and the heading, whether or not there are that many matches
MARK = "▶"
SIGN = "#0f9b8e"  # behind it
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
) -> list[int]:
    """Show the list; columns without any value are left out. Returns the places selected, from 0.

    `playing`: the place of the track that plays. Another list has another selection.
    """
    rows = np.asarray(rows)
    table = rows_of(collection, rows, query, playing)
    lazy = len(table) > EAGER_ROWS
    _doubts(collection, table)
    state = st.dataframe(
        _highlighted(table, playing) if len(table) <= STYLED_ROWS else table,
        hide_index=True,
        height=HEIGHT,
        column_config=_columns(collection, table, query),
        key=f"{key}_rows_{_mark(rows)}",
        placeholder="",
        lazy=lazy,
        on_select="ignore" if lazy else "rerun",
        selection_mode="multi-row",
        alt="The tracks of the playlist with their descriptors",
    )
    st.caption(ORDER_KEPT)
    if lazy:
        st.text_input(
            "Select by number",
            key=f"{key}_places_{_mark(rows)}",
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
        return places(st.session_state.get(f"{key}_places_{_mark(rows)}", ""), len(rows))
    state = st.session_state.get(f"{key}_rows_{_mark(rows)}")
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


def _mark(rows: np.ndarray) -> int:
    """Tells lists apart, so that a selection never comes to mean other tracks."""
    return zlib.crc32(np.ascontiguousarray(rows).tobytes())


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
    marks = np.full(len(rows), "", dtype=object)
    if playing is not None:
        marks[playing] = MARK
    columns["playing"] = pa.array(marks, pa.string())
    if query.styles and (styles := collection.styles()):
        chosen = styles.combined(query.styles, query.style_match)
        columns["chosen"] = pa.array(chosen[rows], from_pandas=True)
    order = ["playing", "place", "title", "artist", "chosen", "tempo_bpm", "key", *NUMBERS[1:]]
    order += ["style", "minutes", "album", "path"]
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
            "", width=44, options=[MARK], color=SIGN, help="What plays", pinned=True
        ),
        "place": numeric("#", width=40, help="Place in the playlist"),
        "title": text("Title", width="medium"),
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
