"""Widgets that have the session's value as their default."""

import pytest

from ui import bound as module
from ui.bound import bound, clearable


def called(monkeypatch, kind: str, held, *given, **options) -> dict:
    """What a widget of a kind is called with, where the session holds a value."""

    def widget(label, *args, **named):
        return {"label": label, "args": args, **named}

    widget.__name__ = kind
    monkeypatch.setattr(module.st, "session_state", {"name": held})
    return bound(widget, "Label", *given, key="name", **options)


@pytest.mark.parametrize(
    ("kind", "held", "given", "default"),
    [
        ("slider", (0.1, 1.0), (0.0, 1.0), {"value": (0.1, 1.0)}),
        ("number_input", None, (), {"value": None}),
        ("toggle", True, (), {"value": True}),
        ("text_input", "words", (), {"value": "words"}),
        ("selectbox", "b", (["a", "b"],), {"index": 1}),
        ("selectbox", None, (["a", "b"],), {"index": None}),
        ("segmented_control", "b", (["a", "b"],), {"default": "b"}),
        ("segmented_control", "gone", (["a", "b"],), {"default": None}),
        ("multiselect", ["b", "gone"], (["a", "b"],), {"default": ["b"]}),
        ("pills", ("a",), (["a", "b"],), {"default": ["a"]}),
    ],
)
def test_the_default_is_what_the_session_holds(monkeypatch, kind, held, given, default):
    found = called(monkeypatch, kind, held, *given, help="more")
    assert found == {"label": "Label", "args": given, "key": "name", "help": "more", **default}


def test_what_may_be_typed_need_not_be_offered(monkeypatch):
    found = called(monkeypatch, "multiselect", ["typed"], ["a"], accept_new_options=True)
    assert found["default"] == ["typed"]


@pytest.mark.parametrize(("kind", "empty"), [("number_input", "value"), ("selectbox", "index")])
def test_what_may_be_empty_is_empty_by_default_and_kept(kind, empty):
    def widget(label, **named):
        return {"label": label, **named}

    widget.__name__ = kind
    found = clearable(widget, "Label", key="name", help="more")
    kept = {"persist_state": "session", empty: None}
    assert found == {"label": "Label", "key": "name", "help": "more", **kept}
