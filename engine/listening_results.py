"""What the votes of a listening test say, and how little a few of them say.

Conventions: the share of a network is of the decided votes (not "same"), with the Wilson score
interval of 95 % (Wilson, JASA 1927), which holds for few votes and for shares near 0 and 1, and the
two-sided exact binomial p of "no preference". Votes on other model files are counted apart: they
compare other networks. Several votes of one person are not independent: the interval does not know.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.listening_test import Vote

Z = 1.959963984540054  # of the normal distribution: 95 % lie within
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
    def p(self) -> float:
        """Of shares at least as far from a half, were there no preference; exact, 0-1."""
        return binomial_p(self.first, self.decided)

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes a half."""
        low, high = self.interval
        return low > 0.5 or high < 0.5

    @property
    def more_needed(self) -> int | None:
        """Further decided votes until the interval excludes a half, if the share stays; 0 when it
        does already, None when no number would do or there is no vote yet."""
        if not self.decided or self.first == self.second:
            return None
        # The interval excludes 1/2 as soon as |share - 1/2| > Z / (2 √n).
        distance = abs(self.share - 0.5)
        return max(0, math.floor((Z / (2 * distance)) ** 2) + 1 - self.decided)

    @property
    def caution(self) -> str | None:
        """A sentence on how little it says; None for many votes."""
        if self.decided >= FEW:
            return None
        votes = "1 vote says" if self.decided == 1 else f"{self.decided} votes say"
        return f"{votes} little: from {FEW} on, a clear preference begins to show."


@dataclass(frozen=True)
class Results:
    """Everything that the votes say of two networks."""

    spaces: tuple[str, str]  # the first and the second of the tallies
    overall: Tally
    genres: tuple[tuple[str, Tally], ...]  # by parent genre of the seed; most votes first
    sides: Tally  # left, right, neither: whether people lean to a side
    listeners: int
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
    genres = sorted(by_genre.items(), key=lambda item: (-len(item[1]), item[0]))
    sides = Counter(vote.choice for vote in ours)
    return Results(
        spaces=spaces,
        overall=tally(ours, spaces),
        genres=tuple((genre, tally(some, spaces)) for genre, some in genres),
        sides=Tally(sides["left"], sides["right"], sides["same"]),
        listeners=len({vote.listener for vote in ours}),
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


def binomial_p(hits: int, trials: int) -> float:
    """Two-sided exact p of a fair coin; 1 without trials."""
    rarer = min(hits, trials - hits)
    tail = sum(math.comb(trials, count) for count in range(rarer + 1))
    return min(1.0, 2 * tail / 2**trials)
