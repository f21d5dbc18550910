"""Pages of the apps in a real browser: Chromium without a window, driven by Playwright.

A test module that uses the fixtures binds them by name: `browser, page = browsing.browser, …`.
"""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from waiting import PATIENCE_S, wait_for

REPOSITORY = Path(__file__).resolve().parent.parent
# The first that is there: without the parts of a window, a page costs a third less to open.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
WAIT = 1000 * PATIENCE_S  # milliseconds


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium-headless-shell")
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@contextmanager
def patient(browser: Browser, **context) -> Iterator[Page]:
    """A page with cookies of its own, which waits as long as a busy machine needs."""
    own = browser.new_context(**context)
    own.set_default_timeout(WAIT)
    yield own.new_page()
    own.close()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    window = {"width": 1280, "height": 900}
    with patient(browser, viewport=window, accept_downloads=True) as found:
        yield found


def served(app: str, library: Path) -> Iterator[str]:
    """An app on a free port, with the project's own settings."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(app, library, output=Path(folder) / "output.txt") as address,
    ):
        yield address


@contextmanager
def serving(
    app: str, library: Path, root: Path = REPOSITORY, output: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:  # fmt: skip
    """The same; `output` gets what it writes to its terminal, `root` holds its code."""
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", app, "--server.port", str(port)]
    # Whoever edits a module meanwhile must not have it loaded a second time into what is tested.
    command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
    command += ["--", "--library", str(library)]
    with (output or Path(os.devnull)).open("wb") as file:
        server = subprocess.Popen(
            command, cwd=root, stdout=file, stderr=subprocess.STDOUT,
            env=os.environ | dict(environment or {}),
        )  # fmt: skip
    try:
        _wait_for(port, server, output)
        yield f"http://localhost:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE_S)


def _free_port() -> int:
    """Of a range that is this process's: two that ask at once never get the same."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20_000 + 500 * (worker % 20)  # below those of outgoing connections
    while True:
        port = random.SystemRandom().randrange(first, first + 500)  # other tests may run here
        with contextlib.suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            return port


def _wait_for(port: int, server: subprocess.Popen, output: Path | None) -> None:
    """Until the port answers."""

    def answers() -> bool:
        if server.poll() is not None:
            said = output.read_text(errors="replace") if output else ""
            pytest.fail(f"streamlit ended: {said}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        return False

    wait_for(answers, "streamlit", every=0.1)


def open_page(page: Page, address: str) -> None:
    """Go there and wait until the script has drawn all."""
    page.goto(address)
    expect(page.get_by_role("heading", name="Serendip")).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Until the script rests: running, it says so in the state of the app."""
    page.wait_for_timeout(150)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    )


def enter(field: Locator, text: str) -> None:
    """Put a text into a field and say that it is complete."""
    field.fill(text)
    field.press("Enter")
