"""What is drawn of a recording: its IC, waveform and mel spectrogram, thinned to a screen.

Conventions: time is that of the file; IC lies at the end of each frame, silence is a gap; thin
lines are frames, thick ones their mean over 1 s or more. What is thinned keeps its peaks.
"""

from dataclasses import dataclass

import numpy as np

from engine.audio import Audio
from engine.information import log_mel
from engine.information.curve import FRAMES_PER_SECOND, Curve
from engine.playlist import plain
from engine.report_drawing import COLOURS, SLATE
from engine.report_text import decimal

POINTS = 4_000  # of a line in the page, at most
COLUMNS = 2_000  # of waveform and spectrogram, at most
LEAST_SMOOTHED = 11  # frames of a thick line's mean: 1.02 s
SMOOTHED_SHARE = 300  # of longer recordings, so many means side by side
RANGE_DB = 70.0  # of the spectrogram, below its loudest cell
# Lines of noise levels; the later ones are readable on white and on black.
LINES = (*COLOURS[:2], SLATE, "#b0527a", "#7a8b2a", "#4b7fd1", "#9a6bd0")
MEL_TICKS = {100: "100", 500: "500", 1_000: "1k", 2_000: "2k", 5_000: "5k", 10_000: "10k"}
NAMES = ("IC (nats per frame)", "Waveform", "Mel spectrogram (Hz)")  # from top to bottom


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is drawn of a recording."""

    title: str
    model: str
    curve: Curve
    seconds: float  # of the recording, or of its excerpt
    waveform: np.ndarray  # float32 [2, columns]: lowest and highest sample
    spectrogram: np.ndarray  # float32 [96, columns]: 0 (RANGE_DB below the loudest) to 1

    @property
    def end(self) -> float:
        """Seconds in the file."""
        return self.curve.start + self.seconds

    @property
    def spectrogram_seconds(self) -> float:
        """Only whole frames are in it."""
        return self.curve.values.shape[1] / FRAMES_PER_SECOND

    @property
    def waveform_times(self) -> np.ndarray:
        """Seconds in the file of the waveform's columns."""
        columns = self.waveform.shape[1]
        return self.curve.start + (np.arange(columns) + 0.5) * self.seconds / max(1, columns)

    @property
    def smoothed_frames(self) -> int:
        """Of a thick line's mean; odd, so that the mean lies on a frame."""
        share = int(self.seconds * FRAMES_PER_SECOND / SMOOTHED_SHARE)
        return max(LEAST_SMOOTHED, share // 2 * 2 + 1)

    @property
    def lines(self) -> list[tuple[str, str, np.ndarray, np.ndarray]]:
        """Of each noise level: its name, its colour, the values of all frames, their means."""
        return [
            (
                f"noise level {level:g}",
                LINES[place % len(LINES)],
                values,
                smoothed(values, self.smoothed_frames),
            )
            for place, (level, values) in enumerate(
                zip(self.curve.levels, self.curve.values, strict=True)
            )
        ]

    @property
    def about(self) -> str:
        """A line under the title."""
        found = [(level, self.curve.mean(level)) for level in self.curve.levels]
        means = ", ".join(f"{decimal(m)} (noise level {s:g})" for s, m in found if m is not None)
        told = f"mean IC {means} nats per frame" if means else "no frame has a value"
        return f"Model {self.model}. {clock(self.curve.start)} to {clock(self.end)}, {told}."


def drawing(sound: Audio, curve: Curve, title: str, model: str) -> Drawing:
    """Of a recording and its curve; the model's name is that of systems.Chosen."""
    samples = log_mel.resampled(sound)
    return Drawing(
        plain(title), plain(model), curve, sound.seconds, _envelope(samples), _spectrogram(samples)
    )


def clock(seconds: float) -> str:
    """1:05, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def smoothed(values: np.ndarray, frames: int) -> np.ndarray:
    """Mean over so many frames around each; NaN where fewer than half of them have a value."""
    if len(values) == 0:
        return values
    known = ~np.isnan(values)
    window = np.ones(frames)
    sums = np.convolve(np.where(known, values, 0.0), window, "full")
    counts = np.convolve(known, window, "full")
    middle = slice(frames // 2, frames // 2 + len(values))
    enough = known & (counts[middle] * 2 >= frames)
    return np.where(enough, sums[middle] / np.maximum(counts[middle], 1), np.nan)


def thinned(values: np.ndarray, most: int = POINTS) -> np.ndarray:
    """Positions of at most `most` values, in order: the least and the greatest of each stretch."""
    if len(values) <= most:
        return np.arange(len(values))
    per_stretch = -(-len(values) // (most // 2))
    chosen = []
    for first in range(0, len(values), per_stretch):
        part = values[first : first + per_stretch]
        if np.isnan(part).all():
            chosen.append(first)  # one is enough for a gap
        else:
            ends = {int(np.nanargmin(part)), int(np.nanargmax(part))}
            chosen += [first + place for place in sorted(ends)]
    return np.array(chosen)


def _envelope(samples: np.ndarray) -> np.ndarray:
    """Lowest and highest sample of each column, float32 [2, columns]."""
    edges = np.linspace(0, len(samples), min(COLUMNS, len(samples)), endpoint=False).astype(int)
    if len(edges) == 0:
        return np.zeros((2, 0), np.float32)
    return np.stack((np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)))


def _spectrogram(samples: np.ndarray) -> np.ndarray:
    decibels = log_mel.band_frames(samples).T * np.float32(10 / np.log(10))
    frames = decibels.shape[1]
    if frames == 0:
        return decibels
    edges = np.linspace(0, frames, min(COLUMNS, frames), endpoint=False).astype(int)
    widths = np.diff(np.append(edges, frames))
    columns = np.add.reduceat(decibels, edges, axis=1) / widths
    return np.clip(1 + (columns - columns.max()) / RANGE_DB, 0, 1).astype(np.float32)


def band(hertz: float) -> float:
    """Where a frequency (Hz) lies among the bands, whose first one covers 0 to 1."""
    low, high = log_mel.mel(log_mel.LOWEST), log_mel.mel(log_mel.HIGHEST)
    return float((log_mel.mel(hertz) - low) / (high - low) * (log_mel.BANDS + 1) - 0.5)
