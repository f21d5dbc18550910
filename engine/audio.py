"""Any audio file → samples, with PyAV's current FFmpeg; Essentia never opens a file.

Conventions: samples are float32 [n, channels] with 1 or 2 channels, full scale at 1, at the
file's own rate between 8 and 48 kHz, else at 44.1 kHz. More than two channels are mixed down by
their loudspeakers (engine/speakers.py). A file longer than a stated span is analysed at its centre.
The links of a chained Ogg file are one recording, as long as all of them together.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np

from engine.container import AudioError, Part, Source, opened, slack_s, words
from engine.content import ContentHash
from engine.pcm import LOUDEST, Samples, UnusableFormat
from engine.records import Media, Tags

if TYPE_CHECKING:
    from engine.loudness import Loudness

CAP_SECONDS = 600.0  # of one file at most: 230 MB of stereo at 48 kHz; a worker stays under 1 GB
SILENCE_PEAK = 10 ** (-70 / 20)  # -70 dBFS: 16-bit dither stays below, music does not
MAX_DAMAGED = 0.01  # share of samples that may be replaced
PREROLL_SECONDS = 1.0  # decoded before an excerpt: bit reservoirs and overlaps settle in it
TAGS = (b"ID3", b"TAG", b"APETAGEX")  # between the parts of a joined MP3: no packets that failed
# Ticks of a packet: FFmpeg's Ogg reader keeps a negative duration, of a last packet that is cut by
# more than it holds, as one of 32 bits without a sign: a second of sound would last a day.
NEGATIVE_TICKS = 1 << 31
DRIFT_SECONDS = 0.1  # a timestamp farther than this from where the packets before end is wild

__all__ = ["CAP_SECONDS", "Audio", "AudioError", "content_hash", "decode", "decode_hooks", "probe"]

# Called with the path (bytes) each time a file is decoded: how a test counts.
decode_hooks: list[Callable[[bytes], None]] = []


@dataclass(frozen=True, eq=False)
class Audio:
    """What one file sounds like, and what it says of itself."""

    samples: np.ndarray  # float32 [n, 1 or 2], C-contiguous
    sample_rate: int  # Hz, of `samples`; media.sample_rate is the file's
    media: Media
    tags: Tags
    content_hash: str  # engine/content.py: survives renaming and retagging
    partial: str | None  # a sentence: what is missing or was replaced
    excerpt: tuple[float, float]  # start and end in the file, seconds
    loudness: "Loudness | None" = None  # of all channels, where the file has more than two

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate

    def mono(self) -> np.ndarray:
        """float32 [n], (L+R)/2: as the networks were trained, not a power-preserving mix.

        The left channel, where the two cancel each other: their silence is not the recording's.
        """
        if self.samples.shape[1] == 1:
            return self.samples[:, 0]
        mix = (self.samples[:, 0] + self.samples[:, 1]) * np.float32(0.5)
        if _peak(mix) < SILENCE_PEAK and not self.is_silent:
            return np.ascontiguousarray(self.samples[:, 0])
        return mix

    @cached_property
    def is_silent(self) -> bool:
        """Whether no sample reaches -70 dBFS."""
        return _peak(self.samples) < SILENCE_PEAK


def decode(
    path: bytes | str | Path, span_s: float | None = None, cap_s: float = CAP_SECONDS
) -> Audio:
    """Decode the best audio stream, or its central `span_s` (at most `cap_s`) seconds.

    One pass over the file; a second one only where the file is longer than the excerpt, and what it
    said of its length, or FFmpeg's estimate, put the excerpt elsewhere. Raises AudioError when
    nothing can be decoded.
    """
    limit_s = min(span_s or cap_s, cap_s)
    source, reading, start_s = _decoded(path, None, limit_s)
    true_start_s = _central(reading.seen_s, limit_s)
    # Too few samples from 0 on were all there are, however long the packets call themselves.
    unsure = reading.samples.is_full or start_s > 0
    if unsure and abs(true_start_s - start_s) > PREROLL_SECONDS:
        source, reading, start_s = _decoded(path, true_start_s, limit_s)
    return _audio(source, reading, start_s, limit_s)


def _decoded(
    path: bytes | str | Path, start_s: float | None, limit_s: float
) -> tuple[Source, "_Reading", float]:
    """Decode from a start on, or from where the stated length puts it."""
    for hook in decode_hooks:
        hook(os.fsencode(path))
    with opened(path) as source:
        if start_s is None:
            start_s = _central(source.stated_s, limit_s)
        return source, _read(source, start_s, limit_s), start_s


def probe(path: bytes | str | Path) -> tuple[str, Media, Tags]:
    """Content hash, media and tags, without decoding. Raises AudioError with its content_hash."""
    with opened(path) as source:
        reading = _read(source, 0.0, 0.0)
    return reading.content_hash, source.media(None, reading.seen_s), source.tags


def content_hash(path: bytes | str | Path) -> str:
    """Hash of the audio packets, or of the bytes of a file that has none that can be read.

    Raises OSError only.
    """
    try:
        return probe(path)[0]
    except AudioError as error:
        if error.content_hash is None:
            raise OSError(f"{os.fsdecode(path)!r}: {error}") from error
        return error.content_hash


@dataclass
class _Reading:
    """What one pass over the packets gave."""

    content_hash: str
    samples: Samples
    seen_s: float  # length of all packets
    fault: str | None  # a sentence, on packets that could not be read or decoded
    why_nothing: str  # the sentence for the case that there is not one sample


def _read(source: Source, start_s: float, limit_s: float) -> _Reading:
    """One pass over all packets: hash them, and decode those from `start_s` on, `limit_s` long."""
    content = ContentHash()
    samples = Samples(expected_s=source.stated_s or limit_s, limit_s=limit_s)
    faults, why_nothing = [source.fault], None
    last, seen_s, is_whole = None, 0.0, True
    for part in source.parts():
        content.begin(part)
        clock, decoder = _Clock(part, seen_s), _Decoder(part, samples, start_s)
        damage = None
        try:
            for packet in part.container.demux(part.stream):
                begin_s, end_s = clock.pass_packet(packet)
                if packet.size:
                    content.add(packet)
                    last = packet
                if limit_s > 0 and end_s >= start_s - PREROLL_SECONDS and not samples.is_full:
                    decoder.decode(packet, begin_s)
        except av.error.FFmpegError as error:
            damage = f"The file is damaged {clock.end_s:.1f} s in: {words(error)}."
        content.end(is_whole=damage is None)
        seen_s, is_whole = clock.end_s, is_whole and damage is None
        faults.append(damage or decoder.fault)
        why_nothing = why_nothing or decoder.refusal or decoder.last_error
    end = last.pos + last.size if is_whole and last is not None and last.pos is not None else None
    rest = source.rest_behind(end) if end is not None else None
    if rest or source.fault:
        content.note_rest()
        faults.append(rest)
    return _Reading(
        content_hash=content.hexdigest(),
        samples=samples,
        seen_s=seen_s,
        fault=" ".join(filter(None, faults)) or None,
        why_nothing=why_nothing or "It holds no samples.",
    )


class _Clock:
    """Where packets lie in the file: by their durations, as broken files have wild timestamps.

    A timestamp that is a little away from where the packets before end is right: of Vorbis, FFmpeg
    takes packets between short and long blocks for shorter than they are, which comes to 2 % of a
    recording, and Matroska rounds durations to milliseconds.
    """

    def __init__(self, part: Part, start_s: float) -> None:
        self._unit = float(part.stream.time_base or 0)
        self._zero_s: float | None = None  # of the timestamps, in the file
        self._begin_s = self.end_s = start_s  # of the last packet

    def pass_packet(self, packet: av.Packet) -> tuple[float, float]:
        """Begin and end of a packet, seconds from the start of the file."""
        length_s = 0.0
        if packet.duration and 0 < packet.duration < NEGATIVE_TICKS:
            length_s = packet.duration * self._unit
        begin_s = self.end_s
        if packet.pts is not None:
            stamp_s = packet.pts * self._unit
            if self._zero_s is None:
                self._zero_s = begin_s - stamp_s
            at_s = self._zero_s + stamp_s
            if not packet.duration:
                begin_s = max(begin_s, at_s)
            elif abs(at_s - begin_s) <= DRIFT_SECONDS:
                begin_s = max(self._begin_s, at_s)
            else:
                self._zero_s = begin_s - stamp_s
        self._begin_s, self.end_s = begin_s, begin_s + length_s
        return begin_s, self.end_s


class _Decoder:
    """Decodes packets into `samples`, and keeps account of those that fail."""

    def __init__(self, part: Part, samples: Samples, start_s: float) -> None:
        self._speakers = part.speakers
        self._samples = samples
        self._start_s = start_s
        self._packets = 0
        self._failed: list[int] = []
        self.refusal: str | None = None
        self.last_error: str | None = None

    def decode(self, packet: av.Packet, begin_s: float) -> None:
        if self.refusal is not None:
            return
        self._packets += 1
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError) as error:
            if not bytes(packet).startswith(TAGS):
                self._failed.append(self._packets)
            self.last_error = f"It cannot be decoded: {words(error)}."
            return
        if begin_s < self._start_s:
            return  # decoded only for the decoder to settle
        try:
            for frame in frames:
                if not self._samples.is_full:
                    self._samples.add(frame, self._speakers)
        except UnusableFormat as error:
            self.refusal = str(error)
        except (av.error.FFmpegError, ValueError) as error:
            self.refusal = f"Its samples cannot be converted: {words(error)}."

    @property
    def fault(self) -> str | None:
        """A sentence, where packets of the part failed besides the first and the last.

        These two are often cut, or no audio at all, in files that are fine otherwise.
        """
        inner = [number for number in self._failed if 1 < number < self._packets - 1]
        if self.refusal is not None and self._samples.count:
            return f"The rest was left out. {self.refusal}"
        if not inner:
            return None
        return f"{len(inner)} of {self._packets} packets failed. {self.last_error}"


def _audio(source: Source, reading: _Reading, start_s: float, limit_s: float) -> Audio:
    """Check the samples and say what is missing. Raises AudioError."""
    samples, rate = reading.samples.finish(), reading.samples.rate
    if len(samples) == 0:
        media = source.media(None, reading.seen_s)
        raise AudioError(reading.why_nothing, reading.content_hash, media, source.tags)
    samples = samples[: int(limit_s * rate)]
    seconds = len(samples) / rate
    media = source.media(seconds, reading.seen_s)
    replaced = _replace_damaged(samples)
    if replaced > MAX_DAMAGED * samples.size:
        why = f"{replaced / samples.size:.0%} of its samples are not numbers, or absurdly loud."
        raise AudioError(why, reading.content_hash, media, source.tags)
    remarks = []
    if source.states_length and source.stated_s:
        expected_s = min(source.stated_s, limit_s)
        if expected_s - seconds > slack_s(expected_s):
            remarks.append(
                f"The file says {source.stated_s:.1f} s, {seconds:.1f} s could be decoded."
            )
    if reading.fault:
        remarks.append(reading.fault)
    if replaced:
        remarks.append(f"{replaced} samples that were not numbers, or absurdly loud, became 0.")
    return Audio(
        samples=np.ascontiguousarray(samples),
        sample_rate=rate,
        media=media,
        tags=source.tags,
        content_hash=reading.content_hash,
        partial=" ".join(remarks) or None,
        excerpt=(start_s, start_s + seconds),
        loudness=reading.samples.loudness,
    )


def _central(length_s: float | None, limit_s: float) -> float:
    """Where the central `limit_s` of a file of `length_s` seconds begin."""
    return max(0.0, ((length_s or 0.0) - limit_s) / 2)


def _peak(samples: np.ndarray) -> float:
    """Largest magnitude; NaN where there is one."""
    if samples.size == 0:
        return 0.0
    return float(max(samples.max(), -samples.min()))


def _replace_damaged(samples: np.ndarray) -> int:
    """Put 0, in place, for samples that are not finite or beyond LOUDEST; their number."""
    if _peak(samples) <= LOUDEST:  # false for NaN
        return 0
    damaged = ~(np.abs(samples) <= LOUDEST)
    samples[damaged] = 0
    return int(damaged.sum())
