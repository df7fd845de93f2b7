"""Attributes that are declared when a collection is made."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from milvus_server import MilvusProcess
from places import EMBEDDING, Kind, Place

from lookalike import filters
from lookalike.errors import UsageError
from lookalike.records import AttributeKind
from lookalike.stores.base import Entry

EYE = np.eye(4, dtype=np.float32)
DECLARED: dict[str, AttributeKind] = {"price": "number", "colour": "text", "sale": "boolean"}


@pytest.fixture(scope="module")
def made(kind: Kind, server: MilvusProcess | None) -> Iterator[Place]:
    """A store that declares attributes, with one encoder."""
    place = Place(kind, server, "declaring", DECLARED)
    place.store.add_encoder(EMBEDDING)
    yield place
    place.discard()


@pytest.fixture
def place(made: Place) -> Place:
    """That store, empty."""
    made.empty()
    return made


def test_they_are_kept_with_the_collection(place: Place) -> None:
    assert place.store.declared() == DECLARED
    assert place.store.settings() == {}
    assert place.reopen().declared() == DECLARED
    with place.opened(read_only=True) as reader:
        assert reader.declared() == DECLARED


@pytest.mark.parametrize("other", [{"price": "text"}, {"price": "number", "size": "number"}])
def test_others_than_it_was_made_with_are_refused(
    place: Place, other: dict[str, AttributeKind]
) -> None:
    place.store.close()
    try:
        with pytest.raises(UsageError, match="declared when a collection is made"):
            place.opened(attributes=other)
        with pytest.raises(UsageError, match="declared when a collection is made"):
            place.opened(attributes=other, read_only=True)
        # Some of them, or all, are what it has.
        with place.opened(attributes={"price": "number"}) as again:
            assert again.declared() == DECLARED
    finally:
        place.store = place.opened(attributes=DECLARED)


@pytest.mark.parametrize(
    ("attributes", "declared"),
    [
        ({"price": "3"}, "number"),
        ({"price": True}, "number"),
        ({"price": [3]}, "number"),
        ({"colour": 3}, "text"),
        ({"colour": ["red"]}, "text"),
        ({"colour": {"name": "red"}}, "text"),
        ({"sale": 1}, "boolean"),
        ({"sale": "true"}, "boolean"),
    ],
)
def test_a_value_of_another_kind_is_refused(
    place: Place, attributes: dict[str, Any], declared: str
) -> None:
    store = place.store
    (key,) = store.upsert([Entry("/1", attributes={"price": 1}, vectors={"embedding": EYE[0]})])
    complaint = f"attribute .* was declared a {declared}"
    with pytest.raises(UsageError, match=complaint) as caught:
        store.upsert([Entry("/2"), Entry("/1", attributes=attributes)])
    assert str(caught.value).startswith("/1: ")
    with pytest.raises(UsageError, match=complaint) as caught:
        store.update_attributes({key: attributes})
    assert str(caught.value).startswith("/1: ")
    assert [(one.uri, one.attributes) for one in store.scan()] == [("/1", {"price": 1})]


def test_filters_find_them(place: Place) -> None:
    store = place.store
    given: list[dict[str, Any]] = [
        {"price": np.int64(3), "colour": "red", "sale": True},
        {"price": 2.5, "colour": None, "other": [1]},
        {"colour": "blue", "sale": False},
        {},
    ]
    store.upsert(
        [
            Entry(f"/{place}", attributes=each, vectors={"embedding": EYE[place]})
            for place, each in enumerate(given)
        ]
    )
    for where, uris in {
        "price > 2.7": {"/0"},
        "price <= 3": {"/0", "/1"},
        'colour == "red" or sale == false': {"/0", "/2"},
        "colour is null": {"/1", "/3"},
        "not sale == true": {"/1", "/2", "/3"},
    }.items():
        passed = filters.parse(where)
        assert {one.uri for one in store.scan(passed)} == uris, where
        near = store.nearest("embedding", EYE[0], 10, where=passed)
        found = store.get([one.id for one in near])
        assert {one.uri for one in found if one is not None} == uris, where
