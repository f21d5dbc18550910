"""What several test modules share: real music, model folders, data beside the checkout."""

import os
import shutil
import tempfile
from itertools import zip_longest
from pathlib import Path

import pytest
import sounds

from engine import audio, demo

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / ".cache"
CLIP_SECONDS = 30.0
# Codecs of the clips, in turn: what people's folders hold.
CLIP_CODECS = (
    (".mp3", "mp3", {"bit_rate": 192_000}),
    (".ogg", "vorbis", {"bit_rate": 192_000, "strict": "experimental"}),
    (".flac", "flac", {}),
    (".m4a", "aac", {"bit_rate": 160_000}),
    (".opus", "libopus", {"bit_rate": 128_000}),
    (".wav", "pcm_s16le", {}),
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where everything is meant to be there, as on the build machine, a skipped test has failed."""
    report = yield
    if report.skipped and os.environ.get("SERENDIP_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but SERENDIP_NO_SKIPS is set: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of models and measured values beside the checkout; the test is skipped without."""
    folder = Path(os.environ.get("SERENDIP_SHARED") or REPOSITORY.parent / "shared")
    if not folder.is_dir():
        pytest.skip("no shared data: set SERENDIP_SHARED to the folder that holds models/")
    return folder.resolve()


@pytest.fixture(scope="session")
def models_dirs(shared_dir: Path) -> list[Path]:
    """The folders with model files: the published ones, then the stand-ins of random weights."""
    folders = [shared_dir / "models", shared_dir / "models-standin"]
    missing = [folder.name for folder in folders if not folder.is_dir()]
    if missing:
        pytest.skip(f"no {' and no '.join(missing)} in {shared_dir}")
    return folders


@pytest.fixture(scope="session")
def demo_tracks() -> list[Path]:
    """At least a dozen whole tracks of real music, fetched once (47 MB) where Debian's apt is."""
    for folder in (REPOSITORY / "demo-music", CACHE / "demo-music"):
        found = demo.tracks(folder)
        if len(found) >= 13:
            return found
    try:
        return demo.fetch(CACHE / "demo-music", demo.SMALL, fewest=12)
    except demo.DemoError as error:
        pytest.skip(f"no real music: {error}")


def _varied(tracks: list[Path]) -> list[Path]:
    """The tracks, one of each package in turn."""
    by_package: dict[str, list[Path]] = {}
    for track in tracks:
        package = next(name for name in demo.ALL if name in track.parts)
        by_package.setdefault(package, []).append(track)
    rounds = zip_longest(*by_package.values())
    return [track for tracks in rounds for track in tracks if track is not None]


@pytest.fixture(scope="session")
def demo_music(demo_tracks: list[Path]) -> Path:
    """A folder of 12 clips of 30 s of real music, two of each common format. Read it only."""
    folder = CACHE / "clips-30s"
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=CACHE))
        for i, track in enumerate(_varied(demo_tracks)[:12]):
            sound = audio.decode(track, span_s=CLIP_SECONDS)
            extension, codec, options = CLIP_CODECS[i % len(CLIP_CODECS)]
            name = f"{i:02d} {track.parent.name}, {track.stem}{extension}"
            sounds.encode(unfinished / name, sound.samples, sound.sample_rate, codec, **options)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            shutil.rmtree(unfinished)  # another run of the tests was quicker
    return folder


@pytest.fixture
def library_dir(tmp_path: Path) -> Path:
    """Where a test's own library goes; not there yet."""
    return tmp_path / "library"
