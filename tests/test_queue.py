"""Going through a list: every track once, in order, whatever cannot play or leaves the list."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine import queue
from engine.queue import MOST_SKIPPED, Player

IDS = np.array([11, 12, 13, 14, 15])


def anything(track: int) -> bool:
    return True


def played(player: Player, ids: np.ndarray, playable=anything) -> list[int]:
    """All that comes after, until it stops."""
    tracks = []
    while player.track is not None:
        tracks.append(player.track)
        player = queue.after(player, ids, playable).player
    return tracks


lists = st.lists(st.integers(1, 60), unique=True, max_size=30).map(np.array)


@given(lists, st.sets(st.integers(1, 60), max_size=MOST_SKIPPED - 1), st.data())
def test_play_all_plays_each_playable_track_once_and_in_order(ids, broken, data):
    place = data.draw(st.integers(0, len(ids)))
    first = queue.start(Player(), ids, place, lambda track: track not in broken).player
    expected = [track for track in ids[place:].tolist() if track not in broken]
    assert played(first, ids, lambda track: track not in broken) == expected


@given(lists, st.frozensets(st.integers(1, 60), min_size=1))
def test_only_the_selected_play(ids, only):
    first = queue.start(Player(), ids, 0, anything, only).player
    assert played(first, ids) == [track for track in ids.tolist() if track in only]


@given(lists.filter(len), st.data())
def test_back_is_the_way_there_reversed(ids, data):
    place = data.draw(st.integers(0, len(ids) - 1))
    player = queue.start(Player(), ids, place, anything).player
    back = queue.before(player, ids, anything).player
    assert back.track == ids[max(0, place - 1)]
    assert back.token > player.token


def test_a_track_follows_the_list():
    player = queue.start(Player(), IDS, 2, anything).player
    assert queue.seen(player, IDS[::-1]) == replace(player, place=2)
    assert queue.seen(player, IDS[1:]) == replace(player, place=1)
    assert queue.seen(Player(), IDS) == Player()


def test_a_track_that_left_plays_on_and_then_comes_what_took_its_place():
    player = queue.start(Player(), IDS, 2, anything).player
    shorter = np.array([11, 12, 14, 15])
    gone = queue.seen(player, shorter)
    assert (gone.track, gone.place, gone.listed, gone.token) == (13, 2, False, player.token)
    assert queue.after(gone, shorter, anything).player.track == 14
    assert queue.before(gone, shorter, anything).player.track == 12
    assert queue.seen(gone, IDS) == player
    assert queue.after(queue.seen(gone, IDS[:1]), IDS[:1], anything).player.track is None


def test_what_cannot_play_is_passed_over_and_named():
    moved = queue.start(Player(token=4), IDS, 0, lambda track: track == 14)
    assert (moved.player.track, moved.player.place, moved.player.token) == (14, 3, 5)
    assert (moved.skipped, moved.gave_up) == ((11, 12, 13), False)


def test_an_unplayable_rest_ends_it():
    moved = queue.start(Player(token=4), IDS, 3, lambda track: False)
    assert (moved.player.track, moved.skipped, moved.gave_up) == (None, (14, 15), False)
    assert moved.player.token == 5


def test_a_missing_drive_does_not_cost_a_look_at_every_track():
    tried = []
    moved = queue.start(Player(), np.arange(1000), 0, lambda track: tried.append(track))
    assert (moved.player.track, moved.gave_up, len(tried)) == (None, True, MOST_SKIPPED)


def test_before_the_first_the_first_begins_again():
    player = replace(queue.start(Player(), IDS, 0, anything).player, paused=True)
    again = queue.before(player, IDS, anything).player
    assert (again.track, again.token, again.paused) == (11, player.token + 1, False)
