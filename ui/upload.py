"""A file of the person's own as a seed: analysed on the spot, and not added to the library."""

import streamlit as st

from engine.analyse_once import MAX_BYTES, TITLES, Analysed, AnalysisError, analyse
from engine.discover import AUDIO_EXTENSIONS
from ui.collection import Collection
from ui.found import Upload
from ui.text import escaped, length, number

TYPES = sorted(extension.decode().lstrip(".") for extension in AUDIO_EXTENSIONS)
SHOWN = ("tempo_bpm", "loudness_lufs")
PLAYED_BYTES = 30 * 2**20  # sent to the browser whole; a larger file is only compared


def draw(music: Collection) -> Upload | None:
    """The uploader, and what came of its file; kept until the file is taken away."""
    state = st.session_state
    state.setdefault("upload_number", 0)
    with st.expander("Or take a file of your own", key="upload_box", icon=":material/upload_file:"):
        file = st.file_uploader(
            "A sound file to compare with the library",
            TYPES,
            key=f"upload_{state['upload_number']}",
            max_upload_size=MAX_BYTES >> 20,
            help="It is analysed here, on the computer that runs this app, which takes some "
            "seconds, and is forgotten afterwards: the library stays as it is. A link to this page "
            "does not hold it.",
        )
        if file is not None and state.get("upload_file") != file.file_id:
            state["upload_file"] = file.file_id
            state["upload"] = _analysed(music, file.getvalue(), file.name)
        if state.get("upload_problem"):
            st.error(escaped(state["upload_problem"]), icon=":material/error:")
        held: Upload | None = state.get("upload")
        if held is not None:
            _about(held)
            if file is not None and file.size <= PLAYED_BYTES:
                st.audio(file, file.type, alt=held.name)
    return held


def forget() -> None:
    """Go on without the file, and with an empty uploader."""
    state = st.session_state
    state["upload"], state["upload_problem"], state["upload_file"] = None, "", None
    state["upload_number"] = state.get("upload_number", 0) + 1


def _analysed(music: Collection, data: bytes, name: str) -> Upload | None:
    """What came of a file; None, and a sentence in the session, where nothing did."""
    st.session_state["upload_problem"] = ""
    try:
        with st.spinner("Analysing your file …", show_time=True):
            found = analyse(data, name, music.library)
    except AnalysisError as error:
        st.session_state["upload_problem"] = f"{name}: {error}"
        return None
    if not found.vectors:
        reasons = " ".join(dict.fromkeys(found.gaps.values()))
        st.session_state["upload_problem"] = f"{name} cannot be compared. {reasons}"
        return None
    return Upload(found.name, found.outside(), found.values, _notes(found))


def _notes(found: Analysed) -> tuple[str, ...]:
    """How it went, what is missing, and how far to trust it."""
    told = [f"{length(found.media.duration_s or 0.0)} long, analysed in {found.seconds:.0f} s."]
    told += [f"No {TITLES[space]} list for it. {why}" for space, why in found.gaps.items()]
    return (*told, *found.remarks)


def _about(held: Upload) -> None:
    """Name, key facts and notes."""
    facts = [number(held.values[column], column) for column in SHOWN if column in held.values]
    st.markdown(f"**{escaped(held.name)}** {escaped(' · '.join(filter(None, facts)))}")
    for note in held.notes:
        st.caption(escaped(note))
