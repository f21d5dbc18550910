"""The numbers of a report, against ones computed independently by plain pandas."""

import math

import numpy as np
import pandas as pd
import pytest
from report_sources import musav, musav_genres, musav_table, source

from engine.report import report
from engine.report_source import Failure, Model

PROFILES = ("temperley", "krumhansl", "edma")


@pytest.fixture(scope="module")
def table(shared_dir) -> pd.DataFrame:
    return musav_table(shared_dir)


@pytest.fixture(scope="module")
def found(shared_dir):
    return report(musav(shared_dir))


def test_every_row_of_the_measured_table_counts(found, table):
    assert not table.isna().any().any()
    assert found.contents.tracks == len(table) == 2100
    assert found.spreads["tempo_bpm"].missing == 0


def test_three_profiles_agree_on_45_percent(found, table):
    # The flats stay here: all columns of the table write Db where they mean C#, so that equality
    # needs no translation.
    named = [table[f"key_{p}"] + " " + table[f"scale_{p}"] for p in PROFILES]
    agreed = ((named[0] == named[1]) & (named[1] == named[2])).sum()
    assert (found.keys.agreed, found.keys.compared) == (agreed, 2100)
    assert round(100 * agreed / 2100) == 45


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_pairs_of_profiles_agree_as_counted_by_pandas(found, table, pair):
    one, other = (PROFILES[place] for place in pair)
    same = table[f"key_{one}"].eq(table[f"key_{other}"])
    same &= table[f"scale_{one}"].eq(table[f"scale_{other}"])
    counted = next(p for p in found.keys.pairs if p.profiles == (one, other))
    assert counted.relations["same"] == same.sum()
    assert sum(counted.relations.values()) == counted.tracks == 2100


def test_keys_are_counted_by_tonic_and_scale(found, table):
    flat = {"Ab": "G#", "Bb": "A#", "Eb": "D#", "C": "C", "F": "F"}
    edma = next(p for p in found.keys.profiles if p.name == "edma")
    for written, sharp in flat.items():
        for place, scale in enumerate(("major", "minor")):
            counted = ((table["key_edma"] == written) & (table["scale_edma"] == scale)).sum()
            tonics = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
            assert edma.counts[place][tonics.index(sharp)] == counted
    assert edma.minor == (table["scale_edma"] == "minor").sum()


@pytest.mark.parametrize(
    "column", ["tempo_bpm", "loudness_lufs", "danceability", "valence", "arousal"]
)
def test_spreads_equal_those_of_pandas(found, table, column):
    spread, values = found.spreads[column], table[column]
    assert spread.mean == pytest.approx(values.mean())
    assert spread.deviation == pytest.approx(values.std())
    quantiles = values.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
    assert [spread.p5, spread.p25, spread.median, spread.p75, spread.p95] == pytest.approx(
        quantiles
    )
    assert sum(spread.counts) == len(values)
    outside = ~values.between(spread.edges[0], spread.edges[-1])
    assert spread.beyond == outside.sum()
    for place in (3, 10):  # bars hold their lower edge, not the upper one
        low, high = spread.edges[place : place + 2]
        assert spread.counts[place] == values[~outside].between(low, high, inclusive="left").sum()


def test_loudness_against_streaming(found, table):
    lufs = table["loudness_lufs"]
    assert found.loudness.louder == (lufs > -13).sum()
    assert found.loudness.quieter == (lufs < -15).sum()
    assert found.loudness.down == pytest.approx((lufs[lufs > -13] + 14).mean())
    assert found.loudness.up == pytest.approx((-14 - lufs[lufs < -15]).mean())


def test_mood_density_and_quarters(found, table):
    valence, arousal = table["valence"], table["arousal"]
    mood = found.mood
    assert mood.tracks == np.sum(mood.density) == 2100
    assert mood.beyond == (~valence.between(1, 9) | ~arousal.between(1, 9)).sum()
    assert mood.quadrants["happy"] == ((valence >= 5) & (arousal >= 5)).sum()
    assert mood.quadrants["sad"] == ((valence < 5) & (arousal < 5)).sum()
    assert sum(mood.quadrants.values()) == 2100
    assert mood.correlation == pytest.approx(valence.corr(arousal))
    # The square of valence 5 to 5.25 and arousal 6 to 6.25: 16 and 20 quarters above 1.
    square = valence.between(5, 5.25, inclusive="left") & arousal.between(6, 6.25, inclusive="left")
    assert mood.density[20][16] == square.sum()


def test_voice_is_counted_from_a_half_on(found, table):
    assert found.voice.voice == (table["voice"] == "Voice").sum()
    assert found.voice.unsure == 0


def test_styles_and_their_diversity_equal_the_counted_genres(found, shared_dir):
    genres = musav_genres(shared_dir).set_index("Genre")["Count"]
    styles = found.styles
    assert {label.label: label.strongest for label in styles.labels} == genres.to_dict()
    parents = genres.groupby(genres.index.str.split("---").str[0]).sum()
    assert {genre.label: genre.strongest for genre in styles.genres} == parents.to_dict()
    shares = genres / genres.sum()
    entropy = -(shares * shares.map(math.log)).sum()
    assert styles.diversity.entropy == pytest.approx(entropy)
    assert styles.diversity.effective == pytest.approx(math.exp(entropy))
    assert styles.diversity.dominant == pytest.approx(1 / (shares**2).sum())
    assert styles.diversity.kinds == len(genres)


def test_what_is_missing_is_none_and_never_zero():
    found = report(source(pd.DataFrame({"duration_s": [60.0, 120.0]})))
    assert found.contents.seconds == 180
    assert found.styles is found.keys is found.loudness is found.mood is found.voice is None
    assert found.ic == {}
    assert list(found.spreads) == ["duration_s"]
    assert found.suspects is None and found.outliers == ()


def test_a_library_without_tracks_has_an_empty_report():
    found = report(source(pd.DataFrame({"duration_s": []})))
    assert found.contents.tracks == 0
    assert found.spreads == {}
    assert found.copies == ()


def test_information_content_is_kept_apart_by_model():
    frame = pd.DataFrame({"ic_mean": [1.0, 2.0, 7.0, None], "ic_model": ["a", "a", "b", None]})
    found = report(source(frame)).ic
    assert list(found) == ["a", "b"]
    assert (found["a"].tracks, found["a"].median, found["b"].high) == (2, 1.5, 7.0)


def test_stand_ins_decide_neither_genres_nor_copies():
    labels, activations = ["Electronic---House"], np.ones((20, 1), np.float32)
    keys = {f"key_{p}": ["C"] * 20 for p in PROFILES}
    keys |= {f"scale_{p}": ["major"] * 20 for p in PROFILES}
    model = Model("effnet", "x.onnx", "ab", "random weights")
    frame = pd.DataFrame(keys)
    trusted = report(source(frame, styles=(labels, activations)))
    found = report(source(frame, styles=(labels, activations), models=(model,)))
    assert (trusted.keys.reason, trusted.keys.dance_share) == ("dance", 1.0)
    assert (found.keys.reason, found.keys.dance_share) == ("draw", None)
    assert found.stand_ins == {"effnet"}


def test_artists_and_albums_are_counted_as_playlists_count_them():
    artists = ["Björk", "bjork", "Björk feat. X", "Various Artists", None, "Abba", "Abba"]
    albums = ["Debut", "DEBUT", "Greatest Hits", None, "Loose", "Greatest Hits", "Greatest  hits"]
    contents = report(source(pd.DataFrame({"artist": artists, "album": albums}))).contents
    assert (contents.artists, contents.albums) == (2, 4)


def test_only_electronic_counts_as_the_music_of_the_dance_profile():
    for genre, share in (("Electronic---House", 1.0), ("Hip Hop---Trap", 0.0)):
        frame = pd.DataFrame({"key_edma": ["C"] * 20, "scale_edma": ["major"] * 20})
        found = report(source(frame, styles=([genre], np.ones((20, 1), np.float32))))
        assert found.keys.dance_share == share


def test_copies_are_grouped_by_their_bytes():
    frame = pd.DataFrame({"content_hash": ["a", "b", "a", "a", "c", "c"], "duration_s": 1.0})
    groups = report(source(frame)).copies
    assert [[track.id for track in group] for group in groups] == [[1, 3, 4], [5, 6]]


def test_failures_are_passed_on():
    failure = Failure("/music/x.mp3", "unreadable", ("dsp",), "no audio")
    found = report(source(pd.DataFrame({"duration_s": [1.0]}), failures=(failure,)))
    assert found.failures == (failure,)
