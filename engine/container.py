"""Open a file that may be hostile, and choose the audio stream in it.

Formats are a closed list without the playlists and manifests that make FFmpeg open other files,
and addresses are no files. Rates and bytes are bounded.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import av.error

from engine import filetags
from engine.demuxers import FILES_ONLY
from engine.records import Media, Tags

MAX_BYTES = 16 << 30  # of a file
MIN_RATE, MAX_RATE = 1_000, 768_000  # Hz; below, a second of sound would fill the memory
# FFmpeg only estimates their length, from bytes and bit rate.
ESTIMATED = frozenset(
    ("aac", "ac3", "ac4", "amr", "dts", "dtshd", "eac3", "gsm", "loas", "mp3", "mpeg", "mpegts")
)


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


@dataclass
class Source:
    """An open file and its best audio stream. The plain values stay after it is closed."""

    container: av.container.InputContainer
    stream: av.AudioStream
    tags: Tags
    codec: str
    rate: int
    channels: int
    stated_s: float | None  # length by the container; an estimate where not `states_length`
    states_length: bool

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
                # By name, as FFmpeg recovers from seeks that a Python file object refuses.
                with av.open(
                    f"file:{Path(name).absolute()}",
                    metadata_errors="replace",
                    options=FILES_ONLY,
                ) as container:
                    tags = filetags.tags(header, container.metadata, container.bit_rate)
                    yield _choose(container, header, tags)
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


def _choose(container: av.container.InputContainer, header: filetags.Header, tags: Tags) -> Source:
    """The best audio stream that has a decoder. Raises AudioError."""
    stream = container.streams.best("audio")
    if stream is None:
        raise AudioError("It has no audio stream.")
    if stream.codec_context is None:
        raise AudioError("There is no decoder for its audio (protected, or a rare codec).")
    context = stream.codec_context
    context.thread_count = 1  # one worker per core already
    rate = context.sample_rate or 0
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(f"Its sample rate of {rate} Hz is outside {MIN_RATE}-{MAX_RATE} Hz.")
    ticks, unit = stream.duration, stream.time_base
    stated_s = float(ticks * unit) if ticks and unit else (container.duration or 0) / 1e6
    is_estimate = container.format.name in ESTIMATED
    if header.stated_s is not None:
        if not is_estimate:
            stated_s = max(stated_s, header.stated_s)
        elif abs(stated_s - header.stated_s) > slack_s(header.stated_s):
            stated_s = header.stated_s
    return Source(
        container=container,
        stream=stream,
        tags=tags,
        codec=context.codec.canonical_name,
        rate=rate,
        channels=context.channels,
        stated_s=stated_s if stated_s > 0 else None,
        states_length=header.stated_s is not None or not is_estimate,
    )


def _hash_bytes(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def words(error: BaseException) -> str:
    """FFmpeg's message without the path, which differs between runs and machines."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")
