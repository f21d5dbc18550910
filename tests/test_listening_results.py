"""Counts, intervals and e-values against scipy, published values and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom, binomtest
from votes import MODELS, vote

from engine.listening_results import FEW, Tally, log_e, results, wilson

SPACES = ("effnet", "musicnn")


@given(st.integers(0, 400), st.integers(0, 400))
@settings(deadline=None)
def test_interval_and_e_value_are_those_of_scipy(hits, misses):
    trials = hits + misses
    if trials == 0:
        assert (wilson(0, 0), log_e(0, 0)) == ((0.0, 1.0), 0.0)
        return
    reference = binomtest(hits, trials)
    interval = reference.proportion_ci(method="wilson")
    assert wilson(hits, trials) == pytest.approx((interval.low, interval.high), abs=1e-9)
    ratio = betabinom.logpmf(hits, trials, 1, 1) - binom.logpmf(hits, trials, 0.5)
    assert log_e(hits, trials) == pytest.approx(ratio, abs=1e-6)


def test_the_interval_of_a_published_example():
    """81 of 263 (Newcombe, Statistics in Medicine 1998, table I, method 3)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_looking_after_every_vote_seldom_shows_a_preference_that_is_none():
    """Wilson's interval excludes a half at some time in a third of such tests."""
    rng, tests, votes = np.random.default_rng(0), 2000, 100
    firsts = np.cumsum(rng.integers(0, 2, (tests, votes)), axis=1)
    known = {(k, n): Tally(k, n - k, 0) for n in range(1, votes + 1) for k in range(n + 1)}
    clear = {pair: tally.is_clear for pair, tally in known.items()}
    off = {pair: not t.interval[0] <= 0.5 <= t.interval[1] for pair, t in known.items()}

    def at_some_time(said) -> float:
        return np.mean([any(said[k, n] for n, k in enumerate(one, 1)) for one in firsts.tolist()])

    assert at_some_time(clear) <= 0.05
    assert at_some_time(off) > 0.3


def test_a_preference_shows_only_when_it_is_sure():
    assert not Tally(4, 0, 0).is_clear  # one fair test in eight ends so
    assert not Tally(7, 0, 9).is_clear and Tally(8, 0, 0).is_clear and Tally(0, 8, 0).is_clear
    strong = np.cumsum(np.random.default_rng(1).random((200, 100)) < 0.75, axis=1)
    shown = [any(Tally(k, n - k, 0).is_clear for n, k in enumerate(one.tolist(), 1))
             for one in strong]  # fmt: skip
    assert np.mean(shown) > 0.9


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5))
@settings(deadline=None)
def test_so_many_more_votes_are_clear_and_one_less_is_not(first, second, same):
    tally = Tally(first, second, same)
    more = tally.more_needed
    if first == second:
        assert more is None and not tally.is_clear
        return
    assert (more == 0) is tally.is_clear
    share = first / (first + second)
    for votes, enough in ((tally.decided + more, True), (tally.decided + more - 1, False)):
        if more:
            assert (log_e(share * votes, votes) >= math.log(20)) is enough


def test_counts_by_network_genre_side_and_listener():
    votes = [
        vote("left", style="Jazz---Bop"),  # musicnn
        vote("right", "Ben", style="Jazz---Fusion"),  # effnet
        vote("left", style="Jazz---Bop", left="effnet", right="musicnn"),
        vote("same", style="Rock---Punk"),
        vote("right", style=None),
    ]
    found = results(votes, SPACES, MODELS)
    assert (found.overall, found.sides) == (Tally(3, 1, 1), Tally(2, 2, 1))
    assert found.overall.share == 0.75
    assert found.genres == (
        ("Jazz", Tally(2, 1, 0)),
        ("Rock", Tally(0, 0, 1)),
        ("Unknown", Tally(1, 0, 0)),
    )
    assert (found.listeners, found.nameless, found.other_versions) == (2, 0, 0)


def test_votes_without_a_name_are_of_nobody_knows_how_many():
    found = results([vote("left", ""), vote("right", ""), vote("left", "Ben")], SPACES, MODELS)
    assert (found.listeners, found.nameless) == (1, 2)


def test_votes_on_other_models_are_kept_apart():
    other = MODELS | {"effnet": "c3 v1 600s"}
    votes = [vote(), vote(models=other), vote(models=other), vote(left="dpam")]
    found = results(votes, SPACES, MODELS)
    assert (found.overall.decided, found.other_versions) == (1, 2)
    assert results(votes, SPACES, other).overall.decided == 2


def test_without_votes_nothing_is_claimed():
    empty = results([], SPACES, MODELS)
    assert empty.overall == Tally(0, 0, 0)
    assert empty.overall.share is None and empty.overall.interval == (0.0, 1.0)
    assert empty.overall.more_needed is None and not empty.overall.is_clear
    assert empty.genres == ()


@pytest.mark.parametrize(
    ("tally", "begins"),
    [
        (Tally(1, 0, 4), "1 vote says little"),
        (Tally(10, FEW - 11, 0), f"{FEW - 1} votes say little"),
        (Tally(0, 0, 9), "0 votes say little"),
    ],
)
def test_few_votes_come_with_a_caution(tally, begins):
    assert tally.caution.startswith(begins)
    assert Tally(FEW, 0, 0).caution is None and Tally(9, 0, 0).caution is None
