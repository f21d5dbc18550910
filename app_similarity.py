"""Choose a track and hear what sounds most like it, to two networks, side by side.

streamlit run app_similarity.py -- --library DIR
"""

import secrets
from functools import partial

import numpy as np
import streamlit as st

from engine.similarity import Neighbours, SimilarityError, most_similar
from ui import collection, exports, gaps, page, players
from ui.text import count, escaped

NETWORKS = {
    "effnet": (
        "EffNet",
        "Trained to tell the 400 styles of the Discogs catalogue apart: listens for genre, "
        "production and instruments.",
    ),
    "musicnn": (
        "MusiCNN",
        "Trained to predict the tags of the Million Song Dataset: listens for timbre, mood and "
        "instruments.",
    ),
}
HITS = 50  # offered of a search
ID_DIGITS = 18  # of a track; more would not fit into its 64 bits


def main() -> None:
    """The page, from top to bottom."""
    page.begin("similarity", "Choose a track and hear what sounds most like it.")
    music = collection.opened()
    row = choose(music)
    music.preload(*(partial(music.space, name) for name in NETWORKS), music.haystack)
    if row is None:
        st.info(
            "Choose a track: the ten that sound most like it come up here, twice, as two networks "
            "hear it.",
            icon=":material/search:",
        )
        st.stop()
    st.subheader("Your track", anchor=False)
    players.player(music, row, None, "query")
    columns = st.columns(2, gap="medium")
    for column, name in zip(columns, NETWORKS, strict=True):
        with column:
            show_list(music, row, name)


def choose(music: collection.Collection) -> int | None:
    """Search, pick or leave it to chance; the row of the track, kept in the address of the page."""
    if "track" not in st.session_state:
        st.session_state["track"] = linked(music)
    search, chance = st.columns([4, 1], vertical_alignment="bottom")
    words = search.text_input(
        "Search",
        key="search",
        placeholder="Words of title, artist or file name",
        icon=":material/search:",
    )
    chance.button(
        "Surprise me", key="chance", on_click=at_random, args=(music,), width="stretch",
        icon=":material/casino:",
    )  # fmt: skip
    hits = matching(music, words)
    st.session_state["pick"] = None
    st.selectbox(
        f"{count(len(hits))} found" + (f", the first {HITS} offered" if len(hits) > HITS else ""),
        [int(row) for row in hits[:HITS]],
        format_func=lambda row: described(music, row),
        key="pick",
        placeholder="Choose a track" if len(hits) else "Nothing found: try fewer or other words",
        on_change=picked,
        args=(music,),
        disabled=not len(hits),
    )
    track = st.session_state["track"]
    if track is None or track not in music.frame.index:
        return None
    st.query_params["track"] = str(track)
    return int(music.frame.index.get_loc(track))


def linked(music: collection.Collection) -> int | None:
    """The track of the link, if it names one of this library."""
    asked = st.query_params.get("track", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= ID_DIGITS):
        return None
    return int(asked) if int(asked) in music.frame.index else None


def matching(music: collection.Collection, words: str) -> np.ndarray:
    """Rows that hold all words, in the order of the library."""
    mask = np.ones(len(music.frame), dtype=bool)
    asked = words.casefold().split()
    haystack = music.haystack() if asked else None
    for word in asked:
        mask &= haystack.str.contains(word, regex=False).to_numpy(dtype=bool)
    return np.flatnonzero(mask)


def described(music: collection.Collection, row: int) -> str:
    """A track in one line of the list; the file tells apart what is named alike."""
    track = music.name(row)
    return " · ".join(part for part in (track["title"], track["artist"], track["album"]) if part)


def picked(music: collection.Collection) -> None:
    """A track was chosen in the list."""
    row = st.session_state["pick"]
    if row is not None:
        go_to(int(music.frame.index[row]))


def at_random(music: collection.Collection) -> None:
    """Any track of the library."""
    go_to(int(music.frame.index[secrets.randbelow(len(music.frame))]))


def go_to(track: int) -> None:
    """Make a track the query."""
    st.session_state["track"] = track


def show_list(music: collection.Collection, row: int, name: str) -> None:
    """The neighbours in one space: heading, players, export."""
    title, about = NETWORKS[name]
    st.subheader(title, help=about, anchor=False)
    for note in gaps.substitutes(music, name):
        st.caption(f":material/warning: {escaped(note)}")
    space = music.space(name)
    if space is None:
        missing = gaps.space_gap(music, name)
        st.info(f"No {title} embeddings in this library. {missing.reason if missing else ''}")
        if missing:
            st.code(missing.command, language="bash", wrap_lines=True)
        return
    try:
        found = most_similar(space, int(music.frame.index[row]), music.recordings)
    except SimilarityError:
        st.info(
            f"This track has no {title} embedding: it is silent, too short or damaged. "
            f"See: `python -m engine.library failures {gaps.shell_word(str(music.library.path))}`."
        )
        return
    show_neighbours(music, row, found, name)


def show_neighbours(music: collection.Collection, query: int, found: Neighbours, name: str) -> None:
    """Players with scores, what was left out, and the way to save the list."""
    if not found.listed:
        st.info("There is no other recording in this library to compare with.")
        return
    rows = music.frame.index.get_indexer([neighbour.track for neighbour in found.listed])
    with st.popover("Save this list", icon=":material/playlist_add:", width="stretch"):
        title = music.name(query)["title"]
        suggested = f"like {title} ({NETWORKS[name][0]})"
        exports.draw(music, rows, suggested, f"export_{name}", int(music.frame.index[query]))
    for place, (row, neighbour) in enumerate(zip(rows, found.listed, strict=True), start=1):
        players.player(music, int(row), place, f"{name}_{place}", neighbour.cosine, go_to)
    if found.copies:
        copies = "1 copy" if len(found.copies) == 1 else f"{len(found.copies):,} copies"
        st.caption(f"Left out: {copies} of your track or of a listed one.")


if __name__ == "__main__":
    main()
