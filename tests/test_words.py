"""Search in names: folded, all words, anywhere."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from queries import table

from engine.names import folded
from engine.words import found, haystack


def test_a_word_is_in_one_name_not_across_two():
    paths = np.array(["/m/Ærø\udce9.mp3"], dtype=object)  # as Library.frame() gives them
    frame = table(title=["ab"], artist=["cd"], album=[None])
    names = haystack(frame.assign(path=pd.Series(paths, frame.index, dtype=object)))
    assert found("AB cd", names).tolist() == [True]
    assert found("bc", names).tolist() == [False]
    assert found("ærø", names).tolist() == [True]


def test_accents_and_forms_of_a_letter_do_not_count():
    names = haystack(table(title=["Bjo\u0308rk ﬁn ＡＢＣ", "Straße"]))
    assert found("björk", names).tolist() == [True, False]
    assert found("fin abc", names).tolist() == [True, False]
    assert found("STRASSE", names).tolist() == [False, True]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5), st.text(max_size=8))
def test_it_is_each_word_in_any_name(titles, text):
    expected = [all(word in folded(title) for word in folded(text).split()) for title in titles]
    assert found(text, haystack(table(title=titles))).tolist() == expected
