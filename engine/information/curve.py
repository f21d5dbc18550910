"""The IC curve of a recording: which frames have a value, and when.

Conventions: frames are on the grid of the file, 4,096 samples at 44.1 kHz each from its first
sample on; a frame's time is that of its last sample. NaN: the frames of silence at head and tail,
and the first frame after it, which has no context. Only whole frames count.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.information.log_mel import FRAME, SAMPLE_RATE

FRAMES_PER_SECOND = SAMPLE_RATE / FRAME
MUSIC, VOICE = "music", "voice"
# Decibels below the loudest window from which on a window is silent. A voice recording has the
# noise of a room where nobody speaks.
_SILENCE_BELOW = {MUSIC: 60.0, VOICE: 35.0}
_SILENCE = 10 ** (-70 / 20)  # full scale is 1; where nothing is louder, all is silence
_WINDOW, _HOP = 2_048, 512  # samples


@dataclass(frozen=True)
class Span:
    """The sounding part of a recording, in frames of the file's grid."""

    first: int
    end: int  # excluded
    frames: int  # of the whole recording

    def cut(self, samples: np.ndarray) -> np.ndarray:
        """The samples of the part; at the end of a recording also those of no whole frame.

        Encoders that look past the end of a frame use them.
        """
        end = len(samples) if self.end == self.frames else self.end * FRAME
        return samples[self.first * FRAME : end]


def sounding(samples: np.ndarray, audio_type: str = MUSIC) -> Span:
    """Where mono samples at 44.1 kHz are not silent; empty where all are."""
    if audio_type not in _SILENCE_BELOW:
        raise ValueError(f"there is no audio type {audio_type!r}: take {MUSIC} or {VOICE}")
    frames = len(samples) // FRAME
    levels = _levels(samples)
    loudest = levels.max(initial=0.0)
    if loudest < _SILENCE or frames == 0:
        return Span(0, 0, frames)
    heard = np.flatnonzero(levels > loudest * 10 ** (-_SILENCE_BELOW[audio_type] / 20))
    first = int(heard[0]) * _HOP // FRAME
    end = -(-(int(heard[-1]) * _HOP + _WINDOW) // FRAME)
    return Span(min(first, frames), min(end, frames), frames)


def _levels(samples: np.ndarray) -> np.ndarray:
    """Root mean square of windows of 2,048 samples every 512, the last one filled with zeros."""
    count = max(1, -(-(len(samples) - _WINDOW) // _HOP) + 1)
    padded = np.zeros((count - 1) * _HOP + _WINDOW)
    padded[: len(samples)] = samples
    per_hop = (padded.reshape(-1, _HOP) ** 2).sum(1)
    per_window = np.lib.stride_tricks.sliding_window_view(per_hop, _WINDOW // _HOP).sum(1)
    return np.sqrt(per_window / _WINDOW)


@dataclass(frozen=True, eq=False)
class Curve:
    """Information content over the time of a recording."""

    levels: tuple[float, ...]  # of noise
    values: np.ndarray  # float32 [levels, frames], nats; NaN as the module says
    start: float = 0.0  # seconds: where in the file an excerpt begins

    @property
    def times(self) -> np.ndarray:
        """Seconds in the file, the end of each frame, float64 [frames]."""
        return self.start + np.arange(1, self.values.shape[1] + 1) / FRAMES_PER_SECOND

    def mean(self, level: float | None = None) -> float | None:
        """Nats per frame, at the first level unless another is named; None without values."""
        row = self.values[0 if level is None else self.levels.index(level)]
        known = row[~np.isnan(row)]
        return float(known.mean(dtype=np.float64)) if len(known) else None

    def write_csv(self, path: Path) -> None:
        """Columns Time, IC_<level> …; nan where there is no value."""
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["Time", *(f"IC_{level}" for level in self.levels)])
            for time, column in zip(self.times, self.values.T, strict=True):
                writer.writerow([time, *map(str, column)])  # the digits that float32 has


def placed(
    span: Span, levels: tuple[float, ...], information: np.ndarray, start: float = 0.0
) -> Curve:
    """The curve of a recording from the information [levels, T] of its sounding part.

    An encoder may give fewer frames than the part has; further ones are not of this recording.
    """
    values = np.full((len(levels), span.frames), np.nan, np.float32)
    count = min(information.shape[1], span.end - span.first)
    values[:, span.first : span.first + count] = information[:, :count]
    return Curve(levels, values, start)
