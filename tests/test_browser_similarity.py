"""The similarity app in a real browser: seeds, an uploaded file, constraints, Back, blind test."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import browsing
import pytest
import sounds
from browsing import REPOSITORY, open_page, served, settle
from playwright.sync_api import Page, expect
from sounding import FLAC, library_of

from engine import listening_test
from engine.library import Library

browser, page = browsing.browser, browsing.page  # the fixtures
TRACKS = 30
SECONDS = 2.0  # of each track


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Short tracks of tempo 100, 101 …, with vectors by chance."""
    files = {f"{number:02d}.flac": FLAC for number in range(TRACKS)}
    return library_of(tmp_path_factory.mktemp("similar"), files, [SECONDS] * TRACKS, seed=2)


@pytest.fixture(scope="module")
def address(library) -> Iterator[str]:
    yield from served("app_similarity.py", library)


def seeds_in(page: Page) -> list[str]:
    """The tracks that the address names."""
    return parse_qs(urlsplit(page.url).query).get("track", [])


def titles(page: Page, name: str) -> list[str]:
    """The entries of a list, in order."""
    settle(page)
    found = page.locator(f"[class*='st-key-{name}_'] strong")
    expect(found.first).to_be_visible()
    return found.all_inner_texts()


def test_several_seeds_a_fused_list_and_a_reload(page, address):
    open_page(page, f"{address}?track=3")
    page.locator(".st-key-effnet_1").get_by_role("button", name="Add to the seeds").click()
    expect(page.locator(".st-key-chips [class*='st-key-seed_']")).to_have_count(2)
    page.wait_for_url(re.compile(r"track=3&track=\d+"))
    expect(page.get_by_text(re.compile(r"^Near .*Title 2 \(#\d+\)")).first).to_be_visible()
    page.get_by_role("radio", name="Fused").click()
    expect(page.get_by_role("heading", name="Both networks, fused")).to_be_visible()
    before = titles(page, "fused")
    assert len(before) == 10
    assert parse_qs(urlsplit(page.url).query)["view"] == ["fused"]
    page.reload()
    expect(page.get_by_role("heading", name="Both networks, fused")).to_be_visible()
    assert titles(page, "fused") == before
    page.locator(".st-key-chips").get_by_role("button", name="Remove Title 2", exact=True).click()
    expect(page.locator(".st-key-chips [class*='st-key-seed_']")).to_have_count(1)
    expect(page.locator(".st-key-query strong")).to_be_visible()


def test_back_and_forward_bring_seeds_and_constraints(page, address):
    open_page(page, f"{address}?track=3")
    first = titles(page, "effnet")
    page.locator(".st-key-effnet_1").get_by_role("button", name="More like this").click()
    page.wait_for_url(re.compile(r"track=(?!3\b)\d+"))
    settle(page)
    (second,) = seeds_in(page)
    page.get_by_role("button", name="Faster").click()
    page.wait_for_url(re.compile("than=faster"))
    expect(page.get_by_text(re.compile("Faster: from"))).to_be_visible()
    settle(page)
    page.wait_for_timeout(1200)  # nobody goes Back within a second of a change
    page.go_back()
    expect(page.get_by_text(re.compile("Faster: from"))).to_have_count(0)
    assert seeds_in(page) == [second]
    page.wait_for_timeout(1200)
    page.go_back()
    expect(page.locator(".st-key-query strong")).to_have_text("Title 2")
    assert seeds_in(page) == ["3"]
    assert titles(page, "effnet") == first
    page.wait_for_timeout(1200)
    page.go_forward()
    expect(page.locator(".st-key-query strong")).to_have_text(f"Title {int(second) - 1}")
    settle(page)
    assert seeds_in(page) == [second]


def test_constraints_that_leave_nothing_say_which_to_relax(page, address):
    open_page(page, f"{address}?track=3&tempo=..101&than=faster")
    expect(page.get_by_text(re.compile("No track may be listed.*Faster"))).to_be_visible()
    page.get_by_role("button", name="Relax Faster").click()
    expect(page.get_by_text("2 of 30 tracks may be listed.")).to_be_visible()
    assert len(titles(page, "effnet")) == 2


def test_a_file_of_ones_own_is_no_track_and_says_why_it_cannot_be_compared(
    page, address, library, tmp_path
):
    """The library of this test was made with no model, so that nothing may be compared to it."""
    before = Library.open(library).generation
    open_page(page, address)
    page.get_by_text("Or take a file of your own").click()
    path = sounds.encode(tmp_path / "own.wav", sounds.tune(3.0))
    page.locator("input[type=file]").set_input_files(path)
    problem = page.get_by_text("own.wav cannot be compared.")
    expect(problem).to_be_visible()
    assert Library.open(library).generation == before


@pytest.fixture(scope="module")
def analysed(models_dirs, demo_music, tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The app on a library of real clips that the analysis made, and a clip that is not in it."""
    folder = tmp_path_factory.mktemp("analysed")
    clips = sorted(demo_music.iterdir())[:4]
    (folder / "music").mkdir()
    for clip in clips[1:]:
        (folder / "music" / clip.name).symlink_to(clip)
    command = [sys.executable, "precompute.py", folder / "music", "--library", folder / "library"]
    models = [part for path in models_dirs for part in ("--models", path)]
    subprocess.run([*command, *models, "--no-fetch"], cwd=REPOSITORY, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERENDIP_MODELS", os.pathsep.join(map(str, models_dirs)))
        for address in served("app_similarity.py", folder / "library"):
            yield address, clips[0]


def test_a_file_of_ones_own_finds_what_sounds_like_it(page, analysed):
    address, clip = analysed
    open_page(page, address)
    page.get_by_text("Or take a file of your own").click()
    page.locator("input[type=file]").set_input_files(clip)
    expect(page.get_by_text(re.compile(r"analysed in \d+ s"))).to_be_visible()
    assert len(titles(page, "musicnn")) == 3
    assert seeds_in(page) == []
    page.locator(".st-key-musicnn_1").get_by_role("button", name="Add to the seeds").click()
    expect(page.get_by_text(re.compile("^Near .* and|^Near .*, ")).first).to_be_visible()
    page.locator(".st-key-chips").get_by_role("button", name="Your file").click()
    expect(page.locator(".st-key-chips [class*='st-key-seed_']")).to_have_count(1)
    assert len(titles(page, "musicnn")) == 2


def test_a_file_that_is_no_sound_says_so(page, address, tmp_path):
    open_page(page, address)
    page.get_by_text("Or take a file of your own").click()
    (tmp_path / "broken.mp3").write_bytes(b"no sound at all" * 100)
    page.locator("input[type=file]").set_input_files(tmp_path / "broken.mp3")
    expect(page.get_by_test_id("stAlert").get_by_text("broken.mp3")).to_be_visible()


def test_a_blind_test_through_to_its_results(page, address, library):
    open_page(page, address)
    page.get_by_role("tab", name="Listening test").click()
    expect(page.get_by_role("heading", name="List A")).to_be_visible()
    settle(page)
    sent = page.get_by_test_id("stMain").inner_html()
    shown = sent.split("The track", 1)[1]  # the introduction names both networks
    assert not re.search("effnet|musicnn", shown, re.IGNORECASE)
    expect(page.locator("audio")).to_have_count(1 + 2 * listening_test.LISTED)
    for votes, name in enumerate(("List A", "No difference", "List B"), start=1):
        seed = page.locator(".st-key-test_seed strong").inner_text()
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_text(re.compile(f"^{votes} votes? so far"))).to_be_visible()
        settle(page)
        assert page.locator(".st-key-test_seed strong").inner_text() != seed
        expect(page.get_by_text(re.compile("Kept for"))).to_be_in_viewport()
        expect(page.get_by_role("heading", name="The track")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(re.compile("^2 votes so far"))).to_be_visible()
    kept = listening_test.read(library).votes
    assert [vote.choice for vote in kept] == ["left", "same"]
    page.get_by_role("radio", name="Results").click()
    expect(page.get_by_text("1 vote says little")).to_be_visible()
    expect(page.locator(".st-key-test_share .js-plotly-plot")).to_be_visible()
    expect(page.get_by_role("heading", name="By genre of the track")).to_be_visible()


@pytest.mark.parametrize("tab", ["Find", "Listening test", "Report"])
def test_a_phone_needs_no_sideways_scrolling(page, address, tab):
    page.set_viewport_size({"width": 400, "height": 800})
    open_page(page, f"{address}?track=3&track=4&than=faster&hubness=yes")
    page.get_by_role("tab", name=tab).click()
    settle(page)
    width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= 400
