"""Made-up votes of a listening test."""

from dataclasses import replace

from neighbourhoods import recordings

from engine.listening_test import Pair, Vote, voted

MODELS = {"effnet": "a1 v1 600s", "musicnn": "b2 v1 600s"}
PAIR = Pair(3, (1, 2), (4, 5), "musicnn", "effnet")


def vote(choice: str = "left", listener: str = "Ann", **changes) -> Vote:
    made = voted(PAIR, choice, listener, recordings(10), MODELS, "Jazz---Bop")
    return replace(made, **changes)
