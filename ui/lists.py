"""The lists of the similarity app: entries with the reason why each is here, and the way to save or
play a list."""

import zlib
from collections import Counter

import numpy as np
import streamlit as st

from engine import shell
from engine.fusion import (
    Fused,
    FusedNeighbour,
    chance_of_overlap,
    overlap,
    overlap_by_chance,
)
from engine.hubness import Hubness
from engine.similarity import SimilarityError
from ui import exports, gaps, players, query_state, queue, seeds
from ui.asked import Asked
from ui.collection import Collection
from ui.found import List, Upload, hubness_of, spaces
from ui.text import count, escaped, of_what, percent

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
FUSED_HELP = (
    "One list from both networks: a track stands high when both place it high (reciprocal rank "
    "fusion, 1 / (60 + place), summed). Places are compared, not scores: the networks' scores do "
    "not mean the same."
)
NAME_LETTERS = 24  # of a seed, in a reason
BY_LOT = 0.05  # chance of an overlap up to which it tells of agreement
REASONS = 3  # seeds named in a reason; the others are counted
PAGE = 10  # tracks that have players at once


def heading(music: Collection, name: str, absent: tuple[str, ...] = ()) -> None:
    """Which network, what it listens for, and whether it is the published one; `absent` are the
    networks that a fused list would have besides."""
    if name == "fused":
        st.subheader("Both networks, fused", help=FUSED_HELP, anchor=False)
    else:
        title, about = NETWORKS[name]
        without = " or ".join(NETWORKS[other][0] for other in absent)
        alone = f" alone: no {without} embeddings" if absent else ""
        st.subheader(f"{title}{alone}", help=about, anchor=False)
    stages = tuple(NETWORKS) if name == "fused" else (name,)
    for stage in (stage for stage in stages if stage in spaces(music)):
        for note in gaps.substitutes(music, stage):
            st.caption(f":material/warning: {NETWORKS[stage][0]}: {escaped(note)}")


def missing(music: Collection, name: str) -> None:
    """A network without any embedding in this library, and why."""
    gap = gaps.space_gap(music, name)
    st.info(f"No {NETWORKS[name][0]} embeddings in this library. {gap.reason if gap else ''}")


def draw(
    music: Collection, asked: Asked, upload: Upload | None, name: str, held: List | SimilarityError
) -> None:
    """One list, or why there is none."""
    if isinstance(held, SimilarityError):
        _no_embedding(music, asked, upload, name)
        return
    found = held.found
    _left_out_seeds(music, asked, upload, found)
    if not found.listed:
        return  # the page has said why
    rows = music.frame.index.get_indexer([entry.track for entry in found.listed])
    _actions(music, asked, upload, name, rows)
    if st.session_state.get("shown_as") == "queue":
        of = "" if name == "fused" else NETWORKS[name][0]
        queue.draw(music, rows, query_state.query(), f"queue_{name}", of=of)
    else:
        _entries(music, asked, upload, name, held, rows)
    if held.came or held.went:
        st.caption(_corrected(music, held))
    if found.copies:
        st.caption(_copies(found))


def nothing(held: dict[str, List | SimilarityError]) -> bool:
    """Whether there are lists, and no track in any of them."""
    return bool(held) and all(
        isinstance(one, List) and not one.found.listed for one in held.values()
    )


def _corrected(music: Collection, held: List) -> str:
    """Who came in and who went out by the correction for hubs."""
    rows = music.frame.index.get_indexer(held.went)
    names = ", ".join(escaped(title) for title in music.names(rows)["title"])
    return f"Corrected for hubs: {count(len(held.came))} came in for {names}."


def hubs(music: Collection) -> None:
    """How uneven the lists of this library are, without and with the correction."""
    with st.spinner("Measuring how uneven the lists of this library are …"):
        known = hubness_of(music)
    for name, held in known.items():
        if held is not None:
            st.caption(f"{NETWORKS[name][0]}: {_uneven(held)}")


def _uneven(held: Hubness) -> str:
    """What the correction does, and what lists drawn by lot would show."""
    before, after, lot = held.cosine, held.csls, held.chance
    told = "evens out" if after.skewness < before.skewness else "does not even out"
    return (
        f"the correction {told} the lists of this library. In the lists of ten of "
        f"{count(held.queries, 'sampled track')}, searched in all {held.tracks:,}, one track comes "
        f"{before.highest:,} times without it and {after.highest:,} times with it; "
        f"{percent(before.never)} and {percent(after.never)} of the tracks never come (skewness "
        f"{before.skewness:.1f} and {after.skewness:.1f}). Drawn by lot: {lot.highest:,} times, "
        f"{percent(lot.never)}, skewness {lot.skewness:.1f}."
    )


def _copies(found: Fused) -> str:
    copies = "1 copy" if len(found.copies) == 1 else f"{len(found.copies):,} copies"
    return f"Left out: {copies} of a seed or of a listed track."


def _no_embedding(music: Collection, asked: Asked, upload: Upload | None, name: str) -> None:
    network = "Neither network" if name == "fused" else NETWORKS[name][0]
    several = len(asked.seeds) + bool(upload) > 1
    what = "any of the seeds" if several else "your file" if upload else "this track"
    verb = "has an" if name == "fused" else "has no"
    st.info(
        f"{network} {verb} embedding of {what}: silent, too short or damaged. See: "
        f"`` {shell.module('engine.library', 'failures', music.library.path)} ``"
    )


def _left_out_seeds(music: Collection, asked: Asked, upload: Upload | None, found: Fused) -> None:
    """Seeds that a network cannot hear."""
    for ranking in found.without:
        name = seed_name(music, asked, upload, ranking.seed)
        st.caption(
            f":material/info: {NETWORKS[ranking.space][0]} has no embedding of {escaped(name)}: "
            "it does not count here."
        )


def seed_name(music: Collection, asked: Asked, upload: Upload | None, place: int) -> str:
    """A seed as reasons name it."""
    if place >= len(asked.seeds):
        name = upload.name
    else:
        name = music.name(int(music.frame.index.get_loc(asked.seeds[place])))["title"]
    if len(name) <= NAME_LETTERS:
        return name
    # Its end too: files without tags of one folder differ only there.
    return f"{name[: NAME_LETTERS // 3]}…{name[-(NAME_LETTERS - NAME_LETTERS // 3 - 1) :]}"


def list_name(music: Collection, asked: Asked, upload: Upload | None, name: str) -> str:
    """A name for the playlist."""
    first = seed_name(music, asked, upload, 0)
    more = len(asked.seeds) + bool(upload) - 1
    title = "both" if name == "fused" else NETWORKS[name][0]
    return f"like {first}{f' and {more} more' if more else ''} ({title})"


def _actions(
    music: Collection, asked: Asked, upload: Upload | None, name: str, rows: np.ndarray
) -> None:
    label = f"Save this list{of_what(NETWORKS[name][0] if name in NETWORKS else '')}"
    with st.popover(label, icon=":material/playlist_add:", width="stretch"):
        named = list_name(music, asked, upload, name)
        # Not hash(): that of a text differs from one process to the next.
        seed = asked.seeds[0] if asked.seeds else zlib.crc32(upload.name.encode("utf-8", "replace"))
        exports.draw(music, rows, named, f"export_{name}", seed)


def _entries(
    music: Collection,
    asked: Asked,
    upload: Upload | None,
    name: str,
    held: List,
    rows: np.ndarray,
) -> None:
    """Players, a page at a time, each with the reason why it is here; a fused list has the width
    for two columns."""
    single = len(asked.seeds) + bool(upload) == 1
    columns = st.columns(2 if asked.view == "fused" else 1, gap="medium")
    many = -(-len(rows) // PAGE)
    # Another list is another widget, and so begins at its first page.
    page_key = f"{name}_page_{zlib.crc32(rows.tobytes())}"
    first = (st.session_state.get(page_key, 1) - 1) * PAGE
    last = min(first + PAGE, len(rows))
    half = -(-(last - first) // len(columns))
    tied = {other: _repeated(ranks) for other, ranks in held.elsewhere.items()}
    for place in range(first + 1, last + 1):
        row, entry = rows[place - 1], held.found.listed[place - 1]
        cosine = entry.cosines[0] if single and name != "fused" else None
        where = [
            _place(NETWORKS[other][0], ranks[place - 1], ranks[place - 1] in tied[other])
            for other, ranks in held.elsewhere.items()
        ]
        lines = [f"{_badge(held, entry.track)}{' · '.join(where)}"]
        if entry.track in held.came:
            lines[0] = f":violet-badge[in by the correction] {lines[0]}"
        if cosine is not None and entry.csls[0] is not None:
            lines.append(
                f":small[Place by the score corrected for hubs (CSLS): {entry.csls[0]:.3f}]"
            )
        if not single:
            lines.append(f":small[{reason(music, asked, upload, held.found, entry)}]")
        with columns[(place - 1 - first) // half]:
            players.player(
                music, int(row), place, f"{name}_{place}", cosine, seeds.replace_by,
                about="  \n".join(line for line in lines if line), add=seeds.add,
                where=f"{NETWORKS[name][0]} {place}" if name in NETWORKS else f"{place}",
                curve=False,
            )  # fmt: skip
    if many > 1:
        st.pagination(many, key=page_key)


def _badge(held: List, track: int) -> str:
    """In whose lists a track is, as Markdown."""
    if len(held.own) < len(NETWORKS):
        return ""  # alone in its library, a network is not "only" one of two
    near = [name for name, tracks in held.own.items() if track in tracks]
    if len(near) == len(NETWORKS):
        return ":green-badge[both] "
    return f":blue-badge[only {NETWORKS[near[0]][0]}] " if near else ""


def _place(title: str, rank: int | None, tied: bool) -> str:
    if rank is None:
        return f"{title} has no embedding of it"
    return f"{title} \\#{rank:,}{' (tied)' if tied else ''}"


def _repeated(ranks: tuple[int | None, ...]) -> set[int]:
    """The places that several tracks of a list share."""
    return {rank for rank, tracks in Counter(ranks).items() if rank and tracks > 1}


def reason(
    music: Collection, asked: Asked, upload: Upload | None, found: Fused, entry: FusedNeighbour
) -> str:
    """Which seeds brought a track here: `near Title (#2), Other title (#9)`, nearest first."""
    best: dict[int, int] = {}
    for ranking, rank in zip(found.rankings, entry.ranks, strict=True):
        if rank is not None:
            best[ranking.seed] = min(rank, best.get(ranking.seed, rank))
    nearest = sorted(best, key=best.__getitem__)
    named = [
        f"{escaped(seed_name(music, asked, upload, seed))} (\\#{best[seed]:,})"
        for seed in nearest[:REASONS]
    ]
    more = f" and {len(nearest) - REASONS} more" if len(nearest) > REASONS else ""
    return f"Near {', '.join(named)}{more}" if named else ""


def compared(music: Collection, asked: Asked, held: dict[str, List | SimilarityError]) -> None:
    """How far the two networks agree, or why no list has a track."""
    usable = [one for one in held.values() if isinstance(one, List)]
    if usable and not any(one.found.listed for one in usable):
        st.info(_nothing(asked, usable), icon=":material/search_off:")
        return
    if asked.view == "side" and len(usable) == len(NETWORKS):
        both = [[entry.track for entry in one.found.listed] for one in usable]
        pool = max(one.found.candidates for one in usable)
        if pool >= SPARE * max(map(len, both)):  # or any two lists would have much in common
            st.markdown(_shared(*both, pool))


SPARE = 3  # times the length of a list: so many candidates for a comparison to say something
# How much more two lists have in common than chance would give, in words.
AGREE = (
    "The two networks disagree: lists drawn by lot might share as much.",
    "The two networks agree a little.",
    "The two networks agree on about half.",
    "The two networks mostly agree.",
)


def _agreement_level(shared: int, lengths: tuple[int, int], pool: int) -> int:
    """Place in AGREE."""
    if chance_of_overlap(shared, *lengths, pool) > BY_LOT:
        return 0
    usual = overlap_by_chance(*lengths, pool)
    excess = (shared - usual) / (min(lengths) - usual)
    return 1 if excess < 0.4 else 2 if excess <= 0.6 else 3


def _shared(one: list[int], other: list[int], pool: int) -> str:
    lengths = len(one), len(other)
    shared = overlap(one, other, depth=max(lengths))
    verb = "is" if shared == 1 else "are"
    return (
        f"**{AGREE[_agreement_level(shared, lengths, pool)]}** {shared or 'None'} of the "
        f"{min(lengths)} tracks {verb} in both lists. Lists drawn by lot from the "
        f"{pool:,} candidates would share {overlap_by_chance(*lengths, pool):.2g} on average."
    )


def _nothing(asked: Asked, usable: list[List]) -> str:
    copies = max(len(one.found.copies) for one in usable)
    if asked.apart:
        return (
            "Every track that may be listed is of the same artist or album as a seed, or a copy. "
            "Take something off “Leave out”."
        )
    if copies:
        return f"There is no other recording in this library to compare with: {copies:,} copies."
    return "There is no other recording in this library to compare with."
