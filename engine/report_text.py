"""Numbers and sentences as a report writes them.

Conventions: a real minus sign; 1 track, 2 tracks; a share that is not 0 or all never reads 0 % or
100 %, and of fewer than FEWEST there is none: 3 of 7 says it as well.
A Sentence keeps the names of tracks and styles apart from its own words, because each medium (HTML,
Markdown, an app) escapes them in its own way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.descriptors import DESCRIPTORS
from engine.playlist import plain
from engine.report_values import FEWEST

MINUTE, HOUR = 60, 3600
NBSP = "\u00a0"  # keeps a number and its unit on one line


@dataclass(frozen=True)
class Sentence:
    """One observation: words with {0}, {1} … where names stand."""

    text: str
    names: tuple[str, ...] = ()
    warning: bool = False  # something to mind before believing the rest

    def written(self, escape: Callable[[str], str] = str) -> str:
        """The sentence with its names escaped for a medium, and a capital at its beginning."""
        text = self.text[:1].upper() + self.text[1:]
        return text.format(*(escape(plain(name)) for name in self.names))


def count(number: int, noun: str = "track") -> str:
    """1 track, 1,234 tracks, 2 styles."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def verb(number: int, one: str, many: str) -> str:
    """The form of a verb that goes with a number of things."""
    return one if number == 1 else many


def percent(part: float, whole: float) -> str:
    """A share: 45 %, 0.3 %, less than 0.1 %."""
    share = 100 * part / whole
    if share in (0, 100) or 0.95 <= share <= 99:
        return f"{share:.0f}{NBSP}%"
    if share < 0.1:
        return f"less than 0.1{NBSP}%"
    return f"{share:.1f}{NBSP}%" if share <= 99.9 else f"more than 99.9{NBSP}%"


def of(part: int, whole: int, one: str = "", many: str = "") -> str:
    """12 of 50 tracks (24 %), 3 of 7 tracks, all 50 tracks, none of the 50 tracks or the 1 track,
    with the form of a verb that goes with it: 1 of 7 is, 0 of 1 is."""
    if part == 0 and whole > 1:
        said = f"none of the {count(whole)}"
    elif part == whole:
        said = f"the {count(whole)}" if whole == 1 else f"all {count(whole)}"
    else:
        share = f" ({percent(part, whole)})" if whole >= FEWEST else ""
        said = f"{part:,} of {count(whole)}{share}"
    return f"{said} {one if 1 in (part, whole) else many}".rstrip()


def portion(part: int, whole: int) -> str:
    """Of tracks that have been named: 24 %, or 3 of 7."""
    return percent(part, whole) if whole >= FEWEST else f"{part:,} of {whole:,}"


def tally(part: int, whole: int, noun: str = "track") -> str:
    """For brackets: 12 tracks, 24 %; of few 3 tracks."""
    share = f", {percent(part, whole)}" if whole >= FEWEST else ""
    return f"{count(part, noun)}{share}"


def decimal(number: float, decimals: int = 1) -> str:
    """With a real minus sign, and no minus before a zero."""
    text = f"{number:,.{decimals}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", "\u2212")


def value(number: float, column: str) -> str:
    """A descriptor's value with its unit."""
    descriptor = DESCRIPTORS[column]
    if column == "duration_s":
        return length(number)
    return f"{decimal(number, descriptor.decimals)}{NBSP}{descriptor.unit}".strip()


def length(seconds: float) -> str:
    """The length of a track or of all: 12 s, 3 min 7 s, 43 min, 6.2 h, 1,300 h."""
    if round(seconds) < MINUTE:
        return f"{seconds:.0f}{NBSP}s"
    if seconds < 10 * MINUTE:
        minutes, rest = divmod(round(seconds), MINUTE)
        return f"{minutes}{NBSP}min {rest}{NBSP}s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f}{NBSP}min"
    return f"{seconds / HOUR:,.{0 if seconds >= 100 * HOUR else 1}f}{NBSP}h"


def listed(parts: list[str]) -> str:
    """a; a and b; a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def style_name(label: str) -> str:
    """`Rock---Punk` as people write it."""
    return label.replace("---", " › ")


def format_name(codec: str) -> str:
    """What people call a codec of FFmpeg: MP3 for mp3float, PCM for pcm_s16le."""
    name = codec.removesuffix("float").partition("_")[0]
    return "Vorbis" if name == "vorbis" else name.upper()
