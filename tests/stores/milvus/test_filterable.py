"""What Milvus filters on."""

import pytest

from lookalike.errors import UsageError
from lookalike.stores.milvus.filterable import attribute_columns, form


def test_each_value_has_a_key_of_its_type() -> None:
    attributes = {
        "price": 5,
        "colour": "red",
        "sale": False,
        "none": None,
        "tags": ["a", 2, True, 0.5, None],
        "empty": [],
        "odd key.é": {"inner": 1},
    }
    assert form(attributes, {}) == {
        "price": {"n": 5.0},
        "colour": {"t": "red"},
        "sale": {"b": False},
        "tags": {"T": ["a"], "N": [2.0, 0.5], "l": 0.5, "h": 2.0, "B": [True]},
        "empty": {"o": True},
        "odd_20_key_2e__e9_": {"o": True},
        "odd_20_key_2e__e9__0_inner": {"n": 1.0},
    }


def test_declared_attributes_have_columns_instead() -> None:
    attributes = {"price": 5, "colour": "red"}
    assert form(attributes, {"price": "number"}) == {"colour": {"t": "red"}}
    declared = attribute_columns(attributes, {"price": "number", "sale": "boolean"})
    assert declared == {
        "attribute_price": 5.0,
        "set_price": True,
        "attribute_sale": False,
        "set_sale": False,
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", True), ("number", "5"), ("text", 5), ("boolean", 1), ("text", [])],
)
def test_a_value_of_another_kind_than_declared_is_refused(kind: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"was declared a {kind}"):
        attribute_columns({"a": value}, {"a": kind})  # type: ignore[dict-item]
