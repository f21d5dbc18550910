"""Whole pages after one interaction each, run by Streamlit's own test runner.

Every function below makes a page, then repeats one interaction with another value each time, so
that nothing is answered from what was kept of the time before.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, cycle
from pathlib import Path

from engine.query import Query, Range
from engine.query_link import to_params

REPOSITORY = Path(__file__).resolve().parent.parent
RUNS = 15  # of each interaction; --runs sets it
CLOCK = time.perf_counter  # --cpu: processor_seconds
SECONDS = 900.0  # for one page of a million tracks
HEARD = 900.0  # seconds at most until a thread has made what a page waits for
STYLES = ("Rock---Punk", "Electronic---House", "Jazz---Bop")
UPPER = (110.0, 120.0, 130.0, 140.0)  # BPM
Times = dict[str, list[float]]


def repeat(interact: Callable[[], object]) -> list[float]:
    """Seconds of each of RUNS calls, after one that does not count."""
    interact()
    return [timed(interact) for _ in range(RUNS)]


def timed(function: Callable[[], object]) -> float:
    """Seconds of one call, by CLOCK."""
    start = CLOCK()
    function()
    return CLOCK() - start


def processor_seconds() -> float:
    """Of this process and of those that it has waited for, on all cores together."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


class Page:
    """One app in one session."""

    def __init__(self, app: str, library: Path) -> None:
        from streamlit.testing.v1 import AppTest

        os.environ["SERENDIP_LIBRARY"] = str(library)
        sys.argv = ["streamlit"]
        self.session = AppTest.from_file(str(REPOSITORY / app), default_timeout=SECONDS)
        self.run()
        self._settle()

    def run(self) -> None:
        """Draw it. AssertionError with what the page says went wrong."""
        self.session.run()
        assert not self.session.exception, self.session.exception[0].value

    def _settle(self) -> None:
        """What is read behind the first page is read once a library, not once an interaction."""
        held = self.session.session_state["collection"].held
        held["preloading"].join()

    def ask(self, **params: str | Sequence[str]) -> None:
        """Open another address in the same session, as Back and Forward do."""
        for name in list(self.session.query_params):
            if name not in params:
                del self.session.query_params[name]
        for name, value in params.items():
            self.session.query_params[name] = value
        self.run()

    def query(self, asked: Query) -> None:
        """The address of a query."""
        self.ask(**to_params(asked))

    def open_tab(self, name: str) -> None:
        """As by a click on it."""
        self.session.session_state["tab"] = name
        self.run()

    def set(self, kind: str, key: str, value: object) -> None:
        """Move a widget."""
        getattr(self.session, kind)(key=key).set_value(value)
        self.run()

    def click(self, key: str) -> None:
        """Press a button."""
        self.session.button(key=key).click()
        self.run()


def upper_ends() -> Iterator[float]:
    """Ends of a slider that differ from one to the next."""
    return cycle(UPPER)


def filters(library: Path) -> Times:
    """One filter changes, with the playlist open."""
    page, ends = Page("app_descriptors.py", library), upper_ends()
    base = Query(styles=STYLES)
    words = cycle(("stone river", "engine", "amber low", "keen"))
    lassos = (Query(mood_region=((4, 5), (5.5, 4), (6.8, 5.4), (5, end / 20))) for end in ends)
    percentiles = (Query(ic_percentile=Range(end - 100, None)) for end in ends)
    relaxed = (Query(styles=("Electronic",), tempo=Range(90, end)) for end in ends)
    page.query(base)
    taken = {
        "tempo": repeat(lambda: page.set("slider", "tempo", (90.0, next(ends)))),
        "activation": repeat(
            lambda: page.set("slider", "style_activation", (next(ends) / 1000, 1.0))
        ),
    }
    page.query(Query())
    taken |= {
        "words": repeat(lambda: page.set("text_input", "text", next(words))),
        "whole genre and tempo": repeat(lambda: page.query(next(relaxed))),
        "lasso on the mood plane": repeat(lambda: page.query(next(lassos))),
        "IC percentile": repeat(lambda: page.query(next(percentiles))),
    }
    page.query(Query(tempo=Range(90, 130), tempo_octaves=True, camelot="8A", keys_agree=True))
    taken["half and double tempo, keys that mix"] = repeat(
        lambda: page.set("slider", "tempo", (90.0, next(ends)))
    )
    return taken


def orders(library: Path) -> Times:
    """Another order or another limit, with the playlist open."""
    page, ends, seeds = Page("app_descriptors.py", library), upper_ends(), count(2)
    asked = {
        "shuffled anew": lambda: Query(order="shuffle", seed=next(seeds)),
        "by title": lambda: Query(order="title", tempo=Range(90, next(ends))),
        "closest to the middle": lambda: Query(order="middle", tempo=Range(90, next(ends))),
        "smooth path of 100": lambda: Query(order="smooth", seed=next(seeds)),
        "smooth path of 2,000": lambda: Query(order="smooth", seed=next(seeds), limit=2000),
        "IC arc of 100": lambda: Query(order="ic_arc", seed=next(seeds)),
        "two an artist, three hours": lambda: Query(
            order="shuffle", seed=next(seeds), per_artist=2, minutes=180.0
        ),
        "no limit": lambda: Query(tempo=Range(40, next(ends)), limit=None),
        "no limit, by title": lambda: Query(tempo=Range(40, next(ends)), order="title", limit=None),
    }
    return {name: repeat(lambda m=make: page.query(m())) for name, make in asked.items()}


def planes(library: Path) -> Times:
    """A filter changes while a plane or the report is open; the map is made once before."""
    page, ends = Page("app_descriptors.py", library), upper_ends()
    taken = {}
    page.open_tab("Mood")
    taken["mood plane, tempo"] = repeat(lambda: page.set("slider", "tempo", (90.0, next(ends))))
    page.open_tab("Map")
    start = time.perf_counter()
    while not page.session.get("plotly_chart"):
        assert time.perf_counter() - start < HEARD, "there is no map yet"
        time.sleep(0.5)
        page.run()
    taken["map, tempo"] = repeat(lambda: page.set("slider", "tempo", (90.0, next(ends))))
    page.open_tab("Report")
    # Ends that never come again: reports of the last selections are kept.
    others = count(150.0, -1.0)
    taken["report, other tracks"] = repeat(
        lambda: page.set("slider", "tempo", (90.0, next(others)))
    )
    known = cycle((110.0, 120.0))
    for _ in range(2):
        page.set("slider", "tempo", (90.0, next(known)))
    taken["report, tracks looked at before"] = repeat(
        lambda: page.set("slider", "tempo", (90.0, next(known)))
    )
    return taken


def similar(library: Path) -> Times:
    """The similarity app: another track, constraint or option."""
    page, ends = Page("app_similarity.py", library), upper_ends()
    tracks = count(41, 17)  # ids
    words = cycle(("stone river", "engine", "amber low", "keen"))
    taken = {
        "another track, side by side": repeat(lambda: page.ask(track=str(next(tracks)))),
        "another track, fused": repeat(lambda: page.ask(track=str(next(tracks)), view="fused")),
        "another track, hubs corrected": repeat(
            lambda: page.ask(track=str(next(tracks)), hubness="yes")
        ),
        "three new tracks, fused": repeat(
            lambda: page.ask(track=[str(next(tracks)) for _ in range(3)], view="fused")
        ),
    }
    page.ask(track="42")
    taken["tempo as a constraint"] = repeat(lambda: page.set("slider", "tempo", (90.0, next(ends))))
    taken["words"] = repeat(lambda: page.set("text_input", "search", next(words)))
    page.open_tab("Listening test")
    taken["listening test, another pair"] = repeat(lambda: page.click("test_skip"))
    return taken


def all_pages(library: Path) -> Times:
    """Everything, by app and interaction."""
    parts = {
        "descriptors": (filters, orders, planes),
        "similarity": (similar,),
    }
    return {
        f"{app}: {name}": times
        for app, functions in parts.items()
        for function in functions
        for name, times in function(library).items()
    }
