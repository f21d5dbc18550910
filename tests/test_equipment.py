"""Which models a run has, what their absence means, and the attempt to fetch them."""

import pytest

from engine import equipment, models
from engine.audio import CAP_SECONDS
from engine.equipment import equip, fetch_missing, fingerprint, provenance, wanted

ALL = ("dsp", "effnet", "musicnn")


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any model file."""
    monkeypatch.setenv("SERENDIP_MODELS", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(models, "find_spec", lambda package: None)


@pytest.fixture
def no_network(monkeypatch):
    """`fetch` that fails, and notes what it was asked for."""
    asked = []

    def fetch(keys, dest):
        asked.extend(keys)
        raise models.ModelError("The server cannot be reached.\nNor can the others.")

    monkeypatch.setattr(equipment, "fetch", fetch)
    return asked


def test_without_models_there_is_still_dsp(bare):
    what = equip(ALL)
    assert what.plans["dsp"].missing is None
    assert what.plans["effnet"].missing == "discogs-effnet-bsdynamic-1.onnx is missing."
    assert what.plans["musicnn"].missing == "msd-musicnn-1.pb is missing."
    assert not what.is_complete


def test_a_missing_head_is_a_gap_with_its_columns(bare, shared_dir):
    head = models.MODELS["emotion_head"].filename
    folder = models.cache_folder()
    folder.mkdir(parents=True)
    for file in (shared_dir / "models").iterdir():
        if file.name != head:
            (folder / file.name).symlink_to(file)
    (gap,) = equip(("musicnn",)).gaps
    assert (gap.stage, gap.columns) == ("musicnn", ("valence", "arousal"))
    assert gap.why == f"{head} is missing."


def test_all_models_are_complete(models_dirs):
    assert equip(ALL, models_dirs).is_complete


def test_fetching_asks_for_the_wanted_stages_and_fails_in_one_line(bare, no_network):
    said = []
    what = fetch_missing(("dsp", "effnet"), (), False, None, said.append)
    assert "effnet_onnx" in no_network
    assert {models.MODELS[key].stage for key in no_network} == {"effnet"}
    assert "CC BY-NC-SA 4.0" in said[0]
    assert said[1:] == ["Going on without: The server cannot be reached."]
    assert what.plans["effnet"].missing
    assert what.not_fetched == "The server cannot be reached."


def test_nothing_is_fetched_when_everything_is_there(models_dirs, no_network):
    said = []
    assert fetch_missing(("dsp",), models_dirs, False, None, said.append).is_complete
    assert (no_network, said) == ([], [])


def test_the_span_and_the_models_are_in_the_fingerprint(bare):
    (plan,) = equip(("dsp",)).plans.values()
    assert fingerprint(plan, None) == fingerprint(plan, CAP_SECONDS) != fingerprint(plan, 30.0)


def test_values_made_with_more_models_are_richer_and_with_others_are_not(models_dirs):
    (plan,) = equip(("musicnn",), models_dirs).plans.values()
    now = provenance(plan, None)
    digests = now["models"]
    models_of = {"more": [*digests, "x"], "same": digests, "less": digests[1:], "other": ["x"]}
    made = {name: {**now, "models": models} for name, models in models_of.items()}
    made["more, of a shorter span"] = {**made["more"], "span_s": 30.0}
    made["more, of an older version"] = {**made["more"], "version": plan.version - 1}
    assert wanted(plan, None, made).richer == {"more"}


def test_values_with_names_of_styles_are_richer_than_those_without(bare, models_dirs, tmp_path):
    """The files of labels are away, nothing else: what was computed with them stays."""
    folder = tmp_path / "without labels"
    folder.mkdir()
    for file in (file for there in models_dirs for file in there.iterdir()):
        if file.suffix != ".json":
            (folder / file.name).symlink_to(file)
    (before,) = equip(("effnet",), models_dirs).plans.values()
    (now,) = equip(("effnet",), [folder]).plans.values()
    made = {fingerprint(before, None): provenance(before, None)}
    assert fingerprint(now, None) not in made
    assert wanted(now, None, made).richer == set(made)
