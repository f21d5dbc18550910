"""The figures of information_quality_claims.py and information_quality_sections.py as Markdown."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from benchmarks.information_quality_claims import CHANGE, WEIGHTINGS
from benchmarks.information_report import number, percent, table

SOUND = """Whole recordings, but for silence and the first 10 s of each, which have little context;
{recordings} recordings of {pieces} pieces, since some are stems of one song. Intervals here and
below are by bootstrap over pieces. Spearman's rank correlation within each recording, the mean over
recordings, and the share of recordings where it is above 0. By the frame, or of means over {size}
frames (1 s). Level: decibels of a frame's power from 20 Hz to 16 kHz. K-weighted: as for LUFS
(ITU-R BS.1770), without the lowest bass and with more treble; A-weighted (IEC 61672): without most
of the bass. Less Gaussian: the curve that is left when the Gaussian's is taken off, which is what
the context changes, for the Gaussian has none."""
TIMBRE = """Timbral change: Euclidean length of the step of MFCCs 1 to 12 from the frame before;
coefficient 0 is left out, for it is the level. Given: partial correlation of ranks."""
BETWEEN = """Spearman's correlation of the recordings' means: whether what is louder, or changes
more, has the higher mean."""
SECTIONS = """Claim: types of sections that come later in a piece have higher means. The published
one is about annotated sections. These are estimated: seconds of 20 MFCCs, joined with their
neighbours by Ward's criterion until sections have 20 s on average (or as said); their means,
clustered again, into half as many types, numbered by first appearance. Sections under 5 s, which
are mostly gaps and last chords, and recordings under a minute do not count, nor do silence and the
first 10 s: that leaves {recordings} recordings with {sections:.1f} sections of {types:.1f} types on
average. Later types higher: share of all pairs of types of a recording in which the one that
appears later has the higher mean; 50 % is chance. New less before: the first section of a type,
less all that was heard before. Again less first: later sections of a type, less its first.
Differences are in nats per frame, and all figures are means over recordings. What the Gaussian does
as well is no matter of prediction."""
THIRDS = """The same recordings in three equal parts, after the first 10 s; nats per frame."""


def markdown(results: Mapping[str, Any]) -> str:
    """All tables."""
    parts = [
        f"\n## Loudness and timbre\n\n{SOUND.format(**results)}\n",
        table(("", "over", *chain.from_iterable((one, "above 0") for one in WEIGHTINGS)),
              loudness(results)),
        f"{TIMBRE}\n",
        table(("", "over", CHANGE, "above 0", *(f"given {one}" for one in WEIGHTINGS)),
              timbre(results)),
        f"{BETWEEN}\n",
        table(("", *WEIGHTINGS, CHANGE), between(results)),
        f"## Sections\n\n{SECTIONS.format(**results['with sections'])}\n",
        table(("sections", "", "later types higher", "new less before", "again less first"),
              sections(results)),
        f"{THIRDS}\n",
        table(("", "", "second less first", "last less first"), thirds(results)),
    ]  # fmt: skip
    return "\n".join(parts)


def loudness(results: Mapping[str, Any]) -> Iterator[list[str]]:
    for span, systems in results["within recordings"].items():
        for name, row in systems.items():
            pairs = [row[weighting] for weighting in WEIGHTINGS]
            yield [name, span, *chain.from_iterable(map(followed, pairs))]


def timbre(results: Mapping[str, Any]) -> Iterator[list[str]]:
    for span, systems in results["within recordings"].items():
        for name, row in systems.items():
            given = [number(row[f"{CHANGE} given {one}"]["mean"]) for one in WEIGHTINGS]
            yield [name, span, *followed(row[CHANGE]), *given]


def followed(row: Mapping[str, Any]) -> tuple[str, str]:
    return number(row["mean"]), percent(row["above 0"])


def between(results: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, row in results["between recordings"].items():
        yield [name, *(number(row[one]) for one in (*WEIGHTINGS, CHANGE))]


def sections(results: Mapping[str, Any]) -> Iterator[list[str]]:
    for setting, systems in results["sections"].items():
        for name, row in systems.items():
            yield [
                setting,
                name,
                percent(row["later types higher"]),
                number(row["new less before"]),
                number(row["again less first"]),
            ]


def thirds(results: Mapping[str, Any]) -> Iterator[list[str]]:
    for span, systems in results["thirds"].items():
        for name, row in systems.items():
            yield [span, name, number(row["second less first"]), number(row["last less first"])]
