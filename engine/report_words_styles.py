"""What a report says of styles, tags and diversity, by rules with the thresholds named here."""

from engine.report import Report
from engine.report_styles import Diversity, Styles
from engine.report_text import (
    Sentence,
    count,
    decimal,
    listed,
    nothing,
    of,
    percent,
    style_name,
    verb,
)
from engine.report_values import FEWEST

NAMED = 3  # styles and genres that a sentence lists
# More than half in one genre: the rest together are the minority.
DOMINANT = 0.5
# Pielou's evenness: from 0.8 on no kind stands out much, below 0.5 few kinds make up most.
EVEN, UNEVEN = 0.8, 0.5


def styles(report: Report) -> list[Sentence]:
    """Most common genres and styles, how many a track has, how varied they are."""
    found = report.styles
    if found is None:
        return [nothing(report.contents.tracks, "styles or tags")]
    sentences = [_substitute(found)] if found.space == "tags" else [*_genres(found)]
    top = [label for label in found.labels[:NAMED] if label.strongest]
    names = tuple(style_name(label.label) for label in top)
    what = "styles" if found.space == "styles" else "tags"
    shares = listed(
        [
            f"{{{n}}} ({count(label.strongest)}, {percent(label.strongest, found.tracks)})"
            for n, label in enumerate(top)
        ]
    )
    one = len(top) == 1
    sentences.append(
        Sentence(
            f"Counting each track by its strongest {what[:-1]}, the most common "
            f"{what[:-1] + ' is' if one else what + ' are'} {shares}.",
            names,
        )
    )
    audible, strong = found.thresholds
    per_track = [
        sum(getattr(label, kind) for label in found.labels) / found.tracks
        for kind in ("audible", "strong")
    ]
    sentences.append(
        Sentence(
            f"Counting every {what[:-1]} that reaches a threshold, a track has "
            f"{decimal(per_track[0])} {what} on average from an activation of {audible} on, and "
            f"{decimal(per_track[1])} from {strong} on."
        )
    )
    return sentences


def _substitute(found: Styles) -> Sentence:
    return Sentence(
        f"The style network is missing, so the {len(found.labels)} tags of the Million Song "
        "Dataset stand in for the 400 styles: a coarser mix of genres, moods and instruments.",
        warning=True,
    )


def _genres(found: Styles) -> list[Sentence]:
    top = [genre for genre in found.genres[:NAMED] if genre.strongest]
    first = (
        f"{{0}} is the most common parent genre: it has the strongest style of "
        f"{of(top[0].strongest, found.tracks)}"
    )
    more = (
        listed(
            [
                f"{{{n}}} with {percent(genre.strongest, found.tracks)}"
                for n, genre in enumerate(top[1:], start=1)
            ]
        )
        if len(top) > 1
        else ""
    )
    names = tuple(genre.label for genre in top)
    return [Sentence(first + (f", followed by {more}." if more else "."), names)]


def diversity(report: Report) -> list[Sentence]:
    """Entropy and effective numbers of styles and genres."""
    found = report.styles
    if found is None or found.tracks == 1:
        return []  # one track has no diversity
    what = found.space
    own = found.diversity
    sentences = [
        Sentence(
            f"{own.kinds:,} of {count(own.possible, what[:-1])} {verb(own.kinds, 'is', 'are')} the "
            f"strongest of some track; their Shannon entropy is {decimal(own.entropy, 2)} nats, as "
            f"varied as {decimal(own.effective)} equally common {what} (effective number, exp of "
            f"the entropy), or {decimal(own.dominant)} when common ones weigh more (Hill number of "
            "order 2)."
        ),
    ]
    if own.kinds > 1 and found.tracks >= FEWEST:
        sentences.append(_evenness(own, what))
    genres = found.genre_diversity
    if genres is not None and found.tracks >= FEWEST:
        share = found.genres[0].strongest / found.tracks
        judged = "one genre dominates" if share > DOMINANT else "no genre has the majority"
        sentences.append(
            Sentence(
                f"Among {count(genres.kinds, 'parent genre')} the effective number is "
                f"{decimal(genres.effective)}, and {judged}: the largest holds "
                f"{percent(found.genres[0].strongest, found.tracks)} of the tracks."
            )
        )
    return sentences


def _evenness(own: Diversity, what: str) -> Sentence:
    if own.evenness >= EVEN:
        judged = f"the tracks are spread evenly over these {what} (from {EVEN} on)"
    elif own.evenness < UNEVEN:
        judged = f"few {what} make up most of the collection (below {UNEVEN})"
    else:
        judged = f"some {what} are clearly more common ({UNEVEN} to {EVEN})"
    return Sentence(f"With an evenness of {decimal(own.evenness, 2)} of 1, {judged}.")
