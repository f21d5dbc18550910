"""The page on information content does what it says: its commands and its Python run as written."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from engine import demo
from engine.information import options, train

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs/information.md"
PACKAGE = "fretsonfire-songs-sectoid"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(demo_tracks, tmp_path) -> Path:
    """Where a reader is: the demo music lies in demo-music."""
    root = next(parent for parent in demo_tracks[0].parents if (parent / PACKAGE).is_dir())
    (tmp_path / "demo-music").symlink_to(root)
    return tmp_path


def run(folder: Path, *command: str) -> str:
    """Its output, as one user without a GPU has it."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=800
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_writes_what_the_page_says(folder):
    (command,) = blocks("bash")
    run(folder, "bash", "-euc", command)
    assert {path.name for path in (folder / "ic").iterdir()} == {
        "song.csv",
        "song.png",
        "song.html",
        "recordings.csv",
    }
    with (folder / "ic/song.csv").open(newline="") as file:
        heads, *rows = csv.reader(file)
    shown = blocks("csv")[0].splitlines()
    assert ",".join(heads) == shown[0]
    assert len(rows) == int(30 * 44_100 / 4_096)
    assert rows[0][1:] == ["nan", "nan"] and "nan" not in rows[1]
    assert float(rows[0][0]) == pytest.approx(float(shown[1].split(",")[0]), abs=0.01)


def test_the_python_of_the_page_draws_its_picture(folder):
    code = "\n".join(blocks("python"))
    said = run(folder, sys.executable, "-c", f"{code}\nprint(len(figure.data))")
    assert re.search(r"^\d:\d\d\.\d, mean IC -?\d+\.\d nats per frame$", said, re.MULTILINE)
    made, kept = Image.open(folder / "information.png"), Image.open(PAGE.with_suffix(".png"))
    assert made.size == kept.size


def test_what_the_page_names_is_there():
    text = PAGE.read_text()
    assert PACKAGE in demo.ALL
    for path in re.findall(r"`((?:benchmarks|docs|engine)/[\w/]+\.\w+)`", text):
        assert (REPOSITORY / path).exists(), path
    known = options._parser().format_help() + train._parser().format_help()
    for option in set(re.findall(r"`?(--[a-z_]+)", text)):
        assert option in known, option
