"""Names and numbers as people read them. Tag text is never markup: it is escaped or left out."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from engine.descriptors import DESCRIPTORS
from engine.playlist import plain

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&^=:\"'@/])")
# Read as more than text even where every sign is escaped: :smile: and :material/home:, addresses,
# and the arrows and dashes that Streamlit makes of -> and --. An invisible character (word joiner)
# between the signs stops it.
_JOINED = re.compile(
    r"(?<=:)(?=[\w+\-/]+:)|(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)|(?<=[-<>=~])(?=[-<>=])", re.IGNORECASE
)


def escaped(text: str) -> str:
    """Text that Markdown shows letter by letter."""
    return _PUNCTUATION.sub(r"\\\1", _JOINED.sub("\u2060", plain(text)))


def unseen(text: str) -> str:
    """Part of a button's label that only screen readers tell (ui/page.css), as Markdown."""
    return f":small[{escaped(text)}]"


def of_what(subject: str) -> str:
    """End of a button's label, for screen readers: `(Title)`, where the page shows by its place
    alone what the button is about. Nothing where the subject is empty."""
    return f" {unseen(f'({subject})')}" if subject else ""


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of which no two are the same: `song`, `song (2)`."""
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        seen[name] += 1
        apart.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return apart


def number(value: float, column: str) -> str:
    """A descriptor's value with its unit; empty where it is missing."""
    if value is None or math.isnan(value):
        return ""
    descriptor = DESCRIPTORS[column]
    shown = f"{value:.{descriptor.decimals}f}".replace("-", "\u2212")  # a real minus sign
    return f"{shown} {descriptor.unit}".strip()


def count(tracks: int, noun: str = "track", several: str = "") -> str:
    """1 track, 1,234 tracks; 2 copies, where `several` says how."""
    return f"{tracks:,} {noun if tracks == 1 else several or f'{noun}s'}"


def percent(share: float) -> str:
    """0-1 as `33 %`; with a space that does not break."""
    return f"{100 * share:.0f}\u00a0%"


def length(seconds: float) -> str:
    """3:07, or 1:02:03, cut to whole seconds as players show it; empty where it is unknown."""
    if math.isnan(seconds):
        return ""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def hours(seconds: float) -> str:
    """The length of a whole list: 43 min, 6 h 12 min."""
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


@cache
def style_name(label: str) -> str:
    """`Rock---Punk` as people write it."""
    return plain(label.replace("---", " › "))
