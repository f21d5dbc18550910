"""The descriptor app's planes, saved queries and live counts, in headless Chromium."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import browsing
import pytest
from browsing import REPOSITORY, open_page, served, settle
from playwright.sync_api import Page, expect
from waiting import PATIENCE_S

from benchmarks import synthetic
from engine.library import Library
from engine.query_link import from_params
from engine.regions import inside

browser, page = browsing.browser, browsing.page  # the fixtures
TRACKS = 120
# Corners of a lasso, as shares of the plane's width and height.
LASSO = ((0.3, 0.3), (0.6, 0.25), (0.65, 0.6), (0.45, 0.8), (0.28, 0.5), (0.3, 0.3))
# Records the tracks of a library one by one, as an analysis does, and holds its lock meanwhile.
WRITER = """
import sys, time
from pathlib import Path
from engine.library import Library
from engine.progress import Noted
from engine.records import Analysis, Media, Outcome, Tags

class Silent:
    def phase(self, what, total): pass
    def advance(self, failed=False): pass

with Library.create(Path(sys.argv[1])) as library:
    progress = Noted(Silent(), library)
    progress.phase("Analysing", 6)
    for number in range(6):
        sys.stdin.readline()
        outcome = Outcome("dsp", "f", "ok", values={"tempo_bpm": 100.0 + number})
        library.record(b"/music", b"%d.mp3" % number, 1, 1, Analysis(
            f"{number:032x}", Media(10.0, 44100, 2, "mp3"), Tags(f"T{number}"), (outcome,)))
        progress.advance()
        print("recorded", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("planes")
    synthetic.make(folder / "library", TRACKS, ic=True)
    return folder / "library"


@pytest.fixture(scope="module")
def app(library, tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield from served("app_descriptors.py", library)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    settle(page)


def lasso(page: Page) -> None:
    """Draw with the mouse on the plane that is shown."""
    plane = page.locator(".js-plotly-plot .nsewdrag").first
    plane.wait_for()
    plane.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # plotly takes the mouse when it has drawn
    box = plane.bounding_box()
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in LASSO]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def matching(page: Page) -> int:
    settle(page)
    heading = page.get_by_role("heading", name=re.compile(r"tracks? match$"))
    return int(heading.inner_text().split(" of ")[0])


def drawn(page: Page, app: str, name: str) -> tuple[int, int]:
    """How many tracks match before a lasso is drawn on a plane, and how many of them it leaves."""
    open_page(page, app)
    everything = matching(page)
    tab(page, name)
    lasso(page)
    page.wait_for_url(re.compile(f"{name.lower()}_region"))
    found = matching(page)
    assert 0 < found < everything
    return everything, found


def query_of(page: Page):
    query, problems = from_params(parse_qs(urlsplit(page.url).query))
    assert problems == []
    return query


def test_a_lasso_on_the_mood_plane_is_the_playlist(page, app, library):
    everything, found = drawn(page, app, "Mood")
    query = query_of(page)
    frame = Library.open(library).frame()
    expected = inside(
        frame["valence"].to_numpy(float), frame["arousal"].to_numpy(float), query.mood_region
    )
    assert found == expected.sum()
    xs = [x for x, _ in query.mood_region]
    assert query.valence.low <= min(xs) < query.valence.low + 0.1
    assert query.valence.high - 0.1 < max(xs) <= query.valence.high
    page.reload()
    settle(page)
    assert matching(page) == found
    tab(page, "Mood")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("heading", name=f"{everything} of")).to_be_visible()


def test_a_lasso_on_the_map_is_the_playlist_also_after_a_reload(page, app):
    _, found = drawn(page, app, "Map")
    page.reload()
    settle(page)
    assert matching(page) == found


def test_a_saved_query_is_opened_renamed_and_deleted(page, app):
    open_page(page, f"{app}?tempo=100..130&order=shuffle&seed=7&limit=9")
    found, address = matching(page), page.url
    page.get_by_role("button", name="Saved").click()
    page.get_by_role("textbox", name="Save as").fill("<b>Evening</b> *run*")
    page.get_by_role("button", name="Save", exact=True).click()
    saved = page.locator(".st-key-saved_0")
    expect(saved).to_contain_text(f"{found} tracks match now")
    expect(saved.locator("strong")).to_have_text("<b>Evening</b> *run*")
    open_page(page, app)
    assert matching(page) != found
    page.get_by_role("button", name="Saved").click()
    saved.get_by_role("button", name="Open (<b>Evening</b> *run*)").click()
    page.wait_for_url(address)
    assert matching(page) == found
    for name in ("Delete", "Really delete"):
        button = page.get_by_role("button", name=name)
        if not button.is_visible():
            page.get_by_role("button", name="Saved").click()
        button.click()
        settle(page)
    expect(page.get_by_text("<b>Evening</b>")).to_have_count(0)


def test_a_library_that_is_being_written_counts_live(page, tmp_path):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "library")],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def record(tracks: int) -> None:
        for _ in range(tracks):
            print(file=writer.stdin, flush=True)
            assert writer.stdout.readline() == "recorded\n"

    try:
        record(2)
        for address in served("app_descriptors.py", tmp_path / "library"):
            open_page(page, address)
            expect(page.get_by_role("heading", name="2 of 2 tracks match")).to_be_visible()
            expect(page.get_by_text("An analysis is running")).to_be_visible()
            record(4)
            expect(page.get_by_text("4 new ones since")).to_be_visible()
            page.get_by_role("button", name="Read it again").click()
            expect(page.get_by_role("heading", name="6 of 6 tracks match")).to_be_visible()
            writer.communicate("\n", timeout=PATIENCE_S)
            expect(page.get_by_text("An analysis is running")).to_have_count(0)
    finally:
        writer.kill()
        writer.wait()
