"""Doubtful tempos, outliers, and the loneliest tracks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from report_sources import source

from engine.report import report
from engine.report_odd import loneliest, modified_z, outliers, scores, suspects
from engine.space import Space

RNG = np.random.default_rng(3)


def music(tempos, confidences=2.0, styles="Rock---Punk") -> pd.DataFrame:
    table = pd.DataFrame({"tempo_bpm": tempos, "tempo_confidence": confidences, "style": styles})
    return source(table).frame


def test_half_the_usual_tempo_is_suspected():
    tempos = [*np.linspace(120, 140, 40), 65.0]
    found = suspects(music(tempos), genres=True)
    assert found.judged == 41
    (one,) = found.found
    assert (one.tempo, one.likely, one.genre) == (65.0, 130.0, "Rock")
    assert 120 < one.low < one.high < 140


def test_twice_the_usual_tempo_is_suspected():
    tempos = [*np.linspace(80, 100, 40), 180.0]
    (one,) = suspects(music(tempos), genres=True).found
    assert one.likely == 90.0


@pytest.mark.parametrize(
    ("tempo", "confidence"),
    [(65.0, 3.5), (125.0, 0.5), (95.0, 0.5), (60.5, 0.5)],
    ids=["sure", "usual", "neither half nor double is usual", "double is at the edge"],
)
def test_what_is_not_suspected(tempo, confidence):
    tempos = [*np.linspace(120, 140, 40), tempo]
    found = suspects(music(tempos, [2.0] * 40 + [confidence]), genres=True)
    assert found.found == ()


def test_a_genre_has_its_own_usual_tempos():
    tempos = [*np.linspace(165, 180, 40), *np.linspace(80, 90, 40), 86.0]
    styles = ["Electronic---Drum n Bass"] * 40 + ["Hip Hop---Trap"] * 40
    frame = music(tempos, styles=[*styles, "Electronic---Drum n Bass"])
    found = suspects(frame, genres=True)
    assert [(s.tempo, s.likely, s.genre) for s in found.found] == [(86.0, 172.0, "Electronic")]
    # Styles by random weights decide nothing: then the whole collection says what is usual.
    assert {s.genre for s in suspects(frame, genres=False).found} == {""}


def test_tempos_without_a_confidence_are_judged_too():
    tempos = [*np.linspace(120, 140, 40), 65.0]
    frame = music(tempos).drop(columns="tempo_confidence")
    (one,) = suspects(frame, genres=True).found
    assert np.isnan(one.confidence)


def test_too_few_tempos_say_nothing():
    assert suspects(music(np.linspace(80, 90, 29)), genres=True) is None


def test_modified_z_of_a_known_case():
    # Median 3, absolute deviations 2 1 0 1 97, their median 1.
    found = modified_z(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    assert found == pytest.approx(0.6745 * np.array([-2, -1, 0, 1, 97]))


@given(arrays(float, st.integers(0, 20), elements=st.integers(-1000, 1000).map(float)))
def test_modified_z_keeps_order_or_says_nothing(values):
    found = modified_z(values)
    if not np.isnan(found).any():
        order = np.argsort(values, kind="stable")
        assert (np.diff(found[order]) >= 0).all()


def test_outliers_say_in_what_they_stand_out():
    lufs = np.linspace(-14, -10, 50)
    lufs[7] = -30.0
    (one,) = outliers(source(pd.DataFrame({"loudness_lufs": lufs})).frame, {})
    assert one.track.id == 8
    (reason,) = one.reasons
    assert (reason.column, reason.value) == ("loudness_lufs", -30.0)
    assert reason.usual == pytest.approx(np.median(lufs))
    assert reason.score < -3.5


def test_information_content_is_compared_within_the_common_model():
    ic = np.concatenate([RNG.normal(3, 0.1, 30), RNG.normal(9, 0.1, 5)])
    frame = source(pd.DataFrame({"ic_mean": ic, "ic_model": ["a"] * 30 + ["b"] * 5})).frame
    z = scores(frame)["ic_mean"]
    assert np.isfinite(z[:30]).all() and np.isnan(z[30:]).all()


def test_what_is_usual_is_the_median_of_the_tracks_that_were_compared():
    ic = np.concatenate([np.linspace(2.8, 3.2, 30), [30.0], np.linspace(90, 91, 29)])
    frame = pd.DataFrame({"ic_mean": ic, "ic_model": ["a"] * 31 + ["b"] * 29})
    (one,) = outliers(source(frame).frame, {})
    assert one.track.id == 31
    assert one.reasons[0].usual == pytest.approx(np.median(ic[:31]))


def test_descriptors_of_stand_ins_name_nobody():
    valence = [*np.linspace(4, 6, 40), 30.0]
    frame = source(pd.DataFrame({"valence": valence})).frame
    assert len(outliers(frame, {})) == 1
    assert outliers(frame, {}, {"musicnn"}) == ()


def test_few_tracks_have_no_outliers():
    assert report(source(pd.DataFrame({"loudness_lufs": [-10.0] * 18 + [-60.0]}))).outliers == ()


def space(matrix: np.ndarray) -> Space:
    return Space.of("effnet", np.arange(1, len(matrix) + 1), matrix.astype(np.float32))


def brute_force(matrix: np.ndarray) -> np.ndarray:
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    return cosines.max(axis=1)


def clusters(tracks: int, loners: list[int]) -> np.ndarray:
    """Tracks in 40 tight clusters, and some that point elsewhere."""
    centres = RNG.normal(size=(40, 16))
    matrix = centres[RNG.integers(0, 40, tracks)] + RNG.normal(0, 0.1, (tracks, 16))
    matrix[loners] = RNG.normal(size=(len(loners), 16))
    return matrix


@pytest.mark.parametrize("tracks", [400, 3000], ids=["all are compared", "a sample is"])
def test_the_loneliest_are_those_of_an_exhaustive_search(tracks):
    loners = [3, 77, 150, 222, 399]
    matrix = clusters(tracks, loners)
    nearest = brute_force(matrix)
    found = loneliest(space(matrix), parts=64)
    assert list(found) == sorted(loners, key=lambda row: nearest[row])
    assert [r.value for r in found.values()] == pytest.approx(np.sort(nearest)[:5], abs=1e-5)
    assert all(reason.score < -3.5 for reason in found.values())
    assert list(loneliest(space(matrix))) == list(found)  # no chance in it


def test_only_the_tracks_that_are_described_are_looked_at_and_compared():
    matrix = clusters(400, [5, 9])
    matrix[300:] = matrix[5]  # the loner's company came after the table was read
    assert 5 not in loneliest(space(matrix))
    found = loneliest(space(matrix), np.arange(300))
    assert {5, 9} <= set(found)
    assert found == loneliest(space(matrix[:300]))


def test_nobody_is_lonely_among_equals():
    circle = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    assert loneliest(space(np.stack([np.cos(circle), np.sin(circle)], axis=1))) == {}


def test_vectors_without_a_direction_are_nobodys_neighbours():
    matrix = clusters(400, [5])
    matrix[3] = 0
    found = loneliest(space(matrix))
    assert next(iter(found)) == 5 and 3 not in found
    assert loneliest(space(np.zeros((30, 4)))) == {}
