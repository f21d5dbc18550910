"""Runs with fake stages on real, tiny audio: what is computed, what is not, and what adds up."""

import os
import shutil
import threading
import time
import wave
from pathlib import Path

import fake_stages
import numpy as np
import pytest

from engine import storage
from engine.discover import Found
from engine.library import Library, LibraryError
from engine.lookup import Known
from engine.planning import vanished
from engine.run import Run, Settings
from engine.scan import RunError


class Silent:
    """Progress that nobody watches, but a test can act on."""

    def __init__(self, on_advance=None):
        self.on_advance = on_advance

    def phase(self, what, total):
        pass

    def advance(self, failed=False):
        if self.on_advance:
            self.on_advance()


def tone(path, seconds=1.5, hertz=440, level=0.5, rate=8000):
    """A sine in a WAV file; equal arguments, equal audio."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    with wave.open(os.fspath(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def music(tmp_path):
    for i in range(4):
        tone(tmp_path / "music" / f"{i}.wav", hertz=300 + 50 * i, seconds=1.5 + 0.01 * i)
    return tmp_path / "music"


@pytest.fixture
def analyse(tmp_path):
    """Run over `roots` into one library; returns the summary as --json gives it, with `decoded`."""
    journal = tmp_path / "journal"

    def run(
        *roots,
        stages=("dsp", "effnet"),
        on_advance=None,
        missing=(),
        base="1",
        models=(),
        **settings,
    ):
        journal.write_bytes(b"")
        options = {"journal": str(journal), "missing": missing, "base": base, "models": models}
        equipment = fake_stages.equipment(*stages, **options)
        settings = {"workers": 2, "library": tmp_path / "library"} | settings
        wanted = Settings(roots=roots, equipment=equipment, **settings)
        this = Run(wanted, Silent(lambda: on_advance(this) if on_advance else None))
        summary = this.execute()
        told = summary.as_json()
        assert told["found"] == (
            told["done_now"] + told["done_before"] + sum(told["not_done"].values())
        )
        assert summary.lines("library")
        return told | {"decoded": sorted(journal.read_bytes().splitlines())}

    return run


def rows(tmp_path):
    with Library.open(tmp_path / "library") as library:
        return library.frame().set_index("path")


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


def test_a_change_of_content_drops_the_stages_that_were_not_asked_for(analyse, music, tmp_path):
    analyse(music)
    tone(music / "1.wav", hertz=999, level=0.1)
    analyse(music, stages=("dsp",))
    changed = rows(tmp_path).loc[str(music / "1.wav")]
    assert changed.loudness_lufs < 0.2 and np.isnan(changed.voice)


def test_two_files_that_swap_their_names(analyse, music, tmp_path):
    analyse(music)
    before = rows(tmp_path).loudness_lufs
    (music / "0.wav").rename(music / "x")
    (music / "1.wav").rename(music / "0.wav")
    (music / "x").rename(music / "1.wav")
    analyse(music)
    after = rows(tmp_path).loudness_lufs
    assert after[str(music / "0.wav")] == before[str(music / "1.wav")]
    assert after[str(music / "1.wav")] == before[str(music / "0.wav")]
    assert len(after) == 4


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
    # Another model is no lesser one.
    told = analyse(music, stages=("effnet",), base="other", models=("another",))
    assert told["done_now"] == 5


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
    settings = Settings([music], tmp_path / "library", equipment, 2, fetch=lambda: time.sleep(60))
    run = Run(settings, Silent())
    threading.Timer(0.5, run.stop).start()
    started = time.monotonic()
    summary = run.execute()
    assert time.monotonic() - started < 5
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
