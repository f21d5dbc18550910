"""Record tracks one by one, as an analysis does, and hold the library's lock meanwhile.

python tests/crawl_writer.py LIBRARY

Every second track has all that models give, so that what the pages offer changes as it grows.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import sounds
from sounding import made_up

from benchmarks import synthetic
from engine.library import Library
from engine.progress import Noted
from engine.schema import SPACE_DIMENSIONS

TRACKS = 300
FIRST = 5  # of them at once: pages have something to show
EVERY_S = 2.0
SECONDS = 4.0  # of each sound


class Silent:
    """A progress that nobody sees."""

    def phase(self, what: str, total: int) -> None: ...

    def advance(self, failed: bool = False) -> None: ...


def main(library: Path) -> None:
    """Until all are written, or somebody ends it."""
    music = library.parent / "music"
    rng = np.random.default_rng(1)
    with Library.open(library, writable=True) as writer:
        for space in SPACE_DIMENSIONS:
            if space in ("styles", "tags"):
                writer.set_labels(space, synthetic.labels(space))
        progress = Noted(Silent(), writer)
        progress.phase("Analysing", TRACKS)
        for number in range(TRACKS):
            path = music / f"{number:03d}.wav"
            state = sounds.encode(path, sounds.tune(SECONDS, seed=number)).stat()
            analysis = made_up(number, "pcm_s16le", SECONDS, rng)
            if number % 2 == 0:
                analysis = analysis.__class__(
                    analysis.content_hash, analysis.media, analysis.tags, analysis.outcomes[:1]
                )
            writer.record(
                os.fsencode(music), os.fsencode(path.name), state.st_size, state.st_mtime_ns,
                analysis,
            )  # fmt: skip
            progress.advance()
            if number >= FIRST:
                time.sleep(EVERY_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
