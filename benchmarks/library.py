"""How long the library takes at N tracks: python benchmarks/library.py [N] (default 100,000).

Makes a library of made-up tracks in a temporary folder (9 kB a track), then times what the apps
and a second analysis ask of it: the first call, and the best of five. The files are in the page
cache, as after an analysis.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.library import Library
from engine.library_check import problems
from engine.records import Analysis, Media, Outcome, Tags
from engine.schema import SPACE_DIMENSIONS, STAGE_COLUMNS, STAGE_SPACES, TEXT_COLUMNS

ROOT = b"/music"
BATCH = 1000  # tracks a transaction, for filling
REPEATS = 5


def analysis(number: int, random: np.random.Generator) -> Analysis:
    """A whole track of album number // 10."""
    outcomes = []
    for stage in ("dsp", "effnet", "musicnn"):
        values = {c: "A" if c in TEXT_COLUMNS else random.random() for c in STAGE_COLUMNS[stage]}
        vectors = {
            space: random.random(SPACE_DIMENSIONS[space], dtype=np.float32)
            for space in STAGE_SPACES[stage]
        }
        outcomes.append(Outcome(stage, "f" * 24, "ok", None, 0.5, values, vectors))
    tags = Tags(f"Title {number}", f"Artist {number // 100}", f"Album {number // 10}", 1990)
    media = Media(200.0, 44100, 2, "mp3", 200.0)
    return Analysis(f"{number:032x}", media, tags, tuple(outcomes))


def fill(folder: Path, count: int) -> None:
    """Record `count` tracks: the last thousand one by one, as an analysis does."""
    random = np.random.default_rng(0)
    with Library.create(folder) as writer:
        for start in range(0, count - BATCH, BATCH):
            with writer.transaction():
                for number in range(start, start + BATCH):
                    record(writer, number, analysis(number, random))
        single = [(number, analysis(number, random)) for number in range(count - BATCH, count)]
        times = [timed(lambda: record(writer, *one))[0] for one in single]  # noqa: B023
    print(f"record, one a transaction: median {np.median(times) * 1e3:.2f} ms")
    print(f"  99 % below {np.percentile(times, 99) * 1e3:.1f} ms (a checkpoint now and then)")


def record(writer: Library, number: int, made: Analysis) -> None:
    path = b"artist %d/album %d/%06d.mp3" % (number // 100, number // 10, number)
    writer.record(ROOT, path, 5_000_000 + number, 10**18 + number, made)


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """(seconds, result)."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def report(name: str, call: Callable[[], object]) -> None:
    times = [timed(call)[0] for _ in range(REPEATS)]
    print(f"{name:24} first {times[0] * 1e3:8.1f} ms   best {min(times) * 1e3:8.1f} ms", flush=True)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "library"
        seconds, _ = timed(lambda: fill(folder, count))
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(
            f"{count} tracks in {seconds:.1f} s, {size / 1e6:.0f} MB; pandas {pandas.__version__}"
        )
        library = Library.open(folder)
        report("generation", lambda: library.generation)
        report("track_count", library.track_count)
        report("frame", library.frame)
        for space in SPACE_DIMENSIONS:
            report(f"vectors({space})", lambda: library.vectors(space))  # noqa: B023
        for name in ("tracks", "ledger", "coverage", "meta"):
            report(name, getattr(library, name))
        with Library.open(folder, writable=True) as writer:
            report("known", lambda: writer.known(ROOT))
            report("by_size", lambda: writer.by_size(5_000_000))
        report("check", lambda: problems(folder))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
