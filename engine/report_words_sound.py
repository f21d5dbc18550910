"""What a report says of tempo, danceability, loudness, mood, voice and information content.

Each function turns one part of a Report, which has values, into sentences, each with the figure
that it rests on. A rule that calls something high, low or mixed states its threshold, and why,
where it is defined.
"""

from math import isnan

from engine.report import MOOD_MIDDLE, NEAR_LU, STREAMING_LUFS, UNSURE_VOICE, Loudness, Report
from engine.report_text import (
    NBSP,
    Sentence,
    count,
    decimal,
    of,
    percent,
    verb,
)
from engine.report_values import FEWEST, Spread

# Between these the danceability network is undecided; it was trained to answer 0 or 1.
UNDECIDED = (0.1, 0.9)
# From this correlation on, one of two estimates says most of what the other says: they share
# r² = 0.64 of their variance. At 0.5 they share no more than a quarter.
TIED = 0.8
# Confidence of a tempo (engine/rhythm.py): below, a guess; from SURE on, usually right.
GUESS, SURE = 1.5, 3.5
# A quarter of the tracks a master of today's loudness or more.
LOUD_LUFS = -9.0


def tempo(report: Report) -> list[Sentence]:
    """Middle and spread of the tempo, and how far to trust it."""
    sentences = [_middle(report.spreads["tempo_bpm"], "tempo", "BPM", 0)]
    if confidence := report.spreads.get("tempo_confidence"):
        tracks = confidence.tracks
        below, above = _tail(confidence, GUESS), tracks - _tail(confidence, SURE)
        if tracks == 1:
            sentences.append(Sentence(_one_tempo(confidence.median)))
        else:
            sentences.append(
                Sentence(
                    f"With a confidence below {GUESS}, the tempo is a guess for "
                    f"{of(below, tracks)}; with {SURE} or more it is usually right, for "
                    f"{of(above, tracks)}."
                )
            )
    return sentences


def _one_tempo(confidence: float) -> str:
    judged = (
        f"a guess (below {GUESS})"
        if confidence < GUESS
        else f"usually right ({SURE} or more)"
        if confidence >= SURE
        else f"uncertain (below {SURE})"
    )
    return f"With a confidence of {decimal(confidence)}, it is {judged}."


def danceability(report: Report) -> list[Sentence]:
    """By the network, or by the signal where no track has a value of the network."""
    found = report.spreads.get("danceability")
    if found is None:
        signal = report.spreads["danceability_dsp"]
        whose = "danceability of the 1 track" if signal.tracks == 1 else "median danceability"
        return [
            Sentence(
                f"The {whose} is {decimal(signal.median, 2)} on a scale of 0 to 3: how regular the "
                "beat is, measured from the signal, without a network."
            )
        ]
    half = found.tracks - _tail(found, 0.5)
    low, high = UNDECIDED
    undecided = _tail(found, high) - _tail(found, low)
    sentences = [
        Sentence(
            f"{of(half, found.tracks, 'counts', 'count')} as danceable (with a probability of 0.5 "
            "or more)."
        )
    ]
    if found.tracks > 1:
        sentences.append(
            Sentence(
                f"The network is undecided ({low} to {high}) about {of(undecided, found.tracks)}."
            )
        )
    return sentences


def loudness(report: Report) -> list[Sentence]:
    """Against the level of streaming services."""
    found = report.loudness
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
        several = len(found.outliers)
        farthest = "; the farthest from the median is" if several > 1 else ":"
        sentences.append(
            Sentence(
                f"{count(several)} {verb(several, 'stands', 'stand')} out in loudness{farthest} "
                f"{{0}} with {decimal(lufs)}{NBSP}LUFS.",
                (track.called,),
            )
        )
    return sentences


def _streaming(found: Loudness, norm: str) -> Sentence:
    """What a service does to the tracks that are louder or quieter than it plays."""
    tracks = found.spread.tracks
    average = " on average" if tracks > 1 else ""
    changes = []
    if found.louder:
        changes.append(
            f"turn {of(found.louder, tracks)} down by {decimal(found.down)}{NBSP}dB{average}"
        )
    if found.quieter:
        changes.append(
            f"turn {of(found.quieter, tracks)} up by {decimal(found.up)}{NBSP}dB{average}, if it "
            "turns up at all and peaks leave room"
        )
    near = tracks - found.louder - found.quieter
    rest = f"{of(near, tracks, 'is', 'are')} within {NEAR_LU:.0f}{NBSP}LU of that"
    if not changes:
        return Sentence(f"A streaming service that plays at {norm} would change little: {rest}.")
    last = f"; {rest}" if near else ""
    return Sentence(
        f"A streaming service that plays at {norm} would {' and '.join(changes)}{last}."
    )


def mood(report: Report) -> list[Sentence]:
    """Where the tracks lie on the plane of valence and arousal."""
    found = report.mood
    middle = [decimal(report.spreads[column].median) for column in ("valence", "arousal")]
    if found.tracks == 1:
        (name,) = (name for name, number in found.quadrants.items() if number)
        return [
            Sentence(
                f"The 1 track has a valence of {middle[0]} and an arousal of {middle[1]}, on "
                f"scales of 1 to 9: {_QUADRANTS[name]}."
            )
        ]
    name, number = max(found.quadrants.items(), key=lambda quadrant: quadrant[1])
    sentences = [
        Sentence(
            f"The median valence is {middle[0]} (1 sad or tense, 9 happy) and the median arousal "
            f"{middle[1]} (1 calm, 9 excited)."
        ),
        Sentence(
            f"With both scales cut at {decimal(MOOD_MIDDLE, 0)}, the largest group is "
            f"{_QUADRANTS[name]}, with {of(number, found.tracks)}."
        ),
    ]
    if not isnan(found.correlation) and found.tracks >= FEWEST:
        judged = (
            "one filter does much of the other's work"
            if abs(found.correlation) >= TIED
            else "each filter sorts out other tracks"
        )
        sentences.append(
            Sentence(
                f"Valence and arousal share {percent(found.correlation**2, 1)} of their variance "
                f"(correlation r{NBSP}={NBSP}{decimal(found.correlation, 2)}): {judged}."
            )
        )
    return sentences


def voice(report: Report) -> list[Sentence]:
    """How much is sung, how much instrumental."""
    found = report.voice
    tracks = found.spread.tracks
    low, high = UNSURE_VOICE
    median = decimal(found.spread.median, 2)
    if tracks == 1:
        counted = "sung or spoken" if found.voice else "instrumental"
        return [
            Sentence(f"The 1 track counts as {counted}: the probability of a voice is {median}.")
        ]
    return [
        Sentence(
            f"{of(found.voice, tracks, 'counts', 'count')} as sung or spoken, "
            f"{tracks - found.voice:,} as instrumental."
        ),
        Sentence(
            f"The network is unsure (a probability of {low} to {high}) about "
            f"{of(found.unsure, tracks)}."
        ),
    ]


def information(report: Report) -> list[Sentence]:
    """Surprise by model; models are never compared."""
    sentences = [_surprise(model, found) for model, found in report.ic.items()]
    if len(sentences) > 1:
        sentences.append(
            Sentence(
                f"Values of these {len(sentences)} models have different scales: compare only "
                "tracks of one model."
            )
        )
    return sentences


def _surprise(model: str, found: Spread) -> Sentence:
    low, middle, high = (decimal(end, 2) for end in (found.low, found.median, found.high))
    unit = f"{NBSP}nats per frame"
    if found.tracks == 1:
        said = f"The information content (IC) of the 1 track is {middle}{unit} to the model {{0}}."
        return Sentence(said, (model,))
    return Sentence(
        f"The median information content (IC) is {middle}{unit} to the model {{0}}, over "
        f"{count(found.tracks)} from {low} (least surprising) to {high} (most surprising).",
        (model,),
    )


def _middle(found: Spread, name: str, unit: str, decimals: int) -> Sentence:
    middle = f"{decimal(found.median, decimals)}{NBSP}{unit}"
    if found.tracks == 1:
        return Sentence(f"The {name} of the 1 track is {middle}.")
    few = found.tracks < FEWEST
    who = f"the {count(found.tracks)}" if few else f"nine in ten of the {count(found.tracks)}"
    low, high = (found.low, found.high) if few else (found.p5, found.p95)
    return Sentence(
        f"The median {name} is {middle}; {who} lie between {decimal(low, decimals)} and "
        f"{decimal(high, decimals)}{NBSP}{unit}."
    )


def _tail(found: Spread, border: float) -> int:
    """Tracks below a border that is an edge of the histogram."""
    place = min(range(len(found.edges)), key=lambda n: abs(found.edges[n] - border))
    return sum(found.counts[:place])


# As the mood plane of the apps names its corners.
_QUADRANTS = {
    "happy": "joyful (pleasant and excited)",
    "tense": "tense (unpleasant and excited)",
    "sad": "sad (unpleasant and calm)",
    "calm": "calm (pleasant and calm)",
}
