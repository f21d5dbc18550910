"""Stages that need no model: cheap values of real audio, and ways to fail that a test can ask for.

Audio of 2.5 s kills the process in "effnet"; of 3.5 s it makes "dsp" raise.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.audio import Audio, decode_hooks
from engine.equipment import Equipment
from engine.fingerprint import fingerprint
from engine.models import Found
from engine.records import StageValues
from engine.schema import SPACE_DIMENSIONS, STAGE_SPACES

BROKEN = "broken"  # base of a fingerprint with which no stage gives anything
DEADLY_S = 2.5
WRONG_S = 3.5


@dataclass(frozen=True)
class FakePlan:
    """What stages.StagePlan is to the run."""

    name: str
    fingerprint_base: str = "1"
    missing: str | None = None
    models: tuple = ()
    journal: str | None = None  # a file that gets a line for every decoded file
    version: int = 1
    information: None = None  # settings of the stage of that name

    @property
    def identities(self) -> frozenset[str]:
        return frozenset(model.sha256 for model in self.models)


def equipment(*names, journal=None, missing=(), base="1", models=(), version=1, labels=None):
    """What engine.equipment.equip gives a run."""
    used = tuple(Found("key", Path(name), name, "test", None) for name in models)
    plans = {
        name: FakePlan(name, base, "Get it." if name in missing else None, used, journal, version)
        for name in names
    }
    return Equipment(plans, load, labels or {})


@dataclass
class FakeStage:
    """Audio → values that depend on nothing but the audio."""

    name: str
    base: str = "1"
    providers: tuple = field(default=("FakeProvider",))

    def __call__(self, audio: Audio) -> StageValues:
        if self.base == BROKEN:
            raise RuntimeError("this model gives nothing")
        if self.name == "effnet" and abs(audio.seconds - DEADLY_S) < 0.01:
            os.abort()
        if self.name == "dsp" and abs(audio.seconds - WRONG_S) < 0.01:
            raise RuntimeError("TonalExtractor: no peaks")
        level = float(np.abs(audio.samples).mean())
        values = {"dsp": {"loudness_lufs": level}, "effnet": {"voice": level}}.get(self.name, {})
        spaces = STAGE_SPACES[self.name]
        vectors = {s: np.full(SPACE_DIMENSIONS[s], level, np.float32) for s in spaces}
        acoustic = fingerprint(audio) if self.name == "fingerprint" else None
        return StageValues(values, vectors, acoustic=acoustic)


def load(plan: FakePlan, threads: int) -> FakeStage:
    if plan.journal and not decode_hooks:
        decode_hooks.append(lambda path: _write(plan.journal, path))
    return FakeStage(plan.name, plan.fingerprint_base)


def _write(journal: str, path: bytes) -> None:
    with Path(journal).open("ab") as file:
        file.write(path.rpartition(b"/")[2] + b"\n")
