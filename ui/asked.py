"""What the person asks of the similarity app, in the address of the page: reload it, share it, get
the same lists.

Conventions: an Asked is frozen; only what differs from the default is written. Filters are not part
of it: they are the Query of ui/query_state, with the parameters that both apps' links use. Nor is
the uploaded file: nobody else has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.relative import RELATIONS

Params = Mapping[str, Sequence[str]]
ID_DIGITS = 18  # of a track; more would not fit into its 64 bits
SEEDS = 10  # at most: beyond, the lists say little about any one of them
VIEWS = ("side", "fused")
APART = ("artist", "album", "per_artist")  # fields of engine.similarity.Apart
COUNTS = (5, 10, 20, 50)
NAMES = ("track", "than", "apart", "view", "count", "hubness")  # of the parameters


@dataclass(frozen=True)
class Asked:
    """Seeds, relative constraints and options of the lists."""

    seeds: tuple[int, ...] = ()  # track ids, each once, in the order chosen
    than: tuple[str, ...] = ()  # names of engine.relative.RELATIONS
    view: str = "side"  # one of VIEWS
    apart: tuple[str, ...] = ()  # of APART: what is left out
    count: int = 10  # tracks a list
    hubness: bool = False  # corrected

    def without_seed(self, track: int) -> "Asked":
        """The same with one seed less."""
        return replace(self, seeds=tuple(seed for seed in self.seeds if seed != track))

    def with_seed(self, track: int) -> "Asked":
        """The same with one seed more; the first gives way when there are too many."""
        others = tuple(seed for seed in self.seeds if seed != track)
        return replace(self, seeds=(*others, track)[-SEEDS:])


def to_params(asked: Asked) -> dict[str, list[str]]:
    """Parameter → values, of all that differs from the default."""
    usual, params = Asked(), {}
    if asked.seeds:
        params["track"] = [str(seed) for seed in asked.seeds]
    for name in ("than", "apart"):
        if getattr(asked, name):
            params[name] = list(getattr(asked, name))
    for name in ("view", "count"):
        if getattr(asked, name) != getattr(usual, name):
            params[name] = [str(getattr(asked, name))]
    if asked.hubness:
        params["hubness"] = ["yes"]
    return params


def from_params(params: Params) -> tuple[Asked, list[str]]:
    """What a link asks for, and a sentence for each part that could not be read."""
    problems: list[str] = []
    seeds = [seed for value in params.get("track", ()) if (seed := _track(value)) is not None]
    if len(seeds) < len(params.get("track", ())):
        problems.append("A track in the link is ignored: it is no number of a track.")
    asked = Asked(
        seeds=tuple(dict.fromkeys(seeds))[:SEEDS],
        than=_one_way(_chosen(params, "than", RELATIONS, problems), problems),
        apart=_chosen(params, "apart", APART, problems),
        hubness=params.get("hubness", [""])[0] == "yes",
    )
    for name, allowed in (("view", VIEWS), ("count", COUNTS)):
        named = {str(choice): choice for choice in allowed}
        if chosen := _chosen(params, name, named, problems):
            asked = replace(asked, **{name: named[chosen[0]]})
    return asked, problems


def _chosen(
    params: Params, name: str, allowed: Iterable[str], problems: list[str]
) -> tuple[str, ...]:
    """The values of a parameter that are choices, each once; a sentence about the others."""
    values = dict.fromkeys(params.get(name, ()))
    if unknown := [value for value in values if value not in allowed]:
        problems.append(f"{name}={' '.join(unknown)} in the link is ignored: it is no choice.")
    return tuple(value for value in values if value in allowed)


def _one_way(than: tuple[str, ...], problems: list[str]) -> tuple[str, ...]:
    """Of two opposites the later one, as when they are clicked; a sentence about the other."""
    kept = []
    for place, name in enumerate(than):
        if (opposite := RELATIONS[name].opposite) in than[place:]:
            problems.append(
                f"than={name} in the link is ignored: than={opposite}, its opposite, comes after."
            )
        else:
            kept.append(name)
    return tuple(kept)


def _track(value: str) -> int | None:
    usable = value.isascii() and value.isdigit() and len(value) <= ID_DIGITS
    return int(value) if usable else None
