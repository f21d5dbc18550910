"""A second look at the same music: what was renamed, copied, retagged, lost or came back."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import fake_stages
import headers
import mutagen
import numpy as np
import pandas as pd
import pytest
import runs
import sounds
from runs import Silent, rows, tone

from engine import discover, shell
from engine import run as run_module
from engine.discover import Found
from engine.library import Library
from engine.lookup import Known
from engine.planning import vanished
from engine.run import Run, Settings
from engine.scan import RunError
from engine.storage import FILE_NAME
from engine.writer import Writer

music, analyse = runs.music_fixture, runs.analyse_fixture


def test_a_renamed_file_keeps_its_results(analyse, music, tmp_path):
    analyse(music)
    before = rows(tmp_path).loudness_lufs.sort_values().to_list()
    (music / "0.wav").rename(music / "new name.wav")
    (music / "jazz").mkdir()
    (music / "1.wav").rename(music / "jazz" / "1.wav")
    told = analyse(music)
    assert (told["moved"], told["done_before"], told["decoded"]) == (2, 4, [])
    frame = rows(tmp_path)
    assert frame.loudness_lufs.sort_values().to_list() == before
    assert {Path(p).name for p in frame.index} == {"new name.wav", "1.wav", "2.wav", "3.wav"}


def test_a_copy_is_not_computed_again(analyse, music, tmp_path):
    analyse(music)
    shutil.copy(music / "0.wav", music / "copy.wav")
    told = analyse(music)
    assert (told["copied"], told["decoded"], told["done_before"]) == (1, [], 5)
    frame = rows(tmp_path)
    assert frame.loudness_lufs[str(music / "copy.wav")] == frame.loudness_lufs[str(music / "0.wav")]


def test_a_touched_file_is_recognised_and_a_changed_one_is_not(analyse, music):
    analyse(music)
    os.utime(music / "0.wav")
    tone(music / "1.wav", hertz=999, seconds=1.51)
    told = analyse(music)
    assert (told["retagged"], told["decoded"]) == (1, [b"1.wav"])
    assert analyse(music)["done_before"] == 4


def test_gain_written_into_a_header_is_analysed_and_tags_are_not(analyse, music, tmp_path):
    """Of Opus, all players heed it; the packets stay as they were."""
    path = sounds.encode(music / "a.opus", sounds.tune(3), codec="libopus")
    analyse(music)
    before = rows(tmp_path).loudness_lufs[str(path)]
    path.write_bytes(headers.opus_gain(path.read_bytes(), -12))
    assert analyse(music)["decoded"] == [b"a.opus"]
    after = rows(tmp_path).loudness_lufs[str(path)]
    assert after == pytest.approx(before * 10 ** (-12 / 20), rel=0.01)
    tagged = mutagen.File(path)
    tagged["r128_track_gain"] = "-2560"
    tagged.save()
    told = analyse(music)
    assert (told["retagged"], told["decoded"]) == (1, [])
    assert rows(tmp_path).loudness_lufs[str(path)] == after


def test_a_library_of_an_earlier_version_is_not_analysed_again(analyse, music, tmp_path):
    """It has no note of what headers do to the sound; its values are right all the same."""
    path = sounds.encode(music / "a.opus", sounds.tune(3), codec="libopus")
    path.write_bytes(headers.opus_gain(path.read_bytes(), -12))
    (music / "b.flac").write_bytes(
        sounds.encode(tmp_path / "b.flac", sounds.tune(3), codec="flac").read_bytes()
    )
    analyse(music)
    before = rows(tmp_path)
    with closing(sqlite3.connect(tmp_path / "library" / FILE_NAME)) as db, db:
        older = {name: headers.hash_of_packets(music / name) for name in ("a.opus", "b.flac")}
        for name, known in older.items():
            db.execute("UPDATE tracks SET content_hash = ? WHERE path = ?", (known, name.encode()))
    told = analyse(music)
    assert (told["decoded"], told["done_before"]) == ([], 6)
    analyse(music, stages=("dsp",), base="2")  # a stage computed anew leaves the others alone
    pd.testing.assert_frame_equal(rows(tmp_path), before)
    with Library.open(tmp_path / "library") as library:
        found = library.tracks()
        hashes = {
            Path(path).name: kept for path, kept in zip(found.path, found.content_hash, strict=True)
        }
    assert hashes["b.flac"] == older["b.flac"]
    assert hashes["a.opus"].startswith(older["a.opus"])
    assert len(hashes["a.opus"]) > len(older["a.opus"])


def test_a_change_of_content_drops_the_stages_that_were_not_asked_for(analyse, music, tmp_path):
    analyse(music)
    tone(music / "1.wav", hertz=999, level=0.1)
    analyse(music, stages=("dsp",))
    changed = rows(tmp_path).loc[str(music / "1.wav")]
    assert changed.loudness_lufs < 0.2 and np.isnan(changed.voice)


def tracks(tmp_path):
    """Id and level of every track by the name of its file."""
    frame = rows(tmp_path)
    with Library.open(tmp_path / "library") as library:
        ids = dict(zip(library.frame().path, library.frame().index, strict=True))
    levels = frame.loudness_lufs
    return {Path(path).name: (ids[path], levels[path]) for path in frame.index}


@pytest.mark.parametrize(
    "renamed",
    [
        {"0.wav": "1.wav", "1.wav": "2.wav", "2.wav": "3.wav", "3.wav": "4.wav"},
        {"3.wav": "2.wav", "2.wav": "1.wav", "1.wav": "0.wav", "0.wav": "other.wav"},
        {"0.wav": "1.wav", "1.wav": "0.wav"},
        {"0.wav": "1.wav", "1.wav": "2.wav", "2.wav": "0.wav"},
    ],
    ids=["renumbered up", "renumbered down", "swapped", "rotated"],
)
def test_files_renamed_onto_each_others_names(analyse, music, tmp_path, renamed):
    analyse(music)
    before = tracks(tmp_path)
    for name in renamed:
        (music / name).rename(tmp_path / name)
    for name, new in renamed.items():
        (tmp_path / name).rename(music / new)
    told = analyse(music)
    assert (told["decoded"], told["moved"], told["done_before"]) == ([], len(renamed), 4)
    assert tracks(tmp_path) == {renamed.get(name, name): track for name, track in before.items()}
    assert analyse(music)["moved"] == 0


def test_a_file_overwritten_with_a_copy_of_another(analyse, music, tmp_path):
    analyse(music)
    before = tracks(tmp_path)
    shutil.copy(music / "0.wav", music / "1.wav")
    told = analyse(music)
    assert (told["decoded"], told["copied"]) == ([], 1)
    after = tracks(tmp_path)
    assert after["0.wav"] == before["0.wav"]
    assert after["1.wav"][1] == before["0.wav"][1]


def test_stopping_while_renamed_files_are_recognised_loses_none_of_them(analyse, music, tmp_path):
    analyse(music)
    before = tracks(tmp_path)
    for i in range(4):
        (music / f"{i}.wav").rename(music / f"new {i}.wav")
    tone(music / "another.wav", hertz=1234)
    fetched = []
    told = analyse(
        music,
        workers=1,
        missing={"effnet"},
        fetch=lambda: fetched.append(1),
        on_advance=lambda run: run.stop(),
    )
    assert (told["interrupted"], told["vanished"], told["done_now"]) == (True, 0, 0)
    assert not fetched
    assert tracks(tmp_path) == before
    (music / "another.wav").unlink()
    told = analyse(music)
    assert (told["moved"], told["decoded"]) == (4, [])
    assert tracks(tmp_path) == {f"new {name}": track for name, track in before.items()}


def test_many_files_of_equal_content_are_recognised_with_one_look(
    analyse, music, tmp_path, monkeypatch
):
    for i in range(50):
        tone(music / f"same {i}.wav", hertz=1000)
    analyse(music)
    for i in range(50):
        (music / f"same {i}.wav").rename(music / f"moved {i}.wav")
    asked, looked = [], []
    by_content, lexists = Writer.by_content, os.path.lexists
    monkeypatch.setattr(Writer, "by_content", lambda *a: asked.append(a) or by_content(*a))
    monkeypatch.setattr("os.path.lexists", lambda path: looked.append(path) or lexists(path))
    told = analyse(music)
    assert (told["moved"], told["decoded"]) == (50, [])
    assert len(asked) == 1
    assert sum(b"same" in path for path in looked if isinstance(path, bytes)) == 50


def test_a_file_that_is_gone_and_comes_back(analyse, music, tmp_path):
    analyse(music)
    (music / "0.wav").rename(tmp_path / "away.wav")
    assert analyse(music)["vanished"] == 1
    assert len(rows(tmp_path)) == 3
    (tmp_path / "away.wav").rename(music / "0.wav")
    told = analyse(music)
    assert (told["returned"], told["decoded"]) == (1, [])
    assert len(rows(tmp_path)) == 4


def test_an_unmounted_drive_loses_nothing(analyse, music, tmp_path):
    analyse(music)
    music.rename(tmp_path / "unplugged")
    with pytest.raises(RunError, match="mount the drive"):
        analyse(music)
    music.mkdir()  # as a mount point without its drive
    with pytest.raises(RunError, match="knows 4 there"):
        analyse(music)
    assert len(rows(tmp_path)) == 4


def test_an_inner_drive_that_is_not_mounted_is_marked_and_returns(analyse, music, tmp_path):
    inner = music / "usb"
    tone(inner / "far.wav", hertz=1000)
    analyse(music)
    inner.rename(tmp_path / "unplugged")
    inner.mkdir()
    assert analyse(music)["vanished"] == 1
    inner.rmdir()
    (tmp_path / "unplugged").rename(inner)
    told = analyse(music)
    assert (told["returned"], told["decoded"]) == (1, [])


def test_a_folder_that_cannot_be_read_hides_its_tracks_but_does_not_lose_them():
    def track(number, present=True):
        return Known(number, 10, 1, None, present, {})

    known = {
        (b"/music", b"here.wav"): track(1),
        (b"/music", b"gone.wav"): track(2),
        (b"/music", b"private/deep/a.wav"): track(3),
        (b"/music", b"private.wav"): track(4),
        (b"/music", b"long gone.wav"): track(5, present=False),
    }
    here = [Found(b"/music", b"here.wav", 10, 1)]
    assert vanished(known, here, [b"/music/private"]) == [2, 4]


def test_scanning_a_part_and_then_the_whole(analyse, music, tmp_path):
    tone(music / "jazz" / "j.wav", hertz=1000)
    analyse(music / "jazz")
    told = analyse(music)
    assert (told["done_before"], told["done_now"]) == (1, 4)
    told = analyse(music / "jazz")
    assert (told["found"], told["done_before"], told["vanished"]) == (1, 1, 0)
    assert len(rows(tmp_path)) == 5


def test_a_single_file_as_root(analyse, music, tmp_path):
    analyse(music / "2.wav")
    told = analyse(music / "2.wav")
    assert (told["found"], told["done_before"]) == (1, 1)
    assert analyse(music)["done_before"] == 1


def test_a_new_model_that_fails_costs_no_values(analyse, music, tmp_path):
    """What was there stays, and each run tries again until it succeeds."""
    analyse(music)
    before = rows(tmp_path)["loudness_lufs"]
    for _ in range(2):
        told = analyse(music, base=fake_stages.BROKEN)
        assert told["not_done"] == {"crashed": 4}
        assert rows(tmp_path)["loudness_lufs"].equals(before)
    with Library.open(tmp_path / "library") as library:
        assert library.coverage().stages["dsp"] == {"ok": 4}
    assert analyse(music, base="2")["done_now"] == 4


def test_values_of_other_audio_do_not_stay(analyse, music, tmp_path):
    analyse(music)
    tone(music / "0.wav", hertz=2000, seconds=2.0)
    analyse(music, base=fake_stages.BROKEN)
    values = rows(tmp_path)["loudness_lufs"]
    assert values.isna().sum() == 1
    assert pd.isna(values[str(music / "0.wav")])


def test_the_summary_says_that_earlier_values_stay(analyse, music, tmp_path):
    analyse(music)
    equipment = fake_stages.equipment("dsp", "effnet", base=fake_stages.BROKEN)
    run = Run(Settings([music], tmp_path / "library", equipment, workers=1), Silent())
    assert all("Its earlier values stay." in why for _, why in run.execute().failures)


def tag(path, **values):
    """Write tags without changing what a run looks at first: the time of the file."""
    status = path.stat()
    known = mutagen.File(path)
    if known.tags is None:
        known.add_tags()
    for name, text in values.items():
        known.tags.add(getattr(mutagen.id3, name)(encoding=3, text=text))
    known.save()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def make_older(tmp_path):
    """As a version left the library that read less: its files as they are now, its tags not."""
    with closing(sqlite3.connect(tmp_path / "library" / FILE_NAME)) as db, db:
        db.execute("UPDATE tracks SET tag_reading = 0, title = 'old', bitrate = NULL")


def test_tags_that_an_earlier_version_read_are_read_anew_without_decoding(analyse, music, tmp_path):
    tag(music / "0.wav", TIT2="New", TPE2="Band", TRCK="3/12", TPOS="1/2", TCON="Rock")
    analyse(music)
    ids = {name: track for name, (track, _) in tracks(tmp_path).items()}
    make_older(tmp_path)
    told = analyse(music)
    assert (told["reread"], told["decoded"], told["done_before"]) == (4, [], 4)
    frame = rows(tmp_path)
    row = frame.loc[str(music / "0.wav")]
    columns = ["title", "album_artist", "track_no", "disc_no", "genre", "bitrate"]
    assert row[columns].tolist() == ["New", "Band", 3, 1, "Rock", 128_000]
    assert frame["title"].notna().sum() == 1
    assert {name: track for name, (track, _) in tracks(tmp_path).items()} == ids
    again = analyse(music)
    assert (again["reread"], again["decoded"]) == (0, [])


def test_reading_tags_anew_goes_on_after_an_interruption(analyse, music, tmp_path, monkeypatch):
    analyse(music)
    make_older(tmp_path)
    monkeypatch.setattr(run_module, "BATCH", 1)
    first = analyse(music, workers=1, on_advance=lambda run: run.stop())
    assert first["interrupted"] and 0 < first["reread"] < 4
    second = analyse(music)
    assert first["reread"] + second["reread"] == 4
    assert rows(tmp_path)["title"].isna().all()


def test_a_file_whose_tags_cannot_be_read_keeps_the_old_ones_and_is_asked_once(
    analyse, music, tmp_path
):
    analyse(music)
    make_older(tmp_path)
    path = music / "0.wav"
    status = path.stat()
    path.write_bytes(b"\0" * status.st_size)  # damaged, as no program tells the file system
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert analyse(music)["reread"] == 4
    assert rows(tmp_path)["title"].dropna().to_dict() == {str(path): "old"}
    assert analyse(music)["reread"] == 0


def test_retagging_refreshes_every_tag(analyse, music, tmp_path):
    analyse(music)
    tag(music / "0.wav", TPE2="Band", TRCK="3", TCON="Rock")
    os.utime(music / "0.wav")
    told = analyse(music)
    assert (told["retagged"], told["decoded"]) == (1, [])
    row = rows(tmp_path).loc[str(music / "0.wav")]
    assert row[["album_artist", "track_no", "genre"]].tolist() == ["Band", 3, "Rock"]


def skipped(tmp_path):
    """Name → reason."""
    with Library.open(tmp_path / "library") as library:
        return {path.rpartition(b"/")[2]: reason for path, reason in library.skipped()}


def test_what_is_skipped_is_stored_and_brought_up_to_date(analyse, music, tmp_path):
    for folder in ("#recycle", ".git", ".38 Special", "rock/@eaDir"):
        tone(music / folder / "a.wav", hertz=500 + len(folder))
    told = analyse(music)
    assert told["found"] == 5
    assert told["skipped"] == {discover.TRASH: 1, discover.TOOL: 1, discover.SYSTEM: 1}
    assert told["skipped_examples"][discover.TRASH] == [str(music / "#recycle")]
    stored = {b"#recycle": discover.TRASH, b".git": discover.TOOL, b"@eaDir": discover.SYSTEM}
    assert skipped(tmp_path) == stored
    shutil.rmtree(music / ".git")
    shutil.rmtree(music / "rock")
    (music / "rock").mkdir()
    tone(music / "rock" / "a.wav", hertz=900)
    analyse(music / "rock")  # says nothing about the rest
    assert skipped(tmp_path) == {b"#recycle": discover.TRASH, b".git": discover.TOOL}
    analyse(music)
    assert skipped(tmp_path) == {b"#recycle": discover.TRASH}


def test_a_scan_that_is_stopped_says_nothing_about_what_is_skipped(analyse, music, tmp_path):
    tone(music / "#recycle" / "a.wav")
    analyse(music)
    equipment = fake_stages.equipment("dsp")
    run = Run(Settings([music], tmp_path / "library", equipment, workers=1), Silent())
    run.stop()
    run.execute()
    assert skipped(tmp_path) == {b"#recycle": discover.TRASH}


def test_tracks_of_a_folder_that_was_a_root_stay_when_the_folder_around_it_is_scanned(
    analyse, music, tmp_path
):
    tone(music / "#recycle" / "kept.wav", hertz=1000)
    analyse(music / "#recycle")
    told = analyse(music)
    assert (told["found"], told["vanished"]) == (4, 0)
    assert len(rows(tmp_path)) == 5


def test_folders_that_were_hidden_are_found_and_analysed(analyse, music, monkeypatch):
    tone(music / "...And Justice for All" / "a.wav", hertz=1000)
    told = analyse(music)
    assert (told["found"], told["skipped"]) == (5, {})


def test_the_summary_names_some_of_what_was_skipped(analyse, music, tmp_path):
    for number in range(5):
        tone(music / f"{number}" / "@eaDir" / "a.wav")
    equipment = fake_stages.equipment("dsp")
    run = Run(Settings([music], tmp_path / "library", equipment, workers=1), Silent())
    lines = run.execute().lines(tmp_path / "my library", "a command")
    places = ", ".join(str(music / f"{number}" / "@eaDir") for number in range(3))
    assert f"  5 × {discover.SYSTEM}: {places}, …" in lines
    listed = shell.module("engine.library", "failures", tmp_path / "my library")
    assert f"All that was skipped: {listed}" in lines
