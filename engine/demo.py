"""Freely licensed music to try the project on, from Debian packages, without root.

`python -m engine.demo [FOLDER] [--small]` downloads the packages with `apt-get download`, which
checks them against the distribution's signed lists, unpacks them with `dpkg -x`, and copies their
tracks to FOLDER/<package>/. What is there already is not fetched again. CREDITS.txt carries the
packages' own copyright files.
"""

import argparse
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

DEFAULT_FOLDER = Path("demo-music")
SMALL = ("asc-music", "fretsonfire-songs-sectoid", "pathological")  # 13 tracks, 47 MB
ALL = (*SMALL, "drascula-music", "singularity-music")  # 59 tracks, 136 MB
FEWEST = 40  # tracks that a demo collection needs
EXTENSIONS = {".ogg", ".mp3", ".opus", ".flac"}
SMALLEST = 100_000  # bytes: shorter files are sound effects and jingles
CREDITS = "CREDITS.txt"
DONE = ".complete"  # written last, in each package's folder
NEEDS = ("apt-get", "dpkg")

log = logging.getLogger(__name__)


class DemoError(Exception):
    """A sentence for the user: why there is no demo music, and what to do."""


def tracks(folder: Path) -> list[Path]:
    """The tracks of the demo collection in `folder`, sorted."""
    return sorted(p for p in folder.rglob("*") if p.suffix in EXTENSIONS and p.is_file())


def fetch(folder: Path, packages: Sequence[str] = ALL, fewest: int = FEWEST) -> list[Path]:
    """Complete the collection in `folder` and return its tracks. Raises DemoError."""
    folder = folder.resolve()
    missing = [name for name in packages if not (folder / name / DONE).exists()]
    if missing:
        _check_system()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as temporary:
            for name in missing:
                _fetch_package(name, folder, Path(temporary))
    found = tracks(folder)
    if len(found) < fewest:
        raise DemoError(
            f"Only {len(found)} of at least {fewest} demo tracks could be fetched: "
            "check the network, or use your own music: make demo MUSIC=/path/to/music"
        )
    if missing:
        _write_credits(folder)
    return found


def _check_system() -> None:
    absent = [name for name in NEEDS if shutil.which(name) is None]
    if absent:
        raise DemoError(
            f"The demo music comes from Debian packages, and {' and '.join(absent)} is not here: "
            "use your own music: make demo MUSIC=/path/to/music"
        )


def _fetch_package(name: str, folder: Path, temporary: Path) -> None:
    """Download, unpack and copy one package; one that the distribution lacks is logged."""
    package = _download(name, temporary)
    if package is None:
        log.warning("%s cannot be had from this distribution: left out", name)
        return
    unpacked = temporary / name
    _run(["dpkg", "-x", str(package), str(unpacked)], temporary)
    music = [p for p in tracks(unpacked) if not _through_link(p, unpacked) and _is_track(p)]
    if not music:
        log.warning("%s has no tracks: left out", name)
        return
    top = Path(os.path.commonpath([p.parent for p in music]))
    target = temporary / "ready" / name
    for path in music:
        copy = target / path.relative_to(top)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    rights = unpacked / "usr/share/doc" / name / "copyright"
    if rights.exists():
        shutil.copyfile(rights, target / "copyright")
    (target / DONE).touch()
    if (folder / name).exists():  # an interrupted or older copy
        shutil.rmtree(folder / name)
    target.rename(folder / name)
    log.info("%s: %d tracks", name, len(music))


def _is_track(path: Path) -> bool:
    return path.stat().st_size >= SMALLEST


def _through_link(path: Path, top: Path) -> bool:
    """Whether the path leads through a symbolic link: the same music under another name."""
    inside = path.relative_to(top)
    return any((top / part).is_symlink() for part in (inside, *inside.parents[:-1]))


def _download(name: str, temporary: Path) -> Path | None:
    """The .deb of a package: by the system's lists of packages, else by fresh private ones."""
    private = temporary / "apt"
    options = [f"Dir::Cache={private}/cache", "Debug::NoLocking=1"]
    if os.geteuid() == 0:
        options.append("APT::Sandbox::User=root")  # apt's own user cannot enter our folder
    state = [*options, f"Dir::State={private}/state", f"Dir::State::Lists={private}/lists"]
    for attempt in (options, state):
        apt = ["apt-get", "-q", *(word for option in attempt for word in ("-o", option))]
        if attempt is state and not (private / "lists").exists():
            (private / "lists/partial").mkdir(parents=True)
            (private / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
            _run([*apt, "update"], temporary)
        if _run([*apt, "download", name], temporary):
            return next(temporary.glob(f"{name}_*.deb"))
    return None


def _run(command: list[str], folder: Path) -> bool:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        log.debug("%s: %s", " ".join(command), done.stderr.strip())
    return done.returncode == 0


def _write_credits(folder: Path) -> None:
    parts = ["The music in this folder comes from these Debian packages, under the terms below.\n"]
    for rights in sorted(folder.glob("*/copyright")):
        name = rights.parent.name
        text = rights.read_text(encoding="utf-8", errors="replace")
        parts.append(f"{'=' * 78}\n{name}\n{'=' * 78}\n{text}")
    (folder / CREDITS).write_text("\n".join(parts), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine.demo", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--small", action="store_true", help="13 tracks (47 MB) instead of 60")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        if options.small:
            found = fetch(options.folder, SMALL, fewest=len(SMALL))
        else:
            found = fetch(options.folder)
    except DemoError as error:
        log.error("%s", error)
        return 1
    log.info("%d tracks of demo music in %s", len(found), options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
