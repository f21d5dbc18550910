"""Where the links of a chained Ogg file lie.

An Ogg file may be several recordings one behind the other ("chained": what a radio station sends,
or what `cat` makes), each with a rate, channels and codec of its own. FFmpeg's reader goes on into
the next link only where it is like the first, so that each is opened by itself. Source: RFC 3533.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_MAGIC = b"OggS"
_HEADER = struct.Struct("<4sBBqIIIB")  # of a page, before its table of segments
_FIRST_PAGE = 2  # flag: of a logical stream
_AT_ONCE = 1 << 16  # bytes; more than the largest page
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class _Page(NamedTuple):
    start: int  # byte
    content: bytes
    is_first: bool  # of its logical stream
    serial: int  # of its logical stream


def links(file: BinaryIO) -> list[tuple[int, int]]:
    """First byte and end of each link; of a file that is no Ogg, none. Leaves the file anywhere.

    Pages of several streams that begin together are one link. A link whose first page is damaged
    begins at the next one that is whole.
    """
    if not _is_ogg(file):
        return []
    starts, serials, has_data = [0], set[int](), False
    for page in _pages(file):
        if has_data and (page.is_first or page.serial not in serials):
            if not _is_whole(page):
                continue  # a flag or a serial number may be what is damaged
            starts.append(page.start)
            has_data = False
        serials.add(page.serial)
        has_data = has_data or not page.is_first
    return list(zip(starts, [*starts[1:], file.seek(0, os.SEEK_END)], strict=True))


def _is_ogg(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(10)
    if head.startswith(b"ID3") and len(head) == 10:  # some taggers put their own before it
        size = 0
        for seven_bits in head[6:]:
            size = size << 7 | seven_bits & 127
        file.seek(10 + size)
        head = file.read(4)
    return head.startswith(_MAGIC)


def _pages(file: BinaryIO) -> Iterator[_Page]:
    """All pages, as far as their headers tell; bytes between pages are passed over.

    Of a page that is cut, the rest seems to be what follows in its place: if no page begins behind
    it, the next one is looked for inside it.
    """
    data, at, start, is_over = b"", 0, 0, False  # `data` begins at byte `start` of the file
    file.seek(0)
    while True:
        while len(data) - at < _AT_ONCE and not is_over:
            try:
                more = file.read(16 * _AT_ONCE)
            except OSError:  # of a bad disk: the decoder will say so when it comes to this place
                more = b""
            data, at, start, is_over = data[at:] + more, 0, start + at, not more
        found = data.find(_MAGIC, at)
        if found < 0 or len(data) - found < _HEADER.size:
            if is_over:
                return
            at = max(at, len(data) - _HEADER.size) if found < 0 else found
            continue
        at = found
        _, version, flags, _, serial, _, _, segments = _HEADER.unpack_from(data, at)
        body = at + _HEADER.size + segments
        end = body + sum(data[body - segments : body])
        if version != 0 or end > len(data):
            at += len(_MAGIC)
            continue
        yield _Page(start + at, data[at:end], bool(flags & _FIRST_PAGE), serial)
        is_followed = data.startswith(_MAGIC, end) or end == len(data)
        at = end if is_followed else at + len(_MAGIC)


def _is_whole(page: _Page) -> bool:
    """Whether its checksum is right: that of zlib, with all bits the other way round."""
    (stated,) = struct.unpack_from("<I", page.content, 22)
    blank = page.content[:22] + bytes(4) + page.content[26:]
    found = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(found.to_bytes(4).translate(_REVERSED), "little") == stated
