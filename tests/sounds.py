"""Test signals, and files of any format from them: PyAV encodes, no ffmpeg program is needed."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SAMPLE_FORMATS = {"wavpack": "s16p", "tta": "s16"}  # left alone, these encoders take 8 bits


def tune(seconds: float = 8.0, rate: int = 44_100, channels: int = 2, seed: int = 0) -> np.ndarray:
    """A tonal, rhythmic signal, float32 [n, channels], peak 0.5: decaying notes at 120 BPM."""
    random = np.random.default_rng(seed)
    n = round(seconds * rate)
    signal = np.zeros(n)
    for beat in range(int(seconds * 2) + 1):
        start = beat * rate // 2
        t = np.arange(min(rate // 2, n - start)) / rate
        root = 220 * 2 ** (random.choice([0, 2, 4, 5, 7, 9]) / 12)
        chord = sum(np.sin(2 * np.pi * root * step * t) for step in (1, 1.25, 1.5))
        noise = random.standard_normal(len(t)) * np.exp(-t * 60)
        signal[start : start + len(t)] += chord * np.exp(-t * 6) + noise
    signal *= 0.5 / max(1e-9, np.abs(signal).max())
    gains = np.linspace(1.0, 0.7, channels)
    return np.outer(signal, gains).astype(np.float32)


def clicks(bpm: float, seconds: float = 20.0, rate: int = 44_100) -> np.ndarray:
    """Steady clicks at a tempo, float32 [n], the first after half a second."""
    signal = np.zeros(round(seconds * rate), np.float32)
    decay = np.exp(-np.arange(2000) / 300) * np.sin(np.arange(2000) * 0.3)
    for beat in np.arange(0.5, seconds - 0.1, 60 / bpm):
        start = round(beat * rate)
        signal[start : start + 2000] += decay.astype(np.float32)[: len(signal) - start]
    return signal


def encode(
    path: Path,
    samples: np.ndarray,
    rate: int = 44_100,
    codec: str = "pcm_s16le",
    layout: str | None = None,
    container: str | None = None,
    **options: str | int,
) -> Path:
    """Write float samples [n, channels] to `path`; the container is that of the extension."""
    bit_rate = options.pop("bit_rate", None)
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(
            codec,
            rate=48_000 if codec == "libopus" else rate,  # Opus has no 44.1 kHz
            layout=layout or {1: "mono", 2: "stereo"}[samples.shape[1]],
            options={key: str(value) for key, value in options.items()},
        )
        if codec in SAMPLE_FORMATS:
            stream.format = SAMPLE_FORMATS[codec]
        if bit_rate:
            stream.bit_rate = bit_rate
        for packet in packets(stream, samples, rate):
            out.mux(packet)
    return path


def packets(stream: av.AudioStream, samples: np.ndarray, rate: int) -> Iterator:
    """Encode in blocks, so that long signals need no second copy."""
    for start in range(0, len(samples), 1 << 16):
        block = np.ascontiguousarray(samples[start : start + (1 << 16)], np.float32)
        frame = av.AudioFrame.from_ndarray(
            block.reshape(1, -1), format="flt", layout=stream.layout.name
        )
        frame.sample_rate = rate
        frame.pts, frame.time_base = start, Fraction(1, rate)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def bits(samples: np.ndarray, rate: int, times: int) -> np.ndarray:
    """float [n, channels] → bits [n', channels] at `times` 44.1 kHz: noise-shaped, first order."""
    count = len(samples) * times * 44_100 // rate // 8 * 8
    places = np.arange(count) * (rate / (times * 44_100))
    steps = [np.interp(places, np.arange(len(samples)), channel) for channel in samples.T]
    whole = np.floor(np.cumsum((np.stack(steps, axis=1) + 1) / 2, axis=0))
    return np.diff(whole, axis=0, prepend=0).astype(np.uint8)


def dsf(path: Path, bits: np.ndarray, hertz: int) -> Path:
    """Bits [n, channels] as a DSF file: blocks of 4,096 bytes a channel, first bit lowest."""
    count, channels = bits.shape
    packed = np.packbits(bits, axis=0, bitorder="little")
    blocks = -(-len(packed) // 4096)
    padded = np.zeros((blocks * 4096, channels), np.uint8)
    padded[: len(packed)] = packed
    data = padded.reshape(blocks, 4096, channels).transpose(0, 2, 1).tobytes()
    kind = {1: 1, 2: 2, 6: 7}[channels]
    form = struct.pack("<QIIIIIIQII", 52, 1, 0, kind, channels, hertz, 1, count, 4096, 0)
    header = b"DSD " + struct.pack("<QQQ", 28, 92 + len(data), 0) + b"fmt " + form
    path.write_bytes(header + b"data" + struct.pack("<Q", 12 + len(data)) + data)
    return path


def dff(path: Path, bits: np.ndarray, hertz: int) -> Path:
    """Bits [n, 2] as a DSDIFF file: a byte of each channel in turn, first bit highest."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack(">Q", len(content)) + content + bytes(len(content) % 2)

    properties = b"SND " + chunk(b"FS  ", struct.pack(">I", hertz))
    properties += chunk(b"CHNL", b"\0\2SLFTSRGT") + chunk(b"CMPR", b"DSD \x0enot compressed\0")
    body = b"DSD " + chunk(b"FVER", bytes.fromhex("01050000")) + chunk(b"PROP", properties)
    body += chunk(b"DSD ", np.packbits(bits, axis=0).tobytes())
    path.write_bytes(chunk(b"FRM8", body))
    return path


def wave(path: Path, samples: np.ndarray, rate: int, mask: int | None = None) -> Path:
    """float32 samples [n, channels] as a WAV file that names its loudspeakers, or does not."""
    channels = samples.shape[1]
    form = struct.pack("<HHIIHH", 3, channels, rate, 4 * rate * channels, 4 * channels, 32)
    if mask is not None:
        guid = bytes.fromhex("0300000000001000800000aa00389b71")
        form = b"\xfe\xff" + form[2:] + struct.pack("<HHI", 22, 32, mask) + guid
    data = samples.astype("<f4").tobytes()
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path
