"""How long names take to be searched, compared and sorted, next to a plain script's way.

    python -m benchmarks.names [--tracks 100000] [--runs 5]

Both take the same table of a synthetic library. "Plain" folds with str.casefold and NFKD, searches
by `in` and sorts by that; it finds no Don’t by dont, and has Track 10 before Track 2.
"""

import argparse
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import synthetic
from engine.columns import texts
from engine.facts import Facts
from engine.library import Library
from engine.words import SEARCHED, found, haystack

TEXT = "amber river"


def plain(text: str) -> str:
    """A name without case and accents."""
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return " ".join(text.casefold().split())


def plain_haystack(frame: pd.DataFrame) -> list[str]:
    """What is searched, a line for each name."""
    columns = [[plain(text or "") for text in texts(frame, name)] for name in SEARCHED]
    return ["\n".join(names) for names in zip(*columns, strict=True)]


def plain_order(frame: pd.DataFrame) -> np.ndarray:
    """By artist, album, number and path."""
    names = ("artist", "album", "path")
    artists, albums, paths = ([plain(t or "~") for t in texts(frame, name)] for name in names)
    numbers = frame["track_no"].fillna(9999).tolist()
    keys = list(zip(artists, albums, numbers, paths, strict=True))
    return np.array(sorted(range(len(frame)), key=keys.__getitem__))


def jobs(frame: pd.DataFrame) -> dict[str, tuple[Callable, Callable]]:
    """What → (ours, plain)."""
    ours, theirs = haystack(frame), plain_haystack(frame)
    words = TEXT.split()
    return {
        "read all names, once a library": (
            lambda: haystack(frame), lambda: plain_haystack(frame),
        ),
        "search two words": (
            lambda: found(TEXT, ours),
            lambda: [all(word in names for word in words) for names in theirs],
        ),
        "order of the library, once": (
            lambda: Facts(frame).order, lambda: plain_order(frame),
        ),
        "order by title, once": (
            lambda: Facts(frame).name_ranks("title"),
            lambda: sorted(map(plain, frame["title"].fillna(""))),
        ),
        "order by path, once": (
            lambda: Facts(frame).name_ranks("path"), lambda: sorted(map(plain, frame["path"])),
        ),
    }  # fmt: skip


def seconds(work: Callable) -> float:
    """Of this process, so that a busy machine disturbs less."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        synthetic.make(library, options.tracks, spaces=())
        frame = Library.open(library).frame()
    sys.stdout.write(f"{len(frame):,} tracks; the best of {options.runs}, in turn\n")
    for name, pair in jobs(frame).items():
        taken = np.array([[seconds(work) for work in pair] for _ in range(options.runs)])
        ours, theirs = taken.min(axis=0)
        sys.stdout.write(f"{name:32} {ours:6.2f} s, plain {theirs:6.2f} s: {ours / theirs:.1f}×\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
