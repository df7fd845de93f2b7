"""What Milvus keeps of a record so that filters run inside it: columns, and a JSON of typed keys.

`filter_expr` compiles filters for what is written here. A system field is a column of its own; so
is a declared attribute, with another column that says whether it is set, for older servers have no
null. Every other attribute that is not null is an object in the JSON, under the key of its path:

- `n` a number, `t` a text or `b` true or false;
- of a list, `N` its numbers with the least `l` and the greatest `h`, `T` its texts, `B` its truths;
- `o` for what no comparison is true of, a mapping or an empty list, so that it is not null.

Numbers are float64, as which filters compare them.
"""

from collections.abc import Mapping
from typing import Any

from lookalike.records import AttributeKind, Attributes
from lookalike.stores.checks import check_declared
from lookalike.stores.keys import key_of

ABSENT = -(2**63) + 1
"""What a column of integers (size, modified_ns, width, height, duplicate_of) holds for None."""

ABSENT_TEXT = ""
"""What the column `format` holds for None."""

COLUMN = "filterable"
"""The column of the JSON."""

WRITTEN = "written at"
"""A key of the JSON, no attribute's: when a row was written, in seconds since the epoch, where
`updated` is of before, as of records that come from another collection."""


def form(attributes: Attributes, declared: Mapping[str, AttributeKind]) -> dict[str, Any]:
    """The JSON of a record's attributes, without the declared ones."""
    found: dict[str, Any] = {}
    rest = {key: value for key, value in attributes.items() if key not in declared}
    _collect((), rest, found)
    return found


def attribute_column(name: str) -> str:
    """The column of a declared attribute."""
    return f"attribute_{key_of((name,))}"


def set_column(name: str) -> str:
    """The column, true or false, that says whether a declared attribute is set."""
    return f"set_{key_of((name,))}"


def attribute_columns(
    attributes: Attributes, declared: Mapping[str, AttributeKind]
) -> dict[str, Any]:
    """What the columns of the declared attributes hold: DOUBLE, VARCHAR or BOOL, and BOOL for set.

    Raises:
        UsageError: a value is not of the kind that was declared, or it is a list.
    """
    check_declared(attributes, declared)
    found: dict[str, Any] = {}
    for name, kind in declared.items():
        value = attributes.get(name)
        found[set_column(name)] = value is not None
        if value is None:
            value = _NOTHING[kind]
        found[attribute_column(name)] = float(value) if kind == "number" else value
    return found


_NOTHING: Mapping[AttributeKind, Any] = {"number": 0.0, "text": "", "boolean": False}


def _collect(path: tuple[str, ...], values: Mapping[str, Any], found: dict[str, Any]) -> None:
    for key, value in values.items():
        if value is None:
            continue
        here = (*path, key)
        if isinstance(value, str):
            typed: dict[str, Any] = {"t": value}
        elif isinstance(value, bool):
            typed = {"b": value}
        elif isinstance(value, int | float):
            typed = {"n": float(value)}
        elif isinstance(value, Mapping):
            typed = {"o": True}
            _collect(here, value, found)
        else:
            typed = _list(value)
        found[key_of(here)] = typed


def _list(values: list[Any]) -> dict[str, Any]:
    truths = [value for value in values if isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    numbers = [
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    typed: dict[str, Any] = {}
    if truths:
        typed["B"] = truths
    if texts:
        typed["T"] = texts
    if numbers:
        typed |= {"N": numbers, "l": min(numbers), "h": max(numbers)}
    return typed or {"o": True}
