"""Which record of a group is the one to keep, and why."""

import math
import os
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from lookalike.arguments import checked
from lookalike.errors import UsageError
from lookalike.records import Record
from lookalike.views.text import name_of, size

CRITERIA = ("pixels", "format", "bytes", "age", "path")
"""What a record is better by, the most important first unless told otherwise."""

_LOSSLESS = {"PNG", "TIFF", "BMP", "PPM", "TGA", "QOI", "PCX"}

_COPY = re.compile(
    r"\b(copy|copie|kopie|copia|kopia)\b|\(\d+\)|[-_ ](thumb(nail)?|small|edited|resized)\b|~\d*$",
    re.IGNORECASE,
)
"""What programs put into the names of copies that they make."""

_FRAME = 3
"""How many times as many pixels make a picture with a border better than one without.

They may be those of the border. It is not more, for a dark edge may be taken for one, too.
"""

_DAY_NS = 86_400 * 10**9

Key = Callable[[Record], tuple[Any, ...]]


def order(prefer: str | Sequence[str] = ()) -> tuple[str, ...]:
    """All criteria, those preferred first; a list, or a text with commas.

    Raises:
        UsageError: there is no such criterion.
    """
    given = prefer.split(",") if isinstance(prefer, str) else list(prefer)
    names = [checked(name, str, "a criterion is a text").strip() for name in given]
    wished = list(dict.fromkeys(name for name in names if name))
    for name in wished:
        if name not in CRITERIA:
            raise UsageError(f"{name!r} is nothing to prefer by; there are {', '.join(CRITERIA)}")
    return (*wished, *(name for name in CRITERIA if name not in wished))


def key(criteria: Sequence[str], named: Collection[int] = ()) -> Key:
    """A key that sorts records, the best first, ties by id; those `named` by id before all."""
    parts = [_KEYS[name] for name in criteria]
    return lambda record: (record.id not in named, *(part(record) for part in parts), record.id)


def why(
    best: Record, next_best: Record, criteria: Sequence[str], named: Collection[int] = ()
) -> str:
    """What the best of a group is better by than the one that would be the best without it."""
    if best.id in named and next_best.id not in named:
        return "named as the best"
    for name in criteria:
        if _KEYS[name](best) != _KEYS[name](next_best):
            return _WORDS[name](best, next_best)
    return "the first of equals"


def order_of_twins(criteria: Sequence[str]) -> tuple[str, ...] | None:
    """What tells files with the same pixels apart.

    One without loss is no better then: it was made from the other. None where a person asked for
    the format or the larger file before all.
    """
    if criteria[0] in {"format", "bytes"}:
        return None
    if criteria.index("path") < criteria.index("age"):
        return "path", "age", "smaller"
    return "age", "smaller", "path"


def _pixels(record: Record) -> float:
    return -_area(record) / (_FRAME if record.border else 1)


def _area(record: Record) -> int:
    return (record.width or 0) * (record.height or 0)


def _format(record: Record) -> bool:
    return (record.format or "").upper() not in _LOSSLESS


def _bytes(record: Record) -> int:
    return -(record.size or 0)


def _smaller(record: Record) -> float:
    return math.inf if record.size is None else record.size


def _age(record: Record) -> int:
    return _DAY_NS * 10**6 if record.modified_ns is None else record.modified_ns


def _path(record: Record) -> tuple[bool, int, str]:
    name = os.path.splitext(name_of(record.uri))[0]
    return bool(_COPY.search(name)), len(record.uri), record.uri


_KEYS: dict[str, Callable[[Record], Any]] = {
    "pixels": _pixels,
    "format": _format,
    "bytes": _bytes,
    "smaller": _smaller,
    "age": _age,
    "path": _path,
}


def _pixels_words(best: Record, other: Record) -> str:
    if other.border and not best.border and _area(best) <= _area(other):
        return f"no border: the next, {other.width} × {other.height}, has a {other.border} one"
    less = f"{other.width} × {other.height}" if other.width else "not known"
    return f"largest: {best.width} × {best.height}, the next {less}"


def _format_words(best: Record, other: Record) -> str:
    return f"lossless: {best.format}, the next {other.format or 'not known'}"


def _bytes_words(best: Record, other: Record) -> str:
    less = size(other.size) if other.size is not None else "not known"
    lossy = _format(best) and _format(other)
    what = "less compressed" if lossy and _pixels(best) == _pixels(other) else "larger file"
    return f"{what}: {size(best.size or 0)}, the next {less}"


def _smaller_words(best: Record, other: Record) -> str:
    return f"smaller file: {size(best.size or 0)}, the next {size(other.size or 0)}"


def _age_words(best: Record, other: Record) -> str:
    if other.modified_ns is None or best.modified_ns is None:
        return "the only one whose age is known"
    return f"older by {_span(other.modified_ns - best.modified_ns)}"


def _path_words(best: Record, other: Record) -> str:
    if _path(best)[0] != _path(other)[0]:
        return f"the other's name is that of a copy: {name_of(other.uri)}"
    return "shorter path" if len(best.uri) < len(other.uri) else "first by name"


_WORDS: dict[str, Callable[[Record, Record], str]] = {
    "pixels": _pixels_words,
    "format": _format_words,
    "bytes": _bytes_words,
    "smaller": _smaller_words,
    "age": _age_words,
    "path": _path_words,
}


def _span(nanoseconds: int) -> str:
    days = nanoseconds / _DAY_NS
    for unit, length in (("year", 365.25), ("month", 30.44), ("day", 1.0), ("hour", 1 / 24)):
        if days >= length:
            count = int(days / length)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "less than an hour"
