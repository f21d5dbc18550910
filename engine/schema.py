"""The tables of a library: its columns, which stage fills which, and how the tables grow.

Units and ranges of the descriptors: BPM; keys C, C#, D … B with scale major or minor; LUFS and LU;
`danceability_dsp` 0-3; `danceability`, `voice` and `style_activation` 0-1; valence and arousal 1-9;
IC in nats per latent frame; `bitrate` bit/s. A value that could not be computed is NULL, never 0.

The tables change by numbered migrations only: append to MIGRATIONS, never edit an entry, because
libraries of every version since 1 exist on somebody's disk.
"""

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache

import numpy as np

from engine.fingerprint_match import FRAME_BYTES, SKETCH
from engine.records import STATUSES, Curve, Fingerprint, Outcome

APPLICATION_ID = 0x53524E44  # "SRND", by which file(1) and this program know a library

# What a file says of itself, and what its container says.
TAG_COLUMNS = (
    "title",
    "artist",
    "album",
    "year",
    "album_artist",
    "track_no",
    "disc_no",
    "bitrate",
    "genre",
)
MEDIA_COLUMNS = ("duration_s", "sample_rate", "channels", "codec", "analysed_s")

STAGE_COLUMNS: dict[str, tuple[str, ...]] = {
    "dsp": (
        "tempo_bpm",
        "tempo_confidence",
        "key_temperley",
        "scale_temperley",
        "strength_temperley",
        "key_krumhansl",
        "scale_krumhansl",
        "strength_krumhansl",
        "key_edma",
        "scale_edma",
        "strength_edma",
        "loudness_lufs",
        "loudness_range_lu",
        "danceability_dsp",
    ),
    "fingerprint": (),
    "effnet": ("danceability", "voice", "style", "style_activation"),
    "musicnn": ("valence", "arousal"),
    "information": ("ic_mean", "ic_model"),
}
# The first space of a stage is its embedding, which every track with status ok has.
STAGE_SPACES: dict[str, tuple[str, ...]] = {
    "dsp": (),
    "fingerprint": (),
    "effnet": ("effnet", "styles"),
    "musicnn": ("musicnn", "tags"),
    "information": (),
}
STAGE_WITH_CURVES = "information"
STAGE_WITH_FINGERPRINT = "fingerprint"
SPACE_DIMENSIONS = {"effnet": 1280, "styles": 400, "musicnn": 200, "tags": 50}

# The table that Library.frame() returns, in its order.
COLUMNS = (
    "path",
    "title",
    "artist",
    "album",
    "year",
    "duration_s",
    "sample_rate",
    "channels",
    *STAGE_COLUMNS["dsp"],
    *STAGE_COLUMNS["effnet"][:2],
    *STAGE_COLUMNS["musicnn"],
    *STAGE_COLUMNS["effnet"][2:],
    *STAGE_COLUMNS["information"],
    *TAG_COLUMNS[4:],
)
INTEGER_COLUMNS = frozenset(
    {"year", "track_no", "disc_no", "bitrate", "sample_rate", "channels", "size", "mtime_ns"}
    | {"recording"}
)
TEXT_COLUMNS = frozenset(
    {"path", "title", "artist", "album", "album_artist", "genre", "codec", "style", "ic_model"}
    | {"root", "content_hash"}
    | {column for column in STAGE_COLUMNS["dsp"] if column.startswith(("key_", "scale_"))}
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    # 1: tracks, what was done for them, what came of it
    (
        # One row per folder that was scanned; paths of tracks are relative to it, as bytes.
        "CREATE TABLE roots (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE) STRICT",
        # AUTOINCREMENT: an id that an app holds never comes to mean another track.
        """CREATE TABLE tracks (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            root_id INTEGER NOT NULL REFERENCES roots (id),
            path BLOB NOT NULL,
            size INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            content_hash TEXT,
            title TEXT, artist TEXT, album TEXT, year INTEGER,
            duration_s REAL, sample_rate INTEGER, channels INTEGER, codec TEXT, analysed_s REAL,
            present INTEGER NOT NULL DEFAULT 1 CHECK (present IN (0, 1)),
            UNIQUE (root_id, path)
        ) STRICT""",
        "CREATE INDEX tracks_by_size ON tracks (size)",
        "CREATE INDEX tracks_by_content ON tracks (content_hash)",
        "CREATE INDEX tracks_absent ON tracks (id) WHERE present = 0",
        """CREATE TABLE ledger (
            track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
            stage TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            status TEXT NOT NULL,
            error TEXT,
            seconds REAL NOT NULL,
            attempts INTEGER NOT NULL,
            PRIMARY KEY (track_id, stage)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE descriptors (
            track_id INTEGER PRIMARY KEY REFERENCES tracks (id) ON DELETE CASCADE,
            tempo_bpm REAL, tempo_confidence REAL,
            key_temperley TEXT, scale_temperley TEXT, strength_temperley REAL,
            key_krumhansl TEXT, scale_krumhansl TEXT, strength_krumhansl REAL,
            key_edma TEXT, scale_edma TEXT, strength_edma REAL,
            loudness_lufs REAL, loudness_range_lu REAL, danceability_dsp REAL,
            danceability REAL, voice REAL, valence REAL, arousal REAL,
            style TEXT, style_activation REAL
        ) STRICT""",
        # float32, little-endian. Not WITHOUT ROWID: that keeps at most a quarter of a page of
        # each row in place, and an EffNet embedding would spill into overflow pages.
        """CREATE TABLE vectors (
            track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
            space TEXT NOT NULL,
            vector BLOB NOT NULL,
            PRIMARY KEY (space, track_id)
        ) STRICT""",
        "CREATE INDEX vectors_by_track ON vectors (track_id)",  # a deleted track finds its own
        "CREATE TABLE labels (space TEXT PRIMARY KEY, labels TEXT NOT NULL) STRICT",
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        # Milliseconds since 1970: a library made anew at the same path never repeats a generation
        # under which an app has cached the old one.
        """INSERT INTO meta VALUES
            ('generation', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))""",
        f"PRAGMA application_id = {APPLICATION_ID}",
    ),
    # 2: information content
    (
        "ALTER TABLE descriptors ADD COLUMN ic_mean REAL",
        "ALTER TABLE descriptors ADD COLUMN ic_model TEXT",
    ),
    # 3: information content over time; float32, little-endian, NaN where there is none
    (
        """CREATE TABLE curves (
            track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            model TEXT NOT NULL,
            start_s REAL NOT NULL,
            hop_s REAL NOT NULL CHECK (hop_s > 0),
            vector BLOB NOT NULL,
            PRIMARY KEY (track_id, name)
        ) STRICT""",
    ),
    # 4: what belongs to a record of several tracks, and what a run did not look into
    (
        "ALTER TABLE tracks ADD COLUMN album_artist TEXT",
        "ALTER TABLE tracks ADD COLUMN track_no INTEGER",
        "ALTER TABLE tracks ADD COLUMN disc_no INTEGER",
        "ALTER TABLE tracks ADD COLUMN bitrate INTEGER",
        "ALTER TABLE tracks ADD COLUMN genre TEXT",
        # records.TAG_READING of the run that read the tags; 0: the next one reads them anew.
        "ALTER TABLE tracks ADD COLUMN tag_reading INTEGER NOT NULL DEFAULT 0",
        # Absolute paths.
        "CREATE TABLE skipped (path BLOB PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ),
    # 5: acoustic fingerprints, and which tracks they make one recording. A table of their own:
    # in the row of a track, some kilobytes would slow down every reading of all tracks.
    (
        """CREATE TABLE fingerprints (
            track_id INTEGER PRIMARY KEY REFERENCES tracks (id) ON DELETE CASCADE,
            frames INTEGER NOT NULL,
            sketch BLOB NOT NULL,
            fingerprint BLOB NOT NULL
        ) STRICT""",
        # All that candidates are found by, without a page of the fingerprints themselves.
        "CREATE INDEX fingerprints_sketched ON fingerprints (frames, sketch)",
        # Tracks of one recording share a number; NULL: not compared with the others yet.
        "ALTER TABLE tracks ADD COLUMN recording INTEGER",
    ),
)
VERSION = len(MIGRATIONS)


def migrate(db: sqlite3.Connection) -> None:
    """Bring the tables to VERSION, each step in one transaction: a kill leaves a whole version.

    `db` is in autocommit mode and the caller holds the writer's lock.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a full disk has rolled it back already
                db.execute("ROLLBACK")
            raise


def views(held: Mapping[str, Sequence[str]]) -> list[str]:
    """Statements that show the tables of an earlier version (table → columns) as those of VERSION,
    for a connection that only reads: what is missing is NULL, or a table without rows."""
    statements = []
    for table, columns in _tables().items():
        if table not in held:
            shown = [f"NULL AS {column}" for column in columns]
            statements.append(f"CREATE TEMP VIEW {table} AS SELECT {', '.join(shown)} WHERE 0")
        elif missing := [column for column in columns if column not in held[table]]:
            shown = [*held[table], *(f"NULL AS {column}" for column in missing)]
            statements.append(
                f"CREATE TEMP VIEW {table} AS SELECT {', '.join(shown)} FROM main.{table}"
            )
    return statements


@cache
def _tables() -> dict[str, list[str]]:
    """Table → columns, as VERSION has them."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        names = [
            row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {
            name: [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
            for name in names
            if not name.startswith("sqlite_")
        }


def check_outcome(outcome: Outcome) -> None:
    """Raise ValueError, with the reason, for an outcome that has no place in the tables.

    For the worker that made it as well as for the library that stores it: a wrong shape or a
    vector with NaN is a fault of the stage, best reported where the track is known.
    """
    stage = outcome.stage
    if stage not in STAGE_COLUMNS:
        raise ValueError(f"there is no stage {stage!r}; there are {', '.join(STAGE_COLUMNS)}")
    if outcome.status not in STATUSES:
        raise ValueError(f"stage {stage}: there is no status {outcome.status!r}")
    if strange := set(outcome.values) - set(STAGE_COLUMNS[stage]):
        raise ValueError(f"stage {stage} does not fill {', '.join(sorted(strange))}")
    for space, vector in outcome.vectors.items():
        if space not in STAGE_SPACES[stage]:
            raise ValueError(f"stage {stage} gives no vectors in a space {space!r}")
        if np.shape(vector) != (SPACE_DIMENSIONS[space],):
            raise ValueError(
                f"a vector of {space} has shape ({SPACE_DIMENSIONS[space]},), "
                f"not {np.shape(vector)}"
            )
        if not np.isfinite(vector).all():
            raise ValueError(f"the {space} vector has values that are not finite")
    _check_curves(stage, outcome.curves)
    _check_fingerprint(stage, outcome.acoustic)


def _check_curves(stage: str, curves: Sequence[Curve]) -> None:
    if curves and stage != STAGE_WITH_CURVES:
        raise ValueError(f"stage {stage} gives no curves")
    if len({curve.name for curve in curves}) < len(curves):
        raise ValueError(f"stage {stage} gives two curves under one name")
    for curve in curves:
        if not (math.isfinite(curve.start_s) and math.isfinite(curve.hop_s) and curve.hop_s > 0):
            raise ValueError(
                f"the curve {curve.name} starts at {curve.start_s} s with a frame every "
                f"{curve.hop_s} s, which is no time"
            )
        if np.ndim(curve.values) != 1 or np.isinf(curve.values).any():
            raise ValueError(f"the curve {curve.name} is no row of numbers, or has infinite ones")


def _check_fingerprint(stage: str, acoustic: Fingerprint | None) -> None:
    if acoustic is None:
        return
    if stage != STAGE_WITH_FINGERPRINT:
        raise ValueError(f"stage {stage} gives no fingerprint")
    if not acoustic.signs or len(acoustic.signs) % FRAME_BYTES or len(acoustic.sketch) != SKETCH:
        raise ValueError("the fingerprint has not the length of one")


def stored_text(text: str | None) -> str | None:
    """Text as SQLite can hold it: lone surrogates (undecodable bytes) become U+FFFD."""
    if text is None:
        return None
    return str(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def stored_value(column: str, value: object) -> float | int | str | None:
    """A value of `column` as its table takes it; None where it is missing or not finite."""
    if value is None:
        return None
    if column in TEXT_COLUMNS:
        return stored_text(value)
    if not math.isfinite(value):
        return None
    return int(value) if column in INTEGER_COLUMNS else float(value)


# From best to worst: what was computed in full, in part, not yet; then what the recording does
# not allow; then what went wrong, the plainest to the user last.
_SEVERITY = (
    "ok",
    "partial",
    "model_missing",
    "silent",
    "too_short",
    "timeout",
    "crashed",
    "unreadable",
)


def track_status(stages: Mapping[str, str] | Iterable[str]) -> str:
    """The status of a whole track, for summaries: the worst of its stages.

    Takes the statuses, or a mapping from stage to status. ValueError when there is none.
    """
    statuses = stages.values() if isinstance(stages, Mapping) else stages
    return max(statuses, key=_SEVERITY.index)
