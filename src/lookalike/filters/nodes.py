"""A parsed filter as a tree of frozen nodes; `matches` is the reference for every store.

Two-valued: a comparison with a value that is missing or of another type is false, and `not`
makes it true. Numbers compare as float64 (see `equal_range`), ids as int64. A list matches when
any element does.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from lookalike.errors import FilterError
from lookalike.filters.fields import Field, Scalar, equal_range
from lookalike.records import Record

Operator = Literal["==", "<", "<=", ">", ">=", "startswith", "contains"]


class Filter:
    """Base of the nodes."""

    __slots__ = ()

    @abstractmethod
    def matches(self, record: Record) -> bool:
        """Whether the record passes; what every store must agree with."""


@dataclass(frozen=True, slots=True)
class Comparison(Filter):
    """`field operator value`.

    `value` is an int for ids, a float for every other number and for times.
    """

    field: Field
    operator: Operator
    value: Scalar

    def matches(self, record: Record) -> bool:
        """Whether the field's value, or any element of it, compares true."""
        return any(
            _compare(found, self.operator, self.value)
            for found in _comparable(self.field, record, type(self.value))
        )


@dataclass(frozen=True, slots=True)
class OneOf(Filter):
    """`field in [values]`."""

    field: Field
    values: tuple[Scalar, ...]

    def matches(self, record: Record) -> bool:
        """Whether the field's value, or any element of it, is one of `values`."""
        return any(
            _compare(found, "==", value)
            for value in self.values
            for found in _comparable(self.field, record, type(value))
        )


@dataclass(frozen=True, slots=True)
class IsNull(Filter):
    """`field is null`: the record has no such field, or null in it."""

    field: Field

    def matches(self, record: Record) -> bool:
        """Whether there is no value."""
        return self.field.value(record) is None


@dataclass(frozen=True, slots=True)
class And(Filter):
    """All of `parts`; true when there are none."""

    parts: tuple[Filter, ...]

    def matches(self, record: Record) -> bool:
        """Whether every part matches."""
        return all(part.matches(record) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or(Filter):
    """Any of `parts`; false when there are none."""

    parts: tuple[Filter, ...]

    def matches(self, record: Record) -> bool:
        """Whether some part matches."""
        return any(part.matches(record) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not(Filter):
    """Not `part`."""

    part: Filter

    def matches(self, record: Record) -> bool:
        """Whether the part does not match."""
        return not self.part.matches(record)


def conditions(where: Filter) -> Iterator[Comparison | OneOf | IsNull]:
    """The conditions on single fields that a filter is made of, in order."""
    match where:
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions(part)
        case Not(part):
            yield from conditions(part)
        case Comparison() | OneOf() | IsNull():
            yield where


def all_of(*filters: Filter | None) -> Filter | None:
    """One filter that holds when all of those given hold; None when none is given."""
    parts: list[Filter] = []
    for one in filters:
        if one is not None:
            parts.extend(one.parts if isinstance(one, And) else (one,))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def tenant_is(tenant: str) -> Filter:
    """Records of one tenant."""
    _refuse_nul(tenant)
    return Comparison(Field(("tenant",), system=True), "==", tenant)


def uri_within(folder: str) -> Filter:
    """Records whose uri lies below a folder, which is an absolute path or a URL.

    `/a/b` holds `/a/b/c.jpg` and `/a/b/c/d.jpg`, not `/a/bc/d.jpg`. Files below it whose names
    are not valid UTF-8, and so are kept as `file:` URIs, are held too.
    """
    _refuse_nul(folder)
    separator = "\\" if "\\" in folder and "/" not in folder else "/"
    prefix = folder.rstrip(separator) + separator
    uri = Field(("uri",), system=True)
    below = Comparison(uri, "startswith", prefix)
    if not prefix.startswith("/"):
        return below
    as_uri = "file://" + quote(prefix, errors="surrogateescape")
    return Or((below, Comparison(uri, "startswith", as_uri)))


def _refuse_nul(text: str) -> None:
    if "\0" in text:
        raise FilterError(f"{text!r} holds a NUL character, which no uri or tenant can: remove it.")


def _comparable(field: Field, record: Record, wanted: type) -> Iterator[Any]:
    """The field's values of the same type as the literal, a list's elements one by one."""
    value = field.value(record)
    for found in value if isinstance(value, list | tuple) else (value,):
        if isinstance(found, bool):
            if wanted is bool:
                yield found
        elif isinstance(found, int | float):
            if wanted is float:
                yield float(found)
            elif wanted is int:
                yield found
        elif isinstance(found, str) and wanted is str:
            yield found


def _compare(found: Any, operator: Operator, value: Any) -> bool:
    low, high = equal_range(value) if isinstance(value, float) else (value, value)
    match operator:
        case "==":
            return bool(low <= found <= high)
        case "<":
            return bool(found < low)
        case "<=":
            return bool(found <= high)
        case ">":
            return bool(found > high)
        case ">=":
            return bool(found >= low)
        case "startswith":
            return bool(found.startswith(value))
        case "contains":
            return value in found
