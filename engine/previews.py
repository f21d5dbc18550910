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
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.demuxers import FILES_ONLY
from engine.library import Location

if TYPE_CHECKING:
    import av

# A five-minute MP3 at 320 kb/s. Ten players of larger files would hold the app's memory: Streamlit
# keeps what it plays in RAM.
WHOLE_BYTES = 12 * 2**20
CLIP_SECONDS = 60
CLIP_RATE = 44100  # Hz
CLIP_BITS = 160_000  # per second, of stereo MP3
CLIP_PATIENCE = 20.0  # seconds of work on one clip; a second is usual
MAX_CHANNELS = 64  # more is a damaged header, not music
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
    import av
    from av.error import FFmpegError

    target = io.BytesIO()
    try:
        # The descriptor, not the name: a name could be read as the address of a network source.
        with (
            open(path, "rb") as file,  # noqa: PTH123
            av.open(file, options=FILES_ONLY, timeout=CLIP_PATIENCE) as source,
        ):
            if not source.streams.audio:
                raise PreviewError("There is no sound in this file.")
            written = _encode(source, target, start, seconds)
    except (FFmpegError, OSError, ValueError) as error:
        # A system error's own text would add the path, as Python writes it.
        why = getattr(error, "strerror", None) or str(error)
        raise PreviewError(f"The file cannot be decoded: {why}.") from error
    if written == 0:
        raise PreviewError("Nothing in this file can be decoded.")
    return Preview(target.getvalue(), "audio/mpeg", start, written / CLIP_RATE)


def _encode(source: "av.container.InputContainer", target, start: float, seconds: float) -> int:
    """Decode, resample and encode; the number of samples written."""
    import av
    from av.error import InvalidDataError

    stream = source.streams.audio[0]
    latest = time.monotonic() + CLIP_PATIENCE
    if stream.codec_context.channels > MAX_CHANNELS:
        raise ValueError(f"it claims {stream.codec_context.channels} channels")
    if start > 0:
        source.seek(int(start / stream.time_base), stream=stream)
    wanted, written = int(seconds * CLIP_RATE), 0
    with av.open(target, "w", format="mp3") as sink:
        out = sink.add_stream("libmp3lame", rate=CLIP_RATE, layout="stereo")
        out.bit_rate = CLIP_BITS
        resampler = av.AudioResampler(format="s16p", layout="stereo", rate=CLIP_RATE)
        for packet in source.demux(stream):
            if time.monotonic() > latest:
                raise PreviewError("It takes too long to make a clip of this file.")
            try:
                frames = packet.decode()
            except InvalidDataError:
                continue  # a damaged packet is a gap, not the end
            for frame in frames:
                if frame.time is not None and frame.time < start - 1:
                    continue  # a seek lands before the asked time
                for resampled in resampler.resample(frame):
                    written += resampled.samples
                    resampled.pts = None
                    sink.mux(out.encode(resampled))
            if written >= wanted:
                break
        sink.mux(out.encode(None))
    return written
