"""Whether sections that come later inform more, as published for AudioIC (arXiv 2501.07474).

The published claim is about annotated types of segments (A, B, …). Here sections are estimated from
the sound: seconds of 20 MFCCs, standardised within the recording and smoothed by a median over 5 s,
are joined with their neighbours by Ward's criterion (agglomerative clustering with connectivity in
time, as in B. McFee and D. Ellis, "Learning to segment songs with ordinal linear discriminant
analysis", ICASSP 2014, without what is learned there), until there are as many sections as a given
mean length asks for. The sections' means are clustered once more, by Ward without neighbourhood,
into half as many types, which are numbered by their first appearance. MFCCs know timbre and level
and nearly nothing of harmony, so two sections of one type sound alike and need not be the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from scipy.ndimage import median_filter
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.image import grid_to_graph
from sklearn.preprocessing import scale

from benchmarks import information_statistics as statistics
from benchmarks.information_quality_claims import SECOND, Recording, mfcc, pieces, windows

FEATURES = 20  # MFCCs, with coefficient 0
SMOOTH = 5  # seconds
LEAST = 60  # seconds of a recording that has sections
SECTIONS_PER_TYPE = 2
ENDING = 10  # seconds


@dataclass(frozen=True)
class Setting:
    """How sections are estimated, and which of them count."""

    length: int = 20  # seconds, the mean over a recording's sections
    shortest: int = 5  # seconds: what is shorter is a break or a last chord
    without_ending: bool = False

    def __str__(self) -> str:
        parts = [f"{self.length} s"]
        if self.shortest == 1:
            parts.append("the shortest too")
        if self.without_ending:
            parts.append(f"without the last {ENDING} s")
        return ", ".join(parts)


SETTINGS = (
    Setting(),
    Setting(without_ending=True),
    Setting(shortest=1),
    Setting(length=15),
    Setting(length=30),
)


@dataclass(frozen=True)
class Section:
    """Seconds `first` to `end` (excluded), and the number of their type."""

    first: int
    end: int
    type: int


@dataclass(frozen=True, eq=False)
class Heard:
    """The nats of a section's seconds, as far as they count."""

    type: int
    nats: np.ndarray


def features(bands: np.ndarray) -> np.ndarray:
    """What sections are told by: [seconds, FEATURES]."""
    standardised = scale(windows(mfcc(bands)[:, :FEATURES]))
    return median_filter(standardised, size=(SMOOTH, 1), mode="nearest")


def sections(sounds: np.ndarray, length: int) -> list[Section]:
    """Sections of `length` seconds on average, in order, of features [seconds, D]."""
    clustering = AgglomerativeClustering(
        max(2, round(len(sounds) / length)), connectivity=grid_to_graph(len(sounds), 1)
    )
    labels = clustering.fit_predict(sounds)
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(sounds)]
    spans = list(pairwise(edges))
    means = np.array([sounds[first:end].mean(0) for first, end in spans])
    types = AgglomerativeClustering(max(2, round(len(spans) / SECTIONS_PER_TYPE)))
    numbers = by_appearance(types.fit_predict(means).tolist())
    return [Section(*span, number) for span, number in zip(spans, numbers, strict=True)]


def by_appearance(labels: Sequence[int]) -> list[int]:
    """Labels renumbered from 0 in the order in which they first appear."""
    order = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return [order[label] for label in labels]


def heard(found: Sequence[Section], nats: np.ndarray, setting: Setting) -> list[Heard]:
    """The sections that count, of nats [seconds]; NaN stands for a second that does not."""
    end = len(nats) - (ENDING if setting.without_ending else 0)
    spans = [nats[one.first : min(one.end, end)] for one in found]
    parts = [Heard(one.type, span[~np.isnan(span)]) for one, span in zip(found, spans, strict=True)]
    return [part for part in parts if len(part.nats) >= setting.shortest]


def seconds(recording: Recording, system: str) -> np.ndarray:
    """Nats of each second; NaN in the first 10 s and in silence."""
    return np.where(recording.heard(), windows(recording.information[system]), np.nan)


def later_higher(parts: Sequence[Heard]) -> float:
    """Share of pairs of types in which the one that appears later has the higher mean.

    NaN where there is one type.
    """
    means = [_mean([part for part in parts if part.type == one]) for one in _types(parts)]
    pairs = [later > earlier for earlier, later in combinations(means, 2)]
    return float(np.mean(pairs)) if pairs else np.nan


def new_less_before(parts: Sequence[Heard]) -> float:
    """First sections of types but the first, less all seconds before; the mean over types."""
    firsts = [_appearances(parts, one)[0] for one in _types(parts)[1:]]
    found = [_mean([parts[first]]) - _mean(parts[:first]) for first in firsts]
    return float(np.mean(found)) if found else np.nan


def again_less_first(parts: Sequence[Heard]) -> float:
    """Later sections of a type less its first; the mean over types that return."""
    found = []
    for one in _types(parts):
        first, *again = _appearances(parts, one)
        if again:
            found.append(_mean([parts[number] for number in again]) - _mean([parts[first]]))
    return float(np.mean(found)) if found else np.nan


def thirds(nats: np.ndarray) -> tuple[float, float]:
    """Mean of the second and of the last third of values, less that of the first."""
    first, second, last = (part.mean() for part in np.array_split(nats, 3))
    return float(second - first), float(last - first)


COMPARISONS: dict[str, Callable[[Sequence[Heard]], float]] = {
    "later types higher": later_higher,
    "new less before": new_less_before,
    "again less first": again_less_first,
}


def compared(recordings: Sequence[Recording], setting: Setting) -> dict[str, dict]:
    """For each system: the comparisons, as means over the recordings that have them."""
    found = [sections(features(one.bands), setting.length) for one in recordings]
    groups = pieces(recordings)
    rows: dict[str, dict] = {}
    for system in recordings[0].information:
        nats = [seconds(one, system) for one in recordings]
        parts = [heard(*pair, setting) for pair in zip(found, nats, strict=True)]
        rows[system] = {}
        for name, comparison in COMPARISONS.items():
            values = np.array([comparison(one) for one in parts])
            known = ~np.isnan(values)
            rows[system][name] = statistics.mean(values[known], groups[known])
    return rows


def counts(recordings: Sequence[Recording]) -> dict[str, float]:
    """Recordings, and how many sections and types count in one on average, as usually estimated."""
    setting, system = SETTINGS[0], next(iter(recordings[0].information))
    parts = [
        heard(sections(features(one.bands), setting.length), seconds(one, system), setting)
        for one in recordings
    ]
    return {
        "recordings": len(recordings),
        "sections": float(np.mean([len(one) for one in parts])),
        "types": float(np.mean([len(_types(one)) for one in parts])),
    }


def over_time(recordings: Sequence[Recording], without_ending: bool) -> dict[str, dict]:
    """For each system: how far the second and the last third lie above the first."""
    end = -ENDING if without_ending else None
    groups = pieces(recordings)
    rows = {}
    for system in recordings[0].information:
        nats = [seconds(one, system)[:end] for one in recordings]
        second, last = np.array([thirds(one[~np.isnan(one)]) for one in nats]).T
        rows[system] = {
            "second less first": statistics.mean(second, groups),
            "last less first": statistics.mean(last, groups),
        }
    return rows


def long_enough(recordings: Sequence[Recording]) -> list[Recording]:
    return [one for one in recordings if len(one.bands) >= LEAST * SECOND]


def _types(parts: Sequence[Heard]) -> list[int]:
    """By their first appearance."""
    return list(dict.fromkeys(part.type for part in parts))


def _appearances(parts: Sequence[Heard], wanted: int) -> list[int]:
    return [number for number, part in enumerate(parts) if part.type == wanted]


def _mean(parts: Sequence[Heard]) -> float:
    return float(np.concatenate([part.nats for part in parts]).mean())
