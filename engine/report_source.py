"""What a report is made from: everything that it reads of a library, read at once.

Source: engine/library.py and the ledger. Conventions: only tracks that are present; a track without
any value (silent, or no audio at all) is no track to a listener and counts among the failures only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from engine.library import Coverage, Library, joined
from engine.records import HAS_VALUES
from engine.standing import standing
from engine.storage import shown, snapshot
from engine.vector_cache import Vectors, vectors

# Waiting for a model is no fault of a track: the coverage tells of it.
NO_FAILURE = (*HAS_VALUES, "model_missing")


@dataclass(frozen=True)
class Failure:
    """A file for which one or more stages came to nothing, and why."""

    path: str  # as it can be shown
    status: str
    stages: tuple[str, ...]
    error: str


@dataclass(frozen=True)
class Model:
    """A model file that values of a stage come from."""

    stage: str
    file: str
    sha256: str
    note: str  # what is to be minded, such as random weights; mostly empty


@dataclass(frozen=True)
class Source:
    """A library as a report sees it."""

    frame: pd.DataFrame  # Library.frame() of the tracks with values; with codec, content_hash
    analysed_s: float  # of sound that was analysed, over all tracks
    coverage: Coverage
    models: tuple[Model, ...]
    span_s: float | None  # the analysis took the middle of longer files; None: at most the cap
    labels: dict[str, list[str]]  # styles and tags → labels
    failures: tuple[Failure, ...]
    vectors: Callable[[str], Vectors]  # space → all of it

    @property
    def stand_ins(self) -> frozenset[str]:
        """Stages with a model that is not the published one: their values may mean nothing."""
        return frozenset(model.stage for model in self.models if model.note)


def read(library: Library, frame: pd.DataFrame | None = None) -> Source:
    """All of it but the vectors; `frame` as Source has it where it has been read already, and shows
    an earlier state of a library that grows. Raises LibraryError."""
    tracks, meta = library.tracks(), library.meta()
    if frame is None:
        frame = library.frame().drop(index=list(standing(library.path).valueless), errors="ignore")
        frame[["codec", "content_hash"]] = tracks.reindex(frame.index)[["codec", "content_hash"]]
    tracks = tracks.reindex(frame.index)
    return Source(
        frame=frame,
        analysed_s=float(np.nansum(tracks["analysed_s"].to_numpy(dtype=float))),
        coverage=library.coverage(),
        models=_models(meta),
        span_s=meta.get("span_s"),
        labels={space: library.labels(space) for space in ("styles", "tags")},
        failures=_failures(library),
        vectors=partial(vectors, library),
    )


def _models(meta: dict) -> tuple[Model, ...]:
    return tuple(
        Model(stage, model["file"], model["sha256"], model["note"] or "")
        for stage, models in meta.get("models", {}).items()
        for model in models
    )


def _failures(library: Library) -> tuple[Failure, ...]:
    """One for each file and reason: mostly all stages fail together. Only these rows leave the
    database, since a ledger has several for each track."""
    fine = ", ".join(f"'{status}'" for status in NO_FAILURE)
    with snapshot(library.path) as db:
        rows = db.execute(
            f"""SELECT roots.path, tracks.path, status, error, stage
            FROM ledger JOIN tracks ON tracks.id = track_id JOIN roots ON roots.id = root_id
            WHERE present AND status NOT IN ({fine}) ORDER BY tracks.id, stage"""
        ).fetchall()
    stages: dict[tuple[str, str, str], list[str]] = {}
    for root, path, status, error, stage in rows:
        file = shown(joined(root, path))
        stages.setdefault((file, status, shown(error or "")), []).append(stage)
    return tuple(
        Failure(path, status, tuple(names), error)
        for (path, status, error), names in stages.items()
    )
