"""Walk through the apps by chance in a real Chromium, and say what goes wrong.

    python tests/crawl.py [--actions 5000] [--seed 1] [--app APP] [--library NAME] [--jobs 1]
    python tests/crawl.py --replay FILE

Goal: whatever a person clicks, types, draws, plays or puts into the address, no page shows a
traceback, logs an error, loses its connection or hangs. Each walk begins in a session of its own
and does what its seed says to whatever the page shows; the walk ends with its first failure, which
is reported with the actions that led there, shortened as far as they still lead there in a new
session, and kept in a file that --replay does again. crawl_actions.py: what can be done;
crawl_checks.py: what must hold; crawl_libraries.py: on which libraries.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))  # as a program, it finds what the tests find

import browsing  # noqa: E402
import crawl_checks as checks  # noqa: E402
import sounds  # noqa: E402
from crawl_actions import Action, Missed, Place, act, draw, link  # noqa: E402
from crawl_checks import Failure, Server, Watch  # noqa: E402
from crawl_libraries import APPS, MADE, growing, make  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from playwright.sync_api import Error as BrowserError  # noqa: E402
from playwright.sync_api import TimeoutError as LateError  # noqa: E402

WALK = 100  # actions in one session
PATIENCE_S = 60.0  # for a page to rest
SHORTEN_S = 120.0  # for the search of the shortest way to a failure
SLOWEST = 10  # that are named
LAST = 12  # actions that a report names
SCRIPT = Path(__file__).with_name("crawl_page.js").read_text(encoding="utf-8")
# Library → its share of the actions.
SHARES = {"full": 8, "tags": 3, "writing": 3, "many": 2, "none": 2, "one": 1.5, "empty": 0.5}


@dataclass
class Account:
    """What walks came to."""

    actions: int = 0
    reruns: int = 0
    missed: int = 0  # actions whose element was gone or covered
    slow: list[tuple[float, str]] = field(default_factory=list)  # seconds, where and what
    faults: Counter = field(default_factory=Counter)  # Failure.same → times
    reports: dict[tuple[str, str], str] = field(default_factory=dict)  # of each fault, once

    def add(self, other: "Account") -> None:
        """Count what another one counted, too; a fault that is known is not reported again."""
        self.actions += other.actions
        self.reruns += other.reruns
        self.missed += other.missed
        self.slow += other.slow
        self.faults.update(other.faults)
        self.reports = other.reports | self.reports

    def __str__(self) -> str:
        """The last line of a run."""
        faults = f", of {len(self.faults):,} faults" if self.faults else ""
        return (
            f"{self.actions:,} actions, {self.reruns:,} reruns, {self.faults.total():,} failures"
            f"{faults}, {len(self.slow):,} slow (over {checks.SLOW_MS / 1000:.0f} s)"
        )


@dataclass(frozen=True)
class App:
    """One that is being served."""

    address: str
    server: Server
    folder: Path  # of files to upload


class Walk:
    """One session in the browser: pages of one app that share their cookies."""

    def __init__(self, browser: Browser, app: App, query: str = "", patience_s: float = PATIENCE_S):
        self.app, self.patience_s = app, patience_s
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.context.set_default_timeout(1000 * patience_s)
        self.context.add_init_script(SCRIPT)
        self.pages: list[Page] = []
        self.watches: dict[Page, Watch] = {}
        self.touched: Counter = Counter()
        self.account = Account()
        self.done: list[tuple[str, Action]] = []  # each with the query of the address before it
        self.begun = self._open(query)

    def close(self) -> None:
        """End the session."""
        for watch in self.watches.values():
            watch.leaving = True
        self.context.close()

    @property
    def page(self) -> Page:
        """The tab in front."""
        return self.pages[-1]

    def _open(self, query: str = "") -> list[Failure]:
        page = self.context.new_page()
        self.watches[page] = Watch(page, self.app.address)
        self.pages.append(page)
        try:
            page.goto(link(self.app.address, query))
        except LateError as error:
            return [_late(error)]
        return self._judged(self._rest())

    def step(self, chance: Random) -> list[Failure]:
        """Do something; what was wrong then."""
        try:
            spots = self.page.evaluate("window.crawl.survey()")
        except BrowserError:  # the last action left the page
            self._rest()
            spots = self.page.evaluate("window.crawl.survey()")
        return self.perform(draw(chance, spots, self.touched))

    def perform(self, action: Action) -> list[Failure]:
        """Do this; what was wrong then."""
        rested = not self.done or self.done[-1][1].rests  # or the page is still at the last action
        self.done.append((urlsplit(self.page.url).query, action))
        self.account.actions += 1
        if action.spot:
            self.touched[action.spot["kind"], action.spot["key"] or action.spot["name"]] += 1
        before = self._look() if rested else None
        watch = self.watches[self.page]
        watch.leaving = action.do in ("go to", "go back", "go forward", "reload", "close this tab")
        try:
            told = self._act(action)
        except LateError as error:
            return [_late(error)]
        if not action.rests:
            return []
        hang = self._rest()
        watch.leaving = False
        return self._judged(hang, action, told, before)

    def _act(self, action: Action) -> Mapping | None:
        if action.do == "open a second tab":
            if len(self.pages) < 2:
                self._open(urlsplit(self.page.url).query)
            return None
        if action.do == "change to the other tab":
            self.pages.reverse()
            self.page.bring_to_front()
            return None
        if action.do == "close this tab":
            if len(self.pages) > 1:
                self.pages.pop().close()
                self.page.bring_to_front()
            return None
        try:
            self.page.evaluate("window.crawl.begin()")
            return act(Place(self.page, self.app.address, self.app.folder), action)
        except Missed:
            self.account.missed += 1
            self.page.keyboard.press("Escape")  # what lies over it goes
        except LateError:
            raise
        except BrowserError as error:
            if "Execution context was destroyed" not in str(error):
                raise
        return None

    def _rest(self) -> Failure | None:
        return checks.until_rest(self.page, self.patience_s)

    def _look(self) -> Mapping:
        for _ in range(3):
            try:
                return self.page.evaluate("window.crawl.look()")
            except BrowserError:
                self._rest()
        return self.page.evaluate("window.crawl.look()")

    def _judged(
        self, hang: Failure | None, action: Action | None = None, told: Mapping | None = None,
        before: Mapping | None = None,
    ) -> list[Failure]:  # fmt: skip
        if hang is not None:
            return [hang, *checks.of_server(self.app.server.news())]
        timing = self.page.evaluate("window.crawl.timing()")
        self.account.reruns += timing["runs"]
        if action and timing["ms"] > checks.SLOW_MS:
            self.account.slow.append((timing["ms"] / 1000, f"{action} at ?{self.done[-1][0]}"))

        def judge(seen: Mapping) -> list[Failure]:
            found = checks.of_page(seen, self.page.url)
            if action and before and before["title"]:
                found += checks.of_choice(action, told, before, seen)
                if action.do == "reload":
                    found += checks.of_reload(before, seen)
                if action.do == "go to" and seen["matches"]:
                    found += checks.of_link(action.value["query"], self.page)
            return found

        found = checks.settled(self._look, judge, self.page)
        for watch in self.watches.values():
            found += watch.news()
        if raised := checks.of_server(self.app.server.news()):  # it says where, too
            found = [failure for failure in found if failure.kind != "exception"]
        return raised + found


def _late(error: LateError) -> Failure:
    return Failure("hang", f"the browser does not get on: {error.message.splitlines()[0]}")


@contextmanager
def served(script: str, library: Path, root: Path = REPOSITORY) -> Iterator[App]:
    """An app with a home of its own, where it finds no model and writes what it keeps."""
    with tempfile.TemporaryDirectory(prefix="crawl-") as name:
        home = Path(name)
        output, uploads = home / "output.txt", home / "uploads"
        _files_to_upload(uploads)
        elsewhere = {
            "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "SERENDIP_MODELS": "",
            "SERENDIP_LIBRARY": str(library),
        }  # fmt: skip
        with browsing.serving(script, library, root, output, elsewhere) as address:
            yield App(address, Server(output), uploads)


def _files_to_upload(folder: Path) -> None:
    """Sounds and what is none, by the names of crawl_actions.FILES."""
    folder.mkdir()
    tune = sounds.tune(2.0, seed=7)
    sounds.encode(folder / "tune.wav", tune)
    sounds.encode(folder / "tune.mp3", tune, codec="mp3")
    sounds.encode(folder / "name with ♫ and 'quotes'.wav", tune)
    (folder / "words.txt").write_text("no sound", encoding="utf-8")
    (folder / "empty.mp3").touch()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsing.CHROMIUM, args=browsing.FLAGS)
        yield browser
        browser.close()


def crawl(
    browser: Browser, app: App, seed: str, actions: int, report: "Report | None" = None,
    patience_s: float = PATIENCE_S, walk: int = WALK, first: bool = False,
) -> Account:  # fmt: skip
    """Walk after walk, until so many actions are done; or until the first failure."""
    total, number = Account(), 0
    while total.actions < actions:
        number += 1
        one = Walk(browser, app, patience_s=patience_s)
        chance = Random(f"{seed}.{number}")
        found = one.begun
        while not found and one.account.actions < min(walk, actions - total.actions):
            found = one.step(chance)
        for same, failure in {failure.same: failure for failure in found}.items():
            one.account.faults[same] += 1
            if same not in total.reports:
                told = report.of(one, failure, f"{seed}.{number}") if report else failure.what
                one.account.reports[same] = told
        one.close()
        total.add(one.account)
        if found and (first or one.account.actions == 0):
            break  # without an action: the page that everything begins with is wrong
    return total


@dataclass(frozen=True)
class Report:
    """How a failure is told: where, what, the way there, and a file to do it again."""

    browser: Browser
    app: App
    folder: Path  # for files
    what: str  # app and library, as options
    shorten_s: float = SHORTEN_S

    def of(self, walk: Walk, failure: Failure, seed: str) -> str:
        """A paragraph on it, as text."""
        print(f"{failure.kind}: {failure.what} {failure.where}", file=sys.stderr, flush=True)
        stem = f"{self.what.replace('--', '').replace(' ', '-')}-{seed}-{failure.kind}"
        picture = self.folder / f"{stem}.png"
        walk.page.screenshot(path=picture)
        query, way = self._shortest(walk, failure)
        file = self.folder / f"{stem}.jsonl"
        header = json.dumps({"options": self.what, "query": query})
        file.write_text("\n".join([header, *(action.written() for action in way)]) + "\n")
        page = f"?{urlsplit(walk.page.url).query}"
        lines = [
            f"FAILURE ({failure.kind}): {failure.what}",
            *([f"  in {failure.where}"] if failure.where else []),
            f"  {self.what}, walk {seed}, action {len(walk.done)}, at {page[:300]}",
            f"  {len(way)} actions lead there from ?{query[:300]}:",
            *(f"    {number}. {action}" for number, action in enumerate(way[-LAST:], 1)),
            f"  again: python tests/crawl.py --replay {file}",
            f"  picture: {picture}",
        ]
        return "\n".join(lines)

    def _shortest(self, walk: Walk, failure: Failure) -> tuple[str, list[Action]]:
        """As few actions as lead to the same fault in a new session; all where none do in time."""
        done, end = walk.done, time.monotonic() + self.shorten_s
        if failure.kind == "hang":
            return done[0][0] if done else "", [action for _, action in done]
        lengths = [n for n in (1, 2, 3, 5, 8, 13, 21, 34, 55) if n < len(done)] + [len(done)]
        for length in lengths:
            query, way = done[-length][0] if length else "", [a for _, a in done[-length:]]
            if time.monotonic() > end or not length:
                break
            if self._leads(query, way, failure):
                return query, self._without_needless(query, way, failure, end)
        return done[0][0] if done else "", [action for _, action in done]

    def _without_needless(
        self, query: str, way: list[Action], failure: Failure, end: float
    ) -> list[Action]:
        for place in reversed(range(len(way) - 1)):
            if time.monotonic() > end:
                break
            shorter = way[:place] + way[place + 1 :]
            if self._leads(query, shorter, failure):
                way = shorter
        return way

    def _leads(self, query: str, way: Sequence[Action], failure: Failure) -> bool:
        found = repeat(self.browser, self.app, query, way)
        return failure.same in {one.same for one in found}


def repeat(browser: Browser, app: App, query: str, way: Sequence[Action]) -> list[Failure]:
    """Do it again in a new session, up to the first failure."""
    walk = Walk(browser, app, query)
    found = walk.begun
    for action in way:
        found = found or walk.perform(action)
    walk.close()
    return found


@dataclass(frozen=True)
class Job:
    """One app on one library."""

    app: str  # of APPS
    library: str  # of MADE, or the path of one
    actions: int
    seed: int
    root: Path
    folder: Path  # for what is reported

    @property
    def options(self) -> str:
        """As the command line has them."""
        return f"--app {self.app} --library {self.library}"


def run(job: Job) -> Account:
    """Make the library, serve the app, walk."""
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        app = stack.enter_context(_prepared(job))
        report = Report(browser, app, job.folder, job.options)
        seed = f"{job.seed}.{job.app}.{job.library}"
        return crawl(browser, app, seed, job.actions, report)


@contextmanager
def _prepared(job: Job) -> Iterator[App]:
    with tempfile.TemporaryDirectory(prefix="crawl-") as name, ExitStack() as stack:
        library = Path(job.library)
        if job.library in MADE:
            library = make(job.library, Path(name))
            stack.enter_context(growing(job.library, library))
        yield stack.enter_context(served(APPS[job.app], library.resolve(), job.root))


def jobs(options: argparse.Namespace, folder: Path) -> list[Job]:
    """The actions among apps and libraries, by their shares."""
    apps = list(APPS) if options.app == "all" else [options.app]
    names = list(SHARES) if options.library == "all" else [options.library]
    total = sum(SHARES.get(name, 1) for name in names) * len(apps)
    shares = [(app, name, SHARES.get(name, 1) / total) for name in names for app in apps]
    counts = [round(options.actions * share) for _, _, share in shares]
    counts[0] += options.actions - sum(counts)
    return [
        Job(app, name, count, options.seed, options.root.resolve(), folder)
        for (app, name, _), count in zip(shares, counts, strict=True)
        if count > 0
    ]


def replay(file: Path, root: Path) -> Account:
    """Do again what a report says."""
    header, *lines = file.read_text().splitlines()
    told = json.loads(header)
    parsed = _parser().parse_args(told["options"].split())
    job = Job(parsed.app, parsed.library, len(lines), 0, root, file.parent)
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        app = stack.enter_context(_prepared(job))
        found = repeat(browser, app, told["query"], [Action.read(line) for line in lines])
    account = Account(actions=len(lines))
    for failure in found:
        account.faults[failure.same] += 1
        told = f"FAILURE ({failure.kind}): {failure.what} {failure.where}"
        account.reports[failure.same] = told
    return account


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--actions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--app", choices=[*APPS, "all"], default="all")
    parser.add_argument("--library", default="all", help=f"{', '.join(MADE)}, all, or a folder")
    parser.add_argument("--jobs", type=int, default=1, help="apps and browsers side by side")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="another checkout's apps")
    parser.add_argument("--folder", type=Path, help="for pictures and files of failures")
    parser.add_argument("--replay", type=Path, help="do again what a failure's file says")
    return parser


def main() -> int:
    """Command line; the module's docstring says what it does."""
    options = _parser().parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="crawl-failures-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    begun, total = time.monotonic(), Account()
    if options.replay:
        total = replay(options.replay, options.root.resolve())
    else:
        todo = jobs(options, folder)
        with ProcessPoolExecutor(options.jobs) as pool:
            for job, account in zip(todo, pool.map(run, todo), strict=True):
                print(f"{job.options}: {account}, {account.missed} missed", flush=True)
                total.add(account)
    for same, told in total.reports.items():
        print(f"\n{told}\n  {total.faults[same]} times")
    if total.slow:
        print("\nThe slowest:")
    for seconds, what in sorted(total.slow, reverse=True)[:SLOWEST]:
        print(f"  {seconds:.1f} s  {what[:200]}")
    print(f"\n{total} in {(time.monotonic() - begun) / 60:.0f} min, seed {options.seed}")
    return int(bool(total.faults))


if __name__ == "__main__":
    sys.exit(main())
