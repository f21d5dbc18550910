"""What a model of information content learns, and what is kept from it to see how well it does."""
# Names need not be UTF-8, and pathlib has no paths of bytes.
# ruff: noqa: PTH118, PTH119, PTH120

import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import audio
from engine.console import Console
from engine.discover import Found
from engine.information import dataset, latent_cache
from engine.information.curve import FRAMES_PER_SECOND
from engine.information.latent_kinds import AUDIBLE_MEL

HELD_OUT = 10  # one recording in so many is kept from the training, unless others are named
# A folder is held out as a whole, as an album's tracks are alike; one that is a larger share than
# this of all would be missed.
LARGEST_SHARE = 0.25
ENOUGH_MINUTES = 10  # of music to learn from: with less, frames hardly tell what is usual
HOURS = 24.0  # of music that is learned: 1 GB of memory for five variants of log-mel frames

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Material:
    """What is learned, what is only listened to, and what the latents are."""

    learning: dataset.Frames
    validation: dataset.Frames
    seconds: float  # of music to learn, each recording once
    latents: str = AUDIBLE_MEL
    notes: dict[str, Any] = field(default_factory=dict)  # for the model's card


def of_music(
    folders: Sequence[Path],
    validation: Sequence[Path],
    cache: Path,
    variants: int,
    hours: float,
    console: Console,
) -> Material:
    """Mel frames of folders, kept in `cache`. Raises ValueError."""
    found = dataset.tracks(folders)
    held = dataset.tracks(validation) if validation else held_out(found)
    learned = apart(found, held)
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
        "hours": hours,
        "variants": variants,
    }
    seconds = len(learning.values) / variants / FRAMES_PER_SECOND
    return _enough(Material(learning, heard, seconds, notes=notes), where)


def of_latents(folder: Path, hours: float) -> Material:
    """Latents that a library keeps, which do not say of what folder. Raises ValueError."""
    about = latent_cache.About.read(folder)
    found = dataset.kept(folder)
    # By content hash: what is held out stays so when the library grows.
    held = [key for key in found if int(key.content_hash, 16) % HELD_OUT == 0] or found[:1]
    learned = [key for key in found if key not in held]
    if not learned:
        raise ValueError(f"{folder}: latents of {len(found)} recordings are too few to learn from")
    learning = dataset.read_kept(folder, learned, _frames(hours))
    heard = dataset.read_kept(folder, held, _frames(hours) // HELD_OUT)
    notes = {"training": [str(folder)], "codec_sha256": about.codec_sha256, "hours": hours}
    seconds = len(learning.values) / FRAMES_PER_SECOND
    return _enough(Material(learning, heard, seconds, about.latents, notes), str(folder))


def held_out(found: Sequence[Found]) -> list[Found]:
    """About a tenth of the tracks, always the same: whole folders where those are small enough."""
    folders: dict[bytes, list[Found]] = defaultdict(list)
    for track in found:
        folders[os.path.dirname(_path(track))].append(track)
    wanted = max(1, round(len(found) / HELD_OUT))
    chosen: list[Found] = []
    drawn = sorted(folders.values(), key=_folder_lot)
    for tracks in drawn:
        if len(chosen) < wanted and len(chosen) + len(tracks) <= 1.5 * wanted:
            chosen += tracks
    if not chosen and drawn:
        smallest = min(drawn, key=len)
        alone = len(smallest) > LARGEST_SHARE * len(found)
        chosen = list(found[::HELD_OUT]) if alone else smallest
    return chosen


def apart(found: Sequence[Found], held: Sequence[Found]) -> list[Found]:
    """The tracks that are not held out, nor copies of such under another name."""
    paths, sizes = {_path(track) for track in held}, {track.size for track in found}
    contents = {_content(track) for track in held if track.size in sizes}
    sizes = {track.size for track in held}  # files of other sizes need not be read
    others = [track for track in found if _path(track) not in paths]
    kept = [one for one in others if one.size not in sizes or _content(one) not in contents]
    if len(kept) < len(others):
        log.info("Not learned, as copies of tracks held out: %d", len(others) - len(kept))
    return kept


def _folder_lot(tracks: Sequence[Found]) -> tuple[bytes, bytes]:
    """By which folders are drawn: the same wherever the music lies."""
    first = tracks[0]
    name = os.path.join(os.path.basename(first.root), os.path.dirname(first.relpath))
    return dataset.lot(name), _path(first)


def _content(track: Found) -> str:
    """Equal for copies. A file that cannot be read is like no other."""
    try:
        return audio.content_hash(_path(track))
    except OSError:
        return os.fsdecode(_path(track))


def _path(track: Found) -> bytes:
    return track.root + b"/" + track.relpath


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
