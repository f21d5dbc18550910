"""Malformed and odd audio files, each with the statuses that an analysis of it may end in.

`build(folder)` writes about 130 generated files with PyAV and numpy, without an ffmpeg program.
Files that are damaged by others, or at random, are those of damaged.py.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from sounds import encode, packets, tune

OK, PARTIAL, SILENT, SHORT, BAD = "ok", "partial", "silent", "too_short", "unreadable"
VORBIS = {"codec": "vorbis", "strict": "experimental"}


@dataclass(frozen=True)
class Case:
    """One file below the corpus folder, and how its analysis may end."""

    name: bytes
    expected: frozenset[str]


def build(folder: Path, hours_of_silence: float = 10.0) -> list[Case]:
    """Write the whole generated corpus into `folder` and say what to expect of each file."""
    writer = _Corpus(folder)
    for part in (_formats, _layouts, _rates, _signals, _damage, _impostors, _mixtures, _names):
        part(writer)
    _long_silence(writer, hours_of_silence)
    return writer.cases


class _Corpus:
    """Where files go, and the account of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases: list[Case] = []
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, name: str | bytes, *expected: str) -> Path:
        """The path for a new file, which is noted as a case."""
        encoded = os.fsencode(name)
        self.cases.append(Case(encoded, frozenset(expected)))
        return self.folder / os.fsdecode(encoded)

    def bytes(self, name: str | bytes, content: bytes, *expected: str) -> Path:
        path = self.file(name, *expected)
        path.write_bytes(content)
        return path

    def sound(self, name: str, expected: str, samples: np.ndarray, rate: int = 44_100, **how):
        return encode(self.file(name, expected), samples, rate, **how)

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


def _formats(corpus: _Corpus) -> None:
    """One file of each format that PyAV can write."""
    music = tune()
    for name, how in {
        "cbr.mp3": {"codec": "mp3", "bit_rate": 128_000},
        "vbr.mp3": {"codec": "mp3", "q": 2, "flags": "+qscale"},
        "layer2.mp2": {"codec": "mp2", "bit_rate": 192_000},
        "flac16.flac": {"codec": "flac"},
        "flac.oga": {"codec": "flac", "container": "ogg"},
        "vorbis.ogg": {**VORBIS, "bit_rate": 192_000},
        "opus.opus": {"codec": "libopus", "bit_rate": 96_000},
        "opus.webm": {"codec": "libopus", "bit_rate": 96_000},
        "opus.mka": {"codec": "libopus", "bit_rate": 96_000, "container": "matroska"},
        "aac.m4a": {"codec": "aac", "bit_rate": 128_000, "container": "ipod"},
        "aac.mp4": {"codec": "aac", "bit_rate": 128_000},
        "aac.aac": {"codec": "aac", "bit_rate": 128_000, "container": "adts"},
        "alac.m4a": {"codec": "alac", "container": "ipod"},
        "alac.caf": {"codec": "alac"},
        "wma1.wma": {"codec": "wmav1", "bit_rate": 128_000, "container": "asf"},
        "wma2.wma": {"codec": "wmav2", "bit_rate": 128_000, "container": "asf"},
        "wavpack.wv": {"codec": "wavpack"},
        "tta.tta": {"codec": "tta"},
        "ac3.ac3": {"codec": "ac3", "bit_rate": 192_000},
        "eac3.eac3": {"codec": "eac3", "bit_rate": 192_000},
        "s16.wav": {},
        "s24.wav": {"codec": "pcm_s24le"},
        "s32.wav": {"codec": "pcm_s32le"},
        "u8.wav": {"codec": "pcm_u8"},
        "float.wav": {"codec": "pcm_f32le"},
        "double.wav": {"codec": "pcm_f64le"},
        "alaw.wav": {"codec": "pcm_alaw"},
        "mulaw.wav": {"codec": "pcm_mulaw"},
        "ima.wav": {"codec": "adpcm_ima_wav"},
        "ms.wav": {"codec": "adpcm_ms"},
        "wave64.w64": {},
        "rf64.wav": {"rf64": "always"},
        "s16.aiff": {"codec": "pcm_s16be"},
        "float.aifc": {"codec": "pcm_f32be", "container": "aiff"},
        "sun.au": {"codec": "pcm_s16be"},
        "core.caf": {"codec": "pcm_s24be"},
    }.items():
        corpus.sound(name, OK, music, **how)
    corpus.sound("amr.amr", OK, tune(rate=8_000, channels=1), 8_000, codec="libopencore_amrnb")


def _layouts(corpus: _Corpus) -> None:
    corpus.sound("mono.wav", OK, tune(channels=1))
    corpus.sound("mono.mp3", OK, tune(channels=1), codec="mp3")
    for layout, channels in (("2.1", 3), ("quad", 4), ("5.1", 6), ("7.1", 8)):
        music = tune(channels=channels)
        corpus.sound(f"{layout}.wav", OK, music, layout=layout)
        corpus.sound(f"{layout}.flac", OK, music, layout=layout, codec="flac")
    corpus.sound("5.1.m4a", OK, tune(channels=6), layout="5.1", codec="aac", container="ipod")
    corpus.sound("5.1.ac3", OK, tune(channels=6), layout="5.1", codec="ac3")
    for channels, expected in ((3, OK), (11, OK), (64, OK), (65, BAD), (255, BAD)):
        corpus.bytes(f"{channels} channels.wav", _wav(tune(2, 8_000, channels), 8_000), expected)
    left = tune()
    left[:, 1] = 0
    corpus.sound("right channel silent.wav", OK, left)
    corpus.sound("opposite phase.wav", OK, tune(channels=1) * np.float32([[1, -1]]))


def _rates(corpus: _Corpus) -> None:
    for rate in (8_000, 11_025, 16_000, 22_050, 32_000, 48_000, 88_200, 96_000, 192_000, 384_000):
        corpus.sound(f"{rate}.wav", OK, tune(3, rate), rate)
    corpus.sound("96000.flac", OK, tune(3, 96_000), 96_000, codec="flac")
    corpus.sound("4000.wav", OK, tune(3, 4_000), 4_000)
    plain = _wav(tune(2, 8_000, 1), 8_000)
    for rate in (0, 1, 999, 800_000, 2**31, 2**32 - 1):
        header = plain[:24] + struct.pack("<II", rate, rate * 2 & 0xFFFFFFFF) + plain[32:]
        corpus.bytes(f"claims {rate} Hz.wav", header, BAD)


def _signals(corpus: _Corpus) -> None:
    """Sound files in order, with samples that are not."""
    music = tune()
    corpus.sound("silence.wav", SILENT, np.zeros((44_100 * 5, 2), np.float32))
    corpus.sound("silence.mp3", SILENT, np.zeros((44_100 * 5, 2), np.float32), codec="mp3")
    corpus.sound("nearly silence.wav", SILENT, music * np.float32(1e-4))
    corpus.sound("quiet.wav", OK, music * np.float32(1e-2))
    corpus.sound("one sample.wav", SHORT, np.full((1, 1), 0.5, np.float32))
    corpus.sound("0.2 s.wav", SHORT, tune(0.2))
    corpus.sound("0.2 s.mp3", SHORT, tune(0.2), codec="mp3")
    corpus.sound("0.2 s of silence.wav", SILENT, np.zeros((8_820, 2), np.float32))
    corpus.bytes("no samples.wav", _wav(np.zeros((0, 2), np.float32), 44_100), BAD)
    corpus.sound("clipping float.wav", OK, music * 3, codec="pcm_f32le")
    corpus.sound("constant.wav", OK, np.full((44_100 * 3, 2), 0.25, np.float32))
    for name, value in (("NaN", np.nan), ("Inf", np.inf), ("1e30", 1e30)):
        few, all_of_it = music.copy(), np.full_like(music, value)
        few[1000:1100] = value
        corpus.sound(f"some {name}.wav", PARTIAL, few, codec="pcm_f32le")
        corpus.sound(f"all {name}.wav", BAD, all_of_it, codec="pcm_f32le")


def _damage(corpus: _Corpus) -> None:
    """Cut, overwritten and padded files."""
    for name, expected in {
        "vbr.mp3": (PARTIAL,),
        "flac16.flac": (PARTIAL,),
        "vorbis.ogg": (OK, PARTIAL),  # Ogg does not state its length
        "opus.opus": (OK, PARTIAL),
        "aac.m4a": (BAD,),  # the index is at the end
        "aac.aac": (OK, PARTIAL),
        "alac.m4a": (BAD,),
        "wma2.wma": (PARTIAL,),
        "wavpack.wv": (PARTIAL,),
        "tta.tta": (PARTIAL,),
        "s16.wav": (PARTIAL,),
        "s16.aiff": (PARTIAL,),
        "opus.mka": (PARTIAL,),
        "sun.au": (PARTIAL,),
    }.items():
        whole = corpus.read(name)
        corpus.bytes(f"half of {name}", whole[: len(whole) // 2], *expected)
        corpus.bytes(f"first 100 bytes of {name}", whole[:100], BAD, SHORT, SILENT)
        middle = len(whole) // 2
        zeros = whole[: middle - 2000] + bytes(4000) + whole[middle + 2000 :]
        corpus.bytes(f"hole in {name}", zeros, OK, PARTIAL, BAD)
    mp3 = corpus.read("cbr.mp3")
    corpus.bytes("after 100 kB of zeros.mp3", bytes(100_000) + mp3, OK, PARTIAL)
    corpus.bytes("before 100 kB of zeros.mp3", mp3 + bytes(100_000), OK, PARTIAL)
    corpus.bytes("endless ID3.mp3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + mp3, OK, PARTIAL, BAD)
    corpus.bytes("three ID3.mp3", (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)) * 3 + mp3, OK)
    corpus.bytes("ID3v1.mp3", mp3 + b"TAG" + b"Title".ljust(125, b"\0"), OK)
    wav = corpus.read("s16.wav")
    for claim in (0, 0x7FFFFFFF, 0xFFFFFFFF):
        at = wav.index(b"data") + 4
        corpus.bytes(
            f"claims {claim} bytes.wav",
            wav[:at] + struct.pack("<I", claim) + wav[at + 4 :],
            *(OK, PARTIAL, BAD),
        )
    corpus.bytes("header only.flac", corpus.read("flac16.flac")[:42], BAD)
    random = np.random.default_rng(1).bytes(200_000)
    corpus.bytes("noise behind a FLAC header.flac", corpus.read("flac16.flac")[:86] + random, BAD)
    corpus.bytes("noise behind an MP3 frame.mp3", mp3[:2000] + random, OK, PARTIAL, BAD, SHORT)


def _impostors(corpus: _Corpus) -> None:
    """Files whose names promise something else than what is in them."""
    target = os.fsencode((corpus.folder / "cbr.mp3").resolve())
    corpus.bytes("empty.mp3", b"", BAD)
    corpus.bytes("empty.flac", b"", BAD)
    corpus.bytes("text.mp3", b"This is not music.\n" * 1000, BAD)
    corpus.bytes("page.ogg", b"<!DOCTYPE html><html><body>404</body></html>", BAD)
    corpus.bytes("picture.m4a", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(5000), BAD)
    corpus.bytes("archive.wav", b"PK\x03\x04" + bytes(5000), BAD)
    corpus.bytes("random.mp3", np.random.default_rng(2).bytes(300_000), BAD, SHORT, PARTIAL, OK)
    corpus.bytes("zeros.mp3", bytes(300_000), BAD)
    hls = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n" + target + b"\n#EXT-X-ENDLIST\n"
    corpus.bytes("playlist.mp3", hls, BAD)
    corpus.bytes("concat.flac", b"ffconcat version 1.0\nfile '" + target + b"'\n", BAD)
    sdp = b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n"
    corpus.bytes("session.wav", sdp, BAD)
    flac, mp3 = corpus.read("flac16.flac"), corpus.read("cbr.mp3")
    corpus.bytes("really FLAC.mp3", flac, OK)
    corpus.bytes("really MP3.flac", mp3, OK)
    corpus.bytes("really MP3.txt", mp3, OK)
    corpus.bytes("no extension", flac, OK)
    corpus.bytes("UPPER.MP3", mp3, OK)


def _mixtures(corpus: _Corpus) -> None:
    """Several streams, or a format that changes midway."""
    mono = encode(corpus.file("mono part.mp3", OK), tune(4, channels=1), codec="mp3").read_bytes()
    slow = encode(corpus.file("32 kHz part.mp3", OK), tune(4, 32_000), 32_000, "mp3").read_bytes()
    stereo = corpus.read("cbr.mp3")
    corpus.bytes("stereo then mono.mp3", stereo + mono, OK, PARTIAL)
    corpus.bytes("mono then stereo.mp3", mono + stereo, OK, PARTIAL)
    corpus.bytes("44.1 then 32 kHz.mp3", stereo + slow, OK, PARTIAL)
    corpus.bytes("chained.ogg", corpus.read("vorbis.ogg") * 2, OK, PARTIAL)
    corpus.bytes("chained.opus", corpus.read("opus.opus") * 2, OK, PARTIAL)
    corpus.bytes("two.wav", corpus.read("s16.wav") * 2, OK, PARTIAL)
    with av.open(str(corpus.file("two streams.mka", OK)), "w", format="matroska") as out:
        first = out.add_stream("flac", rate=44_100, layout="stereo")
        second = out.add_stream("flac", rate=44_100, layout="mono")
        both = [
            *packets(first, tune(5), 44_100),
            *packets(second, np.zeros((44_100 * 5, 1), np.float32), 44_100),
        ]
        for packet in both:
            out.mux(packet)
    # Under names of sound alone, as .mp4 is looked into before it is analysed.
    film(corpus.file("film.m4a", OK), with_sound=True)
    film(corpus.file("silent film.m4a", BAD), with_sound=False)


def film(path: Path, with_sound: bool, container: str = "mp4") -> Path:
    with av.open(str(path), "w", format=container) as out:
        video = out.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        sound = out.add_stream("aac", rate=44_100, layout="stereo") if with_sound else None
        for i in range(40):
            picture = np.full((64, 64, 3), i * 5, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
        for packet in packets(sound, tune(4), 44_100) if sound is not None else ():
            out.mux(packet)
    return path


def _names(corpus: _Corpus) -> None:
    """Names that trip shells, playlists, CSV files, patterns and addresses."""
    music = _wav(tune(3, 22_050), 22_050)
    for name in (
        b"line\nbreak.wav",
        b"carriage\rreturn.wav",
        b"tab\tand \x1b[31mescape.wav",
        b"'quotes' \"and\" `ticks`.wav",
        b"invalid \xff\xfe UTF-8.wav",
        b"#leading hash.wav",
        b"-leading dash.wav",
        b" blanks .wav",
        b"=cmd|formula.wav",
        b"%03d percent %s.wav",
        b"http:example.org.wav",
        b"back\\slash.wav",
        b"$(echo variable) ${HOME}.wav",
        "right \u202e to left.wav".encode(),
        "e\u0301 and \u00e9, \u97f3\u697d, \U0001f3b5.wav".encode(),
        b"<b>bold</b> & *stars* [link](x).wav",
        b"l" * 251 + b".wav",
        b"deep/er/folder #1/track.wav",
    ):
        (corpus.folder / os.fsdecode(name)).parent.mkdir(parents=True, exist_ok=True)
        corpus.bytes(name, music, OK)


def _long_silence(corpus: _Corpus, hours: float) -> None:
    """Hours of silence in a few megabytes of FLAC, made block by block."""
    path = corpus.file(f"{hours:g} h of silence.flac", SILENT)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("flac", rate=44_100, layout="stereo")
        block = 1 << 20
        frame = av.AudioFrame.from_ndarray(np.zeros((1, block * 2), np.int16), "s16", "stereo")
        frame.sample_rate = 44_100
        for start in range(0, int(hours * 3600 * 44_100), block):
            frame.pts = start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _wav(samples: np.ndarray, rate: int) -> bytes:
    """A 16-bit WAV with any number of channels; PyAV has no layout for most of them."""
    data = (samples * 32767).astype("<i2").tobytes()
    channels = samples.shape[1]
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    chunks = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", len(chunks) + len(data)) + chunks + data
