"""Classifier heads: embeddings of patches → styles, voice, danceability, arousal and valence.

Source: MTG's transfer-learning classifiers; the order of the classes is that of each model's
metadata file. Every patch is classified, then the outputs are averaged over the recording. The
heads have at most two layers and run in NumPy, equal to Essentia's TensorflowPredict2D.
"""

from collections.abc import Callable

import numpy as np

from engine.tensorflow_weights import WeightsError, read_graph


def softmax(values: np.ndarray) -> np.ndarray:
    """[…, classes] → probabilities that sum to 1."""
    exponential = np.exp(values - values.max(axis=-1, keepdims=True))
    return exponential / exponential.sum(axis=-1, keepdims=True)


def sigmoid(values: np.ndarray) -> np.ndarray:
    """Independent probabilities."""
    return 1 / (1 + np.exp(-values))


def identity(values: np.ndarray) -> np.ndarray:
    """A regression's output as it is."""
    return values


class Head:
    """Dense layers with ReLU between them, and a function at the end."""

    def __init__(self, graph: bytes, output: Callable[[np.ndarray], np.ndarray]):
        self._layers = _layers(read_graph(graph))
        self._output = output

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Embeddings [P, dimensions] → mean output over the patches, float64 [classes]."""
        values = embeddings
        for i, (kernel, bias) in enumerate(self._layers):
            values = (np.maximum(values, 0) if i else values) @ kernel + bias
        return self._output(values).mean(axis=0, dtype=np.float64)


def _layers(tensors: dict[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    if "dense/kernel" in tensors:
        names = sorted({name.partition("/")[0] for name in tensors if name.startswith("dense")})
        return [(tensors[f"{name}/kernel"], tensors[f"{name}/bias"]) for name in names]
    # The style head was exported with anonymous constants: the kernel transposed, and the bias.
    matrices = [tensor for tensor in tensors.values() if tensor.ndim == 2]
    biases = [tensor for tensor in tensors.values() if tensor.ndim == 1]
    if len(matrices) != 1 or len(biases) != 1 or len(matrices[0]) != len(biases[0]):
        raise WeightsError("the graph is not a classifier of one or two dense layers")
    return [(matrices[0].T, biases[0])]


VOICE = ("instrumental", "voice")
DANCEABILITY = ("danceable", "not_danceable")
EMOTION = ("valence", "arousal")
# What MusiCNN itself was trained to hear: the 50 most frequent tags of the Million Song Dataset.
TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s",
    "alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists", "classic rock",
    "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s", "chill", "instrumental",
    "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop",
    "sad", "House", "happy",
)  # fmt: skip
