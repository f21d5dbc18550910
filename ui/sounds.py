"""The sound of one track, as the browser gets it."""

import math
import os

import streamlit as st

from engine.library import LibraryError
from engine.previews import Preview, PreviewError, find, middle, whole
from ui.collection import Collection
from ui.text import escaped, length

# Why a file is not played: players decode in the app itself, which a hostile file would end.
UNPLAYED = {
    "crashed": "This file crashed the analysis, so it is not played here: the app could end, too.",
    "timeout": "This file kept the analysis busy without an end, so it is not played here.",
    "unreadable": "The analysis could not read this file, so it is not played here.",
}
CLIPS_KEPT = 100  # in memory: at most 1.2 MB each for a clip of a minute


def of(collection: Collection, row: int) -> Preview:
    """What to play of a track. PreviewError, one sentence, where there is nothing."""
    track = int(collection.frame.index[row])
    if status := collection.standing.unsafe.get(track):
        raise PreviewError(UNPLAYED[status])
    values = collection.frame.iloc[row]
    codec = values["codec"] if isinstance(values["codec"], str) else ""
    seconds = 0.0 if math.isnan(values["duration_s"]) else float(values["duration_s"])
    try:
        path = find(collection.location(track))
        state = os.stat(path)  # noqa: PTH116 - bytes
        return whole(path, codec) or _clip(path, state.st_size, state.st_mtime_ns, seconds)
    except (KeyError, OSError, LibraryError) as error:
        raise PreviewError("This track disappeared just now. Reload the page.") from error


def draw(collection: Collection, row: int, brief: bool = False, where: str = "") -> None:
    """An audio element and what it leaves out, or the reason why there is none.

    `brief`: on one line, also on a phone. `where` it is on the page, for screen readers.
    """
    try:
        sound = of(collection, row)
    except PreviewError as error:
        st.warning(escaped(str(error)), icon=":material/music_off:")
        return
    track = collection.name(row)
    named = " · ".join(filter(None, (track["title"], track["artist"], where)))
    st.audio(sound.data, sound.mime, alt=named)
    if sound.seconds is not None:
        clip = f"A clip of {round(sound.seconds)} s, from {length(sound.start_s)} on"
        why = "the file is too large to play whole, or of a kind that browsers do not play."
        st.caption(f"{clip}." if brief else f"{clip}: {why}")


@st.cache_resource(max_entries=CLIPS_KEPT, show_spinner="Preparing the sound …")
def _clip(path: bytes, size: int, changed: int, seconds: float) -> Preview:
    """Size and time of change are part of the key: another file under the name is another clip."""
    return middle(path, seconds)
