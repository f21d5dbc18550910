"""Made-up spaces and recordings, for tests of what searches them."""

import numpy as np
import pandas as pd

from engine.recordings import FACTS, Recordings
from engine.space import Space


def recordings(count: int, **columns: list) -> Recordings:
    """Facts of tracks 1 … count; all different unless said otherwise."""
    facts = {
        "content_hash": [f"hash {n}" for n in range(count)],
        "recording": [None] * count,
        "title": [f"title {n}" for n in range(count)],
        "artist": [f"artist {n}" for n in range(count)],
        "duration_s": [100.0 + 10 * n for n in range(count)],
        "album": [None] * count,
        "path": [f"/music/{n}.wav" for n in range(count)],
    } | columns
    index = pd.Index(np.arange(1, count + 1), name="id")
    return Recordings(pd.DataFrame(facts, index=index)[list(FACTS)])


def space(matrix: np.ndarray, name: str = "effnet", ids: np.ndarray | None = None) -> Space:
    matrix = np.asarray(matrix, dtype=np.float32)
    return Space.of(name, np.arange(1, len(matrix) + 1) if ids is None else ids, matrix)


def random_space(count: int, dimensions: int = 32, seed: int = 0, name: str = "effnet") -> Space:
    return space(np.random.default_rng(seed).standard_normal((count, dimensions)), name)


def listed(found) -> list[int]:
    """Track ids of a list, best first."""
    return [neighbour.track for neighbour in found.listed]
