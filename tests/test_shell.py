"""Commands that messages print are read by a shell as they were meant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import shell

NAMES = ["plain", "two words", "it's", 'a "b"', "$HOME", "a;b & c", "tab\there", "é", "-x", "*"]


@pytest.mark.parametrize("name", NAMES)
def test_a_word_is_one_word(name):
    done = subprocess.run(
        ["bash", "-c", f"printf %s {shell.word(name)}"], capture_output=True, check=True
    )
    assert done.stdout == os.fsencode(name)


def test_a_name_that_is_no_text_keeps_its_bytes():
    word = shell.word(b"caf\xe9")
    done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert done.stdout == b"caf\xe9"


def test_a_relative_path_is_made_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shell.word(Path("a b")) == f"'{tmp_path}/a b'"
    assert shell.word("MUSIC_DIR") == "MUSIC_DIR"


@pytest.mark.parametrize(
    "command",
    [shell.program("precompute.py", "--help"), shell.module("engine.models", "--help")],
    ids=["program", "module"],
)
def test_it_runs_from_any_folder(command, tmp_path):
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env=bare, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: ")
    assert sys.executable in command


def test_a_checkout_with_blanks_is_quoted(monkeypatch, tmp_path):
    monkeypatch.setattr(shell, "CHECKOUT", tmp_path / "my music's app")
    monkeypatch.setattr(shell, "PYTHON", "/opt/my python/bin/python3")
    quoted = "'" + str(tmp_path) + "/my music'\"'\"'s app"
    assert shell.module("engine.models", "list").startswith(f"cd {quoted}' && '/opt/my python")
    assert shell.program("report.py") == f"'/opt/my python/bin/python3' {quoted}/report.py'"
