"""What may happen to an analysis, done to it on purpose: kills, broken files, readers.

Each experiment runs the command line as a user does, and returns counts; benchmarks/reliability.py
writes them down, and tests/test_reliability.py runs small versions.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.discover import Found, find_audio
from engine.library import Library, LibraryError, joined
from engine.planning import file_status
from engine.schema import SPACE_DIMENSIONS

ROOT = Path(__file__).resolve().parent.parent
KILLS_EACH = 8  # of one library, before a run is left to finish


def command(music: Path, library: Path, stages: str) -> list[str]:
    """The analysis as a user starts it."""
    script = str(ROOT / "precompute.py")
    flags = ["--library", str(library), "--stages", stages, "--json", "--no-fetch"]
    return [sys.executable, script, str(music), *flags]


def analyse(music: Path, library: Path, stages: str) -> dict:
    """A whole run; the object of --json."""
    done = subprocess.run(
        command(music, library, stages), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"precompute.py ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


# --- killed at random moments ------------------------------------------------------------------


@dataclass
class Kills:
    """What came of killing runs until `killed` were killed."""

    killed: int = 0
    libraries: int = 0  # each killed up to KILLS_EACH times, then left in peace
    moments: Counter = field(default_factory=Counter)  # how far the run was
    recorded: list[int] = field(default_factory=list)  # tracks in the library after each kill
    lost: int = 0  # tracks that were in the library before a kill and not after it
    orphans: int = 0  # worker processes alive two seconds after a kill
    unsound: list[str] = field(default_factory=list)  # complaints of the library's check
    different: int = 0  # libraries whose table or vectors differ from the undisturbed run's
    tracks: int = 0
    seconds: float = 0.0


def kill_runs(music: Path, work: Path, stages: str, kills: int, seed: int = 1) -> Kills:
    """Kill runs at uniformly random moments; compare what they end with to an undisturbed run."""
    started, dice, result = time.monotonic(), random.Random(seed), Kills()
    # Twice, for a duration that other work on the machine has not stretched.
    whole = [analyse(music, work / name, stages) for name in ("undisturbed", "again")]
    reference = table(work / "undisturbed")
    result.different += not same(reference, table(work / "again"))
    result.tracks = whole[0]["found"]
    longest = min(told["seconds"] for told in whole)
    while result.killed < kills:
        library = work / f"killed {result.libraries}"
        result.libraries += 1
        for _ in range(min(KILLS_EACH, kills - result.killed)):
            moment = dice.uniform(0, longest)
            if not _killed_run(command(music, library, stages), library, moment, result):
                break
        analyse(music, library, stages)
        result.different += not same(reference, table(library))
    result.seconds = time.monotonic() - started
    return result


def _killed_run(arguments: Sequence[str], library: Path, moment: float, result: Kills) -> bool:
    """Start a run and kill it after `moment` seconds; False if it came through first."""
    before = recorded(library)
    run = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        run.wait(moment)
        return False
    except subprocess.TimeoutExpired:
        workers = children(run.pid)
        run.send_signal(signal.SIGKILL)
        run.wait()
    result.killed += 1
    deadline = time.monotonic() + 2
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.01)
    result.orphans += sum(alive(pid) for pid in workers)
    after = recorded(library)
    result.recorded.append(len(after))
    grown = "after its first track" if len(after) > len(before) else "before its first track"
    result.moments[grown if workers else "before its first worker"] += 1
    result.lost += len(before - after)
    if (library / "library.sqlite").exists():
        check = [sys.executable, "-m", "engine.library", "check", str(library)]
        told = subprocess.run(check, capture_output=True, text=True, check=False, cwd=ROOT)
        if told.returncode and "never filled" not in told.stderr:
            result.unsound.append(told.stdout + told.stderr)
    return True


def children(pid: int) -> list[int]:
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def recorded(library: Path) -> set[str]:
    """The paths in a library; empty where there is none yet."""
    try:
        return set(Library.open(library).frame().path)
    except LibraryError:
        return set()


def table(folder: Path) -> dict:
    """All that a library holds of its tracks, by path, to be compared."""
    library = Library.open(folder)
    frame = library.frame()
    paths = frame.path.to_dict()
    vectors = {}
    for space in SPACE_DIMENSIONS:
        ids, rows = library.vectors(space)
        vectors[space] = {paths[i]: row.tobytes() for i, row in zip(ids, rows, strict=True)}
    ledger = library.ledger()[["path", "stage", "fingerprint", "status", "error"]]
    return {
        "frame": frame.sort_values("path").reset_index(drop=True),
        "ledger": ledger.sort_values(["path", "stage"]).reset_index(drop=True),
        "vectors": vectors,
    }


def same(one: dict, other: dict) -> bool:
    """Whether two tables are equal to the last bit."""
    frames = all(one[name].equals(other[name]) for name in ("frame", "ledger"))
    return frames and one["vectors"] == other["vectors"]


# --- broken files --------------------------------------------------------------------------------


@dataclass
class Broken:
    """What came of analysing a folder of broken files."""

    files: int  # that there are
    found: int  # that the run took for audio
    by_status: dict[str, int]
    unaccounted: int  # found, but without exactly one status in each stage
    foreseen: int  # files whose status the corpus foresees
    unexpected: list[str]  # those with another status
    seconds: float
    peak_worker_mb: int


def broken_files(
    music: Path, library: Path, stages: str, expected: Mapping[bytes, frozenset] | None = None
) -> Broken:
    """Analyse a folder and hold every file against what is recorded of it."""
    told = analyse(music, library, stages)
    ledger = Library.open(library).ledger()
    statuses: dict[bytes, dict[str, str]] = {}  # not groupby: pandas refuses undecodable names
    for path, stage, status in zip(ledger.path, ledger.stage, ledger.status, strict=True):
        statuses.setdefault(os.fsencode(path), {})[stage] = status
    found = [joined(f.root, f.relpath) for f in find_audio([music]) if isinstance(f, Found)]
    wanted = set(stages.split(","))
    unaccounted = sum(set(statuses.get(path, ())) != wanted for path in found)
    rows = len(ledger) - sum(map(len, statuses.values()))
    unexpected = []
    for name, allowed in (expected or {}).items():
        path = joined(os.fsencode(music), name)
        status = file_status(statuses[path]) if path in statuses else "not found"
        if status not in allowed:
            unexpected.append(f"{name!r}: {status}, expected {' or '.join(sorted(allowed))}")
    everything = sum(len(files) for _, _, files in os.walk(music))
    by_status = dict(Counter(file_status(stages) for stages in statuses.values()))
    return Broken(
        files=everything,
        found=told["found"],
        by_status=by_status,
        unaccounted=unaccounted + rows,
        foreseen=len(expected or ()),
        unexpected=unexpected,
        seconds=told["seconds"],
        peak_worker_mb=told["peak_worker_mb"],
    )


# --- reading while it writes ---------------------------------------------------------------------


@dataclass
class Reading:
    """What a reader saw while a run was writing."""

    reads: int = 0
    failed: list[str] = field(default_factory=list)
    torn: int = 0  # rows without the values, or vectors without the rows, of an "ok" track
    backwards: int = 0  # fewer tracks, or a smaller generation, than before
    states: int = 0  # different generations seen
    slowest_ms: float = 0.0


def read_while_writing(music: Path, library: Path, stages: str) -> Reading:
    """Read everything as fast as one thread can during a whole run."""
    result, generations, tracks = Reading(), set(), 0
    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(analyse, music, library, stages)
        while not run.done():
            if not recorded(library):
                time.sleep(0.01)
                continue
            started = time.perf_counter()
            try:
                generation, now, torn = _read(Library.open(library))
            except LibraryError as error:
                result.failed.append(str(error))
                continue
            result.slowest_ms = max(result.slowest_ms, (time.perf_counter() - started) * 1000)
            result.reads += 1
            result.torn += torn
            result.backwards += now < tracks or generation < max(generations, default=0)
            generations.add(generation)
            tracks = now
        run.result()  # raises what the run did
    result.states = len(generations)
    return result


def _read(library: Library) -> tuple[int, int, int]:
    """Generation, number of tracks, and how many of them are half there."""
    generation, frame, ledger = library.generation, library.frame(), library.ledger()
    ok = set(ledger[(ledger.stage == "dsp") & (ledger.status == "ok")].id)
    torn = len(ok & set(frame.index[frame.tempo_bpm.isna()]))
    for space in ("effnet", "musicnn"):
        recorded_ids = set(ledger[(ledger.stage == space) & (ledger.status == "ok")].id)
        ids, vectors = library.vectors(space)
        torn += len(recorded_ids - set(ids.tolist())) + int((~np.isfinite(vectors)).any(1).sum())
    return generation, len(frame), torn
