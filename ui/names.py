"""Filters, orders and limits as the page names them: in labels, in the funnel and in advice."""

from dataclasses import replace

from engine.descriptors import DESCRIPTORS
from engine.descriptors import PROFILE_NAMES as PROFILE_NAMES
from engine.filters import implied
from engine.query import COLUMN_ORDERS, Query
from ui.collection import Collection

# Names of engine.filters, and of fields of a Query.
NAMES = {
    "text": "Search",
    "styles": "Style",
    "tempo": "Tempo",
    "tempo_confidence": "Tempo confidence",
    "danceability": "Danceability",
    "danceability_dsp": "Danceability",
    "voice": "Voice",
    "valence": "Valence",
    "arousal": "Arousal",
    "mood_region": "Region of mood",
    "map_region": "Region on the map",
    "key": "Key",
    "camelot": "Mixes with",
    "keys_agree": "Profiles agree",
    "loudness": "Loudness",
    "ic": "Mean IC",
    "ic_percentile": "IC percentile",
    "duration": "Duration",
    "year": "Year",
    "exclude_artists": "Artists left out",
    "exclude_styles": "Styles left out",
    "exclude_folders": "Folders left out",
}
# Fields of a Query that a filter consists of, where they are not just its name.
FIELDS = {
    "key": ("keys", "scale"),
    "tempo": ("tempo", "tempo_octaves"),
    "styles": ("styles", "style_match", "style_activation"),
    "map_region": ("map_region", "map_of"),
}
VOICE_NAMES = {"any": "Any", "voice": "Voice", "instrumental": "Instrumental"}
ORDER_NAMES = {
    "style": "Best match",
    "shuffle": "Shuffle",
    "smooth": "Smooth path",
    "ic_arc": "Arc of surprise",
    "middle": "Middle of the ranges",
    "artist": "Artist",
    "album": "Album",
    "title": "Title",
    "path": "Folder and file",
    **{
        column: DESCRIPTORS[column].label if column in DESCRIPTORS else "Year"
        for column in COLUMN_ORDERS
    },
}


def named(filter_name: str, collection: Collection) -> str:
    """A filter as its label names it: tags stand in for styles where those are missing."""
    if collection.vocabulary[0] == "tags":
        swapped = {"styles": "Tags", "exclude_styles": "Tags left out"}
        return swapped.get(filter_name, NAMES[filter_name])
    return NAMES[filter_name]


def relaxed(query: Query, filter_name: str) -> Query:
    """The query without one filter; a region of mood takes the sliders that follow it along."""
    parts = set(FIELDS.get(filter_name, (filter_name,)))
    if filter_name == "mood_region":
        parts |= implied(query)
    return replace(query, **{part: getattr(Query(), part) for part in parts})
