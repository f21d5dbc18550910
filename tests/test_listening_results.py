"""Counts, intervals and p-values against scipy and against published values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from votes import MODELS, vote

from engine.listening_results import FEW, Tally, binomial_p, results, wilson

SPACES = ("effnet", "musicnn")


@given(st.integers(0, 400), st.integers(0, 400))
@settings(deadline=None)
def test_interval_and_p_are_those_of_scipy(hits, misses):
    trials = hits + misses
    if trials == 0:
        assert (wilson(0, 0), binomial_p(0, 0)) == ((0.0, 1.0), 1.0)
        return
    reference = binomtest(hits, trials)
    interval = reference.proportion_ci(method="wilson")
    assert wilson(hits, trials) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert binomial_p(hits, trials) == pytest.approx(reference.pvalue, rel=1e-9)


def test_the_interval_of_a_published_example():
    """81 of 263 (Newcombe, Statistics in Medicine 1998, table I, method 3)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5))
@settings(deadline=None)
def test_so_many_more_votes_exclude_a_half_and_one_less_does_not(first, second, same):
    tally = Tally(first, second, same)
    more = tally.more_needed
    if first == second:
        assert more is None and not tally.is_clear
        return
    assert (more == 0) is tally.is_clear
    share = first / (first + second)
    for votes, excluded in ((tally.decided + more, True), (tally.decided + more - 1, False)):
        if more:
            low, high = fractional_wilson(share, votes)
            assert (low > 0.5 or high < 0.5) is excluded


def fractional_wilson(share: float, n: int) -> tuple[float, float]:
    """The interval as Wilson writes it, for a share that no whole number of votes need give."""
    z = 1.959963984540054
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return middle - half, middle + half


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
    assert (found.listeners, found.other_versions) == (2, 0)


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
    assert Tally(FEW, 0, 0).caution is None
