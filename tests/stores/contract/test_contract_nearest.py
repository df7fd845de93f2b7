"""Store.nearest, nearest_each and distances."""

import time
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from places import Place

from lookalike.errors import UsageError
from lookalike.filters import parse
from lookalike.indexes import IndexSpec
from lookalike.stores.base import Entry, Neighbour, QueryPart, Store

EYE = np.eye(4, dtype=np.float32)
RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((300, 4)).astype(np.float32)
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
ROWS[100:200] = ROWS[0]  # ties, by id


def filled(store: Store) -> NDArray[np.int64]:
    """The ids of `ROWS`, in their order."""
    entries = [
        Entry(f"/{n}", attributes={"n": n}, vectors={"embedding": row})
        for n, row in enumerate(ROWS)
    ]
    return np.array(store.upsert(entries))


def exact(ids: NDArray[np.int64], query: NDArray[np.float32]) -> list[tuple[float, int]]:
    """All distances, nearest first, ties by id."""
    distances = np.round(1 - ROWS @ query, 6)
    order = np.lexsort((ids, distances))
    return [(float(distances[n]), int(ids[n])) for n in order]


def pairs(found: Sequence[Neighbour]) -> list[tuple[float, int]]:
    return [(one.distance, one.id) for one in found]


def test_the_nearest_come_first_and_ties_by_id(store: Store) -> None:
    ids = filled(store)
    found = store.nearest("embedding", ROWS[0], 400)
    assert pairs(found) == sorted(pairs(found))
    assert [one.id for one in found[:101]] == sorted(ids[[0, *range(100, 200)]].tolist())
    assert len(found) == len({one.id for one in found}) == 300
    wanted = {key: distance for distance, key in exact(ids, ROWS[0])}
    assert {one.id: one.distance for one in found} == pytest.approx(wanted, abs=2e-3)
    assert [one.id for one in store.nearest("embedding", ROWS[0], 30)] == [
        one.id for one in found[:30]
    ]
    assert store.nearest("embedding", ROWS[0], 0) == []


@pytest.mark.parametrize("size", [1, 7, 50, 299])
def test_pages_neither_repeat_nor_skip(store: Store, size: int) -> None:
    filled(store)
    whole = store.nearest("embedding", ROWS[0], 300)
    starts = range(0, 320, size) if size > 1 else (0, 1, 50, 100, 101, 102, 299, 300)
    for start in starts:
        page = store.nearest("embedding", ROWS[0], size, offset=start)
        assert [one.id for one in page] == [one.id for one in whole[start : start + size]]
        assert [one.distance for one in page] == pytest.approx(
            [one.distance for one in whole[start : start + size]], abs=1e-6
        )


def test_filters_and_a_greatest_distance(store: Store) -> None:
    ids = filled(store)
    wanted = exact(ids, ROWS[250])
    some = [key for _, key in wanted if key in set(ids[150:260].tolist())]
    where = parse("n >= 150 and n < 260")
    found = store.nearest("embedding", ROWS[250], 300, where=where)
    assert {one.id for one in found} == set(some)
    assert store.nearest("embedding", ROWS[250], 20, offset=10, where=where) == found[10:30]
    near = store.nearest("embedding", ROWS[250], 300, max_distance=0.2)
    assert {one.id for one in near} >= {key for distance, key in wanted if distance < 0.197}
    assert {one.id for one in near} <= {key for distance, key in wanted if distance < 0.203}
    both = store.nearest("embedding", ROWS[250], 300, where=where, max_distance=0.2)
    assert [one.id for one in both] == [one.id for one in near if one.id in some]
    assert store.nearest("embedding", ROWS[250], 9, where=parse("n > 1000")) == []
    (itself,) = store.nearest("embedding", ROWS[250], 9, max_distance=1e-6, where=parse("n == 250"))
    assert itself.id == ids[250]


@pytest.mark.parametrize("read_only", [False, True])
def test_several_queries_answer_as_each_alone(place: Place, read_only: bool) -> None:
    filled(place.store)
    store = place.opened(read_only=True) if read_only else place.store
    queries, limits = ROWS[[0, 250, 299]], [120, 5, 1]
    for where in (None, parse("n >= 150")):
        alone = [
            store.nearest("embedding", query, limit, where=where)
            for query, limit in zip(queries, limits, strict=True)
        ]
        together = store.nearest_each("embedding", queries, limits, where=where)
        for own, found in zip(alone, together, strict=True):
            assert [one.id for one in found] == [one.id for one in own]
            assert [one.distance for one in found] == pytest.approx(
                [one.distance for one in own], abs=1e-5
            )
        assert [len(found) for found in together] == limits
    nothing = parse("n < 0")
    assert store.nearest_each("embedding", queries, limits, where=nothing) == [[], [], []]
    assert store.nearest_each("embedding", queries[:0], [], where=None) == []
    if read_only:
        store.close()


def test_distances_are_those_of_a_search(store: Store) -> None:
    ids = filled(store)
    searched = {one.id: one.distance for one in store.nearest("embedding", ROWS[7], 300)}
    asked = [int(key) for key in ids[::5]]
    found = store.distances("embedding", ROWS[7], [*asked, 999, asked[0]])
    assert set(found) == set(asked)
    assert found == pytest.approx({key: searched[key] for key in asked}, abs=1e-6)
    assert store.distances("embedding", ROWS[7], []) == {}


def test_a_query_of_weighted_parts(store: Store) -> None:
    ids = filled(store)
    parts = [QueryPart(ROWS[3]), QueryPart(ROWS[5], -0.5), QueryPart(ROWS[9], 2.0)]
    mixed = ROWS[3] - 0.5 * ROWS[5] + 2 * ROWS[9]
    wanted = {key: one for one, key in exact(ids, mixed / np.linalg.norm(mixed))}
    found = store.nearest("embedding", parts, 300)
    assert {one.id: one.distance for one in found} == pytest.approx(wanted, abs=2e-3)
    assert store.distances("embedding", parts, [one.id for one in found[:9]]) == pytest.approx(
        {one.id: one.distance for one in found[:9]}, abs=1e-6
    )


def test_what_is_no_query_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match=r"needs a query of shape \(4,\), not \(3,\)"):
        store.nearest("embedding", EYE[0][:3], 3)
    with pytest.raises(UsageError, match="makes hashs: ask it for those"):
        store.nearest("hash", EYE[0], 3)
    assert store.nearest("embedding", EYE[0], 3) == []


def test_what_changed_is_found_as_it_is_now(store: Store) -> None:
    ids = store.upsert(
        [Entry(f"/{n}", attributes={"n": n}, vectors={"embedding": EYE[n]}) for n in range(4)]
    )
    store.upsert([Entry("/0", vectors={"embedding": EYE[1]})])
    assert [one.id for one in store.nearest("embedding", EYE[1], 2)] == sorted(ids[:2])
    assert store.nearest("embedding", EYE[0], 1)[0].distance == pytest.approx(1, abs=1e-3)
    store.update_attributes({ids[3]: {"n": 0}})
    found = store.nearest("embedding", EYE[3], 9, where=parse("n == 0"))
    assert [one.id for one in found] == [ids[3], ids[0]]
    assert store.nearest("embedding", EYE[3], 9, where=parse("n == 3")) == []


def test_pages_go_deeper_than_an_engine_lists_at_once(store: Store) -> None:
    count = 17_000  # a search of Milvus gives at most 16,384
    angles = np.linspace(0, 3, count)
    rows = np.stack([np.cos(angles), np.sin(angles), 0 * angles, 0 * angles], 1).astype("f4")
    ids: list[int] = []
    for start in range(0, count, 2000):
        part = enumerate(rows[start : start + 2000], start)
        ids += store.upsert([Entry(f"/{n}", vectors={"embedding": row}) for n, row in part])
    # Of thousands that are not indexed yet a server finds but some.
    store.optimize()
    # The graph of so many that are nearly the same falls into pieces.
    usual = store.index("embedding")
    store.set_index("embedding", IndexSpec("FLAT"))
    # A server hands rows over from one segment to another for some moments after that.
    end = time.monotonic() + 60
    while len(whole := store.nearest("embedding", rows[0], count)) < count:
        assert time.monotonic() < end, f"{len(whole)} of {count}"
        time.sleep(0.5)
    assert {one.id for one in whole} == set(ids)
    assert pairs(whole) == sorted(pairs(whole))
    page = store.nearest("embedding", rows[0], 20, offset=count - 30)
    assert [one.id for one in page] == [one.id for one in whole[-30:-10]]
    far = store.nearest("embedding", rows[0], count, offset=count - 5)
    assert [one.id for one in far] == [one.id for one in whole[-5:]]
    store.set_index("embedding", usual)
