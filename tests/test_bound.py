"""Widgets that have the session's value as their default, and choices that the browser knows by
their labels only."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest

from ui import bound as module
from ui.bound import bound, choice, clearable, heard

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def session(monkeypatch) -> SimpleNamespace:
    """A session's state, and what was said of it."""
    state, toasts = {}, []
    monkeypatch.setattr(module.st, "session_state", state)
    monkeypatch.setattr(module.st, "toast", toasts.append)
    return SimpleNamespace(state=state, toasts=toasts)


def drawn(draw, kind: str, *given, **options) -> dict:
    """What a widget of a kind is called with; the labels of a choice in place of their function."""

    def widget(label, *args, **named):
        written = named.pop("format_func", None)
        labels = {"labels": [written(one) for one in args[0]]} if written else {}
        return {"label": label, "args": args, **named, **labels}

    widget.__name__ = kind
    return draw(widget, "Label", *given, key="name", **options)


@pytest.mark.parametrize(
    ("kind", "held", "given", "default"),
    [
        ("slider", (0.1, 1.0), (0.0, 1.0), {"value": (0.1, 1.0)}),
        ("number_input", None, (), {"value": None}),
        ("toggle", True, (), {"value": True}),
        ("text_input", "words", (), {"value": "words"}),
    ],
)
def test_the_default_is_what_the_session_holds(session, kind, held, given, default):
    session.state["name"] = held
    found = drawn(bound, kind, *given, help="more")
    assert found == {"label": "Label", "args": given, "key": "name", "help": "more", **default}


@pytest.mark.parametrize(
    ("kind", "held", "default", "gone"),
    [
        ("selectbox", "b", {"index": 1}, None),
        ("selectbox", None, {"index": None}, None),
        ("selectbox", "gone", {"index": 0}, "gone"),
        ("segmented_control", "b", {"default": "b"}, None),
        ("segmented_control", "gone", {"default": "a"}, "gone"),
        ("multiselect", ["b", "gone"], {"default": ["b"], "select_all": False}, "gone"),
        ("pills", ("a",), {"default": ["a"]}, None),
    ],
)
def test_a_choice_that_is_none_gives_way_to_the_default_with_a_note(
    session, kind, held, default, gone
):
    session.state["name"] = held
    found = drawn(bound, kind, ["a", "b"])
    expected = {"label": "Label", "args": (["a", "b"],), "key": "name", "labels": ["a", "b"]}
    assert found == expected | default
    assert session.toasts == ([f"“{gone}” is no choice of “Label” any more."] if gone else [])
    value = next(v for k, v in default.items() if k in ("index", "default"))
    shown = ["a", "b"][value] if kind == "selectbox" and value is not None else value
    assert session.state["name"] == shown or list(session.state["name"]) == shown


def test_what_may_be_typed_need_not_be_offered(session):
    session.state["name"] = ["typed"]
    found = drawn(bound, "multiselect", ["a"], accept_new_options=True)
    assert found["default"] == ["typed"]
    assert heard("name") == ["typed"]


@pytest.mark.parametrize(("kind", "empty"), [("number_input", "value"), ("selectbox", "index")])
def test_what_may_be_empty_is_empty_by_default_and_kept(session, kind, empty):
    given = [["a"]] if kind == "selectbox" else []
    found = drawn(clearable, kind, *given, help="more")
    kept = {"persist_state": "session", "help": "more", empty: None}
    assert kept.items() <= found.items()


def test_what_was_chosen_and_is_gone_is_empty_where_it_may_be(session):
    session.state["name"] = "gone"
    drawn(clearable, "selectbox", ["a"])
    assert session.state["name"] is None
    assert len(session.toasts) == 1


def test_a_choice_begins_with_its_first_option(session):
    assert drawn(choice, "segmented_control", ["a", "b"])["default"] == "a"
    session.state["name"] = "b"
    assert drawn(choice, "segmented_control", ["a", "b"])["default"] == "b"


def test_no_two_options_have_one_label(session):
    """Of two tracks of one name, the browser would always mean the last."""
    session.state["name"] = None
    found = drawn(bound, "selectbox", [1, 2, 3], format_func={1: "A", 2: "A", 3: "B"}.get)
    assert found["labels"] == ["A", "A [2]", "B"]
    session.state["name"] = "A [2]"
    assert heard("name") == 2


def count(number: int):
    return lambda option: f"{option.upper()} ({number:,})"


def test_an_older_number_in_a_label_changes_nothing(session):
    """The browser sends what it was told, which may be some runs ago."""
    session.state["name"] = ["a"]
    drawn(bound, "multiselect", ["a", "b"], format_func=count(1234))
    drawn(bound, "multiselect", ["a", "b"], format_func=count(7))
    session.state["name"] = ["A (1,234)", "B (7)"]
    assert heard("name") == ["a", "b"]
    assert drawn(bound, "multiselect", ["a", "b"], format_func=count(8))["default"] == ["a", "b"]
    assert session.state["name"] == ["a", "b"]
    assert session.toasts == []


def test_a_browser_that_shows_an_older_label_is_told_the_new_one(session, monkeypatch):
    """By writing the value, which Streamlit then sends; else it is left alone."""

    class Watched(dict):
        writes = 0

        def __setitem__(self, key, value):
            self.writes += key == "name"
            super().__setitem__(key, value)

    state = Watched(name=["a"])
    monkeypatch.setattr(module.st, "session_state", state)
    drawn(bound, "multiselect", ["a", "b"], format_func=count(1))
    drawn(bound, "multiselect", ["a", "b"], format_func=count(1))
    assert state.writes == 0
    drawn(bound, "multiselect", ["a", "b"], format_func=count(2))
    assert state.writes == 1


def test_a_label_that_nobody_knows_is_the_usual_value(session):
    session.state["name"] = "a"
    drawn(bound, "selectbox", ["a", "b"], format_func={"a": "One", "b": "Two"}.get)
    session.state["name"] = "Three"
    assert heard("name", "b") == "b"
    session.state["name"] = "Two"
    assert heard("name", "a") == "b"


CHOICES = {"selectbox", "multiselect", "pills", "segmented_control", "radio", "select_slider"}
PAGES = sorted([*(REPOSITORY / "ui").glob("*.py"), *REPOSITORY.glob("app_*.py")])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_choice_is_drawn_by_this_module(path):
    """Where labels are read rightly: see its docstring."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    methods = [one for one in called if isinstance(one, ast.Attribute)]
    assert not [one.lineno for one in methods if one.attr in CHOICES]
