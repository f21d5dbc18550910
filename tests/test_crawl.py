"""The crawler finds what is wrong with a page, and nothing where nothing is."""

from collections.abc import Iterator
from random import Random

import browsing
import crawl
import pytest
from browsing import serving
from crawl import App, Report, repeat
from crawl_actions import ON, Action, Spot, draw
from crawl_checks import Server
from crawl_pages import PAGES

browser = browsing.browser  # the fixture
PAGE = "tests/crawl_pages.py"
MOST = 40  # actions until a fault of a small page is found
# Of walks that come upon the fault soon; of the others, the first one does.
SEEDS = {"renamed": "3", "ranks_wrongly": "2", "forgets": "9"}
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
    patience, seed = PATIENCE_S.get(name, crawl.PATIENCE_S), SEEDS.get(name, "1")
    if name == "ends":  # and with it all other pages
        output = tmp_path / "output.txt"
        with serving(PAGE, tmp_path, output=output) as address:
            own = App(address, Server(output), tmp_path)
            found = crawl.crawl(browser, of(own, name), seed, MOST, None, patience, first=True)
    else:
        found = crawl.crawl(browser, of(pages, name), seed, MOST, None, patience, first=True)
    assert PAGES[name][1] in {kind for kind, _ in found.faults}


def test_the_crawler_finds_nothing_where_nothing_is_wrong(browser, pages):
    found = crawl.crawl(browser, of(pages, "without"), "1", MOST, walk=MOST // 2)
    assert found.reports == {}
    assert found.actions == MOST
    assert found.reruns > 5


def test_a_slow_rerun_is_told_and_no_failure(browser, pages):
    found = crawl.crawl(browser, of(pages, "slow"), "1", 6)
    assert found.reports == {}
    seconds, what = max(found.slow)
    assert seconds >= 3
    assert what.startswith(("press button “Work” (work)", "press twice button “Work” (work)"))


def test_a_report_names_the_fewest_actions_and_can_be_done_again(browser, pages, tmp_path):
    app = of(pages, "renamed")
    report = Report(browser, app, tmp_path, "--app descriptors --library full")
    found = crawl.crawl(browser, app, SEEDS["renamed"], MOST, report, first=True)
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
        return [draw(chance, spots, {}) for _ in range(1000)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert [Action.read(action.written()) for action in drawn(1)] == drawn(1)
    assert {action.spot["kind"] for action in drawn(1) if action.spot} == set(ON)
