"""A file of the person's own as a seed: analysed on the spot, and not added to the library."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from engine.analyse_once import MAX_BYTES, Analysed, AnalysisError, analyse
from engine.similarity import copies_of
from engine.weights import TITLES
from ui.collection import Collection
from ui.found import Upload, spaces
from ui.text import count, escaped, hours, length, number

LABEL = (
    "A sound file to compare with the library: MP3, FLAC, WAV and most others, up to "
    f"{MAX_BYTES >> 20} MB"
)
SHOWN = ("tempo_bpm", "loudness_lufs")
HEARD_WHOLE_S = 1.0  # more than analysed is no part worth a word
PLAYED_BYTES = 30 * 2**20  # sent to the browser whole; a larger file is only compared


@dataclass(frozen=True)
class Outcome:
    """What came of a file: one of the first two."""

    upload: Upload | None
    problem: str  # a sentence
    held: tuple[int, ...] = ()  # ids of the tracks of the library that are this recording


NOTHING = Outcome(None, "")


def draw(music: Collection, take: Callable[[int], None]) -> Upload | None:
    """The uploader, and what came of its file; kept until the file is taken away. `take` gets the
    id of a track of the library that is the same recording, if its person would rather have that
    as the seed."""
    state = st.session_state
    state.setdefault("upload_number", 0)
    with st.expander("Or take a file of your own", key="upload_box", icon=":material/upload_file:"):
        file = st.file_uploader(
            LABEL,
            key=f"upload_{state['upload_number']}",
            max_upload_size=MAX_BYTES >> 20,
            on_change=_changed,
            help="It is analysed here, on the computer that runs this app, which takes some "
            "seconds, and is forgotten afterwards: the library stays as it is. A link to this page "
            "does not hold it.",
        )
        if file is not None:
            state["upload"] = _outcome(music, file)
        came: Outcome = state.get("upload", NOTHING)
        if came.problem:
            st.error(escaped(came.problem), icon=":material/error:")
        _held_already(music, came.held, take)
        if (held := came.upload) is not None:
            _about(held)
            if file is not None and file.size <= PLAYED_BYTES:
                st.audio(file, file.type, alt=f"{held.name}, your file")
    return held


def _held_already(music: Collection, held: tuple[int, ...], take: Callable[[int], None]) -> None:
    """That the library has this recording, and the way to its own track."""
    copies = [track for track in held if track in music.frame.index]
    if not copies:
        return
    track = music.name(int(music.frame.index.get_loc(copies[0])))
    named = " · ".join(filter(None, (track["title"], track["artist"], track["album"])))
    more = f" and {count(len(copies) - 1, 'copy', 'copies')} of it" if len(copies) > 1 else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/check: You have this: {escaped(named)}{more}.", width="content")
        st.button("Use it as the seed", key="upload_held", on_click=take, args=(copies[0],))


def forget() -> None:
    """Go on without the file, and with an empty uploader."""
    state = st.session_state
    state["upload"] = NOTHING
    state["upload_number"] = state.get("upload_number", 0) + 1


def _changed() -> None:
    """Taken away by the uploader's own cross, the file is no seed any longer."""
    if st.session_state[f"upload_{st.session_state['upload_number']}"] is None:
        forget()


def _outcome(music: Collection, file: UploadedFile) -> Outcome:
    """What came of a file; analysed once, whatever is clicked meanwhile.

    A click during the analysis ends this run of the script at its next word to Streamlit, which
    includes the session's state: the outcome is put first into a dictionary that is held already.
    """
    kept: dict[str, Outcome] = st.session_state.setdefault("uploads", {})
    if file.file_id not in kept:
        with st.spinner("Analysing your file …", show_time=True):
            found = _analysed(music, file)
            kept.clear()
            kept[file.file_id] = found
    return kept[file.file_id]


def _analysed(music: Collection, file: UploadedFile) -> Outcome:
    try:
        found = analyse(file.getvalue(), file.name, music.library)
    except AnalysisError as error:
        return Outcome(None, f"{file.name}: {error}")
    outside = found.outside()
    held = tuple(copies_of(outside, music.recordings, list(spaces(music).values())))
    if not found.vectors:
        reasons = " ".join(dict.fromkeys(found.gaps.values()))
        return Outcome(None, f"{file.name} cannot be compared. {reasons}", held)
    return Outcome(Upload(file.file_id, found.name, outside, found.values, _notes(found)), "", held)


def _notes(found: Analysed) -> tuple[str, ...]:
    """How it went, what was heard of it, what is missing, and how far to trust it."""
    duration_s = found.media.duration_s or 0.0
    told = [f"{length(duration_s)} long, analysed in {found.seconds:.0f} s."]
    if found.span_s and duration_s > found.span_s + HEARD_WHOLE_S:
        told.append(f"Of so long a file, the middle {hours(found.span_s)} were analysed.")
    told += [f"No {TITLES[space]} list for it. {why}" for space, why in found.gaps.items()]
    return (*told, *found.remarks)


def _about(held: Upload) -> None:
    """Name, key facts and notes."""
    facts = [number(held.values[column], column) for column in SHOWN if column in held.values]
    shown = [f"**{escaped(held.name)}**", *(escaped(fact) for fact in facts if fact)]
    st.markdown(" · ".join(shown))
    for note in held.notes:
        st.caption(escaped(note))
