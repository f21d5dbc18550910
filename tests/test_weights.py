"""With which weights embeddings were computed, told apart from heads and labels."""

import analyses
import pytest

from engine import equipment
from engine.library import Library
from engine.models import MODELS
from engine.weights import Weights, of_library, of_provenance

SPAN = {"span_s": 600.0, "version": 1}
ONNX = MODELS["effnet_onnx"].sha256


def noted(*models: str, **changes) -> dict:
    return {"models": [*models], **SPAN, **changes}


def test_heads_and_labels_do_not_count():
    heads = [MODELS[key].sha256 for key in ("styles_head", "voice_head", "danceability_head")]
    plain = of_provenance("effnet", noted(ONNX))
    assert of_provenance("effnet", noted(*heads, ONNX, "effnet_labels")) == plain
    assert plain == Weights((ONNX,), 1, 600.0)
    assert plain.name == "a280825b3347 v1 600s"


@pytest.mark.parametrize(
    "other", [noted("0" * 64), noted(ONNX, version=2), noted(ONNX, span_s=30.0), noted()]
)
def test_what_makes_another_embedding(other):
    one = of_provenance("effnet", noted(ONNX))
    assert of_provenance("effnet", other) != one
    assert of_provenance("effnet", other).name != one.name


def test_the_checkpoint_and_the_graph_of_musicnn_are_the_same_weights(models_dirs, tmp_path):
    """As engine.stages names them: the published graph, or the checkpoint of the package."""
    (plan,) = equipment.equip(("musicnn",), models_dirs).plans.values()
    found = of_provenance("musicnn", equipment.provenance(plan, None))
    assert found.files == ("musicnn_pb",)


def test_stand_in_weights_have_their_own_name(models_dirs):
    (plan,) = equipment.equip(("effnet",), models_dirs).plans.values()
    (name,) = of_provenance("effnet", equipment.provenance(plan, None)).files
    assert name in MODELS["effnet_onnx"].stand_ins


def test_a_library_has_the_weights_of_most_of_its_tracks(library_dir):
    with Library.create(library_dir) as library:
        for track in range(5):
            made = analyses.musicnn("old" if track < 2 else "new")
            path = b"%d.mp3" % track
            library.record(
                analyses.ROOT, path, 1, 1, analyses.analysis(f"{track}", analyses.dsp(), made)
            )
        provenance = {"musicnn": {"old": noted("old weights"), "new": noted("musicnn_pb")}}
        library.set_meta({"provenance": provenance})
    assert of_library(Library(library_dir)) == {"musicnn": Weights(("musicnn_pb",), 1, 600.0)}


def test_a_library_that_notes_nothing_has_no_known_weights(library_dir):
    with Library.create(library_dir) as library:
        library.record(analyses.ROOT, b"a.mp3", 1, 1, analyses.analysis())
    assert of_library(Library(library_dir)) == {}
