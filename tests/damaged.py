"""Audio files that are damaged: by others on purpose, or at random here.

`mutagen_files(cache)` fetches the test data of the mutagen source package (about 100 files, many of
them broken), `mutants(...)` damages real files, from a seed.
"""

import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

MUTAGEN = "mutagen==1.48.1"
WAYS = ("any", "head", "cut", "gap", "insert")


def mutagen_files(cache: Path) -> list[Path]:
    """The audio files of mutagen's test data, fetched once; empty without a package registry."""
    target = cache / "mutagen-data"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--dest", str(cache), MUTAGEN]
        if subprocess.run(command, check=False).returncode != 0:
            return []
        archive = next(cache.glob("mutagen-*.tar.gz"))
        unpacked = cache / "mutagen-unpacked"
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, filter="data")
        next(unpacked.glob("*/tests/data")).rename(target)
    return sorted(path for path in target.iterdir() if path.is_file())


def mutants(
    originals: Sequence[Path], count: int, seed: int, consume: Callable[[str, bytes], None]
) -> None:
    """Damage copies of `originals` in one of five ways each and pass name and bytes on."""
    random = np.random.default_rng(seed)
    whole = [path for path in originals if path.stat().st_size > 0]
    for number in range(count):
        original = whole[number % len(whole)]
        data = bytearray(original.read_bytes())
        way = int(random.integers(5))
        place = int(random.integers(len(data)))
        if way == 0:  # flipped bytes anywhere
            for at in random.integers(len(data), size=int(random.integers(1, 200))):
                data[at] = int(random.integers(256))
        elif way == 1:  # flipped bytes in the header
            for at in random.integers(min(2000, len(data)), size=int(random.integers(1, 20))):
                data[at] = int(random.integers(256))
        elif way == 2:
            del data[place:]
        elif way == 3:
            del data[place : place + int(random.integers(1, 20_000))]
        else:
            data[place:place] = random.bytes(int(random.integers(1, 20_000)))
        consume(f"{number:04d}-{WAYS[way]}-{original.name}", bytes(data))
