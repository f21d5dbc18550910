"""Maps that were made once, in files that all apps share.

Goal: the map of a library at once, where making it takes seconds; and the same map again tomorrow,
so that a region that a person drew on it still means the same tracks. Conventions: one .npz per map
in $XDG_CACHE_HOME or ~/.cache, then serendip/maps/LIBRARY (a hash of the library's path), named
SPACE-METHOD-FINGERPRINT; it holds the fit and the places of the tracks of one generation. Written
under another name and renamed when complete; what cannot be read is made anew, and a folder that
cannot be written to costs only time.
"""

import hashlib
import logging
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.models import cache_folder
from engine.projection import Fit, fit, place
from engine.space import Space

KEPT = 12  # maps of one library: 0.6 MB each, and 1.6 MB for 100,000 tracks
# Tracks that would lie elsewhere than noted, before a map is held to be of other embeddings: some
# may have been analysed anew.
MOVED = 0.5
NEAR = 1e-3  # of the spread of a map
_NUMBERS = ("fitted_to", "spread", "trustworthiness")
_ARRAYS = ("mean", "axes", "landmarks", "places")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Map:
    """A fit, and where it has the tracks of one generation of a library."""

    fit: Fit
    generation: int
    ids: np.ndarray  # int64 [tracks], ascending
    xy: np.ndarray  # float32 [tracks, 2]; NaN where a track has no direction
    fingerprint: str  # of the fit

    def rows(self, track_ids: np.ndarray) -> np.ndarray:
        """float32 [track_ids, 2], NaN for tracks without a place."""
        placed = np.full((len(track_ids), 2), np.nan, dtype=np.float32)
        if len(self.ids):
            at = np.minimum(np.searchsorted(self.ids, track_ids), len(self.ids) - 1)
            known = self.ids[at] == track_ids
            placed[known] = self.xy[at[known]]
        return placed


def folder_of(library: Path, root: Path | None = None) -> Path:
    """Where the maps of a library lie."""
    key = hashlib.sha256(os.fsencode(os.path.realpath(library))).hexdigest()[:24]
    return (root or cache_folder().parent / "maps") / key


def made(folder: Path) -> dict[str, tuple[str, str]]:
    """Fingerprint → (space, method) of each map that is there, the latest last."""
    named = [file.stem.split("-") for file in _files(folder)]
    return {parts[2]: (parts[0], parts[1]) for parts in named if len(parts) == 3}


def obtained(
    folder: Path, space: Space, method: str, generation: int, fingerprint: str | None = None
) -> Map:
    """The latest map of a space, or the one with a fingerprint; made or brought up to date.

    Raises ProjectionError where no map can be made. Takes seconds: for a thread of its own.
    """
    for file in reversed(_files(folder)):
        if not file.stem.startswith(f"{space.name}-{method}-{fingerprint or ''}"):
            continue
        if (found := _read(file)) is None:
            continue
        if found.generation == generation and np.array_equal(found.ids, space.ids):
            return found
        again = _placed(found.fit, space, generation, found.fingerprint)
        outgrown = fingerprint is None and found.fit.outgrown(len(space.ids))
        if not outgrown and _is_same(found, again):
            _write(folder, again)
            return again
    new = fit(space, method)
    result = _placed(new, space, generation, new.fingerprint)
    _write(folder, result)
    return result


def _placed(fitted: Fit, space: Space, generation: int, fingerprint: str) -> Map:
    return Map(fitted, generation, space.ids, place(fitted, space), fingerprint)


def _is_same(old: Map, new: Map) -> bool:
    """Whether a map is of this library's embeddings still: another library, or another network,
    may have taken the place of the one that it was made for."""
    both, first, second = np.intersect1d(old.ids, new.ids, return_indices=True)
    if len(both) < MOVED * len(old.ids):
        return False
    apart = np.linalg.norm(old.xy[first] - new.xy[second], axis=1)
    return bool(np.count_nonzero(apart > NEAR) <= MOVED * len(both))


def _files(folder: Path) -> list[Path]:
    """From old to new."""
    try:
        return sorted(folder.glob("*.npz"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    except OSError:
        return []


def _read(file: Path) -> Map | None:
    try:
        with np.load(file, allow_pickle=False) as held:
            numbers = {name: float(held[name]) for name in _NUMBERS}
            arrays = {name: held[name] for name in _ARRAYS}
            space, method, fingerprint = file.stem.split("-")
            numbers["fitted_to"] = int(numbers["fitted_to"])
            fitted = Fit(method=method, space=space, **numbers, **arrays)
            found = Map(
                fitted, int(held["generation"]), held["ids"], held["xy"], fitted.fingerprint
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("The map %s cannot be read and is made anew: %s", file, error)
        return None
    return found if found.fingerprint == fingerprint else None


def _write(folder: Path, new: Map) -> None:
    """Keep a map, and no more than KEPT."""
    values = {name: getattr(new.fit, name) for name in _NUMBERS + _ARRAYS}
    values |= {"generation": new.generation, "ids": new.ids, "xy": new.xy}
    name = f"{new.fit.space}-{new.fit.method}-{new.fingerprint}.npz"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".unfinished", delete=False) as file:
            try:
                np.savez(file, **values)
                file.flush()
                Path(file.name).rename(folder / name)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        for old in _files(folder)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("The map is not kept in %s: %s", folder, error)
