"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report_text import (
    Sentence,
    count,
    decimal,
    format_name,
    length,
    listed,
    of,
    percent,
    portion,
    tally,
    value,
)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (45, 100, "45 %"),
        (1, 200, "0.5 %"),
        (1, 100_000, "less than 0.1 %"),
        (199, 200, "99.5 %"),
        (99_999, 100_000, "more than 99.9 %"),
        (944, 2100, "45 %"),
    ],
)
def test_shares(part, whole, shown):
    assert percent(part, whole).replace("\u00a0", " ") == shown


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_share_reads_as_none_or_all_only_where_it_is(part, more):
    assert percent(part, part + more) not in ("0\u00a0%", "100\u00a0%")


@pytest.mark.parametrize(("number", "shown"), [(0, "0 tracks"), (1, "1 track"), (2, "2 tracks")])
def test_counts_have_the_right_noun(number, shown):
    assert count(number) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (12, 50, "12 of 50 tracks (24 %) are"),
        (1, 50, "1 of 50 tracks (2 %) is"),
        (50, 50, "all 50 tracks are"),
        (3, 7, "3 of 7 tracks are"),
        (0, 7, "none of the 7 tracks are"),
        (1, 1, "the 1 track is"),
        (0, 1, "0 of 1 track is"),
    ],
)
def test_tracks_of_a_collection(part, whole, shown):
    assert of(part, whole, "is", "are").replace("\u00a0", " ") == shown


def test_few_have_no_percentage():
    assert (portion(5, 19), portion(5, 20)) == ("5 of 19", "25\u00a0%")
    assert (tally(5, 19), tally(1, 20)) == ("5 tracks", "1 track, 5\u00a0%")


def test_a_sentence_begins_with_a_capital_and_names_stay_as_they_are():
    assert Sentence("all 2 tracks").written() == "All 2 tracks"
    assert Sentence("{0}: 2", ("iTunes",)).written() == "iTunes: 2"


def test_minus_signs_are_minus_signs():
    assert decimal(-14.04) == "−14.0"
    assert decimal(-0.01) == "0.0"
    assert value(-14.04, "loudness_lufs") == "−14.0\u00a0LUFS"
    assert value(0.5, "voice") == "0.50"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (12.3, "12 s"),
        (59.7, "1 min 0 s"),
        (187, "3 min 7 s"),
        (599.8, "10 min 0 s"),
        (43 * 60, "43 min"),
        (6.2 * 3600, "6.2 h"),
        (23_766_187, "6,602 h"),
    ],
)
def test_lengths(seconds, shown):
    assert length(seconds).replace("\u00a0", " ") == shown


def test_lists():
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_names_are_escaped_apart_from_the_words():
    sentence = Sentence("1 < 2: {0}", ("<b>\n",))
    assert sentence.written(lambda text: text.replace("<", "&lt;")) == "1 < 2: &lt;b>"


@pytest.mark.parametrize(
    ("codec", "shown"),
    [("mp3float", "MP3"), ("vorbis", "Vorbis"), ("pcm_s16le", "PCM"), ("flac", "FLAC")],
)
def test_formats(codec, shown):
    assert format_name(codec) == shown
