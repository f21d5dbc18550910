"""Edits of one field in the header of a file, with its audio packets as they were; their hash."""

import hashlib
import struct
import zlib
from pathlib import Path

import av

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def ogg_pages(data: bytes) -> list[bytes]:
    """The pages of a sound Ogg file."""
    pages, at = [], 0
    while at < len(data):
        segments = data[at + 26]
        size = 27 + segments + sum(data[at + 27 : at + 27 + segments])
        pages.append(data[at : at + size])
        at += size
    return pages


def checked(page: bytes) -> bytes:
    """A page of Ogg with the checksum that belongs to it."""
    blank = page[:22] + bytes(4) + page[26:]
    crc = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return page[:22] + crc.to_bytes(4).translate(_REVERSED) + page[26:]


def opus(data: bytes, offset: int, field: bytes) -> bytes:
    """A file of Opus in Ogg with other bytes in its identification header (RFC 7845, 5.1)."""
    first, *others = ogg_pages(data)
    at = first.index(b"OpusHead") + offset
    first = first[:at] + field + first[at + len(field) :]
    return b"".join([checked(first), *others])


def opus_gain(data: bytes, decibels: float) -> bytes:
    return opus(data, 16, struct.pack("<h", round(decibels * 256)))


def boxes(data: bytes, *path: bytes) -> int:
    """Where the content of a box of MP4 begins, by the names of those around it and its own."""
    start, end = 0, len(data)
    for name in path:
        while data[start + 4 : start + 8] != name:
            start += struct.unpack_from(">I", data, start)[0]
            assert start < end, name
        end = start + struct.unpack_from(">I", data, start)[0]
        start += 8
    return start


def replaced(data: bytes, at: int, field: bytes) -> bytes:
    return data[:at] + field + data[at + len(field) :]


def hash_of_packets(path: Path) -> str:
    """The hash as it was before it noted anything of headers: what is in libraries."""
    digest = hashlib.blake2b(digest_size=16)
    with av.open(str(path)) as source:
        stream = source.streams.best("audio")
        context = stream.codec_context
        name = context.codec.canonical_name
        digest.update(f"{name} {context.sample_rate} {context.channels} ".encode())
        for packet in source.demux(stream):
            if packet.size:
                digest.update(packet)
    return digest.hexdigest()
