"""The tables over time: libraries of every version open, or say what to do."""

import sqlite3
from contextlib import closing

import pytest
from analyses import ROOT, analysis

from engine import schema
from engine.library import Library, LibraryError
from engine.library_check import problems
from engine.one_state import one_state
from engine.records import STATUSES, TAG_READING
from engine.schema import COLUMNS, SPACE_DIMENSIONS, STAGE_COLUMNS, STAGE_SPACES, track_status
from engine.standing import standing_in
from engine.storage import FILE_NAME

# The tables as version 1 made them, with one track. Never edit this: such files exist.
VERSION_1 = """
PRAGMA application_id = 1397902916;
PRAGMA user_version = 1;
CREATE TABLE roots (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE tracks (
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
) STRICT;
CREATE INDEX tracks_by_size ON tracks (size);
CREATE INDEX tracks_by_content ON tracks (content_hash);
CREATE INDEX tracks_absent ON tracks (id) WHERE present = 0;
CREATE TABLE ledger (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    seconds REAL NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (track_id, stage)
) STRICT, WITHOUT ROWID;
CREATE TABLE descriptors (
    track_id INTEGER PRIMARY KEY REFERENCES tracks (id) ON DELETE CASCADE,
    tempo_bpm REAL, tempo_confidence REAL,
    key_temperley TEXT, scale_temperley TEXT, strength_temperley REAL,
    key_krumhansl TEXT, scale_krumhansl TEXT, strength_krumhansl REAL,
    key_edma TEXT, scale_edma TEXT, strength_edma REAL,
    loudness_lufs REAL, loudness_range_lu REAL, danceability_dsp REAL,
    danceability REAL, voice REAL, valence REAL, arousal REAL,
    style TEXT, style_activation REAL
) STRICT;
CREATE TABLE vectors (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    space TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (space, track_id)
) STRICT;
CREATE INDEX vectors_by_track ON vectors (track_id);
CREATE TABLE labels (space TEXT PRIMARY KEY, labels TEXT NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES ('generation', '1700000000000'), ('models', '{"dsp": []}');
INSERT INTO roots VALUES (1, CAST('/music' AS BLOB));
INSERT INTO tracks VALUES (7, 1, CAST('a.mp3' AS BLOB), 10, 20, 'aa', 'Title', NULL, NULL, 1959,
    180.5, 44100, 2, 'mp3', 180.5, 1);
INSERT INTO ledger VALUES (7, 'musicnn', 'f', 'ok', NULL, 0.5, 1);
INSERT INTO descriptors (track_id, valence, arousal) VALUES (7, 5.5, 3.5);
INSERT INTO vectors VALUES (7, 'musicnn', zeroblob(800)), (7, 'tags', zeroblob(200));
"""


# What versions 2 and 3 added, with information content for the track. Never edit this.
VERSION_3 = (
    VERSION_1
    + """
ALTER TABLE descriptors ADD COLUMN ic_mean REAL;
ALTER TABLE descriptors ADD COLUMN ic_model TEXT;
CREATE TABLE curves (
    track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    start_s REAL NOT NULL,
    hop_s REAL NOT NULL CHECK (hop_s > 0),
    vector BLOB NOT NULL,
    PRIMARY KEY (track_id, name)
) STRICT;
PRAGMA user_version = 3;
INSERT INTO ledger VALUES (7, 'information', 'f', 'ok', NULL, 0.5, 1);
UPDATE descriptors SET ic_mean = 33.5, ic_model = 'resident-1';
INSERT INTO curves VALUES (7, 'ic_0.0', 'resident-1', 0, 0.1, zeroblob(40));
"""
)


def _written(folder, script):
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        db.executescript(script)
    return folder


@pytest.mark.parametrize("is_migrated", [False, True])
@pytest.mark.parametrize("version", [1, 3])
def test_a_library_of_an_earlier_version_can_be_read_before_and_after_migration(
    tmp_path, version, is_migrated
):
    folder = _written(tmp_path, {1: VERSION_1, 3: VERSION_3}[version])
    if is_migrated:
        Library.open(folder, writable=True).close()
    before = (folder / FILE_NAME).read_bytes()
    library = Library.open(folder)
    row = library.frame().loc[7]
    assert tuple(row.index) == COLUMNS
    assert row[["path", "title", "year", "valence"]].tolist() == [
        "/music/a.mp3",
        "Title",
        1959,
        5.5,
    ]
    added = ["album_artist", "track_no", "disc_no", "bitrate", "genre"]
    assert row[[*added, "tempo_bpm"]].isna().all()
    assert list(library.tracks().columns).count("album_artist") == 1
    assert library.skipped() == []
    assert library.tracks()["recording"].isna().all()
    assert library.recordings() == {} and library.fingerprint(7) is None
    assert [len(part) for part in library.sketches()] == [0, 0, 0]
    assert library.without_fingerprint() == 1
    assert library.coverage().columns["ic_mean"] == (version == 3)
    if version == 3:
        assert row[["ic_mean", "ic_model"]].tolist() == [33.5, "resident-1"]
        assert [len(curve.values) for curve in library.curves(7)] == [10]
    else:
        assert row[["ic_mean", "ic_model"]].isna().all()
        assert library.curves(7) == ()
    assert library.vectors("tags")[0].tolist() == [7]
    assert library.meta() == {"models": {"dsp": []}}
    assert problems(folder) == []
    with one_state(library) as (still, db):
        assert len(still.frame()) == 1 and standing_in(db).valueless == frozenset()
    assert (folder / FILE_NAME).read_bytes() == before


def test_the_tags_of_an_earlier_version_are_to_be_read_anew(tmp_path):
    folder = _written(tmp_path, VERSION_3)
    with Library.open(folder, writable=True) as writer:
        assert writer.known(b"/music")[b"a.mp3"].tag_reading == 0
        writer.record(ROOT, b"b.mp3", 10, 20, analysis("bb"))
        assert writer.known(b"/music")[b"b.mp3"].tag_reading == TAG_READING


def test_migrated_and_new_libraries_have_the_same_tables(tmp_path):
    (tmp_path / "old").mkdir()
    _written(tmp_path / "old", VERSION_1)
    tables = []
    for name in ("old", "new"):
        with Library.create(tmp_path / name) as writer:
            query = "SELECT name, sql FROM sqlite_schema ORDER BY name"
            tables.append([(n, " ".join((s or "").split())) for n, s in writer._db.execute(query)])
    assert tables[0] == tables[1]


def test_a_migration_that_fails_leaves_the_version_before(tmp_path, monkeypatch):
    folder = _written(tmp_path, VERSION_1)
    half = ("ALTER TABLE tracks ADD COLUMN half TEXT", "THIS IS NOT SQL")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:1], half))
    with pytest.raises(LibraryError):
        Library.open(folder, writable=True)
    with closing(sqlite3.connect(folder / FILE_NAME)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert "half" not in [row[1] for row in db.execute("PRAGMA table_info(tracks)")]
    monkeypatch.undo()
    with Library.open(folder, writable=True) as writer:
        assert writer.record(ROOT, b"a.mp3", 10, 20, analysis("aa")) == 7


def test_a_newer_library_is_left_alone(tmp_path):
    folder = _written(tmp_path, VERSION_1 + "PRAGMA user_version = 99;")
    for writable in (False, True):
        with pytest.raises(LibraryError, match=r"newer version of Serendip \(schema 99"):
            Library.open(folder, writable=writable)


def test_the_database_of_another_program_is_left_alone(tmp_path):
    folder = _written(tmp_path, "CREATE TABLE photos (id); INSERT INTO photos VALUES (1);")
    before = (folder / FILE_NAME).read_bytes()
    for writable in (False, True):
        with pytest.raises(LibraryError, match="another program"):
            Library.open(folder, writable=writable)
    assert (folder / FILE_NAME).read_bytes() == before


def test_generations_of_libraries_made_one_after_the_other_differ(tmp_path):
    with Library.create(tmp_path / "a") as first:
        first_generation = first.generation
    with Library.create(tmp_path / "b") as second:
        assert second.generation >= first_generation > 1_600_000_000_000


def test_every_column_and_space_belongs_to_one_stage():
    columns = [column for names in STAGE_COLUMNS.values() for column in names]
    spaces = [space for names in STAGE_SPACES.values() for space in names]
    assert len(columns) == len(set(columns))
    assert set(columns) <= set(COLUMNS)
    assert sorted(spaces) == sorted(SPACE_DIMENSIONS)
    assert STAGE_COLUMNS.keys() == STAGE_SPACES.keys()


@pytest.mark.parametrize(
    ("stages", "worst"),
    [
        (["ok", "ok"], "ok"),
        (["ok", "partial"], "partial"),
        (["model_missing", "ok"], "model_missing"),
        (["timeout", "crashed", "ok"], "crashed"),
        ({"dsp": "silent", "effnet": "model_missing"}, "silent"),
        (STATUSES, "unreadable"),
    ],
)
def test_a_track_is_as_good_as_its_worst_stage(stages, worst):
    assert track_status(stages) == worst
