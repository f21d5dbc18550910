"""What fills a library: the command, and the same behind an app; here without any network."""

import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from runs import tone

from engine import filling
from engine.filling import FillingError, arguments, as_before
from engine.library import Library
from engine.models import GIVEN_FOLDER, UNPUBLISHED

NO_WAY_OUT = "http://127.0.0.1:9"  # a proxy at which nobody listens
SECONDS = 120.0  # on a busy machine


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """No network, and no model but what comes with the project."""
    monkeypatch.setenv("https_proxy", NO_WAY_OUT)
    monkeypatch.setenv("SERENDIP_MODELS", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(filling, "NICENESS", 0)  # or it would wait for the other tests


@pytest.fixture
def music(tmp_path) -> Path:
    for i in range(3):
        tone(tmp_path / "my music's" / f"{i}.wav", hertz=300 + 50 * i)
    return tmp_path / "my music's"


@pytest.fixture
def library(tmp_path):
    """A library's folder, of which nothing is told afterwards."""
    yield tmp_path / "my library"
    filling.stop(tmp_path / "my library")
    wait(tmp_path / "my library")
    filling.forget(tmp_path / "my library")


def wait(library: Path) -> None:
    until = time.monotonic() + SECONDS
    while filling.running(library) is not None:
        assert time.monotonic() < until, filling.running(library).told()
        time.sleep(0.05)


def test_paths_are_whole_and_only_what_is_asked_for_is_given(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert arguments(["music", b"/\xff"], Path("library"), fetch=False) == [
        f"{tmp_path}/music", os.fsdecode(b"/\xff"), "--library", f"{tmp_path}/library",
    ]  # fmt: skip
    assert arguments(
        ["/m"], Path("/l"), span_s=30.0, models=["/w"], accept_unpinned=True, stages=("dsp",),
        retry=True,
    ) == [
        "/m", "--library", "/l", "--span", "30", "--models", "/w", "--stages", "dsp",
        "--accept-unpinned", "--fetch", "--retry",
    ]  # fmt: skip


def test_a_library_is_filled_as_it_was_analysed(tmp_path):
    """With another span or without its models, every track would be analysed anew."""
    given = {"folder": str(tmp_path), "source": GIVEN_FOLDER, "note": UNPUBLISHED}
    cached = {"folder": "/cache", "source": "cache", "note": None}
    gone = {"folder": "/not/there", "source": "$SERENDIP_MODELS", "note": None}
    meta = {"span_s": 20.0, "models": {"effnet": [given, gone], "musicnn": [cached, given]}}
    assert as_before(meta) == {"span_s": 20.0, "models": [str(tmp_path)], "accept_unpinned": True}
    assert as_before({}) == {"span_s": None, "models": [], "accept_unpinned": False}


def test_it_runs_behind_the_app_one_at_a_time(music, library):
    filling.start(library, arguments([music], library, stages=("dsp",), fetch=False))
    with pytest.raises(FillingError, match="running already"):
        filling.start(library, arguments([music], library, fetch=False))
    wait(library)
    assert filling.problem(library) == ""
    with Library.open(library) as filled:
        assert filled.frame()["loudness_lufs"].notna().all()


def test_without_a_network_one_sentence_says_so_and_the_rest_is_done(music, library):
    filling.start(library, arguments([music], library, stages=("dsp", "effnet")))
    wait(library)
    problem = filling.problem(library)
    assert problem.startswith("The models could not be downloaded. https://essentia.upf.edu/")
    assert "cannot be reached (Connection refused); try again" in problem
    with Library.open(library) as filled:
        assert filled.coverage().stages["effnet"] == {"model_missing": 3}
        assert filled.coverage().columns["loudness_lufs"] == 3
    filling.forget(library)
    assert filling.problem(library) == ""


def test_models_are_fetched_although_no_file_is_new(music, library):
    """The second time, the plain command finds nothing to do."""
    given = arguments([music], library, stages=("dsp", "effnet"), fetch=False)
    for flag, tried in ((), True), ((), False), (("--fetch",), True):
        filling.start(library, [*given, *flag])
        wait(library)
        assert ("could not be downloaded" in filling.problem(library)) == tried


def test_what_cannot_run_is_said_in_its_own_words(music, library):
    shutil.rmtree(music)
    filling.start(library, arguments([music], library))
    wait(library)
    assert filling.problem(library).startswith(f"There is no {music}; check the spelling")


def test_it_can_be_stopped(music, library):
    filling.start(library, arguments([music], library, stages=("dsp",), fetch=False))
    filling.stop(library)
    wait(library)
    assert filling.problem(library) == ""


def test_what_kills_it_is_said(music, library):
    filling.start(library, arguments([music], library, stages=("dsp",), fetch=False))
    filling.running(library).process.kill()
    wait(library)
    assert filling.problem(library).startswith("The analysis was ended by signal 9;")


def test_another_process_at_the_library_is_left_alone(music, library):
    with (
        Library.open(library, writable=True),
        pytest.raises(FillingError, match="running already"),
    ):
        filling.start(library, arguments([music], library, fetch=False))


def test_it_gives_way_to_the_app(music, library, monkeypatch):
    monkeypatch.setattr(filling, "NICENESS", 10)
    filling.start(library, arguments([music], library, stages=("dsp",), fetch=False))
    process = filling.running(library).process
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == filling.NICENESS
    assert process.args[0] == sys.executable
