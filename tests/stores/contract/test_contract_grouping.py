"""Grouping: the best records of each value, on every kind of store."""

from collections.abc import Sequence

import numpy as np
import pytest

from lookalike.errors import UsageError
from lookalike.filters import Filter, parse
from lookalike.records import Record
from lookalike.search import Term
from lookalike.search import search as answer
from lookalike.stores.base import Entry, Neighbour, Store
from lookalike.stores.grouping import Grouping, grouped

ARTICLES = ["shoe", "hat", 7, 7.5, True, None, ["shoe", "hat"], "coat"]


@pytest.fixture
def filled(store: Store) -> tuple[Store, np.ndarray]:
    random = np.random.default_rng(11)
    size = next(spec.size for spec in store.encoders() if spec.kind == "embedding")
    vectors = random.standard_normal((160, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store.upsert(
        [
            Entry(
                f"/{number}",
                id=number,
                vectors={_name(store): vectors[number]},
                # The shoes are as many as all others together.
                attributes={"article": ARTICLES[number // 2 % 8] if number % 2 else "shoe"},
            )
            for number in range(160)
        ]
    )
    return store, vectors


def _name(store: Store) -> str:
    return next(spec.name for spec in store.encoders() if spec.kind == "embedding")


def found(
    store: Store, query: np.ndarray, grouping: Grouping, limit: int, offset: int = 0
) -> list[Neighbour]:
    return grouped(
        lambda size, where: store.nearest(_name(store), query, size, where=where),
        lambda some: store.get([one.id for one in some]),
        grouping,
        limit,
        offset,
        None,
    )


def by_hand(store: Store, query: np.ndarray, size: int) -> list[list[int]]:
    """Groups in order, of a search for everything."""
    groups: dict[object, list[int]] = {}
    for one in store.nearest(_name(store), query, 1000):
        record = store.get([one.id])[0]
        assert record is not None
        value = record.attributes.get("article")
        key = one.id if value is None or isinstance(value, list) else repr(value)
        groups.setdefault(key, []).append(one.id)
    return [ids[:size] for ids in groups.values()]


@pytest.mark.parametrize("size", [1, 3])
def test_the_best_of_each_value_in_pages(filled: tuple[Store, np.ndarray], size: int) -> None:
    store, vectors = filled
    grouping = Grouping.parse("article", size)
    for query in vectors[:3]:
        expected = by_hand(store, query, size)
        assert len(expected) == 6 + 20  # values, and those that stand alone
        for offset in (0, 2, 4, 22, 25, 60):
            page = expected[offset : offset + 4]
            ids = [one.id for one in found(store, query, grouping, 4, offset)]
            assert ids == [id_ for members in page for id_ in members]


def test_records_come_with_them(filled: tuple[Store, np.ndarray]) -> None:
    store, vectors = filled
    for one in found(store, vectors[0], Grouping.parse("article"), 3):
        assert one.record is not None
        assert one.record.id == one.id


def test_a_search_is_grouped(filled: tuple[Store, np.ndarray]) -> None:
    store, vectors = filled
    results = answer(
        store,
        [Term("vector", vectors[5])],
        encoder=_name(store),
        where=parse('article in ["shoe", "coat"] and article != "hat"'),
        grouping=Grouping.parse("article", 2),
    )
    groups = [hit.group for hit in results]
    assert sorted(map(str, groups)) == ["coat", "coat", "shoe", "shoe"]
    assert groups[0] == groups[1]
    assert results.to_dict()["group_by"] == "article"
    assert [hit["group"] for hit in results.to_dict()["hits"]] == groups


def test_system_fields_and_odd_names() -> None:
    assert Grouping.parse("tenant").field.system
    assert Grouping.parse("attributes.size").field.path == ("size",)
    assert Grouping.parse("`odd name`.inner").field.path == ("odd name", "inner")


@pytest.mark.parametrize("field", ["", "a or b", "a is null or b", "1", "x == 3 and y", 5])
def test_what_is_no_field_is_refused(field: str) -> None:
    with pytest.raises(UsageError, match="one field"):
        Grouping.parse(field)


@pytest.mark.parametrize("size", [0, -1, 1001, 1.5, True])
def test_sizes_that_cannot_be_are_refused(size: int) -> None:
    with pytest.raises(UsageError, match="shows 1 to 1,000"):
        Grouping.parse("a", size)


def test_a_number_is_no_truth_and_a_text_no_number() -> None:
    grouping = Grouping.parse("a")
    values: Sequence[object] = [1, 1.0, True, "1", "true", None, [1]]
    keys = [
        grouping.key_of(Record(number, "u", attributes={"a": value}))
        for number, value in enumerate(values)
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == len(values) - 1


def test_no_more_is_read_when_no_value_is_left() -> None:
    colours = ["red", "blue"]
    records = {n: Record(n, f"/{n}", attributes={"colour": colours[n % 2]}) for n in range(5000)}
    asked = []

    def find(size: int, where: Filter | None) -> list[Neighbour]:
        passing = [n for n, one in records.items() if where is None or where.matches(one)]
        asked.append(size)
        return [Neighbour(n, n / 1e4) for n in passing[:size]]

    page = grouped(
        find, lambda some: [records[one.id] for one in some], Grouping.parse("colour"), 3, 0, None
    )
    assert [one.id for one in page] == [0, 1]
    assert sum(asked) < 100


class Sizes:
    """A search of records in order of id that notes how many answers it was asked for."""

    def __init__(self, values: Sequence[object]) -> None:
        self.records = [
            Record(n, f"/{n}", attributes={"a": value}) for n, value in enumerate(values)
        ]
        self.asked = 0

    def group(self, limit: int, offset: int = 0, size: int = 1) -> list[int]:
        def find(most: int, where: Filter | None) -> list[Neighbour]:
            self.asked += most
            passing = [one for one in self.records if where is None or where.matches(one)]
            return [Neighbour(one.id, one.id / 1e6) for one in passing[:most]]

        grouping = Grouping.parse("a", size)
        return [
            one.id
            for one in grouped(find, self.of, grouping, limit, offset, None)
            if one.record is not None
        ]

    def of(self, found: Sequence[Neighbour]) -> list[Record | None]:
        """Their records; those of every hundredth are gone."""
        return [None if one.id % 100 == 99 else self.records[one.id] for one in found]


def test_what_lies_far_down_is_found_without_reading_all() -> None:
    values: list[object] = ["near"] * 20_000
    values += [f"far {number // 50}" for number in range(5000)]
    sizes = Sizes(values)
    firsts = [0, *range(20_000, 25_000, 50)]
    assert sizes.group(4) == firsts[:4]
    assert sizes.asked < 4000
    pages = [page for start in range(0, 110, 10) for page in sizes.group(10, start)]
    assert pages == firsts
    members = sizes.group(2, size=3)
    assert members == [0, 1, 2, 20_000, 20_001, 20_002]


def test_a_record_that_is_gone_ends_nothing() -> None:
    sizes = Sizes([number // 30 for number in range(900)])
    assert sizes.group(30) == [30 * number for number in range(30)]
