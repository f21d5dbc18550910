"""How long the apps take in a real browser: from the address, or from a click, to what is seen.

    python -m benchmarks.apps_browser [--library DIR] [--tracks 100000] [--runs 5]

Chromium without a window at 1280 x 900, on the machine of the server. First pages are those of a
server that has just begun to listen. Without --library, one is made (benchmarks/synthetic.py).
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from benchmarks import synthetic

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

import browsing  # noqa: E402 - a module of the tests
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

WINDOW = {"width": 1280, "height": 900}
WAIT = 600_000  # milliseconds
# JavaScript.
RESTS = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
LISTS = "document.querySelectorAll('audio').length > 10"  # the seed, and one list at least
COUNT = "[...document.querySelectorAll('h3')].find(one => / match/.test(one.innerText))?.innerText"
Times = dict[str, list[float]]


@contextmanager
def shown(browser: Browser) -> Iterator[Page]:
    """A page with cookies of its own."""
    context = browser.new_context(viewport=WINDOW)
    context.set_default_timeout(WAIT)
    yield context.new_page()
    context.close()


def since(start: float, page: Page, *conditions: str) -> list[float]:
    """Seconds from `start` until each condition, JavaScript, has come true; in their order."""
    taken = []
    for condition in conditions:
        page.wait_for_function(condition)
        taken.append(time.perf_counter() - start)
    return taken


def first_pages(browser: Browser, library: Path, runs: int) -> Times:
    """A new server each time."""
    taken: Times = {}
    for _ in range(runs):
        for address in browsing.served("app_descriptors.py", library):
            with shown(browser) as page:
                start = time.perf_counter()
                page.goto(address)
                to_count, to_all = since(start, page, COUNT, f"{COUNT} && {RESTS}")
        taken.setdefault("descriptors, to the count of matches", []).append(to_count)
        taken.setdefault("descriptors, to the whole page", []).append(to_all)
        for address in browsing.served("app_similarity.py", library):
            with shown(browser) as page:
                start = time.perf_counter()
                page.goto(f"{address}?track=42")
                (to_lists,) = since(start, page, f"{LISTS} && {RESTS}")
        taken.setdefault("similarity by a link, to both lists", []).append(to_lists)
    return taken


def repeated(page: Page, act: Callable[[], object], runs: int) -> list[float]:
    """Seconds from what a user does until the page has another address and the script rests; the
    first one does not count."""
    taken = []
    for _ in range(runs + 1):
        browsing.settle(page)
        before, start = page.url, time.perf_counter()
        act()
        page.wait_for_function(f"before => location.href !== before && {RESTS}", arg=before)
        taken.append(time.perf_counter() - start)
    return taken[1:]


def filters(browser: Browser, library: Path, runs: int) -> Times:
    """Words to search for, in the descriptor app."""
    taken = {}
    words = cycle(("stone river", "engine", "amber low", "keen"))
    for address in browsing.served("app_descriptors.py", library):
        for name, link in {"a filter": "", "a filter, no limit": "?limit=none"}.items():
            with shown(browser) as page:
                page.goto(address + link)
                search = page.get_by_role("textbox", name="Search")
                search.wait_for()
                taken[f"descriptors, {name}"] = repeated(
                    page, lambda field=search: browsing.enter(field, next(words)), runs
                )
    return taken


def next_tracks(browser: Browser, library: Path, runs: int) -> Times:
    """Another seed, in the similarity app."""
    taken = {}
    for address in browsing.served("app_similarity.py", library):
        for name, link in {"side by side": "", "fused": "&view=fused"}.items():
            with shown(browser) as page:
                page.goto(f"{address}?track=42{link}")
                more = page.get_by_role("button", name="More like this").nth(3)
                more.wait_for()
                taken[f"similarity, more like this, {name}"] = repeated(page, more.click, runs)
    return taken


def measured(library: Path, runs: int) -> Times:
    """Everything, on one library."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsing.CHROMIUM, args=browsing.FLAGS)
        taken = first_pages(browser, library, runs)
        taken |= filters(browser, library, runs) | next_tracks(browser, library, runs)
        browser.close()
    return taken


def main() -> int:
    """Command line; the module's docstring says what it does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=Path, help="an analysed one (default: a made-up one)")
    parser.add_argument("--tracks", type=int, default=100_000, help="of the made-up one")
    parser.add_argument("--runs", type=int, default=5, help="of each interaction")
    options = parser.parse_args()
    if browsing.CHROMIUM is None:
        parser.error("there is no Chromium here: apt-get install chromium-headless-shell")
    with tempfile.TemporaryDirectory(prefix="serendip-browser-") as folder:
        library = options.library
        if library is None:
            root = Path(folder)
            os.environ["XDG_CACHE_HOME"] = str(root / "cache")
            library = root / "library"
            synthetic.make(library, options.tracks, music=root / "music", ic=True)
            synthetic.make_audio(library, root / "music")
        taken = measured(library, options.runs)
    print("| what | seconds |\n| --- | --- |")
    for name, times in taken.items():
        middle, low, high = statistics.median(times), min(times), max(times)
        print(f"| {name} | {middle:.2f} ({low:.2f} to {high:.2f}) |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
