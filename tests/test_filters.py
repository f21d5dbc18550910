"""Which tracks each filter keeps: against plain loops."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from queries import FIELDS, LABELS, activations, kept, libraries, table

from engine.facts import Facts
from engine.filters import FILTERS, masks, unanswerable
from engine.query import RANGE_COLUMNS, Query, Range
from engine.selection import select


def test_both_ends_of_a_range_belong_to_it():
    frame = table(tempo_bpm=[89.999, 90.0, 100.0, 128.0, 128.001])
    assert kept(Query(tempo=Range(90, 128)), frame) == [1, 2, 3]
    assert kept(Query(tempo=Range(90, None)), frame) == [1, 2, 3, 4]
    assert kept(Query(tempo=Range(None, 128)), frame) == [0, 1, 2, 3]


def test_a_float32_value_equals_the_decimal_that_the_slider_shows():
    frame = table(danceability=[float(np.float32(0.3)), float(np.float32(0.7))])
    assert kept(Query(danceability=Range(0.3, 0.7)), frame) == [0, 1]
    assert kept(Query(danceability=Range(None, 0.3)), frame) == [0]
    assert kept(Query(danceability=Range(0.7, None)), frame) == [1]


def test_the_extremes_of_a_descriptor_are_kept():
    frame = table(danceability=[0.0, 1.0], valence=[1.0, 9.0], arousal=[1.0, 9.0])
    assert kept(Query(danceability=Range(0.0, 1.0), valence=Range(1.0, 9.0)), frame) == [0, 1]
    assert kept(Query(arousal=Range(9.0, 9.0)), frame) == [1]


@pytest.mark.parametrize("name", RANGE_COLUMNS)
def test_a_missing_value_is_excluded_only_by_its_own_active_filter(name):
    frame = table(**{RANGE_COLUMNS[name]: [1.0, np.nan], "title": ["a", "b"]})
    assert kept(Query(), frame) == [0, 1]
    assert kept(replace(Query(), **{name: Range(0.5, None)}), frame) == [0]
    other = next(field for field in RANGE_COLUMNS if field != name)
    frame[RANGE_COLUMNS[other]] = [2.0, 2.0]
    assert kept(replace(Query(), **{other: Range(0, 3)}), frame) == [0, 1]


def test_a_column_that_the_table_lacks_matches_nothing_when_asked_for():
    frame = table(title=["a", "b"])
    assert kept(Query(ic=Range(1, 2)), frame) == []
    assert kept(Query(keys=("C",)), frame) == []
    assert kept(Query(styles=LABELS[:1]), frame) == []


def test_voice_and_instrumental_split_the_tracks_that_have_a_value():
    frame = table(voice=[0.0, 0.4999, 0.5, 1.0, np.nan])
    assert kept(Query(voice="voice"), frame) == [2, 3]
    assert kept(Query(voice="instrumental"), frame) == [0, 1]
    assert kept(Query(voice="any"), frame) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["object", "category", "str"])
def test_key_and_scale_follow_the_chosen_profile(kind):
    frame = table(
        key_edma=["A", "A", "C#", None],
        scale_edma=["minor", "major", "minor", None],
        key_temperley=["C", "C", "C", "C"],
        scale_temperley=["major", "major", "major", "major"],
    ).astype(kind)
    assert kept(Query(keys=("A",)), frame) == [0, 1]
    assert kept(Query(keys=("A", "C#"), scale="minor"), frame) == [0, 2]
    assert kept(Query(scale="major"), frame) == [1]
    assert kept(Query(keys=("C",), key_profile="temperley"), frame) == [0, 1, 2, 3]


def test_styles_any_and_all_with_both_ends_of_the_activation():
    frame = table(title=list("abcd"))
    styles = activations([[0.1, 0.5, 0, 0], [0.5, 0.5, 0, 0], [0.51, 0, 0, 0], [np.nan] * 4])
    both = LABELS[:2]
    query = Query(styles=both, style_activation=Range(0.1, 0.5))
    assert kept(query, frame, styles) == [0, 1]
    assert kept(replace(query, style_match="all"), frame, styles) == [0, 1]
    assert kept(replace(query, style_activation=Range(0.2, 0.5)), frame, styles) == [0, 1]
    high = replace(query, style_match="all", style_activation=Range(0.2, None))
    assert kept(high, frame, styles) == [1]
    # The whole range limits nothing: then a track without activations stays, too.
    assert kept(replace(query, style_activation=Range()), frame, styles) == [0, 1, 2, 3]


def test_a_style_of_another_library_matches_nothing():
    frame, styles = table(title=["a"]), activations([[1, 1, 1, 1]])
    assert kept(Query(styles=("Polka---Unknown",)), frame, styles) == []
    assert kept(Query(styles=("Polka---Unknown", LABELS[0])), frame, styles) == [0]


def test_a_parent_genre_stands_for_all_its_styles():
    frame = table(title=list("abcd"))
    styles = activations([[0, 0.4, 0.1, 0], [0, 0.1, 0.4, 0], [0.9, 0.1, 0.1, 0], [np.nan] * 4])
    query = Query(styles=("Electronic",), style_activation=Range(0.3, None))
    assert kept(query, frame, styles) == [0, 1]
    assert kept(replace(query, styles=("Electronic", LABELS[0])), frame, styles) == [0, 1, 2]
    assert kept(replace(query, styles=("Electro",)), frame, styles) == []


def test_half_and_double_tempo():
    frame = table(tempo_bpm=[60, 120, 240, 90, 45, np.nan, 65, 260, 49.9])
    query = Query(tempo=Range(100, 130))
    assert kept(query, frame) == [1]
    assert kept(replace(query, tempo_octaves=True), frame) == [0, 1, 2, 6, 7]
    # 0.1 + 0.2 is no 0.3: a bound reaches as far beyond itself at half and at double
    assert kept(Query(tempo=Range(90.3, 90.3), tempo_octaves=True), table(tempo_bpm=[180.6])) == [0]


KEYS_OF_FOUR = {
    "key_edma": ["A", "E", "C", None],
    "scale_edma": ["minor", "minor", "major", "minor"],
    "key_krumhansl": ["A", "E", "A", "C"],
    "scale_krumhansl": ["minor", "major", "minor", "major"],
    "key_temperley": ["A", "E", "C", "C"],
    "scale_temperley": ["minor", "minor", "major", "major"],
}


def test_what_mixes_with_a_key():
    frame = table(**KEYS_OF_FOUR)  # by edma: 8A, 9A, 8B, none
    assert kept(Query(camelot="8A"), frame) == [0, 1, 2]
    assert kept(Query(camelot="10A"), frame) == [1]
    assert kept(Query(camelot="8B"), frame) == [0, 2]
    assert kept(Query(camelot="8B", key_profile="krumhansl"), frame) == [0, 2, 3]


def test_all_profiles_agree_on_tonic_and_scale():
    assert kept(Query(keys_agree=True), table(**KEYS_OF_FOUR)) == [0]


def test_regions_of_the_mood_plane_hold_their_edge_and_no_missing_value():
    frame = table(valence=[5, 4, 7, 7.1, np.nan], arousal=[5, 4, 6, 6, 5])
    assert kept(Query(mood_region=((4, 4), (7, 4), (7, 7), (4, 7))), frame) == [0, 1, 2]


def test_a_region_of_another_map_is_left_out_and_said_so():
    frame = table(title=list("ab"))
    facts = Facts(frame, map_xy=np.array([[0, 0], [5, 5]], np.float32), map_of="this")
    query = Query(map_region=((-1, -1), (1, -1), (0, 1)), map_of="this")
    found = select(query, facts)
    assert (found.rows.tolist(), found.notes) == ([0], ())
    for other in (replace(query, map_of="that"), replace(query, map_of=None)):
        found = select(other, facts)
        assert found.rows.tolist() == [0, 1]
        assert "drawn on another map" in found.notes[0]
        assert not found.steps
    assert "no map yet" in unanswerable(query, Facts(frame))["map_region"]


def test_all_words_anywhere_whatever_case_and_accents():
    frame = table(
        title=["Jóga", None, "Joga"], artist=["Björk", "Bjork", None], path=["/a", "/jogA", "/b"]
    )
    assert kept(Query(text="bjork  JOGA"), frame) == [0, 1]
    assert kept(Query(text="jo"), frame) == [0, 1, 2]
    assert kept(Query(text=" \u0301 "), frame) == [0, 1, 2]  # an accent alone asks for nothing
    assert kept(Query(text="joga/"), frame) == []


def test_excluded_artists_are_spelled_in_any_way_but_for_other_letters():
    frame = table(artist=["Guns N’ Roses", "a‐ha; X", "Møl", "Mol", "Łona"])
    assert kept(Query(exclude_artists=("guns n' roses", "A-HA")), frame) == [2, 3, 4]
    assert kept(Query(exclude_artists=("Mol", "Lona")), frame) == [0, 1, 2, 4]


def test_excluded_artists_are_those_of_any_tag_that_names_them():
    frame = table(artist=["Ann", "ANN feat. Bob", "Bob; Cy", "Bobby", None, "Änn"])
    assert kept(Query(exclude_artists=("bob",)), frame) == [0, 3, 4, 5]
    assert kept(Query(exclude_artists=("ann",)), frame) == [2, 3, 4]
    assert kept(Query(exclude_artists=("Bob; Cy",)), frame) == [0, 1, 3, 4, 5]
    assert kept(Query(exclude_artists=("", " ")), frame) == [0, 1, 2, 3, 4, 5]


def test_excluded_styles_sound_at_least_as_strong_as_chosen_ones():
    frame = table(title=list("abcd"))
    styles = activations([[0.1, 0, 0, 0], [0.09, 0, 0.3, 0], [0.3, 0, 0, 0], [np.nan] * 4])
    query = Query(exclude_styles=LABELS[:1])
    assert kept(query, frame, styles) == [1, 3]
    assert kept(replace(query, style_activation=Range(0.2, None)), frame, styles) == [0, 1, 3]
    assert kept(replace(query, style_activation=Range()), frame, styles) == [1, 3]
    assert kept(Query(exclude_styles=("Electronic",)), frame, styles) == [0, 2, 3]
    assert kept(query, frame) == [0, 1, 2, 3]  # nothing is known against any


def test_excluded_folders_are_whole_folders():
    frame = table(path=["/m/Live/1", "/m/Liverpool", "/m/a/Live/1", "/m/Live"])
    assert kept(Query(exclude_folders=("/m/Live/",)), frame) == [1, 2, 3]
    assert kept(Query(exclude_folders=("/",)), frame) == []


def test_percentiles_of_ic_count_within_each_model():
    frame = table(ic_mean=[1, 2, 3, 2, 10, 20, np.nan, 5], ic_model=["a"] * 4 + ["b"] * 3 + [None])
    assert kept(Query(ic_percentile=Range(0, 0)), frame) == [0, 4]
    assert kept(Query(ic_percentile=Range(100, 100)), frame) == [2, 5]
    assert kept(Query(ic_percentile=Range(50, 50)), frame) == [1, 3, 7]
    assert kept(Query(ic_percentile=Range(0, 100)), frame) == [0, 1, 2, 3, 4, 5, 7]


def test_on_real_values_45_in_100_tracks_have_one_key_by_all_profiles(shared_dir):
    frame = pd.read_csv(shared_dir / "musav" / "musav_descriptors.csv")
    flats = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
    keys = [column for column in frame if column.startswith("key_")]
    frame[keys] = frame[keys].replace(flats)
    agreed = kept(Query(keys_agree=True, limit=None), frame)
    assert round(100 * len(agreed) / len(frame)) == 45


def plain_match(query: Query, row: pd.Series) -> bool:
    """The meaning of the filters, one track at a time, without numpy."""

    def inside(limits: Range, value: float) -> bool:
        if limits.low is None and limits.high is None:
            return True
        if value != value:
            return False
        slack = 1e-6
        above = limits.low is None or value >= limits.low - slack * max(1, abs(limits.low))
        below = limits.high is None or value <= limits.high + slack * max(1, abs(limits.high))
        return above and below

    for name, column in RANGE_COLUMNS.items():
        if not inside(getattr(query, name), row[column]):
            return False
    if query.voice == "voice" and not row["voice"] >= 0.5:
        return False
    if query.voice == "instrumental" and not row["voice"] < 0.5:
        return False
    key, scale = row[f"key_{query.key_profile}"], row[f"scale_{query.key_profile}"]
    asked = query.keys or query.scale != "any"
    if asked and (pd.isna(key) or pd.isna(scale)):
        return False
    return not (query.keys and key not in query.keys) and (
        query.scale == "any" or scale == query.scale
    )


PLAIN = (*RANGE_COLUMNS, "voice", "key_profile", "keys", "scale")


@given(st.builds(Query, **{name: FIELDS[name] for name in PLAIN}), libraries())
@settings(max_examples=200, deadline=None)
def test_filters_mean_what_a_plain_loop_means(query, facts):
    frame = facts.frame
    expected = [place for place, (_, row) in enumerate(frame.iterrows()) if plain_match(query, row)]
    assert kept(query, frame) == expected


def test_filters_are_named_in_the_order_of_the_funnel():
    region = ((0, 0), (1, 0), (0, 1))
    facts = Facts(table(tempo_bpm=[1.0]), map_xy=np.zeros((1, 2)))
    query = Query(camelot="1A", map_region=region, mood_region=region, text="a", tempo=Range(1, 2))
    named = list(masks(query, facts))
    assert named == ["text", "tempo", "mood_region", "map_region", "camelot"]
    assert named == [name for name in FILTERS if name in named]
