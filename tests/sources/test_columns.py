"""Declared types of columns."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.sources.columns import TYPES, ColumnType, parse_types


def test_types_are_declared_as_text_or_mapping() -> None:
    found = parse_types("price=float, id=text,tags=list:;")
    assert found == {
        "price": ColumnType("float"),
        "id": ColumnType("text"),
        "tags": ColumnType("list", ";"),
    }
    assert parse_types({"tags": "list:;"}) == {"tags": ColumnType("list", ";")}


@pytest.mark.parametrize(
    "text", ["price", "price=money", "=int", "a=int:x", "a=list:", "a=int,a=int"]
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_types(text)


@pytest.mark.parametrize(
    ("kind", "given_", "read"),
    [
        ("text", "0108775015", "0108775015"),
        ("text", 108775015, "108775015"),
        ("text", True, "true"),
        ("int", " 007 ", 7),
        ("int", "-3", -3),
        ("int", 4.0, 4),
        ("float", "19.50", 19.5),
        ("float", "1e3", 1000.0),
        ("float", 3, 3.0),
        ("bool", "Yes", True),
        ("bool", "0", False),
        ("bool", 1, True),
        ("list", "red, blue,,", ["red", "blue"]),
        ("list", ["a"], ["a"]),
        ("float", "  ", None),
        ("bool", None, None),
    ],
)
def test_values_are_read(kind: str, given_: object, read: object) -> None:
    found = ColumnType(kind).read(given_)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "1.5"),
        ("int", "1_000"),
        ("int", "12a"),
        ("int", "١٢"),
        ("int", "9" * 100),
        ("int", True),
        ("float", "19,50"),
        ("float", "nan"),
        ("float", "1_0.0"),
        ("float", "inf"),
        ("float", [1]),
        ("bool", "maybe"),
        ("bool", 2),
        ("list", 3),
        ("text", {"a": 1}),
    ],
)
def test_values_that_are_none_are_refused(kind: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"is no {kind}"):
        ColumnType(kind).read(value)


@given(st.sampled_from(TYPES), st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_any_value_is_read_or_refused(kind: str, value: object) -> None:
    try:
        found = ColumnType(kind).read(value)
    except ValueError:
        return
    if not (isinstance(found, float) and not math.isfinite(found)):
        json.dumps(found, allow_nan=False)
