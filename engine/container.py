"""Open a file that may be hostile, and choose the audio stream in it.

Formats are a closed list, and a playlist or manifest cannot make the demuxer open another file or
address. Rates and bytes are bounded.
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
from engine.records import Media, Tags

MAX_BYTES = 16 << 30  # of a file
MIN_RATE, MAX_RATE = 1_000, 768_000  # Hz; below, a second of sound would fill the memory
# Their length is only estimated from bytes and bit rate, unless a Xing header states it.
ESTIMATED = frozenset(
    ("aac", "ac3", "ac4", "amr", "dts", "dtshd", "eac3", "gsm", "loas", "mp3", "mpeg", "mpegts")
)
# The demuxers of audio files and of films. Not here: playlists and manifests, which open other
# files and addresses (hls, dash, concat, sdp, rtsp), devices, images and texts.
DEMUXERS = (
    "aac ac3 ac4 act aea aiff amr amrnb amrwb ape apm asf asf_o au avi avr bonk caf dsf dss dts "
    "dtshd ea eac3 flac flv gsm hca iff ircam loas mca mlp mp3 mpc mpc8 mpeg mpegts nsv nut ogg "
    "oma osq pva qcp qoa rka rm rso sbc shn sox spdif tak tta truehd voc vqf w64 wav wavarc wsd "
    "wsaud wv xa xwma matroska webm mov mp4 m4a 3gp 3g2 mj2"
).replace(" ", ",")


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
        stated_s = self.stated_s if self.states_length else None
        return Media(stated_s or seen_s or None, self.rate, self.channels, self.codec, analysed_s)


@contextmanager
def opened(path: bytes | str | Path) -> Iterator[Source]:
    """Open a file and choose its stream. Raises AudioError, with the hash of the file's bytes."""
    name = os.fsdecode(path)  # str: FFmpeg reads the extension off the file object's name
    try:
        with open(name, "rb", buffering=0, opener=_open_unblocked) as file:
            _check_file(file)
            tags = Tags()
            try:
                with av.open(
                    file,
                    metadata_errors="replace",
                    options={"format_whitelist": DEMUXERS},
                    io_open=_refuse,
                ) as container:
                    tags = filetags.read(file, container.metadata)
                    yield _choose(container, file, tags)
            except (av.error.FFmpegError, ValueError, MemoryError) as error:
                message = f"It is not audio that can be read: {words(error)}."
                raise AudioError(message, _hash_bytes(file), None, tags) from error
            except AudioError as error:
                error.content_hash = error.content_hash or _hash_bytes(file)
                error.tags = error.tags or tags
                raise
    except OSError as error:
        raise AudioError(f"It cannot be opened: {error.strerror or error}.") from error


def _open_unblocked(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK)  # a pipe must not wait for its writer


def _refuse(url: str, flags: int, options: dict) -> BinaryIO:
    """What the demuxer gets when a file refers to another file or address."""
    raise PermissionError(f"A file may not open another one: {url!r}")


def _check_file(file: BinaryIO) -> None:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise AudioError("It is not a regular file.")
    if status.st_size == 0:
        raise AudioError("The file is empty.", _hash_bytes(file))
    if status.st_size > MAX_BYTES:
        raise AudioError(f"The file has more than {MAX_BYTES >> 30} GiB.")


def _choose(container: av.container.InputContainer, file: BinaryIO, tags: Tags) -> Source:
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
    demuxer = container.format.name
    return Source(
        container=container,
        stream=stream,
        tags=tags,
        codec=context.codec.canonical_name,
        rate=rate,
        channels=context.channels,
        stated_s=stated_s if stated_s > 0 else None,
        states_length=demuxer not in ESTIMATED or (demuxer == "mp3" and _has_xing(file)),
    )


def _has_xing(file: BinaryIO) -> bool:
    """Whether an MP3 begins with the frame that states how many frames follow."""
    position = file.tell()
    file.seek(0)
    head = file.read(10)
    tag = 0
    if head[:3] == b"ID3" and len(head) == 10:
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]  # 7 bits a byte
        tag = size + 10
    file.seek(tag)
    head = file.read(2048)
    file.seek(position)
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))


def _hash_bytes(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def words(error: BaseException) -> str:
    """FFmpeg's message without the path, which differs between runs and machines."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")
