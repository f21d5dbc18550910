"""Where networks place the tracks of a list."""

import numpy as np
import pandas as pd
import pytest

from engine.agreement import places
from engine.fusion import fused
from engine.recordings import FACTS, Recordings
from engine.similarity import Apart
from engine.space import SimilarityError, Space

TRACKS = 40


@pytest.fixture
def recordings() -> Recordings:
    facts = pd.DataFrame(dict.fromkeys(FACTS), index=range(1, TRACKS + 1), dtype=object)
    facts["artist"] = [f"Artist {number % 4}" for number in range(TRACKS)]
    return Recordings(facts)


def space(name: str = "effnet", tracks: int = TRACKS, seed: int = 0) -> Space:
    matrix = np.random.default_rng(seed).normal(size=(tracks, 6)).astype(np.float32)
    return Space.of(name, np.arange(1, tracks + 1), matrix)


@pytest.mark.parametrize("seeds", [[3], [3, 8, 20]])
def test_places_are_those_of_the_list_itself(recordings, seeds):
    one = space()
    listed = [entry.track for entry in fused([one], seeds, recordings, TRACKS).listed]
    found = places(one, seeds, listed, recordings)
    assert list(found) == sorted(found)
    assert found[0] == 1
    assert max(found) <= TRACKS - len(seeds)


def test_only_what_may_be_listed_has_a_place(recordings):
    allowed = np.arange(TRACKS) < 10
    one = space()
    found = places(one, [1], [1, 2, 20, 999], recordings, allowed=allowed)
    assert found[0] is None and found[2] is None and found[3] is None
    assert 1 <= found[1] <= 9
    apart = Apart(artist=True)
    assert places(one, [1], [5], recordings, apart=apart) == (None,)  # of the same artist


def test_what_the_network_does_not_know_has_none(recordings):
    assert places(space(tracks=10), [1], [30], recordings) == (None,)
    with pytest.raises(SimilarityError):
        places(space(tracks=10), [30, 31], [1], recordings)
    assert places(space(tracks=10), [30, 1], [2], recordings)[0] is not None
