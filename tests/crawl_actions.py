"""What a person may do on a page of the apps, each thing as a value that can be done again.

An Action is drawn by a seeded generator from what the page shows, written down as JSON, and done
with the mouse and the keyboard of the browser, never by calling the page's own code. An element is
found again by its kind, the key of its widget, its name, and its place among those that are alike.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as LateError

from engine.query_link import from_params

ROW = 35  # pixels of a table, and of its heading
LETTERS = 300  # of an overlong text
Spot = dict[str, str | int]  # kind, key, name, nth: see crawl_page.js
Value = dict[str, object]


@dataclass(frozen=True)
class Action:
    """One thing done, in a page or to one of its elements."""

    do: str  # a name of DEEDS
    spot: Spot | None = None
    value: Value | None = None
    rests: bool = True  # whether the page is left to rest before the next one

    def written(self) -> str:
        """One line of JSON."""
        return json.dumps({name: part for name, part in asdict(self).items() if part is not None})

    @classmethod
    def read(cls, line: str) -> "Action":
        """The inverse."""
        return cls(**json.loads(line))

    def __str__(self) -> str:
        """In words, for people."""
        at = ""
        if self.spot:
            key = f" ({self.spot['key']})" if self.spot["key"] else ""
            again = f" no. {self.spot['nth'] + 1}" if self.spot["nth"] else ""
            at = f" {self.spot['kind']} “{self.spot['name']}”{again}{key}"
        how = f": {json.dumps(self.value, ensure_ascii=False)}" if self.value else ""
        return f"{self.do}{at}{how}{'' if self.rests else ', and at once'}"


class Missed(Exception):
    """The element is not there, or lies under another one: nothing was done."""


@dataclass(frozen=True)
class Place:
    """Where actions are done."""

    page: Page
    address: str  # of the app
    folder: Path  # with the files to upload


@dataclass(frozen=True)
class Deed:
    """One kind of action."""

    draw: Callable[[Random], Value | None]  # how it is done
    do: Callable[[Place, Value], object]  # the element has been reached, where it has one


def act(place: Place, action: Action) -> object:
    """Do it; what the deed has to tell. Missed."""
    if action.spot is not None:
        _reach(place.page, action.spot)
    return DEEDS[action.do].do(place, action.value or {})


def _reach(page: Page, spot: Spot) -> None:
    """Scroll an element into view. Missed."""
    box = page.evaluate("spot => window.crawl.reach(spot)", spot)
    if box is None or not (box["met"] or spot["kind"] in ("file", "several")):
        raise Missed


def _box(page: Page) -> Mapping[str, float]:
    return page.evaluate("window.crawl.box()")


def _point(page: Page, across: float = 0.5, down: float = 0.5) -> tuple[float, float]:
    """A point of the element that was reached, by shares of its width and height."""
    box = _box(page)
    return box["x"] + box["width"] * across, box["y"] + box["height"] * down


# -- on elements


def _press(place: Place, value: Value) -> None:
    place.page.mouse.click(*_point(place.page), click_count=int(value.get("times", 1)))


def _hover(place: Place, value: Value) -> None:
    place.page.mouse.move(*_point(place.page))
    place.page.wait_for_timeout(300)
    place.page.mouse.move(2, 2)


def _slide_by_keys(place: Place, value: Value) -> None:
    place.page.evaluate("window.crawl.element.focus()")
    for _ in range(int(value["times"])):
        place.page.keyboard.press(value["key"])


def _slide_by_mouse(place: Place, value: Value) -> None:
    page = place.page
    x, y = _point(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + value["by"] / 2, y + 3, steps=3)
    page.mouse.move(x + value["by"], y, steps=3)
    page.mouse.up()


def _fill(place: Place, value: Value) -> None:
    """Type into a field, and end with Enter or by going elsewhere."""
    page = place.page
    page.mouse.click(*_point(page))
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(value["text"])
    page.keyboard.press(value["end"])


def _choose(place: Place, value: Value) -> Mapping[str, object]:
    """Open a list of choices and take one; what was offered, and what was looked for."""
    page = place.page
    box = _box(page)
    page.mouse.click(box["x"] + min(box["width"] - 8, 20), box["y"] + box["height"] / 2)
    offered = _offered(page)
    told = {"offered": len(offered), "typed": None, "first": None}
    if value["how"] == "mouse" and offered:
        option = page.get_by_role("option").nth(int(value["which"] * len(offered)))
        try:
            option.click(timeout=3000)
        except LateError as error:
            raise Missed from error  # the list has closed
        return told
    if value["how"] == "exact" and offered:
        told["typed"] = bare(offered[int(value["which"] * len(offered))])
        page.keyboard.insert_text(told["typed"])
    elif value["how"] == "text":
        page.keyboard.insert_text(value["text"])
    elif value["how"] == "keys":
        for _ in range(int(value["which"] * 6)):
            page.keyboard.press("ArrowDown")
    page.wait_for_timeout(200)
    told["first"] = next(iter(map(bare, _offered(page))), None)
    page.keyboard.press("Escape" if value["how"] == "leave" else "Enter")
    if value["how"] != "leave":
        page.keyboard.press("Escape")
    return told


def _offered(page: Page) -> list[str]:
    """The options that are shown, as soon as there are any."""
    for _ in range(10):
        if found := page.evaluate("window.crawl.options()"):
            return found
        page.wait_for_timeout(50)
    return []


def bare(option: str) -> str:
    """What a person would type for an option: its name, without the genre and a number after it."""
    return re.sub(r" \([\d,]+\)\s*$", "", option).rpartition("› ")[2].partition(" · ")[0].lower()


def _table(place: Place, value: Value) -> None:
    """Click, double-click or scroll; keys go on from the cell that was clicked."""
    page = place.page
    box = _box(page)
    x = {"box": 17, "cell": box["width"] * value["across"]}[value["at"]]
    y = min(ROW * (value["row"] + 0.5), box["height"] - 10)
    page.mouse.move(box["x"] + x, box["y"] + y)
    if value["how"] == "wheel":
        page.mouse.wheel(120 * value["across"], 300 * (value["across"] - 0.3))
        return
    with_shift = value["how"] == "shift"
    if with_shift:
        page.keyboard.down("Shift")
    page.mouse.click(box["x"] + x, box["y"] + y, click_count=2 if value["how"] == "twice" else 1)
    if with_shift:
        page.keyboard.up("Shift")
    if value["how"] == "keys":
        for key in ("ArrowDown", "Space", "ArrowRight", "Enter", "Escape"):
            page.keyboard.press(key)


def _plot(place: Place, value: Value) -> None:
    """Draw with the mouse, which is a lasso or a box as the plot has it, or click twice."""
    page = place.page
    corners = [_point(page, x, y) for x, y in value["corners"]]
    page.mouse.move(*corners[0])
    if value["how"] == "twice":
        page.mouse.dblclick(*corners[0])
        return
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()


def _sound(place: Place, value: Value) -> None:
    """The browser's own controls: begin or pause at the left, a place in the track beside it."""
    box = _box(place.page)
    x = 20 if value["at"] is None else box["width"] * value["at"]
    place.page.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)


def _upload(place: Place, value: Value) -> None:
    path = place.folder / value["file"]
    place.page.evaluate_handle("window.crawl.element").as_element().set_input_files(path)


# -- on pages


def _goto(place: Place, value: Value) -> None:
    place.page.goto(link(place.address, value["query"]))


def link(address: str, query: str) -> str:
    """The address of an app with more parameters."""
    if not query:
        return address
    return f"{address}{'&' if '?' in address else '?'}{query}"


def _back(place: Place, value: Value) -> None:
    _moved(place, place.page.go_back)


def _forward(place: Place, value: Value) -> None:
    _moved(place, place.page.go_forward)


def _moved(place: Place, move: Callable) -> None:
    """Through the history, as far as it is the app's."""
    move(wait_until="commit")
    if urlsplit(place.page.url).netloc != urlsplit(place.address).netloc:
        place.page.goto(place.address)


def _reload(place: Place, value: Value) -> None:
    place.page.reload()


def _resize(place: Place, value: Value) -> None:
    place.page.set_viewport_size({"width": value["width"], "height": value["height"]})
    place.page.wait_for_timeout(300)


def _wait(place: Place, value: Value) -> None:
    place.page.wait_for_timeout(value["ms"])


def _key(place: Place, value: Value) -> None:
    for _ in range(int(value["times"])):
        place.page.keyboard.press(value["key"])


# -- what is drawn by chance

TEXTS = (
    "", " ", "a", "the", "river", "Amber", "no such words at all", "é", "Ω", "שלום", "🎵", "%", "*",
    "\\", "'\"", "<b>bold</b>", "[x](http://example.org)", "../..", "/", "/nonexistent/folder", "~",
    "relative/folder", "C:\\Music", "//server/share", "12, 40-60", "3", "0", "5-2", "1-99999",
    "a" * LETTERS, "two  words", "-", "CON", "name?.m3u8", "=1+1", "$x^2$ :smile: :red[alert]",
    "{}", "%s", "null", "\u202egnp.exe", "techno", "rock", "all",
)  # fmt: skip
NUMBERS = (
    "", "0", "1", "2", "7", "20", "100", "-1", "0.5", "1.5", "1e3", "1e15", "9007199254740993",
    "99999999999999999999", "abc", "4294967295", "4294967296", "1e400", "-0", "00012", "1,000",
)  # fmt: skip
ENDS = ("Enter", "Enter", "Tab")
FILES = ("tune.wav", "tune.mp3", "words.txt", "empty.mp3", "name with ♫ and 'quotes'.wav")
SLIDER_KEYS = ("ArrowRight", "ArrowLeft", "Home", "End", "PageUp", "PageDown")
PAGE_KEYS = ("Escape", "Tab", "Enter", "Space", "ArrowDown", "PageDown", "End", "Home", "Backspace")
SIZES = ((1280, 900), (1280, 900), (400, 800), (800, 600))


def _slider_keys(chance: Random) -> Value:
    return {"key": chance.choice(SLIDER_KEYS), "times": chance.choice((1, 1, 3, 12))}


def _choice(chance: Random) -> Value:
    how = chance.choice(("mouse", "mouse", "keys", "enter", "exact", "text", "leave"))
    return {"how": how, "which": round(chance.random(), 3), "text": chance.choice(TEXTS)}


def _cell(chance: Random) -> Value:
    how = chance.choice(("once", "once", "once", "twice", "shift", "keys", "wheel"))
    at = chance.choice(("box", "box", "cell"))
    return {
        "how": how, "at": at, "row": chance.randrange(9), "across": round(chance.random(), 2)
    }  # fmt: skip


def _corners(chance: Random) -> Value:
    how = chance.choice(("drag", "drag", "drag", "drag", "twice"))
    corners = chance.choice((2, 3, 5, 9))
    places = [[round(chance.uniform(0.05, 0.95), 2) for _ in "xy"] for _ in range(corners)]
    return {"how": how, "corners": places}


# Parameter → values that a link may give it, and some that it may not; "" stands for any other.
LINK_VALUES: dict[str, Sequence[str]] = {
    "text": ("a", "river stone", "", "\\udce9", "a" * LETTERS, "<b>x</b>"),
    "styles": ("Rock", "Rock---Punk", "Electronic---Techno", "punk", "Polka---Unknown", "Rock (3)"),
    "style_match": ("any", "all", "none"),
    "style_activation": ("0.05..", "0.3..0.9", "..", "0.9..0.1", "2..3"),
    "tempo": ("95..145", "..120", "105..", "120..95", "nan..inf", "1e308..", "0..0", "a..b"),
    "tempo_octaves": ("yes", "no", "maybe"),
    "tempo_confidence": ("1..", "-5..99"),
    "danceability": ("0.5..", "2..3"),
    "danceability_dsp": ("..1.2", "0..3"),
    "valence": ("3..7", "..5", "9..9"),
    "arousal": ("4..", "0..100"),
    "voice": ("voice", "instrumental", "any", "choir"),
    "mood_region": ("3,3;7,3;5,6", "1,1;2,2", "nan,1;2,2;3,3", "a", ";;"),
    "map_region": ("0,0;9,0;9,9", "0,0"),
    "map_of": ("0123456789abcdef", "../../etc", ""),
    "key_profile": ("edma", "temperley", "bach"),
    "keys": ("C", "F#", "H"),
    "scale": ("minor", "major", "dorian"),
    "camelot": ("8A", "1B", "13A", "none"),
    "keys_agree": ("yes", "1"),
    "loudness": ("-20..-9", "..-5"),
    "ic": ("2..4", "..3"),
    "ic_percentile": ("20..80", "-5..50", "50..200"),
    "duration": ("120..300", "..60.5", "1e9.."),
    "year": ("1980..1999", "2020.5.."),
    "exclude_artists": ("Warm Keen", "Nobody", "\\udce9", ""),
    "exclude_styles": ("Rock", "pop", "Unknown"),
    "exclude_folders": ("/music", "music", "/"),
    "order": (
        "style", "shuffle", "smooth", "ic_arc", "middle", "artist", "album", "title", "path",
        "tempo_bpm", "danceability", "voice", "valence", "duration_s", "year", "ic_mean", "Library",
        "Style activation",
    ),
    "descending": ("yes", "no", "down"),
    "seed": ("7", "0", "-1", "4294967295", "4294967296", "1e3"),
    "collapse": ("no", "yes"),
    "per_artist": ("1", "0", "none", "99999999999999999999"),
    "per_album": ("2", "-3", "9007199254740993"),
    "minutes": ("30", "0.5", "none", "1e308", "inf", "-1"),
    "limit": ("9", "none", "0", "1", "99999999999999999999", "3.5"),
    "tab": ("mood", "map", "report", "playlist", "find", "listening-test", "nowhere"),
    "track": ("1", "3", "7", "0", "999999", "-1", "99999999999999999999", "x"),
    "than": ("faster", "slower", "calmer", "happier", "nicer"),
    "apart": ("artist", "album", "per_artist", "label"),
    "view": ("fused", "side", "round"),
    "count": ("5", "20", "50", "7"),
    "hubness": ("yes", "no"),
    "somebody_elses": ("parameter",),
}  # fmt: skip
JUNK = ("", " ", "..", "None", "null", "NaN", "%00", "\x00", "é", "<script>", "a" * LETTERS, "0x10")


def _link(chance: Random) -> Value:
    """One to four parameters, each with one or two values."""
    params = {}
    for name in chance.sample(sorted(LINK_VALUES), chance.choice((1, 1, 2, 2, 3, 4))):
        values = LINK_VALUES[name] if chance.random() < 0.85 else JUNK
        params[name] = chance.sample(values, min(len(values), chance.choice((1, 1, 1, 2))))
    return {"query": urlencode(params, doseq=True)}


def allowed(query: Mapping[str, Sequence[str]]) -> bool:
    """Whether a link says nothing that is refused."""
    return not from_params(query)[1]


def _nothing(chance: Random) -> None:
    return None


DEEDS: dict[str, Deed] = {
    "press": Deed(_nothing, _press),
    "press twice": Deed(lambda chance: {"times": 2}, _press),
    "hover": Deed(_nothing, _hover),
    "slide by keys": Deed(_slider_keys, _slide_by_keys),
    "slide by mouse": Deed(lambda chance: {"by": chance.randint(-160, 160)}, _slide_by_mouse),
    "choose": Deed(_choice, _choose),
    "type": Deed(lambda c: {"text": c.choice(TEXTS), "end": c.choice(ENDS)}, _fill),
    "type a number": Deed(lambda c: {"text": c.choice(NUMBERS), "end": c.choice(ENDS)}, _fill),
    "click in the table": Deed(_cell, _table),
    "draw": Deed(_corners, _plot),
    "play": Deed(lambda c: {"at": c.choice((None, None, None, 0.4, 0.6, 0.8))}, _sound),
    "upload": Deed(lambda chance: {"file": chance.choice(FILES)}, _upload),
    "go to": Deed(_link, _goto),
    "go back": Deed(_nothing, _back),
    "go forward": Deed(_nothing, _forward),
    "reload": Deed(_nothing, _reload),
    "resize": Deed(lambda c: dict(zip(("width", "height"), c.choice(SIZES), strict=True)), _resize),
    "wait": Deed(lambda chance: {"ms": chance.choice((300, 1000, 3000))}, _wait),
    "press a key": Deed(lambda c: {"key": c.choice(PAGE_KEYS), "times": c.randint(1, 3)}, _key),
    "open a second tab": Deed(_nothing, lambda place, value: None),  # these three are the walk's
    "change to the other tab": Deed(_nothing, lambda place, value: None),
    "close this tab": Deed(_nothing, lambda place, value: None),
}
# Kind of element → what is done to it, and how often one of that kind is taken.
ON: dict[str, tuple[tuple[str, ...], float]] = {
    "button": (("press", "press", "press", "press", "press twice"), 22),
    "radio": (("press",), 8),
    "pill": (("press",), 6),
    "check": (("press",), 6),
    "unfold": (("press",), 5),
    "tab": (("press",), 6),
    "slider": (("slide by keys", "slide by mouse"), 13),
    "several": (("choose",), 12),
    "select": (("choose",), 8),
    "text": (("type",), 7),
    "number": (("type a number",), 5),
    "table": (("click in the table",), 7),
    "plot": (("draw",), 7),
    "zoom": (("press",), 1),
    "sound": (("play",), 7),
    "file": (("upload",), 2),
    "link": (("press",), 1),
    "tool": (("press",), 1),
    "help": (("hover",), 1),
}
# What is done to a page as a whole, and how often.
WHOLE = {
    "go to": 4, "go back": 3, "go forward": 1.5, "reload": 2, "resize": 2, "wait": 2,
    "press a key": 2, "open a second tab": 1, "change to the other tab": 2, "close this tab": 0.5,
}  # fmt: skip
AT_ONCE = 0.12  # share of the actions after which the next one follows at once
OF_PAGES = 0.13  # share of the actions on a page as a whole


def draw(chance: Random, spots: Sequence[Spot], touched: Mapping[tuple[str, str], int]) -> Action:
    """Something to do on a page that shows these; what was touched less is taken rather."""
    by_kind: dict[str, list[Spot]] = {}
    for spot in spots:
        by_kind.setdefault(spot["kind"], []).append(spot)
    rests = chance.random() >= AT_ONCE
    if not by_kind or chance.random() < OF_PAGES:
        (do,) = chance.choices(list(WHOLE), list(WHOLE.values()))
        return Action(do, None, DEEDS[do].draw(chance), rests)
    (kind,) = chance.choices(list(by_kind), [ON[kind][1] for kind in by_kind])
    rarity = [1 / (1 + touched.get((kind, s["key"] or s["name"]), 0)) for s in by_kind[kind]]
    (spot,) = chance.choices(by_kind[kind], rarity)
    do = chance.choice(ON[kind][0])
    return Action(do, spot, DEEDS[do].draw(chance), rests)
