"""The cover of a track, as a small square picture.

Goal: a file of music → at most 256 × 256 pixels of JPEG, or None. Sources: the picture inside the
file (ID3 APIC, MP4 covr, FLAC and Vorbis picture blocks; read by mutagen), else cover, folder or
front .jpg or .png beside it. Safety: pictures come from strangers, so a picture is what its first
bytes say, never what it calls itself; it has at most 10 MB and 40 million pixels, which bounds what
decoding costs; and it is drawn anew, so that nothing of the original reaches a browser. Files
outside the folder that was analysed are not opened, whatever links to them. Never raises.
"""

import base64
import binascii
import io
import logging
import os
import stat
from collections.abc import Iterator

SIZE = 256  # pixels, of either side
MAX_BYTES = 10 * 2**20
MAX_PIXELS = 40_000_000  # 160 MB while it is decoded; covers of 6000 × 6000 are common enough
FILE_NAMES = tuple(n + e for n in ("cover", "folder", "front") for e in (".jpg", ".jpeg", ".png"))
_FORMATS = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF", "WEBP"))
_FRONT = 3  # the picture type "front cover", in ID3 and in FLAC
_log = logging.getLogger(__name__)


def artwork(path: bytes, root: bytes) -> bytes | None:
    """A JPEG of at most SIZE × SIZE pixels, square; None without any picture that can be used.

    `path`: the absolute path of a track; `root`: the folder that was analysed.
    """
    real = _inside(path, root)
    if real is None:
        return None
    for source, find in (("the file", _embedded), ("its folder", _beside)):
        try:
            for picture in find(real, root):
                if thumbnail := _thumbnail(picture):
                    return thumbnail
        # mutagen and Pillow raise many kinds on damaged input, and a cover is never worth an error.
        except Exception as error:
            _log.info("no picture from %s of %r: %s", source, path, error)
    return None


def _inside(path: bytes, root: bytes) -> bytes | None:
    """The real path of a regular file under the real root; None for anything else."""
    real, top = os.path.realpath(path), os.path.realpath(root)
    if os.path.commonpath([real, top]) != top:
        _log.info("no picture from %r: it lies outside %r", path, root)
        return None
    try:
        return real if stat.S_ISREG(os.stat(real).st_mode) else None  # noqa: PTH116 - bytes
    except OSError:
        return None  # gone since the analysis, which the player says


def _embedded(path: bytes, root: bytes) -> Iterator[bytes]:
    """Pictures inside the file, the front cover first."""
    import mutagen  # here: it takes 50 ms, and most lists need no picture

    with open(path, "rb") as file:  # noqa: PTH123 - bytes
        found = mutagen.File(file)
    if found is None:
        return
    pictures = [(picture.type, picture.data) for picture in getattr(found, "pictures", ())]
    for name, value in (found.tags or {}).items() if hasattr(found.tags, "items") else ():
        pictures += _tagged(name, value)
    pictures.sort(key=lambda pair: pair[0] != _FRONT)
    yield from (bytes(data) for _, data in pictures)


def _tagged(name: str, value: object) -> list[tuple[int, bytes]]:
    """(picture type, bytes) in one tag."""
    from mutagen.flac import Picture, error

    if name.startswith("APIC"):
        return [(int(value.type), value.data)]
    if name == "covr":
        return [(_FRONT, bytes(cover)) for cover in value]
    pictures = []
    if name.lower() == "metadata_block_picture":
        for text in value:
            try:
                picture = Picture(base64.b64decode(text))
            except (binascii.Error, error) as problem:
                _log.info("a damaged picture block: %s", problem)
                continue
            pictures.append((picture.type, picture.data))
    return pictures


def _beside(path: bytes, root: bytes) -> Iterator[bytes]:
    """Pictures in the folder of the file, whatever the case of their names."""
    folder = os.path.dirname(path)  # noqa: PTH120 - bytes
    names = {}
    with os.scandir(folder) as found:
        for entry in found:
            names.setdefault(entry.name.lower(), entry.path)
    for name in FILE_NAMES:
        place = names.get(os.fsencode(name))
        real = _inside(place, root) if place is not None else None
        if real is not None and os.path.getsize(real) <= MAX_BYTES:  # noqa: PTH202 - bytes
            with open(real, "rb") as file:  # noqa: PTH123 - bytes
                yield file.read(MAX_BYTES + 1)


def _thumbnail(picture: bytes) -> bytes | None:
    """The middle of a picture as a small JPEG; None for what is no picture, or too large a one."""
    from PIL import Image, ImageOps

    kinds = [kind for first, kind in _FORMATS if picture.startswith(first)]
    if not kinds or len(picture) > MAX_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(picture), formats=kinds) as image:
            if image.width * image.height > MAX_PIXELS:
                _log.info("a picture of %d × %d pixels is too large", *image.size)
                return None
            image.draft("RGB", (SIZE * 2, SIZE * 2))  # a JPEG is decoded at an eighth of its size
            upright = ImageOps.exif_transpose(image).convert("RGB")
        side = min(SIZE, *upright.size)
        square = ImageOps.fit(upright, (side, side))
        target = io.BytesIO()
        square.save(target, "JPEG", quality=85)
    # Pillow's decoders raise many kinds on damaged pictures; the next picture may be whole.
    except Exception as error:
        _log.info("a damaged picture: %s", error)
        return None
    return target.getvalue()
