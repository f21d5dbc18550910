"""The groups of filters: rhythm, key, mood, voice, loudness, surprise, time.

One function a group, each a few widgets from top to bottom. Where a descriptor is missing, its
reason stands in its place.
"""

import streamlit as st

from engine import camelot
from engine.descriptors import DESCRIPTORS, KEY_HELP, KEYS, PROFILES, SCALES
from ui import query_state, sliders
from ui.bound import bound, clearable
from ui.collection import Collection
from ui.gaps import column_gap
from ui.names import PROFILE_NAMES, VOICE_NAMES
from ui.text import count

CAMELOT_HELP = (
    "Keys that DJs mix without a clash, by the Camelot wheel: the same number, one number up or "
    "down with the same letter, and the same number with the other letter. 8A is A minor, 8B is C "
    "major. As dependable as the keys themselves: see their help."
)
AGREE_HELP = (
    "Only tracks whose key and scale the three profiles hear alike: fewer tracks, but keys that "
    "can be trusted much more. Noise can be among them."
)
OCTAVES_HELP = (
    "A tempo is often measured at half or double of what you feel. With this, 120 to 130 BPM also "
    "finds 60 to 65 and 240 to 260 BPM."
)
PERCENTILE_HELP = (
    "The rank of a track's mean IC among all tracks of this library that the same model heard: 0 "
    "is the most predictable, 100 the most surprising. Values of different models cannot be "
    "compared, and ranks only as far as the models heard similar music."
)


def rhythm(collection: Collection) -> None:
    """Tempo with its octaves and confidence, and danceability."""
    if sliders.descriptor(collection, "tempo"):
        bound(st.toggle, "Also half and double time", key="tempo_octaves", help=OCTAVES_HELP)
        if column_gap(collection, "tempo_confidence") is None:
            sliders.descriptor(collection, "tempo_confidence")
    network = column_gap(collection, "danceability")
    sliders.descriptor(collection, "danceability" if network is None else "danceability_dsp")
    if network is not None and column_gap(collection, "danceability_dsp") is None:
        sliders.explain("The signal's danceability stands in for the network's.", network)


def key(collection: Collection) -> None:
    """Tonic and scale, or what mixes with a key, by one profile or where all agree."""
    if gap := column_gap(collection, f"key_{st.session_state['key_profile']}"):
        sliders.explain("Key and scale: not in this library.", gap)
        return
    bound(st.multiselect, "Key", KEYS, key="keys", placeholder="Any", help=KEY_HELP)
    bound(
        st.segmented_control,
        "Scale",
        ["any", *SCALES],
        format_func=str.capitalize,
        key="scale",
        required=True,
    )
    clearable(
        st.selectbox,
        "Mixes with",
        camelot.CODES,
        format_func=camelot_name,
        key="camelot",
        placeholder="Any key",
        help=CAMELOT_HELP,
        filter_mode="contains",
    )
    bound(st.toggle, "All three profiles agree", key="keys_agree", help=AGREE_HELP)
    bound(
        st.selectbox,
        "Key profile",
        list(PROFILES),
        format_func=lambda name: f"{PROFILE_NAMES[name]} ({PROFILES[name]})",
        key="key_profile",
        help="What the sound is compared with to find the key. Choose the one whose music is "
        "nearest to yours; where they disagree, be careful.",
    )


def camelot_name(code: str) -> str:
    """`8A · A minor`."""
    return f"{code} · {CAMELOT_KEYS[code]}"


CAMELOT_KEYS = {
    camelot.code(tonic, scale): f"{tonic} {scale}" for tonic in KEYS for scale in SCALES
}


def mood(collection: Collection) -> None:
    """Valence and arousal, and the region that was drawn on their plane."""
    there = sliders.descriptor(collection, "valence", "Valence and arousal")
    if column_gap(collection, "arousal") is None:
        sliders.descriptor(collection, "arousal")
    if there:
        mood_region()


def mood_region() -> None:
    """The region of mood, which the sliders follow; or where one is drawn."""
    if query_state.query().mood_region:
        region("mood_region", "Region of mood", "on the Mood tab; a slider that is moved ends it")
    elif st.session_state.get("planes", True):  # a page without planes has no such tab
        st.caption("Or draw a region on the Mood tab.")


def on_map(collection: Collection) -> None:
    """The region that was drawn on the map."""
    if query_state.query().map_region:
        region("map_region", "Region on the map", "on the Map tab")
    else:
        st.caption("Tracks that sound alike lie together on the Map tab: draw a region there.")


def region(name: str, label: str, where: str) -> None:
    """A region that was drawn, and how to be rid of it."""
    corners = getattr(query_state.query(), name)
    said, button = st.columns([3, 2], vertical_alignment="center")
    said.caption(f"{label}: {count(len(corners), 'corner')}, drawn {where}.")
    button.button(
        "Remove region",
        key=f"remove_{name}",
        on_click=query_state.relax,
        args=(name,),
        width="stretch",
    )


def voice(collection: Collection) -> None:
    """Sung or instrumental."""
    if gap := column_gap(collection, "voice"):
        sliders.explain("Voice or instrumental: not in this library.", gap)
        return
    bound(
        st.segmented_control,
        "Voice",
        list(VOICE_NAMES),
        format_func=VOICE_NAMES.get,
        key="voice",
        required=True,
        help=DESCRIPTORS["voice"].help,
    )


def loudness(collection: Collection) -> None:
    """Integrated loudness."""
    sliders.descriptor(collection, "loudness")


def surprise(collection: Collection) -> None:
    """Mean information content, as a value where one model gave all, and as a rank."""
    models = collection.ic_models
    if len(models) == 1:
        sliders.descriptor(collection, "ic")
    else:
        st.caption(
            f":material/info: The values come from {len(models)} models, whose scales differ: "
            "filter by rank."
        )
    sliders.plain("ic_percentile", "Rank of mean IC (percentile)", 1.0, "%.0f", PERCENTILE_HELP)


def time(collection: Collection) -> None:
    """Duration in minutes, and year of release."""
    sliders.plain(
        "duration", "Duration (minutes)", 0.5, "%g", "Length of the track, as its file says."
    )
    if not collection.has("year"):
        st.caption(":material/info: Year: no file has one in its tags.")
        return
    sliders.plain(
        "year", "Year", 1.0, "%.0f",
        "From the files' tags, as exact as whoever wrote them; often the year of a reissue. "
        f"{count(collection.missing['year'])} without a year are left out by this filter.",
    )  # fmt: skip
