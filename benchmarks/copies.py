"""Are copies told from other music? On the demo music, and at the size of a large library.

    python benchmarks/copies.py pairs MUSIC_DIR    # error rates: same pairs of 13 kinds, all others
    python benchmarks/copies.py scale [TRACKS]     # seconds, memory, false joins of a large library

Same pairs are made here, with PyAV and NumPy, of some recordings. Different pairs are all pairs of
recordings, by the full comparison alone; stems of one song are different recordings, and a file
that is there twice is not counted. Intervals are Wilson's, 95 %.
"""

import argparse
import io
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import av
import numpy as np
import soxr

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine import audio, fingerprint_match
from engine.audio import AudioError
from engine.fingerprint import RATE, band_levels, fingerprint, packed, signs
from engine.fingerprint_match import SKETCH, SKETCHES_ALIKE, is_copy, signs_of, sketch
from engine.library import Library
from engine.recording_groups import assign
from engine.records import Analysis, Fingerprint, Media, Outcome

MIN_S = 15.0
Sound = tuple[np.ndarray, int]  # float32 [n, channels], Hz


def gain(decibels: float) -> Callable[[Sound], Sound]:
    return lambda sound: (sound[0] * np.float32(10 ** (decibels / 20)), sound[1])


def limited(decibels: float) -> Callable[[Sound], Sound]:
    """Full scale, then so much louder, through a peak limiter of 5 ms that lets nothing above."""

    def made(sound: Sound) -> Sound:
        samples, rate = sound
        samples = samples * np.float32(10 ** (decibels / 20) / max(np.abs(samples).max(), 1e-9))
        width = int(0.005 * rate)
        peaks = np.pad(np.abs(samples).max(axis=1), width, mode="edge")
        loudest = np.lib.stride_tricks.sliding_window_view(peaks, 2 * width + 1)[:, ::8].max(axis=1)
        wanted = np.minimum(1, 0.95 / np.maximum(loudest, 1e-9))
        smooth = np.convolve(np.pad(wanted, width // 2, mode="edge"), np.ones(width) / width)
        levels = smooth[width - 1 :][: len(samples)].astype(np.float32)
        return samples * levels[:, None], rate

    return made


def coded(codec: str, form: str, bit_rate: int, rate: int) -> Callable[[Sound], Sound]:
    """Through a lossy codec, 3 dB below full scale."""

    def made(sound: Sound) -> Sound:
        samples = soxr.resample(sound[0], sound[1], rate) if sound[1] != rate else sound[0]
        samples = samples * np.float32(0.7 / max(np.abs(samples).max(), 1e-9))
        layout = "stereo" if samples.shape[1] == 2 else "mono"
        file = io.BytesIO()
        with av.open(file, "w", format=form) as container:
            stream = container.add_stream(codec, rate=rate)
            stream.bit_rate, stream.layout = bit_rate, layout
            for start in range(0, len(samples), rate):
                planes = np.ascontiguousarray(samples[start : start + rate].T)
                frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = rate, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        file.seek(0)
        with av.open(file) as container:
            planes = [frame.to_ndarray() for frame in container.decode(audio=0)]
        return np.ascontiguousarray(np.concatenate(planes, axis=1).T, np.float32), rate

    return made


def silence_around(before_s: float, after_s: float) -> Callable[[Sound], Sound]:
    def made(sound: Sound) -> Sound:
        samples, rate = sound
        ends = ((int(before_s * rate), int(after_s * rate)), (0, 0))
        return np.pad(samples, ends), rate

    return made


def mono_at_22_khz(sound: Sound) -> Sound:
    return soxr.resample(sound[0].mean(axis=1, keepdims=True), sound[1], 22_050), 22_050


def faded_early(sound: Sound) -> Sound:
    """3 s are missing, and the 2 s before fade out."""
    samples, rate = sound[0][: -3 * sound[1]].copy(), sound[1]
    samples[-2 * rate :] *= np.linspace(1, 0, 2 * rate, dtype=np.float32)[:, None]
    return samples, rate


def begun_late(seconds: float) -> Callable[[Sound], Sound]:
    return lambda sound: (sound[0][int(seconds * sound[1]) :], sound[1])


def tilted(sound: Sound) -> Sound:
    """An equalizer: 2 dB an octave around 1 kHz, from -6 to 6 dB."""
    samples, rate = sound
    size = 1 << (len(samples) - 1).bit_length()
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / rate), 20)
    gains = 10 ** (np.clip(2 * np.log2(hertz / 1000), -6, 6) / 20)
    spectrum = np.fft.rfft(samples, size, axis=0) * gains[:, None]
    return np.fft.irfft(spectrum, size, axis=0)[: len(samples)].astype(np.float32), rate


def one_after_the_other(*steps: Callable[[Sound], Sound]) -> Callable[[Sound], Sound]:
    def made(sound: Sound) -> Sound:
        for step in steps:
            sound = step(sound)
        return sound

    return made


mp3_64 = coded("libmp3lame", "mp3", 64_000, 44_100)
KINDS: dict[str, Callable[[Sound], Sound]] = {
    "12 dB softer": gain(-12),
    "8 dB over full scale, limiter": limited(8),
    "12 dB over full scale, limiter": limited(12),
    "MP3, 128 kbit/s": coded("libmp3lame", "mp3", 128_000, 44_100),
    "MP3, 64 kbit/s": mp3_64,
    "AAC, 96 kbit/s": coded("aac", "adts", 96_000, 44_100),
    "Opus, 32 kbit/s": coded("libopus", "ogg", 32_000, 48_000),
    "5.13 s of silence before, 2.3 s after": silence_around(5.13, 2.3),
    "mono, 22 kHz": mono_at_22_khz,
    "fade 3 s early": faded_early,
    "begins 1.9 s late": begun_late(1.9),
    "equalizer, -6 to 6 dB": tilted,
    "3 s of silence, limiter (8 dB), MP3 at 64 kbit/s": one_after_the_other(
        silence_around(3.07, 1.0), limited(8), mp3_64
    ),
}


def files(folder: Path) -> list[Path]:
    suffixes = {".mp3", ".ogg", ".opus", ".flac", ".m4a", ".wav"}
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)


@dataclass(frozen=True)
class Heard:
    """One file."""

    content: str  # hash
    original: Fingerprint | None
    copies: dict[str, Fingerprint | None]  # kind → of a copy
    cpu_s: float  # for the fingerprint
    sound_s: float


def listen(path: Path, with_copies: bool, span_s: float | None) -> Heard | None:
    """None for what is no recording of some length."""
    try:
        found = audio.decode(path, span_s)
    except AudioError:
        return None
    if found.seconds < MIN_S or found.is_silent:
        return None
    began = time.process_time()
    original = fingerprint(found)
    cpu_s = time.process_time() - began
    sound = (found.samples, found.sample_rate)
    copies = {kind: heard(make(sound)) for kind, make in KINDS.items()} if with_copies else {}
    return Heard(found.content_hash, original, copies, cpu_s, found.seconds)


def heard(sound: Sound) -> Fingerprint | None:
    """As engine.fingerprint does it."""
    samples, rate = sound
    mono = soxr.resample(samples.mean(axis=1), rate, RATE, quality="LQ")
    return packed(*signs(*band_levels(np.ascontiguousarray(mono, np.float32))))


def pairs(folder: Path, most: int, span_s: float | None, workers: int) -> None:
    """Print both error rates."""
    paths = files(folder)
    copied = set(paths[:: max(len(paths) // most, 1)]) if most else set()
    with ProcessPoolExecutor(workers) as pool:
        answers = list(
            pool.map(partial(listen, span_s=span_s), paths, (p in copied for p in paths))
        )
    first: dict[str, tuple[str, Heard]] = {}  # of files with equal audio, the first
    for path, answer in zip(paths, answers, strict=True):
        if answer is not None:
            first.setdefault(answer.content, (str(path.relative_to(folder)), answer))
    every = dict(first.values())
    found = {name: one.original for name, one in every.items() if one.original}
    poor = sorted(every.keys() - found.keys())
    told, made, missed, nearest = defaultdict(int), defaultdict(int), [], []
    for name, original in found.items():
        for kind, copy in every[name].copies.items():
            made[kind] += 1
            near = cosine(original, copy) if copy else 0.0
            nearest.append(near)
            same = copy is not None and joined(original, copy)
            told[kind] += same
            if not same:
                missed.append(f"{name}: {kind} (sketches {near:.2f})")
    print(f"{len(found)} recordings")
    for kind in made:
        print(f"  {told[kind]:4} of {made[kind]:4}  {kind}")
    if made:
        print(f"same pairs told: {rate(sum(told.values()), sum(made.values()))}")
        print(f"their sketches: at least {min(nearest):.2f}", *missed, sep="\n")
    others = list(combinations(found, 2))
    joins = [(one, other) for one, other in others if is_copy(*both(found[one], found[other]))]
    alike = [cosine(found[one], found[other]) for one, other in others]
    print(f"different pairs joined: {rate(len(joins), len(others))}")
    print(*joins, sep="\n")
    print(f"their sketches: at most {max(alike):.2f}")
    print(f"too poor for a fingerprint: {', '.join(poor) or 'none'}")
    pace = sum(one.cpu_s for one in every.values()) / sum(one.sound_s for one in every.values())
    print(f"{30_000 * pace:.1f} ms of one core for 30 s of sound")


def both(one: Fingerprint, other: Fingerprint) -> tuple[np.ndarray, np.ndarray]:
    return signs_of(one.signs), signs_of(other.signs)


def joined(one: Fingerprint, other: Fingerprint) -> bool:
    """As engine.recording_groups does it."""
    return cosine(one, other) >= SKETCHES_ALIKE and is_copy(*both(one, other))


def cosine(one: Fingerprint, other: Fingerprint) -> float:
    first, second = (np.frombuffer(f.sketch, np.int8).astype(float) for f in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def rate(hits: int, of: int, z: float = 1.96) -> str:
    share, spread = hits / of, z / of * np.sqrt(hits * (1 - hits / of) + z * z / 4)
    middle, scale = share + z * z / (2 * of), 1 + z * z / of
    low, high = max((middle - spread) / scale, 0), min((middle + spread) / scale, 1)
    return f"{hits:,} of {of:,} ({share:.3%}; {low:.3%} to {high:.3%})"


def made_up(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Signs of something with a beat: bars that come back, with changes, as music's do."""
    bar = int(rng.integers(12, 24))
    verse = rng.random((2, bar, 16)) < 0.5
    bars = -(-frames // bar)
    fresh = rng.random((2, bars, bar, 16)) < 0.5
    keep = rng.random((bars, bar, 16)) < rng.uniform(0, 0.7)
    bits = np.where(keep, verse[:, None], fresh).reshape(2, bars * bar, 16)[:, :frames]
    bits[1] &= bits[0]
    return np.packbits(bits, axis=-1, bitorder="little").view("<u2")[..., 0]


def library_of(rng: np.random.Generator, tracks: int, copies: int) -> Iterator[Fingerprint]:
    """`copies` that are made up with a beat, others by chance alone, which is a hundred times
    quicker, with sketches as far apart as those of music; and last the copies of the first."""
    held = []
    common = rng.standard_normal(SKETCH)
    for number in range(tracks):
        frames = int(np.clip(rng.normal(1680, 480), 160, 4800))
        if number < copies:
            held.append(made_up(rng, frames))
            yield Fingerprint(held[-1].tobytes(), sketch(held[-1]))
        elif number < tracks - copies:
            one = np.frombuffer(rng.bytes(4 * frames), "<u2").reshape(2, -1).copy()
            one[1] &= one[0]
            # So that cosines spread by 0.09, as those of music do; by chance alone, by 0.088.
            turned = rng.standard_normal(SKETCH) + rng.normal(0, 0.15) * common
            turned = np.round(127 / np.abs(turned).max() * turned).astype(np.int8)
            yield Fingerprint(one.tobytes(), turned.tobytes())
        else:  # a twentieth of the signs is another one, and it begins some frames later
            one = held[number - tracks + copies][:, int(rng.integers(0, 16)) :].copy()
            flips = np.packbits(rng.random((one.shape[1], 16)) < 0.05, axis=-1).view("<u2")
            one[1] = (one[1] ^ flips[:, 0]) & one[0]
            yield Fingerprint(one.tobytes(), sketch(one))


def scale(tracks: int, copies: int = 1000) -> None:
    """A library of made-up fingerprints, some of which are copies, numbered twice."""
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder, Library.create(folder) as library:
        with library.transaction():
            for number, acoustic in enumerate(library_of(rng, tracks, copies)):
                outcome = Outcome("fingerprint", "", "ok", acoustic=acoustic)
                media = Media(len(acoustic.signs) / 32, 44_100, 2, "mp3")
                library.record(
                    b"/m", b"%d" % number, 1, 1, Analysis(f"{number:x}", media, None, (outcome,))
                )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, cpu = time.monotonic(), time.process_time()
        assign(library)
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
        numbers = library.recordings()
        ids = sorted(numbers)
        expected = dict(zip(ids[-copies:], ids[:copies], strict=True))
        right = sum(numbers[copy] == numbers[of] for copy, of in expected.items())
        groups = len(set(numbers.values()))
        print(f"{tracks:,} tracks at once: {took:.1f} s ({cpu:.1f} s of CPU), {more / 1024:.0f} MB")
        print(f"  {right} of {copies} copies told; {tracks - right - groups} false joins")
        library._db.execute("UPDATE tracks SET recording = NULL WHERE id = ?", (ids[-1],))
        began, cpu = time.monotonic(), time.process_time()
        assign(library)
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        print(f"  one more track: {took:.2f} s ({cpu:.2f} s of CPU)")
        library._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"  {size / tracks:.0f} bytes of the library a track")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    of_pairs = commands.add_parser("pairs")
    of_pairs.add_argument("music", type=Path)
    of_pairs.add_argument("--most", type=int, default=20, help="recordings to make copies of")
    of_pairs.add_argument("--span", type=float, help="seconds of the middle; default: all")
    of_pairs.add_argument("--workers", type=int, default=2)
    of_scale = commands.add_parser("scale")
    of_scale.add_argument("tracks", type=int, nargs="?", default=100_000)
    options = parser.parse_args()
    fingerprint_match.sketch(np.zeros((2, 100), np.uint16))  # its directions are made once
    if options.command == "pairs":
        pairs(options.music, options.most, options.span, options.workers)
    else:
        scale(options.tracks)


if __name__ == "__main__":
    main()
