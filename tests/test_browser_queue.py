"""A playlist plays by itself in a real browser: all of it, past what cannot play, while filters
change."""

import re
from collections.abc import Iterator
from pathlib import Path

import browsing
import pytest
from app_pages import synthetic_library
from browsing import enter, open_page, served, settle
from playwright.sync_api import Locator, Page, expect
from sounding import FLAC, library_of

from engine import playlist, xspf
from engine.library import Library

browser, page = browsing.browser, browsing.page  # the fixtures
SECONDS = 2.0  # of each track
TRACKS = 6
ROW = 35  # pixels of the table
TOP = """() => {
    const table = document.querySelector('[data-testid=stDataFrame]');
    return table.getBoundingClientRect().top + document.querySelector('.stMain').scrollTop;
}"""
# In the page itself, since a track is over before a slow machine has asked for it: which tracks
# were heard to their end, and which begin again instead.
WATCH = """() => {
    const name = (audio) => audio.getAttribute('aria-label');
    const number = (audio) => Number((/^Title ([0-9]+)/.exec(name(audio)) || [0, 0])[1]);
    let held = [];
    window.heard = [];
    window.hold = (numbers) => {
        held = numbers;
        for (const audio of document.querySelectorAll('audio'))
            audio.loop = held.includes(number(audio));
    };
    const on = (event, act) => document.addEventListener(event, (e) => act(e.target), true);
    on('play', (audio) => { audio.loop = held.includes(number(audio)); });
    on('ended', (audio) => { window.heard.push(name(audio)); });
}"""
GONE, BROKEN = 3, 4  # the file is missing; the browser cannot decode it


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """The descriptor app on short tracks: three good ones, two that cannot play, a good one."""
    files = {f"{number}.flac": FLAC for number in range(TRACKS)}
    library = library_of(tmp_path_factory.mktemp("queue"), files, [SECONDS] * TRACKS)
    damage(library.parent / "music")
    yield from served("app_descriptors.py", library)


def damage(music: Path) -> None:
    (music / f"{GONE}.flac").unlink()
    (music / f"{BROKEN}.flac").write_bytes(b"fLaC" + bytes(5000))


def opened(page: Page, address: str, **settings: str) -> None:
    """The list in order of tempo, which is that of the numbers."""
    more = "".join(f"&{name}={value}" for name, value in settings.items())
    open_page(page, f"{address}?order=tempo_bpm{more}")
    settle(page)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    page.evaluate(WATCH)


def hold(page: Page, *numbers: int) -> None:
    """These tracks, and no others, begin again at their end: a slow machine has time to look."""
    page.evaluate("numbers => window.hold(numbers)", list(numbers))


def sounding(page: Page) -> Locator:
    """The audio element of what plays, once it sounds."""
    page.wait_for_function(
        "[...document.querySelectorAll('.st-key-queue_sounds audio')].some(a => a.currentTime > 0)"
    )
    return page.locator(".st-key-queue_sounds audio")


def heard(page: Page) -> list[int]:
    """The numbers of the tracks that sounded to their end, in order."""
    labels = page.evaluate("window.heard")
    return [int(re.match(r"Title (\d+)|.*", label)[1] or 0) for label in labels]


def press(page: Page, name: str) -> None:
    page.locator(".st-key-queue_bar").get_by_role("button", name=name, exact=True).click()


def first_held(page: Page, address: str) -> Locator:
    """The audio element of the first track, which sounds again and again."""
    opened(page, address)
    hold(page, 0)
    press(page, "Play all")
    return sounding(page)


def test_play_all_goes_on_by_itself_past_what_cannot_play_to_the_end(page, address):
    opened(page, address)
    press(page, "Play all")
    expect(page.get_by_text("The end of the list.")).to_be_visible()
    assert heard(page) == [0, 1, 2, 5]
    expect(page.get_by_text("Nothing plays")).to_be_visible()


def test_what_was_skipped_is_said(page, address):
    opened(page, address, tempo=f"{100 + GONE}..")
    press(page, "Play all")
    expect(page.get_by_text("Skipped: “Title 4”. The browser cannot play it.")).to_be_visible()
    expect(page.get_by_text("Skipped: “Title 3”. The file is no longer there.")).to_be_visible()
    expect(page.get_by_text("The end of the list.")).to_be_visible()
    assert heard(page) == [5]


def test_next_previous_and_stop(page, address):
    opened(page, address)
    hold(page, 0, 1)
    press(page, "Play all")
    now = page.locator(".st-key-queue_playing_now")
    expect(now.get_by_text("1 of 6")).to_be_visible()
    press(page, "Next")
    expect(now.get_by_text("2 of 6")).to_be_visible()
    press(page, "Previous")
    expect(now.get_by_text("1 of 6")).to_be_visible()
    press(page, "Stop")
    expect(now.get_by_text("Nothing plays")).to_be_visible()
    expect(page.locator(".st-key-queue_sounds audio")).to_have_count(0)


def test_a_pause_is_no_end(page, address):
    audio = first_held(page, address)
    audio.evaluate("a => a.pause()")
    expect(page.get_by_text("Paused · 1 of 6")).to_be_visible()
    hold(page)
    page.wait_for_timeout(3000)  # longer than the track
    assert heard(page) == []
    assert audio.evaluate("a => a.paused")
    audio.evaluate("a => a.play()")
    expect(page.get_by_text("The end of the list.")).to_be_visible()


def test_a_pause_that_was_taken_back_at_once_is_none(page, address):
    """Whatever a person does before the script has heard of the last thing: the page says the
    same as the player."""
    audio = first_held(page, address)
    for acts, paused in (("a.pause(); a.play()", False), ("a.pause()", True)):
        audio.evaluate(f"a => {{ {acts}; }}")
        page.wait_for_timeout(1500)
        settle(page)
        expect(page.get_by_text("Paused · 1 of 6")).to_have_count(int(paused))
    audio.evaluate("a => { a.play(); a.pause(); }")
    page.wait_for_timeout(1500)
    settle(page)
    assert audio.evaluate("a => a.paused")
    expect(page.get_by_text("Paused · 1 of 6")).to_be_visible()


def test_it_plays_on_while_the_list_changes_and_says_that_it_left(page, address):
    audio = first_held(page, address)
    audio.evaluate("a => { a.dataset.same = 'yes'; }")
    enter(page.get_by_role("spinbutton", name="At most (tracks)"), "2")
    now = page.locator(".st-key-queue_playing_now")
    expect(now.get_by_text("1 of 2")).to_be_visible()
    assert audio.evaluate("a => !a.paused && a.dataset.same") == "yes"
    page.get_by_text("Descending", exact=True).click()  # the last two
    expect(now.get_by_text("Not in this list any more")).to_be_visible()
    assert audio.evaluate("a => !a.paused && a.dataset.same") == "yes"
    hold(page, 5)
    expect(now.get_by_text("1 of 2")).to_be_visible()
    expect(now.get_by_text("Title 5")).to_be_visible()  # which took its place
    assert heard(page)[0] == 0


def test_filter_play_all_and_save_give_the_same_tracks(page, address, tmp_path):
    opened(page, address)
    lower = page.get_by_role("slider", name="Tempo (BPM)").first
    lower.focus()
    for _ in range(61):  # 40 BPM to 101 BPM: the first track goes
        lower.press("ArrowRight")
    expect(page.get_by_role("heading", name="5 of 6 tracks match")).to_be_visible()
    page.get_by_text("Descending", exact=True).click()
    settle(page)
    press(page, "Play all")
    expect(page.get_by_text("The end of the list.")).to_be_visible()
    assert heard(page) == [5, 2, 1]
    saved = {}
    for form, reader in (("M3U8", playlist.parse), ("XSPF", xspf.parse)):
        page.locator(".st-key-export_format").get_by_text(form, exact=True).click()
        settle(page)
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download {form}").click()
        download.value.save_as(tmp_path / form)
        saved[form] = [Path(e.path).name for e in reader((tmp_path / form).read_bytes())]
    assert saved["M3U8"] == [f"{number}.flac" for number in (5, 4, 3, 2, 1)]
    assert saved["XSPF"] == saved["M3U8"]


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory) -> Iterator[str]:
    """The descriptor app on tracks with IC and with values of random weights."""
    folder = tmp_path_factory.mktemp("stand_ins")
    library = synthetic_library(folder, 300, ic=True)
    note = {"file": "x.onnx", "note": "random weights: for plumbing and speed only"}
    with Library.open(library, writable=True) as writer:
        writer.set_meta({"models": {"effnet": [note]}})
    yield from served("app_descriptors.py", library)


@pytest.mark.parametrize("width", [1280, 400])
def test_the_table_stays_where_it_is_and_in_view(page, stand_ins, width):
    page.set_viewport_size({"width": width, "height": 900})
    open_page(page, stand_ins)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    settle(page)
    page.wait_for_timeout(1000)  # the last of what is drawn
    before = page.evaluate(TOP)
    press(page, "Play all")
    expect(page.locator(".st-key-queue_sounds audio")).to_have_count(1)
    expect(page.locator(".st-key-queue_curve_place")).to_be_visible()
    settle(page)
    assert page.evaluate(TOP) == pytest.approx(before, abs=1)
    assert width < 1280 or before + 6 * ROW <= 900  # the heading and five rows


def test_nothing_moves_when_a_track_begins(page, address):
    opened(page, address)
    before = page.evaluate(TOP)
    press(page, "Play all")
    expect(page.locator(".st-key-queue_sounds audio")).to_have_count(1)
    settle(page)
    assert page.evaluate(TOP) == pytest.approx(before, abs=1)


def test_it_plays_on_while_another_tab_is_open(page, address):
    opened(page, address, limit="3")
    hold(page, 0)
    press(page, "Play all")
    now = page.locator(".st-key-queue_playing_now")
    expect(now.get_by_text("1 of 3")).to_be_visible()
    page.get_by_role("tab", name="Mood").click()
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible()
    hold(page, 2)
    expect(now.get_by_text("3 of 3")).to_be_visible()
    page.get_by_role("tab", name="Playlist").click()
    hold(page)
    expect(page.get_by_text("The end of the list.")).to_be_visible()
    assert heard(page) == [0, 1, 2]


def test_it_plays_on_where_nothing_matches(page, address):
    audio = first_held(page, address)
    enter(page.get_by_role("textbox", name="Search"), "no such words")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    expect(page.get_by_text("Not in this list any more")).to_be_visible()
    assert audio.evaluate("a => !a.paused")
