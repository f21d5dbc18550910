"""Searching the names of tracks, however they and the search are spelled.

Source: title, artist, album and path of Library.frame(), as engine.names.normalize_search reads
them, so that "motorhead" finds Motörhead. Conventions: a track is found when each word of the text
stands anywhere in any of them, also inside a longer word. Signs in names do not count: "dont",
"acdc" and "ac dc" find Don’t and AC/DC. A word that is typed with signs is found as it is typed
("r.e.m." in R.E.M., which "rem" would find in every remix, too), or as whole words without them:
"hip-hop" in Hip Hop, "a-ha" in Aha. With a slash at an end it is part of a path, and found only as
it is typed. Signs between blanks count only where nothing else is typed ("!!!"), so that
"Artist - Title" can be pasted. Pure.
"""

import re
import string
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from engine.columns import texts
from engine.names import normalize_search

SEARCHED = ("title", "artist", "album", "path")
_ASCII_SIGNS = string.punctuation.encode()


class _Signs(dict[int, str]):
    """Code point → itself, or what stands for a sign; for str.translate."""

    def __init__(self, instead: str) -> None:
        self._instead = instead

    def __missing__(self, code: int) -> str:
        is_sign = unicodedata.category(chr(code))[0] in "PS"  # punctuation, symbols
        found = self[code] = self._instead if is_sign else chr(code)
        return found


_NONE, _BLANKS = _Signs(""), _Signs(" ")


def haystack(frame: pd.DataFrame) -> list[str]:
    """For each track what is searched; a line for each name, so that no word spans two: without
    signs, and once more with them where there are any. The first is the title, even an empty one,
    the last the path."""
    names, paths = _Names(), _Paths()
    columns = []
    for column in SEARCHED:
        lines = paths if column == "path" else names
        columns.append([lines[value] if value else "" for value in texts(frame, column)])
    tracks = zip(*columns, strict=True)
    return ["\n".join((title, *filter(None, others))) for title, *others in tracks]


class _Names(dict[str, str]):
    """Name → its lines, worked out once: artists and albums come often."""

    def __missing__(self, name: str) -> str:
        signed = normalize_search(name)
        bare = _bare(signed)
        found = self[name] = bare if bare == signed else f"{bare}\n{signed}"
        return found


class _Paths:
    """Path → its lines. Folders, file and its type are words of their own."""

    def __init__(self) -> None:
        self._folders: dict[str, tuple[str, str]] = {}

    def __getitem__(self, path: str) -> str:
        folder, _, file = path.rpartition("/")
        if folder not in self._folders:
            signed = normalize_search(folder)
            self._folders[folder] = _bare(" ".join(signed.replace("/", " ").split())), signed
        above, above_signed = self._folders[folder]
        signed = normalize_search(file)
        stem, _, ending = signed.rpartition(".")
        bare = _bare(f"{stem} {ending}" if stem else ending)
        return f"{above} {bare}\n{above_signed}/{signed}"


def _bare(signed: str) -> str:
    """Words without their signs, but for words that are nothing else."""
    bare = _without_signs(signed)
    if bare and "  " not in bare and bare[0] != " " != bare[-1]:
        return bare
    return " ".join(_without_signs(word) or word for word in signed.split())


def _without_signs(text: str) -> str:
    if text.isascii():  # at a fifth of the time
        return text.encode().translate(None, _ASCII_SIGNS).decode()
    return text.translate(_NONE)


def is_asked(text: str) -> bool:
    """Whether a text asks for anything."""
    return bool(_terms(text))


def found(text: str, searched: Sequence[str]) -> np.ndarray:
    """bool [tracks]: holds every word of the text; `searched` is a haystack."""
    rows: Sequence[int] = range(len(searched))
    for word in sorted(_terms(text), key=len, reverse=True):  # long words leave least
        if _without_signs(word) == word:
            rows = [row for row in rows if word in searched[row]]
        else:
            holds = _signed_term(word)
            rows = [row for row in rows if holds(searched[row])]
    mask = np.zeros(len(searched), dtype=bool)
    mask[rows] = True
    return mask


def best_first(text: str, searched: Sequence[str], rows: np.ndarray) -> np.ndarray:
    """Rows that were found, int [hits]: those of exactly this name first, then those whose title
    begins so; each in the order given."""
    name = _bare(normalize_search(text))
    begins = np.array([searched[row].startswith(name) for row in rows], dtype=bool)
    worse = np.where(is_name(text, searched, rows), 0, np.where(begins, 1, 2))
    return rows[np.argsort(worse, kind="stable")]


def is_name(text: str, searched: Sequence[str], rows: Sequence[int]) -> np.ndarray:
    """bool [rows]: the text is the whole title, or the file's name with or without its ending."""
    signed = normalize_search(text)
    bare = _bare(signed)
    exact = np.zeros(len(rows), dtype=bool)
    for place, row in enumerate(rows if signed else ()):
        title, *_, path = searched[row].split("\n")
        file = path.rpartition("/")[2]
        exact[place] = bare == title or signed in (file, file.rpartition(".")[0])
    return exact


def _terms(text: str) -> list[str]:
    """The words to look for; those of signs alone only where there are no others."""
    words = normalize_search(text).split()
    return [word for word in words if _without_signs(word)] or words


def _signed_term(word: str) -> Callable[[str], bool]:
    """Whether a track has a word that was typed with signs."""
    joined = _without_signs(word)
    apart = " ".join(word.translate(_BLANKS).split())
    if not joined or word[0] == "/" or word[-1] == "/":
        return lambda names: word in names
    whole = re.compile(rf"(?:^|[ \n])(?:{re.escape(joined)}|{re.escape(apart)})(?:$|[ \n])")
    return lambda names: (
        word in names or ((joined in names or apart in names) and whole.search(names) is not None)
    )
