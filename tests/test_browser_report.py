"""The page of a report in a real browser, and the report in an app."""

import re

import browsing
import pytest
from browsing import WAIT, open_page, served, settle
from playwright.sync_api import Browser, Page, expect
from report_sources import musav

from benchmarks import synthetic
from engine.report import report
from engine.report_figures import figures
from engine.report_files import write

browser, page = browsing.browser, browsing.page  # the fixtures


@pytest.fixture(scope="module")
def found(shared_dir):
    return report(musav(shared_dir))


@pytest.fixture(scope="module")
def address(found, tmp_path_factory) -> str:
    return write(found, tmp_path_factory.mktemp("report")).as_uri()


def opened(browser: Browser, address: str, **context) -> tuple[Page, list[str]]:
    """The page, drawn, without a network; and whatever went wrong or was asked for elsewhere."""
    page = browser.new_context(offline=True, **context).new_page()
    page.set_default_timeout(WAIT)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if is_elsewhere(asked.url) else None)
    page.goto(address)
    page.wait_for_selector("body.drawn .plot .main-svg")
    return page, wrong


def is_elsewhere(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))


def test_all_figures_are_drawn_without_complaint(browser, address, found):
    page, wrong = opened(browser, address, viewport={"width": 1280, "height": 900})
    for figure in figures(found):
        plot = page.locator(f"#plot-{figure.name}")
        expect(plot).to_have_attribute("aria-label", figure.alt)
        expect(plot.locator(".main-svg").first).to_be_visible()
        if figure.kind == "histogram":
            expect(plot.locator(".bars .point")).to_have_count(len(figure.series[0].values))
    expect(page.locator("figure img").first).to_be_hidden()
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(browser, address, scheme):
    page, wrong = opened(
        browser, address, viewport={"width": 400, "height": 800}, color_scheme=scheme
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    for plot in page.locator(".plot .main-svg").all():
        box = plot.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 400
    assert wrong == []


def test_figures_follow_the_colours_of_the_page(browser, address):
    page, _ = opened(browser, address, color_scheme="light")
    bar = page.locator("#plot-tempo .bars .point path").first
    expect(bar).to_have_css("fill", "rgb(15, 107, 99)")
    page.emulate_media(color_scheme="dark")
    expect(bar).to_have_css("fill", "rgb(92, 196, 184)")


def test_paper_gets_the_pictures(browser, address, tmp_path):
    page, wrong = opened(browser, address, viewport={"width": 1280, "height": 900})
    page.emulate_media(media="print")
    expect(page.locator("figure img").first).to_be_visible()
    expect(page.locator(".plot").first).to_be_hidden()
    printed = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    sheets = len(re.findall(rb"/Type /Page\b", printed))
    assert printed.startswith(b"%PDF") and 3 <= sheets <= 9
    assert wrong == []


def test_numbers_open_by_keyboard(browser, address):
    page, _ = opened(browser, address)
    details = page.locator("#figure-tempo details")
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(details.locator("table")).to_be_visible()
    expect(details.locator("th")).to_have_text(["Tempo (BPM) from", "to", "Tracks"])


def test_without_scripts_there_are_pictures(browser, address):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address)
    expect(page.locator("figure img").first).to_be_visible()
    expect(page.locator(".plot").first).to_be_hidden()


def test_in_the_app_the_report_follows_filters_switch_back_and_forward(page, tmp_path):
    synthetic.make(tmp_path / "library", 60, ic=True)
    for address in served("app_descriptors.py", tmp_path / "library"):
        open_page(page, f"{address}?tab=report&tempo=100..125")
        heading = page.get_by_role("heading", name=re.compile(" match$"))
        few, every = re.findall(r"\d+", heading.inner_text())
        some = page.get_by_text(f"describes the {few} tracks of {every}")
        whole = page.get_by_text(f"describes {every} tracks")
        expect(some).to_be_visible()
        page.wait_for_timeout(1100)  # a change of address within a second counts as a late one
        page.get_by_role("radio", name="The whole library").click()
        expect(whole).to_be_visible()
        assert "report=library" in page.url
        page.wait_for_timeout(1100)
        page.go_back()
        expect(some).to_be_visible()
        page.go_forward()
        expect(whole).to_be_visible()
        settle(page)
        assert not page.get_by_test_id("stException").count()
