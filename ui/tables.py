"""The table of a playlist: one row per track, sortable by a click on a heading."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from engine.descriptors import DESCRIPTORS
from engine.query import Query
from ui.collection import Collection

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
EAGER_ROWS = 1000  # more are sent as they are scrolled to


def draw(collection: Collection, rows: Sequence[int], query: Query) -> None:
    """Show the list; columns without any value are left out."""
    table = rows_of(collection, np.asarray(rows), query)
    st.dataframe(
        table,
        hide_index=True,
        height=388,  # ten rows and the heading, whether or not there are that many matches
        column_config=_columns(table, query),
        key="table",
        placeholder="",
        lazy=len(table) > EAGER_ROWS,
        alt="The tracks of the playlist with their descriptors",
    )


def rows_of(collection: Collection, rows: np.ndarray, query: Query) -> pd.DataFrame:
    """What the table shows, in the order of the playlist."""
    frame, names = collection.frame, collection.names(rows)
    columns: dict[str, object] = {
        "place": np.arange(1, len(rows) + 1),
        "title": names["title"].array,
    }
    for tag in collection.tagged:  # files without tags have only their names
        columns[tag] = names[tag].array
    if query.styles and (styles := collection.styles()):
        chosen = styles.combined(query.styles, query.style_match)
        columns["chosen"] = chosen[rows]
    for column in NUMBERS:
        values = frame[column].to_numpy(dtype=np.float64)
        if collection.coverage.columns.get(column):
            columns[column] = values[rows]
    if "danceability" in columns:  # the signal's only stands in for it
        columns.pop("danceability_dsp", None)
    columns["key"] = _keys(frame, rows, query.key_profile)
    columns["style"] = names["style"].array
    columns["minutes"] = frame["duration_s"].to_numpy(dtype=np.float64)[rows] / 60
    columns["path"] = names["path"].array
    order = ["place", "title", "artist", "chosen", "tempo_bpm", "key", *NUMBERS[1:]]
    order += ["style", "minutes", "album", "path"]
    return pd.DataFrame({name: columns[name] for name in order if name in columns})


def _keys(frame: pd.DataFrame, rows: np.ndarray, profile: str) -> pd.Categorical:
    """`A minor`; missing where there is no key. By the codes: 24 names, however many rows."""
    keys, scales = (frame[f"{part}_{profile}"].array for part in ("key", "scale"))
    names = [f"{key} {scale}" for key in keys.categories for scale in scales.categories]
    key, scale = keys.codes[rows].astype(np.int16), scales.codes[rows]
    codes = np.where((key < 0) | (scale < 0), -1, key * len(scales.categories) + scale)
    return pd.Categorical.from_codes(codes, names)


def _columns(table: pd.DataFrame, query: Query) -> dict[str, object]:
    """Heading, format and help of each column."""
    text, numeric = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "place": numeric("#", width=40, help="Place in the playlist"),
        "title": text("Title", width="medium"),
        "artist": text("Artist", width=150),
        "album": text("Album", width=150),
        "style": text("Strongest style", width="medium"),
        "path": text("File", width="large"),
        "key": text("Key", width=80, help=f"By the {query.key_profile} profile"),
        "minutes": numeric("Minutes", format="%.1f", width=70),
        "chosen": numeric(
            "Activation", format="%.2f", width=80, help="Of the styles that you chose"
        ),
    }
    for column in NUMBERS:
        descriptor = DESCRIPTORS[column]
        label = f"{descriptor.label} ({descriptor.unit})" if descriptor.unit else descriptor.label
        columns[column] = numeric(label, format=f"%.{descriptor.decimals}f", help=descriptor.help)
    return {name: config for name, config in columns.items() if name in table}
