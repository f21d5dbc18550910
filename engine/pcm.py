"""Decoded frames of any sample format, layout and rate → one float32 array [samples, 1 or 2].

The first frame settles the rate. Frames that agree with it and are mono or stereo are copied
straight into the array, which is 2.5 times faster than joining `frame.to_ndarray()`; a rate that
analysis cannot use, or one that changes midway, goes through swresample. More than two channels are
mixed down (engine/speakers.py) block by block, and their loudness is measured as they pass, since
it cannot be told from the mix. A mono recording becomes stereo when a stereo frame follows.
"""

from typing import TYPE_CHECKING, NamedTuple

import av
import numpy as np

from engine import speakers

if TYPE_CHECKING:
    from engine.loudness import Loudness, Meter

LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000  # Hz: kept as they are; others are resampled
USUAL_RATE = 44_100  # Hz
MAX_CHANNELS = 64  # swresample's limit
LOUDEST = 16.0  # +24 dBFS: larger samples are damage, not clipping
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

    def __init__(self, expected_s: float, limit_s: float, measures: bool = True) -> None:
        """Make room for about `expected_s` seconds; frames past `limit_s` are not kept.

        measures: the loudness of more than two channels, which costs more than mixing them.
        """
        self._measures = measures
        self._expected_s = min(expected_s, limit_s)
        self._limit_s = limit_s
        self._array = np.empty((0, 1), np.float32)
        self._shape: _Shape | None = None
        self._resampler: av.AudioResampler | None = None
        self._mix: np.ndarray | None = None  # [channels of the frames, channels]; None: as they are
        self._weights = np.ones(0)  # of the frames' channels, in the loudness
        self._meter: Meter | None = None  # from the first frame with more than two channels on
        self._unmeasured: list[np.ndarray] = []  # blocks [n, channels of the frames]
        self.rate = 0  # Hz
        self.channels = 0  # 1 or 2
        self.count = 0  # samples per channel

    def add(self, frame: av.AudioFrame, names: tuple[str, ...] = ()) -> None:
        """Append a frame. Raises UnusableFormat.

        names: of the loudspeakers, where the frame itself does not say.
        """
        layout = frame.layout
        shape = _Shape(frame.format.name, layout.nb_channels, layout.name, frame.sample_rate)
        if shape != self._shape:
            is_unnamed = layout.name == f"{shape.channels} channels" == f"{len(names)} channels"
            self._begin(shape, names if is_unnamed else speakers.names(layout))
        if self._resampler is None:
            self._append(_planes(frame, shape))
        else:
            self._convert(frame)

    def finish(self) -> np.ndarray:
        """All samples, float32 [count, channels], C-contiguous. No frame can follow."""
        self._flush()
        return self._array[: self.count]

    @property
    def is_full(self) -> bool:
        return self.rate > 0 and self.count >= self._limit_s * self.rate

    @property
    def loudness(self) -> "Loudness | None":
        """Of all channels as decoded; None if there were never more than two, or not measured."""
        return self._meter.read() if self._meter else None

    def _begin(self, shape: _Shape, names: tuple[str, ...]) -> None:
        """Settle how frames of this shape are converted."""
        if not 1 <= shape.channels <= MAX_CHANNELS:
            raise UnusableFormat(
                f"It has {shape.channels} channels; at most {MAX_CHANNELS} can be analysed."
            )
        if shape.rate <= 0:
            raise UnusableFormat("It does not say its sample rate.")
        self._flush()
        if not self.rate:
            usable = LOWEST_RATE <= shape.rate <= HIGHEST_RATE
            self.rate = shape.rate if usable else USUAL_RATE
        self._shape = shape
        self._settle_mix(names)
        if shape.rate != self.rate or shape.format.removesuffix("p") not in _SCALES:
            self._resampler = av.AudioResampler("flt", shape.layout, self.rate)

    def _settle_mix(self, names: tuple[str, ...]) -> None:
        """From now on, frames have these loudspeakers."""
        mix = speakers.mix(names)
        if mix.shape[1] > self.channels:
            self.channels = mix.shape[1]
            self._make_room(max(len(self._array), int(self._expected_s * self.rate) + self.rate))
        mix = np.broadcast_to(mix, (len(mix), self.channels)) if mix.shape[1] == 1 else mix
        self._mix = None if np.array_equal(mix, np.eye(self.channels)) else mix
        if self._measures and len(names) > 2 and self._meter is None:
            self._meter = _new_meter(self.rate)
            as_kept = np.full(self.channels, 2 / self.channels)  # one loudspeaker alone is doubled
            self._meter.add(self._array[: self.count], as_kept)
        self._weights = speakers.weights(names)

    def _convert(self, frame: av.AudioFrame | None) -> None:
        assert self._resampler is not None
        if frame is not None:
            frame.pts = None  # broken timestamps must not insert or drop samples
        for part in self._resampler.resample(frame):
            channels = part.layout.nb_channels
            packed = np.frombuffer(part.planes[0], np.float32, part.samples * channels)
            self._append(list(packed.reshape(-1, channels).T))

    def _flush(self) -> None:
        if self._resampler is not None:
            self._convert(None)
            self._resampler = None
        self._measure()

    def _append(self, channels: list[np.ndarray]) -> None:
        """Mix down the channels of a block, as many as its frame had, and keep them."""
        if self._mix is not None or self._meter is not None:
            block = np.stack(channels, axis=1)
            if self._meter is not None:
                room = int(self._limit_s * self.rate) - self.count
                self._unmeasured.append(block[: max(0, room)])
                if sum(map(len, self._unmeasured)) >= self.rate:
                    self._measure()
            if self._mix is not None:
                with np.errstate(over="ignore", invalid="ignore"):  # damage: replaced later
                    channels = list((block @ self._mix).T)
        stop = self.count + len(channels[0])
        if stop > len(self._array):
            self._make_room(max(stop, len(self._array) * 3 // 2))
        for i, samples in enumerate(channels):
            self._array[self.count : stop, i] = samples
        self.count = stop

    def _measure(self) -> None:
        """Measure what has gathered: about a second at once, as each call has its price."""
        if self._meter is not None and self._unmeasured:
            block = np.concatenate(self._unmeasured)
            self._unmeasured.clear()
            self._meter.add(np.where(np.abs(block) <= LOUDEST, block, 0), self._weights)

    def _make_room(self, length: int) -> None:
        """A longer array, or one with a channel more: the mono signal in both."""
        grown = np.empty((length, self.channels), np.float32)
        grown[: self.count] = self._array[: self.count]
        self._array = grown


def _new_meter(rate: int) -> "Meter":
    from engine.loudness import Meter  # here: SciPy takes half a second, and most files have stereo

    return Meter(rate)


def _planes(frame: av.AudioFrame, shape: _Shape) -> list[np.ndarray]:
    """The samples of each channel of a frame, full scale at 1."""
    name = shape.format.removesuffix("p")
    dtype, offset, scale = _SCALES[name]
    if name != shape.format:
        planes = frame.planes[: shape.channels]  # of eight or more, PyAV gives others behind them
        channels = [np.frombuffer(plane, dtype, frame.samples) for plane in planes]
    else:
        packed = np.frombuffer(frame.planes[0], dtype, frame.samples * shape.channels)
        channels = list(packed.reshape(-1, shape.channels).T)
    if dtype is np.float32:
        return channels
    with np.errstate(over="ignore", invalid="ignore"):  # damaged doubles: replaced later
        return [(values.astype(np.float32) - offset) * np.float32(1 / scale) for values in channels]
