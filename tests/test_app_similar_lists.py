"""The lists of the similarity app: several seeds, fused, within constraints, hubs corrected."""

import re
from pathlib import Path

import numpy as np
import pytest
from app_pages import changed, page, synthetic_library, texts

from engine.fusion import fused
from engine.library import Library
from engine.similarity import Apart
from ui import collection, lists

APP = "app_similarity.py"
TRACKS = 300


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """300 tracks with both embeddings and IC, and sounds to play."""
    return synthetic_library(tmp_path_factory.mktemp("lists"), TRACKS, ic=True)


def music(library: Path) -> collection.Collection:
    return collection.read(str(library), Library.open(library).generation)


def listed(app, name: str) -> list[str]:
    """Titles of a list as the page shows them, in order; MusiCNN's is the second one."""
    lists: list[list[str]] = []
    for place, title in re.findall(r"^(\d+)\. \*\*(.*?)\*\*", texts(app), re.MULTILINE):
        if place == "1":
            lists.append([])
        lists[-1].append(title)
    nth = 1 if name == "musicnn" else 0
    return lists[nth] if nth < len(lists) else []


def expected(library: Path, names: tuple[str, ...], seeds: list[int], **limits) -> list[str]:
    held = music(library)
    found = fused([held.space(name) for name in names], seeds, held.recordings, **limits)
    rows = held.frame.index.get_indexer([entry.track for entry in found.listed])
    return held.names(rows)["title"].tolist()


def test_several_seeds_are_fused_and_say_which_brought_a_track(library, monkeypatch):
    app = page(APP, library, monkeypatch, track=["42", "77"], view="fused")
    assert listed(app, "fused") == expected(library, ("effnet", "musicnn"), [42, 77])
    names = music(library).frame["title"]
    reasons = re.findall(r":small\[Near (.*)\]", texts(app))
    assert len(reasons) == 10
    assert all(str(names[42])[:10] in told and str(names[77])[:10] in told for told in reasons)


def test_seeds_join_replace_and_leave(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42")
    app.button(key="effnet_2_add").click().run()
    seeds = app.query_params["track"]
    assert seeds[0] == "42" and len(seeds) == 2
    app.button(key="seed_42").click().run()
    assert app.query_params["track"] == seeds[1]
    app.checkbox(key="adding").check().run()
    app.button(key="chance").click().run()
    assert app.query_params["track"][0] == seeds[1] and len(app.query_params["track"]) == 2
    app.button(key="musicnn_1_more").click().run()
    assert isinstance(app.query_params["track"], str)


def test_badges_tell_where_the_other_network_places_a_track(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42")
    said = texts(app)
    both = set(expected(library, ("effnet",), [42])) & set(expected(library, ("musicnn",), [42]))
    verb = "is" if len(both) == 1 else "are"
    assert f"{len(both) or 'None'} of the 10 tracks {verb} in both lists." in said
    assert re.search(r"drawn by lot from the 29\d candidates would share 0.3\d on average", said)
    places = [int(place) for place in re.findall(r"green-badge\[both\] \w+ #(\d+)", said)]
    assert len(places) == 2 * len(both)
    assert all(place <= 10 for place in places)
    others = re.findall(r"blue-badge\[only \w+\] \w+ #([\d,]+)", said)
    assert len(places) + len(others) == 20
    assert all(int(place.replace(",", "")) > 10 for place in others)


def test_a_copy_that_takes_a_place_makes_no_badge_contradict_the_count(
    library, tmp_path, monkeypatch
):
    """The twins of EffNet's first three hold its places 1 to 6; its list has ten all the same."""
    held = music(library)
    near = fused([held.space("effnet")], [42], held.recordings).listed[:3]
    twins = [track for track in held.frame.index if track > 200][:3]
    copies = changed(
        library,
        tmp_path,
        *[
            statement
            for entry, twin in zip(near, twins, strict=True)
            for statement in (
                f"UPDATE tracks SET content_hash = 'c{twin}' WHERE id IN ({entry.track}, {twin})",
                f"UPDATE vectors SET vector = (SELECT vector FROM vectors AS v WHERE v.track_id = "
                f"{entry.track} AND v.space = vectors.space) WHERE track_id = {twin}",
            )
        ],
    )
    said = texts(page(APP, copies, monkeypatch, track="42"))
    both = set(expected(copies, ("effnet",), [42])) & set(expected(copies, ("musicnn",), [42]))
    assert said.count("green-badge[both]") == 2 * len(both)
    assert said.count("blue-badge[only") == 20 - 2 * len(both)


def test_fused_badges_tell_which_network_lists_a_track_by_itself(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42", view="fused")
    own = {name: set(expected(library, (name,), [42])) for name in ("effnet", "musicnn")}
    lines = [m.value for m in app.markdown if "EffNet \\#" in m.value]
    names = {"effnet": "EffNet", "musicnn": "MusiCNN"}
    for title, line in zip(listed(app, "fused"), lines, strict=True):
        near = [name for name, titles in own.items() if title in titles]
        badge = "both" if len(near) == 2 else f"only {names[near[0]]}" if near else None
        assert re.findall(r"badge\[(.*?)\]", line) == ([badge] if badge else [])


def test_places_that_tracks_share_are_marked(library, monkeypatch):
    said = texts(page(APP, library, monkeypatch, track=["42", "77"], count="50"))
    for one in re.split(r"^1\. ", said, flags=re.MULTILINE)[1:]:
        places = re.findall(r"(?:EffNet|MusiCNN) #([\d,]+)( \(tied\))?", one)
        unmarked = [place for place, tied in places if not tied]
        assert len(set(unmarked)) == len(unmarked)


def test_one_network_alone_is_called_so_when_lists_are_fused(library, tmp_path, monkeypatch):
    half = changed(library, tmp_path, "DELETE FROM vectors WHERE space IN ('effnet', 'styles')")
    with Library.open(half, writable=True) as writer:
        models = {name: [{"note": f"{name} is made up"}] for name in ("effnet", "musicnn")}
        writer.set_meta({"models": models})
    for view in ("fused", "side"):
        said = texts(page(APP, half, monkeypatch, track="42", view=view))
        assert "-badge[" not in re.sub(r":gray-badge\[[\d.]+\]", "", said)
        assert "No EffNet embeddings in this library." in said
        assert "MusiCNN: musicnn is made up" in said and "EffNet: effnet is made up" not in said
        assert "Both networks" not in said
        assert ("MusiCNN alone: no EffNet embeddings" in said) == (view == "fused")
    app = page(APP, half, monkeypatch, track="42", view="fused")
    assert listed(app, "fused") == expected(half, ("musicnn",), [42])


def test_of_few_candidates_no_agreement_is_claimed(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42", tempo="110..113")
    few = np.count_nonzero(music(library).frame["tempo_bpm"].between(110, 113))
    assert 10 < few < 30 and listed(app, "effnet")
    assert "in both lists" not in texts(app)


@pytest.mark.parametrize(
    ("shared", "lengths", "pool", "level"),
    [(0, (10, 10), 1000, 0), (2, (10, 10), 1000, 1), (2, (10, 10), 40, 0), (5, (10, 10), 1000, 2),
     (9, (10, 10), 60, 3), (4, (10, 10), 30, 0)],
)  # fmt: skip
def test_agreement_is_what_chance_does_not_give(shared, lengths, pool, level):
    assert lists._agreement_level(shared, lengths, pool) == level


def test_relative_constraints_keep_what_is_beyond_the_seed(library, monkeypatch):
    held = music(library)
    tempo = held.frame["tempo_bpm"]
    seed = int(tempo.sub(tempo.median()).abs().idxmin())
    app = page(APP, library, monkeypatch, track=str(seed), than="faster")
    allowed = (tempo >= tempo[seed] * 1.04 - 1e-3).to_numpy()
    assert f"{np.count_nonzero(allowed)} of 300 tracks may be listed." in texts(app)
    assert listed(app, "effnet") == expected(library, ("effnet",), [seed], allowed=allowed)


def test_the_direction_chosen_last_wins(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42", than="faster")
    pills = next(group for group in app.get("button_group") if group.key == "than")
    pills.set_value(["faster", "slower", "calmer"]).run()
    assert app.query_params["than"] == ["slower", "calmer"]


def test_nothing_left_says_which_to_relax_and_does_it(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42", tempo="..41", voice="voice")
    assert "No track may be listed." in texts(app)
    assert "Relax “Tempo” first" in texts(app)
    app.button(key="relax_worst").click().run()
    assert "tempo" not in app.query_params
    assert listed(app, "effnet")


def test_a_relation_without_values_is_left_out(library, tmp_path, monkeypatch):
    without = changed(
        library, tmp_path, "UPDATE descriptors SET ic_mean = NULL WHERE track_id = 42"
    )
    app = page(APP, without, monkeypatch, track="42", than="more_surprising")
    assert "“More surprising” is left out: no seed has a value of Mean IC." in texts(app)
    assert len(listed(app, "effnet")) == 10


def test_tracks_of_the_same_artist_can_be_left_out(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42", apart=["artist", "per_artist"])
    apart = Apart(artist=True, per_artist=True)
    assert listed(app, "musicnn") == expected(library, ("musicnn",), [42], apart=apart)


def test_the_correction_for_hubs_says_what_it_changed(library, monkeypatch):
    plain = page(APP, library, monkeypatch, track="42")
    before = listed(plain, "effnet")
    app = page(APP, library, monkeypatch, track="42", hubness="yes")
    after = listed(app, "effnet")
    assert len(re.findall(r"\(skewness -?[\d.]+ and -?[\d.]+\)", texts(app))) == 2
    assert len(re.findall(r"(29\d|300) sampled tracks, searched in all \1", texts(app))) == 2
    scores = [float(score) for score in re.findall(r"\(CSLS\): (-?[\d.]+)", texts(app))]
    assert len(scores) == 20 and "CSLS" not in texts(plain)
    assert scores[:10] == sorted(scores[:10], reverse=True)
    came = len(set(after) - set(before))
    if came:
        assert f"Corrected for hubs: {came} track" in texts(app)
    assert texts(app).count("in by the correction") >= came


def test_a_link_with_wrong_parts_says_so(library, monkeypatch):
    app = page(APP, library, monkeypatch, track=["42", "999999"], view="upside", than="blue")
    said = texts(app)
    assert "1 track of the link is not in this library." in said
    assert "view=upside" in said and "than=blue" in said
    assert len(listed(app, "effnet")) == 10


def test_a_link_with_a_relation_that_no_track_has_says_so(library, tmp_path, monkeypatch):
    without = changed(library, tmp_path, "UPDATE descriptors SET ic_mean = NULL")
    app = page(APP, without, monkeypatch, track="42", than=["more_surprising", "louder"])
    said = texts(app)
    assert "“More surprising” of the link is left out: no track of this library has" in said
    assert app.query_params["than"] == "louder"


def test_a_link_with_opposites_takes_the_later_one(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42", than=["faster", "slower"])
    assert "than=faster in the link is ignored" in texts(app)
    assert app.query_params["than"] == "slower"
    assert listed(app, "effnet")


def test_the_number_of_tracks_and_the_queue(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42", count="5")
    assert len(listed(app, "effnet")) == 5
    shown = next(group for group in app.get("button_group") if group.key == "shown_as")
    shown.set_value("queue").run()
    assert not listed(app, "effnet")
    assert len(app.dataframe) == 2
    assert len(app.dataframe[0].value) == 5


def test_a_long_list_comes_in_pages(library, monkeypatch):
    app = page(APP, library, monkeypatch, track="42", count="20", view="fused")
    wanted = expected(library, ("effnet", "musicnn"), [42], count=20)
    assert listed(app, "fused") == wanted[:10]
    (turner,) = app.get("pagination")
    app.session_state[turner.proto.id.rpartition("-")[2]] = 2
    app.run()
    shown = re.findall(r"^(\d+)\. \*\*(.*?)\*\*", texts(app), re.MULTILINE)
    assert [title for _, title in shown] == wanted[10:]
    assert [int(place) for place, _ in shown] == list(range(11, 21))
