"""Stages for uploaded files that need no model, and do what a test asks for by the file's length.

Crosses into worker processes, so that everything in it is importable by name.
"""

import os
import time
from functools import partial

import fake_stages

from engine.equipment import Equipment

CRASH_S, HANG_S, SWALLOW_S = 2.5, 3.0, 4.0  # lengths of audio
NETWORKS = {"effnet": "e" * 64, "musicnn": "musicnn_pb"}  # identities of the weights


def equip(names, folders, accept_unpinned, networks=None, missing=()) -> Equipment:
    """As engine.equipment.equip."""
    (name,) = names
    weights = (networks or NETWORKS).get(name)
    made = fake_stages.equipment(name, models=[weights] if weights else (), missing=missing)
    return Equipment(made.plans, load)


def equip_pinned_only_by_request(names, folders, accept_unpinned) -> Equipment:
    """The file of EffNet's weights is not a published one."""
    missing = () if accept_unpinned else ("effnet",)
    return equip(names, folders, accept_unpinned, missing=missing)


without_effnet = partial(equip, missing=("effnet",))
other_effnet = partial(equip, networks={"effnet": "f" * 64, "musicnn": "musicnn_pb"})


def load(plan, threads):
    return partial(compute, fake_stages.load(plan, threads), plan.name)


def compute(stage, name, audio):
    if name == "musicnn":
        behave(audio.seconds)
    return stage(audio)


def behave(seconds: float) -> None:
    if abs(seconds - HANG_S) < 0.01:
        time.sleep(3600)
    held = []
    while abs(seconds - SWALLOW_S) < 0.01:
        held.append(os.urandom(16 << 20))
