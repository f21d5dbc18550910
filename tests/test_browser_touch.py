"""The planes of the descriptor app under a finger, under the wheel, and in the address."""

import re
from collections.abc import Iterator
from itertools import pairwise

import browsing
import pytest
import test_browser_planes
from browsing import open_page, patient, settle
from playwright.sync_api import Page, expect
from test_browser_planes import LASSO, lasso, matching, query_of, tab

browser, page = browsing.browser, browsing.page  # the fixtures
library, app = test_browser_planes.library, test_browser_planes.app


@pytest.fixture
def phone(browser) -> Iterator[Page]:
    window = {"width": 400, "height": 800}
    with patient(browser, viewport=window, has_touch=True, is_mobile=True) as found:
        yield found


def plane_of(page: Page) -> dict[str, float]:
    """Where the plane is, in the middle of the window."""
    plane = page.locator(".js-plotly-plot .nsewdrag").first
    plane.wait_for(state="attached")
    plane.evaluate("plane => plane.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(700)  # plotly takes the finger when it has drawn
    return plane.bounding_box()


def moved(page: Page, places: list[tuple[float, float]]) -> None:
    """A finger that touches, moves and lifts."""
    touch = page.context.new_cdp_session(page)

    def send(kind: str, points: list) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", [dict(zip("xy", places[0], strict=True))])
    for (x, y), (to_x, to_y) in pairwise(places):
        for part in range(1, 9):
            point = {"x": x + (to_x - x) * part / 8, "y": y + (to_y - y) * part / 8}
            send("touchMove", [point])
            page.wait_for_timeout(16)
    send("touchEnd", [])


def scrolled(page: Page) -> float:
    return page.get_by_test_id("stMain").evaluate("main => main.scrollTop")


@pytest.mark.parametrize("name", ["Mood", "Map"])
def test_a_swipe_over_a_plane_scrolls_and_draws_nothing(phone, app, name):
    open_page(phone, f"{app}?tab={name.lower()}")
    everything = matching(phone)
    box = plane_of(phone)
    before, address = scrolled(phone), phone.url
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert before > 200  # the plane is far down the page: there is room to go back up
    moved(phone, [(x, y), (x + 30, y + 60), (x, y + 200)])
    phone.wait_for_timeout(1500)
    assert scrolled(phone) < before - 100
    settle(phone)
    assert matching(phone) == everything
    assert phone.url == address


def test_a_finger_draws_when_it_is_asked_to(phone, app):
    open_page(phone, f"{app}?tab=mood")
    everything = matching(phone)
    phone.get_by_text("Draw with a finger").click()
    settle(phone)
    box = plane_of(phone)
    before = scrolled(phone)
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in LASSO]
    moved(phone, places)
    phone.wait_for_url(re.compile("mood_region"))
    assert 0 < matching(phone) < everything
    assert abs(scrolled(phone) - before) < 5


def test_the_wheel_scrolls_past_a_plane_on_which_a_mouse_draws_at_once(page, app):
    open_page(page, f"{app}?tab=mood")
    expect(page.get_by_text("Draw with a finger")).to_be_hidden()
    box = plane_of(page)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
    page.wait_for_timeout(300)
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(700)
    assert scrolled(page) > 50
    lasso(page)
    page.wait_for_url(re.compile("mood_region"))
    query = query_of(page)
    page.get_by_role("button", name="Clear", exact=True).click()
    page.wait_for_url(lambda url: "mood_region" not in url and "valence" not in url)
    assert query.mood_region


def test_back_and_a_reload_return_to_the_tab(page, app):
    open_page(page, app)
    tab(page, "Map")
    page.wait_for_url(re.compile("tab=map"))
    tab(page, "Mood")
    page.wait_for_url(re.compile("tab=mood"))
    page.wait_for_timeout(2500)  # nobody goes Back at once: see ui/address
    page.go_back()
    page.wait_for_url(re.compile("tab=map"))
    expect(page.get_by_role("tab", name="Map", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    page.reload()
    settle(page)
    expect(page.get_by_role("tab", name="Map", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )


def test_texts_have_a_contrast_that_can_be_read(page, app):
    open_page(page, f"{app}?tab=mood")
    plane_of(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.reload()
        settle(page)
        page.locator(".js-plotly-plot .xtick text").first.wait_for(state="attached")
        worst = page.evaluate(CONTRASTS)
        assert set(worst) == {"caption", "ticks", "title", "words", "legend"}
        assert {name: ratio for name, ratio in worst.items() if ratio < 4.5} == {}, scheme


# Of each kind of text, the least contrast (WCAG 2.1) with the page: its colour, at the opacity of
# all elements that it is in, over the background.
CONTRASTS = """() => {
  const numbers = (text) => text.match(/[0-9.]+/g).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
  const back = numbers(getComputedStyle(document.querySelector('[data-testid=stApp]'))
    .backgroundColor)
  const ratio = (element) => {
    const style = getComputedStyle(element)
    const ink = numbers(element instanceof SVGElement ? style.fill : style.color)
    let alpha = ink[3] ?? 1
    for (let part = element; part; part = part.parentElement)
      alpha *= Number(getComputedStyle(part).opacity)
    if (element instanceof SVGElement) alpha *= Number(style.fillOpacity)
    const shown = [0, 1, 2].map((i) => ink[i] * alpha + back[i] * (1 - alpha))
    const [low, high] = [light(shown), light(back)].sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }
  const kinds = {
    caption: '[data-testid=stMain] [data-testid=stCaptionContainer] p',
    ticks: '.xtick text, .ytick text', title: '.xtitle, .ytitle', words: '.annotation-text',
    legend: '.legendtext',
  }
  return Object.fromEntries(Object.entries(kinds).map(([name, selector]) =>
    [name, Math.min(...[...document.querySelectorAll(selector)].map(ratio))]))
}"""
