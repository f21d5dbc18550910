"""Runs with fake stages on real, tiny audio: what is computed, what is not, and what adds up."""

import os
import threading
from pathlib import Path

import fake_stages
import numpy as np
import pytest
import runs
from copies import song
from runs import Silent, rows, tone
from sounds import encode

from engine import recording_groups, storage
from engine.library import Library, LibraryError
from engine.run import Run, Settings
from engine.summary import Summary

music, analyse = runs.music_fixture, runs.analyse_fixture


def test_each_file_is_decoded_once_and_every_stage_has_values(analyse, music, tmp_path):
    told = analyse(music)
    assert told["decoded"] == [b"0.wav", b"1.wav", b"2.wav", b"3.wav"]
    assert (told["done_now"], told["by_status"]) == (4, {"ok": 4})
    assert told["providers"] == {"dsp": ["FakeProvider"], "effnet": ["FakeProvider"]}
    frame = rows(tmp_path)
    assert frame.loudness_lufs.notna().all() and frame.voice.notna().all()
    assert (frame.sample_rate == 8000).all()


def test_a_second_run_does_nothing(analyse, music, tmp_path):
    analyse(music)
    generation = Library.open(tmp_path / "library").generation
    told = analyse(music)
    assert (told["done_now"], told["done_before"], told["decoded"]) == (0, 4, [])
    assert Library.open(tmp_path / "library").generation == generation


def test_a_new_version_of_one_stage_reruns_that_stage(analyse, music):
    analyse(music)
    told = analyse(music, stages=("effnet",), base="2")
    assert told["done_now"] == 4
    assert told["by_stage"] == {"effnet": {"ok": 4}}
    assert analyse(music, stages=("dsp",))["done_now"] == 0


def test_each_kind_of_failure_has_its_status_and_costs_nothing_else(analyse, music, tmp_path):
    tone(music / "deadly.wav", seconds=fake_stages.DEADLY_S)
    tone(music / "wrong.wav", seconds=fake_stages.WRONG_S)
    tone(music / "short.wav", seconds=0.2)
    tone(music / "silent.wav", seconds=2, level=0)
    (music / "text.mp3").write_text("not music")
    (music / "empty.flac").touch()
    told = analyse(music)
    assert told["by_status"] == {
        "ok": 4,
        "crashed": 2,
        "too_short": 1,
        "silent": 1,
        "unreadable": 2,
    }
    frame = rows(tmp_path)
    deadly = frame.loc[str(music / "deadly.wav")]
    assert deadly.loudness_lufs > 0 and np.isnan(deadly.voice)
    ledger = Library.open(tmp_path / "library").ledger()
    errors = dict(zip(ledger.path.map(lambda p: Path(p).name), ledger.error, strict=True))
    assert "TonalExtractor: no peaks" in " ".join(ledger.error.dropna())
    assert "0.20 s" in errors["short.wav"]
    again = analyse(music)
    assert (again["done_now"], again["decoded"]) == (0, [])
    assert again["by_status"] == told["by_status"]


def test_a_stage_that_failed_before_does_not_disturb_another_one_now(analyse, music):
    tone(music / "wrong.wav", seconds=fake_stages.WRONG_S)
    analyse(music, stages=("dsp",))
    told = analyse(music, stages=("dsp", "effnet"))
    assert told["by_stage"] == {"dsp": {"ok": 4, "crashed": 1}, "effnet": {"ok": 5}}
    assert told["by_status"] == {"ok": 4, "crashed": 1}


def test_retry_tries_the_failed_stages_only(analyse, music):
    tone(music / "deadly.wav", seconds=fake_stages.DEADLY_S)
    analyse(music)
    told = analyse(music, retry=True)
    assert set(told["decoded"]) == {b"deadly.wav"}
    assert told["by_status"] == {"ok": 4, "crashed": 1}


def test_a_missing_model_is_noted_once_and_filled_later(analyse, music, tmp_path):
    told = analyse(music, missing={"effnet"}, base="none")
    assert told["by_stage"]["effnet"] == {"model_missing": 4}
    assert (told["done_now"], told["missing"]) == (4, {"effnet": "Get it."})
    assert analyse(music, missing={"effnet"}, base="none")["decoded"] == []
    told = analyse(music, base="1")
    assert told["by_stage"]["effnet"] == {"ok": 4}
    assert rows(tmp_path).voice.notna().all()


def test_a_model_that_is_not_at_hand_now_takes_nothing_away(analyse, music, tmp_path):
    analyse(music)
    told = analyse(music, missing={"effnet"}, base="1")
    assert told["done_before"] == 4
    assert rows(tmp_path).voice.notna().all()


def test_an_optional_model_that_is_not_at_hand_now_takes_nothing_away(analyse, music):
    analyse(music, stages=("effnet",), base="both", models=("backbone", "head"))
    tone(music / "new.wav", hertz=1234)
    less = {"stages": ("effnet",), "base": "one", "models": ("backbone",)}
    told = analyse(music, **less)
    assert (told["done_before"], told["decoded"]) == (4, [b"new.wav"])
    assert analyse(music, **less)["done_before"] == 5
    # With all models again, only the track that lacks one is computed again.
    told = analyse(music, stages=("effnet",), base="both", models=("backbone", "head"))
    assert told["decoded"] == [b"new.wav"]
    # Nor does it keep what a shorter excerpt or an older version gave.
    assert analyse(music, **{**less, "base": "new"}, version=2)["done_now"] == 5
    assert analyse(music, **less, span_s=1.2)["done_now"] == 5
    # Another model is no lesser one.
    told = analyse(music, stages=("effnet",), base="other", models=("another",))
    assert told["done_now"] == 5


def test_names_of_styles_that_are_not_at_hand_now_stay(analyse, music, tmp_path):
    names = [f"Jazz---{i}" for i in range(400)]
    named = {"base": "named", "models": ("backbone", "labels"), "labels": {"styles": names}}
    analyse(music, stages=("effnet",), **named)
    tone(music / "new.wav", hertz=1234)
    numbers = {"styles": [f"Style {i}" for i in range(400)]}
    told = analyse(music, stages=("effnet",), base="bare", models=("backbone",), labels=numbers)
    assert (told["decoded"], told["done_before"]) == ([b"new.wav"], 4)
    assert Library.open(tmp_path / "library").labels("styles") == names
    assert analyse(music, stages=("effnet",), **named)["decoded"] == [b"new.wav"]


def test_only_missing_models_still_give_the_tags(analyse, music, tmp_path):
    told = analyse(music, stages=("effnet",), missing={"effnet"})
    assert told["not_done"] == {"model_missing": 4}
    assert (rows(tmp_path).sample_rate == 8000).all()
    assert told["decoded"] == []


def test_limit_goes_on_where_it_stopped(analyse, music):
    told = analyse(music, limit=3)
    assert (told["done_now"], told["not_done"]) == (3, {"not_reached": 1})
    told = analyse(music, limit=3)
    assert (told["done_now"], told["done_before"]) == (1, 3)


def test_stopping_keeps_what_was_done_and_says_so(analyse, music):
    told = analyse(music, workers=1, on_advance=lambda run: run.stop())
    assert told["interrupted"]
    assert (told["done_now"], told["not_done"]) == (1, {"not_reached": 3})
    assert analyse(music)["done_before"] == 1


def test_a_file_that_disappears_is_not_recorded_as_broken(analyse, music):
    def remove(run):
        (music / "3.wav").unlink(missing_ok=True)

    for i in range(4, 30):
        tone(music / f"0{i}.wav", hertz=300 + i)
    told = analyse(music, workers=1, on_advance=remove)
    assert told["not_done"] == {"disappeared": 1}
    assert analyse(music)["found"] == 29


def test_two_runs_at_once(analyse, music, tmp_path):
    with (
        Library.open(tmp_path / "library", writable=True),
        pytest.raises(LibraryError, match=f"Process {os.getpid()}"),
    ):
        analyse(music)


def test_models_are_fetched_only_when_there_is_work(analyse, music, tmp_path):
    calls = []

    def fetch():
        calls.append(1)
        return fake_stages.equipment("dsp", "effnet")

    told = analyse(music, missing={"effnet"}, fetch=fetch)
    assert told["by_stage"]["effnet"] == {"ok": 4}
    assert analyse(music, missing={"effnet"}, fetch=fetch)["done_before"] == 4
    assert len(calls) == 1


def test_a_download_that_hangs_does_not_hold_up_ctrl_c(music, tmp_path):
    equipment = fake_stages.equipment("dsp", "effnet", missing={"effnet"})
    fetching, is_over = threading.Event(), threading.Event()

    def fetch():
        fetching.set()
        is_over.wait()

    run = Run(Settings([music], tmp_path / "library", equipment, 2, fetch=fetch), Silent())
    threading.Thread(target=lambda: fetching.wait() and run.stop()).start()
    summary = run.execute()  # the test would take for ever if it waited for the download
    is_over.set()
    assert summary.interrupted and summary.not_done == {"not_reached": 4}


def test_names_that_are_no_text(analyse, music, tmp_path):
    odd = os.fsdecode(b'caf\xe9\n"#.wav')
    tone(music / odd, hertz=1000)
    (music / os.fsdecode(b"\xff.mp3")).write_text("no")
    told = analyse(music)
    assert told["by_status"] == {"ok": 5, "unreadable": 1}
    assert str(music / odd) in rows(tmp_path).index


def test_readers_see_whole_states_while_it_writes(analyse, music, tmp_path):
    for i in range(30):
        tone(music / f"more{i}.wav", hertz=300 + i)
    analyse(music, limit=1)
    done, counts = threading.Event(), []

    def read():
        while not done.is_set():
            frame = Library.open(tmp_path / "library").frame()
            assert frame.loudness_lufs.notna().all()
            counts.append(len(frame))

    reader = threading.Thread(target=read)
    reader.start()
    analyse(music)
    done.set()
    reader.join()
    assert counts == sorted(counts) and len(set(counts)) > 3


def test_a_full_disk_keeps_what_was_recorded_and_the_next_run_goes_on(
    analyse, music, tmp_path, monkeypatch
):
    for i in range(30):
        tone(music / f"more{i}.wav", hertz=300 + i)
    analyse(music, limit=2)
    connect = storage.connect_writer

    def connect_to_full_disk(folder):
        db = connect(folder)
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + 4}")
        return db

    with monkeypatch.context() as patch:
        patch.setattr("engine.storage.connect_writer", connect_to_full_disk)
        with pytest.raises(LibraryError, match=r"is full; make room"):
            analyse(music)
    kept = len(rows(tmp_path))
    assert 2 < kept < 34
    assert analyse(music)["done_before"] == kept


def test_copies_at_another_level_are_one_recording_after_a_run(analyse, tmp_path):
    original = song(16, rate=8000)
    for name, samples in {
        "original": original,
        "softer": original * 0.1,
        "later": np.pad(original, ((24_321, 0), (0, 0))),
        "other": song(16, seed=1, rate=8000),
    }.items():
        (tmp_path / "music").mkdir(exist_ok=True)
        encode(tmp_path / "music" / f"{name}.wav", samples, rate=8000)
    older = analyse(tmp_path / "music")
    assert older["without_fingerprint"] == 4
    with Library.open(tmp_path / "library") as library:
        assert library.tracks()["recording"].isna().all()
    told = analyse(tmp_path / "music", stages=("dsp", "fingerprint", "effnet"))
    assert (told["done_now"], told["without_fingerprint"]) == (4, 0)
    with Library.open(tmp_path / "library") as library:
        number = library.tracks().set_index("path")["recording"]
    assert number["original.wav"] == number["softer.wav"] == number["later.wav"]
    assert number["other.wav"] != number["original.wav"]


def test_a_run_that_was_killed_before_it_compared_is_made_good_by_the_next(
    analyse, tmp_path, monkeypatch
):
    (tmp_path / "music").mkdir()
    for name, level in (("a", 1), ("b", 0.2)):
        encode(tmp_path / "music" / f"{name}.wav", song(16, rate=8000) * level, rate=8000)
    with monkeypatch.context() as killed:
        killed.setattr(recording_groups, "assign", lambda *given: 0)
        analyse(tmp_path / "music", stages=("fingerprint",))
    told = analyse(tmp_path / "music", stages=("fingerprint",))
    assert told["decoded"] == []
    with Library.open(tmp_path / "library") as library:
        assert library.tracks()["recording"].tolist() == [1, 1]


def test_a_library_without_fingerprints_says_when_copies_are_told():
    summary = Summary(found=3, without_fingerprint=3)
    (line,) = (line for line in summary.lines("library", "command") if "another level" in line)
    assert "3 files" in line and "next run" in line
    assert not any("another level" in line for line in Summary(found=3).lines("library", "command"))
