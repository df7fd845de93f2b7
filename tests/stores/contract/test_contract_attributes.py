"""Attributes: kept as they were, replaced, refused."""

from typing import Any

import numpy as np
import pytest

from lookalike.errors import NotFoundError, UsageError
from lookalike.stores.base import Entry, Store

EYE = np.eye(4, dtype=np.float32)


@pytest.mark.parametrize(
    "attributes",
    [
        {"int": 2**63 - 1, "negative": -(2**63), "float": 0.1, "large": 1e300, "whole": 2.0},
        {"true": True, "false": False, "none": None, "text": "é 🙂 \"'\\ \n", "empty": ""},
        {"list": [1, 2.5, "x", None, True], "nothing": [], "deep": {"a": {"b": [1]}}, "map": {}},
        {"a.b": 1, "a": {"b": 2}, 'odd "key"': 3, "né": 4, "size": 5, "$": 6, "_5f_": 7},
        {"long": "x" * 20_000},
    ],
)
def test_attributes_come_back_as_they_were(store: Store, attributes: dict[str, Any]) -> None:
    (key,) = store.upsert([Entry("/1", attributes=attributes, vectors={"embedding": EYE[0]})])
    (record,) = store.get([key])
    assert record is not None
    assert record.attributes == attributes
    assert [type(value) for value in record.attributes.values()] == [
        type(value) for value in attributes.values()
    ]
    assert next(store.scan()).attributes == attributes


def test_numpys_numbers_become_plain_ones(store: Store) -> None:
    store.upsert([Entry("/1", attributes={"n": np.int64(3), "list": np.array([0.5, 1.5])})])
    assert next(store.scan()).attributes == {"n": 3, "list": [0.5, 1.5]}


def test_attributes_are_replaced_whole(store: Store) -> None:
    vectors = {"embedding": EYE[0], "hash": np.zeros(2, np.uint8)}
    ids = store.upsert(
        [Entry("/1", attributes={"a": 1, "b": 2}, size=7, vectors=vectors), Entry("/2")]
    )
    before = store.get(ids)
    store.update_attributes({ids[0]: {"b": 3}, ids[1]: {"c": [1]}})
    first, second = store.get(ids)
    assert first is not None
    assert second is not None
    assert (first.attributes, second.attributes) == ({"b": 3}, {"c": [1]})
    assert before[0] is not None
    assert (first.size, first.added) == (7, before[0].added)
    assert first.updated >= before[0].updated
    assert set(store.vectors("embedding", ids)) == set(store.vectors("hash", ids)) == {ids[0]}
    store.update_attributes({})


def test_nothing_is_replaced_when_one_record_is_not_there(store: Store) -> None:
    (key,) = store.upsert([Entry("/1", attributes={"a": 1})])
    with pytest.raises(NotFoundError, match="no record 999"):
        store.update_attributes({key: {"a": 2}, 999: {}})
    assert next(store.scan()).attributes == {"a": 1}


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"a": float("nan")}, "attribute a: nan is not a number"),
        ({"a": 2**63}, "does not fit 64 bits"),
        ({"a": object()}, "cannot be stored"),
        ({1: "a"}, "is not text"),
        ({"": 1}, "a name is empty"),
        ({"a": "\0"}, "NUL"),
    ],
)
def test_what_no_store_can_hold_is_refused(
    store: Store, attributes: dict[str, Any], why: str
) -> None:
    (key,) = store.upsert([Entry("/1", attributes={"kept": 1})])
    with pytest.raises(UsageError, match=why) as caught:
        store.upsert([Entry("/2"), Entry("/3", attributes=attributes)])
    assert str(caught.value).startswith("/3: ")
    with pytest.raises(UsageError, match=why):
        store.update_attributes({key: attributes})
    assert [record.attributes for record in store.scan()] == [{"kept": 1}]
