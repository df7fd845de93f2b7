"""Declared types of a table's columns: `price=float, tags=list:;`, and values read by them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from lookalike.errors import UsageError

TYPES = ("text", "int", "float", "bool", "list")

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}


@dataclass(frozen=True, slots=True)
class ColumnType:
    """What a column holds: one of `TYPES`; a list's items are text between separators."""

    name: str
    separator: str = ","

    def __str__(self) -> str:
        return self.name

    def read(self, value: Any) -> Any:
        """A value as this type; None (and an empty field of any type but text) stays None.

        Raises:
            ValueError: it is none; says why.
        """
        if value is None:
            return None
        if isinstance(value, str) and not value.strip():
            return value if self.name == "text" else None
        reader = {"text": _text, "int": _int, "float": _float, "bool": _bool}.get(self.name)
        return self._list(value) if reader is None else reader(value)

    def _list(self, value: Any) -> list[Any]:
        if isinstance(value, list):
            return value
        if isinstance(value, str):
            return [part.strip() for part in value.split(self.separator) if part.strip()]
        raise ValueError(f"{_shown(value)} is no list")


def parse_types(given: str | Mapping[str, str]) -> dict[str, ColumnType]:
    """Types by column, from `price=float,tags=list:;` or a mapping of the same.

    Raises:
        UsageError: a part is not COLUMN=TYPE, or a column is declared twice.
    """
    pairs = given.items() if isinstance(given, Mapping) else _pairs(given)
    found: dict[str, ColumnType] = {}
    for column, text in pairs:
        name, colon, separator = text.partition(":")
        if name not in TYPES or (colon and (name != "list" or not separator)):
            raise UsageError(
                f"the type {text!r} of column {column!r}: it is one of {', '.join(TYPES)}, "
                "or list:SEPARATOR"
            )
        if column in found:
            raise UsageError(f"column {column!r} has two types: declare it once")
        found[column] = ColumnType(name, separator or ",")
    return found


def native(value: Any) -> Any:
    """A value as its file holds it (JSON, Parquet), in the types that attributes can have."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case list():
            return [native(item) for item in value]
        case dict():
            return {key: native(item) for key, item in value.items()}
    return value


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for part in text.split(","):
        column, equals, kind = part.partition("=")
        if not equals or not column.strip():
            raise UsageError(f"types: {part!r}: write COLUMN=TYPE, such as price=float")
        pairs.append((column.strip(), kind.strip()))
    return pairs


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{_shown(value)} is no text")


def _int(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()) and len(value) < 64:
        return int(value)
    raise ValueError(f"{_shown(value)} is no int")


def _float(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    raise ValueError(f"{_shown(value)} is no float")


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str):
        found = _TRUTH.get(str(value).strip().lower())
        if found is not None:
            return found
    raise ValueError(f"{_shown(value)} is no bool (true or false, yes or no, 1 or 0)")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
