"""What a stage depends on, what it leaves out without its models, and that it computes."""

import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest

from engine import audio, models, schema, stages


@pytest.fixture(scope="module")
def clip(demo_music) -> audio.Audio:
    return audio.decode(sorted(demo_music.glob("*.mp3"))[0], span_s=6)


@pytest.fixture
def nothing_installed(monkeypatch, tmp_path):
    """No model anywhere but in the folders that a test names."""
    monkeypatch.delenv("SERENDIP_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "package_folders", lambda package: ())


def copied(models_dirs, folder, *keys):
    folder.mkdir(exist_ok=True)
    for key in keys:
        found = models.find(key, models_dirs)
        shutil.copy(found.path, folder / found.path.name)
    return [folder]


@pytest.mark.parametrize("name", stages.STAGES)
def test_each_stage_fills_its_columns_and_spaces(models_dirs, clip, name):
    plan = stages.resolve([name], models_dirs)[name]
    assert plan.missing is None
    computed = stages.load(pickle.loads(pickle.dumps(plan)), threads=1)(clip)
    assert set(computed.values) == set(schema.STAGE_COLUMNS[name])
    assert set(computed.vectors) == set(schema.STAGE_SPACES[name])
    for space, vector in computed.vectors.items():
        assert vector.shape == (schema.SPACE_DIMENSIONS[space],)
        assert vector.dtype == np.float32
        assert np.isfinite(vector).all()


def test_values_are_in_their_ranges(models_dirs, clip):
    values = {}
    for plan in stages.resolve(stages.STAGES, models_dirs).values():
        values |= stages.load(plan, threads=1)(clip).values
    assert 30 < values["tempo_bpm"] < 250
    assert -70 < values["loudness_lufs"] < 0
    for column in ("danceability", "voice", "style_activation"):
        assert 0 <= values[column] <= 1
    for column in ("valence", "arousal"):
        assert 1 <= values[column] <= 9
    assert "---" in values["style"]


def test_the_style_is_the_highest_activation(models_dirs, clip):
    plan = stages.resolve(["effnet"], models_dirs)["effnet"]
    computed = stages.load(plan, threads=1)(clip)
    highest = int(computed.vectors["styles"].argmax())
    assert computed.values["style"] == plan.labels["styles"][highest]
    assert computed.values["style_activation"] == pytest.approx(computed.vectors["styles"][highest])


def test_without_models_the_reason_is_told(nothing_installed):
    plans = stages.resolve(stages.STAGES)
    assert plans["dsp"].missing is None
    assert plans["effnet"].missing == "discogs-effnet-bsdynamic-1.onnx is missing."
    assert plans["musicnn"].missing == "msd-musicnn-1.pb is missing."


def test_one_models_change_reaches_only_its_stage(nothing_installed, models_dirs, tmp_path):
    keys = "effnet_onnx", "styles_head", "voice_head", "musicnn_pb", "emotion_head"
    folder = copied(models_dirs, tmp_path / "models", *keys)
    before = stages.resolve(stages.STAGES, folder)
    (tmp_path / "models" / models.MODELS["voice_head"].filename).unlink()
    after = stages.resolve(stages.STAGES, folder)
    changed = {
        name for name in stages.STAGES
        if before[name].fingerprint_base != after[name].fingerprint_base
    }  # fmt: skip
    assert changed == {"effnet"}
    assert stages.without(before["effnet"]) == ["danceability_head"]
    assert stages.without(after["effnet"]) == ["voice_head", "danceability_head"]


def test_style_names_count_as_a_model_and_their_file_does_not(
    nothing_installed, models_dirs, tmp_path
):
    folder = copied(models_dirs, tmp_path / "models", "effnet_onnx")
    nameless = stages.resolve(["effnet"], folder)["effnet"]
    assert nameless.labels["styles"][7] == "Style 8"
    plans = []
    for key in ("effnet_pb_labels", "styles_head_labels"):
        named = copied(models_dirs, tmp_path / key, "effnet_onnx", key)
        plans.append(stages.resolve(["effnet"], named)["effnet"])
    assert plans[0].fingerprint_base == plans[1].fingerprint_base != nameless.fingerprint_base
    assert nameless.identities < plans[0].identities == plans[1].identities


def test_a_damaged_model_that_was_asked_for_is_named(nothing_installed, tmp_path):
    damaged = tmp_path / models.MODELS["effnet_onnx"].filename
    damaged.write_bytes(b"no network")
    plan = stages.resolve(["effnet"], [tmp_path], accept_unpinned=True)["effnet"]
    with pytest.raises(models.ModelError, match=damaged.name):
        stages.load(plan, threads=1)


def test_a_missing_head_leaves_out_its_column_only(nothing_installed, models_dirs, tmp_path, clip):
    folder = copied(models_dirs, tmp_path / "models", "effnet_onnx", "voice_head")
    computed = stages.load(stages.resolve(["effnet"], folder)["effnet"], threads=1)(clip)
    assert set(computed.values) == {"voice", "style", "style_activation"}
    assert set(computed.vectors) == {"effnet", "styles"}


def test_musicnn_runs_from_the_packages_checkpoint(monkeypatch, tmp_path, models_dirs, clip):
    reference = stages.load(stages.resolve(["musicnn"], models_dirs)["musicnn"], 1)(clip)
    monkeypatch.delenv("SERENDIP_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plan = stages.resolve(["musicnn"])["musicnn"]
    assert {model.key for model in plan.models} == {"musicnn_index", "musicnn_data"}
    # The graph and the checkpoint count as one, so that neither takes away what the other gave.
    published = stages.resolve(["musicnn"], models_dirs)["musicnn"]
    assert plan.identities < published.identities
    computed = stages.load(plan, threads=1)(clip)
    for space in ("musicnn", "tags"):
        assert np.array_equal(computed.vectors[space], reference.vectors[space])
    assert "arousal" not in computed.values  # its head is MTG's


def test_resolving_imports_nothing_heavy():
    code = (
        "import sys; from engine import stages; stages.resolve(stages.STAGES);"
        "print([m for m in ('essentia', 'onnxruntime', 'tensorflow', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stderr
