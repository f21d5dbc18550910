"""The stage `information`: what it decides, what it gives, and what happens when a GPU fails."""

from dataclasses import replace

import numpy as np
import pytest
import sounds

from engine import audio, equipment, schema, stages
from engine.information import stage, systems
from engine.information.curve import FRAMES_PER_SECOND
from engine.information.stage import Before, Wish, settle
from engine.records import Outcome

RATE = 22_050


@pytest.fixture
def recording(tmp_path):
    """Two seconds of noise between silences of one second, at a rate of its own."""
    random = np.random.default_rng(0)
    samples = np.zeros((4 * RATE, 2), np.float32)
    samples[RATE : 3 * RATE] = random.normal(0, 0.1, (2 * RATE, 2))
    sounds.encode(tmp_path / "noise.wav", samples, RATE, "pcm_s16le")
    return audio.decode(tmp_path / "noise.wav")


def computed(wish=None):
    """The stage as a worker loads it."""
    (plan,) = stages.resolve(("information",), wish=wish or Wish(device="cpu")).values()
    return stages.load(plan, threads=1)


def test_values_and_curve_have_their_place_in_the_tables(recording):
    given = computed()(recording)
    (curve,) = given.curves
    schema.check_outcome(Outcome("information", "f", "ok", None, 0.0, *parts(given)))
    assert given.values["ic_model"] == systems.choose("resident", "cpu").name == curve.model
    assert given.values["ic_mean"] == pytest.approx(np.nanmean(curve.values), abs=1e-4)
    assert curve.name == "ic_0.0"
    assert curve.hop_s == curve.start_s == 1 / FRAMES_PER_SECOND
    # Silence has no value, nor has the first sounding frame, which has no context.
    assert len(curve.values) == int(4 * FRAMES_PER_SECOND)
    times = curve.start_s + curve.hop_s * np.arange(len(curve.values))
    valued = times[np.isfinite(curve.values)]
    assert 1.0 < valued[0] < 1.3
    assert 2.9 < valued[-1] < 3.2


def parts(given):
    return given.values, given.vectors, given.curves


def test_every_noise_level_has_a_curve_and_the_first_one_gives_the_mean(recording):
    given = computed(Wish(device="cpu", levels=(0.5, 0.0)))(recording)
    assert [curve.name for curve in given.curves] == ["ic_0.5", "ic_0.0"]
    assert given.values["ic_mean"] == pytest.approx(np.nanmean(given.curves[0].values), abs=1e-4)
    assert given.values["ic_model"].endswith(" at noise 0.5")


def test_a_recording_without_a_context_has_no_value(recording):
    short = replace(recording, samples=recording.samples[RATE : RATE + RATE // 8])
    given = computed()(short)
    assert given.values == {}
    assert given.curves == ()
    assert "no IC" in given.remark


def test_a_library_goes_on_with_its_model(tmp_path):
    """Even where another one would be taken today; unless that is asked for."""
    path = str(systems.SHIPPED)
    library = Before(systems.OWN, path, (0.0, 0.5))
    settings = settle(Wish(device="cpu", before=library))
    assert settings.chosen.system == systems.OWN
    assert settings.levels == (0.0, 0.5)
    assert "as in this library" in settings.chosen.why
    assert settle(Wish("resident", "cpu", before=library)).chosen.system == systems.RESIDENT


@pytest.mark.parametrize("system", ["own", "pa-flow"])
def test_where_the_models_of_a_library_are_gone_its_values_stay(tmp_path, monkeypatch, system):
    monkeypatch.setattr(systems, "find", lambda *_: (None, "it is gone"))
    library = Before(system, str(tmp_path / "gone.safetensors"), (0.0,))
    settings = settle(Wish(device="cpu", before=library))
    assert settings.chosen.system == systems.RESIDENT
    assert f"What the library has of {system} stays" in settings.chosen.why  # and why it does
    noted = {"system": system, "model": library.model, "levels": [0.0]}
    assert settings.leaves(noted)
    assert not settle(Wish("resident", "cpu")).leaves(noted)


def test_only_what_was_asked_for_is_replaced():
    plain, noised = settle(Wish(device="cpu")), settle(Wish(device="cpu", levels=(0.5,)))
    named = settle(Wish("resident", "cpu"))
    same = plain.provenance
    other = {**same, "system": "pa-flow"}
    levels = {**same, "levels": [0.0, 0.5]}
    assert not plain.leaves(same)  # of an earlier version, or the fingerprint would be the same
    assert plain.leaves(other) and plain.leaves(levels)
    assert noised.leaves(other) and not noised.leaves(levels)
    assert not named.leaves(other) and named.leaves(levels)


def test_two_models_of_ones_own_are_two_models(tmp_path):
    mine = settle(Wish(str(systems.SHIPPED), "cpu"))
    other = {**mine.provenance, "model": "another.safetensors"}
    assert not mine.leaves(other)
    assert replace(mine, model_asked=False).leaves(other)
    assert not replace(mine, model_asked=False).leaves(mine.provenance)


def test_a_mixture_has_no_noise_levels(monkeypatch):
    monkeypatch.setattr(systems, "find", lambda *_: (systems.SHIPPED, ""))
    inherited = settle(Wish("gmm", "cpu", before=Before("resident", "x", (0.0, 0.5))))
    assert inherited.levels == (0.0,)
    with pytest.raises(systems.SystemsError, match="which has no noise levels"):
        settle(Wish("gmm", "cpu", levels=(0.5,)))


def test_provenance_tells_what_was_before():
    settings = settle(Wish(device="cpu", levels=(0.5,)))
    assert stage.before(settings.provenance) == Before("resident", str(systems.SHIPPED), (0.5,))
    assert stage.before(None) is None


def test_values_of_another_model_are_not_computed_again_unasked():
    (plan,) = equipment.equip(("information",), wish=Wish(device="cpu")).plans.values()
    now = equipment.provenance(plan, None)
    other = {**now, "system": "pa-flow", "models": ["another"]}
    older = {**now, "models": ["the version before"]}
    assert equipment.wanted(plan, None, {"a": other, "b": older}).richer == {"a"}


def test_levels_as_people_write_them():
    assert stage.noises("0.0,0.5") == stage.noises("[0.0, 0.5]") == (0.0, 0.5)
    for wrong in ("1.5", "-0.1", "0.5,0.5", "loud", ""):
        with pytest.raises(ValueError):
            stage.noises(wrong)


def test_what_needs_a_codec_gets_the_memory_and_the_time():
    settings = settle(Wish(device="cpu"))
    assert settings.memory is None
    heavy = replace(settings, chosen=replace(settings.chosen, codec=systems.SHIPPED))
    assert heavy.memory == stage.CODEC_MEMORY
    assert heavy.pace > 0


def test_another_encoder_makes_other_values_of_models_that_read_its_latents(monkeypatch):
    wish, usual = Wish(device="cpu"), settle(Wish(device="cpu"))
    heavy = replace(usual, chosen=replace(usual.chosen, codec=systems.SHIPPED))
    for settings, changes in ((usual, False), (heavy, True)):
        monkeypatch.setattr(stage, "settle", lambda *_, held=settings: held)
        bases = set()
        for encoder in (2, 3):
            monkeypatch.setattr(stages, "ENCODER", encoder)
            plan = stages.resolve(["information"], wish=wish)["information"]
            bases.add(plan.fingerprint_base)
        assert (len(bases) == 2) == changes
