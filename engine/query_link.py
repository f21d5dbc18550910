"""A Query as the parameters of a link, and back: share a link, reload it, get the same playlist.

Conventions: only what differs from the default is written; a range is `low..high` with an end left
out where it is no limit; a list repeats its parameter. Floats are written by repr, so they return
bit for bit. What a link says wrongly is left at its default and reported, never an exception:
links are typed, truncated by mail programs, and made for other libraries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from engine.query import Query, QueryError, Range

NO_LIMIT = "none"


def to_params(query: Query) -> dict[str, list[str]]:
    """Parameter → values, for every field that differs from the default."""
    default = Query()
    params = {}
    for field in fields(Query):
        value = getattr(query, field.name)
        if value != getattr(default, field.name):
            params[field.name] = _written(value)
    return params


def _written(value: object) -> list[str]:
    if isinstance(value, Range):
        return ["..".join(_end(end) for end in (value.low, value.high))]
    if isinstance(value, tuple):
        return list(value)
    if value is None:
        return [NO_LIMIT]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [str(value)]


def _end(end: float | None) -> str:
    """`90` for 90.0: people read links, too."""
    if end is None:
        return ""
    return str(int(end)) if float(end).is_integer() and abs(end) < 2**53 else repr(float(end))


def from_params(params: Mapping[str, Sequence[str]]) -> tuple[Query, list[str]]:
    """The query of a link, and a sentence for each part of it that could not be read.

    Parameters that are no field of Query belong to somebody else and are left alone.
    """
    query, problems = Query(), []
    for field in fields(Query):
        values = params.get(field.name)
        if not values:
            continue
        try:
            value = _read(getattr(query, field.name), field.name, values)
            query = replace(query, **{field.name: value})
        except ValueError as error:
            reason = error if isinstance(error, QueryError) else "it is not a number"
            problems.append(f"{field.name}={' '.join(values)!r} in the link is ignored: {reason}")
    return query, problems


def _read(default: object, name: str, values: Sequence[str]) -> object:
    """The value of one field; its kind is that of the default."""
    first = values[0]
    if isinstance(default, Range):
        low, dots, high = first.partition("..")
        if not dots:
            raise QueryError("a range is written low..high.")
        return Range(float(low) if low else None, float(high) if high else None)
    if isinstance(default, tuple):
        return tuple(values)
    if isinstance(default, bool):
        if first not in ("yes", "no"):
            raise QueryError("it must be yes or no.")
        return first == "yes"
    if name == "limit" and first == NO_LIMIT:
        return None
    return int(first) if isinstance(default, int) else first
