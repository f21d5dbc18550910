"""Walks by chance through both apps, on libraries of all kinds, meet no failure.

`make crawl` goes further; tests/crawl.py says how a failure is done again.
"""

import browsing
import crawl
import pytest
from crawl import served
from crawl_libraries import APPS, growing, make

browser = browsing.browser  # the fixture
# App, library and so many actions; as many as fit into the time of a test.
WALKS = (
    ("descriptors", "full", 30), ("descriptors", "tags", 12), ("descriptors", "none", 8),
    ("descriptors", "one", 8), ("descriptors", "empty", 3), ("descriptors", "writing", 12),
    ("similarity", "full", 25), ("similarity", "tags", 10), ("similarity", "writing", 10),
    ("similarity", "one", 5),
)  # fmt: skip


@pytest.mark.parametrize(("app", "library", "actions"), WALKS)
def test_a_walk_by_chance_meets_no_failure(browser, tmp_path, app, library, actions):
    path = make(library, tmp_path)
    with growing(library, path), served(APPS[app], path) as shown:
        report = crawl.Report(browser, shown, tmp_path, f"--app {app} --library {library}")
        found = crawl.crawl(browser, shown, f"1.{app}.{library}", actions, report)
    assert not found.reports, "\n".join(found.reports.values())
    assert found.actions == actions
