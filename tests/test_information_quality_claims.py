"""What is measured of loudness, timbre and sections, on sound that is known."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks import information_quality as quality
from benchmarks import information_quality_claims as claims
from benchmarks import information_quality_claims_report as report
from benchmarks import information_quality_sections as sections
from benchmarks import information_statistics as statistics
from engine.discover import Found
from engine.information import dataset, log_mel

BANDS = log_mel.BANDS


def sound(frames: int, seed: int = 0) -> np.ndarray:
    """Log-mel frames of noise whose colour and level wander."""
    random = np.random.default_rng(seed)
    return (random.standard_normal((frames, BANDS)) + random.normal(-5, 1, (frames, 1))).astype(
        np.float32
    )


def recording(bands: np.ndarray, **information: np.ndarray) -> claims.Recording:
    return claims.Recording(bands, information, piece=0)


@pytest.mark.parametrize("hertz", [100.0, 1000.0, 8000.0])
def test_a_level_is_that_of_the_power(hertz):
    times = np.arange(8 * log_mel.FRAME) / log_mel.SAMPLE_RATE
    sine = np.sin(2 * np.pi * hertz * times)
    loud, quiet = (log_mel.band_frames((gain * sine).astype(np.float32)) for gain in (1.0, 0.01))
    # Of a window's main lobe, 1.5 bins have the peak's power: 1.76 dB, at any frequency.
    assert claims.level(loud)[2:] == pytest.approx(1.76, abs=0.3)
    assert claims.level(quiet)[2:] - claims.level(loud)[2:] == pytest.approx(-40, abs=0.05)
    assert claims.level(log_mel.band_frames(np.zeros(log_mel.FRAME, np.float32)))[0] < -75


def test_weightings_are_those_of_the_standards():
    gains = {
        name: 10 * np.log10(np.interp([100, 1000, 10_000], log_mel.centres(), weighting()))
        for name, weighting in claims.WEIGHTINGS.items()
    }
    assert gains[claims.LEVEL] == pytest.approx(0)
    assert gains[claims.A_WEIGHTED] == pytest.approx([-19.1, 0.0, -2.5], abs=0.2)
    assert gains[claims.K_WEIGHTED] == pytest.approx([-1.1, 0.7, 4.0], abs=0.2)


def test_timbral_change_knows_nothing_of_level():
    bands = np.tile(sound(1), (20, 1))
    louder = bands + np.linspace(0, 3, 20)[:, None]
    assert np.isnan(claims.timbral_change(louder)[0])
    assert claims.timbral_change(louder)[1:] == pytest.approx(0, abs=1e-5)
    brighter = bands.copy()
    brighter[10:, BANDS // 2 :] += 1
    assert np.nanargmax(claims.timbral_change(brighter)) == 10


def test_silence_at_head_and_tail_is_cut():
    bands = np.full((30, BANDS), np.log(log_mel.FLOOR), np.float32)
    bands[7:12] = bands[15:20] = -3
    assert claims.sounding(bands) == slice(7, 20)


def test_what_grows_with_level_follows_it_and_nothing_else():
    bands = sound(1200)
    one = recording(bands, up=np.exp(claims.level(bands)), down=-(claims.level(bands) ** 3))
    assert claims.within(one, "up", 1)["level"] == pytest.approx(1)
    found = claims.within(recording(bands, up=claims.level(bands)), "up", claims.SECOND)
    assert found["level"] == pytest.approx(1)
    change = claims.timbral_change(bands)
    assert claims.within(recording(bands, own=change), "own", 1)["timbral change"] > 0.999


def test_a_partial_correlation_takes_away_what_is_shared():
    shared, one, other = np.random.default_rng(0).standard_normal((3, 4000))
    assert claims.rank_correlation(one + shared, other + shared) > 0.4
    assert abs(claims.partial_rank_correlation(one + shared, other + shared, shared)) < 0.05
    assert claims.partial_rank_correlation(one, one**3, shared) == pytest.approx(1)


def test_silence_and_the_first_seconds_are_not_heard():
    bands = sound(20 * claims.SECOND)
    bands[15 * claims.SECOND : 16 * claims.SECOND] = np.log(log_mel.FLOOR)
    heard = recording(bands).heard()
    assert np.flatnonzero(~heard).tolist() == [*range(claims.START), 15]


def form(*types: str, length: int = 20) -> np.ndarray:
    """Bands of sections, each of noise around the colour of its type."""
    colours = dict.fromkeys(types)
    random = np.random.default_rng(0)
    for one in colours:
        colours[one] = 2 * random.standard_normal(BANDS) - 5
    means = np.repeat([colours[one] for one in types], length * claims.SECOND, axis=0)
    return (means + 0.3 * random.standard_normal(means.shape)).astype(np.float32)


def test_sections_and_their_types_are_found():
    # Half as many types as sections: A, B and C.
    found = sections.sections(sections.features(form(*"ABACBC")), 20)
    assert [one.type for one in found] == [0, 1, 0, 2, 1, 2]
    assert [one.first for one in found] == pytest.approx([0, 20, 40, 60, 80, 100], abs=1)
    assert found[-1].end == 120


def test_types_are_numbered_by_their_first_appearance():
    assert sections.by_appearance([4, 1, 4, 0, 1]) == [0, 1, 0, 2, 1]


def parts(*pairs: tuple[int, float]) -> list[sections.Heard]:
    return [sections.Heard(kind, np.full(10, nats)) for kind, nats in pairs]


def test_comparisons_of_sections():
    heard = parts((0, 1.0), (1, 4.0), (0, 3.0), (2, 2.5))  # types' means: 2, 4 and 2.5
    assert sections.later_higher(heard) == pytest.approx(2 / 3)
    assert sections.new_less_before(heard) == pytest.approx(((4 - 1) + (2.5 - 8 / 3)) / 2)
    assert sections.again_less_first(heard) == pytest.approx(2)
    alone = parts((0, 1.0))
    for comparison in sections.COMPARISONS.values():
        assert np.isnan(comparison(alone))


def test_what_does_not_count_is_left_out_of_sections():
    found = [sections.Section(0, 20, 0), sections.Section(20, 24, 1), sections.Section(24, 40, 2)]
    nats = np.arange(40.0)
    nats[: claims.START] = np.nan
    usual, without_ending, shortest = sections.SETTINGS[:3]
    assert [part.type for part in sections.heard(found, nats, usual)] == [0, 2]
    assert sections.heard(found, nats, usual)[0].nats.tolist() == list(range(10, 20))
    assert sections.heard(found, nats, without_ending)[-1].nats.tolist() == list(range(24, 30))
    assert [part.type for part in sections.heard(found, nats, shortest)] == [0, 1, 2]


def test_thirds_are_compared_with_the_first():
    assert sections.thirds(np.repeat([1.0, 3.0, 0.0], 10)) == (2, -1)


def nearly_level(sequences: Sequence[np.ndarray], _: tuple[float, ...]) -> list[np.ndarray]:
    return [(claims.level(one) + 0.01 * one[:, 0])[None] for one in sequences]


def first_band(sequences: Sequence[np.ndarray], _: tuple[float, ...]) -> list[np.ndarray]:
    return [one[None, :, 0] for one in sequences]


@pytest.fixture(scope="module")
def results() -> Iterator[dict]:
    """Of two stems of a song and two recordings; the model's information is the level, nearly."""
    tracks = {
        b"a/song.ogg": sound(990, 0),
        b"a/guitar.ogg": sound(990, 1),
        b"a/other.ogg": sound(1001, 2),
        b"b/other.ogg": form(*"ABAC")[:990],
    }
    heard = [
        claims.Heard(
            Found(b"/music", name, 1, 1), dataset.Frames(bands, np.array([len(bands)])), bands
        )
        for name, bands in tracks.items()
    ]
    systems = {
        "model": quality.System((0.0,), nearly_level),
        quality.GAUSSIAN: quality.System((0.0,), first_band),
    }
    made = quality.recordings(heard, lambda bands: bands, systems)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "BOOTSTRAPS", 50)
        yield quality.claimed(made)


def test_stems_of_a_song_are_one_piece(results):
    assert (results["recordings"], results["pieces"]) == (4, 3)


def test_figures_of_information_that_is_the_level(results):
    for systems in results["within recordings"].values():
        assert systems["model"]["level"]["mean"]["low"] > 0.99
        assert systems["model"]["level"]["above 0"]["value"] == 1
    assert results["between recordings"]["model"]["level"]["value"] == pytest.approx(1)
    less = results["thirds"]["all"]["model less Gaussian"]["last less first"]["value"]
    both = [results["thirds"]["all"][name]["last less first"] for name in ("model", "Gaussian")]
    assert less == pytest.approx(both[0]["value"] - both[1]["value"], abs=1e-5)
    assert json.loads(json.dumps(results, allow_nan=False)) == results


def test_tables_hold_every_figure(results):
    text = report.markdown(results)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    systems = 3
    rows = systems * (2 + 2 + 1 + len(sections.SETTINGS) + 2)
    assert len(lines) == rows + 2 * 5  # each table has a header and a rule
    assert "4 recordings of 3 pieces" in text and "nan" not in text


def test_earlier_figures_are_those_of_the_same_models(tmp_path: Path):
    kept = tmp_path / "quality.json"
    with pytest.raises(SystemExit, match="is not there"):
        quality.figures_of(kept, {})
    kept.write_text(json.dumps({"models": {"old": {"kind": "flow", "card": {}}}}))
    with pytest.raises(SystemExit, match="of other models"):
        quality.figures_of(kept, {})
