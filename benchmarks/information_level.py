"""How far information content hangs on playback level, on codecs and on what nobody hears.

    PYTHONPATH=. python benchmarks/information_level.py --music FOLDER ... \
        [--model FILE] [--passage FILE FROM TO] [--models DIR ...] [--markdown FILE]

The central minute of every recording, as it is, and: at other levels, in floating point and as
files hold it, clipped or with 16 bits; through MP3; mixed to mono; with nothing above 2 kHz in the
middle third. The mean of each is compared with that of the recording as it is. --passage: means of
a passage, in seconds of a file, and of what is next to it. --models: of MusiCNN, for how mood and
key move with the level.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import torch
from scipy import signal

from benchmarks.information_report import table
from engine import audio, stages
from engine.audio import Audio
from engine.information import dataset, systems
from engine.information.analysis import Analyst

LEVELS = (4, -6, -10, -20, -34)  # decibels
CUTOFF = 2_000.0  # Hz
BITRATES = (320, 128, 64)  # kbit/s
KEYS = ("temperley", "krumhansl", "edma")
NUMBERS = ("tempo_bpm", "danceability_dsp", "valence", "arousal")

HEAD = """# What information content does not hear

Written by `benchmarks/information_level.py`, of {model}: the central {seconds:g} s of {recordings}
recordings that no model was trained on, each compared with itself as it is. Their means differ
among each other by {spread:.1f} nats (standard deviation).
"""
LOWPASSED = """The middle third of each clip has nothing above 2 kHz; the mean of that third, less
that of the same third as it is."""


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    analyst = systems.load(systems.choose(options.model, "cpu"))
    clips = [clip for path in _paths(options.music) if (clip := _clip(path, options.seconds))]
    results = measured(analyst, clips)
    results |= {"model": options.model, "seconds": options.seconds, "recordings": len(clips)}
    if options.passage:
        path, start, end = options.passage
        results["passage"] = passage(analyst, Path(path), float(start), float(end))
    if options.models:
        results["descriptors"] = descriptors(clips, options.models)
    text = markdown(results)
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1))
    if options.markdown is not None:
        options.markdown.write_text(text)
    print(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, nargs="+", required=True)
    parser.add_argument("--model", default=systems.RESIDENT)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--passage", nargs=3, metavar=("FILE", "FROM", "TO"))
    parser.add_argument("--models", type=Path, nargs="+")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every clip's means")
    return parser


def _paths(folders: Sequence[Path]) -> list[bytes]:
    return [found.root + b"/" + found.relpath for found in dataset.tracks(folders)]


def _clip(path: bytes, seconds: float) -> Audio | None:
    """None where the recording is shorter than half of it: a jingle."""
    sound = audio.decode(path, span_s=seconds)
    return sound if sound.seconds > seconds / 2 else None


def measured(analyst: Analyst, clips: Sequence[Audio]) -> dict[str, object]:
    """Means of every clip as it is, and what each change adds to them."""
    plain = means(analyst, clips)
    changes: dict[str, Callable[[Audio], Audio]] = {
        **{f"{level:+} dB": lambda clip, level=level: amplified(clip, level) for level in LEVELS},
        "+4 dB, clipped": lambda clip: clipped(amplified(clip, 4)),
        "-20 dB, 16 bits": lambda clip: rounded(amplified(clip, -20)),
        "-34 dB, 16 bits": lambda clip: rounded(amplified(clip, -34)),
        "mono": lambda clip: with_samples(clip, clip.mono()[:, None]),
        **{f"MP3, {rate} kbit/s": lambda clip, rate=rate: coded(clip, rate) for rate in BITRATES},
    }
    added = {}
    for name, change in changes.items():
        added[name] = (means(analyst, [change(clip) for clip in clips]) - plain).tolist()
    thirds = [third(analyst, clip, lowpassed(clip)) for clip in clips]
    return {"plain": plain.tolist(), "added": added, "lowpassed": thirds}


def means(analyst: Analyst, clips: Sequence[Audio]) -> np.ndarray:
    """Nats per frame of each clip, one after the other: long ones at once would fill the memory."""
    return np.array([analyst.curves([clip])[0].mean() for clip in clips])


def with_samples(clip: Audio, samples: np.ndarray) -> Audio:
    return replace(clip, samples=np.ascontiguousarray(samples, np.float32))


def amplified(clip: Audio, decibels: float) -> Audio:
    return with_samples(clip, clip.samples * 10 ** (decibels / 20))


def clipped(clip: Audio) -> Audio:
    """As files without floating point hold it."""
    return with_samples(clip, np.clip(clip.samples, -1, 1))


def rounded(clip: Audio) -> Audio:
    """As 16 bits hold it, without dither."""
    return with_samples(clip, np.round(clip.samples * 32768) / 32768)


def coded(clip: Audio, kbits: int) -> Audio:
    """Through MP3."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coded.mp3"
        channels = clip.samples.shape[1]
        with av.open(str(path), "w") as out:
            layout = "mono" if channels == 1 else "stereo"
            stream = out.add_stream("libmp3lame", rate=clip.sample_rate, layout=layout)
            stream.bit_rate = kbits * 1000
            planes = np.ascontiguousarray(np.clip(clip.samples, -1, 1).T)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
            frame.sample_rate = clip.sample_rate
            for packet in (*stream.encode(frame), *stream.encode(None)):
                out.mux(packet)
        return audio.decode(path)


def lowpassed(clip: Audio) -> Audio:
    """With nothing above the cutoff in the middle third."""
    sections = signal.cheby2(12, 100, CUTOFF * 1.2, fs=clip.sample_rate, output="sos")
    samples, (first, last) = clip.samples.copy(), _third(clip)
    samples[first:last] = signal.sosfiltfilt(sections, clip.samples, axis=0)[first:last]
    return with_samples(clip, samples)


def _third(clip: Audio) -> tuple[int, int]:
    return len(clip.samples) // 3, 2 * len(clip.samples) // 3


def third(analyst: Analyst, plain: Audio, changed: Audio) -> float:
    """Nats that the change adds within the middle third, a second after it begins."""
    first, last = (sample / plain.sample_rate + plain.excerpt[0] for sample in _third(plain))
    found = []
    for clip in (plain, changed):
        (curve,) = analyst.curves([clip])
        inside = (curve.times > first + 1) & (curve.times < last)
        found.append(np.nanmean(curve.values[0, inside]))
    return float(found[1] - found[0])


def passage(analyst: Analyst, path: Path, start: float, end: float) -> dict[str, object]:
    """Means of a passage, and of as long before and after it; the lowest second in it."""
    (curve,) = analyst.curves([audio.decode(path)])
    length = end - start

    def mean(first: float, last: float) -> float:
        inside = (curve.times > first) & (curve.times <= last)
        return float(np.nanmean(curve.values[0, inside]))

    return {
        "file": path.name,
        "span": [start, end],
        "before": mean(start - length, start),
        "within": mean(start, end),
        "after": mean(end, end + length),
        "lowest second": min(mean(second, second + 1) for second in np.arange(start, end - 1)),
    }


def descriptors(clips: Sequence[Audio], models: Sequence[Path]) -> dict[str, dict]:
    """For each level: share of keys that are another, and how far numbers move."""
    plans = stages.resolve(("dsp", "musicnn"), models)
    computing = [stages.load(plan, 1) for plan in plans.values()]
    values = {}
    for level in (0, *LEVELS):
        sounds = [amplified(clip, level) for clip in clips]
        values[level] = [
            {name: value for stage in computing for name, value in stage(one).values.items()}
            for one in sounds
        ]
    return {
        f"{level:+} dB": _moved(list(zip(values[0], values[level], strict=True)))
        for level in LEVELS
    }


def _moved(pairs: Sequence[tuple[dict, dict]]) -> dict[str, object]:
    """Of the values of clips as they are, and at another level."""
    found: dict[str, object] = {}
    for profile in KEYS:
        others = [_key(one, profile) != _key(other, profile) for one, other in pairs]
        found[f"key, {profile}"] = float(np.mean(others))
    for name in NUMBERS:
        both = [(one, other) for one, other in pairs if name in one and name in other]
        found[name] = [abs(other[name] - one[name]) for one, other in both]
    return found


def _key(values: dict, profile: str) -> tuple:
    return values.get(f"key_{profile}"), values.get(f"scale_{profile}")


def markdown(results: dict) -> str:
    """All tables."""
    spread = float(np.std(results["plain"], ddof=1))
    parts = [HEAD.format(spread=spread, **results)]
    rows = ([name, *_numbers(values)] for name, values in results["added"].items())
    header = "nats added, mean", "median", "largest, either way"
    parts += ["## Level and codec\n", table(("", *header), rows)]
    low = [["2 kHz", *_numbers(results["lowpassed"])]]
    parts += [f"## Empty bands\n\n{LOWPASSED}\n", table(("nothing above", *header), low)]
    if found := results.get("passage"):
        start, end = (f"{int(second) // 60}:{int(second) % 60:02d}" for second in found["span"])
        row = [f"{found['file']}, {start} to {end}"]
        row += [f"{found[name]:.1f}" for name in ("before", "within", "after", "lowest second")]
        parts.append(
            table(("passage", "as long before", "within", "as long after", "lowest second"), [row])
        )
    if found := results.get("descriptors"):
        parts += ["## Other descriptors\n", *_descriptors(found)]
    return "\n".join(parts)


def _numbers(values: Sequence[float]) -> list[str]:
    largest = max(values, key=abs)
    return [f"{value:+.2f}" for value in (np.mean(values), np.median(values), largest)]


def _descriptors(found: dict) -> list[str]:
    keys = [f"key, {profile}" for profile in KEYS]
    rows = []
    for level, row in found.items():
        moved = [f"{np.median(row[name]):.3f}, {np.max(row[name]):.3f}" for name in NUMBERS]
        rows.append([level, *(f"{100 * row[name]:.0f} %" for name in keys), *moved])
    return [
        "Keys: share of clips that get another. Others: how far they move, median and largest.\n",
        table(("", *keys, *NUMBERS), rows),
    ]


if __name__ == "__main__":
    main()
