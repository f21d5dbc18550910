"""The figures of information_quality.py as Markdown, for a model card."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HEAD = """# Quality on music held out

Written by `benchmarks/information_quality.py`: {tracks} tracks of {pieces} pieces ({hours:.1f} h)
that no model was trained on, and {clips} clips of them; means are over the first 3 minutes of each.
In brackets: 95 % intervals, by bootstrap over pieces, so that the stems of a song are drawn
together. Baselines, fitted to the music of the training: a Gaussian with full covariance for each
frame on its own, and a linear autoregression of order 8. Nats are per frame of 92.9 ms. Noise
levels scale what the baselines were fitted to as well, so that their figures are the same at all
levels.

Models: {models}.
"""
REPETITION = """A phrase of 8 s is heard, 5 s of the track follow, and the phrase is heard again;
the first 8 frames after a cut are left out. Less: the mean over the phrase is lower than at its
first hearing. The control is what follows in the track, at the place of the second hearing."""
EDITS = """After 10 s of a track, something else follows. AUC: how often the rise of information
after the seam (6 frames, less the mean of the 5 s before) is larger than in a clean cut, the same
clip cut at the same places and joined to its own continuation; 0.5 is chance. Shuffled bars: four
stretches of the length after which the track's onsets repeat best (1.5 to 3 s), in the order 3, 1,
4, 2; the rise is the mean over their four beginnings. Transposed: two semitones up, and faster by
as much."""
SEEDS = """Standard deviation of a track's mean in nats per frame. What all tracks share moves the
scale, and no order."""


def markdown(results: Mapping[str, Any]) -> str:
    """All tables."""
    parts = [
        HEAD.format(**results["held out"], models="; ".join(models(results))),
        "## Nats per frame\n",
        table(("", "mean over tracks", "less Gaussian", "tracks better",
               "less autoregression", "tracks better"), nats(results)),
        f"## Repetition\n\n{REPETITION}\n",
        table(("", "noise level", "clips with less", "nats, again less first",
               "nats, continuation less first (control)"), repetition(results)),
        f"## Edits\n\n{EDITS}\n",
        table(("edit", "", "noise level", "AUC", "nats more than a clean cut"), edits(results)),
        f"## Seeds\n\n{SEEDS}\n",
        table(("", "between seeds", "of it common to all tracks", "own", "between tracks",
               "lowest rank correlation"), seeds(results)),
    ]  # fmt: skip
    return "\n".join(parts)


def models(results: Mapping[str, Any]) -> Iterator[str]:
    """Each with what sets its training apart from others on the same music, as far as it says."""
    for name, one in results["models"].items():
        settings = one["card"].get("settings", {})
        told = [f"{key} {settings[key]:,}" for key in ("seed", "steps") if key in settings]
        yield f"{name} ({', '.join((one['kind'], *told))})"


def table(header: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def nats(results: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, row in results["nats per frame"].items():
        yield [
            name,
            number(row["mean"]),
            number(row.get("less Gaussian")),
            percent(row.get("tracks better than Gaussian")),
            number(row.get("less autoregression")),
            percent(row.get("tracks better than autoregression")),
        ]


def repetition(results: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, levels in results["repetition"].items():
        for level, row in levels.items():
            yield [
                name,
                level,
                percent(row["share of clips with less"]),
                number(row["again less first"]),
                number(row["continuation less first"]),
            ]


def edits(results: Mapping[str, Any]) -> Iterator[list[str]]:
    """All systems of an edit together."""
    systems = results["edits"]
    for kind in next(iter(systems.values())):
        for name, kinds in systems.items():
            for level, row in kinds[kind].items():
                yield [kind, name, level, number(row["AUC"], 3), number(row["nats"])]


def seeds(results: Mapping[str, Any]) -> Iterator[list[str]]:
    sources = {f"{name}, estimate": row for name, row in results["seeds of the estimate"].items()}
    for kind, row in results["seeds of the training"].items():
        sources[f"{kind}, {len(row['models'])} trainings"] = row
    for name, row in sources.items():
        spreads = [number(row[part], 3) for part in ("within", "common", "own", "between")]
        correlation = row.get("lowest rank correlation")
        yield [name, *spreads, "" if correlation is None else f"{correlation:.3f}"]


def number(interval: Mapping[str, float] | None, digits: int = 2) -> str:
    """Value and interval; nothing for none, and no interval where it is a point."""
    if interval is None:
        return ""
    value, low, high = (f"{interval[part] + 0.0:.{digits}f}" for part in ("value", "low", "high"))
    return value if low == value == high else f"{value} [{low}, {high}]"


def percent(interval: Mapping[str, float] | None) -> str:
    """A share as whole percents."""
    if interval is None:
        return ""
    return number({part: 100 * share for part, share in interval.items()}, 0) + " %"
