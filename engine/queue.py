"""What plays and what comes next: the state of a player that goes through a list of tracks.

Goal: go through a list by itself, also while the list changes under the player. Conventions: a list
is an array of track ids in the order of play, each at most once; places count from 0. A track that
left the list plays on; after it comes the one that took its place.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

# In a row that may fail to play before the player stops: a drive that is not connected must not
# cost a look at each of 100,000 tracks.
MOST_SKIPPED = 20


@dataclass(frozen=True)
class Player:
    """What plays, if anything."""

    track: int | None = None  # id; None: nothing plays
    place: int = 0  # of the track in the list; where it was last, once it has left
    listed: bool = True  # False: it is not in the list any more
    token: int = 0  # one more with every start: news of an earlier one is stale
    only: frozenset[int] = frozenset()  # play just these of the list; empty: all
    paused: bool = False


@dataclass(frozen=True)
class Moved:
    """Where a player went, and what it had to pass over on the way."""

    player: Player
    skipped: tuple[int, ...] = field(default=())  # ids, in the order of the tries
    gave_up: bool = False  # MOST_SKIPPED in a row: the rest was not tried


def seen(player: Player, ids: np.ndarray) -> Player:
    """The player beside the list as it is now: its place follows its track."""
    if player.track is None:
        return player
    found = np.flatnonzero(ids == player.track)
    place = int(found[0]) if len(found) else min(player.place, len(ids))
    return replace(player, place=place, listed=bool(len(found)))


def stop(player: Player) -> Player:
    """Nothing plays."""
    return Player(token=player.token + 1)


def start(
    player: Player,
    ids: np.ndarray,
    place: int,
    playable: Callable[[int], bool],
    only: frozenset[int] = frozenset(),
    step: int = 1,
) -> Moved:
    """Play the track at `place`, or the first one after it that is playable and in `only`.

    step -1 looks backwards. Beyond the end of the list, nothing plays.
    """
    skipped: list[int] = []
    places = np.arange(place, len(ids) if step > 0 else -1, step)
    if only:
        places = places[np.isin(ids[places], list(only))]
    for at in places[:MOST_SKIPPED].tolist():
        track = int(ids[at])
        if playable(track):
            return Moved(Player(track, at, True, player.token + 1, only), tuple(skipped))
        skipped.append(track)
    return Moved(stop(player), tuple(skipped), gave_up=len(places) > len(skipped))


def after(player: Player, ids: np.ndarray, playable: Callable[[int], bool]) -> Moved:
    """The next track."""
    place = player.place + 1 if player.listed else player.place
    return start(player, ids, place, playable, player.only)


def before(player: Player, ids: np.ndarray, playable: Callable[[int], bool]) -> Moved:
    """The track before; the same one again where there is none that plays."""
    moved = start(player, ids, player.place - 1, playable, player.only, step=-1)
    if moved.player.track is None:
        return Moved(replace(player, token=player.token + 1, paused=False), moved.skipped)
    return moved
