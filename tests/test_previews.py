"""What a player gets: the file, a clip that plays, or a sentence."""

import io
import os
import time

import av
import numpy as np
import pytest
import sounds

from engine import previews
from engine.library import Location
from engine.previews import PreviewError, find, middle, whole

SECONDS = 8.0


@pytest.fixture(scope="module")
def tune() -> np.ndarray:
    return sounds.tune(SECONDS)


def decoded(data: bytes) -> np.ndarray:
    """Mono samples of a preview."""
    with av.open(io.BytesIO(data)) as source:
        resampler = av.AudioResampler("fltp", "stereo", 44_100)
        frames = [r for frame in source.decode(audio=0) for r in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().mean(axis=0) for frame in frames])


@pytest.mark.parametrize(
    ("extension", "codec", "known_as", "mime"),
    [
        (".mp3", "mp3", "mp3float", "audio/mpeg"),
        (".flac", "flac", "flac", "audio/flac"),
        (".opus", "libopus", "opus", "audio/ogg"),
        (".m4a", "aac", "aac", "audio/mp4"),
        (".wav", "pcm_s16le", "pcm_s16le", "audio/wav"),
    ],
)
def test_what_browsers_play_is_served_as_it_is(tmp_path, tune, extension, codec, known_as, mime):
    path = sounds.encode(tmp_path / f"tune{extension}", tune, codec=codec)
    found = whole(os.fsencode(path), known_as)
    assert (found.mime, found.seconds) == (mime, None)
    assert found.data == path.read_bytes()


@pytest.mark.parametrize(
    ("extension", "codec", "known_as"),
    [
        (".aiff", "pcm_s16be", "pcm_s16be"),
        (".m4a", "alac", "alac"),
        (".wma", "wmav2", "wmav2"),
        (".wv", "wavpack", "wavpack"),
        (".wav", "pcm_s32le", "pcm_s32le"),
    ],
)
def test_the_rest_is_served_as_a_clip_of_the_same_sound(tmp_path, tune, extension, codec, known_as):
    options = {"bit_rate": 192_000} if codec == "wmav2" else {}
    file = sounds.encode(tmp_path / f"tune{extension}", tune, codec=codec, **options)
    path = os.fsencode(file)
    assert whole(path, known_as) is None
    found = middle(path, SECONDS)
    assert found.mime == "audio/mpeg"
    assert found.seconds == pytest.approx(SECONDS, abs=0.1)
    ours, original = decoded(found.data), tune.mean(axis=1)
    assert len(ours) == pytest.approx(len(original), abs=5000)
    loudness = np.sqrt(np.mean(ours**2)) / np.sqrt(np.mean(original**2))
    assert loudness == pytest.approx(1, abs=0.1)


def test_a_lying_extension_is_not_believed(tmp_path, tune):
    real = sounds.encode(tmp_path / "tune.aiff", tune, codec="pcm_s16be")
    path = os.fsencode(real.rename(tmp_path / "tune.mp3"))
    assert whole(path, "pcm_s16be") is None
    assert whole(path, "mp3") is None
    assert middle(path, SECONDS).seconds == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("codecs", [("vorbis", "libopus"), ("vorbis", "vorbis"), ("flac", "flac")])
def test_a_chain_is_served_as_a_clip_of_all_links(tmp_path, tune, codecs):
    """As browsers play the first only, or stop where the rate changes."""
    path = tmp_path / "a.ogg"
    parts = []
    for number, codec in enumerate(codecs):
        music = tune[: 2 * 44_100] * (1, 0.25)[number]
        options = {"strict": "experimental"} if codec == "vorbis" else {}
        name = tmp_path / f"{number}.ogg"
        parts.append(sounds.encode(name, music, codec=codec, container="ogg", **options))
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert whole(os.fsencode(path), codecs[0].removeprefix("lib")) is None
    found = previews.clip(os.fsencode(path), 0, 60)
    assert found.seconds == pytest.approx(4, abs=0.05)
    sound = decoded(found.data)
    first, second = (np.std(sound[at : at + 80_000]) for at in (4_000, 92_000))
    assert second / first == pytest.approx(0.25, rel=0.1)
    later = previews.clip(os.fsencode(path), 2, 60)  # from the second link on
    assert later.seconds == pytest.approx(2, abs=1.05)  # a clip may begin a second early
    assert np.std(decoded(later.data)[-80_000:-4_000]) == pytest.approx(second, rel=0.1)


def test_surround_is_mixed_to_stereo(tmp_path, tune):
    six = np.zeros((len(tune), 6), np.float32)
    six[:, 4] = tune[:, 0]  # behind, on the left
    path = sounds.encode(tmp_path / "a.flac", six, codec="flac", layout="5.1")
    found = previews.clip(os.fsencode(path), 0, 60)
    with av.open(io.BytesIO(found.data)) as source:
        sound = np.concatenate([frame.to_ndarray() for frame in source.decode(audio=0)], axis=1)
    left, right = np.std(sound, axis=1)
    assert left == pytest.approx(np.std(tune[:, 0]) / 2**0.5, rel=0.1)
    assert right < 0.05 * left


def test_a_large_file_is_served_as_a_minute_from_its_middle(tmp_path):
    rate, seconds = 8_000, 200
    ramp = np.repeat(np.arange(seconds) / (2 * seconds), rate)  # loudness tells the time
    tone = np.sin(2 * np.pi * 440 * np.arange(seconds * rate) / rate) * ramp
    samples = np.repeat(tone.astype(np.float32)[:, None], 2, axis=1)
    path = os.fsencode(sounds.encode(tmp_path / "long.flac", samples, rate, "flac"))
    found = middle(path, float(seconds))
    assert (found.start_s, found.seconds) == (70.0, pytest.approx(60, abs=1))
    clip = decoded(found.data)
    first, last = (np.abs(clip[place]).max() for place in (slice(0, 44_100), slice(-44_100, None)))
    assert first == pytest.approx(70 / 400, abs=0.02)
    assert last == pytest.approx(130 / 400, abs=0.02)


def test_size_decides(tmp_path, tune, monkeypatch):
    path = os.fsencode(sounds.encode(tmp_path / "tune.wav", tune))
    monkeypatch.setattr(previews, "WHOLE_BYTES", 1000)
    assert whole(path, "pcm_s16le") is None


@pytest.mark.parametrize("content", [b"", b"not music at all", b"RIFF\0\0\0\0WAVEfmt "])
def test_what_cannot_be_decoded_is_a_sentence(tmp_path, content):
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(PreviewError, match="decoded"):
        middle(os.fsencode(path), 10)


SESSION = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=x
c=IN IP4 127.0.0.1
t=0 0
m=audio 50004 RTP/AVP 0
"""


def test_a_text_that_names_a_network_source_is_refused(tmp_path):
    path = tmp_path / "x.mp3"
    path.write_text(SESSION)
    start = time.monotonic()
    with pytest.raises(PreviewError, match="decoded"):
        middle(os.fsencode(path), 10)
    assert time.monotonic() - start < 15  # listening at the port, it fails after 20 s, too


def test_a_file_that_takes_too_long_is_a_sentence(tmp_path, tune, monkeypatch):
    path = sounds.encode(tmp_path / "tune.aiff", tune, codec="pcm_s16be")
    times = iter(range(0, 10**6, 6))  # each look at the clock finds six seconds gone
    monkeypatch.setattr(previews.time, "monotonic", lambda: next(times))
    with pytest.raises(PreviewError, match="too long"):
        middle(os.fsencode(path), SECONDS)


def test_a_name_is_never_an_address(tmp_path, tune, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sounds.encode(tmp_path / "tune.aiff", tune, codec="pcm_s16be").rename(tmp_path / "concat:a")
    assert middle(b"concat:a", SECONDS).data


def test_the_file_of_a_track_is_found(tmp_path):
    (tmp_path / "a.mp3").write_bytes(b"x")
    real = os.fsencode((tmp_path / "a.mp3").resolve())
    assert find(Location(os.fsencode(tmp_path), b"a.mp3")) == real
    assert find(Location(real, b"")) == real  # a single file was analysed


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music2").mkdir()
    (tmp_path / "music2" / "secret.mp3").write_bytes(b"x")
    (tmp_path / "music" / "link.mp3").symlink_to(tmp_path / "music2" / "secret.mp3")
    (tmp_path / "music" / "inside.mp3").write_bytes(b"x")
    (tmp_path / "music" / "fine.mp3").symlink_to("inside.mp3")
    root = os.fsencode(tmp_path / "music")
    with pytest.raises(PreviewError, match="outside the folder"):
        find(Location(root, b"link.mp3"))
    with pytest.raises(PreviewError, match="outside the folder"):
        find(Location(root, b"../music2/secret.mp3"))
    assert find(Location(root, b"fine.mp3")).endswith(b"inside.mp3")


def test_what_is_gone_or_no_file_is_a_sentence(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp3")
    root = os.fsencode(tmp_path)
    with pytest.raises(PreviewError, match="no longer there"):
        find(Location(root, b"gone.mp3"))
    with pytest.raises(PreviewError, match="not a file"):
        find(Location(root, b"pipe.mp3"))
    with pytest.raises(PreviewError, match="drive connected"):
        find(Location(root + b"/unplugged", b"gone.mp3"))
