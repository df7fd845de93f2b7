"""Conditions on columns of their own: system fields and declared attributes."""

from collections.abc import Callable, Sequence

from lookalike.filters import equal_range
from lookalike.stores.milvus.filter_terms import (
    NONE,
    Condition,
    all_of,
    any_of,
    bound,
    decimal,
    equal_numbers,
    listed,
    quoted,
    starts,
)
from lookalike.stores.milvus.filterable import ABSENT, ABSENT_TEXT

_LEAST, _MOST = ABSENT + 1, 2**63 - 1
_MOST_RANGES = 100
"""Parts of an `or` before one range about them all is asked for instead."""

INTEGERS: dict[str, tuple[str, Callable[[int], float]]] = {
    "size": ("size", float),
    "width": ("width", float),
    "height": ("height", float),
    "duplicate_of": ("duplicate_of", float),
    "modified": ("modified_ns", lambda nanoseconds: nanoseconds / 1e9),
}
"""Fields that are kept as integers: the column, and the number that filters compare."""


def ids(operator: str, values: Sequence[int]) -> Condition:
    """A comparison of the id, which is 0 or more, with any of `values`."""
    if operator == "==":
        found = [str(value) for value in values if value >= 0]
        if len(found) == 1:
            return Condition(f"id == {found[0]}")
        return Condition(f"id in {listed(found)}" if found else NONE)
    (value,) = values
    return Condition(f"id {operator} {max(value, -1)}")


def integers(field: str, operator: str, values: Sequence[float]) -> Condition:
    """A comparison of a field of `INTEGERS` with any of `values`."""
    column, number_of = INTEGERS[field]
    points: list[str] = []
    ranges: list[tuple[int, int]] = []
    for value in values:
        first, last = _range(operator, value, number_of)
        if first == last:
            points.append(str(first))
        elif first < last:
            ranges.append((first, last))
    exact = len(ranges) <= _MOST_RANGES
    if not exact:
        ranges = [(min(first for first, _ in ranges), max(last for _, last in ranges))]
    texts = [_between(column, first, last) for first, last in ranges]
    if points:
        texts.append(f"{column} in {listed(points)}")
    return Condition(any_of(texts), exact)


def _range(operator: str, value: float, number_of: Callable[[int], float]) -> tuple[int, int]:
    """The first and the last integer whose number compares so; a first above the last is none."""
    low, high = equal_range(value)
    first, above = _first(lambda n: number_of(n) >= low), _first(lambda n: number_of(n) > high)
    match operator:
        case "==":
            return first, above - 1
        case "<":
            return _LEAST, first - 1
        case "<=":
            return _LEAST, above - 1
        case ">":
            return above, _MOST
    return first, _MOST


def _first(passes: Callable[[int], bool]) -> int:
    """The first integer that passes, as all after it do; one beyond the last when none does."""
    low, high = _LEAST, _MOST + 1
    while low < high:
        middle = (low + high) // 2
        if passes(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _between(column: str, first: int, last: int) -> str:
    if last == _MOST:
        return f"{column} >= {first}"
    return f"{column} >= {first} and {column} <= {last}"


def numbers(column: str, operator: str, values: Sequence[float]) -> Condition:
    """A comparison of a column of float64 with any of `values`."""
    if operator != "==":
        (value,) = values
        return Condition(f"{column} {operator} {decimal(bound(operator, value))}")
    found = [decimal(one) for value in values for one in equal_numbers(value)]
    return Condition(f"{column} in {listed(found)}" if found else NONE)


def texts(
    column: str, operator: str, values: Sequence[str], *, infix: bool, may_lack: bool = False
) -> Condition:
    """A comparison of a column of texts with any of `values`.

    Args:
        column: its name.
        operator: "==", "startswith" or "contains".
        values: what it is compared with.
        infix: whether the server knows `like "%text%"`.
        may_lack: whether an empty text stands for none.
    """
    present = f"{column} != {quoted(ABSENT_TEXT)}" if may_lack else ""
    if operator == "==":
        found = [quoted(value) for value in values if value or not may_lack]
        if len(found) == 1:
            return Condition(f"{column} == {found[0]}")
        return Condition(f"{column} in {listed(found)}" if found else NONE)
    (value,) = values
    if not value:
        return Condition(present or f"{column} >= {quoted('')}")
    if operator == "startswith":
        return Condition(starts(column, value))
    return Condition(within(column, value, infix) or present or f"{column} >= {quoted('')}", False)


def within(place: str, value: str, infix: bool) -> str:
    """True where a text has `value` within; empty where the server cannot say so."""
    # Servers differ in how a wildcard is escaped.
    return f"{place} like {quoted(f'%{value}%')}" if infix and not set("%_\\") & set(value) else ""


def truths(column: str, values: Sequence[bool]) -> Condition:
    """A column of truths equal to any of `values`."""
    return Condition(any_of([f"{column} == {str(value).lower()}" for value in values]))


def where_set(set_column: str, condition: Condition) -> Condition:
    """The condition on a declared attribute, which must be set."""
    return Condition(all_of([f"{set_column} == true", condition.text]), condition.exact)
