"""What a run says before it computes anew what nobody has touched."""

import json
from pathlib import Path

import fake_stages
import pytest
import runs
from runs import Silent

import precompute
from engine import renewal
from engine.discover import Found
from engine.information import systems
from engine.library import Library
from engine.planning import Work
from engine.run import Run, Settings

music, analyse = runs.music_fixture, runs.analyse_fixture
NOW = {"dsp": {"version": 2, "models": [], "span_s": 600.0},
       "information": {"version": 1, "models": ["new"], "span_s": 600.0}}  # fmt: skip
MADE = {
    "dsp": {"first": {**NOW["dsp"], "version": 1}, "shorter": {**NOW["dsp"], "span_s": 30.0}},
    "information": {"first": {**NOW["information"], "models": ["old"]}},
}
FILE = Found(b"/music", b"a.mp3", 1, 1)


def said(works, seconds=1.0, workers=2):
    names = {"information": "resident-2"}
    return renewal.notices(works, NOW, MADE, names, dict.fromkeys(NOW, seconds), workers)


def work(*due, settled=("effnet",), **valued):
    return Work(FILE, due, (), dict.fromkeys(settled, "ok"), valued)


def test_a_new_model_is_named_with_its_tracks_and_minutes():
    (line,) = said([work("information", information="first")] * 12_345)
    assert line == (
        "A new model for information content (resident-2): 12,345 tracks are computed anew, "
        "about 103 minutes."
    )
    (line,) = said([work("information", information="first")] * 12_345, workers=1)
    assert line.endswith("about 206 minutes (3 hours).")


def test_every_stage_and_reason_has_its_sentence():
    works = [
        work("dsp", "information", dsp="first", information="first"),
        work("dsp", dsp="shorter"),
        work("dsp", dsp="of a library that does not say"),
        work("information"),  # has none yet
    ]
    assert said(works, seconds=90.0) == [
        "A new method for tempo, key, loudness, danceability (algorithm): 2 tracks are computed "
        "anew, about 2 minutes.",
        "Other settings for tempo, key, loudness, danceability (algorithm): 1 track is computed "
        "anew, less than a minute.",
        "A new model for information content (resident-2): 1 track is computed anew, less than a "
        "minute.",
        "So far without information content (resident-2): 1 track is computed, less than a minute.",
    ]


def test_nothing_is_said_of_new_files():
    assert said([work("dsp", "information", settled=())] * 9) == []


class Noting(Silent):
    """What a run says, and begins."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def say(self, line):
        self.lines.append(line)

    def phase(self, what, total):
        self.lines.append(what)


def run(folder, tmp_path, **options):
    limit = options.pop("limit", None)
    progress = Noting()
    equipment = fake_stages.equipment("dsp", "effnet", **options)
    Run(Settings([folder], tmp_path / "library", equipment, 2, limit=limit), progress).execute()
    return progress.lines


def test_a_run_says_it_before_the_work_begins(music, tmp_path):
    assert run(music, tmp_path) == ["Analysing"]
    assert run(music, tmp_path) == []
    newer = {"base": "2", "version": 2}
    first, second, begins = run(music, tmp_path, limit=3, **newer)
    assert begins == "Analysing"
    assert first.startswith("A new method for tempo, key")
    assert second.startswith("A new method for styles, voice")
    assert all(
        "3 tracks are computed anew, less than a minute." in line for line in (first, second)
    )
    (rest, *_) = run(music, tmp_path, **newer)
    assert "1 track is computed anew" in rest


def test_tracks_without_values_of_a_stage_are_told_too(analyse, music, tmp_path):
    analyse(music, stages=("dsp",))
    line, _ = run(music, tmp_path)
    assert line.startswith("So far without styles") and "4 tracks are computed, " in line


def test_the_ledger_tells_how_long_a_track_takes(analyse, music, tmp_path):
    analyse(music)
    with Library.open(tmp_path / "library", writable=True) as library:
        library._db.execute("UPDATE ledger SET seconds = 7 WHERE stage = 'dsp'")
        found = renewal.seconds_of(library, ("dsp", "musicnn"))
    assert found["dsp"] == pytest.approx(7, abs=0.1)
    assert 0 < found["musicnn"] < 0.1  # of a second and a half of audio, unknown to the library


@pytest.fixture
def library_of_an_earlier_model(music, tmp_path, capsys) -> Path:
    """As a version with another resident model left it, as far as a run looks at it."""
    folder = tmp_path / "library"
    assert precompute.main(command(music, folder)) == 0
    with Library.open(folder, writable=True) as library:
        made = library.meta()["provenance"]
        ((now, source),) = made["information"].items()
        made["information"] = {"old": {**source, "models": ["the earlier one's"]}}
        library.set_meta({"provenance": made})
        assert now != "old"
        library._db.execute("UPDATE ledger SET fingerprint = 'old'")
        library._db.execute("UPDATE descriptors SET ic_mean = 1.0, ic_model = 'resident-0'")
    capsys.readouterr()
    return folder


def command(music: Path, library: Path, *options: str) -> list[str]:
    what = ["--stages", "information", "--device", "cpu", "--workers", "1", "--no-fetch"]
    return [str(music), "--library", str(library), *what, *options]


def test_the_resident_model_supersedes_the_one_before(library_of_an_earlier_model, music, capsys):
    assert precompute.main(command(music, library_of_an_earlier_model, "--json")) == 0
    told = capsys.readouterr()
    name = systems.choose("resident", "cpu").name
    assert name != "resident-0"
    notice = f"A new model for information content ({name}): 4 tracks are computed anew, "
    assert [line.startswith(notice) for line in told.err.splitlines()].count(True) == 1
    assert notice not in told.out
    assert json.loads(told.out.splitlines()[-1])["done_now"] == 4
    with Library.open(library_of_an_earlier_model) as library:
        frame = library.frame()
    assert set(frame.ic_model) == {name}
    assert (frame.ic_mean != 1.0).all()
    assert precompute.main(command(music, library_of_an_earlier_model)) == 0
    assert "computed anew" not in capsys.readouterr().err


def test_a_model_of_ones_own_is_not_superseded(library_of_an_earlier_model, music, capsys):
    with Library.open(library_of_an_earlier_model, writable=True) as library:
        made = library.meta()["provenance"]
        made["information"]["old"] |= {"system": systems.OWN, "model": "gone.safetensors"}
        library.set_meta({"provenance": made})
    assert precompute.main(command(music, library_of_an_earlier_model)) == 0
    told = capsys.readouterr().err
    assert "computed anew" not in told
    with Library.open(library_of_an_earlier_model) as library:
        assert (library.frame().ic_mean == 1.0).all()
