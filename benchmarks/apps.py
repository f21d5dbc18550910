"""How long the apps take for each interaction, next to a plain pandas and scikit-learn version.

    python -m benchmarks.apps [--tracks 1000 100000] [--runs 15] [--json FILE]

Libraries are synthetic (benchmarks/synthetic.py), with a short sound for every track, so that the
ten or twenty-one players of a page are part of its time. "Engine" finds the tracks, "plain" does
the same as a plain script would (benchmarks/plain.py); both alternate in one run. Pages are whole
scripts of the apps after an interaction (benchmarks/interactions.py).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import interactions, plain, synthetic
from benchmarks.interactions import REPOSITORY

FIRST_RUNS = 3
PLAIN_UP_TO = 100_000  # tracks; a plain script's tables of a million fill the memory


def alternating(pairs: dict[str, Callable], runs: int = 0) -> dict[str, list[float]]:
    """Each function in turn, again and again, so that a busy moment hits all of them alike."""
    for function in pairs.values():
        function()  # warm
    taken: dict[str, list[float]] = {name: [] for name in pairs}
    for _ in range(runs or interactions.RUNS):
        for name, function in pairs.items():
            taken[name].append(interactions.timed(function))
    return taken


def queries(library: Path, files: Path) -> dict[str, list[float]]:
    """Finding tracks by what they are, without drawing."""
    from engine.query import Query, Range
    from engine.selection import select
    from ui.collection import read

    music = read(str(library), 1)
    music.derive()
    facts = music.facts()
    asked = {
        "filter": Query(
            styles=tuple(plain.STYLES), tempo=Range(90, 130), keys=("A", "C"),
            loudness=Range(-14, None),
        ),
        "words": Query(text=" ".join(plain.WORDS), limit=None),
        "limits": Query(order="shuffle", per_artist=2, minutes=180.0, limit=None),
        "lasso": Query(mood_region=plain.LASSO, limit=None),
        "smooth path of 100": Query(order="smooth"),
    }  # fmt: skip
    pairs = {f"{name}, engine": lambda q=q: select(q, facts) for name, q in asked.items()}
    if len(music.frame) <= PLAIN_UP_TO:
        other = plain.Plain.of(files)
        table, space = other.table, "effnet"
        answers = {
            "filter": lambda: plain.filtered(table),
            "words": lambda: plain.searched(table),
            "limits": lambda: plain.limited(table),
            "lasso": lambda: plain.lassoed(table),
            "smooth path of 100": lambda: plain.smooth(
                table, other.ids[space], other.matrices[space], 100
            ),
        }
        for name in ("filter", "words", "lasso"):
            ours, theirs = select(asked[name], facts).matches, len(answers[name]())
            # A track on the very edge of a lasso is in for us, and out for the plain script.
            edge = len(table) // 10_000 if name == "lasso" else 0
            assert theirs <= ours <= theirs + edge, (name, ours, theirs)
        pairs |= {f"{name}, plain": answer for name, answer in answers.items()}
        pairs = dict(sorted(pairs.items(), key=lambda pair: list(asked).index(_what(pair[0]))))
    return alternating(pairs)


def _what(name: str) -> str:
    return name.rpartition(", ")[0]


def searches(library: Path, files: Path) -> dict[str, list[float]]:
    """Finding tracks by how they sound, without drawing."""
    from engine.filters import masks
    from engine.fusion import fused
    from engine.hubness import LocalScaling
    from engine.query import Query, Range
    from engine.similarity import most_similar
    from ui.collection import read

    music = read(str(library), 1)
    known = music.recordings
    spaces = {name: music.space(name) for name in ("effnet", "musicnn")}
    effnet = spaces["effnet"]
    allowed = masks(Query(tempo=Range(120, 130)), music.facts())["tempo"]
    track = int(effnet.ids[len(effnet.ids) // 2])
    three = [track, track + 100, track + 200]
    scaling = LocalScaling(effnet)
    pairs = {
        f"{name}, engine": lambda s=s: most_similar(s, track, known) for name, s in spaces.items()
    }
    pairs |= {
        "constrained, engine": lambda: most_similar(effnet, track, known, allowed=allowed),
        "fused of three seeds, engine": lambda: fused(list(spaces.values()), three, known),
        "hubs corrected, engine": lambda: fused([effnet], [track], known, csls={"effnet": scaling}),
    }
    if len(music.frame) <= PLAIN_UP_TO:
        other = plain.Plain.of(files)
        for name, ids in other.ids.items():
            matrix = other.matrices[name]
            ours = {n.track for n in most_similar(spaces[name], track, known).listed}
            theirs = set(plain.similar(ids, matrix, track).tolist())
            assert len(ours & theirs) >= plain.LISTED - 1, (name, ours, theirs)  # copies aside
            pairs[f"{name}, plain"] = lambda i=ids, m=matrix: plain.similar(i, m, track)
        pairs["constrained, plain"] = lambda: plain.constrained(other, "effnet", track)
        pairs["fused of three seeds, plain"] = lambda: plain.fused(other, three)
        pairs = dict(sorted(pairs.items()))
    return alternating(pairs)


FIRST_PAGE = """
import sys, time
start = time.perf_counter()
sys.argv = ["streamlit"]
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({app!r}, default_timeout=120)
for name, value in {params!r}.items():
    app.query_params[name] = value
app.run()
assert not app.exception, app.exception
print(time.perf_counter() - start)
"""
FIRST_PLAIN = """
import time
start = time.perf_counter()
import numpy as np, pandas as pd, streamlit, sklearn.metrics.pairwise
from benchmarks import plain
from pathlib import Path
folder = Path({folder!r})
if {similar!r}:
    for name in ("effnet", "musicnn"):
        ids = np.load(folder / (name + "_ids.npy"))
        plain.similar(ids, np.load(folder / (name + ".npy")), int(ids[41]))
    pd.read_parquet(folder / "table.parquet", columns=["path", "title", "artist"])
else:
    plain.filtered(pd.read_parquet(folder / "table.parquet"))
print(time.perf_counter() - start)
"""


def first_loads(library: Path, files: Path, with_plain: bool) -> dict[str, list[float]]:
    """From a fresh interpreter to the first page, imports included; the library's own cache of
    embeddings is filled by the warm-up."""
    apps = {name: str(REPOSITORY / f"app_{name}.py") for name in ("descriptors", "similarity")}
    codes = {
        "first page, descriptors": FIRST_PAGE.format(app=apps["descriptors"], params={}),
        "first page with both lists": FIRST_PAGE.format(
            app=apps["similarity"], params={"track": "42"}
        ),
    }
    if with_plain:
        codes |= {
            f"{name}, plain": FIRST_PLAIN.format(folder=str(files), similar="lists" in name)
            for name in codes
        }
    return alternating(
        {name: lambda c=code: _fresh(library, c) for name, code in sorted(codes.items())},
        FIRST_RUNS,
    )


def _fresh(library: Path, code: str) -> None:
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=os.environ | {"SERENDIP_LIBRARY": str(library)},
        check=True,
        capture_output=True,
    )


def measure(tracks: int) -> dict[str, list[float]]:
    """Everything at one size of library."""
    with tempfile.TemporaryDirectory(prefix="serendip-apps-") as folder:
        root = Path(folder)
        os.environ["XDG_CACHE_HOME"] = str(root / "cache")  # gigabytes that nobody needs again
        synthetic.make(root / "library", tracks, music=root / "music", ic=True)
        synthetic.make_audio(root / "library", root / "music")
        files = root / "plain"
        files.mkdir()
        with_plain = tracks <= PLAIN_UP_TO
        if with_plain:
            plain.write(root / "library", files)
        os.environ["SERENDIP_LIBRARY"] = str(root / "library")
        taken = first_loads(root / "library", files, with_plain)
        taken |= queries(root / "library", files) | searches(root / "library", files)
        return taken | interactions.all_pages(root / "library")


def report(results: dict[int, dict[str, list[float]]]) -> str:
    """A Markdown table: median, best and worst of each interaction."""
    sizes = list(results)
    head = "".join(f" {size:,} tracks |" for size in sizes)
    lines = [f"| Interaction |{head}", "| --- |" + " --- |" * len(sizes)]
    for name in results[sizes[0]]:
        cells = [results[size].get(name) for size in sizes]
        shown = [
            f"{statistics.median(t) * 1000:,.0f} ({min(t) * 1000:,.0f} to {max(t) * 1000:,.0f})"
            if t
            else ""
            for t in cells
        ]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def main() -> int:
    """Command line; the module's docstring says what it does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--json", type=Path, help="also write all single times here")
    parser.add_argument("--runs", type=int, default=interactions.RUNS, help="of each interaction")
    parser.add_argument(
        "--cpu", action="store_true", help="processor time, which other work disturbs less"
    )
    options = parser.parse_args()
    interactions.RUNS = options.runs
    if options.cpu:
        interactions.CLOCK = interactions.processor_seconds
    results = {size: measure(size) for size in options.tracks}
    if options.json:
        options.json.write_text(json.dumps(results))
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores")
    what = "Milliseconds of processor time" if options.cpu else "Milliseconds"
    print(f"{what}: median (best to worst).\n")
    print(report(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
