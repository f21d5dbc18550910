"""Finding model files: the order of places, the digests, and what is said when one is missing."""

import hashlib
import json
import logging
import pwd
import sys
import tempfile
from dataclasses import replace

import pytest

from engine import models
from engine.models import MODELS, ModelError
from engine.models_commands import main
from engine.schema import SPACE_DIMENSIONS, STAGE_COLUMNS

KEY = "voice_head"
FILENAME = MODELS[KEY].filename
PUBLISHED, STAND_IN, OTHER = b"published", b"stand-in", b"something else"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    """A published file and a stand-in of a few bytes, and no file of this machine in sight."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("SERENDIP_MODELS", raising=False)
    small = {
        "bytes": len(PUBLISHED),
        "sha256": _sha256(PUBLISHED),
        "stand_ins": {_sha256(STAND_IN): "random"},
    }
    for key in (KEY, "musicnn_index"):
        monkeypatch.setitem(MODELS, key, replace(MODELS[key], **small))
    for model in list(MODELS.values()):
        monkeypatch.setitem(MODELS, model.key, replace(MODELS[model.key], package=None))


def _put(folder, content=PUBLISHED, filename=FILENAME):
    path = folder / filename
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_places_in_order(tmp_path, monkeypatch):
    """Given folders, then $SERENDIP_MODELS, then the cache; each one as it is taken away."""
    given = [tmp_path / "given 1", tmp_path / "given 2"]
    variable = [tmp_path / "variable 1", tmp_path / "variable 2"]
    monkeypatch.setenv("SERENDIP_MODELS", ":".join(["", *map(str, variable)]))
    expected = [
        *((_put(folder), "given folder") for folder in given),
        *((_put(folder), "$SERENDIP_MODELS") for folder in variable),
        (_put(tmp_path / "xdg" / "serendip" / "models"), "cache"),
    ]
    for path, source in expected:
        found = models.find(KEY, given)
        assert (found.path, found.source) == (path, source)
        assert (found.key, found.sha256, found.note) == (KEY, _sha256(PUBLISHED), None)
        path.unlink()
    assert models.find(KEY, given) is None


def test_an_installed_package_is_the_last_place_and_is_not_imported(tmp_path, monkeypatch):
    package = tmp_path / "site" / "weightsonly"
    _put(package, filename="MSD_musicnn/.index")
    (package / "__init__.py").write_text("raise ImportError('its code is never run')")
    monkeypatch.syspath_prepend(package.parent)
    row = replace(MODELS["musicnn_index"], package="weightsonly")
    monkeypatch.setitem(MODELS, "musicnn_index", row)
    found = models.find("musicnn_index")
    assert (found.path, found.source) == (package / "MSD_musicnn/.index", "package weightsonly")
    assert "weightsonly" not in sys.modules
    first = _put(tmp_path / "given", filename="MSD_musicnn/.index")
    assert models.find("musicnn_index", [tmp_path / "given"]).path == first


def test_a_relative_cache_variable_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert models.cache_folder() == tmp_path / ".cache" / "serendip" / "models"


def test_a_user_whom_the_system_does_not_know_has_a_cache_too(monkeypatch, tmp_path):
    """As in a container that runs under the number of somebody outside, without $HOME."""
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def unknown(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert models.cache_folder().is_relative_to(tmp_path)


def test_a_stand_in_is_used_and_says_so(tmp_path):
    _put(tmp_path, STAND_IN)
    assert models.find(KEY, [tmp_path]).note == "random"
    assert models.explain(KEY, [tmp_path]).endswith("used (random)")


def test_another_file_is_passed_over_with_a_reason(tmp_path, caplog):
    wrong = _put(tmp_path / "wrong", OTHER)
    dirs = [tmp_path / "wrong", tmp_path / "right"]
    with caplog.at_level(logging.WARNING):
        assert models.find(KEY, dirs) is None
    assert f"{wrong} is not the published file" in caplog.text
    assert models.explain(KEY, dirs).startswith(f"{wrong} is not the published file")
    right = _put(tmp_path / "right")
    assert models.find(KEY, dirs).path == right
    assert "is not the published file" in models.explain(KEY, dirs)


def test_another_file_is_used_when_asked_to_and_says_so(tmp_path):
    wrong = _put(tmp_path / "wrong", OTHER)
    _put(tmp_path / "right")
    dirs = [tmp_path / "wrong", tmp_path / "right"]
    found = models.find(KEY, dirs, accept_unpinned=True)
    assert (found.path, found.sha256) == (wrong, _sha256(OTHER))
    assert found.note == "not the published file"


def test_a_file_without_a_pin_is_never_taken_for_published(tmp_path):
    _put(tmp_path, OTHER, MODELS["effnet_pb"].filename)
    assert models.find("effnet_pb", [tmp_path]) is None
    assert "published unknown" in models.explain("effnet_pb", [tmp_path])
    assert models.find("effnet_pb", [tmp_path], accept_unpinned=True).note is not None


def test_what_cannot_be_read_is_passed_over(tmp_path):
    (tmp_path / FILENAME).mkdir()
    assert models.find(KEY, [tmp_path]) is None
    assert "cannot be read" in models.explain(KEY, [tmp_path])


def test_a_missing_file_is_explained():
    assert models.explain(KEY) == f"{FILENAME} is missing"


def test_load_checks_the_digest_again(tmp_path):
    path = _put(tmp_path)
    found = models.find(KEY, [tmp_path])
    assert models.load_bytes(found) == PUBLISHED
    path.write_bytes(PUBLISHED[::-1])
    with pytest.raises(ModelError, match="changed"):
        models.load_bytes(found)
    assert models.find(KEY, [tmp_path]) is None  # nor is its old digest remembered
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        models.load_bytes(found)


def test_a_file_is_not_missing_when_another_serves_as_it(tmp_path, monkeypatch):
    assert "musicnn_pb" in models.missing([tmp_path])
    assert "musicnn_index" not in models.missing([tmp_path])
    _put(tmp_path, filename="MSD_musicnn/.index")
    assert "musicnn_pb" not in models.missing([tmp_path])


def test_style_labels_are_numbers_until_a_file_names_them(tmp_path, monkeypatch):
    labels = models.style_labels([tmp_path])
    assert (len(labels), labels[0], labels[-1]) == (400, "Style 1", "Style 400")
    content = json.dumps({"classes": [f"Rock---{i}" for i in range(400)]}).encode()
    row = replace(MODELS["styles_head_labels"], sha256=_sha256(content))
    monkeypatch.setitem(MODELS, "styles_head_labels", row)
    _put(tmp_path, content, row.filename)
    assert models.style_labels([tmp_path])[399] == "Rock---399"


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_row_of_the_table_is_complete(model):
    assert MODELS[model.key].filename == model.filename
    assert model.stage in STAGE_COLUMNS
    assert set(model.gives) <= set(STAGE_COLUMNS[model.stage]) | set(SPACE_DIMENSIONS)
    assert (model.url is None) == (model.package is not None)
    assert model.url is None or model.url.startswith("https://essentia.upf.edu/models/")
    assert model.url is None or model.url.endswith(f"/{model.filename}")
    assert all(len(digest) == 64 for digest in [model.sha256 or "0" * 64, *model.stand_ins])
    assert (model.sha256 is None) == (model.bytes is None)
    assert model.instead_of is None or model.instead_of in MODELS


def test_the_pins_are_those_of_the_published_files(models_dirs, monkeypatch):
    monkeypatch.undo()  # the real table
    published = [k for k in MODELS if (f := models.find(k, models_dirs)) and f.note is None]
    assert {"styles_head", KEY, "danceability_head", "musicnn_pb", "emotion_head"} <= set(published)
    assert all(
        models.find(k, models_dirs).path.stat().st_size == MODELS[k].bytes for k in published
    )
    for key in ("effnet_onnx", "effnet_pb"):
        assert models.find(key, models_dirs) is not None


def test_list_says_verified_wrong_and_missing(tmp_path, capsys):
    _put(tmp_path)
    _put(tmp_path, OTHER, MODELS["emotion_head"].filename)
    assert main(["list", "--models", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert f"verified: {tmp_path / FILENAME} (given folder)" in text
    assert f"WRONG: {tmp_path / MODELS['emotion_head'].filename} is not the published" in text
    assert "missing; can serve for effnet_onnx" in text
    assert text.splitlines()[-1].startswith("Missing: effnet_onnx, effnet_labels")
    assert all(model.filename in text and model.licence in text for model in MODELS.values())
