"""Names of artists, albums, titles and files: when two spellings are one name, and their order.

Goal: one place that folds names, in three degrees.

- `normalize_name` tells who is who: letter case, accents, Unicode forms (NFC and NFD, full-width
  letters, ligatures), blanks and the look of a sign do not count (’ and ', ‐ and -, … and ...), so
  "Björk" is "BJORK" and "a‐ha" is "a-ha". Letters that are no accented form of another one stay
  apart: ø and o, ł and l, ı and i, æ and ae.
- `normalize_search` is for finding: those letters are read as the plain ones, too.
- `sort_key` is for lists: numbers by value ("Track 2" before "Track 10"), ø next to o, whatever the
  case. Articles stay where they are.

A tag that names several artists ("A; B", "A feat. B") stands for each of them; "Various Artists"
names nobody. Sources: Unicode's decompositions and case folding (Unicode Standard, chapter 3);
readings of other letters as in CLDR's transform Latin-ASCII. Marks are dropped where they are
accents or vowel points (Latin, Greek, Cyrillic, Hebrew, Arabic, nuktas), and kept where they make
another syllable (voiced kana, vowel signs of India, tones of Thai). Pure.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

# What joins several artists in one tag. "&" and "," do not: they are inside of band names.
_JOINTS = re.compile(r"[;\0]|[\s(\[]+(?:feat\.?|ft\.|featuring)\s", re.IGNORECASE)
_BRACKETS = "()[] \t"
VARIOUS = frozenset({"various artists", "various", "va", "v.a."})
NOBODY = VARIOUS | {"unknown artist", "unknown"}

# Signs that stand for each other: what is typed → every look that it has in tags and file names.
_SIGNS = {
    "'": "’‘‚‛′‵`´ʹʻʼʽʾʿˈꞌ׳՚‹›",
    '"': "“”„‟«»″״〝〞",
    "-": "‐‑‒–—―−⁃˗־",
    "/": "∕⁄⧸",
    ":": "꞉∶",
    "*": "∗",
    "~": "〜",
    "·": "•‧∙⋅",
    "": "ـ",  # the Arabic tatweel only draws a word out
}
# Letters without a decomposition, and how they are typed where a keyboard lacks them.
_LETTERS = {
    "a": "ɑ", "ae": "æ", "b": "ƀɓƃ", "c": "ƈȼ", "d": "đðɖɗƌ", "e": "əɇɛ", "f": "ƒ", "g": "ǥɠ",
    "h": "ħɦ", "hv": "ƕ", "i": "ıɨɩ", "j": "ɉȷ", "k": "ƙ", "l": "łƚɫɬ", "n": "ŋƞɲ", "o": "øɔɵ",
    "oe": "œ", "ou": "ȣ", "p": "ƥ", "q": "ĸ", "r": "ɍɽ", "s": "ȿ$", "t": "ŧƫƭʈⱦ", "th": "þ",
    "u": "ʉ", "v": "ʋ", "w": "ⱳ", "y": "ƴɏ", "z": "ƶȥ",
    " ": "_",  # of file names
    "ي": "یى", "ك": "ک",  # Persian, and Arabic
}  # fmt: skip
# Cyrillic letters of their own that Unicode decomposes, unlike ё, which is often written е.
_UNDIVIDED = frozenset("йўїќѓЙЎЇЌЃ")
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"  # Arabic
)
_NUMBER = re.compile(r"[0-9]+")


class _Folding(dict[int, str]):
    """Code point → what it is folded to, for str.translate; worked out when it is first met."""

    def __init__(self, letters: dict[str, str]) -> None:
        self._letters = letters

    def __missing__(self, code: int) -> str:
        found = self[code] = self._fold(chr(code))
        return found

    def _fold(self, char: str) -> str:
        if char in _SIGN_OF:
            return _SIGN_OF[char]
        category = unicodedata.category(char)
        if category == "Cf" or _is_accent(char):  # Cf: invisible, such as a soft hyphen
            return ""
        if category == "Nd":  # digits of any script
            return str(unicodedata.digit(char))
        parts = unicodedata.normalize("NFKD", char)
        if parts != char and char not in _UNDIVIDED:
            return parts.translate(self)
        lower = char.casefold()
        return self._letters.get(lower, lower)


def _is_accent(char: str) -> bool:
    return bool(_ACCENTS.match(char)) or "NUKTA" in unicodedata.name(char, "")


_SIGN_OF = {look: sign for sign, looks in _SIGNS.items() for look in looks}
_LETTER_OF = {letter: plain for plain, letters in _LETTERS.items() for letter in letters}
_AS_NAME, _AS_SEARCH = _Folding({}), _Folding(_LETTER_OF)


def normalize_name(text: str) -> str:
    """A name as it is compared with others: equal for one name, whoever wrote it; "" for none."""
    return _fold_with(text, _AS_NAME)


def normalize_search(text: str) -> str:
    """A text as it is searched, and searched for, without letters that a keyboard may lack; signs
    stay, since what they may stand for depends on the search."""
    return _fold_with(text, _AS_SEARCH)


def _fold_with(text: str, table: _Folding) -> str:
    if text.isascii():
        text = text.lower().replace("`", "'")  # what the table says, at a tenth of the time
        if table is _AS_SEARCH:
            text = text.replace("_", " ").replace("$", "s")
        return " ".join(text.split())
    folded = unicodedata.normalize("NFC", text).translate(table)
    return " ".join(unicodedata.normalize("NFC", folded).split())


def artists(text: str | None) -> frozenset[str]:
    """The normalized names of all artists that a tag names; empty where it names nobody."""
    names = (normalize_name(part.strip(_BRACKETS)) for part in _JOINTS.split(text or ""))
    return frozenset(name for name in names if name and name not in NOBODY)


def lead_artist(text: str | None) -> str | None:
    """The normalized name of the artist that a tag names first; None where it names nobody."""
    if not text:
        return None
    name = normalize_name(_JOINTS.split(text)[0].strip(_BRACKETS))
    return None if name in NOBODY else name or None


def sort_key(text: str) -> str:
    """What names are sorted by; equal for names that normalize_name says are one."""
    found = normalize_search(text)
    natural = _NUMBER.sub(_by_value, found)
    if text.isascii():
        return natural
    name = normalize_name(text)  # o before ø, where all else is equal
    return natural if name == found else f"{natural}\0{name}"


def _by_value(number: re.Match[str]) -> str:
    """Digits that sort as text by their value: how many there are comes first."""
    digits = number[0].lstrip("0")
    return chr(ord("0") + len(digits)) + digits


def sort_names(names: Iterable[str]) -> list[str]:
    """Names in the order of a list for people."""
    return sorted(names, key=lambda name: (sort_key(name), name))


def sort_paths(paths: Iterable[str]) -> list[str]:
    """Paths in the order of a list for people."""
    paths = list(paths)
    return [path for _, path in sorted(zip(path_sort_keys(paths), paths, strict=True))]


def path_sort_keys(paths: Sequence[str]) -> list[str]:
    """What paths are sorted by: folder by folder, each by its name, and files before their type."""
    name_key = cache(sort_key)  # "CD1" and the folder of an artist come often

    @cache
    def folder_key(folder: str) -> str:
        above, slash, name = folder.rpartition("/")
        return f"{folder_key(above)}\1{name_key(name)}" if slash else name_key(name)

    keys = []
    for path in paths:
        folder, _, file = path.rpartition("/")
        stem, dot, ending = file.rpartition(".")
        name = f"{sort_key(stem)}\0{name_key(ending)}" if dot else sort_key(file)
        keys.append(f"{folder_key(folder)}\1{name}")
    return keys
