"""The style filter: a tree of genres and styles with counts, and what is to be left out.

A genre stands for all of its styles. Counts are of the whole library, at or above the lower end of
the activation.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from engine.activations import SEPARATOR
from engine.descriptors import STYLE_HELP, TAGS_HELP
from engine.names import sort_names, sort_paths
from engine.query import Query
from ui import query_state, sliders
from ui.bound import bound, choice, heard
from ui.collection import Collection
from ui.gaps import space_gap
from ui.text import plain

OFFERED = 300  # artists or folders in a list; any other can be typed
AFTER = 36  # letters after the name of a style: those of the longest genre, and a number


def styles(collection: Collection) -> None:
    """Which styles, any or all of them, and how strong."""
    gap = space_gap(collection, "styles")
    space, _ = collection.vocabulary
    if not space:
        sliders.explain("Styles: not in this library.", gap or space_gap(collection, "tags"))
        return
    tags = space == "tags"
    word = "tags" if tags else "styles"
    chosen = bound(
        st.multiselect,
        word.capitalize(),
        audible(collection, query_state.query().styles),
        format_func=labels(collection),
        key="styles",
        placeholder="Any",
        help=(TAGS_HELP if tags else STYLE_HELP) + COUNTS_HELP,
        filter_mode="fuzzy",
    )
    if tags and gap:
        sliders.explain("Tags stand in for the 400 styles.", gap)
    elif collection.genres:
        browse(collection)
    bound(
        st.segmented_control,
        f"Several {word}",
        ["any", "all"],
        format_func={"any": "Any of them", "all": "All of them"}.get,
        key="style_match",
        required=True,
        disabled=len(chosen) < 2,
        help=f"Any: one of the {word} is enough. All: every one must lie in the range.",
    )
    strength = "0.2 is already a lot." if tags else "0.1 is audible, 0.5 is strong."
    bound(
        st.slider,
        "Tag activation" if tags else "Style activation",
        *st.session_state["spans"]["style_activation"],
        step=0.01,
        key="style_activation",
        disabled=not chosen,
        help=f"How strongly a chosen {word[:-1]} must sound. Both ends belong to the range; the "
        f"whole range only ranks. {strength}",
    )


COUNTS_HELP = (
    "\n\nThe number after each name: tracks of the whole library in which it is at least as strong "
    "as the lower end of the activation. What no track has is not offered."
)


def low(at_most: float = 1.0) -> float:
    """The lower end of the activation, which counts are of."""
    return min(query_state.query().style_activation.low or 0.0, at_most)


def audible(collection: Collection, chosen: Sequence[str] = ()) -> list[str]:
    """The tree without what no track has, unless it is chosen."""
    counts = collection.style_counts(low(at_most=Query().style_activation.low))
    found = tree(collection)
    return [one for one in found if counts.get(one, 1) or one in chosen] or found


def tree(collection: Collection) -> list[str]:
    """Genres, each followed by its styles, or tags, which have no genres: the most frequent first;
    by name where the counts are not known yet."""
    counts = collection.style_counts(low())

    def most_first(labels: Iterable[str]) -> list[str]:
        return sorted(sort_names(labels), key=lambda label: -counts.get(label, 0))

    found: list[str] = []
    for genre in most_first(collection.genres):
        found += [genre, *most_first(collection.genres[genre])]
    inside = set(found)
    return found + most_first(label for label in collection.vocabulary[1] if label not in inside)


def labels(collection: Collection) -> Callable[[str], str]:
    """How styles are written: `Punk · Rock (1,234)`, `Rock · all styles (5,678)`, and of tags
    `punk (1,234)`; without numbers until they are known.

    What a person types comes first, and what follows it is as long in every label, by blanks that
    nobody sees: Streamlit ranks what fits by where it fits and by how much is left over. So what is
    typed in full comes first, then what begins with it, then the rest.
    """
    counts, genres = collection.style_counts(low()), collection.genres

    def written(label: str) -> str:
        genre, _, style = label.partition(SEPARATOR)
        after = f" · {plain(genre)}" if style else " · all styles" if label in genres else ""
        number = f" ({counts[label]:,})" if label in counts else ""
        return plain(style or label) + (after + number).ljust(AFTER)

    return written


def browse(collection: Collection) -> None:
    """The tree by clicks: a genre, then its styles."""
    chosen, counts = query_state.query().styles, collection.style_counts(low())
    there = audible(collection, chosen)
    genres = [label for label in there if label in collection.genres]
    with st.popover("Browse genres", icon=":material/account_tree:", width="stretch"):
        genre = choice(
            st.selectbox,
            "Genre",
            genres or list(collection.genres),
            format_func=labels(collection),
            key="browse_genre",
        )
        members = set(collection.genres[genre])
        options = [genre, *(label for label in there if label in members)]
        shown = f"browse_{genre}"
        st.session_state[shown] = [label for label in options if label in chosen]
        bound(
            st.pills,
            "Styles of this genre",
            options,
            selection_mode="multi",
            format_func=lambda label: leaf(label, counts),
            key=shown,
            on_change=take,
            args=(shown, options),
        )


def leaf(label: str, counts: Mapping[str, int]) -> str:
    """A style without its genre, or `All styles` of it."""
    _, _, style = label.partition(SEPARATOR)
    number = f" ({counts[label]:,})" if counts else ""
    return (plain(style) if style else "All styles") + number


def take(shown: str, options: Sequence[str]) -> None:
    """Let the filter have what the pills show of one genre; other genres stay."""
    others = [label for label in query_state.query().styles if label not in options]
    query_state.change(styles=(*others, *(heard(shown) or ())))


def left_out(collection: Collection) -> None:
    """Artists, styles and folders that are not wanted."""
    held = st.session_state
    _unwanted(
        "Artists",
        sort_names(offered(collection.artist_names, held["exclude_artists"])),
        "exclude_artists",
        "As the files' tags name them, whatever case, accents and kinds of quotes and dashes. The "
        "most frequent ones are offered; type any other.",
        format_func=plain,
        accept_new_options=True,
    )
    if offered_styles := audible(collection, held["exclude_styles"]):
        _unwanted(
            "Tags" if collection.vocabulary[0] == "tags" else "Styles",
            offered_styles,
            "exclude_styles",
            "Tracks in which one of these is at least as strong as the lower end of the "
            "activation above, or 0.1.",
            format_func=labels(collection),
            filter_mode="fuzzy",
        )
    folders = sort_paths(offered(collection.folders, held["exclude_folders"]))
    _unwanted(
        "Folders", folders, "exclude_folders", "With everything below them.", format_func=plain
    )


def _unwanted(label: str, names: Sequence[str], key: str, about: str, **options: Any) -> None:
    """Names to choose those from that are to be left out."""
    options = {"filter_mode": "contains"} | options
    bound(st.multiselect, label, names, key=key, placeholder="None", help=about, **options)


def offered(names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """The most frequent ones, and what is chosen already."""
    first = list(names[:OFFERED])
    return first + [name for name in chosen if name not in first]
