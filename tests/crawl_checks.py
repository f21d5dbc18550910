"""What must hold of a page whatever was done to it; what does not is a Failure.

A watch listens to one page from its beginning: errors of its scripts, of requests, a connection
that ends. Whoever walks looks at the page whenever it rests. What is passed over stands in
PASSED_OVER, with the reason.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from crawl_actions import Action, allowed
from playwright.sync_api import ConsoleMessage, Page, Request, Response, WebSocket
from playwright.sync_api import Error as BrowserError

ADDRESS_LETTERS = 4000  # of an address: a lasso of 40 corners takes 1,600
SLOW_MS = 2000.0  # of a rerun that a person would call a wait
LATE_LOOKS = 4  # times that what a moment may change is looked at again, in
LATE_MS = 250
# In console messages and failed requests → why it is no fault of the apps.
PASSED_OVER = {
    "net::ERR_ABORTED": "the page was left, or an audio element was taken away, while it loaded",
    "'_hoverlayer'": "plotly looks for the labels of a figure that the page has just taken away",
}
MEDIA = re.compile(r"https?://[^\s()]*/media/[^\s():]+")
OWN_FRAME = re.compile(  # of a traceback
    r'File "([^"]*/(?:(?:ui|engine)/[\w/]+|app_\w+|crawl_pages)\.py)", line (\d+), in (\S+)'
)


@dataclass(frozen=True)
class Failure:
    """Something that must not be."""

    kind: str  # exception, console, request, connection, sounds, choice, count, address, hang
    what: str  # one line
    where: str = ""  # of the code, where it is known

    @property
    def same(self) -> tuple[str, str]:
        """By which two failures are the same fault: numbers and quotes differ from case to case."""
        return self.kind, self.where or re.sub(r"\d+|“[^”]*”|'[^']*'", "…", self.what)[:120]


class Watch:
    """Everything that one page does wrong by itself."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self._failures: list[Failure] = []
        self.leaving = False  # connections end with the page that they belong to
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note("console", f"uncaught: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("websocket", self._connected)

    def _note(self, kind: str, what: str) -> None:
        if not any(sign in what for sign in PASSED_OVER):
            self._failures.append(Failure(kind, what.splitlines()[0][:300]))

    def news(self) -> list[Failure]:
        """Since it was asked last. A sound or picture that could not be fetched is a fault only
        where the page still shows it: what the script draws no more, Streamlit gives no more."""
        found, self._failures = self._failures, []
        if not any(MEDIA.search(one.what) for one in found) or self.page.is_closed():
            return found
        shown = self.page.evaluate("window.crawl.look().media")
        return [f for f in found if not (url := MEDIA.search(f.what)) or url[0] in shown]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note("console", f"{message.text} ({message.location.get('url', '')})")

    def _failed(self, request: Request) -> None:
        self._note("request", f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._note("request", f"{response.request.method} {response.url}: {response.status}")

    def _connected(self, socket: WebSocket) -> None:
        page = self.page.url

        def ended(_) -> None:
            if not self.leaving and not self.page.is_closed() and self.page.url == page:
                self._note("connection", "the page lost its connection to the app")

        socket.on("close", ended)


class Server:
    """What an app writes to its terminal."""

    def __init__(self, output: Path) -> None:
        self.output, self.read = output, 0

    def news(self) -> str:
        """Since it was asked last."""
        with self.output.open("rb") as file:
            file.seek(self.read)
            said = file.read()
        self.read += len(said)
        return said.decode("utf-8", "replace")


def of_server(said: str) -> list[Failure]:
    """Tracebacks among what an app said."""
    found = []
    for block in said.split("Traceback (most recent call last)")[1:]:
        lines = [line for line in block.splitlines() if line and not line.startswith((" ", ":"))]
        frames = OWN_FRAME.findall(block)
        where = f"{Path(frames[-1][0]).name}:{frames[-1][1]} in {frames[-1][2]}" if frames else ""
        found.append(Failure("exception", lines[0] if lines else "a traceback", where))
    return found


def of_page(look: Mapping, address: str) -> list[Failure]:
    """What a page that rests shows and must not."""
    found = [Failure("exception", f"on the page: {said[:200]}") for said in look["exceptions"]]
    found += [Failure("connection", said[:200]) for said in look["lost"]]
    if look["sounding"] > 1:
        found.append(Failure("sounds", f"{look['sounding']} sounds at once"))
    if len(address) > ADDRESS_LETTERS:
        found.append(Failure("address", f"the address has {len(address):,} letters"))
    return found + _of_counts(look)


def _of_counts(look: Mapping) -> list[Failure]:
    """Of n of m tracks, so many are listed and the others left out by limits."""
    if look["matches"] is None:
        return []
    matching, total = look["matches"]
    found = []
    if matching > total:
        found.append(Failure("count", f"{matching} of {total} tracks match"))
    if look["listed"] is not None:
        if look["listed"] + sum(look["leftOut"]) != matching:
            told = f"{look['listed']} listed, {look['leftOut']} left out, but {matching} match"
            found.append(Failure("count", told))
        if look["rows"] not in (None, look["listed"]):
            found.append(Failure("count", f"{look['listed']} listed in {look['rows']} rows"))
    return found


def of_choice(
    action: Action, told: Mapping | None, before: Mapping, after: Mapping
) -> list[Failure]:
    """One choice takes one more option at most, and what was typed in full comes first."""
    if action.do != "choose":
        return []
    found = []
    key = action.spot["key"]
    held, holds = before["chips"].get(key, []), after["chips"].get(key, [])
    if len(holds) > len(held) + 1:
        found.append(Failure("choice", f"one choice in “{action.spot['name']}” took {len(holds)}"))
    typed, first = (told["typed"], told["first"]) if told else (None, None)
    if typed and first and action.spot["kind"] == "several" and typed != first:
        said = f"typed “{typed}”, but the first that is offered is “{first}”"
        found.append(Failure("choice", said))
    return found


def of_reload(before: Mapping, after: Mapping) -> list[Failure]:
    """The address holds all that is asked for."""
    if before["matches"] is None or before["matches"] == after["matches"]:
        return []
    if after["matches"] is None or before["matches"][1] != after["matches"][1]:
        return []  # the library has grown meanwhile
    told = f"{before['matches'][0]} matched before a reload, {after['matches'][0]} after it"
    return [Failure("count", told)]


def of_link(query: str, page: Page) -> list[Failure]:
    """What a link says wrongly is told."""
    if allowed(parse_qs(query, keep_blank_values=True)):
        return []
    if page.get_by_text("in the link is ignored").count():
        return []
    return [Failure("link", f"nothing is said of what is wrong in ?{query[:200]}")]


def until_rest(page: Page, patience_s: float) -> Failure | None:
    """Wait until the page rests; a page that does not is a failure."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            if page.evaluate("window.crawl?.rests() ?? false"):
                return None
        except BrowserError as error:
            if "Execution context was destroyed" not in str(error):
                raise
        page.wait_for_timeout(40)
    state = page.evaluate("window.crawl?.state()")
    return Failure("hang", f"the page did not rest within {patience_s:.0f} s ({state})")


def settled(look: Callable[[], Mapping], judge: Callable[[Mapping], list[Failure]],
            page: Page) -> list[Failure]:  # fmt: skip
    """What is judged of what is seen; what may only be late (a sound that is about to be paused, a
    run that was about to begin) is looked at again."""
    found: list[Failure] = []
    for _ in range(LATE_LOOKS):
        if not (found := judge(look())):
            break
        page.wait_for_timeout(LATE_MS)
    return found
