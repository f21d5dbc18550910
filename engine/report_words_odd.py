"""What a report says of single tracks: doubtful tempi, outliers, copies, failures.

Only a few are named in a sentence; the TSV files list all of them.
"""

from collections import Counter
from pathlib import PurePath

from engine.descriptors import DESCRIPTORS
from engine.report import Report
from engine.report_odd import FEWEST_USUAL, Outlier, Reason
from engine.report_text import (
    NBSP,
    Sentence,
    count,
    decimal,
    listed,
    of,
    percent,
    value,
    verb,
)
from engine.report_values import FEWEST

NAMED = 3
NAMED_OUTLIERS = 8
# Why a file has no values, as a person would say it.
_STATUSES = {
    "silent": "silent",
    "too_short": "too short",
    "unreadable": "unreadable",
    "crashed": "a crash of the decoder or analysis",
    "timeout": "not done in time",
}


def suspects(report: Report) -> list[Sentence]:
    """Tempi that are probably half or double."""
    found = report.suspects
    if found is None:
        if "tempo_bpm" not in report.spreads:
            return []
        return [
            Sentence(
                f"With fewer than {FEWEST_USUAL} dependable tempos, it cannot be said which of "
                "them are half or double of what people feel."
            )
        ]
    usual = f"{found.low:.0f} to {found.high:.0f}{NBSP}BPM"
    if not found.found:
        return [
            Sentence(
                f"0 of {count(found.judged, 'tempo')} look like half or double of what people "
                f"feel; usual here are {usual}."
            )
        ]
    number = len(found.found)
    one = found.found[0]
    sentence = Sentence(
        f"{of(number, found.judged)} may have half or double the tempo that people feel: outside "
        f"what is usual (over all tracks {usual}), with the half or double well inside it."
    )
    confidence = (
        ""
        if one.confidence != one.confidence
        else (f" with a confidence of {decimal(one.confidence)}")
    )
    return [
        sentence,
        Sentence(
            f"The most doubtful is {{0}}: {one.tempo:.0f}{NBSP}BPM{confidence}, more likely "
            f"{one.likely:.0f}{NBSP}BPM.",
            (one.track.called,),
        ),
    ]


def outliers(report: Report) -> list[Sentence]:
    """Each track with the reason that named it."""
    if not report.outliers:
        tracks = report.contents.tracks
        why = f"; {FEWEST} are needed" if tracks < FEWEST else ""
        stands = verb(tracks, "stands", "stand")
        return [Sentence(f"0 of {count(tracks)} {stands} out from the rest{why}.")]
    return [_outlier(outlier) for outlier in report.outliers[:NAMED_OUTLIERS]]


def _outlier(outlier: Outlier) -> Sentence:
    reasons = listed([_reason(reason) for reason in outlier.reasons])
    return Sentence(f"{{0}}: {reasons}.", (outlier.track.called,))


def _reason(reason: Reason) -> str:
    if reason.column not in DESCRIPTORS:
        network = {"effnet": "EffNet", "musicnn": "MusiCNN"}[reason.column]
        return (
            f"its nearest neighbour is far away (cosine {decimal(reason.value, 2)} by {network} "
            f"against a median of {decimal(reason.usual, 2)}, modified z-score "
            f"{decimal(reason.score)})"
        )
    name = DESCRIPTORS[reason.column].label.replace("Mean IC", "mean IC")
    name = name if name.startswith("mean IC") else name.lower()
    size = "low" if reason.score < 0 else "high"
    return (
        f"{size} {name}, {value(reason.value, reason.column)} against a median of "
        f"{value(reason.usual, reason.column)} (modified z-score {decimal(reason.score)})"
    )


def copies(report: Report) -> list[Sentence]:
    """Groups of near-duplicates."""
    groups = len(report.copies)
    if not groups:
        return [Sentence(f"Among {count(report.contents.tracks)}, 0 are copies of another one.")]
    tracks = sum(map(len, report.copies))
    said = (
        f"{of(tracks, report.contents.tracks)} form {count(groups, 'group')} of copies of one "
        f"recording; {tracks - groups:,} could go."
    )
    largest = max(report.copies, key=len)
    again = Sentence(f"The largest group has {count(len(largest))}: {{0}}.", (largest[0].called,))
    return [Sentence(said), *([again] if len(largest) > 2 else [])]


def failures(report: Report) -> list[Sentence]:
    """How many files came to nothing, and why; the first few by name."""
    if not report.failures:
        return [Sentence("0 files failed.")]
    files = {failure.path for failure in report.failures}
    status = {failure.path: failure.status for failure in report.failures}
    reasons = Counter(status.values()).most_common()
    parts = listed([f"{number:,} {_STATUSES.get(name, name)}" for name, number in reasons])
    total = report.contents.tracks + report.contents.valueless
    sentences = [
        Sentence(
            f"{count(len(files), 'file')} ({percent(len(files), max(total, len(files)))} of all) "
            f"{verb(len(files), 'lacks', 'lack')} values: {parts}."
        )
    ]
    for place, failure in enumerate(report.failures[:NAMED], start=1):
        file = PurePath(failure.path)
        why = ": {1}" if failure.error else ""
        sentences.append(
            Sentence(
                f"({place}) {{0}} is {_STATUSES.get(failure.status, failure.status)}{why}.",
                (f"{file.parent.name}/{file.name}", failure.error.rstrip(".")),
            )
        )
    return sentences
