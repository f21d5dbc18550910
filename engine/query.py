"""Which tracks of a library a person wants, and in which order.

Goal: a frozen Query → the rows that match all of its filters, how many each filter leaves, and an
order. Source of the values: Library.frame() and the activation matrix of the styles (or tags).
Conventions: both ends of a range belong to it; an end that is None is no limit; a filter that
limits nothing is not active, and only active filters exclude tracks whose value is missing.
Pure: no file is read, no model is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import isfinite

import numpy as np
import pandas as pd

from engine.descriptors import KEYS, PROFILES, SCALES, VOICE_THRESHOLD

# Values come from float32 networks and bounds from decimal sliders: 0.3 as float32 is 0.30000001.
# A bound therefore reaches this far beyond itself, relative to its size: ten float32 roundings.
TOLERANCE = 1e-6
# Query field → descriptor column.
RANGE_COLUMNS = {
    "tempo": "tempo_bpm",
    "danceability": "danceability",
    "danceability_dsp": "danceability_dsp",
    "valence": "valence",
    "arousal": "arousal",
    "loudness": "loudness_lufs",
    "ic": "ic_mean",
}
MATCHES = ("any", "all")
VOICES = ("any", "voice", "instrumental")
# Orders besides the descriptor columns below.
SPECIAL_ORDERS = ("style", "shuffle", "artist", "title", "path")
COLUMN_ORDERS = (
    "tempo_bpm",
    "danceability",
    "danceability_dsp",
    "voice",
    "valence",
    "arousal",
    "loudness_lufs",
    "duration_s",
    "ic_mean",
)
DEFAULT_LIMIT = 100  # tracks, about six hours of music


class QueryError(ValueError):
    """A query that cannot be meant: the message says which part and what is allowed."""


@dataclass(frozen=True)
class Range:
    """A closed interval; an end that is None is no limit."""

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        for bound in (self.low, self.high):
            if bound is not None and not isfinite(bound):
                raise QueryError(f"A range ends at {bound}: it needs a finite number or no limit.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise QueryError(f"The range {self.low} to {self.high} is empty: swap its ends.")

    @property
    def active(self) -> bool:
        """Whether it limits anything."""
        return self.low is not None or self.high is not None

    def holds(self, values: np.ndarray) -> np.ndarray:
        """bool, shaped as values; a missing value (NaN) is held only where nothing is limited."""
        if not self.active:
            return np.ones(values.shape, dtype=bool)
        mask = ~np.isnan(values)
        if self.low is not None:
            mask &= values >= self.low - TOLERANCE * max(1.0, abs(self.low))
        if self.high is not None:
            mask &= values <= self.high + TOLERANCE * max(1.0, abs(self.high))
        return mask


@dataclass(frozen=True)
class Query:
    """Everything that decides which tracks come, and in which order. Hashable; see query_link."""

    styles: tuple[str, ...] = ()  # labels; sorted order does not matter
    style_match: str = "any"  # one of MATCHES
    style_activation: Range = field(default_factory=lambda: Range(0.1, None))
    tempo: Range = field(default_factory=Range)  # BPM
    danceability: Range = field(default_factory=Range)  # 0-1
    danceability_dsp: Range = field(default_factory=Range)  # 0-3
    voice: str = "any"  # one of VOICES
    valence: Range = field(default_factory=Range)  # 1-9
    arousal: Range = field(default_factory=Range)  # 1-9
    key_profile: str = "edma"  # one of PROFILES
    keys: tuple[str, ...] = ()  # of KEYS
    scale: str = "any"  # any, major or minor
    loudness: Range = field(default_factory=Range)  # LUFS
    ic: Range = field(default_factory=Range)  # nats per latent frame
    order: str = "style"  # one of SPECIAL_ORDERS or COLUMN_ORDERS
    descending: bool = False  # for COLUMN_ORDERS and names
    seed: int = 1  # of the shuffle
    limit: int | None = DEFAULT_LIMIT  # tracks

    def __post_init__(self) -> None:
        _one_of("style_match", self.style_match, MATCHES)
        _one_of("voice", self.voice, VOICES)
        _one_of("key_profile", self.key_profile, tuple(PROFILES))
        _one_of("scale", self.scale, ("any", *SCALES))
        _one_of("order", self.order, SPECIAL_ORDERS + COLUMN_ORDERS)
        for key in self.keys:
            _one_of("keys", key, KEYS)
        if self.limit is not None and self.limit < 1:
            raise QueryError("limit must be at least 1 track, or none.")
        if not 0 <= self.seed < 2**32:
            raise QueryError("seed must be between 0 and 4294967295.")


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise QueryError(f"{name} is {value!r}, but must be one of: {', '.join(allowed)}.")


@dataclass(frozen=True)
class Activations:
    """What a network says of each track in the words of one vocabulary."""

    space: str  # "styles" (400 of Discogs) or "tags" (50 of MSD)
    labels: tuple[str, ...]
    matrix: np.ndarray  # float32 [tracks, labels], column-contiguous, NaN where missing

    @classmethod
    def aligned(
        cls, space: str, labels: Sequence[str], ids: np.ndarray, matrix: np.ndarray,
        track_ids: np.ndarray,
    ) -> "Activations":  # fmt: skip
        """Bring Library.vectors(space) into the row order of a frame; lay columns out in one piece,
        because a filter reads one column of 100,000 tracks and never a row."""
        if matrix.shape[1] != len(labels):
            raise QueryError(
                f"Space {space} has {matrix.shape[1]} values a track but {len(labels)} labels."
            )
        rows = pd.Index(track_ids).get_indexer(ids)
        found = rows >= 0
        full = np.empty((len(track_ids), len(labels)), dtype=np.float32, order="F")
        lacking = np.ones(len(track_ids), dtype=bool)
        lacking[rows[found]] = False
        full[lacking] = np.nan
        full[rows[found]] = matrix if found.all() else matrix[found]
        return cls(space, tuple(labels), full)

    def of(self, label: str) -> np.ndarray:
        """float32 [tracks] of one label; all NaN when the vocabulary lacks it."""
        if label not in self.labels:
            return np.full(len(self.matrix), np.nan, dtype=np.float32)
        return self.matrix[:, self.labels.index(label)]

    def combined(self, labels: Sequence[str], match: str) -> np.ndarray:
        """float32 [tracks]: the largest activation for "any", the smallest for "all"."""
        columns = [self.of(label) for label in labels]
        if match == "all":
            return np.minimum.reduce(columns)  # NaN where any is missing
        return np.fmax.reduce(columns)


@dataclass(frozen=True)
class Step:
    """One active filter in the funnel."""

    name: str  # styles, key, voice, or a field of RANGE_COLUMNS
    kept: int  # tracks after this filter and all before it
    alone: int  # tracks that this filter alone would keep
    without: int  # tracks that all other filters would keep


@dataclass(frozen=True)
class Selection:
    """The outcome of a query."""

    rows: np.ndarray  # int [≤ limit] positions in the frame, in the query's order
    matches: int  # before the limit
    total: int  # tracks in the library
    steps: tuple[Step, ...]

    @property
    def worst(self) -> Step | None:
        """The filter whose removal would bring most tracks back; None where no filter is active."""
        return max(self.steps, key=lambda step: (step.without, -step.alone), default=None)


def numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    """float64 [tracks]; all NaN where the frame lacks the column."""
    if column not in frame:
        return np.full(len(frame), np.nan)
    return frame[column].to_numpy(dtype=np.float64, na_value=np.nan)


def texts(frame: pd.DataFrame, column: str) -> np.ndarray:
    """object [tracks]; None where a value is missing."""
    if column not in frame:
        return np.full(len(frame), None, dtype=object)
    return frame[column].to_numpy(dtype=object, na_value=None)


def masks(
    query: Query, frame: pd.DataFrame, styles: Activations | None = None
) -> dict[str, np.ndarray]:
    """Name of each active filter → bool [tracks] that it keeps, in the order of the funnel."""
    found: dict[str, np.ndarray] = {}
    if query.styles and query.style_activation.active:
        found["styles"] = _style_mask(query, len(frame), styles)
    for name in ("tempo", "danceability", "danceability_dsp"):
        _add_range(found, query, name, frame)
    if query.voice != "any":
        voice = numbers(frame, "voice")
        sung = voice >= VOICE_THRESHOLD
        found["voice"] = sung if query.voice == "voice" else ~sung & ~np.isnan(voice)
    for name in ("valence", "arousal"):
        _add_range(found, query, name, frame)
    if query.keys or query.scale != "any":
        found["key"] = _key_mask(query, frame)
    for name in ("loudness", "ic"):
        _add_range(found, query, name, frame)
    return found


def _add_range(found: dict[str, np.ndarray], query: Query, name: str, frame: pd.DataFrame) -> None:
    limits: Range = getattr(query, name)
    if limits.active:
        found[name] = limits.holds(numbers(frame, RANGE_COLUMNS[name]))


def _style_mask(query: Query, tracks: int, styles: Activations | None) -> np.ndarray:
    """any: at least one style lies in the range; all: every one does."""
    if styles is None:
        return np.zeros(tracks, dtype=bool)
    held = [query.style_activation.holds(styles.of(label)) for label in query.styles]
    return np.logical_and.reduce(held) if query.style_match == "all" else np.logical_or.reduce(held)


def _key_mask(query: Query, frame: pd.DataFrame) -> np.ndarray:
    key = _category(frame, f"key_{query.key_profile}", KEYS)
    scale = _category(frame, f"scale_{query.key_profile}", SCALES)
    mask = (key >= 0) & (scale >= 0)
    if query.keys:
        mask &= np.isin(key, [KEYS.index(name) for name in query.keys])
    if query.scale != "any":
        mask &= scale == SCALES.index(query.scale)
    return mask


def _category(frame: pd.DataFrame, column: str, names: Sequence[str]) -> np.ndarray:
    """Position in names of each value; -1 where it is missing. Quick for categorical columns."""
    if column not in frame:
        return np.full(len(frame), -1)
    values = frame[column]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object).astype("category")
    codes = values.cat.codes.to_numpy()
    places = {name: place for place, name in enumerate(names)}
    lookup = np.array([places.get(name, -1) for name in values.cat.categories] + [-1])
    return lookup[codes]


def select(query: Query, frame: pd.DataFrame, styles: Activations | None = None) -> Selection:
    """Filter, count and order. O(tracks), no state."""
    held = masks(query, frame, styles)
    steps = funnel(held, len(frame))
    everything = np.ones(len(frame), dtype=bool)
    kept = np.logical_and.reduce(list(held.values())) if held else everything
    rows = order(query, frame, np.flatnonzero(kept), styles)
    return Selection(rows[: query.limit], len(rows), len(frame), steps)


def funnel(held: Mapping[str, np.ndarray], tracks: int) -> tuple[Step, ...]:
    """Counts after each filter, and what each costs on its own."""
    names = list(held)
    # Tracks refused by exactly one filter come back when that one is removed.
    refusals = sum((~mask).astype(np.int16) for mask in held.values()) if names else None
    steps, so_far = [], np.ones(tracks, dtype=bool)
    for name in names:
        so_far = so_far & held[name]
        without = int(np.count_nonzero(refusals - ~held[name] == 0))
        alone = int(np.count_nonzero(held[name]))
        steps.append(Step(name, int(np.count_nonzero(so_far)), alone, without))
    return tuple(steps)


def order(
    query: Query, frame: pd.DataFrame, rows: np.ndarray, styles: Activations | None = None
) -> np.ndarray:
    """A permutation of rows. Missing values come last; ties keep the order of the library."""
    if query.order == "shuffle":
        return rows[np.argsort(shuffle_keys(frame.index.to_numpy()[rows], query.seed))]
    if query.order == "style":
        if not query.styles or styles is None:
            return rows
        activation = styles.combined(query.styles, query.style_match)[rows]
        return rows[np.argsort(-activation, kind="stable")]  # NaN sorts last
    if query.order in COLUMN_ORDERS:
        values = numbers(frame, query.order)[rows]
        return rows[np.argsort(-values if query.descending else values, kind="stable")]
    return _by_name(texts(frame, query.order)[rows], rows, query.descending)


def _by_name(names: np.ndarray, rows: np.ndarray, descending: bool) -> np.ndarray:
    """By text without regard to case; tracks without the text come last either way."""
    named = np.array([name is not None and name != "" for name in names], dtype=bool)
    folded = [str(name).casefold() for name in names[named]]
    places = sorted(range(len(folded)), key=folded.__getitem__, reverse=descending)
    return np.concatenate([rows[named][np.array(places, dtype=np.int64)], rows[~named]])


def shuffle_keys(ids: np.ndarray, seed: int) -> np.ndarray:
    """uint64 [tracks]: a hash of (seed, track id), by splitmix64 (Steele, Lea and Flood 2014).

    Not a random permutation of positions: so two tracks keep their order when a filter changes or
    the library grows, and a link shows the same shuffle to everybody.
    """
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.uint64) + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


FIELDS = tuple(f.name for f in fields(Query))
