"""The order of a library as its records stand on a shelf: what is heard next when nothing is asked.

Goal: Library.frame() → its rows, by album artist (else artist), album, disc, track number
and path. Conventions: names sort as engine.names.sort_key says and belong together as
normalize_name says; what has no album comes after an artist's albums, and what has no track number
after what has one. Tracks without an artist come last, folder by folder. An album of several
artists that names no album artist (the same title, in one folder) is one album: of the artist of
most of its tracks, else of "Various Artists". Where tags name no disc, a folder such as CD2 or
"Album (Disc 2)" does. O(tracks) but for sorting; pure.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.columns import numbers, texts
from engine.names import NOBODY, VARIOUS, lead_artist, normalize_name, path_sort_keys, sort_key

VARIOUS_ARTISTS = "various artists"
# "CD2", "Disc 2 - Live", "Album (disk 02)", but not "ACDC 2" nor "CD 2000".
_DISC = re.compile(r"(?<![^\W_])(?:cd|dis[ck]|disque)[\s_.#-]*0*([1-9]\d?)(?!\d)", re.IGNORECASE)


class _Folder(NamedTuple):
    album: str  # the folder of the whole album: without that of the disc
    disc: float  # NaN where the name says nothing


def sort_library(frame: pd.DataFrame) -> np.ndarray:
    """int64 [tracks]: the rows of the frame, that of the first track first."""
    paths = texts(frame, "path")
    directories, distinct = _encode([path.rpartition("/")[0] if path else None for path in paths])
    read = [_read_folder(folder) for folder in distinct]
    albums_at, folder_names = _encode([*(folder.album for folder in read), None])
    folders = albums_at[directories]
    albums, album_names = _encode(_read_each(texts(frame, "album"), normalize_name))
    owners = _owners(frame, albums, folders)
    artists, artist_names = _encode(owners.names)
    nobody = artists < 0
    keys = [  # the last one counts first
        numbers(frame, "track_no"),
        _discs(frame, np.array([*(folder.disc for folder in read), np.nan])[directories]),
        _path_ranks(
            np.array([*folder_names, ""], dtype=object)[folders], owners.by_folder | nobody
        ),
        np.where(nobody, 0.0, _ranks(map(sort_key, album_names))[albums]),
        _ranks(map(sort_key, artist_names))[artists],
    ]
    keys = [np.nan_to_num(key, nan=np.inf) for key in keys]
    return np.lexsort([_path_ranks(paths, _find_ties(keys)), *keys])


def _find_ties(keys: Sequence[np.ndarray]) -> np.ndarray:
    """bool [tracks]: another one has the same keys."""
    order = np.lexsort(keys)
    same = np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in keys])
    tied = np.zeros(len(order), dtype=bool)
    tied[order[1:][same]] = tied[order[:-1][same]] = True
    return tied


def _path_ranks(paths: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """float64 [tracks]: places of those that are needed among each other, 0 for all others: a key
    for a path takes most of the time."""
    result = np.zeros(len(paths))
    codes, distinct = _encode([path or "" for path in paths[needed]])
    result[needed] = _ranks(path_sort_keys(distinct))[codes]
    return result


class _Owners(NamedTuple):
    names: list[str | None]  # whom each track is filed under, normalized
    by_folder: np.ndarray  # bool [tracks]: of a compilation, which only its folder holds together


def _owners(frame: pd.DataFrame, albums: np.ndarray, folders: np.ndarray) -> _Owners:
    """Of whom each track is, as its tags say, or as those of the other tracks of its album do."""
    artists, names = _encode(_read_each(texts(frame, "artist"), _read_artist))
    named = _read_each(texts(frame, "album_artist"), _read_artist)
    unnamed = np.array([name is None for name in named], dtype=bool)
    rows = np.flatnonzero(unnamed & (albums >= 0) & (folders >= 0))
    owners = artists.copy()
    owners[rows] = _most_common(albums[rows], folders[rows], artists[rows], various=len(names))
    by_folder = np.zeros(len(frame), dtype=bool)
    by_folder[rows] = owners[rows] == len(names)
    by_tag = np.array([*names, VARIOUS_ARTISTS, None], dtype=object)[owners].tolist()
    return _Owners([name or own for name, own in zip(named, by_tag, strict=True)], by_folder)


def _most_common(
    albums: np.ndarray, folders: np.ndarray, artists: np.ndarray, various: int
) -> np.ndarray:
    """The artist of most of the tracks of the same album; `various` where there is none; -1 where
    no track of it has an artist."""
    tracks = pd.DataFrame({"album": albums, "folder": folders, "artist": artists})
    by_artist = tracks[artists >= 0].value_counts().rename("tracks").reset_index()  # most first
    total = by_artist.groupby(["album", "folder"])["tracks"].transform("sum")
    by_artist.loc[by_artist["tracks"] * 2 <= total, "artist"] = various
    found = by_artist.drop_duplicates(["album", "folder"]).drop(columns="tracks")
    joined = tracks.drop(columns="artist").merge(found, how="left", on=["album", "folder"])
    return joined["artist"].fillna(-1).to_numpy(dtype=np.int64)


def _read_artist(tag: str) -> str | None:
    """The artist that a tag names first; one name for all ways to say "various"; None: unknown."""
    name = normalize_name(tag)
    if name in VARIOUS:
        return VARIOUS_ARTISTS
    return None if name in NOBODY else lead_artist(tag)


def _read_folder(path: str) -> _Folder:
    above, slash, name = path.rpartition("/")
    found = _DISC.search(name)
    if found is None:
        return _Folder(path, np.nan)
    album = name[: found.start()].rstrip(" _-([")
    return _Folder(f"{above}{slash}{album}" if album else above, float(found[1]))


def _discs(frame: pd.DataFrame, by_folder: np.ndarray) -> np.ndarray:
    """float64 [tracks]: the disc as tagged, else as the folder is called, else the first."""
    tagged = numbers(frame, "disc_no")
    discs = np.where(np.isnan(tagged), by_folder, tagged)
    return np.where(np.isnan(discs), 1.0, discs)


def _directory(path: str | None) -> str | None:
    return path.rpartition("/")[0] if path else None


def _read_each(tags: np.ndarray, read: Callable[[str], str | None]) -> list[str | None]:
    """What is read of each tag, once for each different one; None where there is nothing."""
    known = {tag: read(tag) or None for tag in set(tags.tolist()) if tag}
    return [known.get(tag) for tag in tags.tolist()]


def _encode(names: Sequence[str | None]) -> tuple[np.ndarray, list[str]]:
    """(int64 [names]: place in the list, -1 for None; the distinct names)."""
    known: dict[str, int] = {}
    codes = [-1 if name is None else known.setdefault(name, len(known)) for name in names]
    return np.array(codes, dtype=np.int64), list(known)


def _ranks(keys: Iterable[str]) -> np.ndarray:
    """float64 [keys + 1]: places of keys in their order; NaN at the end, for the code -1."""
    keys = np.array([*keys, ""], dtype=object)[:-1]
    _, ranks = np.unique(keys, return_inverse=True)
    return np.append(ranks.astype(np.float64), np.nan)
