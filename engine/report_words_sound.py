"""What a report says of tempo, danceability, loudness, mood, voice and information content.

Each function turns one part of a Report into sentences, each with the figure that it rests on. A
rule that calls something high, low or mixed states its threshold, and why, where it is defined.
"""

from math import isnan

from engine.report import MOOD_MIDDLE, NEAR_LU, STREAMING_LUFS, UNSURE_VOICE, Loudness, Report
from engine.report_text import NBSP, Sentence, count, decimal, nothing, of, percent, verb
from engine.report_values import FEWEST, Spread

# Between these the danceability network is undecided; it was trained to answer 0 or 1.
UNDECIDED = (0.1, 0.9)
# From this correlation on, one of two estimates says most of what the other says: they share
# r² = 0.64 of their variance. At 0.5 they share no more than a quarter.
TIED = 0.8
# Confidence of a tempo (RhythmExtractor2013): below, a guess; from SURE on, usually right.
GUESS, SURE = 1.5, 3.5
# A quarter of the tracks a master of today's loudness or more.
LOUD_LUFS = -9.0


def tempo(report: Report) -> list[Sentence]:
    """Middle and spread of the tempo, and how far to trust it."""
    found = report.spreads.get("tempo_bpm")
    if found is None:
        return [nothing(report.contents.tracks, "tempo")]
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
                f"{of(half, found.tracks, 'is', 'are')} danceable with a probability "
                f"of 0.5 or more; the network is undecided ({low} to {high}) about "
                f"{count(undecided)}."
            )
        ]
    signal = report.spreads.get("danceability_dsp")
    if signal is None:
        return [nothing(report.contents.tracks, "danceability")]
    return [
        Sentence(
            f"The danceability network is missing, so its 0 values are replaced by the regularity "
            f"of the beat in the signal: the median of {count(signal.tracks)} is "
            f"{decimal(signal.median, 2)} on a scale of 0 to 3."
        )
    ]


def loudness(report: Report) -> list[Sentence]:
    """Against the level of streaming services."""
    found = report.loudness
    if found is None:
        return [nothing(report.contents.tracks, "loudness")]
    tracks, norm = found.spread.tracks, f"{decimal(STREAMING_LUFS, 0)}{NBSP}LUFS"
    sentences = [_middle(found.spread, "loudness", "LUFS", 1)]
    sentences.append(_streaming(found, norm))
    if found.spread.p75 > LOUD_LUFS and tracks >= FEWEST:
        sentences.append(
            Sentence(
                f"A quarter of the tracks are louder than {decimal(found.spread.p75)}{NBSP}LUFS, "
                f"as heavily limited masters are (above {decimal(LOUD_LUFS, 0)}{NBSP}LUFS)."
            )
        )
    if found.outliers:
        track, lufs = found.outliers[0]
        several = count(len(found.outliers))
        sentences.append(
            Sentence(
                f"{several} {verb(len(found.outliers), 'stands', 'stand')} out in loudness; the "
                f"farthest from the median is {{0}} with {decimal(lufs)}{NBSP}LUFS.",
                (track.called,),
            )
        )
    return sentences


def _streaming(found: Loudness, norm: str) -> Sentence:
    """What a service does to the tracks that are louder or quieter than it plays."""
    tracks = found.spread.tracks
    changes = []
    if found.louder:
        changes.append(
            f"turn down {of(found.louder, tracks)} by {decimal(found.down)}{NBSP}dB on average"
        )
    if found.quieter:
        changes.append(
            f"turn up {of(found.quieter, tracks)} by {decimal(found.up)}{NBSP}dB on average, as "
            "far as peaks leave room and if it turns up at all"
        )
    near = tracks - found.louder - found.quieter
    rest = f"{of(near, tracks, 'is', 'are')} within {NEAR_LU:.0f}{NBSP}LU"
    if not changes:
        return Sentence(f"A streaming service that plays at {norm} would change little: {rest}.")
    return Sentence(
        f"A streaming service that plays at {norm} would {' and '.join(changes)}; {rest}."
    )


def mood(report: Report) -> list[Sentence]:
    """Where the tracks lie on the plane of valence and arousal."""
    found = report.mood
    if found is None:
        return [nothing(report.contents.tracks, "valence and arousal")]
    middle = [report.spreads[column].median for column in ("valence", "arousal")]
    sentences = [
        Sentence(
            f"The median valence is {decimal(middle[0])} and the median arousal "
            f"{decimal(middle[1])}, on scales of 1 to 9."
        )
    ]
    if found.tracks > 1:
        name, number = max(found.quadrants.items(), key=lambda quadrant: quadrant[1])
        sentences.append(
            Sentence(
                f"Cut at {decimal(MOOD_MIDDLE, 0)}, the fullest quarter of the plane is "
                f"{_QUADRANTS[name]}, with {of(number, found.tracks)}."
            )
        )
    if not isnan(found.correlation) and found.tracks >= FEWEST:
        tied = abs(found.correlation) >= TIED
        r = f"r{NBSP}={NBSP}{decimal(found.correlation, 2)}"
        judged = (
            "so one filter does much of the other's work"
            if tied
            else "so both filters tell tracks apart"
        )
        sentences.append(
            Sentence(
                f"Valence and arousal have a correlation of {r} and share "
                f"{percent(found.correlation**2, 1)} of their variance (r²), "
                f"{judged} (border: {TIED} either way)."
            )
        )
    return sentences


def voice(report: Report) -> list[Sentence]:
    """How much is sung, how much instrumental."""
    found = report.voice
    if found is None:
        return [nothing(report.contents.tracks, "voice")]
    tracks = found.spread.tracks
    low, high = UNSURE_VOICE
    return [
        Sentence(
            f"{of(found.voice, tracks, 'counts', 'count')} as sung or spoken, "
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
        return [nothing(report.contents.tracks, "information content")]
    return [
        Sentence(
            f"By the model {{0}}, the mean information content of {count(found.tracks)} has a "
            f"median of {decimal(found.median, 2)} nats per frame, from {decimal(found.low, 2)} to "
            f"{decimal(found.high, 2)}.",
            (model,),
        )
        for model, found in report.ic.items()
    ]


def _middle(found: Spread, name: str, unit: str, decimals: int) -> Sentence:
    middle = f"{decimal(found.median, decimals)}{NBSP}{unit}"
    if found.tracks == 1:
        return Sentence(f"The {name} of the 1 track is {middle}.")
    if found.tracks < FEWEST:
        return Sentence(
            f"The median {name} is {middle}; {count(found.tracks)} lie between "
            f"{decimal(found.low, decimals)} and {decimal(found.high, decimals)}{NBSP}{unit}."
        )
    return Sentence(
        f"The median {name} is {middle}; nine in ten of "
        f"{count(found.tracks)} lie between {decimal(found.p5, decimals)} and "
        f"{decimal(found.p95, decimals)}{NBSP}{unit}."
    )


def _tail(found: Spread, border: float) -> int:
    """Tracks below a border that is an edge of the histogram."""
    place = min(range(len(found.edges)), key=lambda n: abs(found.edges[n] - border))
    return sum(found.counts[:place])


_QUADRANTS = {
    "happy": "the pleasant and excited one",
    "tense": "the unpleasant and excited one",
    "sad": "the unpleasant and calm one",
    "calm": "the pleasant and calm one",
}
