"""How long the apps take for each interaction, next to a plain pandas and scikit-learn version.

    python -m benchmarks.apps [--tracks 1000 100000] [--json FILE]

Libraries are synthetic (benchmarks/synthetic.py), with a short sound for every track, so that the
ten or twenty-one players of a page are part of its time. "Page" is the whole script of the app
after an interaction, run by Streamlit's own test runner: filters, table, players, export. "Engine"
is the part that finds the tracks. "Plain" does the same on a table read from Parquet: boolean masks
on a DataFrame, sort_values, sklearn's cosine_similarity and argsort. Both alternate in one run.
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
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import synthetic

REPOSITORY = Path(__file__).resolve().parent.parent
RUNS = 15
STYLES = ["Rock---Punk", "Electronic---House", "Jazz---Bop"]


def timed(function: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def alternating(pairs: dict[str, Callable], runs: int = RUNS) -> dict[str, list[float]]:
    """Each function in turn, again and again, so that a busy moment hits all of them alike."""
    for function in pairs.values():
        function()  # warm
    taken: dict[str, list[float]] = {name: [] for name in pairs}
    for _ in range(runs):
        for name, function in pairs.items():
            taken[name].append(timed(function))
    return taken


def plain_files(library: Path, folder: Path) -> None:
    """What a plain script would keep: one Parquet table with a column a style, and two arrays."""
    from engine.library import Library

    reading = Library.open(library)
    frame = reading.frame().reset_index()
    frame["path"] = frame["path"].map(lambda path: path.encode("utf-8", "replace").decode())
    ids, styles = reading.vectors("styles")
    columns = pd.DataFrame(styles, columns=reading.labels("styles"), index=ids)
    frame = frame.join(columns, on="id")
    frame.to_parquet(folder / "table.parquet")
    for space in ("effnet", "musicnn"):
        ids, matrix = reading.vectors(space)
        np.save(folder / f"{space}_ids.npy", ids)
        np.save(folder / f"{space}.npy", matrix)


def plain_filter(frame: pd.DataFrame) -> pd.DataFrame:
    """Tempo, style, key and loudness, best style first."""
    found = frame[frame["tempo_bpm"].between(90, 130)]
    found = found[(found[STYLES] >= 0.1).any(axis=1)]
    found = found[found["key_edma"].isin(["A", "C"])]
    found = found[found["loudness_lufs"] >= -14]
    return found.loc[found[STYLES].max(axis=1).sort_values(ascending=False).index]


def plain_similar(ids: np.ndarray, matrix: np.ndarray, track: int) -> np.ndarray:
    """The ten best; copies are not looked for."""
    from sklearn.metrics.pairwise import cosine_similarity

    row = int(np.flatnonzero(ids == track)[0])
    scores = cosine_similarity(matrix[row : row + 1], matrix)[0]
    return ids[np.argsort(-scores)[1:11]]


def engines(library: Path, plain: Path) -> dict[str, list[float]]:
    """Finding tracks, without drawing."""
    os.environ["SERENDIP_LIBRARY"] = str(library)
    from engine.query import Query, Range
    from engine.selection import Facts, select
    from engine.similarity import most_similar
    from ui.collection import read

    music = read(str(library), 1)
    frame, styles, facts = music.frame, music.styles(), music.recordings
    query = Query(
        styles=tuple(STYLES), tempo=Range(90, 130), keys=("A", "C"), loudness=Range(-14, None)
    )
    table = pd.read_parquet(plain / "table.parquet")
    tracks = Facts(frame, styles)
    found, expected = select(query, tracks), plain_filter(table)
    assert found.matches == len(expected), (found.matches, len(expected))
    pairs = {
        "filter, engine": lambda: select(query, tracks),
        "filter, plain": lambda: plain_filter(table),
    }
    for name in ("effnet", "musicnn"):
        vectors = music.space(name)
        ids = np.load(plain / f"{name}_ids.npy")
        matrix = np.load(plain / f"{name}.npy")
        track = int(ids[len(ids) // 2])
        ours = {neighbour.track for neighbour in most_similar(vectors, track, facts).listed}
        assert len(ours & set(plain_similar(ids, matrix, track).tolist())) >= 9  # copies aside
        pairs[f"{name}, engine"] = lambda v=vectors, t=track: most_similar(v, t, facts)
        pairs[f"{name}, plain"] = lambda i=ids, m=matrix, t=track: plain_similar(i, m, t)
    return alternating(pairs)


def pages(library: Path) -> dict[str, list[float]]:
    """Whole scripts after one interaction each."""
    from streamlit.testing.v1 import AppTest

    os.environ["SERENDIP_LIBRARY"] = str(library)
    sys.argv = ["streamlit"]
    app = AppTest.from_file(str(REPOSITORY / "app_descriptors.py"), default_timeout=120)
    app.run()
    app.multiselect(key="styles").set_value(STYLES).run()
    ends = iter(np.tile([110.0, 120.0, 130.0, 140.0], 1000))
    seeds = iter(range(2, 10**6))
    taken = {
        "tempo changed": repeat(
            lambda: app.slider(key="tempo").set_value((90.0, next(ends))).run()
        ),
        "activation changed": repeat(
            lambda: app.slider(key="style_activation").set_value((next(ends) / 1000, 1.0)).run()
        ),
    }
    app.button(key="reset").click().run()
    app.selectbox(key="order").set_value("shuffle").run()
    taken["shuffled anew"] = repeat(
        lambda: app.number_input(key="seed").set_value(next(seeds)).run()
    )
    app.selectbox(key="order").set_value("title").run()
    taken["tempo changed, by title"] = repeat(
        lambda: app.slider(key="tempo").set_value((90.0, next(ends))).run()
    )
    app.number_input(key="limit").set_value(None).run()
    taken["tempo changed, no limit"] = repeat(
        lambda: app.slider(key="tempo").set_value((40.0, next(ends))).run()
    )
    assert not app.exception
    other = AppTest.from_file(str(REPOSITORY / "app_similarity.py"), default_timeout=120)
    other.run()
    taken["track chosen"] = repeat(lambda: other.button(key="chance").click().run())
    words = iter(["stone river", "engine", "amber low", "keen"] * 1000)
    taken["searched"] = repeat(lambda: other.text_input(key="search").set_value(next(words)).run())
    assert not other.exception
    return taken


def repeat(function: Callable[[], object]) -> list[float]:
    """Seconds of each of RUNS calls, after one that does not count."""
    function()
    return [timed(function) for _ in range(RUNS)]


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
from benchmarks.apps import plain_filter, plain_similar
from pathlib import Path
folder = Path({folder!r})
if {similar!r}:
    for name in ("effnet", "musicnn"):
        ids = np.load(folder / (name + "_ids.npy"))
        plain_similar(ids, np.load(folder / (name + ".npy")), int(ids[41]))
    pd.read_parquet(folder / "table.parquet", columns=["path", "title", "artist"])
else:
    plain_filter(pd.read_parquet(folder / "table.parquet"))
print(time.perf_counter() - start)
"""


def first_loads(library: Path, plain: Path, runs: int = 3) -> dict[str, list[float]]:
    """From a fresh interpreter to the first page, imports included."""
    apps = {name: str(REPOSITORY / f"app_{name}.py") for name in ("descriptors", "similarity")}
    codes = {
        "first page, descriptors": FIRST_PAGE.format(app=apps["descriptors"], params={}),
        "first page, descriptors, plain": FIRST_PLAIN.format(folder=str(plain), similar=False),
        "first page with both lists": FIRST_PAGE.format(
            app=apps["similarity"], params={"track": "42"}
        ),
        "first page with both lists, plain": FIRST_PLAIN.format(folder=str(plain), similar=True),
    }
    return alternating(
        {name: lambda c=code: _fresh(library, c) for name, code in codes.items()}, runs
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
        synthetic.make(root / "library", tracks, music=root / "music")
        synthetic.make_audio(root / "library", root / "music")
        (root / "plain").mkdir()
        plain_files(root / "library", root / "plain")
        taken = first_loads(root / "library", root / "plain")
        return taken | engines(root / "library", root / "plain") | pages(root / "library")


def report(results: dict[int, dict[str, list[float]]]) -> str:
    """A Markdown table: median, best and worst of each interaction."""
    sizes = list(results)
    head = "".join(f" {size:,} tracks |" for size in sizes)
    lines = [f"| Interaction |{head}", "| --- |" + " --- |" * len(sizes)]
    for name in results[sizes[0]]:
        cells = [results[size][name] for size in sizes]
        shown = [
            f"{statistics.median(t) * 1000:,.0f} ({min(t) * 1000:,.0f} to {max(t) * 1000:,.0f})"
            for t in cells
        ]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def main() -> int:
    """Command line; the module's docstring says what it does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--json", type=Path, help="also write all single times here")
    options = parser.parse_args()
    results = {size: measure(size) for size in options.tracks}
    if options.json:
        options.json.write_text(json.dumps(results))
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores")
    print("Milliseconds: median (best to worst).\n")
    print(report(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
