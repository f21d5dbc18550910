"""Keys by three profiles: how many tracks have which, how far the profiles agree, which to trust.

Conventions: tonics C, C# … B, scales major and minor, of whole tracks. A comparison of profiles
counts the tracks for which all profiles in it have a key. Two keys are related as in MIREX' key
detection task: the same; a fifth (same scale, tonics a fifth apart, in either direction); relative
(A minor and C major); parallel (A minor and A major); or other. Pure: no file is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from engine.columns import numbers, places
from engine.descriptors import KEYS, PROFILE_NAMES, PROFILES, SCALES
from engine.query import Query
from engine.report_values import FEWEST

RELATIONS = ("same", "fifth", "relative", "parallel", "other")
# The profile made from electronic dance music is recommended outright where at least this share of
# the collection is of the parent genre nearest to that.
DANCE_GENRE = "Electronic"
DANCE_SHARE = 0.5
# Closer agreements than this are a draw: with 1,000 tracks, chance alone moves an agreement of 50 %
# by ± 3 percentage points (95 %). Strengths cannot settle it: they are correlations with different
# templates, so that those of two profiles have no common scale.
DRAW = 0.02


@dataclass(frozen=True)
class Profile:
    """The keys that one profile finds."""

    name: str
    tracks: int
    counts: tuple[tuple[int, ...], ...]  # [scale][tonic], in the order of SCALES and KEYS
    strength: float  # mean correlation with the best key; NaN where it was not stored
    agreement: float  # mean share of tracks on which it agrees with each other profile

    @property
    def minor(self) -> int:
        """Tracks in minor."""
        return sum(self.counts[SCALES.index("minor")])


@dataclass(frozen=True)
class Pair:
    """How the keys of two profiles relate."""

    profiles: tuple[str, str]
    tracks: int  # with a key by both
    relations: dict[str, int]  # of RELATIONS → tracks

    @property
    def same(self) -> float:
        """Share of tracks with the same tonic and scale."""
        return self.relations["same"] / self.tracks


@dataclass(frozen=True)
class Keys:
    """The keys of a collection."""

    profiles: tuple[Profile, ...]
    pairs: tuple[Pair, ...]
    compared: int  # tracks with a key by all three
    agreed: int  # of these, tracks with one and the same key by all three
    recommended: str  # name of a profile
    reason: str  # dance, agreement, draw, few (to compare), or only (one profile has keys)
    dance_share: float | None  # of DANCE_GENRE; None where genres are unknown


def pair_name(pair: Pair) -> str:
    """Temperley and EDMA"""
    return " and ".join(PROFILE_NAMES[name] for name in pair.profiles)


def keys(frame: pd.DataFrame, dance_share: float | None) -> Keys | None:
    """Of Library.frame(); None where no track has a key."""
    codes = {name: _codes(frame, name) for name in PROFILES}
    codes = {name: code for name, code in codes.items() if (code >= 0).any()}
    if not codes:
        return None
    pairs = [_pair(names, *(codes[name] for name in names)) for names in combinations(codes, 2)]
    pairs = [pair for pair in pairs if pair.tracks]
    profiles = tuple(_profile(name, codes[name], frame, pairs) for name in codes)
    every = np.stack(list(codes.values()))
    known = (every >= 0).all(axis=0) & (len(codes) == len(PROFILES))
    recommended, reason = _recommended(profiles, pairs, dance_share)
    return Keys(
        profiles=profiles,
        pairs=tuple(pairs),
        compared=int(np.count_nonzero(known)),
        agreed=int(np.count_nonzero(known & (every == every[0]).all(axis=0))),
        recommended=recommended,
        reason=reason,
        dance_share=dance_share,
    )


def relation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Places in RELATIONS of pairs of keys, each a code 12 · scale + tonic."""
    apart = (other - one) % 12  # semitones from one tonic to the other
    same_scale = one // 12 == other // 12
    # The relative minor lies 3 semitones below its major, 9 above.
    relative = np.where(one // 12 == SCALES.index("major"), apart == 9, apart == 3)
    return np.select(
        [
            one == other,
            same_scale & np.isin(apart, (5, 7)),
            ~same_scale & relative,
            ~same_scale & (apart == 0),
        ],
        range(4),
        default=4,
    )


def _codes(frame: pd.DataFrame, profile: str) -> np.ndarray:
    """12 · scale + tonic of each track, -1 where the key is missing."""
    tonic = places(frame, f"key_{profile}", KEYS)
    scale = places(frame, f"scale_{profile}", SCALES)
    return np.where((tonic >= 0) & (scale >= 0), 12 * scale + tonic, -1)


def _pair(names: tuple[str, str], one: np.ndarray, other: np.ndarray) -> Pair:
    known = (one >= 0) & (other >= 0)
    counts = np.bincount(relation(one[known], other[known]), minlength=len(RELATIONS))
    found = dict(zip(RELATIONS, counts.tolist(), strict=True))
    return Pair(names, int(np.count_nonzero(known)), found)


def _profile(name: str, codes: np.ndarray, frame: pd.DataFrame, pairs: list[Pair]) -> Profile:
    counts = np.bincount(codes[codes >= 0], minlength=24).reshape(2, 12)
    strengths = numbers(frame, f"strength_{name}")
    strengths = strengths[(codes >= 0) & np.isfinite(strengths)]
    shares = [pair.same for pair in pairs if name in pair.profiles]
    return Profile(
        name=name,
        tracks=int(counts.sum()),
        counts=tuple(tuple(row) for row in counts.tolist()),
        strength=float(strengths.mean()) if len(strengths) else float("nan"),
        agreement=float(np.mean(shares)) if shares else float("nan"),
    )


def _recommended(
    profiles: tuple[Profile, ...], pairs: list[Pair], dance_share: float | None
) -> tuple[str, str]:
    """A profile and why: made from music like this; or nearest to the consensus, since errors that
    two profiles share are rarer than errors of one. In a draw, and with too few tracks to tell, the
    one that the filters begin with; in a draw without it, the first by name of those drawn."""
    if len(profiles) == 1 or all(np.isnan(profile.agreement) for profile in profiles):
        return max(profiles, key=lambda profile: profile.tracks).name, "only"
    if (dance_share or 0) >= DANCE_SHARE and any(p.name == "edma" for p in profiles):
        return "edma", "dance"
    if min(pair.tracks for pair in pairs) < FEWEST:
        return _usual(profiles), "few"
    close = drawn(profiles)
    return _usual(close), "draw" if len(close) > 1 else "agreement"


def drawn(profiles: Sequence[Profile]) -> list[Profile]:
    """Those that agree with the others as much as the best does, give or take DRAW."""
    best = max(p.agreement for p in profiles if not np.isnan(p.agreement))
    return [p for p in profiles if p.agreement >= best - DRAW]


def _usual(profiles: Sequence[Profile]) -> str:
    """The one that the filters begin with; where it is not among them, the first by name."""
    names = sorted(profile.name for profile in profiles)
    return Query.key_profile if Query.key_profile in names else names[0]
