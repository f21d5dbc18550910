"""Recording: what a row keeps and what it gives up."""

import math
import sqlite3
from dataclasses import asdict, replace

import numpy as np
import pytest
from analyses import (
    DSP,
    EFFNET,
    MEDIA,
    ROOT,
    TAGS,
    analysis,
    curve,
    dsp,
    effnet,
    information,
    musicnn,
    vector,
)

from engine.library import Library
from engine.lookup import Done
from engine.records import HAS_VALUES, STATUSES, TAG_READING, Analysis, Outcome, Tags
from engine.schema import TAG_COLUMNS


@pytest.fixture
def writer(tmp_path):
    with Library.create(tmp_path / "library") as writer:
        yield writer


def test_a_stage_computed_again_leaves_the_others_alone(writer):
    track = writer.record(ROOT, b"a.mp3", 1, 1, analysis())
    assert track == writer.record(
        ROOT, b"a.mp3", 1, 1, Analysis("aa", outcomes=(dsp("dsp-2", tempo_bpm=99.0),))
    )
    row = writer.frame().loc[track]
    assert (row["tempo_bpm"], row["voice"], row["title"]) == (99.0, EFFNET["voice"], TAGS.title)
    stages = writer.known(ROOT)[b"a.mp3"].stages
    assert stages["dsp"] == Done("dsp-2", "ok", attempts=1)
    assert stages["effnet"] == Done("effnet-1", "ok", attempts=1)


@pytest.mark.parametrize("status", [s for s in STATUSES if s not in HAS_VALUES])
def test_a_stage_that_fails_takes_its_values_away(writer, status):
    track = writer.record(ROOT, b"a.mp3", 1, 1, analysis())
    writer.record(ROOT, b"a.mp3", 1, 1, Analysis("aa", outcomes=(effnet("effnet-2", status),)))
    row = writer.frame().loc[track]
    assert row[list(EFFNET)].isna().all()
    assert row["tempo_bpm"] == DSP["tempo_bpm"]
    assert writer.vectors("effnet")[0].size == writer.vectors("styles")[0].size == 0
    assert writer.vectors("musicnn")[0].tolist() == [track]


def _names(writer, track):
    return [found.name for found in writer.curves(track)]


@pytest.mark.parametrize(
    "then",
    [
        Analysis("aa", outcomes=(information(status="crashed"),)),
        Analysis("aa", outcomes=(information(curve(), status="timeout"),)),
        Analysis("bb", outcomes=(dsp(),)),
        Analysis("aa", outcomes=(information(fingerprint="ic-2"),)),
    ],
    ids=["failed", "failed with a curve", "other audio", "computed without one"],
)
def test_curves_go_with_what_they_were_computed_from(writer, then):
    first = analysis("aa", dsp(), information(curve(), curve("ic_0.5")))
    track = writer.record(ROOT, b"a.mp3", 1, 1, first)
    other = writer.record(ROOT, b"b.mp3", 1, 1, analysis("cc", information(curve())))
    writer.record(ROOT, b"a.mp3", 1, 1, Analysis("aa", outcomes=(dsp("dsp-2"),)))
    assert _names(writer, track) == ["ic_0.0", "ic_0.5"]  # another stage leaves them
    writer.record(ROOT, b"a.mp3", 2, 2, then)
    assert (_names(writer, track), _names(writer, other)) == ([], ["ic_0.0"])


def test_a_stage_computed_again_replaces_its_curves(writer):
    track = writer.record(ROOT, b"a.mp3", 1, 1, analysis("aa", information(curve("ic_0.0"))))
    writer.record(ROOT, b"a.mp3", 1, 1, analysis("aa", information(curve("ic_0.5", 3))))
    (found,) = writer.curves(track)
    assert (found.name, len(found.values)) == ("ic_0.5", 3)


def test_attempts_count_with_the_same_fingerprint_only(writer):
    for fingerprint, attempts in (("one", 1), ("one", 2), ("one", 3), ("two", 1)):
        crashed = Outcome("dsp", fingerprint, "crashed", error="SIGSEGV")
        writer.record(ROOT, b"a.mp3", 1, 1, Analysis(outcomes=(crashed,)))
        assert writer.known(ROOT)[b"a.mp3"].stages["dsp"].attempts == attempts


def test_a_row_never_mixes_two_recordings(writer):
    """The file now holds other audio: what was computed from the old one goes."""
    track = writer.record(ROOT, b"a.mp3", 1, 1, analysis("old"))
    other = Analysis("new", MEDIA, Tags(title="Other"), (dsp(),))
    assert writer.record(ROOT, b"a.mp3", 2, 2, other) == track
    row = writer.frame().loc[track]
    assert (row["title"], row["tempo_bpm"]) == ("Other", DSP["tempo_bpm"])
    assert row[["artist", "voice", "valence"]].isna().all()
    assert set(writer.known(ROOT)[b"a.mp3"].stages) == {"dsp"}
    assert writer.vectors("effnet")[0].size == 0


def test_a_hash_that_has_got_a_note_is_of_the_same_recording_unless_the_file_was_written(writer):
    """Earlier versions did not note what a header does to the sound, but heeded it."""
    track = writer.record(ROOT, b"a.opus", 1, 1, analysis("aa"))
    assert track == writer.record(ROOT, b"a.opus", 1, 1, Analysis("aa+", outcomes=(dsp("dsp-2"),)))
    assert writer.frame().loc[track, "voice"] == EFFNET["voice"]
    writer.record(ROOT, b"a.opus", 1, 2, Analysis("aa+-", outcomes=(dsp("dsp-2"),)))
    assert math.isnan(writer.frame().loc[track, "voice"])


def test_a_changed_file_that_cannot_be_read_keeps_nothing(writer):
    track = writer.record(ROOT, b"a.mp3", 1, 1, analysis("old"))
    broken = Analysis(outcomes=(Outcome("dsp", "dsp-1", "unreadable"),))
    writer.record(ROOT, b"a.mp3", 2, 2, broken)
    assert writer.frame().loc[track].drop("path").isna().all()
    assert writer.known(ROOT)[b"a.mp3"].content_hash is None


def test_values_that_are_not_finite_are_missing(writer):
    track = writer.record(
        ROOT,
        b"a.mp3",
        1,
        1,
        Analysis("aa", replace(MEDIA, duration_s=math.inf), Tags(year=0), (dsp(tempo_bpm=np.nan),)),
    )
    row = writer.frame().loc[track]
    assert row[["tempo_bpm", "duration_s", "year"]].isna().all()


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome("rhythm", "x", "ok"), "no stage 'rhythm'"),
        (Outcome("dsp", "x", "fine"), "no status 'fine'"),
        (Outcome("dsp", "x", "ok", values={"voice": 1.0}), "does not fill voice"),
        (Outcome("dsp", "x", "ok", vectors={"effnet": vector("effnet")}), "no vectors"),
        (Outcome("effnet", "x", "ok", vectors={"effnet": vector("tags")}), r"shape \(1280,\)"),
        (Outcome("effnet", "x", "ok", vectors={"effnet": np.full(1280, np.nan)}), "not finite"),
        (Outcome("dsp", "x", "ok", curves=(curve(),)), "dsp gives no curves"),
        (information(curve(), curve()), "two curves under one name"),
        (information(replace(curve(), hop_s=0.0)), "is no time"),
        (information(replace(curve(), start_s=math.nan)), "is no time"),
        (information(replace(curve(), values=np.zeros((2, 2)))), "no row of numbers"),
        (information(replace(curve(), values=np.array([np.inf]))), "infinite"),
    ],
)
def test_an_outcome_without_a_place_is_refused_whole(writer, outcome, reason):
    with pytest.raises(ValueError, match=reason):
        writer.record(ROOT, b"a.mp3", 1, 1, analysis("aa", dsp(), outcome))
    assert len(writer.frame()) == 0


# Files that move, are copied, retagged, go and come back


def test_move_keeps_the_id_and_the_results(writer):
    track = writer.record(ROOT, b"a.mp3", 1, 1, analysis())
    before = writer.frame().loc[track].drop("path")
    writer.mark_absent([track])
    writer.move(track, b"/elsewhere", b"b.mp3", 1, 5)
    after = writer.frame().loc[track]
    assert after["path"] == "/elsewhere/b.mp3"
    assert after.drop("path").equals(before)
    assert writer.vectors("effnet")[0].tolist() == [track]
    assert (writer.known(ROOT), list(writer.known(b"/elsewhere"))) == ({}, [b"b.mp3"])


def test_move_takes_the_place_of_a_file_that_is_gone(writer):
    moved = writer.record(ROOT, b"a.mp3", 1, 1, analysis("aa"))
    writer.record(ROOT, b"b.mp3", 2, 2, analysis("bb", seed=1))
    writer.move(moved, ROOT, b"b.mp3", 1, 1)
    assert writer.frame().index.tolist() == [moved]
    assert writer.ledger()["id"].unique().tolist() == writer.vectors("tags")[0].tolist() == [moved]


def test_copy_has_the_results_and_its_own_tags(writer):
    outcomes = (dsp(), effnet(), musicnn(), information(curve()))
    source = writer.record(ROOT, b"a.mp3", 1, 1, analysis("aa", *outcomes))
    copy = writer.copy_results(source, ROOT, b"b.mp3", 2, 2, Tags(title="Copy"))
    frame = writer.frame()
    assert frame.loc[copy, ["path", "title"]].tolist() == ["/music/b.mp3", "Copy"]
    measured = ["duration_s", *DSP, *EFFNET]
    assert frame.loc[copy, measured].equals(frame.loc[source, measured])
    ids, matrix = writer.vectors("effnet")
    assert ids.tolist() == [source, copy]
    np.testing.assert_array_equal(matrix[0], matrix[1])
    known = writer.known(ROOT)
    assert known[b"b.mp3"].stages == known[b"a.mp3"].stages
    assert known[b"b.mp3"].content_hash == "aa"
    assert _names(writer, copy) == _names(writer, source) == ["ic_0.0"]


def test_copy_over_a_track_with_other_audio(writer):
    source = writer.record(ROOT, b"a.mp3", 1, 1, analysis())
    target = writer.record(ROOT, b"b.mp3", 2, 2, analysis("bb", musicnn(seed=9)))
    assert writer.copy_results(source, ROOT, b"b.mp3", 3, 3, TAGS) == target
    ids, matrix = writer.vectors("musicnn")
    assert ids.tolist() == [source, target]
    np.testing.assert_array_equal(matrix[0], matrix[1])


def test_retag(writer):
    track = writer.record(ROOT, b"a.mp3", 1, 1, analysis())
    writer.retag(track, 7, 8, Tags(title="New"))
    row = writer.frame().loc[track]
    assert (row["title"], row["tempo_bpm"]) == ("New", DSP["tempo_bpm"])
    assert row[["artist", "year"]].isna().all()
    assert writer.known(ROOT)[b"a.mp3"][1:3] == (7, 8)


def test_tags_read_anew_replace_all_and_what_cannot_be_read_none(writer):
    track = writer.record(ROOT, b"a.mp3", 1, 1, Analysis("a", MEDIA, None, (dsp(),)))
    assert writer.known(ROOT)[b"a.mp3"].tag_reading < TAG_READING
    writer.set_tags(track, TAGS)
    row = writer.frame().loc[track]
    assert {name: row[name] for name in TAG_COLUMNS} == asdict(TAGS)
    writer.set_tags(track, None)
    assert writer.frame().loc[track].equals(row)
    assert writer.known(ROOT)[b"a.mp3"][2:4] == (1, "a")
    assert writer.known(ROOT)[b"a.mp3"].tag_reading == TAG_READING
    writer.set_tags(track, Tags(title="New"))
    assert writer.frame().loc[track, list(TAG_COLUMNS[1:])].isna().all()


def test_what_was_skipped_is_replaced_where_a_run_has_looked(writer):
    first = {b"/m/a/.git": "x", b"/m/b/\xff": "y", b"/m.b": "z"}
    writer.set_skipped([b"/m", b"/m.b"], first)
    assert writer.skipped() == sorted(first.items())
    generation = writer.generation
    writer.set_skipped([b"/m/a"], {b"/m/a/.git": "x"})
    assert writer.generation == generation  # nothing new
    writer.set_skipped([b"/m/a"], {b"/m/a/.hg": "x"})
    writer.set_skipped([b"/m/b/\xff"], {})
    assert writer.skipped() == [(b"/m.b", "z"), (b"/m/a/.hg", "x")]
    writer.set_skipped([b"/"], {})
    assert writer.skipped() == []


def test_absent_and_back(writer):
    track = writer.record(ROOT, b"a.mp3", 1, 1, analysis())
    writer.mark_absent([track])
    assert len(writer.frame()) == 0
    assert not writer.known(ROOT)[b"a.mp3"].present
    writer.retag(track, 1, 1, TAGS)
    assert writer.frame().index.tolist() == [track]


@pytest.mark.parametrize("action", ["move", "copy_results", "retag"])
def test_a_track_that_is_not_there(writer, action):
    arguments = {"move": (ROOT, b"a", 1, 1), "copy_results": (ROOT, b"a", 1, 1, TAGS)}
    with pytest.raises(KeyError):
        getattr(writer, action)(99, *arguments.get(action, (1, 1, TAGS)))
    assert len(writer.frame()) == 0


# Many writes at once


def test_a_transaction_is_all_or_nothing(writer):
    generation = writer.generation
    with pytest.raises(ZeroDivisionError), writer.transaction():
        writer.record(ROOT, b"a.mp3", 1, 1, analysis())
        raise ZeroDivisionError
    assert (len(writer.frame()), writer.generation) == (0, generation)
    with writer.transaction():
        writer.record(ROOT, b"a.mp3", 1, 1, analysis())
        writer.record(ROOT, b"b.mp3", 1, 1, analysis("bb"))
    assert (len(writer.frame()), writer.generation) == (2, generation + 1)


def test_what_fails_inside_a_transaction_does_not_take_the_rest_along(writer):
    with writer.transaction():
        writer.record(ROOT, b"a.mp3", 1, 1, analysis())
        with pytest.raises(ZeroDivisionError), writer.transaction():
            writer.record(ROOT, b"b.mp3", 1, 1, analysis("bb"))
            raise ZeroDivisionError
        writer.record(ROOT, b"c.mp3", 1, 1, analysis("cc"))
    assert set(writer.known(ROOT)) == {b"a.mp3", b"c.mp3"}


def test_labels_must_name_every_dimension(writer):
    with pytest.raises(ValueError, match="50 dimensions, not 2"):
        writer.set_labels("tags", ["rock", "pop"])


def test_the_generation_is_not_a_note(writer):
    with pytest.raises(ValueError, match="generation"):
        writer.set_meta({"generation": 0})


def test_foreign_keys_are_enforced(writer):
    with pytest.raises(sqlite3.IntegrityError):
        writer._db.execute("INSERT INTO vectors VALUES (99, 'tags', x'')")
