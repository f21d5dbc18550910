"""An uploaded file: what is found out about it, what it may do, and what stays behind."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import analyses
import copies
import fake_uploads
import mutagen.flac
import numpy as np
import pytest
import runs
import sounds

from engine import analyse_once, models
from engine.analyse_once import FOLDER_PREFIX, MAX_BYTES, AnalysisError, analyse
from engine.equipment import equip
from engine.library import Library
from engine.models import FETCH_COMMAND
from engine.recording_groups import NO_TRACK, assign
from engine.recordings import FACTS, Recordings
from engine.records import Analysis
from engine.run import Run, Settings
from engine.similarity import copies_of

ROOT = Path(__file__).parent.parent
SPAN = {"span_s": 600.0, "version": 1}


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """The folder of temporary files, which is empty again after every test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.glob(f"{FOLDER_PREFIX}*")) == []


def library_of(folder: Path, **weights: str) -> Library:
    """One track, with embeddings of weights that are noted."""
    with Library.create(folder) as library:
        library.record(analyses.ROOT, b"a.mp3", 1, 1, analyses.analysis())
        made = {
            stage: {f"{stage}-1": {"models": [name], **SPAN}} for stage, name in weights.items()
        }
        library.set_meta({"provenance": made})
    return Library(folder)


@pytest.fixture
def library(library_dir) -> Library:
    return library_of(library_dir, **fake_uploads.NETWORKS)


def wav(tmp_path: Path, seconds: float = 1.5, level: float = 0.5) -> bytes:
    return runs.tone(tmp_path / "tone.wav", seconds, level=level).read_bytes()


def test_tags_descriptors_and_embeddings_as_the_library_would_get_them(library, tmp_path):
    before = library.generation, library.track_count()
    found = analyse(wav(tmp_path), "My song.wav", library, equip=fake_uploads.equip)
    assert (found.name, found.media.codec, found.media.sample_rate) == (
        "My song.wav", "pcm_s16le", 8000,
    )  # fmt: skip
    assert found.values["loudness_lufs"] == pytest.approx(0.5 * 2 / np.pi, rel=0.01)
    assert {name: len(vector) for name, vector in found.vectors.items()} == {
        "effnet": 1280, "styles": 400, "musicnn": 200, "tags": 50,
    }  # fmt: skip
    assert dict(found.gaps) == {} and found.remarks == () and found.seconds > 0
    assert (library.generation, library.track_count()) == before


def test_a_copy_at_another_level_is_known_by_its_fingerprint(library_dir, library, tmp_path):
    def upload(seed: int, level: float) -> analyse_once.Analysed:
        path = tmp_path / f"{seed} {level}.wav"
        sounds.encode(path, copies.song(16, seed, rate=8000) * level, rate=8000)
        return analyse(path.read_bytes(), path.name, library, equip=fake_uploads.equip)

    assert upload(0, 1).number is None  # in a library made before there were fingerprints
    with Library.create(library_dir) as writer:
        found = copies.heard(copies.song(16, rate=8000), 8000)
        outcomes = (copies.outcome(found),)
        track = writer.record(
            analyses.ROOT, b"b.mp3", 1, 1, Analysis("other bytes", outcomes=outcomes)
        )
        assign(writer)
        (number,) = writer.recordings().values()
    assert upload(0, 0.2).number == number
    assert upload(1, 1).number == NO_TRACK
    known = Recordings(library.tracks()[list(FACTS)])
    assert copies_of(upload(0, 0.2).outside(), known, ()) == [track]


def test_it_is_a_seed_with_what_its_tags_say(library, tmp_path):
    path = sounds.encode(tmp_path / "a.flac", sounds.tune(2), codec="flac")
    file = mutagen.flac.FLAC(path)
    file["title"], file["artist"], file["album"] = "So What", "Miles Davis", "Kind of Blue"
    file.save()
    outside = analyse(path.read_bytes(), "a.flac", library, equip=fake_uploads.equip).outside()
    assert outside.name == "a.flac"
    recording = outside.recording
    assert (recording.title, recording.artist, recording.album, recording.folder) == (
        "so what", "miles davis", "kind of blue", None,
    )  # fmt: skip
    assert recording.duration_s == pytest.approx(2, abs=0.1)
    assert recording.content_hash
    assert outside.vectors["musicnn"].shape == (200,)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The file is empty."),
        (b"no music at all", "It is not audio that can be read"),
        (bytes(MAX_BYTES + 1), "The file has 200 MB; at most 200 MB are taken"),
    ],
    ids=["empty", "text", "large"],
)
def test_what_is_no_audio_or_too_much_of_it_is_a_sentence(library, content, why):
    with pytest.raises(AnalysisError, match=why):
        analyse(content, "x.mp3", library, equip=fake_uploads.equip)


@pytest.mark.parametrize(
    ("seconds", "level", "why"),
    [(1.5, 0.0, "No sample is above -70 dBFS"), (0.5, 0.5, "at least 1 s are needed")],
)
def test_silence_and_snippets_are_a_sentence(library, tmp_path, seconds, level, why):
    with pytest.raises(AnalysisError, match=why):
        analyse(wav(tmp_path, seconds, level), "x.wav", library, equip=fake_uploads.equip)


def test_a_crash_in_one_stage_costs_its_embedding(library, tmp_path):
    data = wav(tmp_path, fake_uploads.CRASH_S)
    found = analyse(data, "x.wav", library, equip=fake_uploads.equip)
    assert set(found.vectors) == {"musicnn", "tags"}
    assert "The analysis crashed on this file (effnet: " in found.gaps["effnet"]
    assert "SIGABRT" in found.gaps["effnet"]


def test_a_hang_ends_at_the_deadline(library, tmp_path):
    data, started = wav(tmp_path, fake_uploads.HANG_S), time.monotonic()
    found = analyse(data, "x.wav", library, equip=fake_uploads.equip, deadline=(3.0, 0.0))
    assert "took too long on this file (musicnn: not finished after 3 s" in found.gaps["musicnn"]
    assert set(found.vectors) == {"effnet", "styles"}
    assert time.monotonic() - started < 60


def test_memory_without_end_is_taken_away(library, tmp_path, monkeypatch):
    monkeypatch.setattr(analyse_once, "MEMORY_LIMIT", 400 << 20)
    data = wav(tmp_path, fake_uploads.SWALLOW_S)
    found = analyse(data, "x.wav", library, equip=fake_uploads.equip)
    assert "crashed on this file (musicnn: " in found.gaps["musicnn"]


def test_a_missing_model_names_the_space(library, tmp_path):
    found = analyse(wav(tmp_path), "x.wav", library, equip=fake_uploads.without_effnet)
    assert dict(found.gaps) == {"effnet": f"Get it. Get it with: {FETCH_COMMAND}"}
    assert "musicnn" in found.vectors


def test_other_weights_than_the_librarys_are_not_compared(library, tmp_path):
    found = analyse(wav(tmp_path), "x.wav", library, equip=fake_uploads.other_effnet)
    assert list(found.gaps) == ["effnet"]
    assert "made with other weights (eeeeeeeeeeee v1 600s)" in found.gaps["effnet"]
    assert "(ffffffffffff v1 600s)" in found.gaps["effnet"]
    assert set(found.vectors) == {"musicnn", "tags"}


def test_an_unpublished_file_serves_if_the_library_was_made_with_it(library, tmp_path):
    equipped = fake_uploads.equip_pinned_only_by_request
    assert dict(analyse(wav(tmp_path), "x.wav", library, equip=equipped).gaps) == {}


def test_a_library_that_does_not_say_with_what_it_was_made_is_not_compared(tmp_path, library_dir):
    library = library_of(library_dir, musicnn="musicnn_pb")
    found = analyse(wav(tmp_path), "x.wav", library, equip=fake_uploads.equip)
    assert "does not say with which model its EffNet embeddings" in found.gaps["effnet"]
    assert "musicnn" in found.vectors


def test_workers_that_cannot_start_are_a_sentence(library, tmp_path):
    with pytest.raises(AnalysisError, match="The analysis could not begin"):
        analyse(wav(tmp_path), "x.wav", library, equip=int)


def test_the_name_of_the_file_leads_nowhere(library, tmp_path, temporary):
    found = analyse(wav(tmp_path), "../../x.w/a\0v?", library, equip=fake_uploads.equip)
    assert found.name == "../../x.w/a\0v?"
    assert list(temporary.iterdir()) == []


def test_what_a_killed_app_left_is_removed_but_not_what_is_in_use(library, tmp_path, temporary):
    old, new = (temporary / f"{FOLDER_PREFIX}{age}" for age in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "upload.mp3").write_bytes(b"x")
    long_ago = time.time() - analyse_once.ABANDONED_S - 60
    os.utime(old, (long_ago, long_ago))
    analyse(wav(tmp_path), "x.wav", library, equip=fake_uploads.equip)
    assert not old.exists() and new.exists()
    (new / "upload.mp3").unlink()
    new.rmdir()


def test_the_same_values_as_precompute_and_nothing_heavy_in_the_app(
    models_dirs, demo_music, tmp_path, monkeypatch
):
    """The models are found where the library's analysis found them, and nowhere else."""
    monkeypatch.delenv(models.FOLDERS_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    clip = sorted(demo_music.iterdir())[0]
    settings = Settings(
        roots=[clip],
        library=tmp_path / "real",
        equipment=equip(("dsp", "effnet", "musicnn"), models_dirs),
        workers=1,
    )
    assert Run(settings, runs.Silent()).execute().now["ok"] == 1
    library = Library(tmp_path / "real")
    found = analyse(clip.read_bytes(), clip.name, library)
    for space in ("effnet", "musicnn"):
        np.testing.assert_allclose(found.vectors[space], library.vectors(space)[1][0], atol=1e-5)
    assert found.values["tempo_bpm"] == pytest.approx(library.frame()["tempo_bpm"].iloc[0])
    code = """if True:
        import sys
        from pathlib import Path
        from engine.analyse_once import analyse
        from engine.library import Library
        clip = Path(sys.argv[1])
        found = analyse(clip.read_bytes(), clip.name, Library(sys.argv[2]))
        assert found.vectors or found.gaps
        print(*{name.split(".")[0] for name in sys.modules})"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(clip), str(library.path)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert not set(done.stdout.split()) & {"essentia", "tensorflow", "onnxruntime", "torch", "av"}
