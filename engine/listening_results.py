"""What the votes of a listening test say, and how little a few of them say.

Conventions: the share of a network is of the decided votes (not "same"), with the Wilson score
interval of 95 % (Wilson, JASA 1927), which holds for few votes and for shares near 0 and 1, but for
a number of votes fixed beforehand. People look after every vote, and may stop when they like what
they see: a preference is called clear only by a test that holds however often one looks. Its
e-value is the chance of the votes if each share were equally likely, divided by their chance
without any preference (a mixture, as of Robbins, Annals of Mathematical Statistics 1970):

    e = 2^n / ((n + 1) · C(n, k)),    k of n decided votes for one network

Without a preference, it comes to 20 or more at some time in at most 1 test of 20 (inequality of
Ville; Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", Statistical
Science 2023). Votes on other model files are counted apart: they compare other networks. Several
votes of one person are not independent: neither interval nor e-value knows.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.listening_test import Vote
from engine.names import sort_key

Z = 1.959963984540054  # of the normal distribution: 95 % lie within
CLEAR = math.log(20)  # of the e-value: wrong in at most 5 % of the tests without a preference
MOST_NEEDED = 10**9  # votes; none that anybody will count
FEW = 30  # decided votes; with fewer, an interval is wider than 35 percentage points
UNKNOWN_GENRE = "Unknown"


@dataclass(frozen=True)
class Tally:
    """Votes for one network, for the other one, and for neither."""

    first: int
    second: int
    same: int

    @property
    def decided(self) -> int:
        return self.first + self.second

    @property
    def share(self) -> float | None:
        """Of the first among the decided votes, 0-1; None without any."""
        return self.first / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, of the share, 95 %; all of 0-1 without votes."""
        return wilson(self.first, self.decided)

    @property
    def is_clear(self) -> bool:
        """Whether there is a preference, by the e-value of the decided votes."""
        return log_e(self.first, self.decided) >= CLEAR

    @property
    def more_needed(self) -> int | None:
        """Further decided votes until it is clear, if the share stays; 0 when it is already, None
        when no number would do or there is no vote yet."""
        if not self.decided or self.first == self.second:
            return None
        enough = bisect_left(
            range(self.decided, MOST_NEEDED), CLEAR, key=lambda n: log_e(self.share * n, n)
        )
        return enough if enough < MOST_NEEDED - self.decided else None

    @property
    def caution(self) -> str | None:
        """A sentence on how little it says; None for many votes, or a clear preference."""
        if self.decided >= FEW or self.is_clear:
            return None
        votes = "1 vote says" if self.decided == 1 else f"{self.decided} votes say"
        return f"{votes} little: only a strong preference shows with fewer than {FEW}."


@dataclass(frozen=True)
class Results:
    """Everything that the votes say of two networks."""

    spaces: tuple[str, str]  # the first and the second of the tallies
    overall: Tally
    genres: tuple[tuple[str, Tally], ...]  # by parent genre of the seed; most votes first
    sides: Tally  # left, right, neither: whether people lean to a side
    listeners: int  # names
    nameless: int  # votes without a name, of nobody knows how many people
    other_versions: int  # votes on other model files, not counted above


def results(votes: Iterable[Vote], spaces: tuple[str, str], models: Mapping[str, str]) -> Results:
    """Count. models: space → Weights.name of the library as it is."""
    ours, others = [], 0
    for vote in votes:
        if {vote.left, vote.right} != set(spaces):
            continue
        if all(vote.models.get(space) == models.get(space) for space in spaces):
            ours.append(vote)
        else:
            others += 1
    by_genre: dict[str, list[Vote]] = {}
    for vote in ours:
        by_genre.setdefault(vote.genre or UNKNOWN_GENRE, []).append(vote)
    genres = sorted(by_genre.items(), key=lambda item: (-len(item[1]), sort_key(item[0])))
    sides = Counter(vote.choice for vote in ours)
    return Results(
        spaces=spaces,
        overall=tally(ours, spaces),
        genres=tuple((genre, tally(some, spaces)) for genre, some in genres),
        sides=Tally(sides["left"], sides["right"], sides["same"]),
        listeners=len({vote.listener for vote in ours} - {""}),
        nameless=sum(not vote.listener for vote in ours),
        other_versions=others,
    )


def tally(votes: Sequence[Vote], spaces: tuple[str, str]) -> Tally:
    """Count the votes for each of two networks."""
    counts = Counter(vote.preferred for vote in votes)
    return Tally(counts[spaces[0]], counts[spaces[1]], counts[None])


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    share, weight = hits / trials, Z * Z / trials
    middle = (share + weight / 2) / (1 + weight)
    half = Z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == trials else min(1.0, middle + half)


def log_e(hits: float, trials: float) -> float:
    """Natural logarithm of the e-value against a fair coin; 0 without trials."""
    misses = trials - hits
    orders = math.lgamma(trials + 2) - math.lgamma(hits + 1) - math.lgamma(misses + 1)
    return trials * math.log(2) - orders
