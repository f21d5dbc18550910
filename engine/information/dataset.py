"""Frames for training: mel frames of folders of music, or latents that a library keeps.

Music is read once, and its energies kept on disk: what engine.information.audible_mel has before
the threshold of hearing, so that a training may still change their level. A track is kept in
several variants: as it is, and sped up or slowed down by whole semitones with another position of
the frames' grid, so that a small collection teaches more. Files that cannot be read are named in
the log and left out. Of more music than is asked for, the same recordings are taken every time,
from all over it.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine import audio, discover
from engine.discover import Found
from engine.information import audible_mel, latent_cache, log_mel
from engine.information.latent_kinds import AUDIBLE_MEL

if TYPE_CHECKING:
    from engine.run import Progress

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


def read(
    chosen: Sequence[Found],
    cache: Path,
    count: int = 1,
    most: int | None = None,
    progress: "Progress | None" = None,
) -> Frames:
    """Mel energies of the tracks, in `count` variants, in the order of the tracks.

    Of more than `most` frames of one variant, some tracks. What is in the folder `cache` is not
    computed again. Raises ValueError when no track is left.
    """
    wanted = variants(count)
    cache.mkdir(parents=True, exist_ok=True)
    read_: dict[int, list[np.ndarray]] = {}
    frames = 0
    for number in sorted(range(len(chosen)), key=lambda n: lot(chosen[n].relpath)):
        if most is not None and frames >= most:
            break
        parts = [np.load(path, mmap_mode="r") for path in _cached(chosen[number], cache, wanted)]
        read_[number] = [part for part in parts if len(part) >= SHORTEST]
        frames += len(parts[0]) if parts else 0
        if progress is not None:
            progress.advance(failed=not parts)
    found = [part for number in sorted(read_) for part in read_[number]]
    if not found:
        raise ValueError(f"none of {len(chosen)} files is music of {SHORTEST} frames or more")
    return _joined(found)


def kept(folder: Path) -> list[latent_cache.Key]:
    """The longest span of every recording whose latents a folder holds, in a fixed order."""
    keys = latent_cache.keys(folder)
    spans = (list(own) for _, own in groupby(keys, key=lambda key: key.content_hash))
    return [max(own, key=lambda key: key.end - key.start) for own in spans]


def read_kept(folder: Path, chosen: Sequence[latent_cache.Key], most: int | None = None) -> Frames:
    """Latents of the recordings; of more than `most` frames, some. Damaged files are left out.

    Raises ValueError when none is left.
    """
    found: list[np.ndarray] = []
    frames = 0
    for key in chosen:
        if most is not None and frames >= most:
            break
        latents = latent_cache.read(folder, key)
        if latents is None:
            log.warning("%s is damaged, and left out", folder / key.name)
        elif len(latents) >= SHORTEST:
            found.append(latents.astype(np.float16))
            frames += len(latents)
    if not found:
        raise ValueError(f"{folder} holds no latents of {SHORTEST} frames or more")
    return _joined(found)


def _joined(parts: Sequence[np.ndarray]) -> Frames:
    return Frames(np.concatenate(parts), np.array([len(part) for part in parts]))


def lot(text: bytes) -> bytes:
    """By which tracks are drawn: fixed, and unlike their order."""
    return hashlib.blake2b(text, digest_size=8).digest()


def _cached(found: Found, cache: Path, wanted: list[Variant]) -> list[Path]:
    """Where the frames of a track lie; nothing for a file that cannot be read."""
    path = found.root + b"/" + found.relpath
    places = {variant: cache / _name(found, path, variant) for variant in wanted}
    missing = [variant for variant, place in places.items() if not place.exists()]
    try:
        for variant, frames in zip(missing, _frames(path, missing), strict=True):
            _save(places[variant], frames)
    except audio.AudioError as error:
        log.warning("%s is left out: %s", os.fsdecode(path), error)
        return []
    return list(places.values())


def _name(found: Found, path: bytes, variant: Variant) -> str:
    """Changes when the file does, or what is made of it."""
    digest = hashlib.blake2b(path, digest_size=12)
    digest.update(json.dumps([found.size, found.mtime_ns]).encode())
    return f"{digest.hexdigest()}{variant.name}-{AUDIBLE_MEL}.npy"


def _frames(path: bytes, wanted: Iterable[Variant]) -> Iterator[np.ndarray]:
    wanted = list(wanted)
    if not wanted:
        return
    sound = audio.decode(path, cap_s=CAP_SECONDS)
    for variant in wanted:
        samples = log_mel.resampled(sound, 2 ** (variant.semitones / 12))
        yield audible_mel.energies(samples[variant.offset :]).astype(np.float16)


def _save(place: Path, frames: np.ndarray) -> None:
    """Under a temporary name first: a file that is there is whole."""
    unfinished = place.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, frames)
    unfinished.replace(place)
