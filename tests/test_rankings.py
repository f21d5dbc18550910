"""Rankings that serve several lists."""

import numpy as np
from neighbourhoods import random_space, recordings

from engine import rankings as module
from engine.agreement import places, places_in
from engine.fusion import fused, fused_list
from engine.rankings import Rankings

TRACKS, SEEDS = 60, [3, 11, 40]


def networks():
    return [random_space(TRACKS, 20, number, f"space {number}") for number in range(2)]


def test_lists_and_places_from_shared_rankings_are_those_made_one_by_one():
    spaces, known = networks(), recordings(TRACKS)
    allowed = np.arange(TRACKS) % 5 > 0
    shared = Rankings(spaces, SEEDS, known, allowed=allowed)
    names = [space.name for space in spaces]
    joint = fused_list(shared, names)
    assert joint == fused(spaces, SEEDS, known, allowed=allowed)
    tracks = [neighbour.track for neighbour in joint.listed]
    for space in spaces:
        assert fused_list(shared, [space.name]) == fused([space], SEEDS, known, allowed=allowed)
        alone = places(space, SEEDS, tracks, known, allowed=allowed)
        assert places_in(shared, space.name, tracks) == alone
        assert None not in alone


def test_the_library_is_sorted_once_for_each_network_and_seed(monkeypatch):
    sorts = []
    plain = module.ranked
    monkeypatch.setattr(module, "ranked", lambda scores: sorts.append(1) or plain(scores))
    spaces = networks()
    shared = Rankings(spaces, SEEDS, recordings(TRACKS))
    names = [space.name for space in spaces]
    for asked in (names, names[:1], names[1:]):
        tracks = [neighbour.track for neighbour in fused_list(shared, asked).listed]
        for name in names:
            places_in(shared, name, tracks)
    assert len(sorts) == len(spaces) * len(SEEDS)
