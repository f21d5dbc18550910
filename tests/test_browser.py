"""Both apps in a real browser: headless Chromium filters, plays, downloads and saves."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import browsing
import m3u8
import pytest
from browsing import enter, open_page, served, settle
from playwright.sync_api import Page, expect
from sounding import MARKUP, library_of

from engine.library import Library
from engine.schema import SPACE_DIMENSIONS

browser, page = browsing.browser, browsing.page  # the fixtures
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
TRACKS = 24


def seconds_of(number: int) -> float:
    """Every track has a length of its own."""
    return 3.0 + number * 0.5


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Tracks of all kinds with sounds of known lengths."""
    files = {}
    for number in range(TRACKS):
        extension, encoder, codec = FORMATS[number % len(FORMATS)]
        files[f"{number:02d} #a{extension}"] = encoder, codec
    lengths = [seconds_of(number) for number in range(TRACKS)]
    found = library_of(tmp_path_factory.mktemp("browser"), files, lengths)
    with Library.open(found, writable=True) as writer:
        for space, size in SPACE_DIMENSIONS.items():
            writer.set_labels(space, [f"Rock---Style {n}" for n in range(size)])
    return found


@pytest.fixture(scope="module")
def descriptors(library) -> Iterator[str]:
    yield from served("app_descriptors.py", library)


@pytest.fixture(scope="module")
def similarity(library) -> Iterator[str]:
    yield from served("app_similarity.py", library)


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
    page.get_by_role("button", name="Reset filters").click()
    counted(page, TRACKS)


def test_a_link_sets_the_filters(page, descriptors):
    open_page(page, f"{descriptors}?tempo=110..119&order=tempo_bpm&descending=yes")
    counted(page, 10)
    page.get_by_role("button", name="Play all").click()
    expect(page.locator(".st-key-queue_bar").get_by_text("Title 19")).to_be_visible()


def test_a_link_keeps_its_filters_where_the_sliders_come_late(page, descriptors):
    """Over a slow line: something else is changed before the browser has the code of a slider."""
    late = []
    page.route("**/Slider*.js", lambda request: late.append(request))
    open_page(page, f"{descriptors}?tempo=110..119")
    counted(page, 10)
    enter(page.get_by_role("textbox", name="Search"), "title")
    settle(page)
    assert late
    for request in late:
        request.continue_()
    expect(page.get_by_role("slider", name="Tempo (BPM)").first).to_be_visible()
    enter(page.get_by_role("textbox", name="Search"), "title 11")
    counted(page, 1)
    settle(page)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked == {"tempo": ["110..119"], "text": ["title 11"]}


@pytest.mark.parametrize("late_kinds", [(), ("NumberInput", "Selectbox")])
def test_a_link_keeps_what_may_be_empty_until_it_is_emptied(page, descriptors, late_kinds):
    """Also of the popover, which the browser draws when it is opened, on the fastest line."""
    late = []
    for kind in late_kinds:
        page.route(f"**/{kind}.*.js", lambda request: late.append(request))
    link = {"limit": ["9"], "minutes": ["60"], "per_artist": ["8"], "per_album": ["7"]}
    link["camelot"] = ["8A"]
    open_page(page, f"{descriptors}?{urlencode(link, doseq=True)}")
    search = page.get_by_role("textbox", name="Search")
    enter(search, "title")
    settle(page)
    assert len(late) == len(late_kinds)
    for request in late:
        request.continue_()
    expect(page.get_by_role("spinbutton", name="At most (tracks)")).to_have_value("9")
    enter(search, "title 1")
    settle(page)
    page.get_by_role("button", name="More limits").click()
    expect(page.get_by_role("spinbutton", name="Per artist (tracks)")).to_have_value("8")
    page.keyboard.press("Escape")
    enter(search, "title 11")
    counted(page, 1)
    settle(page)
    assert parse_qs(urlsplit(page.url).query) == {"text": ["title 11"], **link}
    for label in ("At most (tracks)", "At most (minutes)"):
        enter(page.get_by_role("spinbutton", name=label), "")
        settle(page)
    page.get_by_role("button", name="More limits").click()
    for label in ("Per artist (tracks)", "Per album (tracks)"):
        enter(page.get_by_role("spinbutton", name=label), "")
        settle(page)
    page.keyboard.press("Escape")
    page.get_by_text("Key", exact=True).first.click()
    page.get_by_test_id("stSidebar").get_by_role("button", name="Clear value").click()
    enter(search, "title 1")
    settle(page)
    assert parse_qs(urlsplit(page.url).query) == {"text": ["title 1"], "limit": ["none"]}


def test_download_opens_in_another_program(page, descriptors, library, tmp_path):
    open_page(page, f"{descriptors}?tempo=104..109&order=tempo_bpm")
    counted(page, 6)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download M3U8").click()
    assert downloading.value.suggested_filename == "Serendip.m3u8"
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
    enter(page.get_by_role("textbox", name="Folder"), str(tmp_path))
    settle(page)
    page.get_by_role("button", name="Save to folder").click()
    expect(page.get_by_text("24 tracks saved.")).to_be_visible()
    assert (tmp_path / "Serendip.m3u8").read_bytes().count(b"#EXTINF") == 24


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
    page.get_by_role("combobox", name="Track").fill("ARTIST 07")
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


def test_what_primary_buttons_say_can_be_read_on_their_pale_colour_in_the_dark(page, descriptors):
    page.emulate_media(color_scheme="dark")
    open_page(page, descriptors)
    said = page.get_by_role("button", name="Play all").get_by_text("Play all")
    expect(said).to_have_css("color", "rgb(14, 17, 23)")
