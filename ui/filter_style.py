"""The style filter: a tree of genres and styles with counts, and what is to be left out.

A genre stands for all of its styles. Counts are of the whole library, at or above the lower end of
the activation.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from engine.activations import SEPARATOR
from engine.descriptors import STYLE_HELP, TAGS_HELP
from ui import query_state, sliders
from ui.bound import bound
from ui.collection import Collection
from ui.gaps import space_gap
from ui.sliders import Todo
from ui.text import plain, style_name

OFFERED = 300  # artists or folders in a list; any other can be typed


def styles(collection: Collection, todo: Todo) -> None:
    """Which styles, any or all of them, and how strong."""
    gap = space_gap(collection, "styles")
    space, _ = collection.vocabulary
    if not space:
        sliders.explain("Styles: not in this library.", gap or space_gap(collection, "tags"), todo)
        return
    tags = space == "tags"
    word = "tags" if tags else "styles"
    counts = collection.style_counts(query_state.query().style_activation.low or 0.0)
    chosen = bound(
        st.multiselect,
        word.capitalize(),
        tree(collection),
        format_func=lambda label: counted(label, counts),
        key="styles",
        placeholder="Any",
        help=(TAGS_HELP if tags else STYLE_HELP) + COUNTS_HELP,
        filter_mode="contains",
    )
    if tags and gap:
        sliders.explain("Tags stand in for the 400 styles.", gap, todo)
    elif collection.genres:
        browse(collection, counts)
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
    "as the lower end of the activation."
)


def tree(collection: Collection) -> list[str]:
    """Genres by name, each followed by its styles; tags have no genres."""
    found: list[str] = []
    for genre, members in collection.genres.items():
        found += [genre, *members]
    inside = set(found)
    return found + sorted(label for label in collection.vocabulary[1] if label not in inside)


def counted(label: str, counts: Mapping[str, int]) -> str:
    """`Rock › Punk (1,234)`; a genre is `Rock, all styles`. Without counts until they are known."""
    name = style_name(label) if SEPARATOR in label or label not in counts else plain(label)
    return f"{name} ({counts[label]:,})" if counts else name


def browse(collection: Collection, counts: Mapping[str, int]) -> None:
    """The tree by clicks: a genre, then its styles."""
    with st.popover("Browse genres", icon=":material/account_tree:", width="stretch"):
        genres = list(collection.genres)
        genre = st.selectbox(
            "Genre",
            genres,
            format_func=lambda label: counted(label, counts),
            key="browse_genre",
        )
        options = [genre, *collection.genres[genre]]
        shown = f"browse_{genre}"
        held = st.session_state["styles"]
        st.session_state[shown] = [label for label in options if label in held]
        st.pills(
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
    query_state.change(styles=(*others, *(st.session_state[shown] or ())))


def left_out(collection: Collection, todo: Todo) -> None:
    """Artists, styles and folders that are not wanted."""
    held = st.session_state
    _unwanted(
        "Artists",
        offered(collection.artist_names, held["exclude_artists"]),
        "exclude_artists",
        "As the files' tags name them, whatever case and accents. The most frequent ones are "
        "offered; type any other.",
        format_func=plain,
        accept_new_options=True,
    )
    if labels := tree(collection):
        counts = collection.style_counts(query_state.query().style_activation.low or 0.0)
        _unwanted(
            "Tags" if collection.vocabulary[0] == "tags" else "Styles",
            labels,
            "exclude_styles",
            "Tracks in which one of these is at least as strong as the lower end of the "
            "activation above, or 0.1.",
            format_func=lambda label: counted(label, counts),
        )
    folders = offered(collection.folders, held["exclude_folders"])
    _unwanted(
        "Folders", folders, "exclude_folders", "With everything below them.", format_func=plain
    )


def _unwanted(label: str, names: Sequence[str], key: str, about: str, **options: Any) -> None:
    """Names to choose those from that are to be left out."""
    bound(
        st.multiselect, label, names, key=key, placeholder="None", filter_mode="contains",
        help=about, **options,
    )  # fmt: skip


def offered(names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """The most frequent ones, and what is chosen already."""
    first = list(names[:OFFERED])
    return first + [name for name in chosen if name not in first]
