"""What a person asks of a library: which tracks, in which order, how many.

Goal: one frozen value that holds every choice, so that a link, a saved query and the widgets of an
app all mean the same; engine.selection answers it. Conventions: both ends of a range belong to it;
an end that is None is no limit; an empty tuple, an empty text and None ask for nothing. Everything
is validated here, so that whoever reads a Query need not. Pure: no file is read, no model needed.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import isfinite

import numpy as np

from engine import camelot
from engine.descriptors import KEYS, PROFILES, SCALES

# Values come from float32 networks and bounds from decimal sliders: 0.3 as float32 is 0.30000001.
# A bound therefore reaches this far beyond itself, relative to its size: ten float32 roundings.
TOLERANCE = 1e-6
# Query field → descriptor column.
RANGE_COLUMNS = {
    "tempo": "tempo_bpm",
    "tempo_confidence": "tempo_confidence",
    "danceability": "danceability",
    "danceability_dsp": "danceability_dsp",
    "valence": "valence",
    "arousal": "arousal",
    "loudness": "loudness_lufs",
    "ic": "ic_mean",
    "duration": "duration_s",
    "year": "year",
}
MATCHES = ("any", "all")
VOICES = ("any", "voice", "instrumental")
# Orders that arrange the tracks after they are chosen, instead of deciding which are chosen.
ARRANGED_ORDERS = ("smooth", "ic_arc")
NAME_ORDERS = ("artist", "album", "title", "path")
# Orders besides the descriptor columns below.
SPECIAL_ORDERS = ("style", "shuffle", "middle", *ARRANGED_ORDERS, *NAME_ORDERS)
COLUMN_ORDERS = (
    "tempo_bpm",
    "danceability",
    "danceability_dsp",
    "voice",
    "valence",
    "arousal",
    "loudness_lufs",
    "duration_s",
    "year",
    "ic_mean",
)
DEFAULT_LIMIT = 100  # tracks, about six hours of music
MOST = 10**9  # tracks or minutes of a limit; far beyond it, a browser's numbers are not exact
# A lasso has hundreds of corners and is simplified to 40 (engine.regions): what has more than this
# comes from elsewhere, and testing 100,000 points against it would take longer than a page may.
MOST_CORNERS = 200

Polygon = tuple[tuple[float, float], ...]


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
    """Everything that decides which tracks come, and in which order. Hashable; see query_link.

    A style is a label of the vocabulary ("Electronic---House") or a parent genre ("Electronic"),
    which stands for all its styles. Key and Camelot code are read by key_profile.
    """

    text: str = ""  # all of its words, anywhere in title, artist, album and path
    styles: tuple[str, ...] = ()  # labels; sorted order does not matter
    style_match: str = "any"  # one of MATCHES
    style_activation: Range = field(default_factory=lambda: Range(0.1, None))
    tempo: Range = field(default_factory=Range)  # BPM
    tempo_octaves: bool = False  # half and double of the tempo count, too
    tempo_confidence: Range = field(default_factory=Range)  # 0-5.32
    danceability: Range = field(default_factory=Range)  # 0-1
    danceability_dsp: Range = field(default_factory=Range)  # 0-3
    voice: str = "any"  # one of VOICES
    valence: Range = field(default_factory=Range)  # 1-9
    arousal: Range = field(default_factory=Range)  # 1-9
    mood_region: Polygon = ()  # corners (valence, arousal)
    map_region: Polygon = ()  # corners on the map of the library
    map_of: str | None = None  # fingerprint of the map that map_region was drawn on
    key_profile: str = "edma"  # one of PROFILES
    keys: tuple[str, ...] = ()  # of KEYS
    scale: str = "any"  # any, major or minor
    camelot: str | None = None  # of camelot.CODES: tracks that mix with it
    keys_agree: bool = False  # all profiles give the same tonic and scale
    loudness: Range = field(default_factory=Range)  # LUFS
    ic: Range = field(default_factory=Range)  # nats per latent frame
    ic_percentile: Range = field(default_factory=Range)  # 0-100, within tracks of one ic_model
    duration: Range = field(default_factory=Range)  # seconds
    year: Range = field(default_factory=Range)
    exclude_artists: tuple[str, ...] = ()  # as tagged, whatever case and accents
    exclude_styles: tuple[str, ...] = ()  # as styles
    exclude_folders: tuple[str, ...] = ()  # absolute; everything below them
    order: str = "style"  # one of SPECIAL_ORDERS or COLUMN_ORDERS
    descending: bool = False  # for COLUMN_ORDERS and NAME_ORDERS
    seed: int = 1  # of the shuffle
    collapse: bool = True  # of several copies of a recording, only the best-ranked one
    per_artist: int | None = None  # tracks
    per_album: int | None = None  # tracks
    minutes: float | None = None  # in total
    limit: int | None = DEFAULT_LIMIT  # tracks

    def __post_init__(self) -> None:
        _one_of("style_match", self.style_match, MATCHES)
        _one_of("voice", self.voice, VOICES)
        _one_of("key_profile", self.key_profile, tuple(PROFILES))
        _one_of("scale", self.scale, ("any", *SCALES))
        _one_of("order", self.order, SPECIAL_ORDERS + COLUMN_ORDERS)
        for key in self.keys:
            _one_of("keys", key, KEYS)
        if self.camelot is not None:
            _one_of("camelot", self.camelot, camelot.CODES)
        for name in ("mood_region", "map_region"):
            _polygon(name, getattr(self, name))
        if any("\ud800" <= sign <= "\udfff" for sign in self.text):
            raise QueryError("text holds bytes that are no letters.")
        for name in ("limit", "per_artist", "per_album"):
            if getattr(self, name) is not None and not 1 <= getattr(self, name) <= MOST:
                raise QueryError(f"{name} must be 1 to {MOST:,} tracks, or none.")
        if self.minutes is not None and not 0 < self.minutes <= MOST:
            raise QueryError(f"minutes must be more than 0 and at most {MOST:,}, or none.")
        if not 0 <= self.seed < 2**32:
            raise QueryError("seed must be between 0 and 4294967295.")
        for end in (self.ic_percentile.low, self.ic_percentile.high):
            if end is not None and not 0 <= end <= 100:
                raise QueryError("ic_percentile must lie between 0 and 100.")
        for folder in self.exclude_folders:
            if not os.path.isabs(folder):  # noqa: PTH117 - text with surrogates
                raise QueryError(f"exclude_folders needs whole paths, from / on, not {folder!r}.")


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise QueryError(f"{name} is {value!r}, but must be one of: {', '.join(allowed)}.")


def _polygon(name: str, corners: Polygon) -> None:
    if not corners:
        return
    if not 3 <= len(corners) <= MOST_CORNERS:
        raise QueryError(f"{name} has {len(corners)} corners: it needs 3 to {MOST_CORNERS}.")
    for corner in corners:
        if len(corner) != 2 or not all(map(isfinite, corner)):
            raise QueryError(f"{name} has the corner {corner}: it needs two finite numbers.")


FIELDS = tuple(f.name for f in fields(Query))
