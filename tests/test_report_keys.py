"""How keys relate, and which profile is recommended."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.descriptors import KEYS, SCALES
from engine.report_keys import RELATIONS, drawn, keys, relation

CODES = st.integers(0, 23)


def code(name: str) -> int:
    tonic, scale = name.split()
    return 12 * SCALES.index(scale) + KEYS.index(tonic)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("C major", "C major", "same"),
        ("C major", "G major", "fifth"),
        ("C major", "F major", "fifth"),
        ("A minor", "E minor", "fifth"),
        ("C major", "A minor", "relative"),
        ("A minor", "C major", "relative"),
        ("E minor", "G major", "relative"),
        ("C major", "C minor", "parallel"),
        ("C major", "D major", "other"),
        ("C major", "E minor", "other"),
        ("C minor", "A major", "other"),
    ],
)
def test_relations_as_musicians_name_them(one, other, expected):
    found = relation(np.array([code(one)]), np.array([code(other)]))
    assert RELATIONS[found[0]] == expected


@given(CODES, CODES)
def test_relations_hold_both_ways(one, other):
    there = relation(np.array([one]), np.array([other]))
    back = relation(np.array([other]), np.array([one]))
    assert there == back


@given(CODES)
def test_each_key_has_two_fifths_one_relative_and_one_parallel(one):
    found = relation(np.full(24, one), np.arange(24))
    assert np.bincount(found, minlength=5).tolist() == [1, 2, 1, 1, 19]


ENOUGH = 20


def frame(strengths=None, **columns: list[str | None]) -> pd.DataFrame:
    """Keys in C, D …, major, by profile; strengths likewise; enough of them to judge."""
    made = {}
    for profile, tonics in columns.items():
        tonics = tonics * ENOUGH
        made[f"key_{profile}"] = tonics
        made[f"scale_{profile}"] = ["major" if tonic else None for tonic in tonics]
        if strengths:
            made[f"strength_{profile}"] = [strengths[profile]] * len(tonics)
    return pd.DataFrame(made)


def test_the_profile_nearest_to_the_others_is_recommended():
    found = keys(
        frame(temperley=["C", "C", "C"], krumhansl=["C", "C", "D"], edma=["D", "C", "D"]), None
    )
    assert (found.recommended, found.reason) == ("krumhansl", "agreement")
    assert (found.agreed, found.compared) == (ENOUGH, 3 * ENOUGH)
    krumhansl = next(p for p in found.profiles if p.name == "krumhansl")
    assert krumhansl.agreement == pytest.approx(2 / 3)


def test_a_draw_keeps_the_profile_of_the_filters_whatever_the_strengths():
    # Strengths are correlations with different templates: they have no common scale.
    same = ["C", "D"]
    for strengths in (None, {"temperley": 0.6, "krumhansl": 0.9, "edma": 0.2}):
        found = keys(frame(strengths, temperley=same, krumhansl=same, edma=same), 0.2)
        assert (found.recommended, found.reason) == ("edma", "draw")


def test_a_draw_of_others_than_the_profile_of_the_filters_is_one_too():
    strengths = {"temperley": 0.9, "krumhansl": 0.1, "edma": 0.9}
    made = frame(strengths, temperley=["C", "C"], krumhansl=["C", "C"], edma=["D", "D"])
    found = keys(made, None)
    assert (found.recommended, found.reason) == ("krumhansl", "draw")
    assert [profile.name for profile in drawn(found.profiles)] == ["temperley", "krumhansl"]


@pytest.mark.parametrize(("share", "reason"), [(0.5, "dance"), (0.49, "agreement"), (None, None)])
def test_dance_music_gets_the_profile_made_for_it(share, reason):
    made = frame(temperley=["C", "C", "C"], krumhansl=["C", "C", "D"], edma=["D", "D", "D"])
    found = keys(made, share)
    assert found.reason == (reason or "agreement")
    assert found.recommended == ("edma" if reason == "dance" else "krumhansl")


def test_only_tracks_with_all_keys_are_compared():
    found = keys(frame(temperley=["C", None], krumhansl=["C", "C"], edma=["C", "C"]), None)
    assert (found.agreed, found.compared) == (ENOUGH, ENOUGH)
    tracks = {pair.profiles: pair.tracks for pair in found.pairs}
    assert tracks[("krumhansl", "edma")] == 2 * ENOUGH
    assert tracks[("temperley", "edma")] == ENOUGH


def test_a_single_profile_is_recommended_for_want_of_others():
    found = keys(frame(edma=["C", "D"]), None)
    assert (found.recommended, found.reason, found.pairs, found.compared) == ("edma", "only", (), 0)


def test_without_keys_there_is_nothing():
    assert keys(frame(edma=[None, None]), None) is None
    assert keys(pd.DataFrame(index=[1, 2]), None) is None


def test_with_few_tracks_the_profile_of_the_filters_stays():
    made = frame(temperley=["C"], krumhansl=["C"], edma=["D"])
    assert keys(made.head(ENOUGH - 1), None).reason == "few"
    assert keys(made.head(ENOUGH - 1), None).recommended == "edma"
    assert keys(made, None).reason == "draw"
