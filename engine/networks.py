"""Backbone networks: mel patches in, embeddings and activations out, whatever format they come in.

- EffNet as .onnx runs in onnxruntime, on CUDA where it really is there; as .pb (a fixed batch of
  64, padded) in Essentia's TensorFlow. Both get the same patches.
- MusiCNN runs in NumPy (engine/musicnn.py) from the tensors of its .pb or of its checkpoint.

Sources: P. Alonso-Jiménez et al., "Music representation learning based on editorial metadata from
Discogs", ISMIR 2022; J. Pons and X. Serra, "musicnn", 2019.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from threadpoolctl import ThreadpoolController

from engine import essentia_algorithms, models, musicnn, patches, tensorflow_weights
from engine.audio import Audio

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
# Patches. On a CPU, batches of 16 take 259 MB; 64 take 564 MB and 1.6 times as long.
_ONNX_BATCH = {CPU: 16, CUDA: 64}


@dataclass(frozen=True)
class Frames:
    """What a backbone says of each patch of a recording."""

    embeddings: np.ndarray  # float32 [P, dimensions]
    activations: np.ndarray  # float32 [P, classes], 0-1
    remark: str | None = None


class EffNet:
    """Discogs-EffNet: patches of 128 frames (2.0 s) every 62 (1.0 s); 1280 and 400 values.

    Takes mel frames [T, 96]; `providers` names what computes them.
    """

    PATCH_FRAMES, HOP_FRAMES = 128, 62

    def __init__(self, found: models.Found, threads: int):
        runner = _OnnxRunner if found.path.suffix == ".onnx" else _TensorflowRunner
        self._runner = runner(found, threads)
        self.providers = (self._runner.provider,)

    def __call__(self, mel: np.ndarray) -> Frames:
        filled, remark = _filled(mel[:-1], self.PATCH_FRAMES)  # see patches.frame_count
        cut = patches.cut(filled, self.PATCH_FRAMES, self.HOP_FRAMES)
        embeddings, activations = self._runner(cut)
        return Frames(embeddings, activations, remark)


class MusiCNN:
    """MSD-MusiCNN: patches of 187 frames (3.0 s) every 93 (1.5 s); 200 and 50 values.

    Takes mel frames [T, 96], as EffNet does.
    """

    providers = ("NumPy",)

    def __init__(self, tensors: dict[str, np.ndarray]):
        self._network = musicnn.MusiCNN(tensors)
        # Its products are small: threads would wait for each other more than they compute.
        self._blas = ThreadpoolController().select(user_api="blas")

    def __call__(self, mel: np.ndarray) -> Frames:
        filled, remark = _filled(mel, musicnn.PATCH_FRAMES)
        with self._blas.limit(limits=1):
            return Frames(*self._network(filled), remark)


def musicnn_tensors(found: dict[str, models.Found]) -> dict[str, np.ndarray]:
    """Tensors out of the published graph, or out of the checkpoint's two files."""
    if "musicnn_pb" in found:
        return tensorflow_weights.read_graph(models.load_bytes(found["musicnn_pb"]))
    return tensorflow_weights.read_checkpoint(
        models.load_bytes(found["musicnn_index"]), models.load_bytes(found["musicnn_data"])
    )


class _OnnxRunner:
    def __init__(self, found: models.Found, threads: int):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        wanted = [p for p in (CUDA, CPU) if p in onnxruntime.get_available_providers()]
        content = models.load_bytes(found)
        self._session = onnxruntime.InferenceSession(content, options, providers=wanted)
        # What really runs it: a CUDA build without a usable GPU falls back without a word.
        active = self._session.get_providers()[0]
        self._batch = _ONNX_BATCH[active]
        self.provider = active
        if active != wanted[0]:
            self.provider += f" ({wanted[0]} is installed and did not start)"
        self._input = self._session.get_inputs()[0].name

    def __call__(self, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outputs = [
            self._session.run(["embeddings", "activations"], {self._input: batch})
            for batch in _batches(cut, self._batch)
        ]
        embeddings, activations = zip(*outputs, strict=True)
        return np.concatenate(embeddings), np.concatenate(activations)


class _TensorflowRunner:
    BATCH = 64  # fixed in the graph
    INPUT = "serving_default_melspectrogram"
    ACTIVATIONS, EMBEDDINGS = "PartitionedCall:0", "PartitionedCall:1"
    provider = "Essentia TensorFlow"

    def __init__(self, found: models.Found, threads: int):
        es = essentia_algorithms.load()
        models.load_bytes(found)  # verified; Essentia reads the file itself
        self._pool = es.essentia.Pool
        self._predict = es.TensorflowPredict(
            graphFilename=str(found.path),
            inputs=[self.INPUT],
            outputs=[self.ACTIVATIONS, self.EMBEDDINGS],
        )

    def __call__(self, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        embeddings, activations = [], []
        for batch in _batches(cut, self.BATCH):
            full = np.zeros((self.BATCH, 1, *batch.shape[1:]), np.float32)
            full[: len(batch), 0] = batch
            pool = self._pool()
            pool.set(self.INPUT, full)
            result = self._predict(pool)
            embeddings.append(result[self.EMBEDDINGS].reshape(self.BATCH, -1)[: len(batch)])
            activations.append(result[self.ACTIVATIONS].reshape(self.BATCH, -1)[: len(batch)])
        return np.concatenate(embeddings), np.concatenate(activations)


def _batches(cut: np.ndarray, size: int) -> list[np.ndarray]:
    return [np.ascontiguousarray(cut[i : i + size]) for i in range(0, len(cut), size)]


def _filled(mel: np.ndarray, length: int) -> tuple[np.ndarray, str | None]:
    if len(mel) >= length:
        return mel, None
    needed = length * patches.HOP / patches.SAMPLE_RATE
    return (
        patches.repeat_to_fill(mel, length),
        f"It is shorter than the {needed:.1f} s that the network takes, so it was repeated.",
    )


class MelFrames:
    """Mel frames of a recording, computed once for both networks and dropped with the recording."""

    def __init__(self):
        self._known: WeakKeyDictionary[Audio, np.ndarray] = WeakKeyDictionary()
        self._resamplers = {}

    def __call__(self, audio: Audio) -> np.ndarray:
        """float32 [T, 96]."""
        if audio not in self._known:
            self._known[audio] = patches.mel_frames(self._at_16_khz(audio))
        return self._known[audio]

    def _at_16_khz(self, audio: Audio) -> np.ndarray:
        """Mono, through the resampler that the networks' training data went through."""
        rate, mono = audio.sample_rate, np.ascontiguousarray(audio.mono())
        if rate == patches.SAMPLE_RATE:
            return mono
        if rate not in self._resamplers:
            self._resamplers[rate] = essentia_algorithms.load().Resample(
                inputSampleRate=rate, outputSampleRate=patches.SAMPLE_RATE, quality=4
            )
        return self._resamplers[rate](mono)


mel_frames = MelFrames()
