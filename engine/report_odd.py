"""Tracks that a person may want to look at: doubtful tempi, and what is unlike all the rest.

Conventions: rules with few false alarms rather than complete ones, and every track comes with the
numbers that named it. Pure: no file is read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.columns import numbers, texts
from engine.descriptors import DESCRIPTORS
from engine.report_styles import parent
from engine.report_values import FEWEST, Track, tracks
from engine.space import Space

# --- tempo

# From here on a tempo is dependable enough to say what is usual (the scale of RhythmExtractor2013:
# below 1.5 low, 1.5 to 3.5 good, above 3.5 excellent), and to be left alone.
USUAL_CONFIDENCE = 1.5
SURE_CONFIDENCE = 3.5
USUAL_PERCENTILES = (10, 90)
TYPICAL_PERCENTILES = (25, 75)
FEWEST_USUAL = 30  # tempi below which a tenth is fewer than three tracks


@dataclass(frozen=True)
class Suspect:
    """A track whose tempo is probably half or double of what people feel."""

    track: Track
    tempo: float  # BPM, as analysed
    confidence: float  # NaN where unknown
    likely: float  # BPM: half or double
    genre: str  # whose usual range decided; empty for the whole collection
    low: float  # ends of the usual range, BPM
    high: float


@dataclass(frozen=True)
class Suspects:
    """Tempi in doubt, least confident first."""

    judged: int  # tracks for which a usual range is known
    low: float  # usual range of the whole collection, BPM
    high: float
    found: tuple[Suspect, ...]


def suspects(frame: pd.DataFrame, genres: bool) -> Suspects | None:
    """Tempi outside the usual range whose half or double is typical; None below FEWEST_USUAL.

    Usual is the 10th to 90th percentile of the tempi with a confidence of 1.5 or more (all, where
    there is no confidence) in the track's parent genre, or in the collection where the genre has
    fewer than FEWEST_USUAL of them or `genres` says that styles are not to be trusted; typical is
    the 25th to 75th percentile. Tempi with a confidence of 3.5 or more are never suspected.
    """
    tempo, confidence = numbers(frame, "tempo_bpm"), numbers(frame, "tempo_confidence")
    dependable = np.isfinite(tempo) & ~(confidence < USUAL_CONFIDENCE)
    if np.count_nonzero(dependable) < FEWEST_USUAL:
        return None
    of_track = _genres(frame) if genres else np.full(len(frame), "", dtype=object)
    whole = _ranges(tempo[dependable])
    found: list[tuple[int, float, str, np.ndarray]] = []
    for genre in dict.fromkeys(of_track.tolist()):
        here = of_track == genre
        own = bool(genre) and np.count_nonzero(here & dependable) >= FEWEST_USUAL
        ranges = _ranges(tempo[here & dependable]) if own else whole
        doubtful = here & np.isfinite(tempo) & ~(confidence >= SURE_CONFIDENCE)
        found += [
            (row, likely, genre if own else "", ranges)
            for row, likely in _octave_errors(tempo, np.flatnonzero(doubtful), ranges)
        ]
    found.sort(key=lambda one: (np.nan_to_num(confidence[one[0]], nan=9.0), one[0]))
    named = tracks(frame, [row for row, *_ in found])
    listed = tuple(
        Suspect(
            one,
            float(tempo[row]),
            float(confidence[row]),
            likely,
            genre,
            float(ranges[0]),
            float(ranges[3]),
        )
        for one, (row, likely, genre, ranges) in zip(named, found, strict=True)
    )
    return Suspects(
        int(np.count_nonzero(np.isfinite(tempo))), float(whole[0]), float(whole[3]), listed
    )


def _genres(frame: pd.DataFrame) -> np.ndarray:
    """object [tracks]: the parent genre; empty where there is no style."""
    codes, styles = pd.factorize(texts(frame, "style"), use_na_sentinel=True)
    return np.array([*(parent(style) for style in styles), ""], dtype=object)[codes]


def _ranges(tempi: np.ndarray) -> np.ndarray:
    """[usual low, typical low, typical high, usual high]"""
    low, high = USUAL_PERCENTILES
    return np.percentile(tempi, (low, *TYPICAL_PERCENTILES, high))


def _octave_errors(
    tempo: np.ndarray, rows: np.ndarray, ranges: np.ndarray
) -> list[tuple[int, float]]:
    """Rows whose tempo is unusual, and the half or double of it that is typical."""
    usual_low, typical_low, typical_high, usual_high = ranges
    found = []
    for factor in (2.0, 0.5):
        other = tempo[rows] * factor
        unusual = (tempo[rows] < usual_low) | (tempo[rows] > usual_high)
        hit = unusual & (other >= typical_low) & (other <= typical_high)
        found += list(zip(rows[hit].tolist(), other[hit].tolist(), strict=True))
    return found


# --- outliers

# Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993): a modified z-score beyond 3.5 is
# an outlier. It uses median and median absolute deviation, which outliers themselves do not move.
OUTLYING = 3.5
TO_DEVIATION = 0.6745  # median absolute deviation of a normal distribution, in standard deviations
# Descriptors with one hump; probabilities pile up at 0 and 1, where a z-score means nothing.
COMPARED = (
    "loudness_lufs",
    "loudness_range_lu",
    "tempo_bpm",
    "danceability_dsp",
    "valence",
    "arousal",
    "ic_mean",
    "duration_s",
)
PER_DESCRIPTOR = 3  # so that one descriptor does not fill the list
LISTED = 12
# A nearest neighbour is looked for among so many tracks first, then, for the loneliest, among all:
# 100,000 × 100,000 cosines would take minutes.
REFERENCES = 1000
CANDIDATES = 100
SAMPLED = 200  # tracks that say which distance to the nearest neighbour is ordinary
LONELY = 5


@dataclass(frozen=True)
class Reason:
    """Why a track was named: a descriptor far from its median, or a distant nearest neighbour."""

    column: str  # of COMPARED; or the name of an embedding
    value: float  # of the descriptor; or the cosine of the nearest neighbour
    usual: float  # median of the tracks that were compared; or of the cosines
    score: float  # modified z-score


@dataclass(frozen=True)
class Outlier:
    """A track unlike the rest, and in what."""

    track: Track
    reasons: tuple[Reason, ...]  # the most striking first


def modified_z(values: np.ndarray, usual: int | None = None) -> np.ndarray:
    """float64 [values]: 0.6745 (x - median) / MAD, both of the first `usual` values, else of all.

    NaN where a value is missing; all NaN where MAD is 0.
    """
    known = values[:usual]
    known = known[np.isfinite(known)]
    median = np.median(known) if len(known) else np.nan
    spread = np.median(np.abs(known - median)) if len(known) else 0.0
    if not spread > 0:
        return np.full(len(values), np.nan)
    return TO_DEVIATION * (values - median) / spread


def scores(frame: pd.DataFrame, untrusted: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Modified z-score of each descriptor of COMPARED; empty below FEWEST tracks.

    Not of descriptors that come from `untrusted` stages, those of stand-in models. Durations as
    logarithms, since they are ratios to a listener. IC only of the tracks of the most common model,
    since the scales of two models differ.
    """
    found = {}
    for column in COMPARED:
        if DESCRIPTORS[column].stage in untrusted:
            continue
        values = numbers(frame, column)
        if column == "duration_s":
            values = np.log(np.where(values > 0, values, np.nan))
        if column == "ic_mean" and "ic_model" in frame:
            models = pd.Series(texts(frame, "ic_model"))
            common = models[np.isfinite(values)].mode()
            values = np.where(models.isin(common[:1]), values, np.nan)
        if np.count_nonzero(np.isfinite(values)) >= FEWEST:
            found[column] = modified_z(values)
    return found


def outliers(
    frame: pd.DataFrame, lonely: Mapping[int, Reason], untrusted: Collection[str] = ()
) -> tuple[Outlier, ...]:
    """The most striking first. `lonely` is of loneliest(), by row of the frame; `untrusted` is as
    in scores()."""
    scored = scores(frame, untrusted)
    chosen: dict[int, float] = {}
    for column_scores in scored.values():
        size = np.abs(np.nan_to_num(column_scores))
        for row in np.argsort(-size, kind="stable")[:PER_DESCRIPTOR].tolist():
            if size[row] > OUTLYING:
                chosen[row] = max(chosen.get(row, 0.0), float(size[row]))
    rows = sorted(chosen, key=lambda row: (-chosen[row], row))[: LISTED - len(lonely)]
    rows += [row for row in lonely if row not in rows]
    return tuple(
        Outlier(one, _reasons(frame, scored, row, lonely))
        for one, row in zip(tracks(frame, rows), rows, strict=True)
    )


def _reasons(
    frame: pd.DataFrame, scored: dict[str, np.ndarray], row: int, lonely: Mapping[int, Reason]
) -> tuple[Reason, ...]:
    reasons = [
        Reason(column, float(values[row]), float(np.median(values[np.isfinite(z)])), float(z[row]))
        for column, z in scored.items()
        if abs(z[row]) > OUTLYING
        for values in (numbers(frame, column),)
    ]
    reasons.sort(key=lambda reason: -abs(reason.score))
    return (*reasons, *((lonely[row],) if row in lonely else ()))


def loneliest(
    space: Space, among: np.ndarray | None = None, parts: int = 8192
) -> dict[int, Reason]:
    """Row of the space → how far its nearest neighbour is, the loneliest first.

    Only the rows `among` are looked at, or all. At most LONELY are named: tracks whose nearest
    neighbour has an outlying cosine; none below FEWEST tracks. The matrix is read in parts (it may
    be memory-mapped). Up to REFERENCES tracks all distances are known. Above, candidates are those
    far from a sample; their own distances are exact, and so are those of the SAMPLED tracks that
    say what is usual.
    """
    every = np.arange(len(space.ids)) if among is None else among
    tracks = len(every)
    if tracks < FEWEST:
        return {}
    rng = np.random.default_rng(0)  # the same report for the same library
    some = every[np.sort(rng.choice(tracks, min(tracks, REFERENCES), replace=False))]
    near = _nearest(space, every, some, parts)
    usable = np.flatnonzero(np.isfinite(near))
    first = usable[np.argsort(near[usable], kind="stable")[:CANDIDATES]]
    rows, cosines, usual = every[first], near[first], near[usable]
    if tracks > REFERENCES and len(usable):
        sample = every[rng.choice(usable, min(len(usable), SAMPLED), replace=False)]
        exact = _nearest(space, np.concatenate([rows, sample]), every, parts)
        cosines, usual = exact[: len(rows)], exact[len(rows) :]
    z = modified_z(np.concatenate([usual, cosines]), len(usual))[len(usual) :]
    first = [place for place in np.argsort(cosines, kind="stable") if z[place] < -OUTLYING]
    return {
        int(rows[place]): Reason(
            space.name, float(cosines[place]), float(np.median(usual)), float(z[place])
        )
        for place in first[:LONELY]
    }


def _nearest(space: Space, rows: np.ndarray, others: np.ndarray, parts: int) -> np.ndarray:
    """float32 [rows]: the largest cosine of each row with any of `others` but itself; NaN for a
    vector without a direction. The larger of the two lists is read in parts."""
    if len(rows) <= len(others):
        wanted, best = _unit(space, rows), np.full(len(rows), -np.inf, np.float32)
        for start in range(0, len(others), parts):
            part = others[start : start + parts]
            cosines = _apart(wanted @ _unit(space, part).T, rows, part)
            best = np.fmax(best, cosines.max(axis=1, initial=-np.inf))
        return np.where(np.isnan(wanted).any(axis=1) | ~np.isfinite(best), np.nan, best)
    known = _unit(space, others)
    best = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), parts):
        part = rows[start : start + parts]
        best[start : start + parts] = _apart(_unit(space, part) @ known.T, part, others).max(
            axis=1, initial=-np.inf
        )
    return np.where(np.isfinite(best), best, np.nan)


def _unit(space: Space, rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; NaN where a vector has no direction."""
    return space.matrix[rows] * space.scale[rows, None]


def _apart(cosines: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The cosines, with -inf where a track would be its own neighbour or one has no direction."""
    cosines[rows[:, None] == others[None, :]] = -np.inf
    cosines[np.isnan(cosines)] = -np.inf
    return cosines
