"""Songs and films in the same containers are told apart by what they hold, whatever their names."""

import io
import os
from pathlib import Path

import av
import corpus
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import encode, packets, tune

from engine import discover, films
from engine.discover import FILM, Found, Skipped, find_audio
from engine.films import Content

MUSIC = tune(4)
# Names of MP4 and of Matroska, by what PyAV calls the container.
NAMES = {
    "mp4": [".mp4", ".m4v", ".mov", ".3gp", ".3g2"],
    "matroska": [".mkv", ".webm"],
    "asf": [".asf", ".wmv"],
}
CODECS = {
    "mp4": {"codec": "aac"},
    "matroska": {"codec": "libopus"},
    "asf": {"codec": "wmav2", "bit_rate": 128_000},
}
ALL_NAMES = [(name, container) for container, names in NAMES.items() for name in names]


def found(folder: Path) -> list[str]:
    """The names of the tracks; whatever else is there has to be called a film."""
    tracks = []
    for entry in find_audio([folder]):
        if isinstance(entry, Found):
            tracks.append(os.fsdecode(entry.relpath))
        else:
            assert entry.reason == FILM
    return tracks


def content(path: Path) -> Content | None:
    with path.open("rb") as file:
        return films.content(file)


def shown(path: Path, container: str, pictures: int, seconds: int = 4, **options: str) -> Path:
    """Sound of so many seconds with so many pictures, spread over them."""
    with av.open(str(path), "w", format=container, options=options) as out:
        video = out.add_stream("mjpeg", rate=1)
        video.width, video.height, video.pix_fmt = 64, 64, "yuvj420p"
        sound = out.add_stream("aac", rate=44_100, layout="stereo")
        music = packets(sound, tune(seconds), 44_100)
        for number in range(pictures):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 9 * number, np.uint8), "rgb24")
            frame = frame.reformat(format="yuvj420p")
            frame.pts = number
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for packet in music:
            out.mux(packet)
    return path


@pytest.mark.parametrize(("extension", "container"), ALL_NAMES)
def test_a_song_is_found_and_a_film_is_not_under_any_name(
    tmp_path: Path, extension: str, container: str
):
    encode(tmp_path / f"song{extension}", MUSIC, container=container, **CODECS[container])
    corpus.film(tmp_path / f"film{extension}", with_sound=True, container=container)
    corpus.film(tmp_path / f"silent film{extension}", with_sound=False, container=container)
    assert found(tmp_path) == [f"song{extension}"]
    skipped = [entry for entry in find_audio([tmp_path]) if isinstance(entry, Skipped)]
    assert skipped == [Skipped(os.fsencode(tmp_path / f"film{extension}"), FILM)]


@pytest.mark.parametrize("container", NAMES)
def test_the_rule_is_the_same_without_a_name(tmp_path: Path, container: str):
    encode(tmp_path / "song.dat", MUSIC, container=container, **CODECS[container])
    corpus.film(tmp_path / "film.dat", with_sound=True, container=container)
    assert found(tmp_path) == ["song.dat"]


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska"])
@pytest.mark.parametrize("pictures", [1, 3])
def test_a_cover_or_a_picture_now_and_then_makes_no_film(
    tmp_path: Path, container: str, pictures: int
):
    """A cover as a video track, as YouTube's and some rippers' files have it, or one a chapter."""
    assert content(shown(tmp_path / "a", container, pictures)) is Content.SOUND


def test_a_cover_in_the_tags_makes_no_film(tmp_path: Path):
    from mutagen.mp4 import MP4, MP4Cover

    path = encode(tmp_path / "a.m4v", MUSIC, codec="aac", container="mp4")
    tagged = MP4(path)
    tagged["covr"] = [MP4Cover(b"\xff\xd8\xff vide", MP4Cover.FORMAT_JPEG)]
    tagged.save()
    assert found(tmp_path) == ["a.m4v"]


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "faststart", "frag_every_frame"])
def test_mp4_in_any_order(tmp_path: Path, flags: str):
    encode(tmp_path / "song.mp4", MUSIC, codec="aac", container="mp4", movflags=flags)
    path = tmp_path / "film.mp4"
    corpus.film(path, with_sound=True, container="mp4")
    with (
        av.open(str(path)) as source,
        av.open(
            str(tmp_path / "other film.mp4"), "w", format="mp4", options={"movflags": flags}
        ) as out,
    ):
        copies = {stream: out.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream]
                out.mux(packet)
    assert found(tmp_path) == ["song.mp4"]


@pytest.mark.parametrize(("extension", "container"), ALL_NAMES)
def test_a_damaged_file_is_left_to_the_decoder(tmp_path: Path, extension: str, container: str):
    """It says what is wrong; under a name that says nothing, such a file is passed over."""
    song = encode(tmp_path / f"song{extension}", MUSIC, container=container, **CODECS[container])
    song.write_bytes(song.read_bytes()[:40])
    (tmp_path / "song.dat").write_bytes(song.read_bytes())
    assert found(tmp_path) == [f"song{extension}"]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_raises_nothing_and_ends(examples: list[bytes], data):
    text = bytearray(data.draw(st.sampled_from(examples)))
    for place in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=20)):
        text[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(16, len(text)))
    assert films.content(io.BytesIO(bytes(text[:cut]))) in (None, *Content)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("films")
    made = []
    for container, options in CODECS.items():
        made.append(encode(folder / f"song.{container}", MUSIC, container=container, **options))
        made.append(corpus.film(folder / f"film.{container}", True, container))
    return [path.read_bytes() for path in made]


def test_a_file_made_to_take_time_does_not(monkeypatch):
    monkeypatch.setattr(films, "MAX_ELEMENTS", 1000)
    many = b"\x1a\x45\xdf\xa3\x80" + b"\xec\x80" * 5000  # elements of nothing
    assert films.content(io.BytesIO(many)) is Content.UNCLEAR
    boxes = b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 5000
    assert films.content(io.BytesIO(boxes)) is Content.UNCLEAR


def test_the_names_are_of_one_kind_each():
    kinds = discover.AUDIO_EXTENSIONS, discover.CONTAINER_EXTENSIONS, discover.VIDEO_EXTENSIONS
    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))
    assert {name.encode() for name, _ in ALL_NAMES} == discover.CONTAINER_EXTENSIONS
