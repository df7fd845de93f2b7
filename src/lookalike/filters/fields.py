"""The fields that a filter can name: those of every record, and the user's attributes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lookalike.records import Record

Kind = Literal["id", "text", "number", "time", "any"]
Scalar = str | bool | float | int

_READERS: dict[str, tuple[Kind, Callable[[Record], Scalar | None]]] = {
    "id": ("id", lambda record: record.id),
    "uri": ("text", lambda record: record.uri),
    "tenant": ("text", lambda record: record.tenant),
    "format": ("text", lambda record: record.format),
    "size": ("number", lambda record: record.size),
    "width": ("number", lambda record: record.width),
    "height": ("number", lambda record: record.height),
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
