"""Decoded frames of any sample format, layout and rate → one float32 array [samples, 1 or 2].

The first frame settles the rate and the number of channels. Frames that agree with it, and are
mono or stereo, are copied straight into the array, which is 2.5 times faster than joining
`frame.to_ndarray()`. All others (5.1, a rate that analysis cannot use, a file whose format
changes midway) go through swresample. Channels without a known layout become their mean.
"""

from typing import NamedTuple

import av
import numpy as np

LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000  # Hz: kept as they are; others are resampled
USUAL_RATE = 44_100  # Hz
MAX_CHANNELS = 64  # swresample's limit
# Sample format → type, offset and full scale. FFmpeg's 24-bit formats come as s32.
_SCALES = {
    "flt": (np.float32, 0, 1.0),
    "dbl": (np.float64, 0, 1.0),
    "u8": (np.uint8, 128, 2.0**7),
    "s16": (np.int16, 0, 2.0**15),
    "s32": (np.int32, 0, 2.0**31),
}


class UnusableFormat(Exception):
    """A sentence: why these frames cannot be analysed."""


class _Shape(NamedTuple):
    """What must not change from frame to frame for the conversion to stay the same."""

    format: str
    channels: int
    layout: str
    rate: int


class Samples:
    """Collects frames. `rate` and `channels` are known after the first one."""

    def __init__(self, expected_s: float, limit_s: float) -> None:
        """Make room for about `expected_s` seconds; frames past `limit_s` are not kept."""
        self._expected_s = min(expected_s, limit_s)
        self._limit_s = limit_s
        self._array: np.ndarray | None = None
        self._shape: _Shape | None = None
        self._resampler: av.AudioResampler | None = None
        self.rate = 0  # Hz
        self.channels = 0  # 1 or 2
        self.count = 0  # samples per channel
        self.changes = 0  # of the format, midway

    def add(self, frame: av.AudioFrame) -> None:
        """Append a frame. Raises UnusableFormat."""
        layout = frame.layout
        shape = _Shape(frame.format.name, layout.nb_channels, layout.name, frame.sample_rate)
        if shape != self._shape:
            self._begin(shape)
        if self._resampler is None:
            self._append(_planes(frame, shape))
        else:
            self._convert(frame)

    def finish(self) -> np.ndarray:
        """All samples, float32 [count, channels], C-contiguous. No frame can follow."""
        self._flush()
        if self._array is None:
            return np.zeros((0, 1), np.float32)
        return self._array[: self.count]

    @property
    def is_full(self) -> bool:
        return self.rate > 0 and self.count >= self._limit_s * self.rate

    def _begin(self, shape: _Shape) -> None:
        """Settle how frames of this shape are converted."""
        if not 1 <= shape.channels <= MAX_CHANNELS:
            raise UnusableFormat(
                f"It has {shape.channels} channels; at most {MAX_CHANNELS} can be analysed."
            )
        if shape.rate <= 0:
            raise UnusableFormat("It does not say its sample rate.")
        self._flush()
        if self._array is None:
            usable = LOWEST_RATE <= shape.rate <= HIGHEST_RATE
            self.rate = shape.rate if usable else USUAL_RATE
            self.channels = 1 if shape.channels == 1 or _is_unknown(shape) else 2
            room = int(self._expected_s * self.rate) + self.rate
            self._array = np.empty((room, self.channels), np.float32)
        else:
            self.changes += 1
        self._shape = shape
        direct = (
            shape.channels == self.channels
            and shape.rate == self.rate
            and shape.format.removesuffix("p") in _SCALES
        )
        if not direct:
            layout = shape.layout if _is_unknown(shape) else ("mono", "stereo")[self.channels - 1]
            self._resampler = av.AudioResampler(format="flt", layout=layout, rate=self.rate)

    def _convert(self, frame: av.AudioFrame | None) -> None:
        assert self._resampler is not None
        if frame is not None:
            frame.pts = None  # broken timestamps must not insert or drop samples
        for part in self._resampler.resample(frame):
            channels = part.layout.nb_channels
            packed = np.frombuffer(part.planes[0], np.float32, part.samples * channels)
            block = packed.reshape(-1, channels)
            if channels != self.channels:
                block = block.mean(axis=1, keepdims=True)
            self._append(list(np.broadcast_to(block, (len(block), self.channels)).T))

    def _flush(self) -> None:
        if self._resampler is not None:
            self._convert(None)
            self._resampler = None

    def _append(self, channels: list[np.ndarray]) -> None:
        assert self._array is not None
        stop = self.count + len(channels[0])
        if stop > len(self._array):
            grown = np.empty((max(stop, len(self._array) * 3 // 2), self.channels), np.float32)
            grown[: self.count] = self._array[: self.count]
            self._array = grown
        for i, samples in enumerate(channels):
            self._array[self.count : stop, i] = samples
        self.count = stop


def _is_unknown(shape: _Shape) -> bool:
    """Whether it is not known which channel is which speaker ('7 channels')."""
    return shape.channels > 2 and shape.layout.endswith("channels")


def _planes(frame: av.AudioFrame, shape: _Shape) -> list[np.ndarray]:
    """The samples of each channel of a mono or stereo frame, full scale at 1."""
    name = shape.format.removesuffix("p")
    dtype, offset, scale = _SCALES[name]
    if name != shape.format:
        planes = [np.frombuffer(plane, dtype, frame.samples) for plane in frame.planes]
    else:
        packed = np.frombuffer(frame.planes[0], dtype, frame.samples * shape.channels)
        planes = list(packed.reshape(-1, shape.channels).T)
    if dtype is np.float32:
        return planes
    with np.errstate(over="ignore", invalid="ignore"):  # damaged doubles: replaced later
        return [(plane.astype(np.float32) - offset) * np.float32(1 / scale) for plane in planes]
