"""The fields that a filter can name: those of every record, and the user's attributes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lookalike.records import Record

Kind = Literal["id", "text", "number", "time", "any"]
Scalar = str | bool | float | int

_SLACK = 4
_LARGEST_WHOLE = 2.0**63

_READERS: dict[str, tuple[Kind, Callable[[Record], Scalar | None]]] = {
    "id": ("id", lambda record: record.id),
    "uri": ("text", lambda record: record.uri),
    "tenant": ("text", lambda record: record.tenant),
    "format": ("text", lambda record: record.format),
    "size": ("number", lambda record: record.size),
    "width": ("number", lambda record: record.width),
    "height": ("number", lambda record: record.height),
    "duplicate_of": ("number", lambda record: record.duplicate_of),
    "added": ("time", lambda record: record.added),
    "updated": ("time", lambda record: record.updated),
    "modified": (
        "time",
        lambda record: None if record.modified_ns is None else record.modified_ns / 1e9,
    ),
}

SYSTEM_FIELDS: Mapping[str, Kind] = {name: kind for name, (kind, _) in _READERS.items()}
"""Fields that every record has, by name: what kind of value each one holds.

Times are seconds since the epoch; `size` is in bytes, `width` and `height` in pixels.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a record: a system field, or the path of keys to one of its attributes."""

    path: tuple[str, ...]
    system: bool = False

    @property
    def kind(self) -> Kind:
        """What the field holds; "any" for attributes."""
        return SYSTEM_FIELDS[self.path[0]] if self.system else "any"

    def value(self, record: Record) -> Any:
        """The record's value, None where it has none."""
        if self.system:
            return _READERS[self.path[0]][1](record)
        value: Any = record.attributes
        for key in self.path:
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return value

    def __str__(self) -> str:
        return ".".join(self.path)


def equal_range(number: float) -> tuple[float, float]:
    """The smallest and the largest number that count as equal to a literal.

    For whole numbers that is the number itself. A fraction equals what differs from it in the
    last two bits: 0.1 + 0.2 is 0.3, and stores that read decimals back inexactly agree.
    """
    low = high = number
    if not (number.is_integer() and abs(number) <= _LARGEST_WHOLE):
        for _ in range(_SLACK):
            low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    return low, high
