"""Players, rows that play, and what screen readers are told, in both apps in a real browser."""

import os
from collections.abc import Iterator
from pathlib import Path

import browsing
import numpy as np
import pytest
import sounds
from accessibility import faults, told
from browsing import patient, served, settle
from playwright.sync_api import Locator, Page, expect
from sounding import FLAC, library_of, made_up

from engine.library import Library

browser, page = browsing.browser, browsing.page  # the fixtures
TRACKS = 24
SECONDS = 20.0  # of each track: longer than a slow machine needs to look
LONG = 1200  # tracks: more than the browser is sent at once
ROW, HEADING = 35, 36  # pixels of a table
CHECKBOX, BUTTON, TITLE = 16, 58, 250  # pixels from the left, in a table with checkboxes


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Tracks of tempo 100, 101 …; the last two are of one name."""
    files = {f"{number:02d}.flac": FLAC for number in range(TRACKS)}
    found = library_of(tmp_path_factory.mktemp("players"), files, [SECONDS] * TRACKS, seed=4)
    with Library.open(found, writable=True) as writer:
        writer._db.execute("UPDATE tracks SET title = 'Twice' WHERE id > ?", (TRACKS - 2,))
    return found


@pytest.fixture(scope="module")
def long_library(tmp_path_factory) -> Path:
    """Many tracks of tempo 100, 101 …, all of one sound."""
    folder = tmp_path_factory.mktemp("long")
    (folder / "music").mkdir()
    first = sounds.encode(folder / "music" / "0.flac", sounds.tune(SECONDS), codec="flac")
    rng, state = np.random.default_rng(1), first.stat()
    with Library.create(folder / "library") as writer, writer.transaction():
        for number in range(LONG):
            if number:
                os.link(first, first.with_name(f"{number}.flac"))
            place = os.fsencode(first.parent), b"%d.flac" % number
            made = made_up(number, "flac", SECONDS, rng)
            writer.record(*place, state.st_size, state.st_mtime_ns, made)
    return folder / "library"


@pytest.fixture(scope="module")
def descriptors(library) -> Iterator[str]:
    yield from served("app_descriptors.py", library)


@pytest.fixture(scope="module")
def similarity(library) -> Iterator[str]:
    yield from served("app_similarity.py", library)


@pytest.fixture(scope="module")
def long_list(long_library) -> Iterator[str]:
    yield from served("app_descriptors.py", long_library)


def open_page(page: Page, address: str) -> None:
    """As browsing.open_page, and the page's own script runs, which comes with the last."""
    browsing.open_page(page, address)
    page.wait_for_function("window.serendipPage")
    settle(page)


def table(page: Page, address: str) -> Locator:
    """The list in order of tempo, which is that of the numbers; scrolled into view."""
    open_page(page, f"{address}{'&' if '?' in address else '?'}order=tempo_bpm")
    found = page.get_by_test_id("stDataFrame")
    expect(found.locator("[role='grid'] td").first).to_be_attached()
    settle(page)
    found.evaluate("table => table.scrollIntoView({block: 'end'})")
    page.wait_for_timeout(500)
    return found


def at(found: Locator, x: float, row: int) -> tuple[float, float]:
    """A point in a row, counted from 0 as they are seen."""
    box = found.bounding_box()
    return box["x"] + x, box["y"] + HEADING + ROW * (row + 0.5)


def plays(page: Page, number: int) -> None:
    """Wait until this track is what plays, and sounds."""
    expect(page.locator(".st-key-queue_playing_now strong")).to_have_text(f"Title {number}")
    page.wait_for_function(
        "[...document.querySelectorAll('.st-key-queue_sounds audio')].some(a => a.currentTime > 0)"
    )


def sounding(page: Page) -> list[str]:
    """The names of the players that sound."""
    return page.evaluate(
        "[...document.querySelectorAll('audio')].filter(a => !a.paused)"
        ".map(a => a.getAttribute('aria-label'))"
    )


def play(found: Locator) -> None:
    found.evaluate("audio => audio.play()")


@pytest.mark.parametrize(
    "address", ["?track=3&track=5", "?tab=listening-test", "?track=3&view=fused"]
)
def test_one_sound_at_a_time(page, similarity, address):
    open_page(page, similarity + address)
    players = page.locator("audio")
    expect(players.nth(8)).to_be_attached()
    settle(page)
    for number in (8, 2, 5):
        play(players.nth(number))
        page.wait_for_function(
            "number => !document.querySelectorAll('audio')[number].paused", arg=number
        )
        assert sounding(page) == [players.nth(number).get_attribute("aria-label")]


def test_a_player_that_is_drawn_later_ends_the_others_too(page, similarity):
    open_page(page, f"{similarity}?track=3")
    play(page.locator(".st-key-query audio"))
    page.get_by_role("radio", name="20").click(force=True)
    settle(page)
    page.get_by_role("button", name="Page 2: EffNet").click()
    late = page.locator(".st-key-effnet_11 audio")
    expect(late).to_be_attached()
    assert len(sounding(page)) == 1
    play(late)
    page.wait_for_function("!document.querySelector('.st-key-effnet_11 audio').paused")
    assert sounding(page) == [late.get_attribute("aria-label")]


def test_what_plays_through_a_list_gives_way_and_says_so(page, similarity):
    open_page(page, f"{similarity}?track=3&view=fused")
    page.locator(".st-key-shown_as").get_by_text("Play all").click()
    page.locator(".st-key-queue_fused_bar").get_by_role("button", name="Play all").click()
    page.wait_for_function(
        "[...document.querySelectorAll('.st-key-queue_fused_sounds audio')]"
        ".some(a => a.currentTime > 0)"
    )
    seed = page.locator(".st-key-query audio")
    play(seed)
    expect(page.get_by_text("Paused · 1 of")).to_be_visible()
    assert sounding(page) == [seed.get_attribute("aria-label")]


def test_the_button_of_a_row_plays_it(page, descriptors):
    found = table(page, descriptors)
    page.mouse.click(*at(found, BUTTON, 3))
    plays(page, 3)
    page.mouse.click(*at(found, BUTTON, 1))
    plays(page, 1)
    cells = found.locator("tbody tr td:first-child")
    expect(cells.nth(1)).to_have_text("♫")
    expect(cells.nth(3)).to_have_text("▶")


def test_a_double_click_and_enter_play_a_row_and_checkboxes_only_select(page, descriptors):
    found = table(page, descriptors)
    page.mouse.dblclick(*at(found, TITLE, 4))
    plays(page, 4)
    page.mouse.click(*at(found, TITLE, 6))
    page.keyboard.press("Enter")
    plays(page, 6)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    plays(page, 8)
    page.mouse.dblclick(*at(found, CHECKBOX, 2))
    page.wait_for_timeout(1500)
    plays(page, 8)
    page.mouse.click(*at(found, CHECKBOX, 2))
    expect(page.get_by_role("button", name="Play from here")).to_be_enabled()
    plays(page, 8)


def test_a_list_that_was_sorted_on_the_page_plays_the_row_that_is_seen(page, descriptors):
    found = table(page, descriptors)
    box = found.bounding_box()
    for _ in range(2):  # falling
        page.mouse.click(box["x"] + TITLE, box["y"] + HEADING / 2)
        page.wait_for_timeout(700)
    first = found.locator("tbody tr").first
    expect(first).to_contain_text("Twice")
    expect(first.locator("td").nth(1)).to_have_text(str(TRACKS - 1))
    page.mouse.dblclick(*at(found, TITLE, 2))
    now = page.locator(".st-key-queue_playing_now strong")
    expect(now).to_have_text("Title 9")
    page.mouse.click(*at(found, BUTTON, 3))
    expect(now).to_have_text("Title 8")


def test_rows_of_a_long_list_play_too(page, long_list):
    found = table(page, f"{long_list}?limit={LONG}")
    expect(found.locator("td[id='glide-cell-0-2']")).to_have_text("▶")  # without checkboxes
    page.mouse.click(*at(found, BUTTON - 33, 2))
    plays(page, 2)
    page.mouse.dblclick(*at(found, TITLE, 5))
    plays(page, 5)
    found.locator(".dvn-scroller").evaluate("table => { table.scrollTop = 35 * 1100; }")
    page.wait_for_timeout(1500)
    page.mouse.dblclick(*at(found, TITLE, 4))
    plays(page, 1104)
    page.mouse.click(*at(found, TITLE, 6))
    page.keyboard.press("Enter")
    plays(page, 1106)


def test_a_tap_plays_a_row_on_a_phone(browser, descriptors):
    window = {"width": 400, "height": 800}
    with patient(browser, viewport=window, has_touch=True, is_mobile=True) as phone:
        found = table(phone, descriptors)
        phone.touchscreen.tap(*at(found, BUTTON, 2))
        plays(phone, 2)


@pytest.mark.parametrize("width", [1280, 400])
def test_a_table_is_as_high_as_its_rows_up_to_the_window(page, descriptors, width):
    page.set_viewport_size({"width": width, "height": 900})
    found = table(page, f"{descriptors}?limit=4")
    assert found.bounding_box()["height"] == pytest.approx(4 * ROW + HEADING, abs=3)
    found = table(page, f"{descriptors}?limit=24")
    height = found.bounding_box()["height"]
    assert height == pytest.approx(min(24 * ROW + HEADING, 900 - 128), abs=3)
    found.locator(".dvn-scroller").evaluate("table => { table.scrollTop = 1e6; }")
    expect(found.locator("tbody tr").last).to_contain_text(str(TRACKS))
    if width == 1280:  # no column is cut off
        wide = found.locator(".dvn-scroller").evaluate("table => table.scrollWidth")
        assert wide <= found.bounding_box()["width"]


def test_what_is_typed_is_found_and_enter_takes_it(page, similarity):
    open_page(page, similarity)
    box = page.get_by_role("combobox", name="Track")
    options = page.get_by_role("option")
    box.press_sequentially("title 7")
    expect(options.first).to_have_text("Title 7 · Artist · Album")
    box.press("Enter")
    expect(page.locator(".st-key-query strong")).to_have_text("Title 7")
    expect(box).to_have_value("")
    # Several hits, of which one is of exactly that name; Enter comes before they do.
    box.fill("title 1")
    box.press("Enter")
    expect(page.locator(".st-key-query strong")).to_have_text("Title 1")
    # Two of one name: the second Enter takes the first of them, an arrow key another.
    box.fill("twice")
    expect(options).to_have_count(2)
    box.press("Enter")
    expect(options.first).to_have_attribute("aria-selected", "true")
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.locator(".st-key-query strong")).to_have_text("Twice")
    page.wait_for_url(f"**track={TRACKS}*")
    box.fill("no such words")
    expect(page.get_by_text("Nothing found: try fewer or other words.").first).to_be_visible()
    box.press("Escape")
    expect(page.get_by_text("Nothing found").filter(visible=True)).to_have_count(0)


def test_a_track_is_chosen_with_the_mouse_and_why_it_is_not_there_is_answered(page, descriptors):
    open_page(page, f"{descriptors}?tempo=..103")
    page.get_by_text("How the filters work together").click()
    page.get_by_role("combobox", name="Why is a track not here?").fill("title 12")
    page.get_by_role("option", name="Title 12").click()
    expect(page.get_by_text("Title 12 is removed by Tempo. Its values:")).to_be_visible()


@pytest.mark.parametrize(
    "address",
    ["?tempo=100..120&loudness=-30..-5", "?tab=mood", "?tab=map", "?tab=report"],
)
def test_screen_readers_can_tell_all_of_the_descriptor_app_apart(page, descriptors, address):
    open_page(page, descriptors + address)
    settle(page)
    page.wait_for_timeout(2000)
    if "tempo" in address:
        page.locator(".st-key-queue_bar").get_by_role("button", name="Play all").click()
        page.get_by_text("How the filters work together").click()
        page.get_by_role("button", name="Relax it (Tempo)").wait_for()
        page.get_by_role("button", name="Columns", exact=True).click()
        page.get_by_role("button", name="The usual ones").wait_for()
    settle(page)
    assert faults(page) == []


@pytest.mark.parametrize(
    "address",
    [
        f"?track={TRACKS - 1}&track={TRACKS}&count=20",
        "?track=3&view=fused",
        "?tab=listening-test",
        "?tab=report",
    ],
)
def test_screen_readers_can_tell_all_of_the_similarity_app_apart(page, similarity, address):
    open_page(page, similarity + address)
    settle(page)
    page.wait_for_timeout(2000)
    settle(page)
    assert faults(page) == []
    if "count" in address:
        names = [name for role, name in told(page) if role == "button"]
        assert {"Remove Twice", "Remove Twice (2)"} <= set(names)
        page.locator(".st-key-shown_as").get_by_text("Play all").click()
        expect(page.locator("[role='grid']")).to_have_count(2)
        settle(page)
        assert faults(page) == []


def test_players_and_their_buttons_are_named_after_the_track(page, similarity):
    open_page(page, f"{similarity}?track=3")
    settle(page)
    title = page.locator(".st-key-effnet_1 strong").inner_text()
    card = page.locator(".st-key-effnet_1")
    more = card.get_by_role("button", name=f"More like this ({title}, EffNet 1)", exact=True)
    expect(more).to_be_visible()
    expect(more.get_by_text("More like this")).to_be_visible()
    assert more.bounding_box()["width"] < 150  # the title is for listeners only
    add = card.get_by_role("button", name=f"Add to the seeds ({title}, EffNet 1)", exact=True)
    expect(add).to_be_visible()
    audio = [name for role, name in told(page) if role == "Audio"]
    assert f"{title} · Artist · EffNet 1" in audio and len(set(audio)) == len(audio)
