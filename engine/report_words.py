"""What a report says, section by section: rules that turn its numbers into sentences.

Every sentence carries the figure that it rests on; a section whose values come from stand-in models
gets a warning in place of observations, since those would be about nothing. Sections name the
figures (report_figures) that belong to them.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from engine import report_words_keys as keys
from engine import report_words_odd as odd
from engine import report_words_sound as sound
from engine import report_words_styles as styles
from engine.report import Report
from engine.report_text import (
    Sentence,
    count,
    format_name,
    length,
    listed,
    of,
    percent,
    verb,
)
from engine.report_values import FEWEST
from engine.schema import STAGE_COLUMNS, STAGE_SPACES

# The values that each stage fills, as a person would call them.
GIVES = {
    "dsp": "tempo, key and loudness",
    "effnet": "styles, voice and danceability",
    "musicnn": "valence, arousal and tags",
    "information": "information content",
}


@dataclass(frozen=True)
class Section:
    """A heading, what is said under it, and which figures and lists belong to it."""

    name: str  # for links
    title: str
    paragraphs: tuple[tuple[Sentence, ...], ...]
    figures: tuple[str, ...] = ()  # names of report_drawing.Figure

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All of them, in order."""
        return tuple(sentence for paragraph in self.paragraphs for sentence in paragraph)

    def shows(self, figure: str) -> bool:
        """Whether a figure of this name belongs here; of several models each has one, numbered."""
        return figure in self.figures or figure.startswith(f"{self.name}_")


# Name, title, rules, figures, stage that the values come from ("" for several or none).
_SECTIONS: tuple[tuple[str, str, tuple[Callable, ...], tuple[str, ...], str], ...] = (
    ("styles", "Styles", (styles.styles, styles.diversity), ("genres", "styles"), "effnet"),
    ("tempo", "Tempo", (sound.tempo, odd.suspects), ("tempo",), "dsp"),
    ("danceability", "Danceability", (sound.danceability,), ("danceability",), "effnet"),
    ("keys", "Keys", (keys.keys,), ("keys", "agreement"), "dsp"),
    ("loudness", "Loudness", (sound.loudness,), ("loudness",), "dsp"),
    ("mood", "Mood", (sound.mood,), ("mood",), "musicnn"),
    ("voice", "Voice", (sound.voice,), ("voice",), "effnet"),
    ("information", "Information content", (sound.information,), ("information",), "information"),
    ("listen", "Worth a listen", (odd.outliers, odd.copies), (), ""),
    ("failures", "Files without values", (odd.failures,), (), ""),
)


def sections(report: Report) -> tuple[Section, ...]:
    """All of them, in reading order; those that have nothing to say are left out."""
    found = [
        Section("collection", "The collection", (tuple(overview(report)),), ("coverage",)),
        *(
            Section(name, title, _said(report, rules, _stage(report, stage, name)), figures)
            for name, title, rules, figures, stage in _SECTIONS
        ),
        Section("sources", "Where the numbers come from", (tuple(provenance(report)),)),
    ]
    empty = ("collection", "failures", "sources") if not report.contents.tracks else None
    return tuple(s for s in found if s.sentences and (empty is None or s.name in empty))


def _stage(report: Report, stage: str, name: str) -> str:
    """What the values of a section come from: tags, in place of styles, from another network."""
    tags = name == "styles" and report.styles is not None and report.styles.space == "tags"
    return "musicnn" if tags else stage


def _said(
    report: Report, rules: tuple[Callable, ...], stage: str
) -> tuple[tuple[Sentence, ...], ...]:
    """A paragraph for each rule."""
    if stage in report.stand_ins and _valued(report, stage):
        return (tuple(stand_in_warnings(report, stage)),)
    return tuple(tuple(said) for rule in rules if (said := rule(report)))


def _valued(report: Report, stage: str) -> int:
    """Tracks that have values of a stage."""
    tracks = [report.columns.get(column, 0) for column in STAGE_COLUMNS[stage]]
    if report.styles is not None and report.styles.space in STAGE_SPACES[stage]:
        tracks.append(report.styles.tracks)
    return max(tracks)


def stand_in_warnings(report: Report, stage: str) -> list[Sentence]:
    """One for each model of a stage that is not the published one."""
    tracks = _valued(report, stage)
    return [
        Sentence(
            f"Do not trust {GIVES[stage]}: for {count(tracks)} these come from {{0}}, which is "
            "not the published model ({1}).",
            (model.file, model.note),
            warning=True,
        )
        for model in report.models
        if model.stage == stage and model.note
    ]


def overview(report: Report) -> list[Sentence]:
    """Size, names, years, formats, and what is missing."""
    contents = report.contents
    if not contents.tracks:
        return [Sentence("The library has 0 tracks with values.")]
    sentences = [_size(report), _names(report)]
    if contents.years:
        sentences.append(_years(report))
    if contents.formats:
        codec, tracks = next(iter(contents.formats.items()))
        kinds = len(contents.formats)
        rest = "the only format" if kinds == 1 else f"the most common of {kinds} formats"
        said = f"{of(tracks, contents.tracks, 'is', 'are')} in {{0}}, {rest}."
        sentences.append(Sentence(said, (format_name(codec),)))
    sentences += _missing(report)
    for stage in sorted(report.stand_ins):
        sentences += stand_in_warnings(report, stage) if _valued(report, stage) else []
    return sentences


def _size(report: Report) -> Sentence:
    contents, found = report.contents, report.spreads.get("duration_s")
    said = f"This report describes {count(contents.tracks)}"
    if found is None:
        return Sentence(f"{said} of unknown length.")
    if contents.tracks == 1:
        return Sentence(f"{said}, {length(contents.seconds)} long.")
    few = contents.tracks < FEWEST
    shortest, longest = (
        length(end) for end in ((found.low, found.high) if few else (found.p5, found.p95))
    )
    said += f", {length(contents.seconds)} in all"
    who = "they" if few else "nine in ten"
    if shortest == longest:
        return Sentence(f"{said}; {who} last {longest}.")
    return Sentence(
        f"{said}; half of them are longer than {length(found.median)}, and {who} last between "
        f"{shortest} and {longest}."
    )


def _names(report: Report) -> Sentence:
    contents = report.contents
    artists, albums = count(contents.artists, "artist"), count(contents.albums, "album")
    if not contents.untitled:
        titles = "all of them have a title"
        titles = "it has a title" if contents.tracks == 1 else titles
    else:
        untitled = of(contents.untitled, contents.tracks)
        titles = f"{untitled} {verb(contents.untitled, 'has', 'have')} no title"
    whose = verb(contents.tracks, "Its", "Their")
    return Sentence(f"{whose} tags name {artists} and {albums}, and {titles}.")


def _years(report: Report) -> Sentence:
    contents = report.contents
    first, middle, last = contents.years
    dated = of(contents.dated, contents.tracks, "has", "have")
    if first == last:
        return Sentence(f"{dated} a year, {first}.")
    return Sentence(f"{dated} a year, from {first} to {last} with the median in {middle}.")


def _missing(report: Report) -> list[Sentence]:
    """Stages without any value, then those that lack some."""
    tracks, sentences = report.contents.tracks, []
    for stage, columns in STAGE_COLUMNS.items():
        have = max(report.columns.get(column, 0) for column in columns)
        if have < tracks:
            lack = tracks - have
            sentences.append(Sentence(f"{of(lack, tracks, 'lacks', 'lack')} {GIVES[stage]}."))
    return sentences


def provenance(report: Report) -> list[Sentence]:
    """Models, how much of the sound was looked at, and files that are gone."""
    contents, sentences = report.contents, []
    published = Counter(not model.note for model in report.models)
    if report.models:
        stages = listed(sorted({model.stage for model in report.models}))
        files = count(len(report.models), "model file")
        sentences.append(
            Sentence(
                f"The values of {stages} come from {files}, {published[True]} of them as "
                f"published and {published[False]} not."
            )
        )
    if contents.analysed_s and contents.seconds:
        whole = max(1, round(contents.seconds))
        share = percent(min(round(contents.analysed_s), whole), whole)
        span = (
            f"at most the middle {report.span_s:g} s of each file"
            if report.span_s
            else "whole files up to a cap"
        )
        sentences.append(
            Sentence(
                f"{length(contents.analysed_s)} of sound were analysed ({span}), {share} of the "
                "total length."
            )
        )
    if contents.partial:
        sentences.append(
            Sentence(
                f"{count(contents.partial)} {verb(contents.partial, 'was', 'were')} decoded in "
                "part only: damaged, or shorter than stated."
            )
        )
    if contents.gone:
        sentences.append(
            Sentence(
                f"{count(contents.gone, 'file')} of earlier analyses "
                f"{verb(contents.gone, 'is', 'are')} gone and not described here."
            )
        )
    return sentences
