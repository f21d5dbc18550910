"""Whether a container that may hold sound alone or with pictures holds a film.

MP4 (with QuickTime and 3GP), Matroska (with WebM) and ASF (Windows Media) look alike from outside,
whatever their files are called. The rule: a film has sound, and pictures that move, more than one a
second. A cover, or one picture a chapter, makes no film, whether it is stored as a tag, as an
attachment or as a video track (but in ASF, where a cover is a tag). Only headers are read, and of
Matroska, which does not count pictures there, where the blocks lie, up to the first too many.

Sources: ISO/IEC 14496-12 and QuickTime File Format; RFC 8794 and RFC 9559; the ASF Specification.
"""

import os
import struct
from collections.abc import Callable, Iterator
from enum import Enum
from typing import BinaryIO

MAX_ELEMENTS = 500_000  # a file of more is made to take time; a film of two hours has as many
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_SOUND = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
_ASF_PICTURES = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_MAX_ASF_HEADER = 32 << 20  # bytes; it holds the covers
_MP4_FIRST = b"ftyp styp moov mdat wide free skip pnot".split()  # boxes; QuickTime needs no ftyp
_MATROSKA = b"\x1a\x45\xdf\xa3"
# Identifiers of Matroska's elements: those that hold others, and those that say something.
_SEGMENT, _TRACKS, _TRACK, _CLUSTER, _GROUP = 0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675, 0xA0
_INFO, _SCALE, _NUMBER, _TYPE, _TIME = 0x1549A966, 0x2AD7B1, 0xD7, 0x83, 0xE7
_BLOCK, _SIMPLE_BLOCK = 0xA1, 0xA3
_ENTERED = (_SEGMENT, _INFO, _TRACKS, _TRACK, _CLUSTER, _GROUP)
_PICTURES, _SOUND = 1, 2  # types of Matroska's tracks


class Content(Enum):
    """What a container holds."""

    FILM = "film"
    SOUND = "sound"
    UNCLEAR = "unclear"  # it is damaged, or was not written to its end


class _TooLong(Exception):
    """The file has more elements than are worth a look."""


def is_container(head: bytes) -> bool:
    """Whether a file that begins so (16 bytes) is one of these containers."""
    return _reader(head) is not None


def content(file: BinaryIO) -> Content | None:
    """What an open file holds; None where it is no such container, or has no sound."""
    file.seek(0)
    read = _reader(file.read(16))
    try:
        return read(file) if read else None
    except (struct.error, EOFError, _TooLong):
        return Content.UNCLEAR


def _reader(head: bytes) -> Callable[[BinaryIO], Content | None] | None:
    if head[4:8] in _MP4_FIRST:
        return _of_mp4
    if head.startswith(_MATROSKA):
        return _of_matroska
    return _of_asf if head.startswith(_ASF) else None


def _verdict(has_sound: bool, is_film: bool) -> Content | None:
    if not has_sound:
        return None
    return Content.FILM if is_film else Content.SOUND


def _of_asf(file: BinaryIO) -> Content | None:
    file.seek(16)
    (size,) = struct.unpack("<Q", file.read(8))
    header = file.read(min(size, _MAX_ASF_HEADER))
    if len(header) < 32:
        return Content.UNCLEAR
    return _verdict(_ASF_SOUND in header, _ASF_PICTURES in header)


# MP4


def _of_mp4(file: BinaryIO) -> Content | None:
    end = file.seek(0, os.SEEK_END)
    movie = next((span for name, span in _boxes(file, 0, end) if name == b"moov"), None)
    if movie is None:
        return Content.UNCLEAR
    parts = list(_boxes(file, *movie))
    # The pictures of a file in fragments are not counted here, and a cover is not cut in fragments.
    in_fragments = any(name == b"mvex" for name, _ in parts)
    tracks = [_mp4_track(file, *span) for name, span in parts if name == b"trak"]
    return _verdict(
        any(kind == b"soun" for kind, _, _ in tracks),
        any(
            kind == b"vide" and (in_fragments or _move(pictures, seconds))
            for kind, pictures, seconds in tracks
        ),
    )


def _move(pictures: int, seconds: float) -> bool:
    """Whether so many pictures in so much time are a film."""
    return pictures > 1 + seconds


def _mp4_track(file: BinaryIO, start: int, end: int) -> tuple[bytes, int, float]:
    """The kind of a track, its number of samples, and its length in seconds, 0 if unknown."""
    kind, samples, seconds = b"", 0, 0.0
    for name, (first, last) in _boxes(file, start, end, inside=(b"mdia", b"minf", b"stbl")):
        if name not in (b"hdlr", b"mdhd", b"stsz", b"stz2"):
            continue
        file.seek(first)
        text = file.read(min(last - first, 36))
        if name == b"hdlr":
            kind = kind or text[8:12]  # QuickTime has a second one, for the data
        elif name == b"mdhd":
            layout, at = (">IQ", 20) if text[:1] == b"\1" else (">II", 12)
            unit, ticks = struct.unpack_from(layout, text, at)
            is_known = unit > 0 and ticks not in (0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)
            seconds = ticks / unit if is_known else 0.0
        else:
            (samples,) = struct.unpack_from(">I", text, 8)
    return kind, samples, seconds


def _boxes(
    file: BinaryIO, start: int, end: int, inside: tuple[bytes, ...] = ()
) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Name and span of the content of each box; of those named in `inside`, of what is in them."""
    for _ in range(MAX_ELEMENTS):
        if start + 8 > end:
            return
        file.seek(start)
        size, name = struct.unpack(">I4s", file.read(8))
        first = start + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            first += 8
        last = end if size == 0 else start + size
        if last < first:
            raise EOFError
        if name in inside:
            start = first
            continue
        yield name, (first, min(last, end))
        start = last
    raise _TooLong


# Matroska


def _of_matroska(file: BinaryIO) -> Content | None:
    tracks: list[dict[int, int]] = []  # what is said of each, by identifier
    shown: dict[int, int] = {}  # pictures of each track that has any
    scale_s, cluster, is_film = 1e-3, 0, False
    for name, content in _elements(file):
        if name == _TRACK:
            tracks.append({})
        elif name in (_NUMBER, _TYPE) and tracks:
            tracks[-1][name] = int.from_bytes(content)
        elif name == _SCALE:
            scale_s = int.from_bytes(content) * 1e-9
        elif name == _TIME:
            cluster = int.from_bytes(content)
        elif name == _CLUSTER and tracks:
            shown = shown or {t.get(_NUMBER, 0): 0 for t in tracks if t.get(_TYPE) == _PICTURES}
            if not shown:
                break
        elif name in (_BLOCK, _SIMPLE_BLOCK):
            number, length = _variable(content)
            if number in shown:
                shown[number] += 1
                (offset,) = struct.unpack_from(">h", content, length)
                is_film = _move(shown[number], (cluster + offset) * scale_s)
                if is_film:
                    break
    if not tracks:
        return Content.UNCLEAR
    return _verdict(any(track.get(_TYPE) == _SOUND for track in tracks), is_film)


def _elements(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Identifier and first bytes of the content of each element, in the order of the file."""
    at, end = 0, file.seek(0, os.SEEK_END)
    for _ in range(MAX_ELEMENTS):
        if at >= end:
            return
        file.seek(at)
        head = file.read(32)
        name_length = _variable(head)[1]
        size, size_length = _variable(head[name_length:])
        name, first = int.from_bytes(head[:name_length]), name_length + size_length
        yield name, head[first : min(first + size, len(head))]
        at += first if name in _ENTERED else first + size
    raise _TooLong


def _variable(text: bytes) -> tuple[int, int]:
    """A number of variable length, and how many bytes it takes. EOFError where there is none."""
    length = 9 - text[0].bit_length() if text else 9
    if not 1 <= length <= 8 or len(text) < length:
        raise EOFError
    return int.from_bytes(text[:length]) & (1 << 7 * length) - 1, length
