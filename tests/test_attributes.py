"""What attributes may hold."""

from typing import Any

import numpy as np
import pytest

from lookalike.attributes import check_text, plain
from lookalike.errors import UsageError


def test_values_become_plain() -> None:
    given = {
        "text": "é",
        "list": (1, 2.5, None, True),
        "array": np.array([1, 2]),
        "scalar": np.float32(0.5),
        "nested": {"a": {"b": np.int64(3)}},
    }
    found = plain(given)
    assert found == {
        "text": "é",
        "list": [1, 2.5, None, True],
        "array": [1, 2],
        "scalar": 0.5,
        "nested": {"a": {"b": 3}},
    }
    assert type(found["scalar"]) is float
    assert type(found["nested"]["a"]["b"]) is int


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (["a"], "a mapping, not list"),
        ({"a": object()}, "attribute a: object cannot be stored"),
        ({"a": {"b": float("nan")}}, r"attribute a\.b: nan is not a number"),
        ({"a": 2**63}, "does not fit 64 bits"),
        ({"a": "x\0"}, "attribute a .*NUL"),
        ({"a": "\ud800"}, "not valid Unicode"),
        ({"": 1}, r"attribute \(all\): a name is empty"),
        ({"a": {" ": 1}}, "attribute a: a name is empty"),
        ({1: 2}, r"attribute \(all\): the key 1 is not text"),
        ({"\ud800": 2}, "attribute name"),
        ({"a": [[[[[[[[[1]]]]]]]]]}, "nested deeper"),
    ],
)
def test_what_no_store_can_hold_is_refused(attributes: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plain(attributes)


@pytest.mark.parametrize("text", ["a\0b", "\udc80"])
def test_text_that_cannot_be_kept_is_refused(text: str) -> None:
    check_text("any text, 文", "the uri")
    with pytest.raises(UsageError, match="the uri"):
        check_text(text, "the uri")
