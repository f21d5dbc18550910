"""What the numbers say about the music, by rules: styles, tempo, keys, loudness, mood, voice, IC.

Each function turns one part of a Report into sentences, each with the figure that it rests on. A
rule that calls something high, low or mixed states its threshold where it is defined below.
"""

from math import isnan

from engine.descriptors import PROFILES
from engine.report import MOOD_MIDDLE, NEAR_LU, STREAMING_LUFS, UNSURE_VOICE, Report
from engine.report_keys import DANCE_GENRES, DANCE_SHARE, DRAW, Pair
from engine.report_styles import Diversity, Styles
from engine.report_text import Sentence, count, decimal, listed, of, percent, style_name, verb
from engine.report_values import Spread

NAMED = 3  # styles and genres that a sentence lists
# More than half in one genre: the rest together are the minority.
DOMINANT = 0.5
# Pielou's evenness: from 0.8 on no kind stands out much, below 0.5 few kinds make up most.
EVEN, UNEVEN = 0.8, 0.5
# Between these the danceability network is undecided; it was trained to answer 0 or 1.
UNDECIDED = (0.1, 0.9)
# Two estimates of one listener's mood are known to go together; beyond 0.5 they hardly tell tracks
# apart as two separate filters.
TIED = 0.5
# Confidence of a tempo (RhythmExtractor2013): below, a guess; from SURE on, usually right.
GUESS, SURE = 1.5, 3.5
# A quarter of the tracks a master of today's loudness or more.
LOUD_LUFS = -9.0


def styles(report: Report) -> list[Sentence]:
    """Most common genres and styles, how many a track has, how varied they are."""
    found = report.styles
    if found is None:
        return [_none(report, "styles or tags")]
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
    return [Sentence(first + (f", before {more}." if more else "."), names)]


def diversity(report: Report) -> list[Sentence]:
    """Entropy and effective numbers of styles and genres."""
    found = report.styles
    if found is None:
        return []
    what = found.space
    own = found.diversity
    sentences = [
        Sentence(
            f"{count(own.kinds, what[:-1])} of {own.possible:,} {verb(own.kinds, 'is', 'are')} the "
            f"strongest of some track; their Shannon entropy is {decimal(own.entropy, 2)} nats, as "
            f"varied as {decimal(own.effective)} equally common {what} (effective number, exp of "
            f"the entropy), or {decimal(own.dominant)} when common ones weigh more (Hill number of "
            "order 2)."
        ),
    ]
    if own.kinds > 1:
        sentences.append(_evenness(own, what))
    genres = found.genre_diversity
    if genres is not None:
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


def tempo(report: Report) -> list[Sentence]:
    """Middle and spread of the tempo, and how far to trust it."""
    found = report.spreads.get("tempo_bpm")
    if found is None:
        return [_none(report, "tempo")]
    sentences = [_middle(found, "tempo", "BPM", 0)]
    if confidence := report.spreads.get("tempo_confidence"):
        below, above = _tail(confidence, GUESS), confidence.tracks - _tail(confidence, SURE)
        sentences.append(
            Sentence(
                f"Of {count(confidence.tracks, 'tempo')}, {below:,} "
                f"({percent(below, confidence.tracks)}) {verb(below, 'is', 'are')} a guess "
                f"(confidence below {GUESS}) and {above:,} ({percent(above, confidence.tracks)}) "
                f"{verb(above, 'is', 'are')} usually right ({SURE} and more)."
            )
        )
    return sentences


def danceability(report: Report) -> list[Sentence]:
    """By the network, or by the signal where that is missing."""
    found = report.spreads.get("danceability")
    if found is not None:
        half = found.tracks - _tail(found, 0.5)
        low, high = UNDECIDED
        undecided = _tail(found, high) - _tail(found, low)
        return [
            Sentence(
                f"{of(half, found.tracks)} {verb(half, 'is', 'are')} danceable with a probability "
                f"of 0.5 or more; the network is undecided ({low} to {high}) about "
                f"{count(undecided)}."
            )
        ]
    signal = report.spreads.get("danceability_dsp")
    if signal is None:
        return [_none(report, "danceability")]
    return [
        Sentence(
            f"The danceability network is missing, so its 0 values are replaced by the regularity "
            f"of the beat in the signal: the median of {count(signal.tracks)} is "
            f"{decimal(signal.median, 2)} on a scale of 0 to 3."
        )
    ]


def keys(report: Report) -> list[Sentence]:
    """Agreement of the profiles, the one to use, its commonest keys."""
    found = report.keys
    if found is None:
        return [_none(report, "key")]
    sentences = []
    if found.compared:
        sentences.append(
            Sentence(
                f"All {len(PROFILES)} key profiles find the same tonic and scale for "
                f"{of(found.agreed, found.compared)}."
            )
        )
        parts = [
            f"{' and '.join(pair.profiles)} on {percent(pair.relations['same'], pair.tracks)}"
            for pair in sorted(found.pairs, key=lambda pair: -pair.same)
        ]
        sentences.append(Sentence(f"Two by two, {listed(parts)} of the tracks agree."))
        sentences += _disagreement(found.pairs)
    sentences.append(Sentence(_recommendation(report)))
    profile = next(p for p in found.profiles if p.name == found.recommended)
    sentences.append(
        Sentence(
            f"By that profile, {of(profile.minor, profile.tracks)} "
            f"{verb(profile.minor, 'is', 'are')} in minor."
        )
    )
    return sentences


def _disagreement(pairs: tuple[Pair, ...]) -> list[Sentence]:
    different = sum(pair.tracks - pair.relations["same"] for pair in pairs)
    if not different:
        return []
    near = {
        name: sum(pair.relations[name] for pair in pairs)
        for name in ("fifth", "relative", "parallel")
    }
    parts = listed(
        [f"{percent(number, different)} a {_RELATED[name]}" for name, number in near.items()]
    )
    return [
        Sentence(f"Where two profiles differ ({count(different, 'case')}), they are {parts} apart.")
    ]


_RELATED = {
    "fifth": "fifth",
    "relative": "relative key (A minor for C major)",
    "parallel": "parallel key (A minor for A major)",
}


def _recommendation(report: Report) -> str:
    found = report.keys
    profile = next(p for p in found.profiles if p.name == found.recommended)
    use = f"Use the {profile.name} profile (made from {PROFILES[profile.name]}) here: "
    if found.reason == "dance":
        return (
            f"{use}{percent(found.dance_share, 1)} of the tracks are {' or '.join(DANCE_GENRES)}, "
            f"the music that it was made for (rule: {percent(DANCE_SHARE, 1)} or more)."
        )
    if found.reason == "only":
        return f"{use}it is the only one to compare, with keys for {count(profile.tracks)}."
    agrees = f"it agrees with the other two on {percent(profile.agreement, 1)} of the tracks"
    if found.reason == "agreement":
        return f"{use}{agrees}, more than either of them does."
    return (
        f"{use}{agrees}, within {DRAW * 100:.0f} percentage points of the best, and its keys are "
        f"the clearest of these (mean strength {decimal(profile.strength, 2)})."
    )


def loudness(report: Report) -> list[Sentence]:
    """Against the level of streaming services."""
    found = report.loudness
    if found is None:
        return [_none(report, "loudness")]
    tracks, norm = found.spread.tracks, f"{decimal(STREAMING_LUFS, 0)} LUFS"
    sentences = [_middle(found.spread, "loudness", "LUFS", 1)]
    near = tracks - found.louder - found.quieter
    if found.louder:
        sentences.append(
            Sentence(
                f"A streaming service that plays at {norm} would turn down "
                f"{of(found.louder, tracks)}, by {decimal(found.down)} dB on average."
            )
        )
    if found.quieter:
        sentences.append(
            Sentence(
                f"{of(found.quieter, tracks)} {verb(found.quieter, 'lies', 'lie')} more than "
                f"{NEAR_LU:.0f} LU below {norm}: such a service would turn "
                f"{verb(found.quieter, 'it', 'them')} up by up to {decimal(found.up)} dB on "
                "average, if at all."
            )
        )
    sentences.append(
        Sentence(
            f"{of(near, tracks)} {verb(near, 'lies', 'lie')} within {NEAR_LU:.0f} LU of {norm}."
        )
    )
    if found.spread.p75 > LOUD_LUFS:
        sentences.append(
            Sentence(
                f"A quarter of the tracks are louder than {decimal(found.spread.p75)} LUFS, as "
                f"heavily limited masters are (above {decimal(LOUD_LUFS, 0)} LUFS)."
            )
        )
    if found.outliers:
        track, lufs = found.outliers[0]
        several = count(len(found.outliers), "track")
        sentences.append(
            Sentence(
                f"{several} {verb(len(found.outliers), 'stands', 'stand')} out in loudness; the "
                f"farthest from the median is {{0}} with {decimal(lufs)} LUFS.",
                (track.called,),
            )
        )
    return sentences


def mood(report: Report) -> list[Sentence]:
    """Where the tracks lie on the plane of valence and arousal."""
    found = report.mood
    if found is None:
        return [_none(report, "valence and arousal")]
    name, number = max(found.quadrants.items(), key=lambda quadrant: quadrant[1])
    middle = [report.spreads[column].median for column in ("valence", "arousal")]
    sentences = [
        Sentence(
            f"The middle of the plane is at a valence of {decimal(middle[0])} and an arousal of "
            f"{decimal(middle[1])}, on scales of 1 to 9."
        ),
        Sentence(
            f"The fullest quarter is {_QUADRANTS[name]}, each with {decimal(MOOD_MIDDLE, 0)} as "
            f"the border: it holds {of(number, found.tracks)}."
        ),
    ]
    if not isnan(found.correlation):
        tied = abs(found.correlation) >= TIED
        judged = (
            "so one filter does much of the other's work"
            if tied
            else ("so both filters tell tracks apart")
        )
        sentences.append(
            Sentence(
                f"Valence and arousal have a correlation of {decimal(found.correlation, 2)}, "
                f"{judged} (border: {TIED})."
            )
        )
    return sentences


_QUADRANTS = {
    "happy": "the pleasant and excited one",
    "tense": "the unpleasant and excited one",
    "sad": "the unpleasant and calm one",
    "calm": "the pleasant and calm one",
}


def voice(report: Report) -> list[Sentence]:
    """How much is sung, how much instrumental."""
    found = report.voice
    if found is None:
        return [_none(report, "voice")]
    tracks = found.spread.tracks
    low, high = UNSURE_VOICE
    return [
        Sentence(
            f"{of(found.voice, tracks)} {verb(found.voice, 'counts', 'count')} as sung or spoken, "
            f"{tracks - found.voice:,} as instrumental."
        ),
        Sentence(
            f"For {count(found.unsure)} ({percent(found.unsure, tracks)}) the network is unsure "
            f"(between {low} and {high})."
        ),
    ]


def information(report: Report) -> list[Sentence]:
    """Surprise by model; models are never compared."""
    if not report.ic:
        return [_none(report, "information content")]
    return [
        Sentence(
            f"By the model {{0}}, the mean information content of {count(found.tracks)} has a "
            f"median of {decimal(found.median, 2)} nats per frame and reaches from "
            f"{decimal(found.low, 2)} to {decimal(found.high, 2)}.",
            (model,),
        )
        for model, found in report.ic.items()
    ]


def _none(report: Report, what: str) -> Sentence:
    return Sentence(f"None of {count(report.contents.tracks)} has values of {what} yet.")


def _middle(found: Spread, name: str, unit: str, decimals: int) -> Sentence:
    if found.tracks == 1:
        return Sentence(f"The {name} of the 1 track is {decimal(found.median, decimals)} {unit}.")
    return Sentence(
        f"The median {name} is {decimal(found.median, decimals)} {unit}; nine in ten of "
        f"{count(found.tracks)} lie between {decimal(found.p5, decimals)} and "
        f"{decimal(found.p95, decimals)} {unit}."
    )


def _tail(found: Spread, border: float) -> int:
    """Tracks below a border that is an edge of the histogram."""
    place = min(range(len(found.edges)), key=lambda n: abs(found.edges[n] - border))
    return sum(found.counts[:place])
