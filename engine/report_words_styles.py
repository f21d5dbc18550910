"""What a report says of styles, tags and diversity, by rules with the thresholds named here."""

from engine.report import Report
from engine.report_styles import Diversity, Styles
from engine.report_text import (
    Sentence,
    count,
    decimal,
    listed,
    of,
    percent,
    portion,
    style_name,
    tally,
    verb,
)
from engine.report_values import FEWEST

NAMED = 3  # styles and genres that a sentence lists
# Pielou's evenness: from 0.8 on no kind stands out much, below 0.5 few kinds make up most.
EVEN, UNEVEN = 0.8, 0.5


def styles(report: Report) -> list[Sentence]:
    """Most common genres and styles, and how many a track has."""
    found = report.styles
    sentences = [_substitute(report, found)] if found.space == "tags" else [_genres(found)]
    top = [label for label in found.labels[:NAMED] if label.strongest]
    names = tuple(style_name(label.label) for label in top)
    what = found.space
    shares = listed(
        [f"{{{n}}} ({tally(label.strongest, found.tracks)})" for n, label in enumerate(top)]
    )
    sentences.append(
        Sentence(
            f"Counting each track by its strongest {what[:-1]}, the most common "
            f"{verb(len(top), f'{what[:-1]} is', f'{what} are')} {shares}.",
            names,
        )
    )
    audible, strong = found.thresholds
    per_track = [
        sum(getattr(label, kind) for label in found.labels) / found.tracks
        for kind in ("audible", "strong")
    ]
    who = "The track" if found.tracks == 1 else "On average, a track"
    sentences.append(
        Sentence(
            f"{who} has {decimal(per_track[0])} {what} with an activation of {audible} or more, "
            f"and {decimal(per_track[1])} with {strong} or more."
        )
    )
    return sentences


def _substitute(report: Report, found: Styles) -> Sentence:
    return Sentence(
        f"These are {len(found.labels)} broad tags of the Million Song Dataset, a mix of genres, "
        f"moods and instruments: {of(0, report.contents.tracks, 'has', 'have')} the 400 styles.",
        warning=True,
    )


def _genres(found: Styles) -> Sentence:
    top = [genre for genre in found.genres[:NAMED] if genre.strongest]
    names = tuple(genre.label for genre in top)
    first = (
        f"By their strongest style, {{0}} is the most common genre, with "
        f"{of(top[0].strongest, found.tracks)}"
    )
    if len(top) == 1:
        return Sentence(f"{first}.", names)
    more = [
        f"{{{n}}} ({portion(genre.strongest, found.tracks)})"
        for n, genre in enumerate(top[1:], start=1)
    ]
    return Sentence(f"{first}, before {listed(more)}.", names)


def diversity(report: Report) -> list[Sentence]:
    """How varied the styles and genres are; entropies are in the table."""
    found = report.styles
    if found.tracks == 1:
        return []  # one track has no diversity
    what, own = found.space, found.diversity
    kinds = f"{own.kinds:,} of {count(own.possible, what[:-1])}"
    if own.kinds == 1:
        sentences = [Sentence(f"{kinds} is the strongest of every track.")]
    else:
        sentences = [
            Sentence(
                f"{kinds} are the strongest of some track: together as varied as "
                f"{decimal(own.effective)} equally common {what}."
            )
        ]
    if own.kinds > 1 and found.tracks >= FEWEST:
        sentences.append(_evenness(own, what))
    genres = found.genre_diversity
    if genres is not None and genres.kinds > 1 and found.tracks >= FEWEST:
        sentences.append(
            Sentence(
                f"The {count(genres.kinds, 'genre')} are as varied as {decimal(genres.effective)} "
                f"equally common ones; the largest holds "
                f"{percent(found.genres[0].strongest, found.tracks)} of the tracks."
            )
        )
    return sentences


def _evenness(own: Diversity, what: str) -> Sentence:
    if own.evenness >= EVEN:
        judged = f"The tracks are spread evenly over these {what}"
    elif own.evenness < UNEVEN:
        judged = f"A few {what} make up most of the collection"
    else:
        judged = f"Some {what} are clearly more common than others"
    return Sentence(f"{judged} (evenness {decimal(own.evenness, 2)}, where 1 is all equal).")
