"""The command line of the analysis, as a user and as cron meet it, with real stages."""

import fcntl
import json
import os
import pty
import re
import resource
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from sounds import encode, tune
from waiting import PATIENCE_S, wait_for

import precompute
from engine import shell, stages
from engine.console import Console
from engine.equipment import fingerprint
from engine.library import Library, LibraryError
from engine.records import Analysis, Outcome, Tags

ROOT = Path(__file__).resolve().parent.parent


def command(*arguments):
    return [sys.executable, str(ROOT / "precompute.py"), *map(os.fspath, arguments)]


def run(*arguments, **settings):
    """A finished run; `told` is what --json gave."""
    done = subprocess.run(
        command(*arguments, "--json", "--no-fetch"), capture_output=True, text=True, **settings
    )
    if done.returncode in (0, 1, 130):
        done.told = json.loads(done.stdout.splitlines()[-1])
        assert done.told["found"] == (
            done.told["done_now"] + done.told["done_before"] + sum(done.told["not_done"].values())
        )
    return done


@pytest.fixture
def music(tmp_path):
    for i in range(3):
        (tmp_path / "music").mkdir(exist_ok=True)
        encode(tmp_path / "music" / f"{i}.wav", tune(3, seed=i))
    return tmp_path / "music"


@pytest.fixture
def dsp(library_dir):
    """The flags of a quick run."""
    return "--library", library_dir, "--stages", "dsp"


def test_real_music_through_all_stages(demo_music, models_dirs, library_dir):
    models = [flag for folder in models_dirs for flag in ("--models", folder)]
    done = run(demo_music, "--library", library_dir, *models)
    assert done.returncode == 0, done.stderr
    assert done.told["by_status"] == {"ok": 12}
    assert done.told["models"]["effnet"] and done.told["providers"]["effnet"]
    assert "random weights" in done.stdout  # a stand-in never passes for the real model
    frame = Library.open(library_dir).frame()
    for column in ("tempo_bpm", "key_edma", "loudness_lufs", "voice", "valence", "style"):
        assert frame[column].notna().all(), column
    again = run(demo_music, "--library", library_dir, *models)
    assert again.stdout.startswith("Nothing to do: 12 files")
    assert done.told["peak_worker_mb"] < 1000


def test_without_any_model_the_rest_is_done_and_the_gap_is_told(music, library_dir, tmp_path):
    bare = {**os.environ, "SERENDIP_MODELS": "", "XDG_CACHE_HOME": str(tmp_path)}
    done = run(music, "--library", library_dir, "--stages", "dsp,effnet", env=bare)
    assert done.told["by_stage"] == {"dsp": {"ok": 3}, "effnet": {"model_missing": 3}}
    told = next(line for line in done.stdout.splitlines() if line.startswith("To fill what is"))
    fill = shell.program(
        "precompute.py", music, "--library", library_dir, "--stages", "dsp,effnet", "--fetch"
    )
    assert told == f"To fill what is missing: {fill}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], r"^There is no nowhere; check the spelling, or mount the drive it is on\.$"),
        ([".", "--models", "nowhere"], "There is no folder nowhere of models"),
        ([".", "--stages", "dsp,ballet"], "no stage ballet; there are dsp"),
        ([".", "--workers", "0"], "at least 1"),
        ([".", "--span", "0"], "from 1 to 600 seconds"),
        ([".", "--span", "601"], "from 1 to 600 seconds: no more than that is analysed"),
        ([".", "--span", "nan"], "from 1 to 600 seconds"),
        ([], "MUSIC_DIR"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, sentence, tmp_path):
    done = subprocess.run(command(*arguments), capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(sentence, done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_without_audio(tmp_path, dsp):
    (tmp_path / "letters").mkdir()
    done = run(tmp_path / "letters", *dsp)
    assert done.told["found"] == 0
    assert "No audio file" in done.stdout


def test_a_library_in_use_names_its_user(music, library_dir, dsp):
    with Library.open(library_dir, writable=True):
        done = run(music, *dsp)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Process {os.getpid()} is writing")


def test_strict_fails_only_for_failed_tracks(music, dsp):
    assert run(music, *dsp, "--strict").returncode == 0
    (music / "text.mp3").write_text("words")
    assert run(music, *dsp, "--strict").returncode == 1
    assert run(music, *dsp).returncode == 0


def test_odd_names_stay_on_their_line_and_a_log_has_no_bar(music, dsp):
    (music / os.fsdecode(b"bro\nken \xff\x1b[31m.mp3")).write_text("words")
    done = run(music, *dsp, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert "bro\\nken \\xff\\x1b[31m.mp3: unreadable: " in done.stdout
    assert done.stderr == "Analysing: 4 files\n"


def test_a_terminal_gets_a_bar_with_rate_and_failures(music, dsp):
    (music / "text.mp3").write_text("words")
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    done = subprocess.run(command(music, *dsp), stdout=subprocess.PIPE, stderr=child)
    os.close(child)
    shown = os.read(parent, 1 << 16).decode()
    assert done.returncode == 0
    assert "Analysing: 100%" in shown and "file/s" in shown and "1 failed" in shown


def test_a_long_log_gets_a_line_a_minute(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr("engine.console.time.monotonic", lambda: now[0])
    console = Console(sys.stderr)
    console.phase("Analysing", 300)
    for _ in range(300):
        now[0] += 1
        console.advance(failed=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "Analysing: 60 of 300, 0 failed" and len(lines) == 6


def test_a_full_disk_behind_standard_output_is_told_in_a_sentence(music, dsp):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(music, *dsp), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == precompute.CANNOT_RUN
    assert done.stderr.splitlines() == [
        "Analysing: 3 files",
        "The analysis is recorded, but the summary cannot be printed: No space left on device.",
    ]


def test_nobody_to_tell_how_far_it_is(music, dsp):
    """Neither a full disk nor a closed descriptor ends the analysis."""
    with Path("/dev/full").open("w") as full:
        done = run_to(full, music, *dsp)
    assert (done.returncode, json.loads(done.stdout.splitlines()[-1])["done_now"]) == (0, 3)
    closed = " ".join(map(shlex.quote, command(music, *dsp))) + " >&- 2>&-"
    assert subprocess.run(["sh", "-c", closed], check=False).returncode == 0


def run_to(stderr, *arguments):
    arguments = command(*arguments, "--json")
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=stderr, text=True)


def test_a_terminal_that_is_closed_does_not_end_the_run(music, dsp):
    parent, child = pty.openpty()
    going = subprocess.Popen(
        command(music, *dsp, "--json"), stdout=subprocess.PIPE, stderr=child, text=True
    )
    os.close(child)
    os.read(parent, 1 << 16)  # the bar is there
    os.close(parent)
    out, _ = going.communicate(timeout=PATIENCE_S)
    assert (going.returncode, json.loads(out.splitlines()[-1])["done_now"]) == (0, 3)


@pytest.mark.parametrize("delay", [0, 0.05, 0.1, 0.2])
def test_ctrl_c_before_anything_was_done_is_one_line(music, dsp, delay):
    going = subprocess.Popen(
        command(music, *dsp), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    maps = Path(f"/proc/{going.pid}/maps")
    # In the middle of the imports.
    wait_for(lambda: "numpy" in maps.read_text(), "the import of numpy", every=0.002)
    time.sleep(delay)
    going.send_signal(signal.SIGINT)
    out, err = going.communicate(timeout=PATIENCE_S)
    assert going.returncode == 130
    assert "Traceback" not in err
    assert err == "Interrupted before anything was done.\n" or "not reached" in out


@pytest.fixture(scope="module")
def long_music(tmp_path_factory):
    """As many tracks as take a while."""
    folder, sound = tmp_path_factory.mktemp("long"), tune(30)
    for i in range(40):
        encode(folder / f"{i:02d}.wav", sound * (1 - i / 100))
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_at_once_with_a_summary(long_music, library_dir, dsp, number):
    arguments = command(long_music, *dsp, "--json")
    going = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: _tracks(library_dir) >= 2, "two tracks")
    going.send_signal(number)
    out, err = going.communicate(timeout=PATIENCE_S)
    assert going.returncode == 128 + number
    told = json.loads(out.splitlines()[-1])
    assert told["interrupted"] and 2 <= told["done_now"] < 20  # it did not go on for long
    assert told["done_now"] + told["not_done"]["not_reached"] == 40
    assert told["done_now"] == _tracks(library_dir)
    assert "Traceback" not in err


def _tracks(library_dir):
    try:
        return len(Library.open(library_dir).frame())
    except LibraryError:  # not there yet
        return 0


def _used_by_children():
    """Processor seconds of all ended child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_ten_thousand_unchanged_files_take_less_than_two_seconds(tmp_path, library_dir, dsp):
    (plan,) = stages.resolve(("dsp",), (), False).values()
    outcome = Outcome("dsp", fingerprint(plan, None), "ok")
    with Library.open(library_dir, writable=True) as library, library.transaction():
        for i in range(10_000):
            path = tmp_path / "music" / f"artist {i % 100}" / f"{i}.mp3"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
            mtime_ns = path.stat().st_mtime_ns
            relpath = os.fsencode(path.relative_to(tmp_path / "music"))
            root = os.fsencode(tmp_path / "music")
            library.record(
                root, relpath, 1, mtime_ns, Analysis(str(i), tags=Tags(), outcomes=(outcome,))
            )
    # Of the processor, since the machine may be busy; nothing here waits for anything else.
    before = _used_by_children()
    done = run(tmp_path / "music", *dsp)
    assert _used_by_children() - before < 2
    assert done.stdout.startswith("Nothing to do: 10,000 files")


def test_every_flag_is_in_the_readme():
    readme = ROOT / "README.md"
    flags = set(re.findall(r"--[a-z-]+", precompute._parser().format_help())) - {"--help"}
    text = readme.read_text()
    assert not {flag for flag in flags if flag not in text}


def test_a_model_that_was_asked_for_and_cannot_be_had_ends_the_run(tmp_path, library_dir, capsys):
    """Before anything is computed: going on would fill the library with another one's values."""
    (tmp_path / "music").mkdir()
    options = [str(tmp_path / "music"), "--library", str(library_dir), "--no-fetch"]
    for model, why in (("pa-flow", "systems fetch pa-flow"), ("foo", "no model 'foo'")):
        assert precompute.main([*options, "--ic-model", model]) == precompute.CANNOT_RUN
        assert why in capsys.readouterr().err
    assert precompute.main([*options, "--device", "cuda:7"]) == precompute.CANNOT_RUN
    assert "There is no device cuda:7" in capsys.readouterr().err
    assert not library_dir.exists()
