"""The lists of the similarity app: entries with the reason why each is here, and the way to save or
play a list."""

import zlib

import numpy as np
import streamlit as st

from engine.fusion import Fused, FusedNeighbour, overlap
from engine.similarity import SimilarityError
from ui import exports, gaps, players, query_state, queue, seeds
from ui.asked import Asked
from ui.collection import Collection
from ui.found import List, Upload, hubness_of
from ui.text import count, escaped, percent

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
REASONS = 3  # seeds named in a reason; the others are counted


def heading(music: Collection, name: str) -> None:
    """Which network, what it listens for, and whether it is the published one."""
    if name == "fused":
        st.subheader("Both networks, fused", help=FUSED_HELP, anchor=False)
        stages = tuple(NETWORKS)
    else:
        title, about = NETWORKS[name]
        st.subheader(title, help=about, anchor=False)
        stages = (name,)
    for stage in stages:
        for note in gaps.substitutes(music, stage):
            st.caption(f":material/warning: {NETWORKS[stage][0]}: {escaped(note)}")


def missing(music: Collection, name: str) -> None:
    """A network without any embedding in this library: why, and the command that fills it."""
    gap = gaps.space_gap(music, name)
    st.info(f"No {NETWORKS[name][0]} embeddings in this library. {gap.reason if gap else ''}")
    if gap:
        st.code(gap.command, language="bash", wrap_lines=True)


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
        queue.draw(music, rows, query_state.query(), f"queue_{name}")
    else:
        _entries(music, asked, upload, name, held, rows)
    if held.came or held.went:
        st.caption(_corrected(music, held))
    if found.copies:
        st.caption(_copies(found))


def _corrected(music: Collection, held: List) -> str:
    """Who came in and who went out by the correction for hubs."""
    rows = music.frame.index.get_indexer(held.went)
    names = ", ".join(escaped(title) for title in music.names(rows)["title"])
    return f"Corrected for hubs: {count(len(held.came))} came in for {names}."


def hubs(music: Collection) -> None:
    """How uneven the lists of this library are, without and with the correction."""
    for name, held in hubness_of(music).items():
        if held is not None:
            before, after = held.cosine, held.csls
            told = "evens out" if after.skewness < before.skewness else "does not even out"
            st.caption(
                f"{NETWORKS[name][0]}: the correction {told} the lists of this library. Of the "
                f"lists of ten of {count(held.tracks)}, one track is in {before.highest:,} without "
                f"it and in {after.highest:,} with it; {percent(before.never)} and "
                f"{percent(after.never)} of the tracks are in none (skewness "
                f"{before.skewness:.1f} and {after.skewness:.1f})."
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
        f"`python -m engine.library failures {gaps.shell_word(str(music.library.path))}`."
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
    with st.popover("Save this list", icon=":material/playlist_add:", width="stretch"):
        named = list_name(music, asked, upload, name)
        about = asked.seeds[0] if asked.seeds else zlib.crc32(upload.name.encode("utf-8", "replace"))
        exports.draw(music, rows, named, f"export_{name}", about)


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
    columns = st.columns(2 if name == "fused" else 1, gap="medium")
    many = -(-len(rows) // players.PAGE)
    # Another list is another widget, and so begins at its first page.
    page_key = f"{name}_page_{zlib.crc32(rows.tobytes())}"
    first = (st.session_state.get(page_key, 1) - 1) * players.PAGE
    last = min(first + players.PAGE, len(rows))
    half = -(-(last - first) // len(columns))
    for place in range(first + 1, last + 1):
        row, entry = rows[place - 1], held.found.listed[place - 1]
        cosine = entry.cosines[0] if single and name != "fused" else None
        others = {other: ranks[place - 1] for other, ranks in held.elsewhere.items()}
        lines = [agreement(name, others, asked.count)]
        if entry.track in held.came:
            lines[0] = f":violet-badge[in by the correction] {lines[0]}"
        if not single:
            lines.append(f":small[{reason(music, asked, upload, held.found, entry)}]")
        with columns[(place - 1 - first) // half]:
            players.player(
                music, int(row), place, f"{name}_{place}", cosine, seeds.replace_by,
                about="  \n".join(line for line in lines if line), add=seeds.add, curve=False,
            )  # fmt: skip
    if many > 1:
        st.pagination(many, key=page_key)


def agreement(name: str, others: dict[str, int | None], depth: int) -> str:
    """Where the other network, or each one, places a track; as Markdown."""
    where = " · ".join(_place(NETWORKS[other][0], rank) for other, rank in others.items())
    near = [other for other, rank in others.items() if rank and rank <= depth]
    if name != "fused":
        near.append(name)
    if len(near) == len(NETWORKS):
        return f":green-badge[both] {where}"
    # Alone in its library, a network is not "only" one of two.
    if near and others.keys() - {name}:
        return f":blue-badge[only {NETWORKS[near[0]][0]}] {where}"
    return where


def _place(title: str, rank: int | None) -> str:
    return f"{title} has no embedding of it" if rank is None else f"{title} \\#{rank:,}"


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
        depth = min(asked.count, *map(len, both))
        shared = overlap(*both, depth=asked.count)
        st.markdown(f"**{AGREE[_agreement_level(shared, depth)]}** {_shared(shared, depth)}")


# How much two lists have in common, in words.
AGREE = (
    "The two networks disagree.",
    "The two networks agree a little.",
    "The two networks agree on about half.",
    "The two networks mostly agree.",
)


def _agreement_level(shared: int, depth: int) -> int:
    if not shared or not depth:
        return 0
    return 1 if shared / depth < 0.4 else 2 if shared / depth <= 0.6 else 3


def _shared(shared: int, depth: int) -> str:
    verb = "is" if shared == 1 else "are"
    return f"{shared or 'None'} of the {depth} tracks {verb} in both lists."


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
