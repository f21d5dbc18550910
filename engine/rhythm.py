"""Tempo: the multi-feature beat tracker, with its onset detection functions computed in NumPy.

Goal: the five beat trackers of Essentia's `RhythmExtractor2013(method="multifeature")`, several
times faster, and an answer that stays the same when the same music comes from another file.

The same beats: nine tenths of Essentia's time go into five onset detection functions, bin by bin
with arctangents and cosines; here one Fourier transform serves all five, and phases stay complex
numbers of length one. The decoding of beats from each function (`TempoTapDegara`) is Essentia's.

A steadier tempo, in three things that Essentia does otherwise:

- It takes the one tracker that agrees most with the others, which near a tie is decided by how a
  decoder rounds. Here the trackers vote for tempi, each with its agreement.
- It averages single beat intervals, which are whole frames of 11.6 ms: clicks of 170 to 173 BPM
  all read 172.27. Here the tempo is that of runs of eight beats.
- Its confidence says how well the beats agree, and beats at half the tempo agree with all of the
  others. Here it is no higher than the lead of the tempo in the vote allows.

Where the confidence is 1.5 or more, the tempo is hardly ever farther than 2 % from Essentia's for
the same samples, and hardly ever moves by 1 % with another encoding: benchmarks/TEMPO.md counts.

Source: J. Zapata, M. Davies and E. Gómez, "Multi-feature beat tracker", IEEE/ACM TASLP 22(4), 2014;
the functions' parameters as documented for Essentia's BeatTrackerMultiFeature, OnsetDetection and
OnsetDetectionGlobal. Where that implementation departs from the papers (the sign of a phase and the
threshold in the beat emphasis), this one follows the implementation, so that beats stay the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import fft, signal

from engine import essentia_algorithms

SAMPLE_RATE = 44_100  # Hz: all constants below were tuned at this rate
FRAME = 2048  # samples, 46 ms
HOP = 512  # samples, 11.6 ms; three of the five functions take every other frame
_FRAMES_AT_ONCE = 256  # 2 MB of spectra stay in the cache; even, as every other frame is taken

_HISTOGRAM_FRAMES = 5  # on either side, of the information gain
_GAIN_BINS = slice(round(40 * FRAME / SAMPLE_RATE), round(5000 * FRAME / SAMPLE_RATE) + 1)
_MEL_BANDS, _MEL_TOP = 40, 4000.0  # Hz
_SILENCE = 1e-10  # energy under which a band counts as -100 dB
_ERB_BANDS, _ERB_BOTTOM = 40, 80.0  # Hz
_SMOOTHING = 17  # frames of the moving average under a band's beat emphasis
_LONGEST_PERIOD = 512  # frames, 5.9 s
_PREFERRED_PERIOD = 43  # frames, 120 BPM: the peak of the Rayleigh tempo preference
_COMBS = 4  # metric levels
_STRONG_BAND = 24  # the band whose weight is the threshold for all
# The beat decoder looks for 40 to 208 BPM; what is far above comes out of silence (738 BPM).
FASTEST_BPM = 300.0
_SETTLED = 5.0  # seconds before which beats are not compared
_ERROR_BINS = 40
_MOST_BITS = 5  # log2(40) cut to a whole number, as in the implementation followed here
_ERROR_STEP = 1 / (_ERROR_BINS - 1)
_ERROR_CENTRES = np.r_[
    -0.5, np.arange(-0.5 + 1.5 * _ERROR_STEP, 0.5 - _ERROR_STEP, _ERROR_STEP), 0.5
]
_ERROR_BORDERS = (_ERROR_CENTRES[:-1] + _ERROR_CENTRES[1:]) / 2
_BPM_TOLERANCE = 5.0  # BPM around the most frequent beat interval
_RUN_LENGTHS = (8, 4, 2)  # beats; the first of which there are enough
_ENOUGH_RUNS = 0.25  # of the intervals around the most frequent one
_SKIPPED = 0.25  # of a beat: a longer or shorter interval has lost or gained a beat
_TRIMMED = 0.25  # of the runs at either end, where a tracker corrects itself by a few frames
_SAME_TEMPO = 0.08  # natural logarithm: tempi this far apart have nothing in common


@dataclass(frozen=True)
class Rhythm:
    """Tempo of a recording. `bpm` is None when fewer than two beats were found."""

    bpm: float | None
    confidence: float  # 0-5: under 1 unreliable, up to 1.5 weak, above 3.5 reliable
    beats: np.ndarray = field(repr=False)  # seconds


class BeatTracker:
    """Estimates tempo and beats; holds Essentia's algorithms and the filter banks."""

    def __init__(self):
        es = essentia_algorithms.load()
        coarse = {"sampleRateODF": SAMPLE_RATE / (2 * HOP), "resample": "x2"}
        fine = {"sampleRateODF": SAMPLE_RATE / HOP, "resample": "none"}
        self._decoders = [
            es.TempoTapDegara(**rate) for rate in (coarse, coarse, coarse, fine, fine)
        ]

    def __call__(self, samples: np.ndarray) -> Rhythm:
        """Mono samples at 44.1 kHz, float32 [n], finite → Rhythm."""
        return vote(self.candidates(samples))

    def candidates(self, samples: np.ndarray) -> list[np.ndarray]:
        """The beats that each of the five trackers finds, seconds."""
        functions = onset_functions(samples)
        return [
            decode(np.ascontiguousarray(function, np.float32))
            for decode, function in zip(self._decoders, functions, strict=True)
        ]


def onset_functions(samples: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mono samples at 44.1 kHz → complex difference, energy flux and mel flux (every 1024 samples),
    beat emphasis and information gain (every 512)."""
    blocks = _Blocks()
    fine, coarse = (_frame_count(len(samples), hop) for hop in (HOP, 2 * HOP))
    for spectra in _spectra(samples, max(fine, 2 * coarse - 1)):
        blocks.add(spectra)
    complex_difference, energy, mel, erb, gain = blocks.joined()
    mel_flux = np.maximum(np.diff(mel, axis=0), 0).sum(axis=1)
    energy_flux = np.maximum(np.diff(energy), 0)
    return (
        complex_difference,
        np.r_[0, energy_flux],
        np.r_[0, mel_flux],
        _beat_emphasis(erb[:fine].T.astype(np.float64)),
        gain[:fine],
    )


def _frame_count(samples: int, hop: int) -> int:
    """The last frame is the first one that reaches the end."""
    return max(-(-(samples - FRAME) // hop), 0) + 1


def _spectra(samples: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Complex spectra of `count` frames, the first at the first sample, in blocks [≤ 256, 1025]."""
    window = _window()
    for first in range(0, count, _FRAMES_AT_ONCE):
        last = min(first + _FRAMES_AT_ONCE, count)
        part = samples[first * HOP : (last - 1) * HOP + FRAME]
        missing = (last - 1 - first) * HOP + FRAME - len(part)
        part = np.pad(part, (0, missing)) if missing else part
        frames = np.lib.stride_tricks.sliding_window_view(part, FRAME)[::HOP]
        yield fft.rfft(frames * window, axis=1)


class _Blocks:
    """What the functions take from each block of spectra, with the two frames before it."""

    def __init__(self):
        bins = FRAME // 2 + 1
        # Before the first frame: no magnitude, and phase zero at the middle of the window, from
        # where Essentia counts phases.
        self._zero = np.where(np.arange(bins) % 2, -1, 1).astype(np.complex64)
        self._magnitudes = np.zeros((2, bins), np.float32)
        self._heard = np.zeros((2 * _HISTOGRAM_FRAMES, bins), np.float32)[:, _GAIN_BINS]
        self._phases = np.tile(self._zero, (4, 1))
        self._parts: list[tuple[np.ndarray, ...]] = []

    def add(self, spectra: np.ndarray) -> None:
        magnitude = np.sqrt(spectra.real**2 + spectra.imag**2)
        quiet = magnitude == 0
        phase = spectra / np.where(quiet, 1, magnitude)
        np.copyto(phase, self._zero, where=quiet)
        heard = np.concatenate([self._heard, magnitude[:, _GAIN_BINS]])
        magnitudes = np.concatenate([self._magnitudes, magnitude])
        phases = np.concatenate([self._phases, phase])
        self._parts.append(
            (
                _complex_difference(magnitudes, phases),
                np.sqrt((magnitude[::2] ** 2).sum(axis=1)) / magnitude.shape[1],
                _decibels((magnitude[::2] ** 2) @ mel_filters()),
                _squared_difference(magnitudes[1:], phases[2:]) @ erb_filters(),
                _information_gain(heard),
            )
        )
        self._heard = heard[-2 * _HISTOGRAM_FRAMES :]
        self._magnitudes, self._phases = magnitudes[-2:], phases[-4:]

    def joined(self) -> list[np.ndarray]:
        return [np.concatenate(parts) for parts in zip(*self._parts, strict=True)]


def _complex_difference(magnitudes: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Distance of each second frame from its prediction, summed over bins. Bello et al., 2004.

    The prediction keeps the last magnitude and turns on by the last change of phase.
    """
    magnitude, before = magnitudes[2::2], magnitudes[0:-2:2]
    one_back = phases[2:-2:2]
    turned = phases[4::2] * np.conj(one_back) ** 2 * phases[0:-4:2]
    return _distance_squared(before, magnitude, turned, root=True).sum(axis=1)


def _squared_difference(magnitudes: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """The same for each frame and bin, squared, with the older phase added, not subtracted."""
    turned = phases[2:] * np.conj(phases[1:-1]) ** 2 * np.conj(phases[:-2])
    return _distance_squared(magnitudes[:-1], magnitudes[1:], turned, root=False)


def _distance_squared(
    before: np.ndarray, magnitude: np.ndarray, turned: np.ndarray, root: bool
) -> np.ndarray:
    squared = (before - magnitude * turned.real) ** 2 + (magnitude * turned.imag) ** 2
    return np.sqrt(squared, out=squared) if root else squared


def _decibels(energy: np.ndarray) -> np.ndarray:
    """20 log10, as Essentia takes mel energies for amplitudes; silence is -200."""
    return np.where(energy < _SILENCE, -200, 20 * np.log10(np.maximum(energy, _SILENCE)))


def _information_gain(magnitudes: np.ndarray) -> np.ndarray:
    """[10 + T, bins] → [T]: log2 of what five frames hold over what the five before the sixth held.

    Summed over the bins where it rose. Hainsworth and Macleod, 2003.
    """
    span = _HISTOGRAM_FRAMES
    weights = (1 - np.arange(span) * 0.9 / span).astype(np.float32)
    count = len(magnitudes) - 2 * span
    before = sum(w * magnitudes[i : i + count] for i, w in enumerate(weights[::-1]))
    after = sum(w * magnitudes[span + 1 + i :][:count] for i, w in enumerate(weights))
    before[before == 0] = 1
    after[after == 0] = np.finfo(np.float32).eps
    return np.maximum(np.log2(after / before), 0).sum(axis=1)


def _beat_emphasis(bands: np.ndarray) -> np.ndarray:
    """[40, T] → [T]: the bands' differences, weighted by periodicity. Davies et al., 2009."""
    count = bands.shape[1]
    deviation = bands.std(axis=1, keepdims=True)
    bands = bands / np.where(deviation > 0, deviation, 1)
    extended = np.pad(bands, ((0, 0), (0, _SMOOTHING - 1)), mode="edge")
    total = np.cumsum(np.pad(extended, ((0, 0), (1, 0))), axis=1)
    smooth = (total[:, _SMOOTHING:] - total[:, :-_SMOOTHING]) / _SMOOTHING
    extended[:, :count] = np.maximum(bands - smooth, 0)
    weights = np.array([_periodicity(band) for band in extended])
    if weights.max() > 0:
        weights /= weights.max()
    strong = weights >= weights[_STRONG_BAND]
    return weights[strong] @ extended[strong, :count]


def _periodicity(band: np.ndarray) -> float:
    """The highest comb of the unbiased autocorrelation, weighted by tempo preference."""
    size = len(band)
    lags = min(size, _LONGEST_PERIOD)
    power = np.abs(fft.rfft(band, fft.next_fast_len(size + lags, real=True))) ** 2
    correlation = np.zeros(_LONGEST_PERIOD)
    correlation[:lags] = fft.irfft(power, fft.next_fast_len(size + lags, real=True))[:lags]
    correlation[:lags] /= size - np.arange(lags)
    periods = np.arange(3, (_LONGEST_PERIOD - (_COMBS - 1)) // _COMBS - 1)
    salience = np.zeros(len(periods))
    for comb in range(1, _COMBS + 1):
        for region in range(1 - comb, comb):
            salience += correlation[periods * comb + region] / (2 * comb - 1)
    lag = periods + 1
    preference = lag / _PREFERRED_PERIOD**2 * np.exp(-0.5 * lag**2 / _PREFERRED_PERIOD**2)
    return max(float((salience * preference).max()), 0.0)


def vote(candidates: Sequence[np.ndarray]) -> Rhythm:
    """The tempo that most trackers share, each counting for as much as it agrees with the others.

    candidates: each tracker's beats, seconds. The confidence is the mean agreement, but no more
    than 5 times the tempo's lead over the next best one, as a share of its own votes: where they
    are nearly even, another encoding of the same music can turn the answer round. It is never under
    0, which the agreement of unrelated beats is by up to a third of a bit.
    """
    gain = mutual_agreement(candidates)
    count = len(candidates)
    agreement = float(gain.sum() / max(count * (count - 1), 1))
    tempi = [_beats_per_minute(np.asarray(beats)) for beats in candidates]
    winner, lead = _elect(tempi, gain.sum(axis=1))
    confidence = max(min(agreement, _MOST_BITS * lead), 0.0)
    return Rhythm(tempi[winner], confidence, np.asarray(candidates[winner]))


def mutual_agreement(candidates: Sequence[np.ndarray]) -> np.ndarray:
    """How well each two trackers' beats agree from the fifth second on, at most 5 bits.

    Source: A. Holzapfel et al., "Selective sampling for beat tracking evaluation", IEEE TASLP
    20(9), 2012: mutual information gain of the beat errors. With itself, each has 0.
    """
    late = [np.asarray(beats)[np.asarray(beats) >= _SETTLED] for beats in candidates]
    gain = np.zeros((len(late), len(late)))
    for i, first in enumerate(late):
        for j, second in enumerate(late[:i]):
            gain[i, j] = gain[j, i] = _mutual_information_gain(first, second)
    return gain


def _elect(tempi: Sequence[float | None], weights: np.ndarray) -> tuple[int, float]:
    """The voter whose tempo has the most votes, and its lead, 0-1, over any quite different tempo.

    A voter counts in full for its own tempo, and for others the less the farther they are: there is
    no border that a tempo could cross by rounding. Those without a tempo do not vote.
    """
    voters = np.array([i for i, bpm in enumerate(tempi) if bpm is not None], int)
    if len(voters) == 0:
        return 0, 0.0
    logs = np.log([tempi[i] for i in voters])
    shared = np.maximum(1 - np.abs(logs[:, None] - logs) / _SAME_TEMPO, 0)
    votes = shared @ np.maximum(weights[voters], np.finfo(float).eps)  # of no beats: one each
    best = int(votes.argmax())
    rivals = votes[shared[best] == 0]
    return int(voters[best]), float(1 - rivals.max(initial=0) / votes[best])


def _mutual_information_gain(first: np.ndarray, second: np.ndarray) -> float:
    """Bits that the beat errors' histogram is away from uniform, the worse of both directions."""
    if len(first) < 2 or len(second) < 2:
        return 0.0
    entropy = max(_error_entropy(first, second), _error_entropy(second, first))
    return _MOST_BITS - entropy


def _error_entropy(reference: np.ndarray, beats: np.ndarray) -> float:
    nearest = np.abs(reference[None, :] - beats[:, None]).argmin(axis=1)
    error = beats - reference[nearest]
    intervals = np.diff(reference)
    before = (nearest == len(reference) - 1) | ((nearest > 0) & (error < 0))
    interval = intervals[nearest - before]
    relative = np.fmod(error / interval + 0.5, 1) - 0.5
    counts = np.bincount(np.searchsorted(_ERROR_BORDERS, relative, side="right"),
                         minlength=len(_ERROR_BORDERS) + 1).astype(float)  # fmt: skip
    counts[0] += counts[-1]  # half a beat early is half a beat late
    share = counts[:-1] / counts[:-1].sum()
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def _beats_per_minute(beats: np.ndarray) -> float | None:
    """Mean tempo of runs of beats within 5 BPM of the most frequent interval, in bins of 2 BPM."""
    if len(beats) < 2:
        return None
    tempi = 60 / np.diff(beats)
    # As in Essentia, a bin is named by its lower end after rounding to the nearest.
    counts = np.bincount(np.floor(tempi / 2 + 0.5).astype(int))
    frequent = 2.0 * counts.argmax()
    close = tempi[np.abs(tempi - frequent) < _BPM_TOLERANCE]
    for length in _RUN_LENGTHS:
        runs = np.sort(_run_tempi(beats, frequent, length))
        if len(runs) >= max(_ENOUGH_RUNS * len(close), 1):
            trimmed = int(_TRIMMED * len(runs))
            return float(runs[trimmed : len(runs) - trimmed].mean())
    return float(close.mean()) if len(close) else frequent


def _run_tempi(beats: np.ndarray, frequent: float, length: int) -> np.ndarray:
    """Tempi of all runs of `length` intervals near a frequent tempo without a beat too many or too
    few."""
    if len(beats) <= length:
        return np.zeros(0)
    steady = np.abs(np.diff(beats) * frequent / 60 - 1) < _SKIPPED
    unbroken = np.lib.stride_tricks.sliding_window_view(steady, length).all(axis=1)
    tempi = 60 * length / (beats[length:] - beats[:-length])
    return tempi[unbroken & (np.abs(tempi - frequent) < _BPM_TOLERANCE)]


@cache
def _window() -> np.ndarray:
    """Hann window of area 2, float32 [2048]."""
    window = signal.windows.hann(FRAME)
    return (window * 2 / window.sum()).astype(np.float32)


@cache
def mel_filters() -> np.ndarray:
    """Essentia's HTK mel bands from 0 to 4 kHz, float32 [1025, 40]."""
    bank = essentia_algorithms.load().MelBands(
        sampleRate=SAMPLE_RATE, numberBands=_MEL_BANDS, lowFrequencyBound=0.0,
        highFrequencyBound=_MEL_TOP, inputSize=FRAME // 2 + 1,
    )  # fmt: skip
    return _responses(bank)


@cache
def erb_filters() -> np.ndarray:
    """Essentia's gammatone bands from 80 Hz to 22.05 kHz, float32 [1025, 40]."""
    bank = essentia_algorithms.load().ERBBands(
        sampleRate=SAMPLE_RATE, numberBands=_ERB_BANDS, lowFrequencyBound=_ERB_BOTTOM,
        highFrequencyBound=SAMPLE_RATE / 2, inputSize=FRAME // 2 + 1, type="magnitude",
    )  # fmt: skip
    return _responses(bank)


def _responses(bank) -> np.ndarray:
    """A linear filter bank as a matrix: its response to each bin on its own."""
    return np.stack([bank(bin_) for bin_ in np.eye(FRAME // 2 + 1, dtype=np.float32)])
