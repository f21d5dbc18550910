"""The formats that a playlist can be written in, as a literal table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.playlist import Entry, Written, m3u8
from engine.playlist_csv import table
from engine.playlist_paths import Paths
from engine.xspf import xspf


@dataclass(frozen=True)
class Format:
    """One of them."""

    suffix: str  # of file names
    mime: str
    write: Callable[[Iterable[Entry], Paths, str], Written]  # entries, paths, name of the list
    about: str  # for whom it is, to a person
    values: bool = False  # whether it holds the values of its entries


FORMATS = {
    "M3U8": Format(".m3u8", "audio/x-mpegurl", m3u8, "Opens in nearly every player."),
    "XSPF": Format(
        ".xspf",
        "application/xspf+xml",
        xspf,
        "Carries title, artist and album, and holds every path, also those with line breaks. For "
        "VLC, Strawberry, Clementine, Audacious.",
    ),
    "CSV": Format(
        ".csv",
        "text/csv",
        table,
        "A table with the descriptors, for spreadsheets and scripts. Danceability from the signal "
        "(0 to 3) and the strongest of 50 broad tags have columns of their own.",
        values=True,
    ),
}
