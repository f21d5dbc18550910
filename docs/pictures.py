"""Make the pictures of the README anew: python -m docs.pictures [--models DIR] [--work DIR]

Analyses a copy of the demo music (fetched where it is missing) that has titles, artists, albums and
covers, starts both apps on it, and writes docs/*.png from what Chromium shows of them. A picture
that needs what the library lacks (mood, or two networks) stays as it is; the last lines say which.
Needs requirements-dev.txt and Debian's chromium-headless-shell, or chromium.
"""

import argparse
import base64
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

import browsing  # noqa: E402 - a module of the tests
import mutagen  # noqa: E402
import numpy as np  # noqa: E402
from mutagen.flac import Picture  # noqa: E402
from mutagen.id3 import APIC, ID3  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from engine import demo  # noqa: E402
from engine.library import Library  # noqa: E402
from engine.query import Query, Range  # noqa: E402
from engine.query_link import to_params  # noqa: E402

DOCS = Path(__file__).parent
WIDTH, PHONE = 1280, 400  # pixels
COVER = 500  # pixels
PLAYED_S = 5.0  # when a picture of something that plays is taken
CHARTS_MS = 4000  # until plotly has drawn what the page holds
# Package → artist, album, year, as its copyright file says; of untitled files.
RECORDS = {
    "asc-music": ("Michael Kievernagel", "Advanced Strategic Command", "2002"),
    "drascula-music": ("Alcachofa Soft", "Drascula: The Vampire Strikes Back", "1996"),
    "fretsonfire-songs-sectoid": ("Sectoid", "Songs for Frets on Fire", "2007"),
    "pathological": ("John-Paul Gignac", "Pathological", "2003"),
}
UNNAMED = ("song", "guitar")  # files that are named by their folder
# JavaScript: something has been played for so long.
PLAYING = "s => [...document.querySelectorAll('audio')].some(one => one.currentTime >= s)"
# Every player that is seen knows the length of its sound.
LOADED = """[...document.querySelectorAll('audio')].every(one => one.readyState > 0
  || one.offsetParent === null || one.getBoundingClientRect().top > innerHeight)"""


@dataclass(frozen=True)
class Shot:
    """One picture: where it is taken, and what is done before."""

    name: str
    app: str
    address: str  # what follows the ?
    height: int
    width: int = WIDTH
    before: Callable[[Page], None] = lambda page: None


def tagged(source: Path, target: Path) -> Path:
    """A copy of the demo music in which every track has a title, an artist, an album and a cover;
    what was copied before stays."""
    for track in demo.tracks(source):
        place = track.relative_to(source)
        copy = target / place
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            unfinished = copy.with_name(f".{copy.name}")
            shutil.copyfile(track, unfinished)
            _tag(unfinished, place)
            unfinished.rename(copy)
    return target


def _tag(file: Path, place: Path) -> None:
    opened = mutagen.File(file, easy=True)
    if opened.tags is None:
        opened.add_tags()
    if not opened.tags.get("title"):
        artist, album, year = RECORDS[place.parts[0]]
        named = {"title": _title(place), "artist": artist, "album": album, "date": year}
        for key, text in named.items():
            opened[key] = text
        opened.save()
    cover = _cover(opened["album"][0])
    if file.suffix == ".mp3":
        tags = ID3(file)
        tags.add(APIC(mime="image/png", type=3, data=cover))
        tags.save()
    else:
        picture = Picture()
        picture.type, picture.mime, picture.data = 3, "image/png", cover
        picture.width = picture.height = COVER
        ogg = mutagen.File(file)
        ogg["metadata_block_picture"] = [base64.b64encode(picture.write()).decode()]
        ogg.save()


def _title(place: Path) -> str:
    """time_to_strike.mp3 → Time to strike; a folder's song.ogg by its folder, guitar.ogg too."""
    stem = place.stem
    if stem in UNNAMED:
        return place.parent.name + ("" if stem == UNNAMED[0] else f" ({stem} alone)")
    number = stem.removeprefix("track")
    words = f"Track {number}" if number.isdigit() else stem.replace("_", " ")
    return words[:1].upper() + words[1:]


def _cover(album: str) -> bytes:
    """Rings in colours of the album's own, as PNG."""
    chance = random.Random(album)
    back, *rings = (
        tuple(chance.randrange(low, low + 110) for _ in range(3)) for low in (10, 120, 90, 145)
    )
    image = Image.new("RGB", (COVER, COVER), back)
    draw = ImageDraw.Draw(image)
    x, y = (chance.randrange(COVER // 4, COVER * 3 // 4) for _ in range(2))
    for place, colour in enumerate(rings * 2):
        radius = COVER * (6 - place) // 9
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=26)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def analyse(music: Path, library: Path, models: list[Path], *more: str) -> Path:
    """What is not analysed yet."""
    command = [sys.executable, "precompute.py", str(music), "--library", str(library)]
    command += [part for folder in models for part in ("--models", str(folder))]
    subprocess.run([*command, *more], cwd=REPOSITORY, check=True)
    return library


def with_two_networks(
    library: Path, work: Path, music: Path, models: list[Path], *more: str
) -> Path | None:
    """The library, or a copy that has EffNet embeddings of a stand-in; None without either."""
    if Library.open(library).coverage().spaces.get("effnet"):
        return library
    if not models:
        return None
    copy = work / "library-of-stand-ins"
    if not copy.exists():
        shutil.copytree(library, copy)
    analyse(music, copy, models, "--stages", "effnet", "--accept-unpinned", "--no-fetch", *more)
    return copy if Library.open(copy).coverage().spaces.get("effnet") else None


def shots(library: Library, similar: str) -> Iterator[Shot]:
    """Those that any library has, then mood."""
    frame = library.frame()
    space = "styles" if library.coverage().spaces.get("styles") else "tags"
    query = Query(styles=(_commonest(library, space),), tempo=Range(90.0, 145.0))
    found = urlencode(to_params(query), doseq=True)
    app = "app_descriptors.py"
    yield Shot("descriptors", app, found, 1500, before=_play)
    yield Shot("descriptors-phone", app, found, 860, PHONE, before=_close_sidebar)
    yield Shot(
        "similarity", "app_similarity.py", f"{similar}&view=fused", 1500, before=_wait_for_sounds
    )
    moods = frame[["valence", "arousal"]].dropna().to_numpy()
    if len(moods) > len(frame) // 2:
        (x, y), (dx, dy) = np.median(moods, axis=0), moods.std(axis=0)
        corners = ((-0.8, 0.1), (0.2, -0.9), (1.3, -0.4), (1.5, 0.9), (-0.1, 1.3))
        region = tuple(
            (round(float(x + a * dx), 2), round(float(y + b * dy), 2)) for a, b in corners
        )
        asked = urlencode({"tab": "mood"} | to_params(Query(mood_region=region)), doseq=True)
        yield Shot("mood", app, asked, 1060, before=_wait_for_charts)


def _commonest(library: Library, space: str) -> str:
    """The label that is the strongest of most tracks; of styles its genre."""
    labels, (_, matrix) = library.labels(space), library.vectors(space)
    best = np.bincount(matrix.argmax(axis=1), minlength=len(labels)).argmax()
    return labels[int(best)].partition("---")[0]


def _seeds(library: Library) -> str:
    """The first titled track and the one nearest to it, as parameters."""
    ids, matrix = library.vectors("musicnn")
    titles = library.frame()["title"].reindex(ids)
    first = int(np.argmin(titles.fillna("\U0010ffff").to_numpy(dtype=object)))
    units = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    second = np.argsort(-(units @ units[first]))[1]
    return urlencode({"track": [int(ids[first]), int(ids[second])]}, doseq=True)


def _play(page: Page) -> None:
    page.locator(".st-key-queue_do_all button").click()
    page.wait_for_function(PLAYING, arg=PLAYED_S)
    page.mouse.move(WIDTH - 5, 5)  # no button looks pressed


def _wait_for_sounds(page: Page) -> None:
    page.wait_for_function(LOADED)


def _close_sidebar(page: Page) -> None:
    """A phone's page begins with its filters over it."""
    close = page.get_by_test_id("stSidebarCollapseButton").locator("button")
    if close.is_visible():
        close.click()


def _wait_for_charts(page: Page) -> None:
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_timeout(CHARTS_MS)


@contextmanager
def opened(browser: Browser, address: str, width: int, height: int) -> Iterator[Page]:
    """A page of its own, of that size."""
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(browsing.WAIT)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def take(browser: Browser, shot: Shot, library: Path, out: Path) -> Path:
    """Start the app, and write what it shows."""
    target = out / f"{shot.name}.png"
    for address in browsing.served(shot.app, library):
        with opened(browser, f"{address}?{shot.address}", shot.width, shot.height) as page:
            page.get_by_role("heading", name="Serendip").wait_for()
            browsing.settle(page)
            page.wait_for_timeout(CHARTS_MS)
            shot.before(page)
            browsing.settle(page)
            if page.get_by_test_id("stException").count():
                raise SystemExit(f"{shot.name}: the page shows an exception")
            _save(page.screenshot(), target)
    return target


def report(browser: Browser, library: Path, work: Path, out: Path) -> Path:
    """From the section on keys to the figure of loudness."""
    folder = work / "report"
    command = [sys.executable, "report.py", "--library", str(library), "--out", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    with opened(browser, (folder / "report.html").as_uri(), WIDTH, 900) as page:
        _wait_for_charts(page)
        top = page.locator("#keys").bounding_box()
        bottom = page.locator("#figure-loudness").bounding_box()
        clip = {"x": 0, "y": top["y"] - 24, "width": WIDTH}
        clip["height"] = bottom["y"] + bottom["height"] - clip["y"]
        _save(page.screenshot(full_page=True, clip=clip), out / "report.png")
    return out / "report.png"


def _save(picture: bytes, target: Path) -> None:
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").save(target, "PNG", optimize=True)


def make(
    music: Path, work: Path, models: list[Path], stand_ins: list[Path], out: Path, *more: str
) -> None:
    """All of them; says what was written, and what was not and why. `more` is for precompute.py."""
    library = analyse(tagged(music, work / "Music"), work / "library", models, *more)
    still = Library.open(library)
    similar = _seeds(still)
    pair = with_two_networks(library, work, work / "Music", stand_ins, *more)
    missing = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsing.CHROMIUM, args=browsing.FLAGS)
        taken = [take(browser, shot, library, out) for shot in shots(still, similar)]
        if not any(picture.stem == "mood" for picture in taken):
            missing.append("mood: too few tracks have valence and arousal")
        if pair is None:
            missing.append("listening: it needs two networks, such as from --stand-ins DIR")
        else:
            asked = f"tab=listening-test&{similar}"
            shot = Shot("listening", "app_similarity.py", asked, 2150, before=_wait_for_sounds)
            taken.append(take(browser, shot, pair, out))
        taken.append(report(browser, library, work, out))
        browser.close()
    for picture in taken:
        print(f"written: {picture}")
    for what in missing:
        print(f"left as it is: {what}")


def main() -> int:
    """Command line; the module's docstring says what it does."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.pictures", description=__doc__.partition("\n\n")[2].strip()
    )
    named = os.environ.get("SERENDIP_MODELS", "")
    parser.add_argument(
        "--models", metavar="DIR", type=Path, action="append",
        help="folder with model files; may be given several times (default: $SERENDIP_MODELS)",
    )  # fmt: skip
    parser.add_argument(
        "--stand-ins", metavar="DIR", type=Path, action="append", default=[],
        help="folder with an EffNet of other weights, for the listening test alone, which needs "
        "two networks: used where the published one is missing",
    )  # fmt: skip
    parser.add_argument("--music", metavar="DIR", type=Path, default=REPOSITORY / "demo-music")
    parser.add_argument(
        "--work", metavar="DIR", type=Path, default=Path(tempfile.gettempdir()) / "serendip",
        help="where music and library go, and stay for the next time (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--span", metavar="SECONDS", help="analyse only the middle of the tracks, for haste"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=DOCS)
    options = parser.parse_args()
    if browsing.CHROMIUM is None:
        parser.error("there is no Chromium here: apt-get install chromium-headless-shell")
    options.out.mkdir(parents=True, exist_ok=True)
    demo.fetch(options.music)
    models = options.models or [Path(folder) for folder in named.split(os.pathsep) if folder]
    span = ("--span", options.span) if options.span else ()
    make(options.music, options.work.resolve(), models, options.stand_ins, options.out, *span)
    return 0


if __name__ == "__main__":
    sys.exit(main())
