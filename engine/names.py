"""When two names of artists or albums mean the same one.

Goal: tags as people wrote them → keys that compare equal for one artist. Conventions: letter case,
accents and blanks do not count ("Björk" = "bjork"); a tag that names several artists ("A; B",
"A feat. B") stands for each of them; "Various Artists" names nobody.
"""

import re
import unicodedata

# What joins several artists in one tag. "&" and "," do not: they are inside of band names.
_JOINTS = re.compile(r"[;\0]|[\s(\[]+(?:feat\.?|ft\.|featuring)\s", re.IGNORECASE)
_BRACKETS = "()[] \t"
NOBODY = frozenset({"various artists", "various", "va", "v.a.", "unknown artist", "unknown"})


def folded(text: str) -> str:
    """A name without case, accents and surplus blanks; "" for none."""
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return " ".join(text.casefold().split())


def artists(text: str | None) -> frozenset[str]:
    """The folded names of all artists that a tag names; empty where it names nobody."""
    names = (folded(part.strip(_BRACKETS)) for part in _JOINTS.split(text or ""))
    return frozenset(name for name in names if name and name not in NOBODY)


def lead_artist(text: str | None) -> str | None:
    """The folded name of the artist that a tag names first; None where it names nobody."""
    if not text:
        return None
    name = folded(_JOINTS.split(text)[0].strip(_BRACKETS))
    return None if name in NOBODY else name or None
