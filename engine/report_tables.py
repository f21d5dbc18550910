"""The tables of a report: every list and count behind its sentences, to be written as TSV.

Conventions: one head line; text without control characters, so that no cell holds a tab or a line
break; what a spreadsheet would run as a formula gets a leading '; numbers never do; an unknown
value is an empty cell.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from math import isnan

from engine.descriptors import DESCRIPTORS, KEYS, SCALES
from engine.export import csv_text
from engine.playlist import plain
from engine.report import Report
from engine.report_keys import RELATIONS
from engine.report_styles import Label, Styles
from engine.report_values import Track
from engine.storage import shown

Cell = str | float | int | None


@dataclass(frozen=True)
class Table:
    """Heads and rows under a name."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def tsv(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8, tabs between cells, LF after lines; cells with quotes are quoted as csv does."""
    written = StringIO()
    writer = csv.writer(written, "excel-tab", lineterminator="\n")
    writer.writerow([_cell(head) for head in heads])
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Cell) -> Cell:
    if isinstance(value, str):
        return csv_text(plain(value))
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:.6g}"
    return "" if value is None else value


def tables(report: Report) -> tuple[Table, ...]:
    """Those that have rows."""
    found = (
        _summary(report),
        *_styles(report),
        *_keys(report),
        _suspects(report),
        _loudness_outliers(report),
        _outliers(report),
        _copies(report),
        _failures(report),
        Table(
            "models",
            "Models",
            ("stage", "file", "sha256", "note"),
            tuple((m.stage, m.file, m.sha256, m.note) for m in report.models),
        ),
    )
    return tuple(table for table in found if table.rows)


def _summary(report: Report) -> Table:
    heads = (
        "descriptor",
        "unit",
        "tracks",
        "missing",
        "mean",
        "standard_deviation",
        "minimum",
        "p5",
        "p25",
        "median",
        "p75",
        "p95",
        "maximum",
    )
    spreads = [*report.spreads.items(), *((f"ic_mean {m}", s) for m, s in report.ic.items())]
    return Table(
        "descriptors",
        "Descriptors",
        heads,
        tuple(
            (
                name,
                DESCRIPTORS[s.column].unit,
                s.tracks,
                s.missing,
                s.mean,
                s.deviation,
                s.low,
                s.p5,
                s.p25,
                s.median,
                s.p75,
                s.p95,
                s.high,
            )
            for name, s in spreads
        ),
    )


def _styles(report: Report) -> Iterable[Table]:
    found = report.styles
    if found is None:
        return
    yield _labels("genres", "genre", found.genres, found)
    yield _labels(found.space, found.space[:-1], found.labels, found)
    yield _diversity(found)


def _labels(name: str, kind: str, labels: Iterable[Label], found: Styles) -> Table:
    audible, strong = found.thresholds
    counts = ("tracks_strongest", "share_strongest", f"tracks_from_{audible}")
    heads = (kind, *counts, f"tracks_from_{strong}", "mean_activation")
    rows = tuple(
        (one.label, one.strongest, one.strongest / found.tracks, one.audible, one.strong, one.mean)
        for one in labels
    )
    return Table(name, name.title(), heads, rows)


def _diversity(found: Styles) -> Table:
    heads = ("counted", "possible", "entropy_nats", "evenness", "hill_0", "hill_1", "hill_2")
    measured = ((found.space, found.diversity), ("genres", found.genre_diversity))
    rows = tuple(
        (name, one.possible, one.entropy, one.evenness, one.kinds, one.effective, one.dominant)
        for name, one in measured
        if one is not None
    )
    return Table("diversity", "Diversity", heads, rows)


def _keys(report: Report) -> Iterable[Table]:
    found = report.keys
    if found is None:
        return
    yield Table(
        "keys",
        "Keys",
        ("profile", "tonic", "scale", "tracks", "share"),
        tuple(
            (profile.name, tonic, scale, number, number / profile.tracks)
            for profile in found.profiles
            for scale, counts in zip(SCALES, profile.counts, strict=True)
            for tonic, number in zip(KEYS, counts, strict=True)
        ),
    )
    pairs = [
        (" ".join(p.profiles), p.tracks, *(p.relations[r] for r in RELATIONS), p.same)
        for p in found.pairs
    ]
    if found.compared:
        share = found.agreed / found.compared
        blanks = (None,) * (len(RELATIONS) - 1)
        pairs.append(("all three", found.compared, found.agreed, *blanks, share))
    heads = ("profiles", "tracks", *RELATIONS, "agreement")
    yield Table("key_agreement", "Agreement of the key profiles", heads, tuple(pairs))


def named(track: Track) -> tuple[Cell, ...]:
    """The first cells of a list of tracks."""
    return track.title, track.artist, shown(track.path)


NAMED = ("title", "artist", "path")


def _suspects(report: Report) -> Table:
    found = report.suspects.found if report.suspects else ()
    heads = (*NAMED, "tempo_bpm", "confidence", "likely_bpm", "usual_of", "usual_from", "usual_to")
    return Table(
        "tempo_suspects",
        "Tempos that may be half or double",
        heads,
        tuple(
            (
                *named(s.track),
                s.tempo,
                s.confidence,
                s.likely,
                s.genre or "all tracks",
                s.low,
                s.high,
            )
            for s in found
        ),
    )


def _loudness_outliers(report: Report) -> Table:
    found = report.loudness.outliers if report.loudness else ()
    rows = tuple((*named(track), lufs) for track, lufs in found)
    return Table("loudness_outliers", "Outliers in loudness", (*NAMED, "loudness_lufs"), rows)


def _outliers(report: Report) -> Table:
    heads = (*NAMED, "in", "value", "usual", "modified_z_score")
    return Table(
        "outliers",
        "Outliers worth a listen",
        heads,
        tuple(
            (*named(outlier.track), reason.column, reason.value, reason.usual, reason.score)
            for outlier in report.outliers
            for reason in outlier.reasons
        ),
    )


def _copies(report: Report) -> Table:
    return Table(
        "copies",
        "Copies of one recording",
        ("group", *NAMED),
        tuple(
            (number, *named(track))
            for number, group in enumerate(report.copies, start=1)
            for track in group
        ),
    )


def _failures(report: Report) -> Table:
    rows = tuple((f.path, f.status, ",".join(f.stages), f.error) for f in report.failures)
    return Table("failures", "Files without values", ("path", "status", "stages", "error"), rows)
