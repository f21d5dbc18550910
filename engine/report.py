"""The numbers of a collection report: what is in a library, how varied, and what is odd in it.

Goal: a Source (engine/report_source.py) → a frozen Report, which words (report_words), figures
(report_figures) and files (report_files) are made of. Conventions: every count says of how many
tracks; what no track has is None, never 0. Pure: nothing is read here but the vectors that the
source hands out, and nothing is drawn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine import report_keys, report_odd, report_styles
from engine.columns import numbers, texts
from engine.descriptors import VOICE_THRESHOLD
from engine.report_keys import DANCE_GENRE, Keys
from engine.report_odd import Outlier, Suspects
from engine.report_source import Failure, Model, Source
from engine.report_styles import Styles
from engine.report_values import BARS, FEWEST, Spread, Track, spread, tracks
from engine.space import Space
from engine.stand_ins import judge

PARTS = 8192  # tracks of a matrix looked at together: 13 MB of styles
STREAMING_LUFS = -14.0  # Spotify, YouTube, Tidal and Amazon Music play at this loudness
NEAR_LU = 1.0  # a difference that few people hear
MOOD_MIDDLE = 5.0  # of both scales, 1 to 9
MOOD_BINS = 32  # a side: a quarter of a point each
MOOD_LOW, MOOD_HIGH = 1.0, 9.0
UNSURE_VOICE = (0.4, 0.6)
NAMELESS = "without a name"  # a model of IC that left none


@dataclass(frozen=True)
class Contents:
    """What the collection consists of."""

    tracks: int  # present, with any value
    valueless: int  # present, without any value: silent, damaged, or no audio
    gone: int  # files that an analysis once saw
    seconds: float  # of all tracks whose length is known
    analysed_s: float  # of sound that was looked at
    partial: int  # tracks decoded in part only
    artists: int  # first named in a tag, however it is written; as playlists count them
    albums: int  # titles of one artist, likewise
    untitled: int
    years: tuple[int, int, int] | None  # first, median, last
    dated: int  # tracks with a year
    selected_of: int | None  # tracks of the library, where a selection is described
    formats: dict[str, int]  # codec → tracks, most common first


@dataclass(frozen=True)
class Loudness:
    """Integrated loudness against the level that streaming services play at."""

    spread: Spread
    louder: int  # tracks above STREAMING_LUFS by more than NEAR_LU
    quieter: int  # below it by more
    down: float  # mean LU by which the louder ones are turned down; 0 without any
    up: float  # mean LU by which the quieter ones would have to be turned up
    outliers: tuple[tuple[Track, float], ...]  # track, LUFS; farthest from the median first


@dataclass(frozen=True)
class Mood:
    """Valence and arousal together."""

    tracks: int  # with both
    density: tuple[tuple[int, ...], ...]  # [arousal][valence] tracks, from 1 to 9
    beyond: int  # estimates outside 1 to 9, counted at the edge
    quadrants: dict[str, int]  # happy, tense, sad, calm → tracks
    correlation: float  # Pearson; NaN for fewer than three tracks or no spread


@dataclass(frozen=True)
class Voice:
    """Sung or spoken against instrumental."""

    spread: Spread
    voice: int  # tracks of VOICE_THRESHOLD and more
    unsure: int  # tracks within UNSURE_VOICE


@dataclass(frozen=True)
class Report:
    """All numbers of one library."""

    contents: Contents
    columns: Mapping[str, int]  # descriptor → tracks that have it
    spaces: Mapping[str, int]  # space of vectors → tracks that have one
    spreads: Mapping[str, Spread]  # of BARS; only what some track has
    styles: Styles | None
    keys: Keys | None
    loudness: Loudness | None
    mood: Mood | None
    voice: Voice | None
    ic: Mapping[str, Spread]  # ic_model → spread, the most common model first
    suspects: Suspects | None
    copies: tuple[tuple[Track, ...], ...]  # groups of tracks of one recording
    outliers: tuple[Outlier, ...]
    failures: tuple[Failure, ...]
    models: tuple[Model, ...]
    span_s: float | None
    stand_ins: frozenset[str]  # stages whose values come from stand-in models


def report(source: Source) -> Report:
    """Compute everything. A library without tracks gives a report without anything in it."""
    frame = source.frame
    spreads = {column: spread(column, numbers(frame, column)) for column in BARS}
    space = judge(source.stand_ins, lambda name: source.vectors(name).space(name))
    return Report(
        contents=_contents(source),
        columns={column: int(frame[column].notna().sum()) for column in frame.columns},
        spaces={space: int(np.count_nonzero(there)) for space, there in source.spaces.items()},
        spreads={column: found for column, found in spreads.items() if found},
        styles=(found := _styles(source)),
        keys=report_keys.keys(frame, _dance_share(source, found)),
        loudness=_loudness(frame),
        mood=_mood(frame),
        voice=_voice(frame),
        ic=_ic(frame),
        suspects=report_odd.suspects(frame, genres="effnet" not in source.stand_ins),
        copies=_copies(source),
        outliers=_outliers(frame, space, source.stand_ins),
        failures=source.failures,
        models=source.models,
        span_s=source.span_s,
        stand_ins=source.stand_ins,
    )


def _contents(source: Source) -> Contents:
    frame = source.frame
    years = numbers(frame, "year")
    years = years[np.isfinite(years)]
    codecs = pd.Series(texts(frame, "codec"), dtype=object).value_counts()
    return Contents(
        tracks=len(frame),
        valueless=source.valueless,
        gone=source.gone,
        seconds=float(np.nansum(numbers(frame, "duration_s"))),
        analysed_s=float(np.nansum(source.analysed_s)),
        partial=int(np.count_nonzero(source.partial)),
        artists=_different(source.groups.artists),
        albums=_different(source.groups.albums),
        untitled=int(frame["title"].isna().sum()),
        years=(int(years.min()), int(np.median(years)), int(years.max())) if len(years) else None,
        dated=len(years),
        selected_of=source.selected_of,
        formats={str(codec): int(tracks) for codec, tracks in codecs.items()},
    )


def _different(groups: np.ndarray) -> int:
    """Of groups of tracks, where -1 is none."""
    return len(np.unique(groups[groups >= 0]))


def _styles(source: Source) -> Styles | None:
    """The 400 styles, or the 50 tags where no track has styles."""
    for space in ("styles", "tags"):
        if source.labels.get(space):
            vectors = source.vectors(space)
            parts = _parts(vectors.matrix, _described(vectors.ids, source.frame))
            if found := report_styles.styles(space, source.labels[space], parts):
                return found
    return None


def _described(ids: np.ndarray, frame: pd.DataFrame) -> np.ndarray:
    """Rows of vectors that belong to tracks of the frame: a library grows meanwhile."""
    return np.flatnonzero(np.isin(ids, frame.index.to_numpy()))


def _parts(matrix: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), PARTS):
        yield matrix[rows[start : start + PARTS]]


def _dance_share(source: Source, styles: Styles | None) -> float | None:
    """Share of DANCE_GENRE by strongest style; None where genres are made up, or known of too few
    tracks to speak for them all."""
    if styles is None or not styles.genres or "effnet" in source.stand_ins:
        return None
    if styles.tracks < max(FEWEST, len(source.frame) / 2):
        return None
    return sum(g.strongest for g in styles.genres if g.label == DANCE_GENRE) / styles.tracks


def _loudness(frame: pd.DataFrame) -> Loudness | None:
    lufs = numbers(frame, "loudness_lufs")
    found = spread("loudness_lufs", lufs)
    if found is None:
        return None
    over = lufs - STREAMING_LUFS
    louder, quieter = over > NEAR_LU, over < -NEAR_LU
    size = np.abs(np.nan_to_num(report_odd.modified_z(lufs)))
    rows = np.flatnonzero(size > report_odd.OUTLYING)
    rows = rows[np.argsort(-size[rows], kind="stable")]
    compared = found.tracks >= FEWEST
    return Loudness(
        spread=found,
        louder=int(np.count_nonzero(louder)),
        quieter=int(np.count_nonzero(quieter)),
        down=float(over[louder].mean()) if louder.any() else 0.0,
        up=float(-over[quieter].mean()) if quieter.any() else 0.0,
        outliers=tuple(zip(tracks(frame, rows), lufs[rows].tolist(), strict=True))
        if compared
        else (),
    )


def _mood(frame: pd.DataFrame) -> Mood | None:
    valence, arousal = numbers(frame, "valence"), numbers(frame, "arousal")
    both = np.isfinite(valence) & np.isfinite(arousal)
    if not both.any():
        return None
    points = np.stack([arousal[both], valence[both]])
    inside = np.clip(points, MOOD_LOW, MOOD_HIGH)
    edges = np.linspace(MOOD_LOW, MOOD_HIGH, MOOD_BINS + 1)
    density, _, _ = np.histogram2d(*inside, bins=(edges, edges))
    pleasant, excited = points[1] >= MOOD_MIDDLE, points[0] >= MOOD_MIDDLE
    quadrants = {
        "happy": pleasant & excited,
        "tense": ~pleasant & excited,
        "sad": ~pleasant & ~excited,
        "calm": pleasant & ~excited,
    }
    spreads = points.shape[1] > 2 and (points.std(axis=1) > 0).all()
    return Mood(
        tracks=points.shape[1],
        density=tuple(tuple(row) for row in density.astype(int).tolist()),
        beyond=int(np.count_nonzero((inside != points).any(axis=0))),
        quadrants={name: int(np.count_nonzero(mask)) for name, mask in quadrants.items()},
        correlation=float(np.corrcoef(points)[0, 1]) if spreads else float("nan"),
    )


def _voice(frame: pd.DataFrame) -> Voice | None:
    values = numbers(frame, "voice")
    found = spread("voice", values)
    if found is None:
        return None
    low, high = UNSURE_VOICE
    return Voice(
        spread=found,
        voice=int(np.count_nonzero(values >= VOICE_THRESHOLD)),
        unsure=int(np.count_nonzero((values >= low) & (values < high))),
    )


def _ic(frame: pd.DataFrame) -> dict[str, Spread]:
    values = numbers(frame, "ic_mean")
    models = pd.Series(texts(frame, "ic_model"), dtype=object).fillna(NAMELESS)
    common = models[np.isfinite(values)].value_counts().index
    return {str(model): spread("ic_mean", values[models == model]) for model in common}


def _copies(source: Source) -> tuple[tuple[Track, ...], ...]:
    """Groups of two and more, the largest first."""
    labels = pd.Series(source.groups.copies)
    rows = np.flatnonzero(labels.duplicated(keep=False))
    members: dict[int, list[Track]] = {}
    for label, one in zip(labels[rows].tolist(), tracks(source.frame, rows), strict=True):
        members.setdefault(label, []).append(one)
    return tuple(sorted((tuple(group) for group in members.values()), key=len, reverse=True))


def _outliers(
    frame: pd.DataFrame, space: Space | None, untrusted: frozenset[str]
) -> tuple[Outlier, ...]:
    lonely = {}
    if space is not None:
        found = report_odd.loneliest(space, _described(space.ids, frame))
        lonely = {frame.index.get_loc(space.ids[row]): why for row, why in found.items()}
    return report_odd.outliers(frame, lonely, untrusted)
