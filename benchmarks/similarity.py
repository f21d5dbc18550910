"""How long an exact search takes among a million embeddings, and how much memory.

    python -m benchmarks.similarity [--tracks 1000000] [--folder /tmp/embeddings]

Makes a file as engine.vector_cache does (5 GB for a million tracks; deleted afterwards), of vectors
with clusters and with variances that fall as in real embeddings. Cold: nothing of the file is in
the operating system's memory, so that the disk's speed counts. Memory is the process's own, without
the pages of the file, which the system takes back when it needs them.
"""

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from engine.fusion import fused
from engine.hubness import LocalScaling
from engine.similarity import FACTS, Apart, Recordings, Space, most_similar
from engine.space import inverse_lengths

DIMENSIONS = 1280  # of EffNet
FACTORS, CLUSTERS = 256, 400
BATCH = 20_000
REPEATS = 5


def make(folder: Path, tracks: int) -> None:
    """Write the files; engine.vector_cache says what they hold."""
    rng = np.random.default_rng(0)
    falling = np.arange(1, FACTORS + 1, dtype=np.float32) ** -0.7
    factors = rng.standard_normal((FACTORS, DIMENSIONS), dtype=np.float32) * falling[:, np.newaxis]
    centres = rng.standard_normal((CLUSTERS, FACTORS), dtype=np.float32)
    folder.mkdir(parents=True)
    with (folder / "vectors").open("wb") as vectors, (folder / "scale").open("wb") as scale:
        for first in range(0, tracks, BATCH):
            count = min(BATCH, tracks - first)
            places = 0.7 * centres[rng.integers(0, CLUSTERS, count)]
            places += 0.7 * rng.standard_normal(places.shape, dtype=np.float32)
            noise = 0.15 * rng.standard_normal((count, DIMENSIONS), dtype=np.float32)
            matrix = places @ factors + noise + 0.6
            vectors.write(matrix.tobytes())
            scale.write(inverse_lengths(matrix).tobytes())
        os.fsync(vectors.fileno())


def mapped(folder: Path, tracks: int) -> Space:
    """As an app has it."""
    matrix = np.memmap(folder / "vectors", np.float32, "r", shape=(tracks, DIMENSIONS))
    scale = np.fromfile(folder / "scale", dtype=np.float32)
    return Space("effnet", np.arange(1, tracks + 1), matrix.view(np.ndarray), scale)


def facts(tracks: int) -> Recordings:
    """Twenty tracks an artist, no copies."""
    numbers = np.arange(tracks)
    table = {name: [f"{name} {n}" for n in numbers] for name in ("content_hash", "title", "path")}
    table |= {"artist": [f"artist {n % (tracks // 20 + 1)}" for n in numbers]}
    table |= {"duration_s": 60.0 + numbers % 997, "album": None, "recording": numbers + 1}
    return Recordings(pd.DataFrame(table, index=pd.Index(numbers + 1, name="id"))[list(FACTS)])


def forget(file: Path) -> None:
    """Let the operating system drop a file from its memory."""
    with file.open("rb") as opened:
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def own_memory() -> float:
    """MB that are no pages of files."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1000


def seconds(work: Callable[[int], object]) -> float:
    """Median of REPEATS, each for another track."""
    taken = []
    for track in range(1, REPEATS + 1):
        start = time.perf_counter()
        work(track)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def measure(folder: Path, tracks: int) -> dict[str, float]:
    """Seconds and MB by what was measured."""
    known = facts(tracks)
    known.by({"artist 1"})  # what an app derives once
    known.at(0)
    found = {}
    forget(folder / "vectors")
    space = mapped(folder, tracks)
    before = own_memory()
    start = time.perf_counter()
    most_similar(space, 1, known)
    found["cold_s"] = time.perf_counter() - start
    found["warm_s"] = seconds(lambda track: most_similar(space, track, known))
    allowed, apart = np.arange(tracks) % 3 == 0, Apart(artist=True, album=True, per_artist=True)
    found["constrained_s"] = seconds(
        lambda track: most_similar(space, track, known, allowed=allowed, apart=apart)
    )
    scaling = LocalScaling(space)
    found["csls_s"] = seconds(
        lambda track: fused([space], [track], known, csls={space.name: scaling})
    )
    found["three_seeds_s"] = seconds(
        lambda track: fused([space], [track, track + 100, track + 200], known)
    )
    found["memory_mb"] = own_memory() - before
    return found


def main() -> None:
    """Command line; the module's docstring says what it does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/embeddings"))
    options = parser.parse_args()
    make(options.folder, options.tracks)
    try:
        print(json.dumps({"tracks": options.tracks, **measure(options.folder, options.tracks)}))
    finally:
        shutil.rmtree(options.folder)


if __name__ == "__main__":
    main()
