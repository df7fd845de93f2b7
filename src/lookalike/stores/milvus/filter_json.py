"""Conditions on attributes that are kept in the JSON which `filterable` makes."""

from collections.abc import Sequence

from lookalike.filters import Field
from lookalike.stores.keys import key_of
from lookalike.stores.milvus.filter_columns import within
from lookalike.stores.milvus.filter_terms import (
    NONE,
    Condition,
    any_of,
    bound,
    decimal,
    equal_numbers,
    listed,
    quoted,
    starts,
)
from lookalike.stores.milvus.filterable import COLUMN

_MOST_NUMBERS = 20_000
"""Numbers in one list, nine for each fraction, before a range about them is asked for instead."""


def place_of(field: Field) -> str:
    """The object in the JSON that stands for an attribute."""
    return f'{COLUMN}["{key_of(field.path)}"]'


def there(place: str) -> str:
    """True where the JSON has something in that place."""
    # Servers of 2.3 take `exists` within a larger expression only behind a `not`.
    return f"not (not exists {place})"


def equal(
    place: str, texts: Sequence[str], truths: Sequence[bool], numbers: Sequence[float]
) -> Condition:
    """Equality of an attribute, or of an element of a list, with any of these."""
    found = [_any_equal(place, "tT", list(map(quoted, texts)))]
    found.append(_any_equal(place, "bB", [str(truth).lower() for truth in truths]))
    every = [decimal(one) for number in numbers for one in equal_numbers(number)]
    if len(every) <= _MOST_NUMBERS:
        return Condition(any_of([*found, _any_equal(place, "nN", every)]))
    low, high = bound("<", min(numbers)), bound("<=", max(numbers))
    for highest, least in ("nn", "hl"):
        some = f'{place}["{highest}"] >= {decimal(low)} and {place}["{least}"] <= {decimal(high)}'
        found.append(some)
    return Condition(any_of(found), False)


def _any_equal(place: str, keys: str, literals: list[str]) -> str:
    one, several = (f'{place}["{key}"]' for key in keys)
    if not literals:
        return NONE
    if len(literals) == 1:
        return f"{one} == {literals[0]} or json_contains({several}, {literals[0]})"
    every = listed(literals)
    return f"{one} in {every} or json_contains_any({several}, {every})"


def ordered(place: str, operator: str, number: float) -> Condition:
    """An attribute, or an element of a list, less or greater than a number."""
    end = "l" if operator in ("<", "<=") else "h"
    literal = decimal(bound(operator, number))
    one, several = (f'{place}["{key}"] {operator} {literal}' for key in ("n", end))
    return Condition(f"{one} or {several}")


def spelt(place: str, operator: str, value: str, infix: bool) -> Condition:
    """An attribute, or an element of a list, that starts with a text or contains it.

    Of lists all pass, for a server cannot look at the start of an element.
    """
    one, several = f'{place}["t"]', there(f'{place}["T"]')
    if not value:
        return Condition(any_of([there(one), several]))
    if operator == "startswith":
        return Condition(any_of([starts(one, value), several]), False)
    return Condition(any_of([within(one, value, infix) or there(one), several]), False)
