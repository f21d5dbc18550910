"""What several test modules share: real music, model folders, data beside the checkout.

Tests run in several processes at once (pytest-xdist): each has its own home and temporary folder,
and what is made for all of them in the checkout's .cache is made by one, while the others wait.
Whatever reads the environment when it is imported is imported late.
"""

import fcntl
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from engine import cores

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


HEARD = (signal.SIGINT, signal.SIGTERM)  # by processes that tests start


def pytest_configure() -> None:
    let_children_hear()
    for name in list(os.environ):
        if name.startswith("STREAMLIT_") or name == "SERENDIP_LIBRARY":
            del os.environ[name]
    os.environ.setdefault("MPLCONFIGDIR", str(CACHE / "matplotlib"))  # its list of fonts takes long
    if "PYTEST_XDIST_WORKER" in os.environ:  # there is one for each core
        os.environ.update(cores.environment(threads=1))
    # How long an example takes says more of the machine than of what is tested.
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("patient", patient)
    settings.load_profile("patient")


def let_children_hear() -> None:
    """Signals that the caller of the tests ignores, as `&` in a script has it of Ctrl-C.

    The tests go on ignoring them, but by a handler, which processes do not inherit.
    """
    for number in HEARD:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An empty home: no setting of the user's has a part in the tests, nothing is left there."""
    if "HOME" in os.environ:  # but for the package registry that pip is told to use
        pip = Path(os.environ["HOME"]) / ".config/pip/pip.conf"
        os.environ.setdefault("PIP_CONFIG_FILE", str(pip))
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        os.environ.pop(name, None)


@contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Among all processes that run these tests."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
    from engine import demo

    for folder in (REPOSITORY / "demo-music", CACHE / "demo-music"):
        found = demo.tracks(folder)
        if len(found) >= 13:
            return found
    try:
        with one_at_a_time("demo-music"):
            return demo.fetch(CACHE / "demo-music", demo.SMALL, fewest=12)
    except demo.DemoError as error:
        pytest.skip(f"no real music: {error}")


def _varied(tracks: list[Path]) -> list[Path]:
    """The tracks, one of each package in turn."""
    from engine import demo

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
    with one_at_a_time("clips"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
                _write_clips(_varied(demo_tracks)[:12], Path(unfinished) / "clips")
                (Path(unfinished) / "clips").rename(folder)
    return folder


def _write_clips(tracks: list[Path], folder: Path) -> None:
    import sounds

    from engine import audio

    folder.mkdir()
    for i, track in enumerate(tracks):
        sound = audio.decode(track, span_s=CLIP_SECONDS)
        extension, codec, options = CLIP_CODECS[i % len(CLIP_CODECS)]
        name = f"{i:02d} {track.parent.name}, {track.stem}{extension}"
        sounds.encode(folder / name, sound.samples, sound.sample_rate, codec, **options)


@pytest.fixture
def library_dir(tmp_path: Path) -> Path:
    """Where a test's own library goes; not there yet."""
    return tmp_path / "library"
