"""Which model of information content is used, where its weights lie, and on which device it runs.

Three systems: "pa-flow" (PA-AudioIC, arXiv 2511.05350: weights of the hub's CPJKU/pa-audioic),
"gmm" (AudioIC, arXiv 2501.07474: `gmm.pt` of the PyPI package audioic, on latents of the hub's
SonyCSLParis/music2latent), and "resident", which comes with this project and needs no download.
A path to a model.safetensors stands for a model of one's own (engine.information.train).

Published weights are looked for, in this order, in the folders given, $SERENDIP_MODELS, the cache
folder, an installed package, the Hugging Face cache; in a folder they lie directly or below the
last part of their repository's name ("pa-audioic/music2latent.pt"). torch is imported only where
a device is to be chosen or a model to be loaded.
"""

import ctypes
import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from engine import models, shell
from engine.information.latent_kinds import (
    LOG_MEL,
    MUSIC2LATENT,
    NEED_CODEC,
    NOISE_AUGMENTED,
    OF_MEL_BANDS,
)

if TYPE_CHECKING:
    from engine.information.analysis import Analyst

AUTO, PA_FLOW, GMM, RESIDENT, OWN = "auto", "pa-flow", "gmm", "resident", "own"
SHIPPED = Path(__file__).with_name("resident.safetensors")
FETCH_COMMAND = shell.module("engine.information.systems", "fetch")
SUFFIX = ".safetensors"  # of a model of one's own
# Music2Latent's encoder takes 20 s of a core for 30 s of music, and the resident model 0.4 s in
# all (benchmarks/INFORMATION.md).
_SLOWER_ON_CPU = 50


class SystemsError(Exception):
    """One sentence for the user: why a model cannot be used, and what to do."""


class MissingWeights(SystemsError):
    """The weights of a published model are not here; the sentence says what brings them."""


@dataclass(frozen=True)
class PublishedFile:
    """Weights that somebody else publishes."""

    filename: str
    repository: str | None = None  # on the hub
    package: str | None = None  # on PyPI, in whose folder the file lies
    sha256: str | None = None  # where it is known; hubs check their own
    licence: str = ""


_AUDIOIC = PublishedFile(
    "gmm.pt",
    package="audioic",
    sha256="714418c37778c0dafb18bc33e11b82c2f26825af824279df37613be8b145d3fa",
    licence="see the package audioic 0.1.3",
)
_PA_FLOW = PublishedFile(
    "pa_rectflow.pt", "CPJKU/pa-audioic", licence="see huggingface.co/CPJKU/pa-audioic"
)
_PA_CODEC = PublishedFile(
    "music2latent.pt", "CPJKU/pa-audioic", licence="see huggingface.co/CPJKU/pa-audioic"
)
_CODEC = PublishedFile(
    "music2latent.pt", "SonyCSLParis/music2latent", licence="CC BY-NC 4.0, SonyCSLParis"
)
ENCODER = 2  # raised when the same weights of a codec give other latents
# System → its model, and the codec whose latents it reads.
PUBLISHED = {PA_FLOW: (_PA_FLOW, _PA_CODEC), GMM: (_AUDIOIC, _CODEC)}
_CODECS = {MUSIC2LATENT: _CODEC, NOISE_AUGMENTED: _PA_CODEC}  # latents → what makes them
SYSTEMS = (PA_FLOW, GMM, RESIDENT)


@dataclass(frozen=True)
class Chosen:
    """A model on a device. Picklable."""

    system: str  # PA_FLOW, GMM, RESIDENT or OWN
    name: str  # what tables and plots call it: information of different names has no common scale
    model: Path
    latents: str  # that it reads: one of engine.information.latent_kinds
    codec: Path | None  # Music2Latent; None for a model of mel frames
    device: str  # cpu, cuda, cuda:1 …
    why: str  # a sentence: which model on which device, and why
    is_mixture: bool = False  # which has a closed form, and no noise levels

    @property
    def files(self) -> tuple[Path, ...]:
        """What the values depend on."""
        return (self.model,) if self.codec is None else (self.model, self.codec)


def choose(
    name: str | os.PathLike[str] = AUTO,
    device: str = AUTO,
    dirs: Sequence[str | os.PathLike[str]] = (),
) -> Chosen:
    """Decide on a model and a device; nothing is downloaded. Raises SystemsError.

    "auto": on a GPU the best published model whose weights are there, else the resident one.
    """
    where = device_of(device)
    if name == AUTO:
        return _best(where, dirs)
    if name == RESIDENT:
        return _shipped(where, f"the resident model on {_words(where)}")
    if name in PUBLISHED:
        system = str(name)
        found = _files(system, dirs)
        return _published(system, found, where, f"{system} on {_words(where)}")
    path = Path(name)
    if path.suffix != SUFFIX:
        known = ", ".join((AUTO, *SYSTEMS))
        raise SystemsError(
            f"There is no model {str(name)!r} of information content: take one of {known}, or a "
            f"file *{SUFFIX} that engine.information.train wrote."
        )
    return _own(path, where, dirs)


def load(
    chosen: Chosen,
    integration: Any = None,
    precision: Any = None,
    seed: int = 0,
    cache: Any = None,
) -> "Analyst":
    """The model at work. Raises checkpoints.CheckpointError, and SystemsError.

    integration, precision, seed: as `engine.information.model.InformationModel` takes them.
    cache: a LatentCache, for models that need a codec.
    """
    from engine.information import checkpoints
    from engine.information.analysis import Analyst
    from engine.information.codec import load_codec
    from engine.information.model import InformationModel

    readers = {PA_FLOW: checkpoints.load_pa_flow, GMM: checkpoints.load_gmm}
    checkpoint = readers.get(chosen.system, checkpoints.load)(chosen.model)
    model = InformationModel(checkpoint, chosen.device, integration, precision, seed)
    codec = None if chosen.codec is None else load_codec(chosen.codec, chosen.device)
    if codec is None and model.latents in NEED_CODEC:
        raise SystemsError(f"{chosen.model} reads latents of Music2Latent, which is not here.")
    try:
        return Analyst(model, codec) if cache is None else Analyst(model, codec, cache)
    except ValueError as error:
        raise SystemsError(f"{chosen.codec} cannot be used: {error}.") from error


def find(
    file: PublishedFile, dirs: Sequence[str | os.PathLike[str]] = ()
) -> tuple[Path | None, str]:
    """The file's place, or None and a sentence why there is none."""
    refused = ""
    for path in _places(file, dirs):
        if not path.is_file():
            continue
        if file.sha256 is None or models.digest(path) == file.sha256:
            return path, ""
        refused = f"{path} is not the published file; "
    home = file.repository or f"the package {file.package}"
    return None, f"{refused}{file.filename} of {home} is missing: get it with {_remedy(file)}"


def fetch(system: str, dirs: Sequence[str | os.PathLike[str]] = ()) -> list[Path]:
    """Download what is missing of a published system into the Hugging Face cache.

    Raises SystemsError.
    """
    # Nothing is reported of who downloads what; to be set before the library is loaded.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import hf_hub_download

    # It tells of each of its attempts; one sentence at the end is enough.
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    # What the hub has first: a package that is missing is no reason to leave it.
    files = sorted(PUBLISHED[system], key=lambda file: file.repository is None)
    return [_fetched(file, dirs, hf_hub_download) for file in files]


def _fetched(
    file: PublishedFile, dirs: Sequence[str | os.PathLike[str]], download: Callable
) -> Path:
    place, why = find(file, dirs)
    if place is not None:
        return place
    if file.repository is None:
        raise SystemsError(f"{why}.")
    try:
        return Path(download(file.repository, file.filename))
    except Exception as error:  # of the network, of the hub, of the disk
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SystemsError(
            f"{file.filename} cannot be downloaded ({reason.rstrip('.')}). Get it from "
            f"https://huggingface.co/{file.repository} yourself, and put it into "
            f"{models.cache_folder() / file.repository.split('/')[1]}."
        ) from error


def _best(device: str, dirs: Sequence[str | os.PathLike[str]]) -> Chosen:
    if device == "cpu":
        return _shipped(
            device,
            "the resident model on the CPU, where the published ones would take more than "
            f"{_SLOWER_ON_CPU} times as long",
        )
    for system in PUBLISHED:
        try:
            found = _files(system, dirs)
        except MissingWeights:  # the next best
            continue
        return _published(system, found, device, f"{system} on {_words(device)}")
    return _shipped(
        device,
        f"the resident model on {_words(device)}; the published weights are not here, and "
        f"{_remedy(_PA_FLOW)} gets them",
    )


def _files(system: str, dirs: Sequence[str | os.PathLike[str]]) -> list[Path]:
    found = [find(file, dirs) for file in PUBLISHED[system]]
    if absent := [why for path, why in found if path is None]:
        raise MissingWeights(f"{'; '.join(absent)}.")
    return [path for path, _ in found if path]


def _published(system: str, files: Sequence[Path], device: str, why: str) -> Chosen:
    model, codec = files
    words, is_mixture = f"Information content: {why}.", system == GMM
    latents = MUSIC2LATENT if is_mixture else NOISE_AUGMENTED
    return Chosen(system, system, model, latents, codec, device, words, is_mixture)


def _shipped(device: str, why: str) -> Chosen:
    said = _metadata(SHIPPED)
    name = f"{RESIDENT}-{json.loads(said['card'])['version']}"
    words = f"Information content: {why}."
    return Chosen(RESIDENT, name, SHIPPED, said["latents"], None, device, words)


def _own(path: Path, device: str, dirs: Sequence[str | os.PathLike[str]]) -> Chosen:
    codec, said = None, _metadata(path)
    latents = said.get("latents", LOG_MEL)
    if latents not in NEED_CODEC | OF_MEL_BANDS:
        raise SystemsError(
            f"{path} reads latents of a kind that is not known here ({latents}): a later version "
            "of this project trained it."
        )
    if latents in NEED_CODEC:
        codec, why = find(_CODECS[latents], dirs)
        if codec is None:
            raise MissingWeights(f"{path.name} reads latents of Music2Latent, and {why}.")
    name = f"{OWN} {models.digest(path)[:8]}"
    words = f"Information content: {path} on {_words(device)}."
    is_mixture = said.get("kind") == "mixture"
    return Chosen(OWN, name, path.absolute(), latents, codec, device, words, is_mixture)


def _metadata(path: Path) -> dict[str, str]:
    """What a file of the project's own layout says of itself. Raises SystemsError."""
    try:
        with safe_open(path, "np") as file:
            return file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise SystemsError(f"{path} cannot be read as a model: {error}.") from error


def _remedy(file: PublishedFile) -> str:
    """The one command that brings the file."""
    if file.package:
        return models.WEIGHTS_COMMAND
    system = next(system for system, files in PUBLISHED.items() if file in files)
    return f"{FETCH_COMMAND} {system}"


def _places(file: PublishedFile, dirs: Sequence[str | os.PathLike[str]]) -> Iterator[Path]:
    variable = os.environ.get(models.FOLDERS_VARIABLE, "").split(os.pathsep)
    for folder in (*dirs, *filter(None, variable), models.cache_folder()):
        if file.repository:
            yield Path(folder) / file.repository.split("/")[1] / file.filename
        yield Path(folder) / file.filename
    if file.package:
        for folder in models.package_folders(file.package):
            yield Path(folder) / file.filename
    if file.repository:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(file.repository, file.filename)
        if isinstance(found, str):
            yield Path(found)


def device_of(wish: str) -> str:
    """A device that is there: of auto, cpu, cuda, cuda:1 … Raises SystemsError."""
    if wish == "cpu" or (wish == AUTO and not _has_driver()):
        return "cpu"
    if wish != AUTO and not re.fullmatch(r"cuda(:\d+)?", wish):
        raise SystemsError(f"There is no device {wish!r}: take auto, cpu, cuda or cuda:0, cuda:1 …")
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wish == AUTO:
        return "cuda" if count else "cpu"
    number = int(wish.partition(":")[2] or 0)
    if number >= count:
        built = "" if torch.version.cuda else ", and torch was installed without CUDA"
        raise SystemsError(f"There is no device {wish}: torch finds {count} GPUs{built}.")
    return wish


def _has_driver() -> bool:
    """Whether there is an NVIDIA driver: without one, loading torch to ask it takes 2 s."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _words(device: str) -> str:
    return "the CPU" if device == "cpu" else f"the GPU ({device})"


if __name__ == "__main__":
    import sys

    from engine.information.systems_commands import main

    sys.exit(main())
