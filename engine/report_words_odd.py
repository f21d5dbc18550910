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
# Why a file has no values: of several files, and of one that is named.
_STATUSES = {
    "silent": ("silent", "is silent"),
    "too_short": ("too short", "is too short"),
    "unreadable": ("unreadable", "cannot be read"),
    "crashed": ("crashed", "crashed the decoder or the analysis"),
    "timeout": ("timed out", "was not done in time"),
}
# What a person calls low and high values of a descriptor.
_ENDS = {
    "duration_s": ("short", "long"),
    "loudness_lufs": ("quiet", "loud"),
    "tempo_bpm": ("slow", "fast"),
}
_NETWORKS = {"effnet": "EffNet", "musicnn": "MusiCNN"}


def suspects(report: Report) -> list[Sentence]:
    """Tempi that are probably half or double."""
    found = report.suspects
    if found is None and report.spreads["tempo_bpm"].tracks == 1:
        return []
    if found is None:
        return [
            Sentence(
                f"There are fewer than {FEWEST_USUAL} dependable tempos, too few to tell which are "
                "half or double of what people feel."
            )
        ]
    usual = f"{found.low:.0f} to {found.high:.0f}{NBSP}BPM"
    if not found.found:
        return [
            Sentence(
                f"0 of {count(found.judged, 'tempo')} look like half or double of what people "
                f"feel; {usual} are usual here."
            )
        ]
    one = found.found[0]
    confidence = (
        ""
        if one.confidence != one.confidence
        else f" with a confidence of {decimal(one.confidence)}"
    )
    return [
        Sentence(
            f"{of(len(found.found), found.judged)} may have half or double the tempo that people "
            f"feel: it is unusual (over all tracks {usual} are usual), but its half or double is "
            "typical."
        ),
        Sentence(
            f"The most doubtful is {{0}}: {one.tempo:.0f}{NBSP}BPM{confidence}, more likely "
            f"{one.likely:.0f}{NBSP}BPM.",
            (one.track.called,),
        ),
    ]


def outliers(report: Report) -> list[Sentence]:
    """Each track with the reason that named it."""
    tracks = report.contents.tracks
    if tracks == 1:
        return []
    if tracks < FEWEST:
        return [Sentence(f"It takes {FEWEST} tracks to tell which stand out from the rest.")]
    if not report.outliers:
        return [Sentence(f"{of(0, tracks)} stand out from the rest.")]
    return [_outlier(outlier) for outlier in report.outliers[:NAMED_OUTLIERS]]


def _outlier(outlier: Outlier) -> Sentence:
    reasons = listed([_reason(reason) for reason in outlier.reasons])
    return Sentence(f"{{0}}: {reasons}.", (outlier.track.called,))


def _reason(reason: Reason) -> str:
    if reason.column not in DESCRIPTORS:
        return (
            f"nothing here sounds much like it (cosine {decimal(reason.value, 2)} to the nearest "
            f"track by {_NETWORKS[reason.column]}; the median is {decimal(reason.usual, 2)})"
        )
    label = DESCRIPTORS[reason.column].label
    name = label[:1].lower() + label[1:]
    low, high = _ENDS.get(reason.column, ("low", "high"))
    return (
        f"{name} {value(reason.value, reason.column)} ({low if reason.score < 0 else high}; the "
        f"median is {value(reason.usual, reason.column)})"
    )


def copies(report: Report) -> list[Sentence]:
    """Groups of near-duplicates."""
    groups, all_tracks = len(report.copies), report.contents.tracks
    if all_tracks == 1:
        return []
    untold = _untold(report)
    if not groups:
        return [Sentence(f"{of(0, all_tracks, 'is', 'are')} copies of another one."), *untold]
    tracks = sum(map(len, report.copies))
    said = (
        f"{of(tracks, all_tracks)} form {count(groups, 'group')} of copies of one recording; "
        f"{tracks - groups:,} could go."
    )
    largest = max(report.copies, key=len)
    again = Sentence(f"The largest group has {count(len(largest))}: {{0}}.", (largest[0].called,))
    return [Sentence(said), *([again] if len(largest) > 2 else []), *untold]


def _untold(report: Report) -> list[Sentence]:
    """What nobody compared yet, in a library that was made before there were fingerprints."""
    lacking = report.contents.tracks - report.columns.get("recording", report.contents.tracks)
    if not lacking:
        return []
    said = of(lacking, report.contents.tracks, "has", "have")
    return [
        Sentence(
            f"{said} no fingerprint yet, or too little sound for one: of those analysed before "
            "there were fingerprints, the next analysis tells copies at another level, too."
        )
    ]


def failures(report: Report) -> list[Sentence]:
    """How many files came to nothing, or not to all values, and why; the first few by name."""
    status = {failure.path: failure.status for failure in report.failures}
    if not status:
        return []
    reasons = Counter(status.values()).most_common()
    parts = listed([f"{number:,} {_status(name)[0]}" for name, number in reasons])
    total = max(len(status), report.contents.tracks + report.contents.valueless)
    share = f" ({percent(len(status), total)})" if total >= FEWEST else ""
    sentences = [
        Sentence(
            f"{len(status):,} of {count(total, 'file')}{share} "
            f"{verb(len(status), 'lacks', 'lack')} all or some values: {parts}."
        )
    ]
    for place, failure in enumerate(report.failures[:NAMED], start=1):
        file = PurePath(failure.path)
        why = ": {1}" if failure.error else ""
        sentences.append(
            Sentence(
                f"({place}) {{0}} {_status(failure.status)[1]}{why}.",
                (f"{file.parent.name} / {file.name}", failure.error.rstrip(".")),
            )
        )
    return sentences


def _status(name: str) -> tuple[str, str]:
    return _STATUSES.get(name, (name, f"has the status {name}"))
