"""Walks by chance through both apps; that the crawler finds what is wrong; and each widget after
something was chosen in every filter."""

from collections.abc import Iterator
from random import Random

import browsing
import crawl
import pytest
from browsing import serving
from crawl import App, Report, Walk, repeat, served
from crawl_actions import ON, Action, Spot, draw
from crawl_checks import Server
from crawl_libraries import APPS, growing, make
from crawl_pages import PAGES

browser = browsing.browser  # the fixture
PAGE = "tests/crawl_pages.py"
MOST = 80  # actions until a fault of a small page is found
PATIENCE_S = {"hangs": 4.0}


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Iterator[App]:
    """All small pages."""
    folder = tmp_path_factory.mktemp("pages")
    output = folder / "output.txt"
    with serving(PAGE, folder, output=output) as address:
        yield App(address, Server(output), folder)


def of(app: App, name: str) -> App:
    """One of them."""
    return App(f"{app.address}?fault={name}", app.server, app.folder)


@pytest.mark.parametrize("name", [name for name, (_, kind) in PAGES.items() if kind])
def test_the_crawler_finds_what_is_wrong(browser, pages, tmp_path, name):
    patience = PATIENCE_S.get(name, crawl.PATIENCE_S)
    if name == "ends":  # and with it all other pages
        output = tmp_path / "output.txt"
        with serving(PAGE, tmp_path, output=output) as address:
            own = App(address, Server(output), tmp_path)
            found = crawl.crawl(browser, of(own, name), "1", MOST, patience_s=patience)
    else:
        found = crawl.crawl(browser, of(pages, name), "1", MOST, patience_s=patience)
    assert PAGES[name][1] in {kind for kind, _ in found.faults}


@pytest.mark.parametrize("name", [name for name, (_, kind) in PAGES.items() if not kind])
def test_the_crawler_finds_nothing_where_nothing_is_wrong(browser, pages, name):
    found = crawl.crawl(browser, of(pages, name), "1", MOST // 2, walk=MOST // 4)
    assert found.reports == {}
    assert found.actions == MOST // 2
    assert found.reruns > 5
    assert bool(found.slow) == (name == "slow")


def test_a_report_names_the_fewest_actions_and_can_be_done_again(browser, pages, tmp_path):
    app = of(pages, "renamed")
    report = Report(browser, app, tmp_path, "--app descriptors --library full")
    found = crawl.crawl(browser, app, "1", MOST, report)
    (told,) = found.reports.values()
    assert "order is 'Library', but must be one of: style, tempo." in told
    assert "crawl_pages.py" in told and "in renamed" in told
    (file,) = tmp_path.glob("*.jsonl")
    _, *lines = file.read_text().splitlines()
    way = [Action.read(line) for line in lines]
    assert 1 <= len(way) <= 3
    assert f"{len(way)} actions lead there" in told
    assert {one.kind for one in repeat(browser, app, "", way)} == {"exception"}


def test_a_seed_draws_the_same_actions():
    spots: list[Spot] = [{"kind": kind, "key": kind, "name": kind, "nth": 0} for kind in ON]

    def drawn(seed: int) -> list[Action]:
        chance = Random(seed)
        return [draw(chance, spots, {}) for _ in range(200)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert [Action.read(action.written()) for action in drawn(1)] == drawn(1)
    assert {action.spot["kind"] for action in drawn(1) if action.spot} == set(ON)


# App, library and so many actions; as many as fit into the time of a test.
WALKS = (
    ("descriptors", "full", 30), ("descriptors", "tags", 12), ("descriptors", "none", 8),
    ("descriptors", "one", 8), ("descriptors", "empty", 3), ("descriptors", "writing", 12),
    ("similarity", "full", 25), ("similarity", "tags", 10), ("similarity", "writing", 10),
    ("similarity", "one", 5),
)  # fmt: skip


@pytest.mark.parametrize(("app", "library", "actions"), WALKS)
def test_a_walk_by_chance_meets_no_failure(browser, tmp_path, app, library, actions):
    path = make(library, tmp_path)
    with growing(library, path), served(APPS[app], path) as shown:
        found = crawl.crawl(browser, shown, f"1.{app}.{library}", actions)
    assert found.reports == {}
    assert found.actions == actions


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


WIDGETS = ("text", "several", "select", "slider", "radio", "check")


def spots(walk: Walk) -> list[Spot]:
    return walk.page.evaluate("window.crawl.survey()")


def name(spot: Spot) -> str:
    """One for all parts of a widget."""
    return spot["key"] or f"{spot['kind']} {spot['name']}"
