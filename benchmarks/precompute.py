"""How fast precompute.py is beside the plain script of Essentia's documentation.

    python benchmarks/precompute.py --models DIR --standin DIR [--music DIR] [--write]

Both analyse the same clips of 30 s, in turn, on the same cores: first on two, then pinned to one.
Both are timed once they are ready (the peer after its first track, ours after each worker's first),
so that neither's start counts; the whole command is given too. --write renews PRECOMPUTE.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

REPORT = Path(__file__).with_name("PRECOMPUTE.md")
CLIP_SECONDS = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--models", type=Path, required=True, help="folder of the published .pb")
    parser.add_argument("--standin", type=Path, required=True, help="folder of the EffNet files")
    parser.add_argument("--music", type=Path, default=ROOT / "demo-music")
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    parser.add_argument("--ours", nargs=2, metavar=("FOLDER", "WORKERS"), help=argparse.SUPPRESS)
    parser.add_argument("--parts", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        return print(json.dumps(ours(options, Path(options.ours[0]), int(options.ours[1]))))
    if options.parts:
        return print(json.dumps(parts(options, Path(options.parts))))
    with tempfile.TemporaryDirectory() as folder:
        clips = make_clips(options.music, Path(folder), options.clips)
        cores = sorted(os.sched_getaffinity(0))[:2]
        runs = {count: compare(options, folder, clips, cores[:count]) for count in (2, 1)}
        by_part = child(cores[:1], *arguments(options), "--parts", folder)
    report = written(runs, by_part, len(clips))
    print(report)
    if options.write:
        REPORT.write_text(report, encoding="utf-8")
    return None


def make_clips(music: Path, folder: Path, count: int) -> list[str]:
    """Central excerpts as 44.1 kHz stereo FLAC: both sides decode it, and neither resamples."""
    import numpy as np
    import soxr

    from engine import audio
    from engine.discover import Found, find_audio

    sys.path.insert(0, str(ROOT / "tests"))
    import sounds

    found = [each for each in find_audio([music]) if isinstance(each, Found)]
    clips = []
    for each in found[:: max(len(found) // count, 1)]:
        sound = audio.decode(os.path.join(each.root, each.relpath), span_s=CLIP_SECONDS)  # noqa: PTH118
        if sound.seconds < CLIP_SECONDS or len(clips) == count:
            continue
        samples = soxr.resample(sound.samples, sound.sample_rate, 44_100)
        stereo = np.broadcast_to(samples, (len(samples), 2))
        path = folder / f"{len(clips):02}.flac"
        sounds.encode(path, np.clip(stereo, -1, 1), codec="flac")
        clips.append(str(path))
    if len(clips) < count:
        sys.exit(f"{music} has {len(clips)} tracks of {CLIP_SECONDS:g} s; {count} are needed.")
    return clips


def arguments(options: argparse.Namespace) -> list[str]:
    script = str(Path(__file__).resolve())
    return [script, "--models", str(options.models), "--standin", str(options.standin)]


def child(cores: list[int], *command: str) -> dict:
    """Run a Python script on these cores; its last line is JSON."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    if done.returncode:
        sys.exit(done.stderr)
    answer = json.loads(done.stdout.splitlines()[-1])
    return {**answer, "wall": time.perf_counter() - started}


def compare(options: argparse.Namespace, folder: str, clips: list[str], cores: list[int]) -> dict:
    """Peer and ours in turn; medians over the rounds."""
    effnet = str(options.standin / "discogs-effnet-bs64-1.pb")
    peers, own = [], []
    for number in range(options.rounds):
        peers.append(child(cores, "benchmarks/peer.py", str(options.models), effnet, *clips))
        own.append(child(cores, *arguments(options), "--ours", folder, str(len(cores))))
        each = [run[-1]["seconds"] / run[-1]["tracks"] for run in (peers, own)]
        print(f"{len(cores)} cores, round {number + 1}: {each[0]:.2f} s a track, "
              f"ours {each[1]:.3f} s", file=sys.stderr)  # fmt: skip
    rates = [p["seconds"] / p["tracks"] / (o["seconds"] / o["tracks"])
             for p, o in zip(peers, own, strict=True)]  # fmt: skip
    return {
        "peer": statistics.median(p["seconds"] / p["tracks"] for p in peers),
        "ours": statistics.median(o["seconds"] / o["tracks"] for o in own),
        "ratios": sorted(rates),
        "peer_wall": statistics.median(p["wall"] for p in peers),
        "ours_wall": statistics.median(o["wall"] for o in own),
        "peak_mb": max(o["peak_mb"] for o in own),
        "by_algorithm": {k: v / len(clips) for k, v in peers[-1]["by_algorithm"].items()},
    }


class Stopwatch:
    """The Progress of a run that notes when each file was done."""

    def __init__(self):
        self.times: list[float] = []

    def phase(self, what: str, total: int) -> None:
        self.times.clear()

    def advance(self, failed: bool = False) -> None:
        self.times.append(time.perf_counter())


def ours(options: argparse.Namespace, folder: Path, workers: int) -> dict:
    """A whole analysis into a new library, as precompute.py runs it."""
    from engine import stages
    from engine.equipment import equip
    from engine.run import Run, Settings

    equipment = equip(stages.STAGES, [options.models, options.standin])
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as library:
        settings = Settings([folder], Path(library) / "library", equipment, workers)
        summary = Run(settings, watch).execute()
    if summary.failed:
        sys.exit(f"{summary.failed} clips failed")
    first = watch.times[workers - 1]
    return {
        "seconds": watch.times[-1] - first,
        "tracks": len(watch.times) - workers,
        "peak_mb": summary.peak_memory / 2**20,
    }


def parts(options: argparse.Namespace, folder: Path) -> dict:
    """Seconds a clip by part, in one process on one thread."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    from engine import audio, dsp, loudness, models, networks, patches, rhythm, tagging

    dirs = [options.models, options.standin]
    found = {key: models.find(key, dirs) for key in models.MODELS}
    describe = dsp.Dsp()
    effnet = networks.EffNet(found["effnet_onnx"], 1)
    musicnn = networks.MusiCNN(networks.musicnn_tensors(found))
    head = tagging.Head(models.load_bytes(found["styles_head"]), tagging.sigmoid)
    seconds = defaultdict(float)

    def timed(name, function, *values):
        started = time.perf_counter()
        result = function(*values)
        seconds[name] += time.perf_counter() - started
        return result

    clips = sorted(folder.glob("*.flac"))
    for clip in [clips[0], *clips]:
        if clip is clips[0]:
            seconds.clear()  # the first one warms up
        sound = timed("decode", audio.decode, clip)
        samples = dsp.at_rate(sound, rhythm.SAMPLE_RATE)
        timed("loudness", loudness.measure, sound.samples, sound.sample_rate)
        timed("tempo", describe._beats, samples)
        for extractor in describe._keys.values():
            timed("keys", extractor, samples)
        timed("danceability", describe._danceability, samples)
        low = timed("resample", networks.mel_frames._at_16_khz, sound)
        mel = timed("mel", patches.mel_frames, low)
        timed("EffNet", lambda m=mel: timed("heads", head, effnet(m).embeddings))
        timed("MusiCNN", musicnn, mel)
    return {name: total / len(clips) for name, total in seconds.items()}


def written(runs: dict, by_part: dict, clips: int) -> str:
    lines = [
        "# Speed of the analysis",
        "",
        f"By `benchmarks/precompute.py` on {clips} clips of {CLIP_SECONDS:g} s "
        f"(44.1 kHz stereo FLAC), {cpu()}. Medians of runs in turn; the ratio is that of each "
        "pair. The peer is `benchmarks/peer.py`: Essentia's algorithms and TensorFlow graphs, each "
        "created once. EffNet has random weights on both sides: its cost is the real one's.",
        "",
        "| cores | peer, s a track | ours, s a track | ratio (lowest to highest) | "
        "whole command, peer | ours | peak of a worker |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for count, run in runs.items():
        low, high = run["ratios"][0], run["ratios"][-1]
        middle = statistics.median(run["ratios"])
        lines.append(
            f"| {count} | {run['peer']:.2f} | {run['ours']:.3f} | **{middle:.1f}** "
            f"({low:.1f}-{high:.1f}) | {run['peer_wall']:.0f} s | {run['ours_wall']:.0f} s | "
            f"{run['peak_mb']:.0f} MB |"
        )
    lines += ["", "Where the time goes, seconds a clip on one core:", "",
              "| part | peer | ours |", "| --- | --- | --- |"]  # fmt: skip
    peer = runs[1]["by_algorithm"]
    names = sorted({*peer, *by_part} - {"wall"}, key=lambda name: -peer.get(name, 0))
    for name in names:
        cells = [f"{side[name]:.3f}" if name in side else "-" for side in (peer, by_part)]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def cpu() -> str:
    with Path("/proc/cpuinfo").open() as file:
        names = {line.partition(":")[2].strip() for line in file if line.startswith("model name")}
    return f"{os.cpu_count()} cores of {', '.join(names) or platform.processor()}"


if __name__ == "__main__":
    main()
