"""Which tracks each filter of a query keeps.

Goal: a Query and Facts → a bool array for each active filter. Conventions: a filter that limits
nothing is not active; an active one refuses tracks whose value is missing, except where it
excludes: what is not known of a track cannot speak against it. Pure.
"""

from collections.abc import Callable, Iterable

import numpy as np

from engine import regions, words
from engine.camelot import CODES, code, neighbours
from engine.columns import numbers
from engine.descriptors import KEYS, PROFILES, SCALES, VOICE_THRESHOLD
from engine.facts import Facts
from engine.names import normalize_name
from engine.query import RANGE_COLUMNS, Query, Range

Mask = np.ndarray  # bool [tracks]
OCTAVES = (0.5, 1.0, 2.0)  # a tempo as it may be heard, too: half, once and double
EXCLUDED_FROM = 0.1  # activation; about where a style becomes audible


def implied(query: Query) -> frozenset[str]:
    """The ranges of mood that the region of mood lies within: its sliders, which follow a lasso.

    They refuse nothing that the region keeps, so the three are one filter: mood_region.
    """
    if not query.mood_region:
        return frozenset()
    plane = zip(("valence", "arousal"), np.array(query.mood_region).T, strict=True)
    return frozenset(name for name, ends in plane if getattr(query, name).holds(ends).all())


def masks(query: Query, facts: Facts) -> dict[str, Mask]:
    """Name of each active filter → what it keeps, in the order of the funnel."""
    one = implied(query)
    found = {name: keep(query, facts) for name, keep in FILTERS.items() if name not in one}
    return {name: mask for name, mask in found.items() if mask is not None}


def unanswerable(query: Query, facts: Facts) -> dict[str, str]:
    """Filters that cannot be applied to this library and are left out → why, as a sentence."""
    if not query.map_region:
        return {}
    if facts.map_xy is None:
        return {"map_region": "The region on the map is left out: this library has no map yet."}
    if query.map_of != facts.map_of:
        return {
            "map_region": "The region on the map is left out: it was drawn on another map, where "
            "the same place means other music. Draw it again."
        }
    return {}


def _text(query: Query, facts: Facts) -> Mask | None:
    return words.found(query.text, facts.searched) if words.is_asked(query.text) else None


def _styles(query: Query, facts: Facts) -> Mask | None:
    """any: at least one style lies in the range; all: every one does."""
    if not (query.styles and query.style_activation.active):
        return None
    if facts.styles is None:
        return np.zeros(len(facts.frame), dtype=bool)
    held = [query.style_activation.holds(facts.styles.of(name)) for name in query.styles]
    return np.logical_and.reduce(held) if query.style_match == "all" else np.logical_or.reduce(held)


def _range(name: str) -> Callable[[Query, Facts], Mask | None]:
    def keep(query: Query, facts: Facts) -> Mask | None:
        limits: Range = getattr(query, name)
        return limits.holds(numbers(facts.frame, RANGE_COLUMNS[name])) if limits.active else None

    return keep


def _tempo(query: Query, facts: Facts) -> Mask | None:
    if not query.tempo.active:
        return None
    values = numbers(facts.frame, RANGE_COLUMNS["tempo"])
    factors = OCTAVES if query.tempo_octaves else (1.0,)
    return np.logical_or.reduce([query.tempo.holds(values * factor) for factor in factors])


def _voice(query: Query, facts: Facts) -> Mask | None:
    if query.voice == "any":
        return None
    voice = numbers(facts.frame, "voice")
    sung = voice >= VOICE_THRESHOLD
    return sung if query.voice == "voice" else ~sung & ~np.isnan(voice)


def _mood_region(query: Query, facts: Facts) -> Mask | None:
    if not query.mood_region:
        return None
    plane = (numbers(facts.frame, column) for column in ("valence", "arousal"))
    return regions.inside(*plane, query.mood_region)


def _map_region(query: Query, facts: Facts) -> Mask | None:
    if not query.map_region or "map_region" in unanswerable(query, facts):
        return None
    return regions.inside(facts.map_xy[:, 0], facts.map_xy[:, 1], query.map_region)


def _key(query: Query, facts: Facts) -> Mask | None:
    if not query.keys and query.scale == "any":
        return None
    scales = SCALES if query.scale == "any" else (query.scale,)
    wanted = [code(key, scale) for key in query.keys or KEYS for scale in scales]
    return _in_codes(facts, query.key_profile, wanted)


def _in_codes(facts: Facts, profile: str, wanted: Iterable[str]) -> Mask:
    return np.isin(facts.key_codes(profile), [CODES.index(name) for name in wanted])


def _camelot(query: Query, facts: Facts) -> Mask | None:
    if query.camelot is None:
        return None
    return _in_codes(facts, query.key_profile, neighbours(query.camelot))


def _keys_agree(query: Query, facts: Facts) -> Mask | None:
    if not query.keys_agree:
        return None
    first, *others = map(facts.key_codes, PROFILES)
    return np.logical_and.reduce([first >= 0, *(first == other for other in others)])


def _ic_percentile(query: Query, facts: Facts) -> Mask | None:
    limits = query.ic_percentile
    return limits.holds(facts.ic_percentiles) if limits.active else None


def _exclude_artists(query: Query, facts: Facts) -> Mask | None:
    """A track goes when its tag as a whole, or any artist that the tag names, is excluded."""
    unwanted = {normalize_name(name) for name in query.exclude_artists} - {""}
    if not unwanted:
        return None
    codes, tags = facts.artist_tags
    welcome = [unwanted.isdisjoint(names) for names in tags]
    return np.array([*welcome, True])[codes]  # without artist, the code -1: the last


def _exclude_styles(query: Query, facts: Facts) -> Mask | None:
    if not query.exclude_styles:
        return None
    low = query.style_activation.low
    sounding = Range(low if low is not None and low > 0 else EXCLUDED_FROM, None)
    mask = np.ones(len(facts.frame), dtype=bool)
    for name in query.exclude_styles if facts.styles is not None else ():
        mask &= ~sounding.holds(facts.styles.of(name))
    return mask


def _exclude_folders(query: Query, facts: Facts) -> Mask | None:
    """By whole components: /music/Live excludes /music/Live/1.mp3, not /music/Liverpool.mp3."""
    if not query.exclude_folders:
        return None
    starts = tuple(folder.rstrip("/") + "/" for folder in query.exclude_folders)
    return np.array([not path.startswith(starts) for path in facts.paths], dtype=bool)


# Name → the filter, in the order of the funnel.
FILTERS: dict[str, Callable[[Query, Facts], Mask | None]] = {
    "text": _text,
    "styles": _styles,
    "tempo": _tempo,
    "tempo_confidence": _range("tempo_confidence"),
    "danceability": _range("danceability"),
    "danceability_dsp": _range("danceability_dsp"),
    "voice": _voice,
    "valence": _range("valence"),
    "arousal": _range("arousal"),
    "mood_region": _mood_region,
    "map_region": _map_region,
    "key": _key,
    "camelot": _camelot,
    "keys_agree": _keys_agree,
    "loudness": _range("loudness"),
    "ic": _range("ic"),
    "ic_percentile": _ic_percentile,
    "duration": _range("duration"),
    "year": _range("year"),
    "exclude_artists": _exclude_artists,
    "exclude_styles": _exclude_styles,
    "exclude_folders": _exclude_folders,
}
