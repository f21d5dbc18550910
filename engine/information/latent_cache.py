"""Music2Latent's latents kept in the library, since encoding costs most of the time of an analysis.

Conventions: LIBRARY/latents holds a folder for each file of the codec's weights, named by the
first 8 digits of its SHA-256 and by systems.ENCODER (with "-bfloat16" where it ran in reduced
precision). In it, latents.json says what the latents are, and HASH+START-END.npy holds those of the
samples START to END (excluded) at 44.1 kHz, counted from the start of the file whose audio has that
content hash. Files are NumPy's format, float16 [T, 64], followed by 16 bytes: a BLAKE2b hash of
name and content.

Disk: 83 kB a minute of music, 5 MB an hour; nothing else grows. float16 moves latents by 0.002 at
most and information by 0.009 nats a frame at most (RMS; 0.003 with the published mixture on
frames drawn from it, 0.007 and 0.009 with trained flows), its mean over a track by less than
0.001. Frames differ by 15 to 23 nats among themselves, and by 1 with another seed of the estimate.

A file appears whole or not at all, under a name that depends on its content only: any number of
processes may write at once. One that is damaged counts as absent, and is written again.

Files of tracks that are gone stay, as their rows in the library do: the music may come back. This
removes those whose audio no row of the library has, moved or absent files' rows included:

    python -m engine.information.latent_cache LIBRARY [--purge]
"""

import argparse
import hashlib
import io
import json
import logging
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from engine import models
from engine.audio import Audio
from engine.information.curve import Span
from engine.information.log_mel import DIMENSIONS, FRAME, SAMPLE_RATE
from engine.information.systems import ENCODER
from engine.library import Library
from engine.storage import LibraryError

FOLDER = "latents"  # in the library
ABOUT = "latents.json"
FULL = "float32"  # the codec's usual precision
_CHECK = 16  # bytes at the end of a file
_NAME = re.compile(r"([0-9a-f]{32,48})\+(\d+)-(\d+)\.npy")
_UNFINISHED = ".part"
_ABANDONED_S = 24 * 3600.0  # an unfinished file of this age is of a process that was killed

log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Key:
    """A span of a recording."""

    content_hash: str  # engine.audio: survives renaming and retagging
    start: int  # samples at 44.1 kHz from the start of the file
    end: int

    @property
    def name(self) -> str:
        return f"{self.content_hash}+{self.start}-{self.end}.npy"


def key_of(sound: Audio, span: Span, samples: int) -> Key:
    """The key of `samples` samples that the span cut out of the recording."""
    start = round(sound.excerpt[0] * SAMPLE_RATE) + span.first * FRAME
    return Key(sound.content_hash, start, start + samples)


@dataclass(frozen=True)
class About:
    """What the latents of a folder are."""

    latents: str  # latent_kinds.MUSIC2LATENT or NOISE_AUGMENTED
    codec_sha256: str  # of the codec's weights
    precision: str  # in which the codec ran

    @classmethod
    def read(cls, folder: Path) -> "About":
        """Raises ValueError where the folder does not say."""
        try:
            content = json.loads((folder / ABOUT).read_text())
            return cls(**{name: str(content[name]) for name in cls.__dataclass_fields__})
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{folder} is no folder of kept latents: it has no {ABOUT}") from error


class LatentCache:
    """The latents of one codec in one library. Picklable."""

    def __init__(
        self, library: str | os.PathLike[str], codec: str | os.PathLike[str], precision: str = FULL
    ):
        """`codec`: the file of its weights. Raises OSError where it cannot be read."""
        self.codec_sha256, self.precision = models.digest(Path(codec)), precision
        name = f"{self.codec_sha256[:8]}-{ENCODER}" + ("" if precision == FULL else f"-{precision}")
        self.folder = Path(library) / FOLDER / name
        self._has_failed = False

    def describe(self, latents: str, precision: str) -> None:
        """Note what is kept. Raises ValueError where it is not what is kept already."""
        about = About(latents, self.codec_sha256, precision)
        if precision != self.precision:
            raise ValueError(f"{self.folder} is for latents in {self.precision}, not {precision}")
        try:
            noted = About.read(self.folder)
        except ValueError:  # absent, or damaged: the folder's name tells the codec as well
            self._write(ABOUT, json.dumps(asdict(about), indent=1).encode())
            return
        if noted != about:
            raise ValueError(f"{self.folder} holds latents of another codec: remove it")

    def get(self, key: Key) -> np.ndarray | None:
        """Latents, float32 [T, 64]; None where they are not kept, or damaged."""
        return read(self.folder, key)

    def put(self, key: Key, latents: np.ndarray) -> np.ndarray:
        """Keep latents [T, 64]; returns them as `get` will give them.

        Where the disk refuses, a warning says so once, and the analysis goes on.
        """
        rounded = latents.astype(np.float16)
        content = io.BytesIO()
        np.save(content, rounded)
        payload = content.getvalue()
        self._write(key.name, payload + _check(key, payload))
        return rounded.astype(np.float32)

    def _write(self, name: str, content: bytes) -> None:
        unfinished = self.folder / f"{name}.{secrets.token_hex(8)}{_UNFINISHED}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                unfinished.write_bytes(content)
                unfinished.replace(self.folder / name)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            if not self._has_failed:
                reason = error.strerror or error
                log.warning("Latents cannot be kept in %s: %s.", self.folder, reason)
            self._has_failed = True


def read(folder: Path, key: Key) -> np.ndarray | None:
    """Latents that a folder holds, float32 [T, 64]; None where they are absent or damaged."""
    try:
        content = (folder / key.name).read_bytes()
    except OSError:
        return None
    payload, check = content[:-_CHECK], content[-_CHECK:]
    if check != _check(key, payload):
        return None
    try:
        values = np.load(io.BytesIO(payload), allow_pickle=False)
    except ValueError:  # another program's, or a later version's
        return None
    if values.dtype != np.float16 or values.ndim != 2 or values.shape[1] != DIMENSIONS:
        return None
    return values.astype(np.float32)


def keys(folder: Path) -> list[Key]:
    """Of all that a folder holds, in order of content hash and start."""
    found = (_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(Key(match[1], int(match[2]), int(match[3])) for match in found if match)


def orphans(library: Library) -> Iterator[Path]:
    """What no row of the library refers to, and what killed processes left unfinished."""
    known = {text for text in library.tracks()["content_hash"] if text}
    oldest = time.time() - _ABANDONED_S
    for folder in _folders(library.path):
        yield from (folder / key.name for key in keys(folder) if key.content_hash not in known)
        for path in folder.glob(f"*{_UNFINISHED}"):
            if path.stat().st_mtime < oldest:
                yield path


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m engine.information.latent_cache")
    parser.add_argument("library", type=Path, metavar="LIBRARY")
    parser.add_argument(
        "--purge", action="store_true", help="remove latents of tracks that the library lacks"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        return _reported(Library(options.library), options.purge)
    except (LibraryError, OSError) as error:
        log.error("%s", error)
        return 1


def _reported(library: Library, purge: bool) -> int:
    for folder in _folders(library.path):
        kept = keys(folder)
        size = sum((folder / key.name).stat().st_size for key in kept) / 1e6
        tracks = len({key.content_hash for key in kept})
        log.info("%s: %d tracks, %.1f MB", folder, tracks, size)
    unused = list(orphans(library))
    size = sum(path.stat().st_size for path in unused) / 1e6
    if purge:
        for path in unused:
            path.unlink(missing_ok=True)
    done = "removed" if purge else "would be removed by --purge"
    log.info("%d files of no track in the library (%.1f MB) %s", len(unused), size, done)
    return 0


def _folders(library: Path) -> list[Path]:
    return sorted(path.parent for path in (library / FOLDER).glob(f"*/{ABOUT}"))


def _check(key: Key, payload: bytes) -> bytes:
    return hashlib.blake2b(key.name.encode() + payload, digest_size=_CHECK).digest()


if __name__ == "__main__":
    sys.exit(main())
