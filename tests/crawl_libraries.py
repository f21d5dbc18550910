"""The libraries that the crawler walks on, and the apps that show them.

Small ones, with sounds that a browser plays: with all that models give, as the demo without a
download, without any model, of many tracks, of one, of none, and one that grows meanwhile.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browsing import REPOSITORY

from benchmarks import synthetic
from engine.library import Library

APPS = {"descriptors": "app_descriptors.py", "similarity": "app_similarity.py"}
TRACKS = 60
# What `benchmarks.synthetic.make` is asked for; the last two are made otherwise.
MADE = {
    "full": {"tracks": TRACKS, "ic": True},
    "tags": {"tracks": TRACKS, "spaces": ("musicnn", "tags")},
    "none": {"tracks": TRACKS, "spaces": ()},
    "many": {"tracks": 1200, "ic": True},  # more than a table has in the browser at once
    "one": {"tracks": 1, "ic": True},
    "empty": {},
    "writing": {},
}
# What only models give: gone where there are none.
BY_MODELS = {
    "tags": ("effnet", ("danceability", "voice", "style", "style_activation")),
    "none": ("musicnn", ("valence", "arousal")),
}


def make(name: str, folder: Path) -> Path:
    """A new library in `folder`, and its music; the folder of the library."""
    library, music = folder / "library", folder / "music"
    if name in ("empty", "writing"):
        Library.create(library).close()
        music.mkdir()
        return library
    synthetic.make(library, music=music, **MADE[name])
    synthetic.make_audio(library, music)
    if name in ("tags", "none"):
        _without_models(library, ("tags",) if name == "tags" else ("tags", "none"))
    return library


def _without_models(library: Path, lacking: tuple[str, ...]) -> None:
    """As an analysis leaves a library whose models were not there."""
    import sqlite3

    with sqlite3.connect(library / "library.sqlite") as db:
        for stage, columns in (BY_MODELS[name] for name in lacking):
            db.execute(f"UPDATE descriptors SET {', '.join(f'{c} = NULL' for c in columns)}")
            db.execute("UPDATE ledger SET status = 'model_missing' WHERE stage = ?", (stage,))


@contextmanager
def growing(name: str, library: Path) -> Iterator[None]:
    """A process beside that adds track after track, where the library is the one that grows."""
    if name != "writing":
        yield
        return
    command = [sys.executable, str(REPOSITORY / "tests" / "crawl_writer.py"), str(library)]
    writer = subprocess.Popen(command, cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": "."})
    try:
        yield
    finally:
        writer.kill()
        writer.wait()
