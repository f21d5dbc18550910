"""Small libraries in memory and queries of every kind, for the tests of filters, orders, limits."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from engine.activations import Activations
from engine.camelot import CODES
from engine.descriptors import KEYS, PROFILES, SCALES
from engine.duplicates import groups
from engine.query import COLUMN_ORDERS, MATCHES, RANGE_COLUMNS, SPECIAL_ORDERS, VOICES, Query, Range
from engine.selection import Facts, select
from engine.space import Space

LABELS = (
    "Rock---Punk",
    "Electronic---House",
    "Electronic---Techno",
    "Folk, World, & Country---Folk",
)
STYLES = (*LABELS, "Electronic", "Polka---Unknown")
MAP = "a fingerprint"


def table(**columns: list) -> pd.DataFrame:
    """A frame of these columns with ids from 1 on."""
    frame = pd.DataFrame(columns)
    frame.index = pd.Index(np.arange(1, len(frame) + 1), name="id")
    return frame


def activations(rows: list[list[float]]) -> Activations:
    """One list of four activations a track."""
    matrix = np.array(rows, dtype=np.float32).reshape(-1, len(LABELS))
    ids = np.arange(1, len(matrix) + 1)
    return Activations.aligned("styles", LABELS, ids, matrix, ids)


def kept(query: Query, frame: pd.DataFrame, styles: Activations | None = None) -> list[int]:
    """Rows that come out, rising."""
    return sorted(select(query, Facts(frame, styles)).rows.tolist())


finite = st.floats(-100, 300, allow_nan=False)


def _range(ends: st.SearchStrategy[float]) -> st.SearchStrategy[Range]:
    def made(one: float | None, other: float | None) -> Range:
        if one is None or other is None:
            return Range(one, other)
        return Range(*sorted((one, other)))

    return st.builds(made, st.none() | ends, st.none() | ends)


ranges = _range(finite)
polygons = st.just(()) | st.lists(st.tuples(finite, finite), min_size=3, max_size=8).map(tuple)
some_styles = st.lists(st.sampled_from(STYLES), unique=True, max_size=3).map(tuple)
words = st.text(max_size=12) | st.sampled_from(("a", "É 1", "b A"))
some = st.none() | st.integers(1, 5)
# Values of each field of a Query; a test that is about few of them takes those.
FIELDS = {
    **dict.fromkeys(RANGE_COLUMNS, ranges),
    "text": words,
    "styles": some_styles,
    "style_match": st.sampled_from(MATCHES),
    "style_activation": ranges,
    "tempo_octaves": st.booleans(),
    "voice": st.sampled_from(VOICES),
    "mood_region": polygons,
    "map_region": polygons,
    "map_of": st.none() | st.just(MAP) | words,
    "key_profile": st.sampled_from(tuple(PROFILES)),
    "keys": st.lists(st.sampled_from(KEYS), unique=True).map(tuple),
    "scale": st.sampled_from(("any", *SCALES)),
    "camelot": st.none() | st.sampled_from(CODES),
    "keys_agree": st.booleans(),
    "ic_percentile": _range(st.floats(0, 100)),
    "exclude_artists": st.lists(words, max_size=2).map(tuple),
    "exclude_styles": some_styles,
    "exclude_folders": st.lists(
        st.text(st.characters(), max_size=5).map("/m/".__add__), max_size=2
    ).map(tuple),
    "order": st.sampled_from(SPECIAL_ORDERS + COLUMN_ORDERS),
    "descending": st.booleans(),
    "seed": st.integers(0, 2**32 - 1),
    "collapse": st.booleans(),
    "per_artist": some,
    "per_album": some,
    "minutes": st.none() | st.floats(0.1, 60),
    "limit": st.none() | st.integers(1, 12),
}


@st.composite
def queries(draw, most: int = 5) -> Query:
    """A query that sets at most so many fields; of all at once, nothing would be left."""
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=most))
    return Query(**{name: draw(FIELDS[name]) for name in names})


whole_queries = st.builds(Query, **FIELDS)


@st.composite
def libraries(draw, most: int = 14) -> Facts:
    """Facts of a few tracks, with everything that any may lack missing at times."""
    tracks = draw(st.integers(0, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    columns = {}
    for column in (*RANGE_COLUMNS.values(), "voice"):
        values = rng.integers(-5, 15, tracks).astype(float)
        columns[column] = np.where(rng.random(tracks) < 0.2, np.nan, values)
    for profile in PROFILES:
        columns[f"key_{profile}"] = rng.choice([*KEYS[:3], None], tracks)
        columns[f"scale_{profile}"] = rng.choice([*SCALES, None], tracks)
    for column in ("title", "artist", "album", "content_hash", "ic_model"):
        columns[column] = rng.choice(np.array(["a", "B", "b", None, "é"], dtype=object), tracks)
    columns["path"] = np.array([f"/m/{rng.integers(3)}/{track}.mp3" for track in range(tracks)])
    frame = table(**columns)
    vectors = rng.standard_normal((tracks, 3)).astype(np.float32)
    held = np.flatnonzero(rng.random(tracks) < 0.8)
    space = Space.of("effnet", frame.index.to_numpy()[held], vectors[held])
    return Facts(
        frame,
        activations(rng.random((tracks, len(LABELS)))),
        lambda: space,
        groups(frame, space),
        None,
        (rng.standard_normal((tracks, 2)) * 50).astype(np.float32),
        MAP,
    )
