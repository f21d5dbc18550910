"""Something that a browser can play, for one track of the library.

Goal: a file → bytes and a MIME type: the file itself where it is small and of a kind that every
browser plays, a clip from its middle as MP3 otherwise. Safety: only a regular file is opened that
lies under the folder that was analysed, after all symbolic links. Decoding is PyAV's, imported on
the first clip only, so that an app starts without it.
"""

import io
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine import ogg
from engine.library import Location

if TYPE_CHECKING:
    import av

    from engine.container import Part
    from engine.pcm import Samples

# A five-minute MP3 at 320 kb/s. Ten players of larger files would hold the app's memory: Streamlit
# keeps what it plays in RAM.
WHOLE_BYTES = 12 * 2**20
CLIP_SECONDS = 60
CLIP_RATE = 44100  # Hz
CLIP_BITS = 160_000  # per second, of stereo MP3
CLIP_PATIENCE = 20.0  # seconds of work on one clip; a second is usual
# First bytes of a file, codec prefixes → MIME type. Both must fit, since either may lie alone.
PLAYED_BY_BROWSERS = (
    (b"ID3", ("mp3",), "audio/mpeg"),
    (b"\xff", ("mp3",), "audio/mpeg"),
    (b"\xff", ("aac",), "audio/aac"),
    (b"OggS", ("vorbis", "opus", "libopus"), "audio/ogg"),
    (b"fLaC", ("flac",), "audio/flac"),
    (b"RIFF", ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le"), "audio/wav"),
)


class PreviewError(Exception):
    """A track that cannot be played: one sentence, with what to do."""


@dataclass(frozen=True)
class Preview:
    """What a player gets."""

    data: bytes
    mime: str
    start_s: float = 0.0  # where in the track it begins
    seconds: float | None = None  # length of a clip; None for the whole track


def find(location: Location) -> bytes:
    """The real path of a track's file. PreviewError when it is gone, or not what was analysed."""
    path, root = os.path.realpath(location.absolute), os.path.realpath(location.root)
    if path != root and os.path.commonpath([path, root]) != root:
        raise PreviewError(
            "The file is a link to a place outside the folder that was analysed, so it is not "
            "played. Analyse the folder that it really lies in."
        )
    try:
        kind = os.stat(path).st_mode  # noqa: PTH116 - bytes
    except OSError as error:
        if not os.path.isdir(root) and path != root:  # noqa: PTH112 - bytes
            raise PreviewError(
                "The folder of this track cannot be reached. Is its drive connected?"
            ) from error
        raise PreviewError(
            "The file is no longer there. If you moved or renamed it, run precompute.py again: "
            "nothing is analysed twice."
        ) from error
    if not stat.S_ISREG(kind):
        raise PreviewError("This is not a file any more. Run precompute.py again.")
    return path


def whole(path: bytes, codec: str) -> Preview | None:
    """The file as it is; None where it is too large or of a kind that some browser refuses.

    PreviewError when it cannot be read.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - bytes
            head = file.read(12)
            mime = _mime(head, codec)
            if mime is None or os.fstat(file.fileno()).st_size > WHOLE_BYTES:
                return None
            if len(ogg.links(file)) > 1:
                return None  # browsers stop behind the first link, or where its rate ends
            file.seek(len(head))
            return Preview(head + file.read(), mime)
    except OSError as error:
        raise PreviewError(f"The file cannot be read: {error.strerror}.") from error


def middle(path: bytes, seconds: float) -> Preview:
    """A clip from the middle of a track of that length; from its start where that is unknown (0).

    PreviewError when it cannot be decoded.
    """
    return clip(path, max(0.0, (seconds - CLIP_SECONDS) / 2), CLIP_SECONDS)


def _mime(head: bytes, codec: str) -> str | None:
    """None where some browser would refuse the file."""
    if head[4:8] == b"ftyp" and codec.startswith("aac"):
        return "audio/mp4"
    for first, codecs, mime in PLAYED_BY_BROWSERS:
        if head.startswith(first) and codec.startswith(codecs):
            return mime
    return None


def clip(path: bytes, start: float, seconds: float) -> Preview:
    """Part of a file as MP3, stereo; start and length in seconds. PreviewError where it fails."""
    from av.error import FFmpegError

    from engine.container import AudioError
    from engine.pcm import UnusableFormat

    try:
        samples, rate = _decode(path, start, seconds)
        data = _encode(samples, rate) if len(samples) else b""
    except (AudioError, UnusableFormat, FFmpegError, OSError, ValueError) as error:
        # A system error's own text would add the path, as Python writes it.
        why = getattr(error, "strerror", None) or str(error)
        raise PreviewError(f"The file cannot be decoded: {why.rstrip('.')}.") from error
    if not data:
        raise PreviewError("Nothing in this file can be decoded.")
    return Preview(data, "audio/mpeg", start, len(samples) / rate)


def _decode(path: bytes, start: float, seconds: float) -> tuple[np.ndarray, int]:
    """Samples [n, 1 or 2] and their rate, as the analysis hears them."""
    from av.error import FFmpegError

    from engine.container import AudioError, open_part
    from engine.pcm import Samples

    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - bytes
        links = ogg.links(file)
    latest = time.monotonic() + CLIP_PATIENCE
    samples, begin = Samples(seconds, seconds, measures=False), 0.0
    for link in links if len(links) > 1 else [None]:
        try:
            with open_part(os.fsdecode(path), link, CLIP_PATIENCE) as part:
                end = begin + part.sounding_s
                if link is None or end > start:
                    _collect(part, samples, max(0.0, start - begin), latest)
                begin = end
        except (AudioError, FFmpegError):
            if link is None:
                raise
            continue  # a damaged link is a gap, not the end
        if samples.is_full:
            break
    return samples.finish()[: int(seconds * samples.rate)], samples.rate


def _collect(part: "Part", samples: "Samples", start: float, latest: float) -> None:
    """Decode a part from `start` seconds on, until the samples are full or it is `latest`."""
    from av.error import InvalidDataError

    stream, unit = part.stream, float(part.stream.time_base)
    first = stream.start_time or 0
    if start > 0:
        part.container.seek(first + int(start / unit), stream=stream)
    for packet in part.container.demux(stream):
        if time.monotonic() > latest:
            raise PreviewError("It takes too long to make a clip of this file.")
        try:
            frames = packet.decode()
        except InvalidDataError:
            continue  # a damaged packet is a gap, not the end
        for frame in frames:
            # A seek lands before the asked time.
            if frame.time is None or frame.time >= first * unit + start - 1:
                samples.add(frame, part.speakers)
        if samples.is_full:
            return


def _encode(samples: np.ndarray, rate: int) -> bytes:
    """Samples [n, 1 or 2], full scale at 1, as a stereo MP3."""
    import av

    target = io.BytesIO()
    with av.open(target, "w", format="mp3") as sink:
        out = sink.add_stream("libmp3lame", rate=CLIP_RATE, layout="stereo")
        out.bit_rate = CLIP_BITS
        resampler = av.AudioResampler(format="s16p", layout="stereo", rate=CLIP_RATE)
        for frame in (*_frames(samples, rate), None):
            for resampled in resampler.resample(frame):
                resampled.pts = None
                sink.mux(out.encode(resampled))
        sink.mux(out.encode(None))
    return target.getvalue()


def _frames(samples: np.ndarray, rate: int) -> Iterator["av.AudioFrame"]:
    import av

    for first in range(0, len(samples), rate):
        block = np.nan_to_num(samples[first : first + rate])
        stereo = np.ascontiguousarray(np.broadcast_to(block, (len(block), 2)))
        frame = av.AudioFrame.from_ndarray(stereo.reshape(1, -1), "flt", "stereo")
        frame.sample_rate = rate
        yield frame
