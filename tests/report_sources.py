"""Sources for tests of the report: measured values of 2,100 clips, and small ones made by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from engine.report_source import NO_GROUPS, Source, grouped
from engine.schema import COLUMNS
from engine.space import inverse_lengths
from engine.vector_cache import Vectors

SHARPS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}


def musav_table(shared: Path) -> pd.DataFrame:
    """The measured values as they lie in the file: flats in keys, voice as a word."""
    return pd.read_csv(shared / "musav" / "musav_descriptors.csv")


def musav_genres(shared: Path) -> pd.DataFrame:
    """Genre and Count: the strongest style of each of the clips."""
    return pd.read_csv(shared / "musav" / "musav_genre_counts.tsv", sep="\t")


def musav(shared: Path) -> Source:
    """The same as a library: sharps, voice as 1 and 0, styles with the counted ones strongest."""
    table, genres = musav_table(shared), musav_genres(shared)
    frame = table.copy()
    for profile in ("temperley", "krumhansl", "edma"):
        frame[f"key_{profile}"] = frame[f"key_{profile}"].replace(SHARPS)
    frame["voice"] = (frame["voice"] == "Voice").astype(float)
    frame["duration_s"] = 30.0
    labels = genres["Genre"].tolist()
    strongest = np.repeat(np.arange(len(labels)), genres["Count"])
    activations = np.full((len(frame), len(labels)), 0.01, np.float32)
    activations[np.arange(len(frame)), strongest] = 0.6
    return source(frame, styles=(labels, activations))


def source(
    frame: pd.DataFrame,
    styles: tuple[list[str], np.ndarray] | None = None,
    tags: tuple[list[str], np.ndarray] | None = None,
    embedding: np.ndarray | None = None,
    **more,
) -> Source:
    """A library of these rows; columns that are not given have no values."""
    frame = frame.reindex(columns=[*COLUMNS, "codec", "content_hash"])
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="id")
    frame["path"] = [
        path if isinstance(path, str) else f"/music/{n}.mp3"
        for n, path in enumerate(frame["path"], start=1)
    ]
    ids = frame.index.to_numpy()
    held = {"styles": styles and styles[1], "tags": tags and tags[1], "musicnn": embedding}
    given = {
        "analysed_s": frame["duration_s"].to_numpy(dtype=float),
        "valueless": 0,
        "gone": 0,
        "partial": np.zeros(len(frame), dtype=bool),
        "models": (),
        "span_s": None,
        "labels": {"styles": styles[0] if styles else [], "tags": tags[0] if tags else []},
        "failures": (),
        "spaces": {s: np.full(len(frame), matrix is not None) for s, matrix in held.items()},
        "groups": NO_GROUPS,
    }

    def vectors(space: str) -> Vectors:
        matrix = held.get(space)
        if matrix is None:
            return Vectors(ids[:0], np.empty((0, 0), np.float32), np.empty(0, np.float32))
        return Vectors(ids, matrix, inverse_lengths(matrix))

    found = Source(frame=frame, vectors=vectors, **(given | more))
    return found if "groups" in more else replace(found, groups=grouped(found))
