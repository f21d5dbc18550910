"""What the person asks of the similarity app, in the address of the page: reload it, share it, get
the same lists.

Conventions: an Asked is frozen; only what differs from the default is written. Constraints use the
parameters of engine/query_link, so that a link's filters read alike in both apps. The uploaded file
is not part of a link: nobody else has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from engine.query import Query
from engine.query_link import from_params as query_from
from engine.query_link import to_params as query_to
from engine.relative import RELATIONS

ID_DIGITS = 18  # of a track; more would not fit into its 64 bits
SEEDS = 10  # at most: beyond, the lists say little about any one of them
VIEWS = ("side", "fused")
APART = ("any", "artist", "album")
COUNTS = (5, 10, 20, 50)
# Fields of a query that choose tracks; what orders or limits a playlist is none of similarity's.
PLAYLIST_ONLY = ("order", "descending", "seed", "limit", "minutes", "per_album", "collapse")


@dataclass(frozen=True)
class Asked:
    """Seeds, constraints and options of the lists."""

    seeds: tuple[int, ...] = ()  # track ids, each once, in the order chosen
    query: Query = field(default_factory=Query)  # constraints; per_artist is 1 or None
    than: tuple[str, ...] = ()  # names of engine.relative.RELATIONS
    view: str = "side"  # one of VIEWS
    apart: str = "any"  # one of APART: whose tracks are left out, the seeds' artist or album
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
    if asked.than:
        params["than"] = list(asked.than)
    for name in ("view", "apart", "count"):
        if getattr(asked, name) != getattr(usual, name):
            params[name] = [str(getattr(asked, name))]
    if asked.hubness:
        params["hubness"] = ["yes"]
    written = query_to(asked.query)
    return params | {n: v for n, v in written.items() if n not in PLAYLIST_ONLY}


def from_params(params: Mapping[str, Sequence[str]]) -> tuple[Asked, list[str]]:
    """What a link asks for, and a sentence for each part that could not be read."""
    query, problems = query_from({n: v for n, v in params.items() if n not in PLAYLIST_ONLY})
    seeds = [seed for value in params.get("track", ()) if (seed := _track(value)) is not None]
    if len(seeds) < len(params.get("track", ())):
        problems.append("A track in the link is ignored: it is no number of a track.")
    than = tuple(dict.fromkeys(params.get("than", ())))
    if unknown := [name for name in than if name not in RELATIONS]:
        problems.append(f"than={' '.join(unknown)} in the link is ignored: nothing is called so.")
    asked = Asked(
        seeds=tuple(dict.fromkeys(seeds))[:SEEDS],
        query=query,
        than=tuple(name for name in than if name in RELATIONS),
        hubness=params.get("hubness", [""])[0] == "yes",
    )
    for name, allowed in (("view", VIEWS), ("apart", APART), ("count", COUNTS)):
        values = params.get(name)
        if not values:
            continue
        match = next((choice for choice in allowed if str(choice) == values[0]), None)
        if match is None:
            problems.append(f"{name}={values[0]} in the link is ignored: it is no choice.")
        else:
            asked = replace(asked, **{name: match})
    return asked, problems


def _track(value: str) -> int | None:
    usable = value.isascii() and value.isdigit() and len(value) <= ID_DIGITS
    return int(value) if usable else None


def parameters() -> frozenset[str]:
    """Names of all parameters that belong to an Asked."""
    return frozenset({"track", "than", "view", "apart", "count", "hubness"}) | {
        f.name for f in fields(Query) if f.name not in PLAYLIST_ONLY
    }
