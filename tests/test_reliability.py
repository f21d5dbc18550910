"""Smaller versions of the experiments of benchmarks/reliability.py, on the real command line."""

import shutil
from itertools import cycle

import pytest
from conftest import CLIP_CODECS
from sounds import encode

from benchmarks import reliability
from benchmarks.reliability_experiments import (
    broken_files,
    kill_runs,
    read_while_writing,
    table,
)
from engine import audio

STAGES = "dsp"  # needs no model file
WITH_VECTORS = "dsp,musicnn"  # whose weights come from the package registry


@pytest.fixture(scope="module")
def music(tmp_path_factory, demo_music):
    """Eight real clips in four formats."""
    folder = tmp_path_factory.mktemp("music")
    for clip in sorted(demo_music.iterdir())[:8]:
        shutil.copy(clip, folder / f"{len(list(folder.iterdir()))}{clip.suffix}")
    return folder


@pytest.fixture(scope="module")
def excerpts(tmp_path_factory, music):
    """Ten seconds of each, in the same formats: what kills and damage do is no matter of length."""
    folder = tmp_path_factory.mktemp("excerpts")
    codecs = cycle(CLIP_CODECS)
    for clip in sorted(music.iterdir()):
        extension, codec, options = next(codecs)
        assert clip.suffix == extension
        sound = audio.decode(clip, span_s=10.0)
        encode(folder / clip.name, sound.samples, sound.sample_rate, codec, **options)
    return folder


def test_killed_runs_end_with_the_table_of_an_undisturbed_one(excerpts, tmp_path):
    kills = kill_runs(excerpts, tmp_path, WITH_VECTORS, kills=8)
    for space in ("musicnn", "tags"):
        assert len(table(tmp_path / "undisturbed")["vectors"][space]) == kills.tracks == 8
    assert kills.killed == 8
    assert (kills.lost, kills.orphans, kills.unsound, kills.different) == (0, 0, [], 0)


def test_every_odd_file_ends_in_exactly_one_status_that_was_foreseen(tmp_path, library_dir):
    expected = reliability.build_corpus(tmp_path / "corpus", hours_of_silence=1)
    broken = broken_files(tmp_path / "corpus", library_dir, STAGES, expected)
    assert broken.found >= 130
    assert (broken.unaccounted, broken.unexpected) == (0, [])
    assert sum(broken.by_status.values()) == broken.found
    assert broken.peak_worker_mb < 1000


def test_mutants_of_real_files(excerpts, tmp_path, library_dir):
    reliability.build_mutants(excerpts, tmp_path / "mutants", count=60, seed=7)
    broken = broken_files(tmp_path / "mutants", library_dir, STAGES)
    assert (broken.files, broken.unaccounted) == (60, 0)
    assert sum(broken.by_status.values()) == broken.found >= 55
    assert "crashed" not in broken.by_status and "timeout" not in broken.by_status


def test_a_reader_during_writing_sees_whole_states_in_order(music, library_dir):
    reading = read_while_writing(music, library_dir, WITH_VECTORS)
    assert reading.reads > 20 and reading.states > 4
    assert (reading.failed, reading.torn, reading.backwards) == ([], 0, 0)


def test_a_run_that_fails_ends_the_reading_with_its_words(tmp_path, library_dir):
    with pytest.raises(SystemExit, match="There is no"):
        read_while_writing(tmp_path / "nowhere", library_dir, STAGES)
