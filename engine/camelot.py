"""Which keys mix: the Camelot wheel of DJs, the circle of fifths with numbers.

Goal: a key and scale → a code like 8A, the codes that mix with it, and how far two codes lie apart.
Source: the Camelot wheel (M. Davis, Mixed In Key): A is minor, B is major, relative keys share a
number, and one number up is a fifth up; 8A is A minor, 8B is C major. Conventions: keys as in
engine.descriptors.KEYS, with sharps only; a distance is counted in steps along the wheel or between
its two rings. Pure.
"""

from engine.descriptors import KEYS, SCALES

HOURS = 12
# Wheel order: 1A, 1B, 2A … 12B.
CODES = tuple(f"{hour}{letter}" for hour in range(1, HOURS + 1) for letter in "AB")
_FIFTH = 7  # semitones; 7 is its own inverse modulo 12, so it also turns semitones into fifths
_RELATIVE = 3  # semitones from a minor key up to the major key of the same notes
_C_MAJOR = 8  # o'clock


def code(key: str, scale: str) -> str:
    """ "8B" for C major, "8A" for A minor. ValueError for what is no key or scale."""
    semitone = KEYS.index(key) + (_RELATIVE if SCALES.index(scale) else 0)
    hour = (_C_MAJOR - 1 + semitone * _FIFTH) % HOURS + 1
    return f"{hour}{'A' if scale == 'minor' else 'B'}"


def neighbours(wanted: str) -> tuple[str, str, str, str]:
    """The code itself, one step down and up in its ring, and the same number in the other ring.

    ValueError for what is no code.
    """
    hour, letter = _parts(wanted)
    down, up = ((hour + step) % HOURS + 1 for step in (-1, 1))
    other = "B" if letter == "A" else "A"
    return wanted, f"{down}{letter}", f"{up}{letter}", f"{hour + 1}{other}"


def distance(one: str, other: str) -> int:
    """Steps between two codes: 0 for the same, 1 for neighbours, at most 7 (six numbers and a
    change of ring). ValueError for what is no code."""
    (hour, letter), (other_hour, other_letter) = _parts(one), _parts(other)
    around = abs(hour - other_hour)
    return min(around, HOURS - around) + (letter != other_letter)


def _parts(wanted: str) -> tuple[int, str]:
    """Hour from 0, and ring."""
    place = CODES.index(wanted)
    return place // 2, "AB"[place % 2]
