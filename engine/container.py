"""Open a file that may be hostile, and choose the audio stream in it.

Formats are a closed list without the playlists and manifests that make FFmpeg open other files,
and addresses are no files. Rates and bytes are bounded. A chained Ogg file has several parts, each
opened by itself; every other file has one.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import av
import av.error

from engine import filetags, ogg, speakers
from engine.demuxers import FILES_ONLY, SPANS_ONLY
from engine.records import Media, Tags

MAX_BYTES = 16 << 30  # of a file
MIN_RATE, MAX_RATE = 1_000, 768_000  # Hz; below, a second of sound would fill the memory
MAX_DSD_RATE = 64 * 48_000  # Hz, of the bytes that FFmpeg counts: DSD512 of the 48 kHz family
# FFmpeg only estimates their length, from bytes and bit rate.
ESTIMATED = frozenset(
    ("aac", "ac3", "ac4", "amr", "dts", "dtshd", "eac3", "gsm", "loas", "mp3", "mpeg", "mpegts")
)
# How the containers begin that say how long they are: what lies behind that, FFmpeg does not read.
# First bytes (of ASF and Wave64 numbers; of MP4 without its size), how many follow that differ from
# file to file, and how many more do not.
_CLOSED = (
    (b"RIFF RIFX RF64 BW64 FORM".split(), 4, 4),
    ([b"FRM8"], 8, 4),
    ([b"ftyp", b"DSD ", b"Crea", b"riff", b"\x30\x26\xb2\x75"], 0, 4),
    ([b"caff", b"TTA1", b"MPCK", b"MAC ", b"tBaK", b"OFR "], 0, 2),
)
_LONGEST_BEGINNING = 16  # bytes
_AT_ONCE = 1 << 20  # bytes
NO_HEADER = filetags.Header({}, None)


class AudioError(Exception):
    """A sentence for the user: why the file cannot be analysed. Carries what is known of it."""

    def __init__(
        self,
        message: str,
        content_hash: str | None = None,
        media: Media | None = None,
        tags: Tags | None = None,
    ) -> None:
        super().__init__(message)
        self.content_hash = content_hash
        self.media = media
        self.tags = tags


@dataclass(frozen=True)
class Part:
    """A recording in a file, and its best audio stream, while it is open."""

    container: av.container.InputContainer
    stream: av.AudioStream
    codec: str
    rate: int  # Hz
    channels: int
    speakers: tuple[str, ...]  # by the container, of each channel
    stated_s: float | None  # length by the container; an estimate where not `states_length`
    states_length: bool

    @property
    def sounding_s(self) -> float:
        """The stated length without what the decoder drops at the start, which FFmpeg counts in."""
        return (self.stated_s or 0.0) - self.stream.codec_context.delay / self.rate


@dataclass(frozen=True)
class Source:
    """An open file. The plain values stay after it is closed; codec to channels are of part 1."""

    tags: Tags
    codec: str
    rate: int
    channels: int
    stated_s: float | None  # of all parts
    states_length: bool
    fault: str | None  # a sentence on parts that cannot be opened
    parts: Callable[[], Iterator[Part]]  # opens one after the other
    # A sentence: why the file was not read to its end, which is at most at this byte.
    rest_behind: Callable[[int], str | None]

    def media(self, analysed_s: float | None, seen_s: float) -> Media:
        """The length is the stated one, unless there is none, or clearly more was seen."""
        stated_s = self.stated_s if self.states_length and self.stated_s else 0.0
        duration_s = seen_s if seen_s > stated_s + slack_s(stated_s) else stated_s
        return Media(duration_s or None, self.rate, self.channels, self.codec, analysed_s)


def slack_s(length_s: float) -> float:
    """By how much a file of this length may differ from what it says of itself, in seconds.

    Encoders' delays and padding come to 0.1 s.
    """
    return max(0.15, 0.005 * length_s)


@contextmanager
def opened(path: bytes | str | Path) -> Iterator[Source]:
    """Open a file and choose its stream. Raises AudioError, with the hash of the file's bytes."""
    name = os.fsdecode(path)
    try:
        with open(name, "rb", buffering=0, opener=_open_unblocked) as file:
            _check_file(file)
            header = filetags.read_header(file)
            tags = filetags.tags(header, {})
            try:
                links = ogg.links(file)
                if len(links) > 1:
                    yield _chained(name, links, header)
                    return
                with open_part(name, header=header) as part:
                    found = part.container
                    tags = filetags.tags(header, found.metadata, found.bit_rate)
                    yield _source(tags, part, partial(_rest_behind, file))
            except (av.error.FFmpegError, ValueError, MemoryError) as error:
                message = f"It is not audio that can be read: {words(error)}."
                raise AudioError(message, _hash_bytes(file), None, tags) from error
            except AudioError as error:
                error.content_hash = error.content_hash or _hash_bytes(file)
                error.tags = error.tags or tags
                raise
    except OSError as error:
        raise AudioError(f"It cannot be opened: {error.strerror or error}.") from error


def read_tags(path: bytes | str | Path) -> Tags:
    """The tags alone, the same as of `opened`: a file that says enough of itself is not opened as
    audio, which takes most of the time. Raises AudioError, with the tags that could be read."""
    name = os.fsdecode(path)
    try:
        with open(name, "rb", buffering=0, opener=_open_unblocked) as file:
            _check_file(file)
            tags = filetags.tags(filetags.read_header(file), {})
    except OSError as error:
        raise AudioError(f"It cannot be opened: {error.strerror or error}.") from error
    if filetags.is_complete(tags):
        return tags
    with opened(path) as source:
        return source.tags


@contextmanager
def open_part(
    name: str,
    link: tuple[int, int] | None = None,
    timeout_s: float | None = None,
    header: filetags.Header = NO_HEADER,
) -> Iterator[Part]:
    """Open a file, or the bytes from one to another of it. Raises AudioError and FFmpegError.

    timeout_s: for opening it, and for each reading. header: what is known of its length.
    """
    # By name, as FFmpeg recovers from seeks that a Python file object refuses.
    url, options = f"file:{Path(name).absolute()}", FILES_ONLY
    if link is not None:
        url, options = f"subfile,,start,{link[0]},end,{link[1]},,:{url}", SPANS_ONLY
    with av.open(url, metadata_errors="replace", options=options, timeout=timeout_s) as container:
        yield _choose(container, header)


def _open_unblocked(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK)  # a pipe must not wait for its writer


def _check_file(file: BinaryIO) -> None:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise AudioError("It is not a regular file.")
    if status.st_size == 0:
        raise AudioError("The file is empty.", _hash_bytes(file))
    if status.st_size > MAX_BYTES:
        raise AudioError(f"The file has more than {MAX_BYTES >> 30} GiB.")


def _source(tags: Tags, part: Part, rest_behind: Callable[[int], str | None]) -> Source:
    """A file that is one recording."""
    return Source(
        tags=tags,
        codec=part.codec,
        rate=part.rate,
        channels=part.channels,
        stated_s=part.stated_s,
        states_length=part.states_length,
        fault=None,
        parts=lambda: iter((part,)),
        rest_behind=rest_behind,
    )


def _chained(name: str, links: Sequence[tuple[int, int]], header: filetags.Header) -> Source:
    """An Ogg file that is several recordings. Raises AudioError where none can be opened."""
    source, readable, faults, length_s = None, [], [], 0.0
    for number, link in enumerate(links, 1):
        try:
            with open_part(name, link) as part:
                length_s += part.sounding_s
                readable.append(link)
                if source is None:
                    tags = filetags.tags(header, part.container.metadata)
                    source = _source(tags, part, lambda position: None)
        except (av.error.FFmpegError, ValueError, AudioError) as error:
            faults.append(f"Part {number} of {len(links)} cannot be read: {words(error)}.")
    if source is None:
        raise AudioError(faults[0])
    return replace(
        source,
        stated_s=length_s or None,
        fault=" ".join(faults) or None,
        parts=partial(_links, name, readable),
    )


def _links(name: str, links: Sequence[tuple[int, int]]) -> Iterator[Part]:
    for link in links:
        with open_part(name, link) as part:
            yield part


def _choose(container: av.container.InputContainer, header: filetags.Header) -> Part:
    """The best audio stream that has a decoder. Raises AudioError."""
    stream = container.streams.best("audio")
    if stream is None:
        raise AudioError("It has no audio stream.")
    if stream.codec_context is None:
        raise AudioError("There is no decoder for its audio (protected, or a rare codec).")
    context = stream.codec_context
    context.thread_count = 1  # one worker per core already
    rate = context.sample_rate or 0
    highest = MAX_DSD_RATE if context.name.startswith("dsd_") else MAX_RATE
    if not MIN_RATE <= rate <= highest:
        raise AudioError(f"Its sample rate of {rate} Hz is outside {MIN_RATE}-{highest} Hz.")
    names = _speakers(context)
    ticks, unit = stream.duration, stream.time_base
    stated_s = float(ticks * unit) if ticks and unit else (container.duration or 0) / 1e6
    is_estimate = container.format.name in ESTIMATED
    if header.stated_s is not None:
        if not is_estimate:
            stated_s = max(stated_s, header.stated_s)
        elif abs(stated_s - header.stated_s) > slack_s(header.stated_s):
            stated_s = header.stated_s
    return Part(
        container=container,
        stream=stream,
        codec=context.codec.canonical_name,
        rate=rate,
        channels=len(names),
        speakers=names,
        stated_s=stated_s if stated_s > 0 else None,
        states_length=header.stated_s is not None or not is_estimate,
    )


def _speakers(context: av.AudioCodecContext) -> tuple[str, ...]:
    """The loudspeakers by the container.

    Those in an unusual order are taken from the decoder: PyAV frees a list of channels as often as
    it looks at one, so that frames with such a list, and a second look at this one, are its death.
    """
    layout = context.layout
    names = speakers.names(layout)
    if " channels (" in layout.name:
        context.layout = f"{len(names)} channels"
    return names


def _rest_behind(file: BinaryIO, position: int) -> str | None:
    """Whether the file was not read to its end: a sentence, or None.

    position: a byte from where on there is nothing of the recording but its tags. Another file of
    the same kind may follow them.
    """
    try:
        beginning = _beginning(file)
        file.seek(position)
        rest = b""
        while more := file.read(_AT_ONCE):
            rest = rest[-_LONGEST_BEGINNING:] + more
            if beginning is not None and beginning.search(rest):
                return "Another file follows behind its end, which was left out."
    except OSError as error:
        return f"It cannot be read to its end: {error.strerror}."
    return None


def _beginning(file: BinaryIO) -> re.Pattern[bytes] | None:
    """What a second file of the same kind would begin with, where FFmpeg would not read it."""
    file.seek(0)
    head = file.read(_LONGEST_BEGINNING)
    head = head[4:] if head[4:8] == b"ftyp" else head
    for marks, differing, same in _CLOSED:
        if head[:4] in marks:
            fixed = re.escape(head[4 + differing : 4 + differing + same])
            return re.compile(re.escape(head[:4]) + b".{%d}" % differing + fixed, re.DOTALL)
    return None


def _hash_bytes(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def words(error: BaseException) -> str:
    """FFmpeg's message without the path, which differs between runs and machines."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")
