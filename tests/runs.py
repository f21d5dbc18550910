"""Runs with fake stages on real, tiny audio, for the tests of what a run does."""

import os
import wave

import fake_stages
import numpy as np
import pytest

from engine.library import Library
from engine.run import Run, Settings


class Silent:
    """Progress that nobody watches, but a test can act on."""

    def __init__(self, on_advance=None):
        self.on_advance = on_advance

    def phase(self, what, total):
        pass

    def say(self, line):
        pass

    def advance(self, failed=False):
        if self.on_advance:
            self.on_advance()


def tone(path, seconds=1.5, hertz=440, level=0.5, rate=8000):
    """A sine in a WAV file; equal arguments, equal audio."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    with wave.open(os.fspath(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def music(tmp_path):
    """A folder of four different tones."""
    for i in range(4):
        tone(tmp_path / "music" / f"{i}.wav", hertz=300 + 50 * i, seconds=1.5 + 0.01 * i)
    return tmp_path / "music"


class Analyse:
    """Run over `roots` into one library; returns the summary as --json gives it, with `decoded`."""

    def __init__(self, tmp_path):
        self._tmp_path = tmp_path

    def __call__(self, *roots, stages=("dsp", "effnet"), on_advance=None, **settings):
        journal = self._tmp_path / "journal"
        journal.write_bytes(b"")
        named = ("missing", "base", "models", "labels", "version")
        options = {name: settings.pop(name) for name in named if name in settings}
        equipment = fake_stages.equipment(*stages, journal=str(journal), **options)
        settings = {"workers": 2, "library": self._tmp_path / "library"} | settings
        wanted = Settings(roots=roots, equipment=equipment, **settings)
        run = Run(wanted, Silent(lambda: on_advance(run) if on_advance else None))
        summary = run.execute()
        told = summary.as_json()
        assert told["found"] == (
            told["done_now"] + told["done_before"] + sum(told["not_done"].values())
        )
        assert summary.lines(self._tmp_path / "library", "command")
        return told | {"decoded": sorted(journal.read_bytes().splitlines())}


def rows(tmp_path):
    """The table of descriptors by path."""
    with Library.open(tmp_path / "library") as library:
        return library.frame().set_index("path")


@pytest.fixture
def music_fixture(tmp_path):
    return music(tmp_path)


@pytest.fixture
def analyse_fixture(tmp_path):
    return Analyse(tmp_path)
