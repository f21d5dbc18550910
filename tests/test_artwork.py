"""Covers: found where files keep them, small and square; nothing else is opened or sent."""

import base64
import io
import os
import struct
import zlib

import pytest
import sounds
from hypothesis import given
from hypothesis import strategies as st
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from PIL import Image

from engine import artwork
from engine.artwork import SIZE

RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(colour=RED, size=(300, 200), kind="JPEG") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


def block(data: bytes, kind: int = 3) -> Picture:
    made = Picture()
    made.type, made.data, made.mime = kind, data, "image/jpeg"
    return made


@pytest.fixture(scope="module")
def plain_files(tmp_path_factory):
    """One short sound of each kind, without tags."""
    folder = tmp_path_factory.mktemp("sounds")
    kinds = {".mp3": "mp3", ".flac": "flac", ".m4a": "aac", ".opus": "libopus", ".wav": "pcm_s16le"}
    for suffix, codec in kinds.items():
        sounds.encode(folder / f"a{suffix}", sounds.tune(0.5), codec=codec)
    sounds.encode(folder / "a.ogg", sounds.tune(0.5), codec="vorbis", strict="experimental")
    return folder


@pytest.fixture
def file_of(plain_files, tmp_path):
    """A fresh copy of the sound with that ending."""

    def copied(suffix: str):
        target = tmp_path / "music" / "album" / f"a{suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((plain_files / f"a{suffix}").read_bytes())
        return target

    return copied


def cover(path, root=None) -> bytes | None:
    return artwork.artwork(os.fsencode(path), os.fsencode(root or path.parents[1]))


def colour(jpeg: bytes) -> tuple[int, ...]:
    """Of the middle; the picture must be a small square JPEG."""
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        assert image.width == image.height <= SIZE
        assert not image.getexif()
        return image.getpixel((image.width // 2, image.height // 2))


def near(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 12


def embed(path, data: bytes) -> None:
    """Put a picture into a file the way its format does."""
    if path.suffix == ".mp3":
        tags = ID3()
        tags.add(APIC(mime="image/png", type=3, data=data))
        tags.save(path)
        return
    file = {".flac": FLAC, ".m4a": MP4, ".opus": OggOpus, ".ogg": OggVorbis}[path.suffix](path)
    if path.suffix == ".flac":
        file.add_picture(block(data))
    elif path.suffix == ".m4a":
        file["covr"] = [MP4Cover(data)]
    else:
        file["metadata_block_picture"] = [base64.b64encode(block(data).write()).decode()]
    file.save()


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".m4a", ".opus", ".ogg"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_picture_inside_a_file(file_of, suffix, kind):
    path = file_of(suffix)
    assert cover(path) is None
    embed(path, picture(kind=kind))
    assert near(colour(cover(path)), RED)


def test_the_front_cover_comes_first_and_the_file_before_its_folder(file_of):
    path = file_of(".flac")
    (path.parent / "cover.jpg").write_bytes(picture((30, 200, 30)))
    file = FLAC(path)
    file.add_picture(block(picture(BLUE), kind=4))
    file.add_picture(block(picture(RED), kind=3))
    file.save()
    assert near(colour(cover(path)), RED)


@pytest.mark.parametrize("name", ["cover.jpg", "Folder.JPG", "front.png", "COVER.jpeg"])
def test_a_picture_beside_the_file(file_of, name):
    path = file_of(".wav")
    (path.parent / name).write_bytes(picture(BLUE, kind="PNG"))
    assert near(colour(cover(path)), BLUE)


def test_a_damaged_picture_inside_leaves_the_one_beside(file_of):
    path = file_of(".mp3")
    embed(path, picture()[:60])
    (path.parent / "cover.jpg").write_bytes(picture(BLUE))
    assert near(colour(cover(path)), BLUE)


def test_a_small_picture_is_not_blown_up(file_of):
    path = file_of(".mp3")
    embed(path, picture(size=(40, 30)))
    with Image.open(io.BytesIO(cover(path))) as image:
        assert image.size == (30, 30)


def test_a_picture_is_turned_as_its_camera_says(file_of):
    path = file_of(".mp3")
    image = Image.new("RGB", (200, 100), RED)
    image.paste(BLUE, (0, 0, 200, 20))  # the top edge, which becomes the right one
    target = io.BytesIO()
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(target, "JPEG", exif=exif)
    embed(path, target.getvalue())
    with Image.open(io.BytesIO(cover(path))) as shown:
        assert near(shown.getpixel((shown.width - 3, 50)), BLUE)


# What strangers send


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that says it is large."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + bytes(100),
        b"\xff\xd8\xff" + bytes(100),
        b"RIFF\x10\0\0\0WAVEfmt " + bytes(100),
        bomb(7000, 7000),
        bomb(60_000, 60_000),
        picture() + bytes(artwork.MAX_BYTES),
    ],
    ids=["empty", "svg", "gif", "broken", "sound", "bomb", "large bomb", "too many bytes"],
)
def test_what_is_no_fit_picture_is_none(file_of, data):
    path = file_of(".mp3")
    embed(path, data)
    (path.parent / "cover.jpg").write_bytes(data)
    assert cover(path) is None


@given(st.binary(max_size=300), st.integers(0, 600))
def test_no_bytes_at_all_make_it_raise(data, place):
    whole = picture(kind="PNG")
    artwork._thumbnail(whole[:place] + data + whole[place + len(data) :])


def test_a_link_that_leads_outside_is_not_followed(file_of, tmp_path):
    (tmp_path / "secret.jpg").write_bytes(picture())
    path = file_of(".wav")
    (path.parent / "cover.jpg").symlink_to(tmp_path / "secret.jpg")
    assert cover(path) is None
    assert cover(path, root=tmp_path) is not None  # the same link within what was analysed
    outside = tmp_path / "outside.mp3"
    outside.write_bytes(file_of(".mp3").read_bytes())
    embed(outside, picture())
    link = path.parent / "link.mp3"
    link.symlink_to(outside)
    assert cover(link) is None


@pytest.mark.parametrize("damage", ["gone", "a folder", "no sound", "cut short"])
def test_files_that_are_none(file_of, damage):
    path = file_of(".flac")
    content = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(b"text" if damage == "no sound" else content[:30])
    assert cover(path) is None
