"""The networks against Essentia's own predictors, on real music, first and last patch included."""

import numpy as np
import pytest

from engine import audio, essentia_algorithms, models, networks, patches, tagging
from engine.networks import MelFrames

TOLERANCE = 1e-3
# Lengths, in samples at 16 kHz, around which each predictor's number of patches changes.
# One patch or none of MusiCNN's 187 frames, two or one; likewise for EffNet's 128.
EDGES = [(187 - 2) * 256, (187 - 2) * 256 + 1, (280 - 2) * 256, (280 - 2) * 256 + 1,
         (128 - 1) * 256, (128 - 1) * 256 + 1, (190 - 1) * 256, (190 - 1) * 256 + 1]  # fmt: skip


@pytest.fixture(scope="module")
def clips(demo_music) -> list[np.ndarray]:
    """Real music, mono at 16 kHz."""
    mel = MelFrames()
    sounds = [audio.decode(path, span_s=8) for path in sorted(demo_music.glob("*.*"))[::4]]
    return [mel._at_16_khz(sound) for sound in sounds]


@pytest.fixture(scope="module")
def found(models_dirs) -> dict[str, models.Found]:
    return {key: models.find(key, models_dirs) for key in models.MODELS}


def predictor(name: str, found: models.Found, output: str):
    return getattr(essentia_algorithms.load(), name)(graphFilename=str(found.path), output=output)


@pytest.fixture(scope="module")
def essentia_musicnn(found):
    outputs = ("model/dense/BiasAdd", "model/Sigmoid")
    return [predictor("TensorflowPredictMusiCNN", found["musicnn_pb"], o) for o in outputs]


@pytest.fixture(scope="module")
def essentia_effnet(found):
    outputs = ("PartitionedCall:1", "PartitionedCall:0")
    return [predictor("TensorflowPredictEffnetDiscogs", found["effnet_pb"], o) for o in outputs]


@pytest.fixture(scope="module")
def effnet(found) -> networks.EffNet:
    return networks.EffNet(found["effnet_onnx"], threads=1)


@pytest.fixture(scope="module")
def musicnn(found) -> networks.MusiCNN:
    return networks.MusiCNN(networks.musicnn_tensors({"musicnn_pb": found["musicnn_pb"]}))


def check(frames: networks.Frames, reference, samples: np.ndarray) -> None:
    embeddings, activations = (predict(samples) for predict in reference)
    assert frames.embeddings.shape == embeddings.shape
    assert np.abs(frames.embeddings - embeddings).max() < TOLERANCE
    assert np.abs(frames.activations - activations).max() < TOLERANCE


def test_musicnn_equals_essentias_predictor(clips, musicnn, essentia_musicnn):
    for clip in clips:
        check(musicnn(patches.mel_frames(clip)), essentia_musicnn, clip)


def test_musicnn_from_the_packages_checkpoint_is_the_same(clips, found, musicnn):
    if not (found["musicnn_index"] and found["musicnn_data"]):
        pytest.fail("the package musicnn of requirements-weights.txt is not installed")
    keys = "musicnn_index", "musicnn_data"
    packaged = networks.MusiCNN(networks.musicnn_tensors({key: found[key] for key in keys}))
    for clip in clips:
        mel = patches.mel_frames(clip)
        assert np.array_equal(packaged(mel).embeddings, musicnn(mel).embeddings)


@pytest.mark.parametrize("form", ["effnet_onnx", "effnet_pb"])
def test_effnet_equals_essentias_predictor(clips, found, essentia_effnet, form):
    network = networks.EffNet(found[form], threads=1)
    for clip in clips:
        check(network(patches.mel_frames(clip)), essentia_effnet, clip)


@pytest.mark.parametrize("samples", EDGES)
def test_as_many_patches_as_essentia_cuts(
    clips, effnet, musicnn, essentia_musicnn, essentia_effnet, samples
):
    clip = np.ascontiguousarray(clips[0][:samples])
    mel = patches.mel_frames(clip)
    for network, reference in (
        (musicnn, essentia_musicnn),
        (effnet, essentia_effnet),
    ):
        computed = network(mel)
        expected = reference[0](clip)
        if len(expected):
            assert len(computed.embeddings) == len(expected)
        else:  # Essentia gives nothing, without a word
            assert len(computed.embeddings) == 1
            assert "repeated" in computed.remark


def test_more_patches_than_one_batch_holds(clips, found):
    """70 patches: two batches of the .pb, of which the second is padded; five of the .onnx."""
    mel = np.resize(patches.mel_frames(clips[0]), (128 + 69 * 62 + 1, patches.BANDS))
    onnx, pb = (networks.EffNet(found[f"effnet_{form}"], 1)(mel) for form in ("onnx", "pb"))
    assert onnx.embeddings.shape == pb.embeddings.shape == (70, 1280)
    assert np.abs(onnx.embeddings - pb.embeddings).max() < TOLERANCE


def test_musicnn_is_the_same_however_the_track_is_cut_into_blocks(clips, musicnn, monkeypatch):
    mel = patches.mel_frames(clips[1])
    whole = musicnn(mel)
    monkeypatch.setattr("engine.musicnn._PATCHES_AT_ONCE", 2)
    monkeypatch.setattr("engine.musicnn._FRAMES_AT_ONCE", 17)
    assert np.abs(musicnn(mel).embeddings - whole.embeddings).max() < TOLERANCE


HEADS = {
    "styles_head": ("effnet", tagging.sigmoid, 1280, 400,
                    "serving_default_model_Placeholder", "PartitionedCall:0"),
    "voice_head": ("effnet", tagging.softmax, 1280, 2, "model/Placeholder", "model/Softmax"),
    "danceability_head": ("effnet", tagging.softmax, 1280, 2, "model/Placeholder", "model/Softmax"),
    "emotion_head": ("musicnn", tagging.identity, 200, 2, "model/Placeholder", "model/Identity"),
}  # fmt: skip


@pytest.mark.parametrize("key", HEADS)
def test_heads_equal_essentias_predictor(found, key):
    _, output, dimensions, classes, graph_input, graph_output = HEADS[key]
    embeddings = np.random.default_rng(2).normal(0, 1, (9, dimensions)).astype(np.float32)
    reference = essentia_algorithms.load().TensorflowPredict2D(
        graphFilename=str(found[key].path),
        input=graph_input,
        output=graph_output,
        dimensions=dimensions,
    )
    expected = np.asarray(reference(embeddings)).mean(axis=0)
    computed = tagging.Head(models.load_bytes(found[key]), output)(embeddings)
    assert computed.shape == (classes,)
    assert np.abs(computed - expected).max() < TOLERANCE


def test_a_provider_that_fell_back_is_told(found, monkeypatch):
    """onnxruntime with CUDA built in, on a machine where CUDA does not start."""
    import onnxruntime

    real, asked = onnxruntime.InferenceSession, []

    def without_cuda(content, options, providers):
        asked.extend(providers)
        return real(content, options, providers=[networks.CPU])

    offered = [networks.CUDA, networks.CPU]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    monkeypatch.setattr(onnxruntime, "InferenceSession", without_cuda)
    (told,) = networks.EffNet(found["effnet_onnx"], threads=1).providers
    assert told.startswith(networks.CPU)
    assert "CUDAExecutionProvider is installed and did not start" in told
    assert asked == offered


def test_mel_frames_are_computed_once_a_recording(demo_music):
    sound = audio.decode(sorted(demo_music.iterdir())[0], span_s=5)
    mel = MelFrames()
    assert mel(sound) is mel(sound)
    del sound
    assert not len(mel._known)
