"""Choices in the descriptor app as a browser makes them: by label, with keyboard and mouse."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import browsing
import pytest
from browsing import open_page, served, settle
from playwright.sync_api import Locator, Page, expect

from benchmarks import synthetic
from engine.library import Library
from engine.schema import SPACE_DIMENSIONS

browser, page = browsing.browser, browsing.page  # the fixtures
TRACKS = 40
TECHNO = ("Techno", "Deep Techno", "Hard Techno", "Minimal Techno", "Techno Pop", "Dub Techno")


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[str]:
    """Styles of which one is part of the names of others, and comes after them in the alphabet."""
    library = tmp_path_factory.mktemp("choices") / "library"
    synthetic.make(library, TRACKS)
    more = [f"Rock---Rock {number}" for number in range(SPACE_DIMENSIONS["styles"])]
    labels = [*(f"Electronic---{style}" for style in TECHNO), *more][: SPACE_DIMENSIONS["styles"]]
    with Library.open(library, writable=True) as writer:
        writer.set_labels("styles", labels)
    yield from served("app_descriptors.py", library)


def styles(page: Page) -> Locator:
    return page.locator(".st-key-styles").get_by_role("combobox")


def chips(page: Page) -> list[str]:
    """What is chosen, without the numbers."""
    tags = page.locator(".st-key-styles [data-tag]")
    return [text.partition(" · ")[0] for text in tags.all_inner_texts()]


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def sound(page: Page) -> None:
    """No traceback, and the page is whole."""
    settle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("How the filters work together")).to_be_visible()


def take(page: Page, typed: str) -> None:
    """Type a style, take the first that is offered, and close the list."""
    styles(page).click()
    page.keyboard.insert_text(typed)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")


def press(page: Page, name: str, key: str) -> None:
    page.get_by_role("slider", name=name).first.press(key)


def test_enter_takes_one_style_and_not_all(page, app):
    open_page(page, app)
    styles(page).click()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "styles=" in url)
    sound(page)
    assert len(asked(page)["styles"]) == 1
    expect(page.get_by_role("option", name="Select all")).to_have_count(0)


def test_what_is_typed_in_full_comes_first_then_what_begins_with_it(page, app):
    open_page(page, app)
    styles(page).click()
    page.keyboard.insert_text("techno")
    options = page.get_by_role("option")
    expect(options).to_have_count(len(TECHNO))
    names = [text.partition(" · ")[0] for text in options.all_inner_texts()]
    assert names[:2] == ["Techno", "Techno Pop"]
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "styles=" in url)
    assert asked(page)["styles"] == ["Electronic---Techno"]


def test_a_style_and_then_any_other_widget(page, app):
    open_page(page, app)
    for name in ("Techno", "Dub Techno"):
        take(page, name)
        sound(page)
    press(page, "Tempo (BPM)", "ArrowRight")
    sound(page)
    page.get_by_role("tab", name="Mood").click()
    sound(page)
    page.wait_for_url(lambda url: "tempo=41" in url)
    assert asked(page)["styles"] == ["Electronic---Techno", "Electronic---Dub Techno"]


def test_styles_of_a_link_are_taken_off_and_then_a_slider_is_moved(page, app):
    open_page(page, f"{app}?styles=Electronic&tempo=95..145")
    page.locator(".st-key-styles").get_by_role("button", name="Clear all").click()
    sound(page)
    press(page, "Tempo (BPM)", "ArrowRight")
    page.wait_for_url(lambda url: "tempo=96" in url)
    sound(page)
    assert asked(page) == {"tempo": ["96..145"]}


def test_styles_stay_chosen_while_their_numbers_change(page, app):
    """The browser knows them by labels, which hold numbers that follow the activation."""
    open_page(page, f"{app}?styles=Electronic---Techno&styles=Rock")
    sound(page)
    before = page.locator(".st-key-styles [data-tag]").all_inner_texts()
    for _ in range(3):
        press(page, "Style activation", "PageUp")
        sound(page)
    page.wait_for_url(lambda url: "style_activation=" in url)
    after = page.locator(".st-key-styles [data-tag]").all_inner_texts()
    assert before != after
    assert chips(page) == ["Techno", "Rock"]
    take(page, "dub techno")
    sound(page)
    assert chips(page) == ["Techno", "Rock", "Dub Techno"]
    assert asked(page)["styles"] == ["Electronic---Techno", "Rock", "Electronic---Dub Techno"]


def test_the_order_is_called_the_same_with_and_without_styles(page, app):
    open_page(page, app)
    order = page.locator(".st-key-order").get_by_role("combobox")
    expect(order).to_have_value("Best match")
    open_page(page, f"{app}?styles=Rock")
    expect(order).to_have_value("Best match")
    expect(page.get_by_text("Strongest first", exact=True)).to_be_visible()
