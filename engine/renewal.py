"""What a run computes anew, why, and for how long: said before it begins.

A new version of a stage, or a new model, supersedes the values of an earlier one in the whole
library. That can take hours, which nobody expects of music that has not changed.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from engine.library import Library
from engine.planning import Work
from engine.records import HAS_VALUES
from engine.storage import snapshot
from engine.summary import GIVES

# Why, as a sentence begins: with what the stage gives, and the model's name in brackets.
METHOD, MODEL, SETTINGS = "A new method for", "A new model for", "Other settings for"
FIRST = "So far without"  # values: the stage is new, or its model is here now
# Seconds of audio that a worker computes in a second, where a library has no values of the stage to
# tell; see benchmarks/PRECOMPUTE.md and INFORMATION.md. Every stage waits for decoding.
PACE = {
    "dsp": 130.0,
    "fingerprint": 1200.0,
    "effnet": 230.0,
    "musicnn": 100.0,
    "information": 80.0,
}
DECODING_PACE = 600.0
USUAL_LENGTH_S = 240.0  # of a track, where the library has none


def notices(
    works: Iterable[Work],
    now: Mapping[str, Mapping[str, Any]],
    made: Mapping[str, Mapping[str, Mapping[str, Any]]],
    names: Mapping[str, str],
    seconds: Mapping[str, float],
    workers: int,
) -> list[str]:
    """A sentence for each stage, and reason, for which tracks of the library are analysed again.

    now: stage → its provenance. made: stage → fingerprint → that of the values in the library.
    names: of models, as tables call them. seconds: what a track of the stage takes one worker.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for work in works:
        if work.settled or work.valued:  # the library knows it
            for stage in work.due:
                counts[stage, _reason(work.valued.get(stage), now[stage], made[stage])] += 1
    lines = []
    for stage, reason in sorted(counts, key=lambda key: list(now).index(key[0])):
        count = counts[stage, reason]
        named = f" ({names[stage]})" if reason != SETTINGS and stage in names else ""
        tracks = f"{count:,} tracks are" if count > 1 else "1 track is"
        lines.append(
            f"{reason} {GIVES.get(stage, stage)}{named}: {tracks} computed"
            f"{'' if reason == FIRST else ' anew'}, {_duration(count * seconds[stage] / workers)}."
        )
    return lines


def _reason(
    fingerprint: str | None, now: Mapping[str, Any], made: Mapping[str, Mapping[str, Any]]
) -> str:
    """Why values with that fingerprint, which may be none, are to be computed."""
    if fingerprint is None:
        return FIRST
    before = made.get(fingerprint)
    if before is None or before["version"] != now["version"]:  # the first libraries do not say
        return METHOD
    return MODEL if before["models"] != now["models"] else SETTINGS


def seconds_of(library: Library, stages: Iterable[str]) -> dict[str, float]:
    """What a track of each stage takes one worker, with decoding: as in the library, or usually."""
    with snapshot(library.path) as db:
        valued = ", ".join(f"'{status}'" for status in HAS_VALUES)
        known = dict(
            db.execute(
                f"SELECT stage, avg(seconds) FROM ledger WHERE status IN ({valued}) GROUP BY stage"
            )
        )
        (length,) = db.execute("SELECT avg(duration_s) FROM tracks").fetchone()
    length = length or USUAL_LENGTH_S
    return {
        stage: (known.get(stage) or length / PACE.get(stage, DECODING_PACE))
        + length / DECODING_PACE
        for stage in stages
    }


def _duration(seconds: float) -> str:
    """In words, in minutes."""
    minutes = math.ceil(seconds / 60)
    if seconds < 60:
        return "less than a minute"
    if minutes < 120:
        return f"about {minutes} minutes"
    return f"about {minutes:,} minutes ({seconds / 3600:.0f} hours)"
