"""The similarity app: choosing a track, the two lists, links, states and saving."""

import re
from pathlib import Path

import numpy as np
import pytest
from app_pages import changed, page, read_again, synthetic_library, texts
from sklearn.metrics.pairwise import cosine_similarity

from benchmarks import synthetic
from engine import playlist
from engine.library import Library
from engine.records import Analysis, Media, Outcome, Tags
from engine.schema import STAGE_SPACES
from engine.similarity import most_similar
from ui import collection

APP = "app_similarity.py"
TRACKS = 300


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """300 tracks with both embeddings, and sounds to play."""
    return synthetic_library(tmp_path_factory.mktemp("similarity"), TRACKS)


def scores(session) -> list[float]:
    """All scores on the page, in its order."""
    lines = [m.value for m in session.markdown if ":gray-badge[" in m.value]
    return [float(line.split(":gray-badge[")[1].rstrip("]")) for line in lines]


def expected(library: Path, space: str, track: int, count: int = 10) -> np.ndarray:
    """The best cosines by scikit-learn, without the track and without its copies."""
    reading = Library.open(library)
    ids, matrix = reading.vectors(space)
    hashes = reading.tracks()["content_hash"].loc[ids].to_numpy()
    row = int(np.flatnonzero(ids == track)[0])
    cosines = cosine_similarity(matrix[row : row + 1], matrix)[0]
    taken, best = {hashes[row]}, []
    for other in np.argsort(-cosines):
        if hashes[other] not in taken:
            taken.add(hashes[other])
            best.append(cosines[other])
    return np.array(best[:count])


def grown(library: Path) -> None:
    """Record one more track: in all its vectors a twin of track 42, in its sound another one."""
    reading = Library.open(library)
    vectors = {}
    for space in ("effnet", "styles", "musicnn", "tags"):
        ids, matrix = reading.vectors(space)
        vectors[space] = matrix[np.flatnonzero(ids == 42)[0]]
    with Library.open(library, writable=True) as writer:
        outcomes = tuple(
            Outcome(stage, "f", "ok", vectors={space: vectors[space] for space in spaces})
            for stage, spaces in STAGE_SPACES.items()
            if spaces
        )
        media = Media(999.0, 44_100, 2, "mp3")
        writer.record(b"/new", b"a.mp3", 1, 1, Analysis("f" * 32, media, Tags(), outcomes))


def test_a_track_that_comes_while_the_page_is_open_is_in_no_list(library, tmp_path):
    copy = changed(library, tmp_path)
    music = collection.read(str(copy), Library.open(copy).generation)
    grown(copy)
    for name in ("effnet", "musicnn"):
        found = most_similar(music.space(name), 42, music.recordings)
        rows = music.frame.index.get_indexer([neighbour.track for neighbour in found.listed])
        assert len(rows) == 10
        assert -1 not in rows
    assert music.styles().matrix.shape == (len(music.frame), 400)


def test_it_starts_with_an_invitation(library, monkeypatch):
    app = page(APP, library, monkeypatch)
    assert "Choose a track" in app.info[0].value
    assert not app.get("audio")


def test_a_track_and_two_lists_of_ten(library, monkeypatch):
    track = 11
    app = page(APP, library, monkeypatch, track=str(track))
    assert len(app.get("audio")) == 21
    found = scores(app)
    assert len(found) == 20
    np.testing.assert_allclose(found[:10], expected(library, "effnet", track), atol=6e-4)
    np.testing.assert_allclose(found[10:], expected(library, "musicnn", track), atol=6e-4)


def test_a_link_opens_its_track_and_a_wrong_one_none(library, monkeypatch):
    assert len(scores(page(APP, library, monkeypatch, track="42"))) == 20
    for wrong in ("999999", "-1", "x", "9" * 30, "0" * 16 + "429", "٣"):
        assert not scores(page(APP, library, monkeypatch, track=wrong))


def test_a_seed_that_left_the_library_is_left_out_when_it_is_read_again(
    library, tmp_path, monkeypatch
):
    own = changed(library, tmp_path)
    app = page(APP, own, monkeypatch, track=["42", "77"])
    read_again(app, own, "UPDATE tracks SET present = 0 WHERE id = 42")
    assert "1 seed is no longer in this library. Left out." in texts(app)
    assert app.query_params["track"] == "77"
    assert len(scores(app)) == 20
    read_again(app, own, "UPDATE tracks SET present = 0 WHERE id = 77")
    assert "Choose a track" in texts(app) and "track" not in app.query_params


def test_more_like_this_walks_on(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42")
    before = scores(app)
    app.button(key="effnet_1_more").click().run()
    assert app.query_params["track"] != "42"
    assert scores(app) != before


def test_surprise_me_opens_some_track(library, monkeypatch):
    app = page(APP, library, monkeypatch)
    app.button(key="chance").click().run()
    assert int(app.query_params["track"]) in Library.open(library).frame().index


def test_copies_are_left_out_and_counted(library, tmp_path, monkeypatch):
    copies = changed(
        library,
        tmp_path,
        "UPDATE tracks SET content_hash = 'same' WHERE id BETWEEN 40 AND 59",
        "UPDATE vectors SET vector = (SELECT vector FROM vectors AS v WHERE v.track_id = 40 AND "
        "v.space = vectors.space) WHERE track_id BETWEEN 41 AND 59",
    )
    app = page(APP, copies, monkeypatch, track="40")
    # 19 of the query, and where a listed track has one, that, too.
    left_out = [int(n) for n in re.findall(r"Left out: (\d+) copies", texts(app))]
    assert len(left_out) == 2
    assert all(19 <= number <= 22 for number in left_out)
    assert max(scores(app)) < 0.999
    np.testing.assert_allclose(scores(app)[:10], expected(copies, "effnet", 40), atol=6e-4)


def test_a_missing_network_says_why_and_the_other_still_works(library, tmp_path, monkeypatch):
    half = changed(
        library,
        tmp_path,
        "DELETE FROM vectors WHERE space IN ('musicnn', 'tags')",
        "UPDATE ledger SET status = 'model_missing' WHERE stage = 'musicnn'",
    )
    app = page(APP, half, monkeypatch, track="42")
    assert len(scores(app)) == 10
    assert "No MusiCNN embeddings in this library." in texts(app)
    assert "It needs a download: see the top of the page." in texts(app)
    assert len(app.code) == 1  # tests/test_app_fill.py


def test_a_track_without_an_embedding_says_so(library, tmp_path, monkeypatch):
    without = changed(library, tmp_path, "DELETE FROM vectors WHERE track_id = 42")
    app = page(APP, without, monkeypatch, track="42")
    assert "EffNet has no embedding of this track" in texts(app)
    assert not scores(app)


def test_a_library_of_one_track_has_nothing_to_compare(tmp_path, monkeypatch):
    synthetic.make(tmp_path / "library", 1)
    app = page(APP, tmp_path / "library", monkeypatch, track="1")
    assert texts(app).count("no other recording") == 1
    assert "may be listed" not in texts(app)
    assert not {"EffNet", "MusiCNN"} & {heading.value for heading in app.subheader}


def test_each_list_can_be_saved(library, tmp_path, monkeypatch):
    app = page(APP, library, monkeypatch, track="42")
    for network in ("effnet", "musicnn"):
        app.text_input(key=f"export_{network}_folder").set_value(str(tmp_path)).run()
        app.button(key=f"export_{network}_save").click().run()
    saved = sorted(tmp_path.glob("*.m3u8"))
    assert len(saved) == 2
    for file in saved:
        lines = playlist.parse(file.read_bytes())
        assert len(lines) == 10
        assert all(Path(line.path).exists() for line in lines)


def test_a_list_is_named_after_its_own_track(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42")
    titles = Library.open(library).frame()["title"]
    assert app.text_input(key="export_effnet_name_42").value == f"like {titles[42]} (EffNet)"
    app.text_input(key="export_effnet_folder").set_value("/elsewhere").run()
    app.button(key="effnet_1_more").click().run()
    track = int(app.query_params["track"])
    name = next(field.value for field in app.text_input if field.label == "Name")
    assert name.startswith("like ") and name != f"like {titles[42]} (EffNet)"
    assert app.text_input(key=f"export_effnet_name_{track}").value == name
    assert app.text_input(key="export_effnet_folder").value == "/elsewhere"


def test_no_library_says_how_to_make_one(tmp_path, monkeypatch):
    app = page(APP, tmp_path, monkeypatch)
    assert "There is no library" in app.error[0].value
