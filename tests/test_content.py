"""The content hash: it changes with the sound, with nothing else, and not between versions."""

import hashlib
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import av.error
import headers
import mutagen
import numpy as np
import pytest
from headers import boxes, hash_of_packets, opus, opus_gain, replaced
from mutagen.id3 import TXXX
from sounds import encode, tune, wave

from engine import audio, container
from engine.audio import content_hash, decode, probe

RATE = 44_100
NOTE = 16  # digits behind the hash of the packets
VORBIS = {"codec": "vorbis", "strict": "experimental"}
# A file of each format that PyAV writes.
FORMATS = {
    "a.mp3": {"codec": "mp3", "bit_rate": 128_000},
    "vbr.mp3": {"codec": "mp3", "q": 2, "flags": "+qscale"},
    "a.mp2": {"codec": "mp2"},
    "a.flac": {"codec": "flac"},
    "flac.oga": {"codec": "flac", "container": "ogg"},
    "a.ogg": VORBIS,
    "a.opus": {"codec": "libopus"},
    "speech.opus": {"codec": "libopus", "application": "voip"},
    "a.webm": {"codec": "libopus"},
    "opus.mka": {"codec": "libopus", "container": "matroska"},
    "vorbis.mkv": VORBIS,
    "a.m4a": {"codec": "aac", "container": "ipod"},
    "opus.mp4": {"codec": "libopus"},
    "fragments.mp4": {"codec": "aac", "movflags": "frag_keyframe+empty_moov"},
    "alac.m4a": {"codec": "alac", "container": "ipod"},
    "a.aac": {"codec": "aac", "container": "adts"},
    "a.wav": {},
    "float.wav": {"codec": "pcm_f32le"},
    "adpcm.wav": {"codec": "adpcm_ms"},
    "a.w64": {},
    "rf64.wav": {"rf64": "always"},
    "a.aiff": {"codec": "pcm_s16be"},
    "a.au": {"codec": "pcm_s16be"},
    "a.caf": {"codec": "pcm_s24be"},
    "alac.caf": {"codec": "alac"},
    "a.wv": {"codec": "wavpack"},
    "a.tta": {"codec": "tta"},
    "a.wma": {"codec": "wmav2", "bit_rate": 128_000, "container": "asf"},
    "a.ac3": {"codec": "ac3"},
    "a.eac3": {"codec": "eac3"},
    "a.mpg": {"codec": "mp2", "container": "mpeg"},
    "a.ts": {"codec": "aac", "container": "mpegts"},
    "a.nut": {},
}
LAYOUTS = {
    "mono": {"wav": {}, "opus": {"codec": "libopus"}, "mp3": {"codec": "mp3"}},
    "2.1": {"wav": {}, "flac": {"codec": "flac"}},
    "3.0": {"wav": {}, "flac": {"codec": "flac"}, "opus": {"codec": "libopus"}},
    "4.0": {"wav": {}, "flac": {"codec": "flac"}, "m4a": {"codec": "aac"}, "ac3": {"codec": "ac3"}},
    "quad": {"wav": {}, "flac": {"codec": "flac"}, "opus": {"codec": "libopus"}},
    "5.1": {
        "wav": {},
        "flac": {"codec": "flac"},
        "opus": {"codec": "libopus"},
        "m4a": {"codec": "aac"},
        "mka": {"codec": "alac"},
    },
    "5.1(side)": {"wav": {}, "flac": {"codec": "flac"}, "ac3": {"codec": "ac3"}},
    "7.1": {"wav": {}, "flac": {"codec": "flac"}, "opus": {"codec": "libopus"}},
}


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    return tune(3)


# What was computed from a file stays hers


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_keeps_the_hash_that_libraries_know(tmp_path: Path, music, name):
    path = encode(tmp_path / name, music, **FORMATS[name])
    assert content_hash(path) == decode(path).content_hash == hash_of_packets(path)


@pytest.mark.parametrize(
    ("layout", "extension", "options"),
    [(layout, *pair) for layout, formats in LAYOUTS.items() for pair in formats.items()],
)
def test_every_usual_layout_keeps_the_hash_that_libraries_know(
    tmp_path: Path, layout, extension, options
):
    music = tune(2, 48_000, av.AudioLayout(layout).nb_channels)
    path = encode(tmp_path / f"a.{extension}", music, 48_000, layout=layout, **options)
    assert content_hash(path) == decode(path).content_hash == hash_of_packets(path)


@pytest.mark.parametrize("channels", [3, 6, 11])
def test_a_file_that_names_no_loudspeakers_keeps_its_hash(tmp_path: Path, channels):
    path = wave(tmp_path / "a.wav", tune(2, RATE, channels), RATE)
    assert content_hash(path) == hash_of_packets(path)


def test_the_demo_music_keeps_its_hash(demo_music: Path):
    for path in demo_music.iterdir():
        assert content_hash(path) == hash_of_packets(path), path.name


REPLAY_GAIN = {"replaygain_track_gain": "-9.00 dB", "replaygain_track_peak": "0.988"}


@pytest.mark.parametrize(
    "name", ["a.mp3", "a.flac", "a.ogg", "a.opus", "flac.oga", "a.m4a", "a.wv", "a.aiff", "a.wma"]
)
def test_gain_in_tags_is_not_heard(tmp_path: Path, music, name):
    path = encode(tmp_path / name, music, **FORMATS[name])
    before = decode(path)
    tagged = mutagen.File(path)
    if tagged.tags is None:
        tagged.add_tags()
    gains = dict(REPLAY_GAIN)
    if name.endswith("opus"):
        gains |= {"r128_track_gain": "-2560", "r128_album_gain": "-1280"}
    for key, value in gains.items():
        if name.endswith((".mp3", ".aiff")):
            tagged.tags.add(TXXX(desc=key, text=[value]))
        elif name.endswith("m4a"):
            tagged.tags[f"----:com.apple.iTunes:{key}"] = value.encode()
        else:
            tagged.tags[key] = value
    tagged.save()
    after = decode(path)
    assert after.content_hash == content_hash(path) == before.content_hash
    np.testing.assert_array_equal(after.samples, before.samples)


def _mp4_volume(data: bytes) -> bytes:
    return replaced(data, boxes(data, b"moov", b"trak", b"tkhd") + 36, b"\0\x40")


def _flac_length(data: bytes) -> bytes:
    return replaced(data, 22, struct.pack(">I", 1000))


def _sides(data: bytes) -> bytes:
    return replaced(data, 40, struct.pack("<I", 0x60F))  # 5.1 with its surround beside, not behind


@pytest.mark.parametrize(
    ("name", "options", "edit"),
    [
        ("a.m4a", {"codec": "aac"}, _mp4_volume),
        ("a.flac", {"codec": "flac"}, _flac_length),
        ("a.opus", {"codec": "libopus"}, lambda data: opus(data, 12, struct.pack("<I", 8000))),
        ("a.opus", {"codec": "libopus"}, lambda data: opus_gain(data, 0)),
    ],
)
def test_what_decoding_does_not_heed_does_not_count(tmp_path: Path, music, name, options, edit):
    path = encode(tmp_path / name, music, **options)
    before = decode(path)
    path.write_bytes(edit(path.read_bytes()))
    after = decode(path)
    np.testing.assert_array_equal(after.samples, before.samples)
    assert after.content_hash == before.content_hash


def test_loudspeakers_that_mix_alike_are_the_same(tmp_path: Path):
    path = wave(tmp_path / "a.wav", tune(2, RATE, 6), RATE, mask=0x3F)
    before = decode(path)
    path.write_bytes(_sides(path.read_bytes()))
    after = decode(path)
    np.testing.assert_array_equal(after.samples, before.samples)
    assert after.content_hash == before.content_hash
    assert after.loudness == before.loudness


# What changes the sound


def _edit_list(data: bytes, skipped: int) -> bytes:
    at = boxes(data, b"moov", b"trak", b"edts", b"elst")
    return replaced(data, at + 12, struct.pack(">i", skipped))


def _matroska_delay(data: bytes) -> bytes:
    at = data.index(b"\x56\xaa") + 2  # CodecDelay, ns
    length = data[at] & 0x7F
    return replaced(data, at + 1, (15_000_000).to_bytes(length))


def _caf_priming(data: bytes) -> bytes:
    return replaced(data, data.index(b"pakt") + 28, struct.pack(">i", 20_000))


@pytest.mark.parametrize(
    ("name", "options", "edit"),
    [
        ("a.opus", {"codec": "libopus"}, lambda data: opus_gain(data, -12)),
        ("a.opus", {"codec": "libopus"}, lambda data: opus_gain(data, 1 / 256)),
        ("a.opus", {"codec": "libopus"}, lambda data: opus(data, 10, b"\x00\x0f")),
        ("a.opus", {"codec": "libopus"}, lambda data: opus(data, 10, b"\0\0")),
        ("a.webm", {"codec": "libopus"}, _matroska_delay),
        ("a.m4a", {"codec": "aac"}, lambda data: _edit_list(data, 10_240)),
        ("a.m4a", {"codec": "aac"}, lambda data: _edit_list(data, 2 * RATE)),
        ("a.m4a", {"codec": "alac"}, lambda data: _edit_list(data, 10_000)),
        ("a.caf", {"codec": "alac"}, _caf_priming),
    ],
)
def test_a_header_alone_changes_the_sound_and_the_hash(tmp_path: Path, music, name, options, edit):
    path = encode(tmp_path / name, music, **options)
    before = decode(path)
    path.write_bytes(edit(path.read_bytes()))
    after = decode(path)
    assert not np.array_equal(after.samples, before.samples)
    assert after.content_hash == content_hash(path) != before.content_hash


def test_gain_of_opus_is_heard_and_noted_in_every_container(tmp_path: Path, music):
    for name in ("a.opus", "a.webm", "a.mka"):
        path = encode(tmp_path / name, music, codec="libopus")
        before = decode(path)
        data = path.read_bytes()
        if name == "a.opus":
            path.write_bytes(opus_gain(data, -12))
        else:
            path.write_bytes(replaced(data, data.index(b"OpusHead") + 16, struct.pack("<h", -3072)))
        after = decode(path)
        quieter = before.samples * 10 ** (-12 / 20)
        np.testing.assert_allclose(after.samples, quieter, atol=1e-4)
        assert after.content_hash[:-NOTE] == before.content_hash
        assert int(after.content_hash, 16) > 0


def test_the_order_of_channels_in_opus_counts(tmp_path: Path):
    path = encode(tmp_path / "a.opus", tune(2, 48_000, 6), 48_000, "libopus", "5.1")
    before = decode(path)
    path.write_bytes(opus(path.read_bytes(), 21, bytes((0, 1, 4, 2, 3, 5))))
    after = decode(path)
    assert not np.array_equal(after.samples, before.samples)
    assert after.content_hash[:-NOTE] == before.content_hash


@pytest.mark.parametrize(("before", "after"), [(0x3F, 0x707), (0, 0x707), (0x33, 0x1007)])
def test_other_loudspeakers_count(tmp_path: Path, before, after):
    channels = 6 if after == 0x707 else 4
    sounds = [
        decode(wave(tmp_path / "a.wav", tune(2, RATE, channels), RATE, mask))
        for mask in (before, after)
    ]
    assert not np.array_equal(sounds[0].samples, sounds[1].samples)
    assert sounds[0].content_hash == sounds[1].content_hash[:-NOTE]


# What was not read to its end


CLOSED = ["a.wav", "a.w64", "rf64.wav", "a.aiff", "a.caf", "alac.m4a", "a.m4a", "a.tta", "a.wma"]
OPEN = ["a.mp3", "a.mp2", "a.flac", "a.aac", "a.ac3", "opus.mka", "a.au", "a.wv"]


@pytest.mark.parametrize("name", [*CLOSED, *OPEN])
def test_two_files_in_one_never_hash_like_the_first(tmp_path: Path, music, name):
    first = encode(tmp_path / name, music, **FORMATS[name])
    second = encode(tmp_path / f"other {name}", tune(2, seed=1), **FORMATS[name])
    both = tmp_path / f"both {name}"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    sound = decode(both)
    assert sound.content_hash == content_hash(both) != content_hash(first)
    if name in CLOSED:
        assert "left out" in sound.partial
        assert sound.seconds == decode(first).seconds
    elif name != "a.wv":  # whose second part FFmpeg calls damage
        assert sound.partial is None
        assert sound.seconds == pytest.approx(5, abs=0.2)


@pytest.mark.parametrize("name", [*CLOSED, *OPEN])
def test_tags_behind_the_sound_are_no_second_file(tmp_path: Path, music, name):
    path = encode(tmp_path / name, music, **FORMATS[name])
    before = decode(path)
    tag = b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0) + bytes(8) + b"TAG" + bytes(125)
    with path.open("ab") as file:
        file.write(tag)
    after = decode(path)
    if name not in ("a.au", "a.aac", "a.ac3", "a.wv", "a.flac"):  # which have no place for them
        assert (after.content_hash, after.partial) == (before.content_hash, before.partial)


class Failing:
    """A container whose disk fails in the middle."""

    def __init__(self, real: av.container.InputContainer):
        self._real = real

    def __getattr__(self, name: str):
        return getattr(self._real, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._real.close()

    def demux(self, stream: av.AudioStream) -> Iterator[av.Packet]:
        for number, packet in enumerate(self._real.demux(stream)):
            if number == 20:
                raise av.error.OSError(5, "Input/output error")
            yield packet


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.wav", "a.m4a"])
def test_a_failing_disk_leaves_no_shorter_file(tmp_path: Path, music, name, monkeypatch):
    """Until it fails, the packets are those of a file that ends there."""
    path = encode(tmp_path / name, music, **FORMATS[name])
    with av.open(str(path)) as source:
        stream = source.streams.audio[0]
        packets = [bytes(packet) for packet in islice(source.demux(stream), 20)]
        context = stream.codec_context
        text = f"{context.codec.canonical_name} {context.sample_rate} {context.channels} "
    shorter = hashlib.blake2b(text.encode() + b"".join(packets), digest_size=16).hexdigest()
    real = av.open
    monkeypatch.setattr(container.av, "open", lambda *a, **k: Failing(real(*a, **k)))
    sound = decode(path)
    assert "Input/output error" in sound.partial
    assert sound.content_hash == probe(path)[0] != shorter
    assert sound.content_hash.startswith(shorter)


def test_a_place_that_cannot_be_read_behind_the_sound_is_told(tmp_path: Path, music, monkeypatch):
    path = encode(tmp_path / "a.wav", music)

    def fail(file, position):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(container, "_beginning", lambda file: fail(file, 0))
    assert "read to its end" in decode(path).partial


def test_a_note_is_behind_the_hash_of_the_packets(tmp_path: Path, music):
    """By which a library knows a file that an older version recorded without one."""
    path = encode(tmp_path / "a.opus", music, codec="libopus")
    plain = content_hash(path)
    path.write_bytes(opus_gain(path.read_bytes(), -3))
    noted = content_hash(path)
    assert (len(plain), len(noted)) == (32, 32 + NOTE)
    assert noted.startswith(plain)
    assert headers.ogg_pages(path.read_bytes())
    assert audio.probe(path)[0] == noted
