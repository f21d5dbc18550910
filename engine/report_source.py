"""What a report is made from: everything that it reads of a library, in one state.

Source: engine/library.py and the ledger. Conventions: only tracks that are present; a track without
any value (silent, or no audio at all) is no track to a listener and counts among the failures only.
A selection is a part of a source; whatever is known of each track goes with it.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine import duplicates
from engine.facts import Facts
from engine.library import Library, joined
from engine.one_state import one_state
from engine.records import HAS_VALUES
from engine.schema import STAGE_SPACES
from engine.stand_ins import judge
from engine.standing import standing_in
from engine.storage import shown
from engine.vector_cache import Vectors, vectors

# Columns of Library.tracks() that a report needs besides those of Library.frame().
ALSO = ("codec", "content_hash", "recording")
# Waiting for a model is no fault of a track: the coverage tells of it.
NO_FAILURE = (*HAS_VALUES, "model_missing")


@dataclass(frozen=True)
class Failure:
    """A file for which one or more stages came to nothing, and why."""

    path: str  # as it can be shown
    status: str
    stages: tuple[str, ...]
    error: str
    track: int = 0  # id


@dataclass(frozen=True)
class Model:
    """A model file that values of a stage come from."""

    stage: str
    file: str
    sha256: str
    note: str  # what is to be minded, such as random weights; mostly empty


@dataclass(frozen=True)
class State:
    """One state of a library: the tracks that a report describes, and what was known with them."""

    frame: pd.DataFrame  # Library.frame() of the tracks with values, and ALSO of tracks()
    valueless: Set[int]  # ids of the files without any value
    gone: int  # files that an analysis once saw
    meta: dict  # Library.meta()
    groups: "Groups | None" = None  # where they are known already


@dataclass(frozen=True, eq=False)
class Groups:
    """Which tracks belong together: int64 [tracks], one number a group."""

    artists: np.ndarray  # Facts.artists; -1 for none
    albums: np.ndarray  # Facts.albums; -1 for none
    copies: np.ndarray  # duplicates.groups

    def __getitem__(self, rows: np.ndarray) -> "Groups":
        return Groups(self.artists[rows], self.albums[rows], self.copies[rows])


@dataclass(frozen=True, eq=False)
class Source:
    """A library as a report sees it: all of it is of the tracks of the frame, but for the vectors,
    of which there may be more."""

    frame: pd.DataFrame  # Library.frame() of the tracks with values, and ALSO of tracks()
    valueless: int  # files present without any value: silent, damaged, or no audio
    gone: int  # files that an analysis once saw
    partial: np.ndarray  # bool [tracks]: decoded in part only
    analysed_s: np.ndarray  # float64 [tracks], of sound that was analysed; NaN where unknown
    models: tuple[Model, ...]
    span_s: float | None  # the analysis took the middle of longer files; None: at most the cap
    labels: dict[str, list[str]]  # styles and tags → labels
    failures: tuple[Failure, ...]
    spaces: Mapping[str, np.ndarray]  # space → bool [tracks]: has a vector in it
    groups: Groups
    vectors: Callable[[str], Vectors]  # space → all of it, also of tracks that came since
    selected_of: int | None = None  # tracks of the library, where these are a selection

    @property
    def stand_ins(self) -> frozenset[str]:
        """Stages with a model that is not the published one: their values may mean nothing."""
        return frozenset(model.stage for model in self.models if model.note)

    def selection(self, rows: Sequence[int]) -> "Source":
        """The tracks in some rows of the frame alone. Files without any value, or gone, are in no
        selection."""
        rows = np.asarray(rows, dtype=np.int64)
        frame = self.frame.iloc[rows]
        known = frozenset(frame.index)
        return replace(
            self,
            frame=frame,
            valueless=0,
            gone=0,
            partial=self.partial[rows],
            analysed_s=self.analysed_s[rows],
            failures=tuple(failure for failure in self.failures if failure.track in known),
            spaces={space: there[rows] for space, there in self.spaces.items()},
            groups=self.groups[rows],
            selected_of=len(self.frame),
        )


def read(library: Library, state: State | None = None) -> Source:
    """All of it but the vectors, of the library as it is now; or of the tracks of a `state` that
    was read before, however the library has grown since. Raises LibraryError."""
    with one_state(library) as (still, db):
        state = state or _present(still, db)
        ids = state.frame.index.to_numpy()
        known = frozenset(ids.tolist())
        seconds = db.execute("SELECT id, analysed_s FROM tracks WHERE analysed_s NOTNULL")
        partial = db.execute("SELECT DISTINCT track_id FROM ledger WHERE status = 'partial'")
        labels = {space: still.labels(space) for space in ("styles", "tags")}
        found = Source(
            frame=state.frame,
            valueless=len(state.valueless),
            gone=state.gone,
            partial=np.isin(ids, np.array([track for (track,) in partial], np.int64)),
            analysed_s=pd.Series(dict(seconds), dtype=np.float64).reindex(ids).to_numpy(),
            models=_models(state.meta),
            span_s=state.meta.get("span_s"),
            labels=labels,
            failures=_failures(db, known | state.valueless),
            spaces=_spaces(db, ids),
            groups=state.groups or NO_GROUPS,
            vectors=lambda space: vectors(library, space),
        )
    return found if state.groups else replace(found, groups=grouped(found))


NO_GROUPS = Groups(*(np.empty(0, np.int64),) * 3)


def grouped(source: Source) -> Groups:
    """Artists, albums and copies, as playlists count them: seconds for 100,000 tracks."""
    facts = Facts(source.frame)
    space = judge(source.stand_ins, lambda name: source.vectors(name).space(name))
    return Groups(facts.artists, facts.albums, duplicates.groups(source.frame, space))


def _spaces(db: sqlite3.Connection, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Space → bool [ids]: has a vector. The index alone is read."""
    found = {}
    for space in (space for spaces in STAGE_SPACES.values() for space in spaces):
        rows = db.execute("SELECT track_id FROM vectors WHERE space = ?", (space,))
        found[space] = np.isin(ids, np.array([track for (track,) in rows], np.int64))
    return found


def _present(library: Library, db: sqlite3.Connection) -> State:
    valueless = standing_in(db).valueless
    frame = library.frame().drop(index=list(valueless), errors="ignore")
    rows = db.execute(f"SELECT id, {', '.join(ALSO)} FROM tracks WHERE present")
    facts = {track: rest for track, *rest in rows}
    for place, column in enumerate(ALSO):
        values = [facts[track][place] for track in frame.index]
        frame[column] = pd.Series(values, frame.index, dtype=object)
    (gone,) = db.execute("SELECT count(*) FROM tracks WHERE NOT present").fetchone()
    return State(frame, valueless, gone, library.meta())


def _models(meta: dict) -> tuple[Model, ...]:
    return tuple(
        Model(stage, model["file"], model["sha256"], model["note"] or "")
        for stage, models in meta.get("models", {}).items()
        for model in models
    )


def _failures(db: sqlite3.Connection, known: Set[int]) -> tuple[Failure, ...]:
    """One for each file and reason: mostly all stages fail together. Only these rows leave the
    database, since a ledger has several for each track."""
    fine = ", ".join(f"'{status}'" for status in NO_FAILURE)
    rows = db.execute(
        f"""SELECT tracks.id, roots.path, tracks.path, status, error, stage
        FROM ledger JOIN tracks ON tracks.id = track_id JOIN roots ON roots.id = root_id
        WHERE present AND status NOT IN ({fine}) ORDER BY tracks.id, stage"""
    )
    stages: dict[tuple[int, str, str, str], list[str]] = {}
    for track, root, path, status, error, stage in rows:
        if track in known:
            file = shown(joined(root, path))
            stages.setdefault((track, file, status, shown(error or "")), []).append(stage)
    return tuple(
        Failure(path, status, tuple(names), error, track)
        for (track, path, status, error), names in stages.items()
    )
