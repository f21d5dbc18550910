"""The list with its player, without a browser: what it offers, and what it says of its values."""

import json

import pytest
from app_pages import SECONDS, texts
from streamlit.testing.v1 import AppTest

from benchmarks import synthetic
from engine import playlist_csv
from engine.library import Library
from ui import tables

TRACKS = 30
NOTE = "random weights: for plumbing and speed only"


@pytest.fixture
def session(tmp_path, monkeypatch) -> AppTest:
    """The list alone, of as many tracks as `many` says; not drawn yet."""
    library = tmp_path / "library"
    synthetic.make(library, TRACKS, music=tmp_path / "music")
    synthetic.make_audio(library, tmp_path / "music")
    with Library.open(library, writable=True) as writer:
        writer.set_meta({"models": {"effnet": [{"file": "x.onnx", "note": NOTE}]}})
    monkeypatch.setenv("SERENDIP_LIBRARY", str(library))
    monkeypatch.setattr("sys.argv", ["streamlit"])

    def script():
        import numpy as np
        import streamlit as st

        from engine.query import Query
        from ui import exports, opening, queue

        music = opening.opened()
        rows = np.arange(st.session_state["many"])
        queue.draw(music, rows, Query(), table=st.session_state["table"])
        if st.session_state["table"]:
            exports.draw(music, rows, "serendip", "export")

    app = AppTest.from_function(script, default_timeout=SECONDS)
    app.session_state["many"], app.session_state["table"] = 10, True
    return app


def drawn(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def with_columns(app: AppTest, *names: str) -> AppTest:
    """After these columns were chosen."""
    app.button_group(key="queue_table_columns").set_value(list(names)).run()
    assert not app.exception, app.exception[0].value
    return app


def off(app: AppTest) -> dict[str, bool]:
    """Buttons of the player: whether each is switched off."""
    names = ("all", "selected", "previous", "next", "stop")
    buttons = {button.key: button.disabled for button in app.button}
    return {name: buttons[k] for name in names if (k := f"queue_do_{name}") in buttons}


def test_headings_say_which_values_are_of_stand_in_models(session):
    app = with_columns(drawn(session), "danceability", "voice", "style", "valence")
    columns = json.loads(app.dataframe[0].proto.columns)
    labels = {name: column.get("label", "") for name, column in columns.items()}
    for name in ("danceability", "voice", "style"):
        assert labels[name].endswith(" (random weights)")
    assert not any("random" in labels[name] for name in ("tempo_bpm", "valence", "title"))
    assert f"Danceability, Voice, Strongest style: {NOTE}" in texts(app)


def test_a_saved_table_says_it_too(session, tmp_path):
    app = drawn(session)
    app.text_input(key="export_folder").set_value(str(tmp_path)).run()
    app.segmented_control(key="export_format").set_value("CSV").run()
    app.button(key="export_save").click().run()
    values = playlist_csv.parse((tmp_path / "serendip.csv").read_bytes())[0].values
    assert {"danceability (random weights)", "style (random weights)", "valence"} <= set(values)
    assert "danceability" not in values


def test_every_row_has_a_button_that_stays_in_view_and_what_plays_another_sign(session):
    app = drawn(session)
    app.button(key="queue_do_all").click().run()
    column = json.loads(app.dataframe[0].proto.columns)["play"]
    assert column["pinned"] and column["type_config"]["type"] == "button"
    assert app.dataframe[0].value["play"].tolist() == [tables.PLAYS] + [tables.PLAY] * 9
    assert "#0f9b8e" in app.dataframe[0].proto.arrow_data.styler.styles


def test_in_a_list_too_long_for_a_coloured_row_the_sign_is_coloured(session):
    session.session_state["many"] = TRACKS
    tables.STYLED_ROWS, held = 20, tables.STYLED_ROWS
    try:
        app = drawn(session)
        app.button(key="queue_do_all").click().run()
    finally:
        tables.STYLED_ROWS = held
    column = json.loads(app.dataframe[0].proto.columns)["playing"]
    (sign,) = column["type_config"]["options"]
    assert column["pinned"] and sign["color"].startswith("#")
    marks = app.dataframe[0].value["playing"].tolist()
    assert [place for place, mark in enumerate(marks) if mark == sign["value"]] == [0]


def test_few_columns_are_shown_and_the_others_may_be_chosen(session):
    app = drawn(session)
    usual = ["play", "place", "title", "artist", "tempo_bpm", "key", "minutes"]
    assert list(app.dataframe[0].proto.column_order) == usual
    app = with_columns(app, "voice", "path")
    assert list(app.dataframe[0].proto.column_order) == ["play", "place", "title", "voice", "path"]
    app.session_state["many"] = 5  # another list
    app.run()
    assert list(app.dataframe[0].proto.column_order) == ["play", "place", "title", "voice", "path"]
    with_columns(app)
    assert list(app.dataframe[0].proto.column_order) == ["play", "place", "title"]
    app.button(key="queue_table_usual").click().run()
    assert list(app.dataframe[0].proto.column_order) == usual


def test_it_says_which_order_plays(session):
    assert "Play and save follow the order of the list" in texts(drawn(session))


def test_an_emptied_list_offers_nothing_to_go_on_to(session):
    app = drawn(session)
    app.button(key="queue_do_all").click().run()
    assert off(app) == dict.fromkeys(("all", "previous", "next", "stop"), False) | {
        "selected": True
    }
    app.session_state["many"] = 0
    app.run()
    assert off(app) == dict.fromkeys(("all", "selected", "previous", "next"), True) | {
        "stop": False
    }
    app.button(key="queue_do_stop").click().run()
    assert "There is no track to play." in texts(app)
    assert "0 tracks" not in texts(app)


def test_beside_other_things_than_the_list_there_is_no_play_all(session):
    app = drawn(session)
    app.button(key="queue_do_all").click().run()
    app.session_state["table"] = False
    app.run()
    assert list(off(app)) == ["previous", "next", "stop"]
    assert not app.dataframe
