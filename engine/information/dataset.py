"""Latent frames of whole folders of music, for training: read once, kept on disk.

A track is kept in several variants: as it is, and sped up or slowed down by whole semitones with
another position of the frames' grid, so that a small collection teaches more. Files that cannot be
read are named in the log and left out.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine import audio, discover
from engine.discover import Found
from engine.information import log_mel

SEMITONES = (0, -2, 1, -1, 2)  # of the variants, in this order
CAP_SECONDS = 1200.0  # of one file
SHORTEST = 16  # frames: shorter tracks have no context to learn from

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Variant:
    """One way to read a track."""

    semitones: int = 0
    offset: int = 0  # samples that are left out at the start

    @property
    def name(self) -> str:
        return f"{self.semitones:+d}-{self.offset}"


def variants(count: int) -> list[Variant]:
    """The first is the track as it is."""
    if not 1 <= count <= len(SEMITONES):
        raise ValueError(f"{count} variants: there are 1 to {len(SEMITONES)}")
    step = log_mel.FRAME // len(SEMITONES)
    return [Variant(SEMITONES[number], number * step) for number in range(count)]


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames of many recordings, one after the other."""

    values: np.ndarray  # float16 [total, dimensions]
    lengths: np.ndarray  # int [recordings]

    @property
    def starts(self) -> np.ndarray:
        return np.cumsum(self.lengths) - self.lengths

    def recording(self, number: int) -> np.ndarray:
        start = self.starts[number]
        return self.values[start : start + self.lengths[number]]


def tracks(folders: Sequence[Path]) -> list[Found]:
    """Every audio file below the folders, in a fixed order."""
    return [found for found in discover.find_audio(folders) if isinstance(found, Found)]


def read(chosen: Sequence[Found], cache: Path, count: int = 1) -> Frames:
    """Log-mel frames of the tracks, in `count` variants.

    What is in the folder `cache` is not computed again. Raises ValueError when no track is left.
    """
    parts = [np.load(path) for path in _cached(chosen, cache, variants(count))]
    parts = [part for part in parts if len(part) >= SHORTEST]
    if not parts:
        raise ValueError(f"none of {len(chosen)} files is music of {SHORTEST} frames or more")
    lengths = np.array([len(part) for part in parts])
    return Frames(np.concatenate(parts), lengths)


def _cached(chosen: Sequence[Found], cache: Path, wanted: list[Variant]) -> Iterator[Path]:
    cache.mkdir(parents=True, exist_ok=True)
    for found in chosen:
        path = found.root + b"/" + found.relpath
        places = {variant: cache / _name(found, path, variant) for variant in wanted}
        missing = [variant for variant, place in places.items() if not place.exists()]
        try:
            for variant, frames in zip(missing, _frames(path, missing), strict=True):
                _save(places[variant], frames)
        except audio.AudioError as error:
            log.warning("%s is left out: %s", os.fsdecode(path), error)
            continue
        yield from places.values()


def _name(found: Found, path: bytes, variant: Variant) -> str:
    """Changes when the file does."""
    digest = hashlib.blake2b(path, digest_size=12)
    digest.update(json.dumps([found.size, found.mtime_ns]).encode())
    return f"{digest.hexdigest()}{variant.name}.npy"


def _frames(path: bytes, wanted: Iterable[Variant]) -> Iterator[np.ndarray]:
    wanted = list(wanted)
    if not wanted:
        return
    sound = audio.decode(path, cap_s=CAP_SECONDS)
    for variant in wanted:
        samples = log_mel.resampled(sound, 2 ** (variant.semitones / 12))
        yield log_mel.band_frames(samples[variant.offset :]).astype(np.float16)


def _save(place: Path, frames: np.ndarray) -> None:
    """Under a temporary name first: a file that is there is whole."""
    unfinished = place.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, frames)
    unfinished.replace(place)
