"""Names that mean the same artist, and names that do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.names import artists, folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Björk", "BJORK"),
        ("Bjo\u0308rk", "björk"),
        ("Straße", "STRASSE"),
        ("  The   Band ", "the band"),
        ("ﬁsh", "Fish"),
    ],
)
def test_spellings_of_one_name(one, other):
    assert folded(one) == folded(other)


def test_other_letters_are_other_names():
    assert folded("Møl") != folded("Mol")
    assert folded("音楽") != folded("音")


@given(st.text())
@settings(deadline=None)
def test_folding_again_changes_nothing(text):
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Miles Davis", {"miles davis"}),
        ("Miles Davis; John Coltrane", {"miles davis", "john coltrane"}),
        ("Jay-Z feat. Alicia Keys", {"jay-z", "alicia keys"}),
        ("Jay-Z (ft. Alicia Keys)", {"jay-z", "alicia keys"}),
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
