"""A file of one's own in the similarity app, with an analysis that the tests put in its place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from app_pages import page, synthetic_library, texts
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from engine.analyse_once import Analysed
from engine.library import Library
from engine.records import Media, Tags
from ui import upload

APP = "app_similarity.py"
FILE = ("own.wav", b"bytes of a sound", "audio/wav")


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """60 tracks with both embeddings, and sounds to play."""
    return synthetic_library(tmp_path_factory.mktemp("upload"), 60)


@pytest.fixture
def calls(monkeypatch) -> list[str]:
    """The names of the files that were analysed: each sounds like track 42."""
    named: list[str] = []

    def analyse(data: bytes, name: str, library: Library) -> Analysed:
        named.append(name)
        vectors = {}
        for space in ("effnet", "musicnn"):
            ids, matrix = library.vectors(space)
            vectors[space] = matrix[np.flatnonzero(ids == 42)[0]]
        media = Media(3900.0, 44_100, 2, "wav")
        return Analysed(name, "f" * 32, Tags(), media, {}, vectors, {}, (), 2.0, 600.0)

    monkeypatch.setattr(upload, "analyse", analyse)
    return named


def given(app, *file):
    app.file_uploader[0].set_value(*file).run()
    assert not app.exception, app.exception[0].value
    return app


def is_listed(app) -> bool:
    return "1. **" in texts(app)


def test_a_file_is_analysed_once_and_says_that_its_middle_was(library, calls, monkeypatch):
    app = given(page(APP, library, monkeypatch), FILE)
    assert is_listed(app)
    app.checkbox(key="adding").check().run()
    assert is_listed(app) and calls == ["own.wav"]
    assert "1:05:00 long, analysed in 2 s." in texts(app)
    assert "the middle 10 min were analysed." in texts(app)


def test_a_click_during_the_analysis_loses_nothing(library, calls, monkeypatch):
    """Streamlit ends the run where the spinner closes, and begins another one."""
    spinner, interrupted = upload.st.spinner, []

    class Interrupted:
        def __init__(self, *args, **options):
            self.inner = spinner(*args, **options)

        def __enter__(self):
            return self.inner.__enter__()

        def __exit__(self, *error):
            self.inner.__exit__(*error)
            interrupted.append(True)
            raise RerunException(RerunData())

    app = page(APP, library, monkeypatch)
    monkeypatch.setattr(upload.st, "spinner", Interrupted)
    app.file_uploader[0].set_value(FILE).run()
    assert interrupted == [True] and calls == ["own.wav"]
    app.run()
    assert is_listed(app) and calls == ["own.wav"]


def test_the_cross_of_the_uploader_takes_the_file_away(library, calls, monkeypatch):
    app = given(page(APP, library, monkeypatch), FILE)
    assert "seed_file" in [button.key for button in app.button]
    given(app, None)
    assert "seed_file" not in [button.key for button in app.button]
    assert not is_listed(app) and "own.wav" not in texts(app)


def test_one_file_after_another_is_another_question(library, calls, monkeypatch):
    app = given(page(APP, library, monkeypatch), FILE)
    name = app.text_input(key=_name_key(app)).value
    assert name == "like own.wav (EffNet)"
    before = _name_key(app)
    given(app, ("other.wav", *FILE[1:]))
    assert calls == ["own.wav", "other.wav"]
    assert app.text_input(key=_name_key(app)).value == "like other.wav (EffNet)"
    assert before != _name_key(app)
    assert before == "export_effnet_name_73678608"  # the same in every process


def test_any_file_may_be_chosen_and_what_is_taken_is_said(library, monkeypatch):
    (uploader,) = page(APP, library, monkeypatch).file_uploader
    assert uploader.allowed_type == []
    assert "MP3, FLAC, WAV and most others, up to 200 MB" in uploader.label


def _name_key(app) -> str:
    return next(f.key for f in app.text_input if str(f.key).startswith("export_effnet_name"))


def test_a_file_that_the_library_holds_is_recognised_and_its_track_may_be_the_seed(
    library, calls, monkeypatch
):
    """The fake analysis sounds like track 42; of its length, it is that recording."""
    seconds = float(Library.open(library).frame().at[42, "duration_s"])
    analyse = upload.analyse
    monkeypatch.setattr(
        upload, "analyse", lambda *given: replace(analyse(*given), media=Media(seconds, 1, 1, "x"))
    )
    app = given(page(APP, library, monkeypatch), FILE)
    title = Library.open(library).frame().at[42, "title"]
    assert f"You have this: {title} · " in texts(app)
    app.button(key="upload_held").click().run()
    assert not app.exception
    assert app.query_params["track"] == "42" or app.query_params["track"] == ["42"]
    assert "You have this" not in texts(app)
    assert "seed_file" not in [button.key for button in app.button]


def test_a_file_that_cannot_be_compared_may_be_held_all_the_same(library, calls, monkeypatch):
    analyse = upload.analyse
    content = f"{42:032x}"
    monkeypatch.setattr(
        upload,
        "analyse",
        lambda *given: replace(analyse(*given), content_hash=content, vectors={}, gaps={}),
    )
    app = given(page(APP, library, monkeypatch), FILE)
    assert "own.wav cannot be compared." in texts(app)
    assert "You have this: " in texts(app)


def test_another_recording_is_not_taken_for_one_of_the_library(library, calls, monkeypatch):
    app = given(page(APP, library, monkeypatch), FILE)
    assert "You have this" not in texts(app)
