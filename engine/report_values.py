"""The spread of one descriptor over a collection, and the names of tracks that a report mentions.

Conventions: a missing value is NaN and counts nowhere but in `missing`; shares are of the tracks
that have a value; percentiles interpolate linearly; the standard deviation is of the sample
(n - 1). Pure: no file is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.columns import texts
from engine.playlist import plain, track_title

# Column → (low end, high end, width) of the bars of its histogram. What lies outside is counted in
# the end bars. IC has no usual range: its bars follow the values.
BARS = {
    "tempo_bpm": (40, 220, 5),
    "tempo_confidence": (0, 5.5, 0.25),
    "danceability": (0, 1, 0.05),
    "danceability_dsp": (0, 3, 0.1),
    "voice": (0, 1, 0.05),
    "valence": (1, 9, 0.25),
    "arousal": (1, 9, 0.25),
    "loudness_lufs": (-40, 0, 1),
    "loudness_range_lu": (0, 30, 1),
    "duration_s": (0, 900, 30),
}
IC_BARS = 30
# Tracks below which nothing is judged: a share of them, a tenth of them, or what is unlike the
# rest means little.
FEWEST = 20


@dataclass(frozen=True)
class Spread:
    """How the values of one descriptor are distributed."""

    column: str
    tracks: int  # with a value
    missing: int
    mean: float
    deviation: float  # 0 for a single track
    low: float
    p5: float
    p25: float
    median: float
    p75: float
    p95: float
    high: float
    edges: tuple[float, ...]  # of the bars, one more than counts
    counts: tuple[int, ...]
    beyond: int  # values outside the edges, counted in the end bars


@dataclass(frozen=True)
class Track:
    """A track as a report names it."""

    id: int
    title: str  # empty where the file has none
    artist: str
    path: str  # absolute, with surrogate escapes

    @property
    def called(self) -> str:
        """“Title” by Artist; without a title “folder / file”, as the apps name it."""
        named = f"“{track_title(self.title, self.path)}”"
        return f"{named} by {self.artist}" if self.artist else named


def tracks(frame: pd.DataFrame, rows: Sequence[int]) -> list[Track]:
    """The tracks at some positions of the frame."""
    some = frame[["title", "artist", "path"]].iloc[list(rows)]
    titles, artists = ([plain(t or "") for t in texts(some, name)] for name in ("title", "artist"))
    ids, paths = some.index.tolist(), some["path"].tolist()
    return [Track(*one) for one in zip(ids, titles, artists, paths, strict=True)]


def spread(column: str, numbers: np.ndarray) -> Spread | None:
    """Of a column of BARS or of IC; None where no track has a value."""
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return None
    edges = _edges(column, known)
    inside = np.clip(known, edges[0], edges[-1])
    counts, _ = np.histogram(inside, edges)
    p5, p25, median, p75, p95 = np.percentile(known, (5, 25, 50, 75, 95)).tolist()
    return Spread(
        column=column,
        tracks=len(known),
        missing=len(numbers) - len(known),
        mean=float(known.mean()),
        deviation=float(known.std(ddof=1)) if len(known) > 1 else 0.0,
        low=float(known.min()),
        p5=p5,
        p25=p25,
        median=median,
        p75=p75,
        p95=p95,
        high=float(known.max()),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        beyond=int(np.count_nonzero(inside != known)),
    )


def _edges(column: str, known: np.ndarray) -> np.ndarray:
    if column in BARS:
        low, high, width = BARS[column]
        return np.round(low + width * np.arange(round((high - low) / width) + 1), 6)
    low, high = known.min(), known.max()
    width = _round_width((high - low) / IC_BARS)
    first, last = np.floor(low / width), np.floor(high / width) + 1
    return np.round(width * np.arange(first, last + 1), 6)


def _round_width(width: float) -> float:
    """The next larger of 1, 2 or 5 times a power of ten; 0.1 where all values are one."""
    if width <= 0:
        return 0.1
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(power * step for step in (1, 2, 5, 10) if power * step >= width * 0.999))
