"""A Query as the parameters of a link, and back: share a link, reload it, get the same playlist.

Conventions: only what differs from the default is written; a range is `low..high` with an end left
out where it is no limit; a list repeats its parameter; a polygon is `x,y;x,y;…`. Floats are written
by repr, so they return bit for bit. Text is written as it is, except that a backslash is doubled
and a byte of a path that is no text (a lone surrogate, which no address can hold) is `\\udce9`.
What a link says wrongly is left at its default and reported, never an exception: links are typed,
truncated by mail programs, and made for other libraries.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace

from engine.query import Polygon, Query, QueryError, Range

NO_LIMIT = "none"
_UNWRITABLE = re.compile(r"[\\\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(\\|ud[89a-f][0-9a-f]{2})")


def to_params(query: Query) -> dict[str, list[str]]:
    """Parameter → values, for every field that differs from the default."""
    default = Query()
    params = {}
    for field in fields(Query):
        value = getattr(query, field.name)
        if value != getattr(default, field.name):
            params[field.name] = _written(value, field.type)
    return params


def _written(value: object, kind: object) -> list[str]:
    if isinstance(value, Range):
        return ["..".join("" if end is None else _number(end) for end in (value.low, value.high))]
    if kind == Polygon:
        return [";".join(",".join(map(_number, corner)) for corner in value)]
    if isinstance(value, tuple):
        return [_escaped(text) for text in value]
    if value is None:
        return [NO_LIMIT]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [_number(value) if isinstance(value, float) else _escaped(str(value))]


def _number(value: float) -> str:
    """`90` for 90.0: people read links, too."""
    whole = float(value).is_integer() and abs(value) < 2**53
    if whole and not (value == 0 and str(value).startswith("-")):  # -0.0 keeps its sign
        return str(int(value))
    return repr(float(value))


def _escaped(text: str) -> str:
    return _UNWRITABLE.sub(_escape, text)


def _escape(sign: re.Match[str]) -> str:
    return "\\\\" if sign[0] == "\\" else f"\\u{ord(sign[0]):04x}"


def _unescaped(text: str) -> str:
    """The inverse; a backslash that begins no escape stays as it was typed."""
    return _ESCAPE.sub(lambda sign: "\\" if sign[1] == "\\" else chr(int(sign[1][1:], 16)), text)


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
            query = replace(query, **{field.name: _READERS[field.type](values)})
        except ValueError as error:
            reason = error if isinstance(error, QueryError) else "it is not a number"
            problems.append(f"{field.name}={' '.join(values)!r} in the link is ignored: {reason}")
    return query, problems


def _range(values: Sequence[str]) -> Range:
    low, dots, high = values[0].partition("..")
    if not dots:
        raise QueryError("a range is written low..high.")
    return Range(float(low) if low else None, float(high) if high else None)


def _polygon(values: Sequence[str]) -> Polygon:
    corners = tuple(tuple(map(float, corner.split(","))) for corner in values[0].split(";"))
    if any(len(corner) != 2 for corner in corners):
        raise QueryError("a polygon is written x,y;x,y;x,y.")
    return corners


def _switch(values: Sequence[str]) -> bool:
    if values[0] not in ("yes", "no"):
        raise QueryError("it must be yes or no.")
    return values[0] == "yes"


def _optional(read: Callable[[str], float]) -> Callable[[Sequence[str]], float | None]:
    return lambda values: None if values[0] == NO_LIMIT else read(values[0])


def _text(values: Sequence[str]) -> str:
    return _unescaped(values[0])


# Type of a field → how its values are read.
_READERS: dict[object, Callable[[Sequence[str]], object]] = {
    Range: _range,
    Polygon: _polygon,
    tuple[str, ...]: lambda values: tuple(map(_unescaped, values)),
    bool: _switch,
    int: lambda values: int(values[0]),
    int | None: _optional(int),
    float | None: _optional(float),
    str: _text,
    str | None: _text,
}
