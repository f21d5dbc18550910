"""Pairs that give nothing away, and votes that are neither lost nor invented."""

import json
import os
import threading
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhoods import listed, random_space, recordings, space
from votes import MODELS, vote

from engine.listening_test import (
    CHOICES,
    FILE_NAME,
    ListeningTestError,
    Vote,
    draw,
    parse,
    read,
    record,
    take_back,
)
from engine.similarity import most_similar


def spaces(count: int = 60):
    return random_space(count, 16, 1), random_space(count, 16, 2, "musicnn")


def test_the_lists_are_those_of_the_networks_and_the_sides_are_chance():
    both, facts = spaces(), recordings(60)
    rng = np.random.default_rng(7)
    pairs = [draw(both, facts, rng, count=5) for _ in range(200)]
    for pair in pairs[:20]:
        sides = {pair.left_space: pair.left, pair.right_space: pair.right}
        for one in both:
            assert list(sides[one.name]) == listed(most_similar(one, pair.seed, facts, 5))
    assert 70 < Counter(pair.left_space for pair in pairs)["effnet"] < 130
    assert len({pair.seed for pair in pairs}) > 40


def test_equal_generators_give_equal_pairs():
    both, facts = spaces(), recordings(60)
    one, other = (
        [draw(both, facts, rng) for _ in range(5)] for rng in map(np.random.default_rng, (4, 4))
    )
    assert one == other


def test_seeds_are_drawn_from_what_both_networks_know_and_was_not_asked_yet():
    facts = recordings(20)
    effnet = random_space(20, 8)
    musicnn = space(np.random.default_rng(1).standard_normal((12, 8)), "musicnn", np.arange(9, 21))
    effnet.matrix[19] = 0
    effnet = space(effnet.matrix)
    rng, asked = np.random.default_rng(0), {9, 10}
    wanted = np.arange(20) < 15
    seeds = {draw((effnet, musicnn), facts, rng, skip=asked, seeds=wanted).seed for _ in range(80)}
    assert seeds == {11, 12, 13, 14, 15}
    with pytest.raises(ListeningTestError, match="No track is left"):
        draw((effnet, musicnn), facts, rng, skip=range(1, 21))


def test_why_there_is_no_question_is_said_with_the_networks_by_name():
    few, facts = random_space(6, 8), recordings(6)
    other = random_space(6, 8, 1, "musicnn")
    rng = np.random.default_rng(0)
    with pytest.raises(ListeningTestError, match=r"^Too few tracks: EffNet and MusiCNN both"):
        draw((few, other), facts, rng)
    with pytest.raises(ListeningTestError, match="all 6 that EffNet and MusiCNN both know were"):
        draw((few, other), facts, rng, skip=range(1, 7))
    with pytest.raises(ListeningTestError, match=r"^No track has embeddings of both EffNet and"):
        draw((few, other), facts, rng, seeds=np.zeros(6, dtype=bool))


def test_lists_of_the_same_tracks_are_not_put_to_anybody():
    one, facts = random_space(30, 8), recordings(30)
    rescaled = space(one.matrix * 2, "musicnn")
    with pytest.raises(ListeningTestError, match="same lists for all 30 tracks"):
        draw((one, rescaled), facts, np.random.default_rng(0))
    other = one.matrix.copy()
    other[:4] = np.random.default_rng(5).standard_normal((4, 8))
    pair = draw((one, space(other, "musicnn")), facts, np.random.default_rng(0))
    assert set(pair.left) != set(pair.right)


def test_a_vote_comes_back_as_it_was_given(tmp_path):
    given_votes = [vote("left"), vote("right", "Ben"), vote("same", "שלום\n*b*")]
    for one in given_votes:
        record(tmp_path, one)
    assert read(tmp_path).votes == tuple(given_votes)
    assert read(tmp_path).problems == ()
    first, second, third = given_votes
    assert (first.preferred, second.preferred, third.preferred) == ("musicnn", "effnet", None)
    assert (first.genre, first.seed_hash) == ("Jazz", "hash 2")
    assert third.listener == "שלום *b*"
    assert vote(style=None).genre is None


def test_each_vote_is_one_line_of_json(tmp_path):
    record(tmp_path, vote(listener="two\nlines\u2028here"))
    record(tmp_path, vote())
    lines = (tmp_path / FILE_NAME).read_bytes().splitlines()
    assert len(lines) == 2
    assert json.loads(lines[1])["models"] == MODELS


def test_no_file_is_no_votes(tmp_path):
    assert read(tmp_path).votes == () == read(tmp_path).problems
    assert take_back(tmp_path, "nothing") is None


def test_a_choice_that_there_is_not_is_refused():
    with pytest.raises(ValueError):
        vote("both")


def test_a_vote_can_be_taken_back_and_no_other_of_that_name(tmp_path):
    votes = [vote("left", ""), vote("right", "Ben"), vote("same", "")]
    for one in votes:
        record(tmp_path, one)
    assert take_back(tmp_path, votes[0].id) == votes[0]
    assert read(tmp_path).votes == tuple(votes[1:])
    assert take_back(tmp_path, votes[0].id) is None
    assert read(tmp_path).votes == tuple(votes[1:])


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_a_torn_last_line_costs_that_vote_alone(tmp_path, cut):
    votes = [vote(), vote("right"), vote("same")]
    for one in votes:
        record(tmp_path, one)
    file = tmp_path / FILE_NAME
    content = file.read_bytes()
    length = len(content.splitlines(keepends=True)[-1])
    file.write_bytes(content[: -min(cut, length - 1) - 1])
    found = read(tmp_path)
    assert found.votes == tuple(votes[:2])
    assert found.problems == (f"Line 3 of {FILE_NAME} was cut short, as by a crash; it is not "
                              "counted.",)  # fmt: skip
    record(tmp_path, later := vote("left", "Cem"))
    assert read(tmp_path).votes == (*votes[:2], later)
    assert len(read(tmp_path).problems) == 1


def test_a_last_line_that_only_lacks_its_end_counts(tmp_path):
    record(tmp_path, one := vote())
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:-1])
    record(tmp_path, other := vote("right"))
    assert read(tmp_path) == parse(file.read_bytes())
    assert read(tmp_path).votes == (one, other)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(st.binary() | st.text().map(str.encode))
@settings(deadline=None)
def test_any_bytes_give_votes_or_problems(content):
    assert parse(content).votes == ()


@given(st.sampled_from(sorted(Vote.__dataclass_fields__)) | st.just("taken_back"), VALUES)
@settings(deadline=None)
def test_any_value_in_any_field_gives_a_vote_or_a_problem(field, value):
    good, bad = vote(id="good"), asdict(vote()) | {field: value}
    lines = json.dumps(asdict(good)) + "\n" + json.dumps(bad) + "\n"
    found = parse(lines.encode())
    for one in found.votes:
        assert one.choice in CHOICES
        assert isinstance(one.listener, str) and isinstance(one.seed, int)
        assert isinstance(one.genre, str | None) and dict(one.models) is not None
    if field != "taken_back":
        assert len(found.votes) + len(found.problems) == (2 if bad["id"] != "good" else 1)


def test_voters_at_once_lose_nothing(tmp_path):
    def vote_often(listener: str) -> None:
        for _ in range(25):
            record(tmp_path, vote(listener=listener))

    threads = [threading.Thread(target=vote_often, args=(f"{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = read(tmp_path)
    assert Counter(one.listener for one in found.votes) == {f"{n}": 25 for n in range(4)}
    assert found.problems == ()


def test_a_full_disk_is_a_sentence_and_leaves_no_half_vote(tmp_path, monkeypatch):
    record(tmp_path, one := vote())
    before = (tmp_path / FILE_NAME).read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ListeningTestError, match="cannot be written: No space left on device"):
        record(tmp_path, vote())
    monkeypatch.undo()
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert read(tmp_path).votes == (one,)


def test_a_file_that_cannot_be_opened_is_a_sentence(tmp_path):
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ListeningTestError, match="cannot be read: Is a directory"):
        read(tmp_path)
    with pytest.raises(ListeningTestError, match="cannot be written: Is a directory"):
        record(tmp_path, vote())
