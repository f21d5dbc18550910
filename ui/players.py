"""Players: one track with its key facts and something that the browser can play."""

import math
from collections.abc import Callable, Mapping

import streamlit as st

from engine import camelot
from ui import covers, curves, sounds
from ui.collection import Collection
from ui.gaps import substitutes
from ui.text import escaped, length, number, of_what, style_name


def player(
    collection: Collection,
    row: int,
    rank: int | None,
    key: str,
    score: float | None = None,
    go_to: Callable[[int], None] | None = None,
    about: str | None = None,
    add: Callable[[int], None] | None = None,
    *,
    where: str = "",
    facts: bool = True,
    curve: bool = True,
) -> None:
    """One track: who it is, what it sounds like in figures, and its sound or why there is none.

    `go_to` gets the track's id when its person asks for more like it, `add` when they want it
    among the seeds; `about` is one more line of Markdown. `where` it stands, such as a list and its
    place there, tells screen readers its buttons from those of other players. Without `facts`, only
    names and sound: figures would tell a listener which network chose the track. The curve of IC is
    a plot, too slow to draw for twenty tracks at once.
    """
    track = collection.name(row)
    with st.container(border=True, key=key, gap="small"):
        place = f"{rank}\\. " if rank else ""  # escaped: no list of its own for each track
        artist = f" · {escaped(track['artist'])}" if track["artist"] else ""
        similar = f" :gray-badge[{score:.3f}]" if score is not None else ""
        st.markdown(f"{place}**{escaped(track['title'])}**{artist}{similar}")
        cover = covers.of(collection, row)
        if cover or facts or about is not None:  # an empty container would leave a gap
            with st.container(horizontal=True, gap="small", wrap=False):
                if cover:
                    covers.draw(collection, row, key)
                with st.container(gap="small"):
                    if facts:
                        st.caption(escaped_facts(collection, row))
                    if about is not None:
                        st.markdown(about)
        sounds.draw(collection, row, where=where)
        if facts and curve:
            curves.draw(collection, row, f"{key}_curve")
        named = of_what(", ".join(part for part in (track["title"], where) if part))
        ways = (("More like this", "more", go_to), ("Add to the seeds", "add", add))
        with st.container(horizontal=True, gap="medium"):
            for label, name, way in ways:
                if way is not None:
                    args = (int(collection.frame.index[row]),)
                    st.button(
                        label + named, f"{key}_{name}", on_click=way, args=args, type="tertiary"
                    )


def escaped_facts(collection: Collection, row: int) -> str:
    """3:07 · 124 BPM · A minor (8A) · −9.3 LUFS · Rock › Punk 0.83 · IC 3.1, as Markdown."""
    values: Mapping = collection.frame.iloc[row]
    facts = [number(values["tempo_bpm"], "tempo_bpm")]
    if isinstance(values["key_edma"], str):
        key, scale = values["key_edma"], values["scale_edma"]
        facts.append(f"{key} {scale} ({camelot.code(key, scale)})")
    facts.append(number(values["loudness_lufs"], "loudness_lufs"))
    if isinstance(values["style"], str) and not substitutes(collection, "effnet"):
        activation = number(values["style_activation"], "style_activation")
        facts.append(f"{style_name(values['style'])} {activation}")
    if not math.isnan(values["ic_mean"]):
        facts.append(f"IC {values['ic_mean']:.2f}".replace("-", "\u2212"))  # a real minus sign
    # Lines break between facts, after the dot.
    kept = [escaped(fact).replace(" ", "\u00a0") for fact in facts if fact]
    kept = [length(values["duration_s"]), *kept] if values["duration_s"] > 0 else kept
    return "\u00a0· ".join(kept)
