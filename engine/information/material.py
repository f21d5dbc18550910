"""What a model of information content learns, and what is kept from it to see how well it does."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.console import Console
from engine.information import dataset, latent_cache
from engine.information.checkpoints import LOG_MEL
from engine.information.curve import FRAMES_PER_SECOND

HELD_OUT = 10  # one recording in so many is kept from the training, unless others are named
ENOUGH_MINUTES = 10  # of music to learn from: with less, frames hardly tell what is usual
HOURS = 24.0  # of music that is learned: 1 GB of memory for five variants of log-mel frames


@dataclass(frozen=True, eq=False)
class Material:
    """What is learned, what is only listened to, and what the latents are."""

    learning: dataset.Frames
    validation: dataset.Frames
    seconds: float  # of music to learn, each recording once
    latents: str = LOG_MEL
    notes: dict[str, Any] = field(default_factory=dict)  # for the model's card


def of_music(
    folders: Sequence[Path],
    validation: Sequence[Path],
    cache: Path,
    variants: int,
    hours: float,
    console: Console,
) -> Material:
    """Log-mel frames of folders, kept in `cache`. Raises ValueError."""
    found = dataset.tracks(folders)
    held = dataset.tracks(validation) if validation else found[::HELD_OUT]
    kept_out = {(track.root, track.relpath) for track in held}
    learned = [track for track in found if (track.root, track.relpath) not in kept_out]
    where = " ".join(str(folder) for folder in folders)
    if not learned:
        raise ValueError(f"{where}: {len(found)} audio files are too few to learn from")
    most = _frames(hours)
    fewer = most if validation else most // HELD_OUT
    try:
        with closing(console):
            console.phase("reading", len(learned) + len(held))
            learning = dataset.read(learned, cache, variants, most, console)
            heard = dataset.read(held, cache, 1, fewer, console)
    except OSError as error:
        raise ValueError(f"frames cannot be kept in {cache}: {error.strerror or error}") from error
    notes = {
        "training": [str(folder) for folder in folders],
        "validation": [str(folder) for folder in validation],
    }
    seconds = len(learning.values) / variants / FRAMES_PER_SECOND
    return _enough(Material(learning, heard, seconds, notes=notes), where)


def of_latents(folder: Path, hours: float) -> Material:
    """Latents that a library keeps. Raises ValueError."""
    about = latent_cache.About.read(folder)
    found = dataset.kept(folder)
    # By content hash: what is held out stays so when the library grows.
    held = [key for key in found if int(key.content_hash, 16) % HELD_OUT == 0] or found[:1]
    learned = [key for key in found if key not in held]
    if not learned:
        raise ValueError(f"{folder}: latents of {len(found)} recordings are too few to learn from")
    learning = dataset.read_kept(folder, learned, _frames(hours))
    heard = dataset.read_kept(folder, held, _frames(hours) // HELD_OUT)
    notes = {"training": [str(folder)], "codec_sha256": about.codec_sha256}
    seconds = len(learning.values) / FRAMES_PER_SECOND
    return _enough(Material(learning, heard, seconds, about.latents, notes), str(folder))


def _frames(hours: float) -> int:
    return round(hours * 3600 * FRAMES_PER_SECOND)


def _enough(material: Material, where: str) -> Material:
    """Raises ValueError where there is too little to learn from."""
    minutes = material.seconds / 60
    if minutes < ENOUGH_MINUTES:
        raise ValueError(
            f"{where} holds {minutes:.1f} minutes of music to learn from, besides what is held "
            f"out: {ENOUGH_MINUTES} or more are needed"
        )
    return material
