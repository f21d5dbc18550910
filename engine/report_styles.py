"""Which styles a collection holds, how many of each, and how varied they are.

Goal: activations [tracks, labels] → counts by label and by parent genre, and diversity.
Conventions: two ways to count, since they answer different questions. *By strongest activation*
every track counts once, for the label that the network is surest of. *By threshold* it counts for
every label that reaches the threshold: the counts add up to more than the tracks, or to fewer.

Diversity is that of the strongest labels: shares p that add up to 1, as the definition wants them,
whereas activations of 400 sigmoids do not; and any list of genres can be measured likewise.
Shannon's entropy H = -Σ p ln p (nats); the Hill number of order q counts the styles that, were all
equally common, would be as varied: order 0 is the number of styles, order 1 = exp(H) the effective
number of styles, order 2 = 1 / Σ p² weighs common styles more (M. O. Hill, Diversity and evenness,
Ecology 54, 1973; L. Jost, Entropy and diversity, Oikos 113, 2006). Pure: no file is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

# Space → (audible, strong): from which activation on a label counts by threshold. MusiCNN's 50 tags
# are more sparing than the 400 styles.
THRESHOLDS = {"styles": (0.1, 0.5), "tags": (0.1, 0.2)}
SEPARATOR = "---"


@dataclass(frozen=True)
class Label:
    """One style, tag or parent genre."""

    label: str
    strongest: int  # tracks for which it has the strongest activation
    audible: int  # tracks in which it reaches the lower threshold
    strong: int  # tracks in which it reaches the higher threshold
    mean: float  # activation over all tracks; of a genre, that of its strongest style


@dataclass(frozen=True)
class Diversity:
    """How varied a collection is, as Hill numbers of orders 0, 1 and 2."""

    kinds: int  # that occur at all
    possible: int  # that the network knows
    entropy: float  # nats
    effective: float  # exp(entropy)
    dominant: float  # 1 / Σ p²

    @property
    def evenness(self) -> float:
        """Entropy over the largest that as many kinds allow (Pielou): 1 when all are equally
        common, and 1 for a single kind, which cannot be uneven."""
        return self.entropy / float(np.log(self.kinds)) if self.kinds > 1 else 1.0


@dataclass(frozen=True)
class Styles:
    """The styles of a collection, most common first, or the tags where there are no styles."""

    space: str  # styles or tags
    tracks: int
    labels: tuple[Label, ...]  # all that the network knows, also those that never occur
    genres: tuple[Label, ...]  # parent genres; empty for tags
    diversity: Diversity
    genre_diversity: Diversity | None  # None for tags

    @property
    def thresholds(self) -> tuple[float, float]:
        """Activations that count as audible and as strong."""
        return THRESHOLDS[self.space]


def parent(label: str) -> str:
    """Rock of Rock---Punk."""
    return label.partition(SEPARATOR)[0]


def diversity(counts: Sequence[int] | np.ndarray) -> Diversity:
    """Of tracks per kind. ValueError where nothing was counted."""
    counted = np.asarray(counts, dtype=np.float64)
    if (counted < 0).any() or not counted.sum():
        raise ValueError("diversity needs counts of 0 and more, at least one of them above 0")
    shares = counted[counted > 0] / counted.sum()
    entropy = float(max(0.0, -(shares * np.log(shares)).sum()))
    return Diversity(
        kinds=len(shares),
        possible=len(counted),
        entropy=entropy,
        effective=float(np.exp(entropy)),
        dominant=float(1 / np.square(shares).sum()),
    )


def styles(space: str, names: Sequence[str], parts: Iterable[np.ndarray]) -> Styles | None:
    """Count; `parts` are float32 [some tracks, labels], in turn. None without tracks."""
    genres = sorted({parent(name) for name in names}) if space == "styles" else []
    of_genre = np.array([genres.index(parent(name)) if genres else 0 for name in names])
    order = np.argsort(of_genre, kind="stable")
    starts = np.searchsorted(of_genre[order], np.arange(len(genres)))
    by_label, by_genre, tracks = _Counter(len(names), space), _Counter(len(genres), space), 0
    for part in parts:
        if not len(part):
            continue
        tracks += len(part)
        best = part.argmax(axis=1)
        by_label.add(part, best)
        if genres:
            by_genre.add(np.maximum.reduceat(part[:, order], starts, axis=1), of_genre[best])
    if not tracks:
        return None
    return Styles(
        space=space,
        tracks=tracks,
        labels=by_label.labels(names, tracks),
        genres=by_genre.labels(genres, tracks),
        diversity=diversity(by_label.strongest),
        genre_diversity=diversity(by_genre.strongest) if genres else None,
    )


class _Counter:
    """Counts per label over parts of a matrix."""

    def __init__(self, labels: int, space: str) -> None:
        self.audible_from, self.strong_from = THRESHOLDS[space]
        self.strongest, self.audible, self.strong = (np.zeros(labels, np.int64) for _ in range(3))
        self.sum = np.zeros(labels)

    def add(self, activations: np.ndarray, best: np.ndarray) -> None:
        self.strongest += np.bincount(best, minlength=len(self.strongest))
        self.audible += np.count_nonzero(activations >= self.audible_from, axis=0)
        self.strong += np.count_nonzero(activations >= self.strong_from, axis=0)
        self.sum += activations.sum(axis=0, dtype=np.float64)

    def labels(self, names: Sequence[str], tracks: int) -> tuple[Label, ...]:
        order = np.lexsort((-self.sum, -self.audible, -self.strongest))
        return tuple(
            Label(
                names[place],
                int(self.strongest[place]),
                int(self.audible[place]),
                int(self.strong[place]),
                float(self.sum[place] / tracks),
            )
            for place in order
        )
