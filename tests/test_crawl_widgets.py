"""Every widget works after something was chosen in every filter, in a real browser.

Streamlit's own test runner would not do: it does not send back labels, as a browser does.
"""

from random import Random

import browsing
from crawl import Walk, served
from crawl_actions import Action, Spot, draw
from crawl_libraries import APPS, make

browser = browsing.browser  # the fixture
# A value for each filter of the descriptor app, such that some tracks are left.
CHOSEN = {
    "text": ("type", {"text": "a", "end": "Enter"}),
    "styles": ("choose", {"how": "keys", "which": 0.2}),
    "tempo": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "tempo_octaves": ("press", None),
    "tempo_confidence": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "danceability": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "keys": ("choose", {"how": "text", "text": "A"}),
    "scale": ("press", None),
    "camelot": ("choose", {"how": "text", "text": "8A"}),
    "keys_agree": ("press", None),
    "key_profile": ("choose", {"how": "text", "text": "Temperley"}),
    "valence": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "arousal": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "voice": ("press", None),
    "loudness": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "ic_percentile": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "duration": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "year": ("slide by keys", {"key": "ArrowRight", "times": 1}),
    "style_activation": ("slide by keys", {"key": "ArrowLeft", "times": 1}),
    "exclude_artists": ("choose", {"how": "keys", "which": 0.2}),
    "exclude_styles": ("choose", {"how": "keys", "which": 0.9}),
    "exclude_folders": ("choose", {"how": "keys", "which": 0.9}),
}
# What takes filters off again, and so comes last.
UNDOES = ("relax", "reset", "remove", "clear", "saved_open", "tab", "group_")
TOUCHES = 80  # at most
WIDGETS = ("text", "several", "select", "slider", "radio", "check")


def spots(walk: Walk) -> list[Spot]:
    return walk.page.evaluate("window.crawl.survey()")


def name(spot: Spot) -> str:
    """One for all parts of a widget."""
    return spot["key"] or f"{spot['kind']} {spot['name']}"


def test_choose_a_value_in_each_filter_then_touch_every_other_widget_once(browser, tmp_path):
    with served(APPS["descriptors"], make("many", tmp_path)) as app:
        walk = Walk(browser, app)
        assert walk.begun == []
        for spot in [one for one in spots(walk) if one["key"].startswith("group_")]:
            if spot["kind"] == "unfold" and spot["key"] not in ("group_Style", "group_Rhythm"):
                assert walk.perform(Action("press", spot)) == []
        for key, (do, value) in CHOSEN.items():
            # Of a slider its lower end, of buttons side by side the second.
            of_key = [one for one in spots(walk) if one["key"] == key and one["kind"] in WIDGETS]
            assert of_key, f"no widget of {key}"
            spot = of_key[min(1, len(of_key) - 1) if of_key[0]["kind"] == "radio" else 0]
            assert walk.perform(Action(do, spot, value)) == [], key
        assert walk.page.evaluate("window.crawl.look().matches[0]") > 0
        chance, touched = Random(1), set(CHOSEN)
        while len(touched) < TOUCHES:
            left = [one for one in spots(walk) if name(one) not in touched]
            if not left:
                break
            spot = min(left, key=lambda one: (name(one).startswith(UNDOES), name(one)))
            touched.add(name(spot))
            action = draw(chance, [spot], {})
            while action.spot is None or not action.rests:
                action = draw(chance, [spot], {})
            assert walk.perform(action) == [], action
        walk.close()
    assert len(touched) > 50
