"""MusiCNN, the musically motivated tagger, over a whole track: what repeats is computed once.

Goal: the embeddings and tag activations of every patch, as the published graph gives them, for a
fraction of its arithmetic. Source: J. Pons and X. Serra, "musicnn: pre-trained convolutional neural
networks for music audio tagging", 2019 (arXiv 1909.06654); the graph is msd-musicnn-1.pb.

Patches of 187 frames start every 93 frames, so every frame is in two patches. Two thirds of the
published graph's work are its timbral filters (7 frames × 38 or 67 mel bands), whose response is
then maximised over the bands. Here
- they run once over the track, and once more on the 6 frames at the borders of each patch, where
  the published graph sees zeros in place of the neighbouring patch;
- they are applied as products of Fourier transforms over the 96 bands: 1.4 M multiply-adds a frame
  in place of 6.1 M;
- the inverse transform is taken about the middle of the band positions, so that it splits into an
  even part E and an odd part O, and the maximum over the positions ±d is E + |O|: half the work.

Shapes: P patches, T frames, 96 mel bands. Everything is float32.
"""

from collections.abc import Mapping

import numpy as np

from engine import patches

BANDS = patches.BANDS
PATCH_FRAMES = 187  # 3.0 s
HOP_FRAMES = 93  # 1.5 s
EMBEDDING_SIZE = 200
TAG_COUNT = 50  # named in engine/tagging.py

_EPSILON = 1e-3  # of every batch normalisation in the graph
_TAPS = 7  # frames of a timbral and of a middle-layer filter
_REACH = _TAPS // 2
_BINS = BANDS // 2 + 1  # of a real Fourier transform over the bands
_FRAMES_AT_ONCE = 64  # keeps a block's spectra (2.6 MB) in the processor's cache
_PATCHES_AT_ONCE = 16  # bounds the memory of a long track to some 60 MB


class MusiCNN:
    """The network, from its tensors (names as in the published graph and checkpoint)."""

    def __init__(self, tensors: Mapping[str, np.ndarray]):
        self._input = _normalisation(tensors, 0)
        self._timbral = [
            _TimbralFilters(tensors, convolution=name, normalisation=number)
            for name, number in (("conv2d", 1), ("conv2d_1", 2))
        ]
        self._temporal = _TemporalFilters(tensors, {"conv2d_2": 3, "conv2d_3": 4, "conv2d_4": 5})
        self._middle = [
            _MiddleLayer(tensors, convolution=f"conv2d_{number - 1}", normalisation=number)
            for number in (6, 7, 8)
        ]
        self._pooled = _normalisation(tensors, 9)
        self._dense = tensors["dense/kernel"], tensors["dense/bias"]
        self._penultimate = _normalisation(tensors, 10)
        self._output = tensors["dense_1/kernel"], tensors["dense_1/bias"]

    def __call__(self, mel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mel frames [T, 96] → embeddings [P, 200] and tag activations in [0, 1] [P, 50]."""
        scale, offset = self._input
        frames = (mel * scale + offset).astype(np.float32)
        starts = patches.starts(len(frames), PATCH_FRAMES, HOP_FRAMES)
        if not len(starts):
            return np.zeros((0, EMBEDDING_SIZE), np.float32), np.zeros((0, TAG_COUNT), np.float32)
        results = [
            self._patches(frames, starts[first : first + _PATCHES_AT_ONCE])
            for first in range(0, len(starts), _PATCHES_AT_ONCE)
        ]
        embeddings, activations = zip(*results, strict=True)
        return np.concatenate(embeddings), np.concatenate(activations)

    def _patches(self, frames: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, last = starts[0], starts[-1] + PATCH_FRAMES
        frames, starts = frames[first:last], starts - first
        by_band = np.ascontiguousarray(frames.T)
        temporal = [self._temporal(by_band[:, at : at + PATCH_FRAMES]) for at in starts]
        front = np.concatenate([*self._timbral_front(frames, starts), np.stack(temporal)], axis=2)
        layers = [front, self._middle[0](front)]
        for layer in self._middle[1:]:
            layers.append(layers[-1] + layer(layers[-1]))
        stacked = np.concatenate(layers, axis=2)  # [P, 187, 753]
        # The graph stacks maximum and mean in pairs: max of unit 0, mean of unit 0, max of unit 1 …
        pooled = np.stack([stacked.max(axis=1), stacked.mean(axis=1)], axis=2)
        hidden = _affine(pooled.reshape(len(starts), -1), self._pooled)
        embeddings = hidden @ self._dense[0] + self._dense[1]
        hidden = _affine(np.maximum(embeddings, 0), self._penultimate)
        logits = hidden @ self._output[0] + self._output[1]
        return embeddings, (1 / (1 + np.exp(-logits))).astype(np.float32)

    def _timbral_front(self, frames: np.ndarray, starts: np.ndarray) -> list[np.ndarray]:
        """The frames that the timbral filters see, each once → per bank [P, 187, 204]."""
        windows, where = _timbral_windows(len(frames), starts)
        padded = np.concatenate([frames, np.zeros((1, BANDS), np.float32)])
        spectrum = np.fft.rfft(padded, axis=1)
        parts = np.stack([spectrum.real, spectrum.imag]).astype(np.float32)  # [2, T + 1, 49]
        parts = np.ascontiguousarray(parts.transpose(2, 1, 0))  # [49, T + 1, 2]
        responses = [np.empty((len(windows), bank.filters), np.float32) for bank in self._timbral]
        for first in range(0, len(windows), _FRAMES_AT_ONCE):
            block = slice(first, first + _FRAMES_AT_ONCE)
            taps = parts[:, windows[block]].reshape(_BINS, -1, 2 * _TAPS)
            for bank, response in zip(self._timbral, responses, strict=True):
                response[block] = bank(taps)
        return [response[where] for response in responses]


class _TimbralFilters:
    """One bank of filters over 7 frames and many bands, ReLU, normalised, maximum over bands."""

    def __init__(self, tensors: Mapping[str, np.ndarray], convolution: str, normalisation: int):
        kernel = tensors[f"{convolution}/kernel"][:, :, 0, :].astype(np.float64)  # [7, bands, F]
        self.scale, self.offset = _normalisation(tensors, normalisation)
        self.bias = tensors[f"{convolution}/bias"]
        # Normalisation with a negative scale turns the maximum into a minimum: the filter is
        # negated instead, so that all banks take a maximum.
        self.sign = np.where(self.scale < 0, -1, 1).astype(np.float32)
        self.filters = kernel.shape[2]
        positions = BANDS - kernel.shape[1] + 1
        middle = (positions - 1) / 2
        turn = np.exp(2j * np.pi * np.arange(_BINS) * middle / BANDS)
        spectrum = np.fft.rfft(kernel * self.sign, n=BANDS, axis=1).conj() * turn[:, None]
        spectrum = spectrum.transpose(1, 0, 2)  # [49, 7, F]
        # (a + ib)(c + id): rows alternate between the real and the imaginary part of a tap.
        self.real = _interleave(spectrum.real, -spectrum.imag)
        self.imaginary = _interleave(spectrum.imag, spectrum.real)
        weight = np.full(_BINS, 2 / BANDS)
        weight[[0, -1]] = 1 / BANDS
        distance = np.arange(positions // 2 + positions % 2) + (0.5 if positions % 2 == 0 else 0)
        angle = 2 * np.pi * np.outer(distance, np.arange(_BINS)) / BANDS
        self.cosine = (np.cos(angle) * weight).astype(np.float32)  # [distances, 49]
        self.sine = (np.sin(angle) * weight).astype(np.float32)

    def __call__(self, taps: np.ndarray) -> np.ndarray:
        """Spectra of windows [49, N, 14] → responses [N, F]."""
        even = self.cosine @ np.matmul(taps, self.real).reshape(_BINS, -1)
        odd = self.sine @ np.matmul(taps, self.imaginary).reshape(_BINS, -1)
        np.abs(odd, out=odd)
        even += odd
        highest = even.max(axis=0).reshape(-1, self.filters)
        return np.maximum(highest * self.sign + self.bias, 0) * self.scale + self.offset


class _TemporalFilters:
    """Three banks of filters over 128, 64 and 32 frames of one band, else as _TimbralFilters.

    They reach so far beyond the borders of a patch that sharing between patches gains little.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray], names: Mapping[str, int]):
        self.kernels, self.settings = [], []
        for convolution, normalisation in names.items():
            kernel = tensors[f"{convolution}/kernel"][:, 0, 0, :]  # [taps, F]
            scale, offset = _normalisation(tensors, normalisation)
            sign = np.where(scale < 0, -1, 1).astype(np.float32)
            self.kernels.append(np.ascontiguousarray((kernel * sign).T))
            self.settings.append((sign, tensors[f"{convolution}/bias"], scale, offset))
        self.longest = max(kernel.shape[1] for kernel in self.kernels)

    def __call__(self, bands: np.ndarray) -> np.ndarray:
        """One patch by band [96, 187] → responses [187, 3 F]."""
        before = (
            self.longest - 1
        ) // 2  # TensorFlow's SAME: the odd zero of an even filter is last
        padded = np.pad(bands, ((0, 0), (before, self.longest - 1 - before)))
        shifted = np.lib.stride_tricks.sliding_window_view(padded, PATCH_FRAMES, axis=1)
        highest = [np.full((len(k), PATCH_FRAMES), -np.inf, np.float32) for k in self.kernels]
        response = np.empty_like(highest[0])
        gathered = np.empty((self.longest, PATCH_FRAMES), np.float32)
        for window in shifted:  # a band at a time stays in the inner caches
            np.copyto(gathered, window)
            for kernel, best in zip(self.kernels, highest, strict=True):
                skip = (self.longest - kernel.shape[1]) // 2  # all filters share one middle
                np.matmul(kernel, gathered[skip : skip + kernel.shape[1]], out=response)
                np.maximum(best, response, out=best)
        return np.concatenate(
            [
                np.maximum(best.T * sign + bias, 0) * scale + offset
                for best, (sign, bias, scale, offset) in zip(highest, self.settings, strict=True)
            ],
            axis=1,
        )


class _MiddleLayer:
    """A filter over 7 frames and all units, ReLU, normalised."""

    def __init__(self, tensors: Mapping[str, np.ndarray], convolution: str, normalisation: int):
        kernel = tensors[f"{convolution}/kernel"][:, :, 0, :]  # [7, units, F]
        self.filters = kernel.shape[2]
        self.kernel = np.ascontiguousarray(kernel.transpose(1, 0, 2).reshape(kernel.shape[1], -1))
        self.bias = tensors[f"{convolution}/bias"]
        self.normalisation = _normalisation(tensors, normalisation)

    def __call__(self, units: np.ndarray) -> np.ndarray:
        """[P, 187, units] → [P, 187, F]: one product for all taps, then shifted sums."""
        count, length, _ = units.shape
        products = (units.reshape(count * length, -1) @ self.kernel).reshape(
            count, length, _TAPS, self.filters
        )
        total = np.broadcast_to(self.bias, (count, length, self.filters)).copy()
        for tap in range(_TAPS):
            shift = tap - _REACH
            source = slice(max(shift, 0), length + min(shift, 0))
            target = slice(max(-shift, 0), length + min(-shift, 0))
            total[:, target] += products[:, source, tap]
        return _affine(np.maximum(total, 0), self.normalisation)


def _timbral_windows(frames: int, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which 7 frames each response sees [N, 7]; which response each patch's frame takes [P, 187].

    The first T responses are those of the frames within the track; then come, for each patch, those
    of its first and last three frames, whose taps beyond the patch point at a frame of zeros (T).
    """
    offsets = np.arange(-_REACH, _REACH + 1)
    whole = np.arange(frames)[:, None] + offsets
    whole[(whole < 0) | (whole >= frames)] = frames
    borders = np.r_[0:_REACH, PATCH_FRAMES - _REACH : PATCH_FRAMES]
    inside = borders[:, None] + offsets
    outside = (inside < 0) | (inside >= PATCH_FRAMES)
    cut = starts[:, None, None] + inside
    cut[:, outside] = frames
    where = starts[:, None] + np.arange(PATCH_FRAMES)
    where[:, borders] = frames + np.arange(len(starts) * len(borders)).reshape(len(starts), -1)
    return np.concatenate([whole, cut.reshape(-1, _TAPS)]), where


def _interleave(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """[49, 7, F] twice → [49, 14, F], alternating along the taps."""
    stacked = np.stack([first, second], axis=2)
    return np.ascontiguousarray(stacked.reshape(len(first), -1, first.shape[2]), np.float32)


def _normalisation(tensors: Mapping[str, np.ndarray], number: int) -> tuple[np.ndarray, np.ndarray]:
    """Batch normalisation as scale and offset."""
    name = "batch_normalization" + (f"_{number}" if number else "")
    deviation = np.sqrt(tensors[f"{name}/moving_variance"].astype(np.float64) + _EPSILON)
    scale = tensors[f"{name}/gamma"] / deviation
    offset = tensors[f"{name}/beta"] - tensors[f"{name}/moving_mean"] * scale
    return scale.astype(np.float32), offset.astype(np.float32)


def _affine(values: np.ndarray, normalisation: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return values * normalisation[0] + normalisation[1]
