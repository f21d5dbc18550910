"""The listening test in the app: votes, undo, what it hides, results, states."""

from pathlib import Path

import numpy as np
import pytest
from app_pages import changed, page, read_again, synthetic_library, texts

from engine import listening_test

APP = "app_similarity.py"
TRACKS = 120


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return synthetic_library(tmp_path_factory.mktemp("listening"), TRACKS)


@pytest.fixture
def library(made, tmp_path) -> Path:
    """A copy without votes."""
    return changed(made, tmp_path)


@pytest.fixture
def app(library, monkeypatch):
    """The page, at the test."""
    return opened(library, monkeypatch)


def opened(library: Path, monkeypatch):
    session = page(APP, library, monkeypatch)
    session.session_state["tab"] = "Listening test"
    session.run()
    assert not session.exception
    return session


def test_a_vote_is_kept_and_another_question_comes(app, library):
    pair = app.session_state["test_pair"]
    app.text_input(key="test_listener").set_value("Ada").run()
    app.button(key="test_left").click().run()
    (vote,) = listening_test.read(library).votes
    assert (vote.seed, vote.choice, vote.listener) == (pair.seed, "left", "Ada")
    assert vote.preferred == pair.left_space
    assert vote.left_tracks == pair.left
    assert app.session_state["test_pair"].seed != pair.seed
    assert "1 vote so far, 1 of them yours." in texts(app)


def test_votes_without_a_name_are_counted_apart_only_where_others_have_one(app):
    app.button(key="test_left").click().run()
    assert "1 vote so far." in texts(app)
    app.text_input(key="test_listener").set_value("Ada").run()
    app.button(key="test_left").click().run()
    app.text_input(key="test_listener").set_value("").run()
    assert "2 votes so far, 1 of them without a name." in texts(app)


def test_nothing_tells_the_sides_before_the_vote(app):
    said = texts(app).split("The track", 1)[1]
    assert "EffNet" not in said and "MusiCNN" not in said and "badge" not in said
    assert "BPM" not in said and "LUFS" not in said
    keys = [str(element.key) for element in (*app.button, *app.checkbox, *app.get("audio"))]
    assert not any("effnet" in key or "musicnn" in key for key in keys)


def test_sides_are_told_after_the_vote_if_wanted(app):
    pair = app.session_state["test_pair"]
    app.checkbox(key="test_reveal").check().run()
    assert "A was" not in texts(app)
    app.button(key="test_same").click().run()
    names = {"effnet": "EffNet", "musicnn": "MusiCNN"}
    assert f"A was {names[pair.left_space]}, B was {names[pair.right_space]}." in texts(app)


def test_undo_brings_the_question_back(app, library):
    pair = app.session_state["test_pair"]
    app.button(key="test_right").click().run()
    app.button(key="test_undo").click().run()
    assert listening_test.read(library).votes == ()
    assert app.session_state["test_pair"] == pair
    assert "test_undo" not in [button.key for button in app.button]


def test_reading_the_library_again_begins_anew_without_the_last_vote(app, library):
    seed = app.session_state["test_pair"].seed
    app.button(key="test_left").click().run()
    assert "Kept for" in texts(app)
    read_again(app, library, f"UPDATE tracks SET present = 0 WHERE id = {seed}")
    assert "Kept for" not in texts(app)
    assert "test_undo" not in [button.key for button in app.button]
    assert seed not in (pair := app.session_state["test_pair"]).left + pair.right
    assert len(listening_test.read(library).votes) == 1


def test_undo_leaves_the_votes_of_other_people_without_a_name(app, library, monkeypatch):
    app.button(key="test_right").click().run()
    other = opened(library, monkeypatch)
    other.button(key="test_left").click().run()
    app.button(key="test_undo").click().run()
    (left,) = listening_test.read(library).votes
    assert left.seed == other.session_state["test_last"].vote.seed


def test_skip_asks_another_and_counts_nothing(app, library):
    seeds = {app.session_state["test_pair"].seed}
    for _ in range(3):
        app.button(key="test_skip").click().run()
        seeds.add(app.session_state["test_pair"].seed)
    assert len(seeds) == 4
    assert listening_test.read(library).votes == ()


def test_results_count_and_warn_of_few(app, library):
    rng = np.random.default_rng(0)
    chosen = []
    for _ in range(4):
        pair = app.session_state["test_pair"]
        choice = str(rng.choice(["left", "right"]))
        chosen.append(pair.left_space if choice == "left" else pair.right_space)
        app.button(key=f"test_{choice}").click().run()
    shown = next(group for group in app.get("button_group") if group.key == "test_view")
    shown.set_value("results").run()
    counts = {metric.label: metric.value for metric in app.metric}
    wanted = {"EffNet": chosen.count("effnet"), "MusiCNN": chosen.count("musicnn")}
    assert counts == {**{name: str(votes) for name, votes in wanted.items()}, "No difference": "0"}
    assert "4 votes say little" in texts(app)
    assert "No clear preference yet" in texts(app)
    assert "may be of one or several people" in texts(app)
    assert "All votes are of one listener" not in texts(app)
    assert app.dataframe[0].value[["EffNet", "MusiCNN"]].to_numpy().sum() == 4


def test_a_folder_that_cannot_be_written_to_is_said(library, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    app = opened(library, monkeypatch)
    assert "no vote can be kept" in texts(app)
    assert app.button(key="test_left").disabled


def test_a_vote_that_fails_is_said_and_not_counted(app, library):
    def refuse(folder, vote):
        raise listening_test.ListeningTestError("The disk is full.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listening_test, "record", refuse)
        app.button(key="test_left").click().run()
    assert "The disk is full" in texts(app)
    assert listening_test.read(library).votes == ()


def test_votes_that_cannot_be_read_are_said(library, monkeypatch):
    (library / listening_test.FILE_NAME).mkdir()
    assert "cannot be read" in texts(opened(library, monkeypatch))


def test_lines_that_are_no_votes_are_said(library, monkeypatch):
    (library / listening_test.FILE_NAME).write_bytes(b"{nonsense\n")
    assert "Line 1 of votes.jsonl is no vote" in texts(opened(library, monkeypatch))


def test_one_network_is_not_enough(library, tmp_path, monkeypatch):
    (tmp_path / "half").mkdir()
    half = changed(
        library, tmp_path / "half", "DELETE FROM vectors WHERE space IN ('musicnn', 'tags')"
    )
    app = opened(half, monkeypatch)
    assert "both are needed" in texts(app)
    assert "No MusiCNN embeddings in this library." in texts(app)
