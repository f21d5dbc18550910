"""Model files: where they are looked for, and how it is known that they are the right ones.

Every file has a published sha256 (engine/model_files.py), checked when it is found and again when
it is loaded; a file that differs is refused. Looked for, in this order: the folders given
(--models), $SERENDIP_MODELS (folders separated as in $PATH), the cache folder, installed weight
packages, of which nothing is imported. Files lie directly in their folder.

As a program: python -m engine.models list|fetch [--models DIR]...
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from engine import shell
from engine.model_files import MODELS, ModelFile

__all__ = [
    "MODELS",
    "Found",
    "ModelError",
    "ModelFile",
    "alternatives",
    "cache_folder",
    "digest",
    "explain",
    "find",
    "load_bytes",
    "missing",
    "style_labels",
]

log = logging.getLogger(__name__)

FOLDERS_VARIABLE = "SERENDIP_MODELS"
GIVEN_FOLDER = "given folder"  # a source
UNPUBLISHED = "not the published file"  # a note
_WEIGHTS = shell.CHECKOUT / "requirements-weights.txt"
FETCH_COMMAND = shell.module("engine.models", "fetch")
WEIGHTS_COMMAND = " ".join(
    map(shell.word, (shell.PYTHON, "-m", "pip", "install", "--no-deps", "-r", _WEIGHTS))
)


class ModelError(Exception):
    """One sentence for the user: what is wrong with a model file, and what to do."""


@dataclass(frozen=True)
class Found:
    """A model file that may be used."""

    key: str
    path: Path
    sha256: str
    source: str  # where it was found: "given folder", "$SERENDIP_MODELS", "cache", "package …"
    note: str | None  # what to say of its results when it is not the published file

    @property
    def folder(self) -> Path:
        """The folder of models below which it lies."""
        filename = MODELS[self.key].filename if self.key in MODELS else self.path.name
        return self.path.parents[len(Path(filename).parts) - 1]


def cache_folder() -> Path:
    """Where fetched files go: $XDG_CACHE_HOME or ~/.cache, then serendip/models."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification has a relative path ignored.
    root = Path(base) if Path(base).is_absolute() else _home() / ".cache"
    return root / "serendip" / "models"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a container's user without $HOME and without an entry in /etc/passwd
        return Path(tempfile.gettempdir()) / f"serendip-{os.getuid()}"


def find(
    key: str, dirs: Sequence[str | os.PathLike[str]] = (), accept_unpinned: bool = False
) -> Found | None:
    """The first usable file for `key` in the look-up order, or None.

    A file whose digest is neither the published one nor a known stand-in's is passed over with a
    warning in the log; with accept_unpinned it is used, with a note.
    """
    found, refusals = _search(MODELS[key], dirs, accept_unpinned)
    for refusal in refusals:
        log.warning("%s", refusal)
    return found


def explain(
    key: str, dirs: Sequence[str | os.PathLike[str]] = (), accept_unpinned: bool = False
) -> str:
    """In words: where the file for `key` was found, or why it was not."""
    model = MODELS[key]
    found, refusals = _search(model, dirs, accept_unpinned)
    if found is None:
        return "; ".join(refusals or [f"{model.filename} is missing"])
    note = f" ({found.note})" if found.note else ""
    return "; ".join([*refusals, f"{found.path}: used{note}"])


def alternatives(key: str) -> list[str]:
    """The keys of the files that can take the place of `key`'s."""
    return [model.key for model in MODELS.values() if model.instead_of == key]


def missing(dirs: Sequence[str | os.PathLike[str]] = ()) -> list[str]:
    """The files that are not there and that no other one replaces, in the order of the table."""
    return [
        model.key
        for model in MODELS.values()
        if model.instead_of is None
        and not any(
            _search(MODELS[key], dirs, False)[0] for key in (model.key, *alternatives(model.key))
        )
    ]


def load_bytes(found: Found) -> bytes:
    """The content of a found file, verified again. ModelError when it has changed or gone."""
    try:
        content = found.path.read_bytes()
    except OSError as error:
        raise ModelError(f"{found.path} cannot be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != found.sha256:
        raise ModelError(f"{found.path} changed while it was in use; start again.")
    return content


def style_labels(dirs: Sequence[str | os.PathLike[str]] = ()) -> list[str]:
    """The names of the 400 styles ("Genre---Style"), or "Style 1" … "Style 400" without a file.

    The numbers are those of the activations, so that a playlist made by number stays right when
    the names arrive.
    """
    for key in ("effnet_labels", *alternatives("effnet_labels")):
        if found := find(key, dirs):
            return list(json.loads(load_bytes(found))["classes"])
    return [f"Style {number}" for number in range(1, 401)]


def _search(
    model: ModelFile, dirs: Sequence[str | os.PathLike[str]], accept_unpinned: bool
) -> tuple[Found | None, list[str]]:
    """The first usable file, and why those that come before it are none."""
    refusals = []
    for path, source in _places(model, dirs):
        found, refusal = _judged(model, path, source, accept_unpinned)
        if found is not None:
            return found, refusals
        if refusal is not None:
            refusals.append(refusal)
    return None, refusals


def _places(model: ModelFile, dirs: Sequence[str | os.PathLike[str]]) -> Iterator[tuple[Path, str]]:
    """Where the file may lie, with what to call the place, in the look-up order."""
    for folder in dirs:
        yield Path(folder) / model.filename, GIVEN_FOLDER
    for folder in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep):
        if folder:
            yield Path(folder) / model.filename, f"${FOLDERS_VARIABLE}"
    yield cache_folder() / model.filename, "cache"
    if model.package:
        for folder in package_folders(model.package):
            yield Path(folder) / model.filename, f"package {model.package}"


def package_folders(package: str) -> Sequence[str]:
    """The folders of an installed package, found without importing it."""
    spec = find_spec(package)
    return list(spec.submodule_search_locations or ()) if spec else ()


def _judged(
    model: ModelFile, path: Path, source: str, accept_unpinned: bool
) -> tuple[Found | None, str | None]:
    """The file at `path` as usable, or None with the reason; (None, None) where there is none."""
    try:
        sha256 = digest(path)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        return None, f"{path} cannot be read ({error.strerror})"
    if sha256 == model.sha256:
        return Found(model.key, path, sha256, source, None), None
    if sha256 in model.stand_ins:
        return Found(model.key, path, sha256, source, model.stand_ins[sha256]), None
    if accept_unpinned:
        return Found(model.key, path, sha256, source, UNPUBLISHED), None
    expected = model.sha256[:12] if model.sha256 else "unknown"
    return None, (
        f"{path} is not the published file (sha256 {sha256[:12]}…, published {expected}…), so it "
        "is refused; --accept-unpinned uses it all the same"
    )


def digest(path: Path) -> str:
    """The sha256 of a file, read once as long as its size and time stay."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    import sys

    from engine.models_commands import main

    sys.exit(main())
