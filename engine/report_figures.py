"""The figures of a report: what each shows, said once and drawn by anybody.

Goal: a Report → Figures. The page and the app draw them with plotly (report_plotly), the PNG files
come from matplotlib (report_png), the table behind each is written as TSV and shown to screen
readers. Conventions: each caption and alternative text carries
the figures that a person who cannot see the drawing needs.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace

from engine.descriptors import (
    DESCRIPTORS,
    KEYS,
    PROFILE_NAMES,
    PROFILES,
    SCALES,
    VOICE_THRESHOLD,
)
from engine.report import MOOD_BINS, MOOD_HIGH, MOOD_LOW, STREAMING_LUFS, Report
from engine.report_drawing import Axis, Figure, Series
from engine.report_keys import RELATIONS, pair_name
from engine.report_styles import Label
from engine.report_text import count, decimal, listed, of, style_name
from engine.report_values import Spread
from engine.schema import STAGE_COLUMNS, STAGE_SPACES

FEWEST_BARS = 10
SHOWN = 20  # bars of styles; the TSV has all


def figures(report: Report) -> tuple[Figure, ...]:
    """All that the library has values for."""
    if not report.contents.tracks:
        return ()
    found = (
        _coverage(report),
        *_styles(report),
        *_spreads(report),
        *_keys(report),
        *_mood(report),
        *_information(report),
    )
    return tuple(_warning(figure) for figure in found)


def _warning(figure: Figure) -> Figure:
    """The warning also where it is heard and not seen."""
    if not figure.warning:
        return figure
    return replace(figure, alt=f"{figure.alt} Note: {figure.warning}.")


def warned(report: Report, stage: str) -> str:
    """What to put beside values of a stage that come from stand-ins."""
    return next((m.note for m in report.models if m.stage == stage and m.note), "")


def _coverage(report: Report) -> Figure:
    names = {c: d.label for c, d in DESCRIPTORS.items()} | {"key_edma": "Key", "style": "Style"}
    del names["style_activation"]  # every style has one
    have: dict[str, int] = {}
    for stage, columns in STAGE_COLUMNS.items():
        have |= {names[c]: report.columns.get(c, 0) for c in columns if c in names}
        if "tags" in STAGE_SPACES[stage]:
            have["Tags"] = report.spaces.get("tags", 0)
    if report.keys:
        have["Key"] = max(profile.tracks for profile in report.keys.profiles)
    tracks = report.contents.tracks
    full = sum(number == tracks for number in have.values())
    every = "the 1 track" if tracks == 1 else f"all {count(tracks)}"
    said = f"{full} of {len(have)} kinds of values are known for {every}"
    lacking = [name for name, number in have.items() if not number]
    return Figure(
        name="coverage",
        kind="bars",
        title="What is known of the tracks",
        caption=f"{said}.",
        alt=f"Bars of the number of tracks with each kind of value. {said}"
        f"{f'; for none {listed(lacking)}' if lacking else ''}.",
        x=Axis("Tracks", low=0, high=tracks),
        y=Axis("Kind of value", ticks=tuple(have)),
        series=(
            Series("known", tuple(have.values())),
            Series("missing", tuple(tracks - number for number in have.values())),
        ),
    )


def _styles(report: Report) -> Iterable[Figure]:
    found = report.styles
    if found is None:
        return
    warning = warned(report, "effnet" if found.space == "styles" else "musicnn")
    audible, _ = found.thresholds
    what = "style" if found.space == "styles" else "tag"
    if found.genres:
        yield _bars(
            "genres",
            "Tracks by genre",
            "Genre",
            found.genres,
            found.tracks,
            f"Tracks whose strongest style belongs to the genre, one of {len(found.genres)}.",
            warning,
        )
    used = [label for label in found.labels if label.strongest]
    shown = used[:SHOWN]
    some = f"The {len(shown)} most common of {count(len(used), what)}"
    first = some if len(shown) < len(used) else f"{count(len(used), what).capitalize()}"
    yield _bars(
        "styles",
        f"Tracks by {what}",
        what.title(),
        shown,
        found.tracks,
        f"{first}, each track counted for its strongest one. The file {found.space}.tsv has all "
        f"{len(found.labels)}, also counted from an activation of {audible} on.",
        warning,
    )


def _bars(
    name: str,
    title: str,
    kind: str,
    labels: Iterable[Label],
    tracks: int,
    caption: str,
    warning: str,
) -> Figure:
    labels = [label for label in labels if label.strongest]
    return Figure(
        name=name,
        kind="bars",
        title=title,
        caption=caption,
        alt=_heard(labels, kind, tracks),
        x=Axis("Tracks"),
        y=Axis(kind, ticks=tuple(style_name(label.label) for label in labels)),
        series=(Series("Tracks", tuple(label.strongest for label in labels)),),
        warning=warning,
    )


def _heard(labels: list[Label], kind: str, tracks: int) -> str:
    longest = f"{style_name(labels[0].label)} with {of(labels[0].strongest, tracks)}"
    if len(labels) == 1:
        return f"1 bar, for the {kind.lower()} {longest}."
    return f"Bars of {count(len(labels), kind.lower())}, the longest for {longest}."


def _spreads(report: Report) -> Iterable[Figure]:
    for name, column, title, marks in (
        ("tempo", "tempo_bpm", "Tracks by tempo", ()),
        ("danceability", "danceability", "Tracks by danceability", ()),
        ("danceability", "danceability_dsp", "Tracks by danceability (signal)", ()),
        ("loudness", "loudness_lufs", "Tracks by loudness", ((STREAMING_LUFS, "streaming"),)),
        ("voice", "voice", "Tracks by probability of a voice", ((VOICE_THRESHOLD, "voice from"),)),
    ):
        second = column == "danceability_dsp" and "danceability" in report.spreads
        if column in report.spreads and not second:
            yield _histogram(report, name, report.spreads[column], title, marks)


def _histogram(
    report: Report, name: str, found: Spread, title: str, marks: tuple = (), note: str = ""
) -> Figure:
    descriptor = DESCRIPTORS[found.column]
    decimals = descriptor.decimals
    edges, counts = _occupied(found, marks)
    unit = f" {descriptor.unit}".rstrip()
    beyond = (
        f" {count(found.beyond)} beyond the ends of the axis are counted in the end bars."
        if found.beyond
        else ""
    )
    said = f"median {decimal(found.median, decimals)}{unit}"
    said += f", from {decimal(found.low, decimals)} to {decimal(found.high, decimals)}{unit}"
    if found.tracks == 1:
        said = f"{decimal(found.median, decimals)}{unit}"
    return Figure(
        name=name,
        kind="histogram",
        title=title,
        caption=f"{count(found.tracks)}: {said}.{beyond}{note}",
        alt=f"Histogram of {count(found.tracks)}: {said}.",
        x=Axis(descriptor.label, descriptor.unit, low=edges[0], high=edges[-1], decimals=decimals),
        y=Axis("Tracks"),
        series=(Series("Tracks", counts),),
        edges=edges,
        marks=((found.median, "median"), *marks),
        warning=warned(report, descriptor.stage),
    )


def _occupied(found: Spread, marks: tuple) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """The bars without empty ones at the ends, but with all marks between them; probabilities keep
    their whole axis."""
    if found.edges[0] == 0 and found.edges[-1] == 1:
        return found.edges, found.counts
    filled = [place for place, number in enumerate(found.counts) if number]
    marked = [bisect_left(found.edges, at) - 1 for at, _ in marks]
    first, last = min(filled + marked), max(filled + marked)
    lack = max(0, FEWEST_BARS - (last - first + 1))  # one bar alone would fill the drawing
    first = max(0, first - (lack + 1) // 2)
    last = min(len(found.counts) - 1, last + lack // 2)
    return found.edges[first : last + 2], found.counts[first : last + 1]


def _keys(report: Report) -> Iterable[Figure]:
    found = report.keys
    if found is None:
        return
    series, most = [], (0, "", "", "")
    for profile in found.profiles:
        for scale, counts in zip(SCALES, profile.counts, strict=True):
            shares = tuple(round(100 * number / profile.tracks, 1) for number in counts)
            series.append(Series(f"{PROFILE_NAMES[profile.name]} {scale}", shares))
            top = max(range(12), key=lambda n: counts[n])
            if profile.name == found.recommended:
                most = max(most, (counts[top], KEYS[top], scale, of(counts[top], profile.tracks)))
    recommended = PROFILE_NAMES[found.recommended]
    yield Figure(
        name="keys",
        kind="heat",
        title="Keys by profile, in percent of the tracks",
        caption="Percent of the tracks in each key, by each profile. By "
        f"{recommended}, {most[1]} {most[2]} is the most common, with {most[3]}.",
        alt=f"Shares of 24 keys by {count(len(found.profiles), 'profile')}; by "
        f"{recommended}, {most[1]} {most[2]} leads with {most[3]}.",
        x=Axis("Tonic", ticks=KEYS),
        y=Axis("Profile and scale", ticks=tuple(s.name for s in series)),
        series=tuple(series),
        printed=True,
    )
    if found.pairs:
        yield _agreement(report)


def _agreement(report: Report) -> Figure:
    found = report.keys
    shares = {
        name: tuple(round(100 * pair.relations[name] / pair.tracks, 2) for pair in found.pairs)
        for name in RELATIONS
    }
    names = tuple(pair_name(pair) for pair in found.pairs)
    named = {
        "same": "same key",
        "fifth": "a fifth apart",
        "relative": "relative key",
        "parallel": "parallel key",
        "other": "other",
    }
    three = (
        f" All {len(PROFILES)} agree on {of(found.agreed, found.compared)}."
        if found.compared
        else ""
    )
    best = max(found.pairs, key=lambda pair: pair.same)
    return Figure(
        name="agreement",
        kind="bars",
        title="How far the key profiles agree",
        caption=f"Percent of the tracks by how the keys of two profiles relate.{three}",
        alt=f"{_compared(len(found.pairs))}; {pair_name(best)} agree "
        f"{'most, ' * (len(found.pairs) > 1)}on {of(best.relations['same'], best.tracks)}."
        f"{three}",
        x=Axis("Tracks", "%", low=0, high=100),
        y=Axis("Profiles", ticks=names),
        series=tuple(Series(named[name], shares[name]) for name in RELATIONS),
    )


def _compared(pairs: int) -> str:
    return "1 bar, for a pair of profiles" if pairs == 1 else f"Bars of {pairs} pairs of profiles"


def _mood(report: Report) -> Iterable[Figure]:
    found = report.mood
    if found is None:
        return
    width = (MOOD_HIGH - MOOD_LOW) / MOOD_BINS
    middles = [MOOD_LOW + width * (n + 0.5) for n in range(MOOD_BINS)]
    valence, arousal = report.spreads["valence"], report.spreads["arousal"]
    beyond = f" {count(found.beyond)} beyond the scale are counted at the edge." * bool(
        found.beyond
    )
    median = "median " if found.tracks > 1 else ""
    said = f"{median}valence {decimal(valence.median)}, {median}arousal {decimal(arousal.median)}"
    yield Figure(
        name="mood",
        kind="heat",
        title="Density of valence and arousal",
        caption=f"{count(found.tracks)} in squares of {width:g} points: {said}.{beyond}",
        alt=f"Density of {count(found.tracks)} over valence and arousal: {said}.",
        x=Axis("Valence, from sad to happy", low=MOOD_LOW, high=MOOD_HIGH),
        y=Axis("Arousal, from calm to excited", low=MOOD_LOW, high=MOOD_HIGH),
        series=tuple(
            Series(decimal(middle, 2), row)
            for middle, row in zip(middles, found.density, strict=True)
        ),
        warning=warned(report, "musicnn"),
    )


def _information(report: Report) -> Iterable[Figure]:
    for place, (model, found) in enumerate(report.ic.items()):
        name = "information" if place == 0 else f"information_{place + 1}"
        yield _histogram(report, name, found, f"Mean information content by {model}")
