"""Both apps in a real browser: headless Chromium filters, plays, downloads and saves."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import m3u8
import numpy as np
import pytest
import sounds
from playwright.sync_api import Browser, Page, expect, sync_playwright

from engine.library import Library
from engine.records import Analysis, Media, Outcome, Tags
from engine.schema import SPACE_DIMENSIONS

REPOSITORY = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
WAIT = 60_000  # milliseconds, on a busy machine
# Extension, encoder, what the analysis calls the codec; the last three are no browser's.
FORMATS = (
    (".mp3", "mp3", "mp3float"),
    (".flac", "flac", "flac"),
    (".opus", "libopus", "opus"),
    (".m4a", "aac", "aac"),
    (".wav", "pcm_s16le", "pcm_s16le"),
    (".aiff", "pcm_s16be", "pcm_s16be"),
    (".m4a", "alac", "alac"),
    (".wv", "wavpack", "wavpack"),
)
MARKUP = "<b>bold</b> *it* [x](http://example.org) :smile: :red[y] $z^2$"
TRACKS = 24


def seconds_of(number: int) -> float:
    """Every track has a length of its own."""
    return 3.0 + number * 0.5


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Tracks of all kinds with sounds of known lengths, recorded as an analysis would."""
    folder = tmp_path_factory.mktemp("browser")
    music = folder / "music"
    music.mkdir()
    rng = np.random.default_rng(1)
    with Library.create(folder / "library") as writer:
        for space in SPACE_DIMENSIONS:
            writer.set_labels(space, [f"Rock---Style {n}" for n in range(SPACE_DIMENSIONS[space])])
        for number in range(TRACKS):
            extension, encoder, codec = FORMATS[number % len(FORMATS)]
            path = music / f"{number:02d} #a{extension}"
            sounds.encode(path, sounds.tune(seconds_of(number), seed=number), codec=encoder)
            analysis = made_up(number, codec, rng)
            state = path.stat()
            writer.record(
                os.fsencode(music),
                os.fsencode(path.name),
                state.st_size,
                state.st_mtime_ns,
                analysis,
            )
    return folder / "library"


def made_up(number: int, codec: str, rng: np.random.Generator) -> Analysis:
    """Tempo 100, 101 …; everything else by chance."""
    dsp = {
        "tempo_bpm": 100.0 + number,
        "loudness_lufs": -12.0,
        **{f"key_{profile}": "A" for profile in ("temperley", "krumhansl", "edma")},
        **{f"scale_{profile}": "minor" for profile in ("temperley", "krumhansl", "edma")},
    }
    vectors = {s: rng.random(n, dtype=np.float32) for s, n in SPACE_DIMENSIONS.items()}
    effnet = {space: vectors[space] for space in ("effnet", "styles")}
    musicnn = {space: vectors[space] for space in ("musicnn", "tags")}
    title = MARKUP if number == 0 else f"Title {number}"
    return Analysis(
        content_hash=f"{number:032x}",
        media=Media(seconds_of(number), 44_100, 2, codec),
        tags=Tags(title, "Artist", "Album", 2000),
        outcomes=(
            Outcome("dsp", "f", "ok", values=dsp),
            Outcome("effnet", "f", "ok", values={"voice": 0.9}, vectors=effnet),
            Outcome("musicnn", "f", "ok", values={"valence": 5.0, "arousal": 6.0}, vectors=musicnn),
        ),
    )


def served(app: str, library: Path) -> Iterator[str]:
    """An app on a free port, with the project's own settings."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", app, "--server.port", str(port)]
    command += ["--server.headless", "true", "--", "--library", str(library)]
    server = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        wait_for(port, server)
        yield f"http://localhost:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(port: int, server: subprocess.Popen) -> None:
    """Until the port answers."""
    for _ in range(300):
        if server.poll() is not None:
            pytest.fail(f"streamlit ended: {server.stdout.read().decode()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("streamlit did not start within 30 s")


@pytest.fixture(scope="module")
def descriptors(library) -> Iterator[str]:
    yield from served("app_descriptors.py", library)


@pytest.fixture(scope="module")
def similarity(library) -> Iterator[str]:
    yield from served("app_similarity.py", library)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    yield context.new_page()
    context.close()


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


def counted(page: Page, matches: int) -> None:
    expect(page.get_by_role("heading", name=f"{matches} of {TRACKS} tracks match")).to_be_visible()


def lengths(page: Page) -> list[float]:
    """Durations of all players, once each knows its own."""
    page.wait_for_function(
        "[...document.querySelectorAll('audio')].every(a => a.readyState >= 1 || a.error)"
    )
    return page.eval_on_selector_all("audio", "all => all.map(a => a.error ? -1 : a.duration)")


def test_filter_with_the_keyboard_reload_and_reset(page, descriptors):
    open_page(page, descriptors)
    counted(page, TRACKS)
    lower = page.get_by_role("slider", name="Tempo (BPM)").first
    lower.focus()
    for _ in range(65):  # 40 BPM to 105 BPM
        lower.press("ArrowRight")
    counted(page, TRACKS - 5)
    settle(page)
    assert parse_qs(urlsplit(page.url).query) == {"tempo": ["105.."]}
    page.reload()
    counted(page, TRACKS - 5)
    page.get_by_text("How the filters work together").click()
    expect(page.get_by_text("Tempo: 19 left")).to_be_visible()
    page.get_by_role("button", name="Reset all").click()
    counted(page, TRACKS)


def test_a_link_sets_the_filters(page, descriptors):
    open_page(page, f"{descriptors}?tempo=110..119&order=tempo_bpm&descending=yes")
    counted(page, 10)
    page.get_by_role("button", name="Play all").click()
    expect(page.locator(".st-key-queue_bar").get_by_text("Title 19")).to_be_visible()


def test_download_opens_in_another_program(page, descriptors, library, tmp_path):
    open_page(page, f"{descriptors}?tempo=104..109&order=tempo_bpm")
    counted(page, 6)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download M3U8").click()
    assert downloading.value.suggested_filename == "serendip.m3u8"
    downloading.value.save_as(tmp_path / "got.m3u8")
    entries = m3u8.load(str(tmp_path / "got.m3u8")).segments
    music = library.parent / "music"
    assert [entry.uri for entry in entries] == [
        str(next(music.glob(f"{number:02d} *"))) for number in range(4, 10)
    ]
    assert [entry.title for entry in entries] == [f"Artist - Title {n}" for n in range(4, 10)]
    assert all(Path(entry.uri).is_file() for entry in entries)


def test_save_to_a_folder_says_where(page, descriptors, tmp_path):
    open_page(page, descriptors)
    folder = page.get_by_role("textbox", name="Folder")
    folder.fill(str(tmp_path))
    folder.press("Enter")
    settle(page)
    page.get_by_role("button", name="Save to folder").click()
    expect(page.get_by_text("24 tracks saved.")).to_be_visible()
    assert (tmp_path / "serendip.m3u8").read_bytes().count(b"#EXTINF") == 24


def test_markup_in_tags_is_text(page, descriptors):
    open_page(page, f"{descriptors}?tempo=..100")
    counted(page, 1)
    page.get_by_role("button", name="Play all").click()
    title = page.locator(".st-key-queue_bar strong")
    expect(title).to_have_text(re.compile("bold"))
    shown = title.inner_text().replace("\u2060", "")
    assert shown == MARKUP
    assert title.locator("*").count() == 0


def test_markup_in_a_link_is_text(page, descriptors):
    outside = []
    page.on("request", lambda request: outside.append(request.url))
    open_page(page, descriptors + "?tempo=![x](http://example.org/x.png)<img src=y>")
    expect(page.get_by_text("in the link is ignored")).to_be_visible()
    assert page.get_by_test_id("stAlert").locator("img, a").count() == 0
    assert {urlsplit(url).hostname for url in outside if url.startswith("http")} == {"localhost"}


def test_nothing_leaves_this_machine_and_nothing_is_logged_as_an_error(page, descriptors):
    outside, errors = [], []
    page.on("request", lambda request: outside.append(request.url))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    open_page(page, descriptors)
    hosts = {urlsplit(url).hostname for url in outside if url.startswith(("http", "ws"))}
    assert hosts == {"localhost"}
    assert errors == []


def test_two_lists_and_a_walk(page, similarity):
    open_page(page, similarity)
    expect(page.get_by_text("Choose a track: the ten")).to_be_visible()
    search = page.get_by_role("textbox", name="Search")
    search.fill("ARTIST 07")
    search.press("Enter")
    picker = page.get_by_role("combobox", name=re.compile("1 track found"))
    picker.click()
    page.get_by_role("option", name="Title 7 · Artist · Album").click()
    expect(page.get_by_role("heading", name="EffNet")).to_be_visible()
    expect(page.locator("audio")).to_have_count(21)
    settle(page)
    assert parse_qs(urlsplit(page.url).query) == {"track": ["8"]}
    assert lengths(page)[0] == pytest.approx(seconds_of(7), abs=0.15)
    assert min(lengths(page)) > 0
    page.get_by_role("button", name="More like this").first.click()
    page.wait_for_url(re.compile(r"track=(?!8\b)\d+"))
    walked = int(parse_qs(urlsplit(page.url).query)["track"][0])
    expect(page.locator(".st-key-query strong")).to_have_text(f"Title {walked - 1}")
    expect(page.locator("audio")).to_have_count(21)


@pytest.mark.parametrize("app", ["descriptors", "similarity"])
def test_a_phone_needs_no_sideways_scrolling(page, app, request):
    page.set_viewport_size({"width": 400, "height": 800})
    open_page(page, request.getfixturevalue(app) + ("?track=3" if app == "similarity" else ""))
    if app == "descriptors":
        page.get_by_role("button", name="Play all").click()
    expect(page.locator("audio").first).to_be_visible()
    width = page.evaluate(
        "Math.max(...[...document.querySelectorAll('[data-testid=stMain] *')]"
        ".filter(e => !e.closest('[data-testid=stDataFrame]'))"
        ".map(e => e.getBoundingClientRect().right))"
    )
    assert width <= 400
    if app == "descriptors":
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(page.get_by_role("slider", name="Tempo (BPM)").first).to_be_visible()
