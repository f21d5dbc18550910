"""What a report says, section by section: rules that turn its numbers into sentences.

Every sentence carries the figure that it rests on. Of what no track has a value there is no
section, one sentence names it all; what is there is judged by its own column or space, never by
another one of the same stage. A section whose values come from stand-in models has no observations,
since those would be about nothing. Sections name the figures (report_figures) that belong to them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine import report_words_keys as keys
from engine import report_words_odd as odd
from engine import report_words_sound as sound
from engine import report_words_styles as styles
from engine.report import Report
from engine.report_text import (
    NBSP,
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

Rule = Callable[[Report], list[Sentence]]


def _column(name: str) -> Callable[[Report], int]:
    return lambda report: report.columns.get(name, 0)


def _space(name: str) -> Callable[[Report], int]:
    return lambda report: report.spaces.get(name, 0)


# What a person would miss → how many tracks have it; by the stage that gives it.
THINGS: dict[str, dict[str, Callable[[Report], int]]] = {
    "dsp": {
        "tempo": _column("tempo_bpm"),
        "key": lambda report: (
            max((p.tracks for p in report.keys.profiles), default=0) if report.keys else 0
        ),
        "loudness": _column("loudness_lufs"),
    },
    "effnet": {
        "styles": _space("styles"),
        # The signal's stands in.
        "danceability": lambda report: max(
            report.columns.get(name, 0) for name in ("danceability", "danceability_dsp")
        ),
        "voice": _column("voice"),
    },
    "musicnn": {
        "mood (valence and arousal)": lambda report: report.mood.tracks if report.mood else 0,
        "tags": _space("tags"),
    },
    "information": {"information content": _column("ic_mean")},
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


def _stage_of_styles(report: Report) -> str | None:
    return report.styles and {"styles": "effnet", "tags": "musicnn"}[report.styles.space]


def _stage_of_danceability(report: Report) -> str | None:
    if "danceability" in report.spreads:
        return "effnet"
    return "dsp" if "danceability_dsp" in report.spreads else None


# Name, title, rules, figures, and the stage that the values come from: "" for several, None where
# there are none.
_SECTIONS: tuple[
    tuple[str, str, tuple[Rule, ...], tuple[str, ...], Callable[[Report], str | None]], ...
] = (
    ("styles", "Styles", (styles.styles, styles.diversity), ("genres", "styles"), _stage_of_styles),
    (
        "tempo",
        "Tempo",
        (sound.tempo, odd.suspects),
        ("tempo",),
        lambda report: "dsp" if "tempo_bpm" in report.spreads else None,
    ),
    (
        "danceability",
        "Danceability",
        (sound.danceability,),
        ("danceability",),
        _stage_of_danceability,
    ),
    ("keys", "Keys", (keys.keys,), ("keys", "agreement"), lambda r: "dsp" if r.keys else None),
    (
        "loudness",
        "Loudness",
        (sound.loudness,),
        ("loudness",),
        lambda report: "dsp" if report.loudness else None,
    ),
    ("mood", "Mood", (sound.mood,), ("mood",), lambda r: "musicnn" if r.mood else None),
    ("voice", "Voice", (sound.voice,), ("voice",), lambda r: "effnet" if r.voice else None),
    (
        "information",
        "Surprise (information content)",
        (sound.information,),
        ("information",),
        lambda report: "information" if report.ic else None,
    ),
    ("listen", "Worth a listen", (odd.outliers, odd.copies), (), lambda report: ""),
    ("failures", "Files with missing values", (odd.failures,), (), lambda report: ""),
)
_TAGS_TITLE = "Tags"  # of the first, where those stand in


def sections(report: Report) -> tuple[Section, ...]:
    """All of them, in reading order; those that have nothing to say are left out."""
    found = [
        Section("collection", "The collection", (tuple(overview(report)),), ("coverage",)),
        *(
            Section(name, _titled(report, name, title), _said(report, name, rules, stage), figures)
            for name, title, rules, figures, stage_of in _SECTIONS
            if (stage := stage_of(report)) is not None
        ),
        Section("sources", "Where the numbers come from", (tuple(provenance(report)),)),
    ]
    empty = ("collection", "failures", "sources") if not report.contents.tracks else None
    return tuple(s for s in found if s.sentences and (empty is None or s.name in empty))


def _titled(report: Report, name: str, title: str) -> str:
    tags = name == "styles" and report.styles.space == "tags"
    return _TAGS_TITLE if tags else title


def _described(report: Report, section: str) -> int:
    """Tracks that a section is about; 0 for one about the collection as a whole."""
    spread = report.spreads.get
    found = {
        "styles": report.styles,
        "tempo": spread("tempo_bpm"),
        "danceability": spread("danceability") or spread("danceability_dsp"),
        "loudness": report.loudness and report.loudness.spread,
        "mood": report.mood,
        "voice": report.voice and report.voice.spread,
    }.get(section)
    if section == "keys":
        return max(profile.tracks for profile in report.keys.profiles)
    if section == "information":
        return sum(spread.tracks for spread in report.ic.values())
    return found.tracks if found else 0


def _said(
    report: Report, section: str, rules: tuple[Rule, ...], stage: str
) -> tuple[tuple[Sentence, ...], ...]:
    """A paragraph for each rule, and before them of how many tracks they speak, if not of all."""
    if stage in report.stand_ins:
        note = next(m.note for m in report.models if m.stage == stage and m.note)
        tracks = _valued(report, stage)
        said = f"Not described: the values of {count(tracks)} come from a stand-in model ({{0}})."
        return ((Sentence(said, (note.partition(":")[0],)),),)
    paragraphs = [tuple(said) for rule in rules if (said := rule(report))]
    described = _described(report, section)
    if 0 < described < report.contents.tracks:
        known = Sentence(f"Known for {of(described, report.contents.tracks)}.")
        paragraphs[0] = (known, *paragraphs[0])
    return tuple(paragraphs)


def _valued(report: Report, stage: str) -> int:
    """Tracks that have anything from a stage."""
    return max(_of_stage(report, stage).values(), default=0)


def _of_stage(report: Report, stage: str) -> dict[str, int]:
    """What a stage gave → to how many tracks."""
    have = {thing: found(report) for thing, found in THINGS[stage].items()}
    if stage == "effnet":
        have["danceability"] = report.columns.get("danceability", 0)
    return {thing: tracks for thing, tracks in have.items() if tracks}


def stand_in_warnings(report: Report) -> list[Sentence]:
    """One for each model, that gave values, which is not the published one."""
    return [
        Sentence(
            f"Do not trust {listed(list(given))}: for {count(max(given.values()))} these come "
            "from {0}, which is not the published model ({1}).",
            (model.file, model.note),
            warning=True,
        )
        for model in report.models
        if model.note and (given := _of_stage(report, model.stage))
    ]


def overview(report: Report) -> list[Sentence]:
    """Size, names, years, formats, and what is missing."""
    contents = report.contents
    if not contents.tracks:
        if contents.selected_of is not None:
            return [Sentence(f"{of(0, contents.selected_of, 'matches', 'match')} the filters.")]
        return [Sentence("The library has 0 tracks with values.")]
    sentences = [_size(report), _names(report)]
    if contents.years:
        sentences.append(_years(report))
    if contents.formats:
        sentences.append(_formats(report))
    return sentences + _missing(report) + stand_in_warnings(report)


def _size(report: Report) -> Sentence:
    contents, found = report.contents, report.spreads.get("duration_s")
    who = count(contents.tracks)
    if contents.selected_of is not None:
        match = verb(contents.tracks, "matches", "match")
        who = f"the {who} of {contents.selected_of:,} that {match} the filters"
    said = f"This report describes {who}"
    if found is None:
        return Sentence(f"{said}, of unknown length.")
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
    nameless = contents.untitled == contents.tracks
    if nameless and not contents.artists and not contents.albums:
        lacks = of(contents.tracks, contents.tracks, "lacks", "lack")
        return Sentence(f"{lacks} title, artist and album in {_whose(contents.tracks)} tags.")
    artists, albums = count(contents.artists, "artist"), count(contents.albums, "album")
    if not contents.untitled:
        titles = "all of them have a title"
        titles = "it has a title" if contents.tracks == 1 else titles
    else:
        titles = f"{of(contents.untitled, contents.tracks, 'has', 'have')} no title"
    whose = _whose(contents.tracks).capitalize()
    return Sentence(f"{whose} tags name {artists} and {albums}, and {titles}.")


def _whose(tracks: int) -> str:
    return verb(tracks, "its", "their")


def _years(report: Report) -> Sentence:
    contents = report.contents
    first, middle, last = contents.years
    dated = of(contents.dated, contents.tracks, "has", "have")
    if contents.dated == 1:
        return Sentence(f"{dated} a year in the tags, {first}.")
    if first == last:
        return Sentence(f"{dated} a year in the tags, always {first}.")
    return Sentence(f"{dated} a year in the tags, from {first} to {last} (median {middle}).")


def _formats(report: Report) -> Sentence:
    contents = report.contents
    codec, tracks = next(iter(contents.formats.items()))
    kinds = len(contents.formats)
    rest = "" if kinds == 1 else f", the most common of {kinds} formats"
    said = f"{of(tracks, contents.tracks, 'is', 'are')} in {{0}} format{rest}."
    return Sentence(said, (format_name(codec),))


def _missing(report: Report) -> list[Sentence]:
    """What no track has, then what some lack; things that equally many lack in one sentence."""
    tracks = report.contents.tracks
    lacking: dict[int, list[str]] = {}
    for things in THINGS.values():
        for thing, found in things.items():
            if (have := found(report)) < tracks:
                lacking.setdefault(tracks - have, []).append(thing)
    return [
        Sentence(f"{of(lack, tracks, 'lacks', 'lack')} {listed(lacking[lack])}.")
        for lack in sorted(lacking, reverse=True)
    ]


def provenance(report: Report) -> list[Sentence]:
    """Models, how much of the sound was looked at, and files that are gone."""
    contents, sentences = report.contents, []
    if report.models:
        own = sum(bool(model.note) for model in report.models)
        files = count(len(report.models), "model file")
        kinds = f"{own} of them a stand-in" if own else "as published"
        sentences.append(Sentence(f"The values come from the signal and {files}, {kinds}."))
    if contents.analysed_s and contents.seconds:
        whole = max(1, round(contents.seconds))
        share = percent(min(round(contents.analysed_s), whole), whole)
        span = f" (at most the middle {_span(report.span_s)} of each file)" if report.span_s else ""
        sentences.append(
            Sentence(
                f"{length(contents.analysed_s)} of sound were analysed{span}, {share} of the total "
                "length."
            )
        )
    if contents.partial:
        sentences.append(
            Sentence(
                f"{count(contents.partial)} {verb(contents.partial, 'was', 'were')} decoded in "
                "part only: damaged, or shorter than stated."
            )
        )
    if not report.failures and contents.selected_of is None and contents.tracks:
        files = contents.tracks + contents.valueless
        sentences.append(Sentence(f"0 of {count(files, 'file')} failed."))
    if contents.gone:
        sentences.append(
            Sentence(
                f"{count(contents.gone, 'file')} of earlier analyses "
                f"{verb(contents.gone, 'is', 'are')} gone and not described here."
            )
        )
    return sentences


def _span(seconds: float) -> str:
    return f"{seconds:g}{NBSP}s" if seconds % 60 else f"{seconds / 60:g}{NBSP}min"
