"""What each active filter looks at in one track, for a person who asks why it is in or out.

Conventions: numbers in the unit of their descriptor, keys as "A minor", codes as "8A", text as it
is tagged; None where the track has no such value. Pure.
"""

from collections.abc import Callable, Iterable

import numpy as np

from engine.camelot import CODES
from engine.columns import numbers, texts
from engine.descriptors import PROFILES
from engine.facts import Facts
from engine.query import RANGE_COLUMNS, Query

Value = float | str | tuple[float, float] | None


def evidence(query: Query, facts: Facts, row: int, names: Iterable[str]) -> dict[str, Value]:
    """Name of a filter → the value of the track in `row` that it decides by."""
    one = Facts(
        facts.frame.iloc[[row]], map_xy=None if facts.map_xy is None else facts.map_xy[[row]]
    )
    found: dict[str, Value] = {}
    for name in names:
        if name in RANGE_COLUMNS:
            found[name] = _number(numbers(one.frame, RANGE_COLUMNS[name])[0])
        elif name == "ic_percentile":
            found[name] = _number(facts.ic_percentiles[row])
        elif name in ("styles", "exclude_styles"):
            found[name] = _activation(query, facts, row, name)
        else:
            found[name] = _VALUES[name](query, one)
    return found


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _activation(query: Query, facts: Facts, row: int, name: str) -> float | None:
    """Of the styles asked for; of excluded ones, the strongest."""
    if facts.styles is None:
        return None
    match = query.style_match if name == "styles" else "any"
    return _number(facts.styles.combined(getattr(query, name), match)[row])


def _point(x: float, y: float) -> tuple[float, float] | None:
    return None if np.isnan(x) or np.isnan(y) else (float(x), float(y))


def _key(one: Facts, profile: str) -> str | None:
    key, scale = (texts(one.frame, f"{part}_{profile}")[0] for part in ("key", "scale"))
    return f"{key} {scale}" if key and scale else None


def _code(one: Facts, profile: str) -> str | None:
    place = one.key_codes(profile)[0]
    return CODES[place] if place >= 0 else None


def _keys(one: Facts) -> str | None:
    """By each profile; None where one of them has no key."""
    found = [_key(one, profile) for profile in PROFILES]
    return None if None in found else ", ".join(found)


_VALUES: dict[str, Callable[[Query, Facts], Value]] = {
    "text": lambda query, one: texts(one.frame, "title")[0] or texts(one.frame, "path")[0],
    "voice": lambda query, one: _number(numbers(one.frame, "voice")[0]),
    "mood_region": lambda query, one: _point(
        numbers(one.frame, "valence")[0], numbers(one.frame, "arousal")[0]
    ),
    "map_region": lambda query, one: _point(*one.map_xy[0]),
    "key": lambda query, one: _key(one, query.key_profile),
    "camelot": lambda query, one: _code(one, query.key_profile),
    "keys_agree": lambda query, one: _keys(one),
    "exclude_artists": lambda query, one: texts(one.frame, "artist")[0],
    "exclude_folders": lambda query, one: texts(one.frame, "path")[0],
}
