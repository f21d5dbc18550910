"""How the analysis stands up to kill -9, broken files and readers; writes RELIABILITY.md.

    python benchmarks/reliability.py [--kills 100] [--mutants 500] [--stages dsp,effnet,musicnn]

Needs the demo music or the test clips, and a package registry for mutagen's test files. Takes
about 10 minutes on 2 cores with the default figures. Model folders come from $SERENDIP_MODELS.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import corpus  # noqa: E402
import damaged  # noqa: E402
import numpy as np  # noqa: E402
import sounds  # noqa: E402

from benchmarks.reliability_experiments import (  # noqa: E402
    Broken,
    Kills,
    Reading,
    broken_files,
    kill_runs,
    read_while_writing,
)
from engine import audio, demo  # noqa: E402

REPORT = Path(__file__).with_name("RELIABILITY.md")


def clips(folder: Path, seconds: float, count: int) -> Path:
    """Short clips of the demo music, in turn in four formats."""
    folder.mkdir(parents=True)
    sources = demo.tracks(ROOT / "demo-music") or demo.fetch(ROOT / ".cache" / "demo-music")
    kinds = [(".mp3", "mp3"), (".flac", "flac"), (".m4a", "aac"), (".wav", "pcm_s16le")]
    for i in range(count):
        sound = audio.decode(sources[i % len(sources)], span_s=seconds)
        extension, codec = kinds[i % len(kinds)]
        sounds.encode(folder / f"{i:02d}{extension}", sound.samples, sound.sample_rate, codec)
    return folder


def build_corpus(folder: Path, hours_of_silence: float = 10) -> dict[bytes, frozenset]:
    """The odd and malformed files, generated and mutagen's; what is expected of the former."""
    cases = corpus.build(folder / "generated", hours_of_silence)
    for path in damaged.mutagen_files(ROOT / ".cache"):
        target = folder / "mutagen" / path.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    return {b"generated/" + case.name: case.expected for case in cases}


def build_mutants(originals: Path, folder: Path, count: int, seed: int = 0) -> None:
    """Damaged copies of the files in `originals`."""
    folder.mkdir(parents=True)
    damaged.mutants(
        sorted(originals.iterdir()),
        count,
        seed,
        lambda name, data: (folder / name).write_bytes(data),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--mutants", type=int, default=500)
    parser.add_argument("--stages", default="dsp,effnet,musicnn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reliability-") as folder:
        work = Path(folder)
        music = clips(work / "clips", seconds=10, count=24)
        sections = [
            _kills_told(kill_runs(music, work / "kills", options.stages, options.kills)),
            _reading_told(read_while_writing(music, work / "read", options.stages)),
        ]
        expected = build_corpus(work / "corpus")
        odd = broken_files(work / "corpus", work / "corpus library", options.stages, expected)
        sections.append(_broken_told("Odd and malformed files", odd))
        build_mutants(music, work / "mutants", options.mutants)
        mutants = broken_files(work / "mutants", work / "mutants library", options.stages)
        sections.append(_broken_told("Mutants of real files", mutants))
    head = HEAD.format(stages=options.stages, cores=os.cpu_count(), python=sys.version.split()[0])
    REPORT.write_text("\n".join([head, *sections]))
    print(REPORT.read_text())


HEAD = """# Reliability of the analysis

Written by `python benchmarks/reliability.py`; smaller versions of the same experiments run in
`tests/test_reliability.py`. Stages {stages}, {cores} cores, Python {python}. Clips are 10 s of the
demo music; models from `$SERENDIP_MODELS`.
"""


def _table(rows: Sequence[tuple[str, object]]) -> str:
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])


def _kills_told(kills: Kills) -> str:
    moments = ", ".join(f"{n} {what}" for what, n in sorted(kills.moments.items()))
    rows = [
        ("runs killed with SIGKILL", f"{kills.killed} ({moments})"),
        ("libraries, each killed several times and then finished", kills.libraries),
        ("tracks in each", kills.tracks),
        ("tracks recorded at the moment of a kill, at least / in the middle / at most",
         " / ".join(str(int(q)) for q in np.quantile(kills.recorded, [0, 0.5, 1]))),
        ("recorded tracks lost", kills.lost),
        ("worker processes left behind", kills.orphans),
        ("libraries found damaged after a kill", len(kills.unsound)),
        ("final tables, ledgers or vectors that differ from the undisturbed run's, to the bit",
         kills.different),
        ("seconds", f"{kills.seconds:.0f}"),
    ]  # fmt: skip
    return f"## Killed at random moments\n\n{_table(rows)}\n"


def _reading_told(reading: Reading) -> str:
    rows = [
        ("reads of the whole table, ledger and vectors during one run", reading.reads),
        ("that failed", len(reading.failed)),
        ("that saw half a track", reading.torn),
        ("that saw an earlier state than the read before", reading.backwards),
        ("different states seen", reading.states),
        ("slowest read", f"{reading.slowest_ms:.0f} ms"),
    ]
    return f"## Read while it is written\n\n{_table(rows)}\n"


def _broken_told(title: str, broken: Broken) -> str:
    statuses = ", ".join(f"{n} {s}" for s, n in sorted(broken.by_status.items()))
    rows = [
        ("files", broken.files),
        ("taken for audio", broken.found),
        ("statuses", statuses),
        ("without exactly one status in each stage", broken.unaccounted),
    ]
    if broken.foreseen:
        rows.append(
            (f"of {broken.foreseen} with a foreseen status, in another", len(broken.unexpected))
        )
    rows += [
        ("seconds", f"{broken.seconds:.0f}"),
        ("largest worker", f"{broken.peak_worker_mb} MB"),
    ]
    unexpected = "".join(f"- {line}\n" for line in broken.unexpected)
    return f"## {title}\n\n{_table(rows)}\n{unexpected}"


if __name__ == "__main__":
    main()
