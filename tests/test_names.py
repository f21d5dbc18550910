"""Names that mean the same artist, names that do not, and their order."""

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.names import (
    artists,
    lead_artist,
    normalize_name,
    normalize_search,
    sort_names,
    sort_paths,
)

SPELLINGS = [
    ("Björk", "BJORK"),
    ("Bjo\u0308rk", "björk"),
    ("Straße", "STRASSE"),
    ("  The   Band ", "the band"),
    ("ﬁsh", "Fish"),
    ("Don’t", "Don't"),
    ("Don`t", "Donʼt"),
    ("a‐ha", "a-ha"),
    ("A–Ha", "a‑ha"),
    ("“Heroes”", '"Heroes"'),
    ("«Heroes»", "„Heroes‟"),
    ("Wait…", "wait..."),
    ("ＡＢＢＡ", "Abba"),
    ("AC∕DC", "AC/DC"),
    ("Sigur\u00a0Rós", "Sigur Ros"),
    ("soft\u00adly", "softly"),
    ("\u200eשלום", "שָׁלוֹם"),
    ("مُحَمَّد", "محمد"),
    ("Αθήνα", "ΑΘΗΝΑ"),
    ("Οδυσσεύς", "ΟΔΥΣΣΕΥΣ"),
    ("Пётр", "ПЕТР"),
    ("ｶﾞﾝﾀﾞﾑ", "ガンダム"),
    ("İstanbul", "istanbul"),
    ("No. ⅣＩ", "no. ivi"),
    ("フ\u3099", "ブ"),
]
# As names; a search finds the second by the first, too, where the third says so.
OTHER_NAMES = [
    ("Mol", "Møl", True),
    ("Lona", "Łona", True),
    ("Sila", "Sıla", True),
    ("Aenima", "Ænima", True),
    ("oeuvre", "œuvre", True),
    ("Dordevic", "Đorđević", True),
    ("thorn", "þorn", True),
    ("odin", "oðin", True),
    ("Hnt", "Ħŋŧ", True),
    ("kesha", "Ke$ha", True),
    ("音", "音楽", False),
    ("ハス", "バス", False),  # voiced kana are other syllables
    ("कल", "कील", False),  # so are vowel signs
    ("мои", "мой", False),  # й is no и with an accent
    ("가", "각", False),
    ("ไม", "ไม้", False),  # tones
    ("AC/DC", "AC-DC", False),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_spellings_of_one_name(one, other):
    assert normalize_name(one) == normalize_name(other)
    assert normalize_search(one) == normalize_search(other)


@pytest.mark.parametrize(("one", "other", "is_found"), OTHER_NAMES)
def test_other_letters_are_other_names(one, other, is_found):
    assert normalize_name(one) != normalize_name(other)
    assert (normalize_search(one) == normalize_search(other)) == is_found


@given(st.text())
@settings(deadline=None)
def test_normalizing_again_changes_nothing_nor_does_the_unicode_form(text):
    for normalize in (normalize_name, normalize_search):
        assert normalize(normalize(text)) == normalize(text)
        for form in ("NFC", "NFD"):
            assert normalize(unicodedata.normalize(form, text)) == normalize(text)


@given(st.text())
@settings(deadline=None)
def test_names_that_are_one_are_found_by_each_other(text):
    assert normalize_search(normalize_name(text)) == normalize_search(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Miles Davis", {"miles davis"}),
        ("Miles Davis; John Coltrane", {"miles davis", "john coltrane"}),
        ("Jay-Z feat. Alicia Keys", {"jay-z", "alicia keys"}),
        ("Jay‐Z (ft. Alicia Keys)", {"jay-z", "alicia keys"}),
        ("Jay-Z Featuring Alicia Keys", {"jay-z", "alicia keys"}),
        ("Little Feat", {"little feat"}),
        ("Earth, Wind & Fire", {"earth, wind & fire"}),
        ("Various Artists", set()),
        (";; ", set()),
        ("", set()),
        (None, set()),
    ],
)
def test_each_artist_that_a_tag_names(text, names):
    assert artists(text) == names
    assert lead_artist(text) in (names or {None})


ORDERED = [
    [],
    ["'39", "...And Justice for All", "3 AM", "10cc", "ABBA", "The Band", "Zappa"],
    ["Track 2", "Track 03", "Track 10", "Track 100", "track 101"],
    ["Mol", "Møl", "Mola", "Møla", "Moz", "Mz"],
    ["Aasland", "Ænima", "Afrika", "Łąki Łan", "Lzz", "Öst", "Oz", "Şebnem", "Sıla", "Sz"],
    ["Егор", "Ёлка", "Жуки", "Иван", "Йод"],
    ["가나", "각", "나"],
]


@pytest.mark.parametrize("names", ORDERED)
def test_names_in_the_order_of_a_list(names):
    shuffled = random.Random(1).sample(names, len(names))
    assert sort_names(shuffled) == names


def test_paths_in_the_order_of_a_list():
    paths = [
        "/m/A",
        "/m/A/CD1/2.mp3",
        "/m/A/CD1/10.mp3",
        "/m/A/CD2/1.mp3",
        "/m/A/CD10/1.mp3",
        "/m/A/Song.flac",
        "/m/A/Song.mp3",
        "/m/A/Song (live).mp3",
        "/m/A b/1.mp3",
        "/m/Møl/Vol. 2",
        "/m/Møl/Vol. 10",
        "/m/Moz/1.mp3",
        "/m/\udce9.mp3",
    ]
    assert sort_paths(reversed(paths)) == paths


@given(st.lists(st.text(max_size=6)))
@settings(deadline=None)
def test_names_that_are_one_stand_together(names):
    placed = sort_names(names)
    assert sorted(placed) == sorted(names)
    order = [normalize_name(name) for name in placed]
    groups = [name for place, name in enumerate(order) if place == 0 or order[place - 1] != name]
    assert len(groups) == len(set(groups))
