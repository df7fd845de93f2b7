"""What writers that died leave is swept and mended; what writers are about is left to them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from milvus_server import MilvusProcess
from pymilvus import MilvusClient

from lookalike.encoders.projection import Projection
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.milvus import upkeep
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.store import MilvusStore

EYE = np.eye(4, dtype=np.float32)
EMBEDDING = EncoderSpec("embedding", "embedding", 4, "f1")
HASH = EncoderSpec("hash", "hash", 16)
SHORTER = Projection("shorter", np.zeros(4, np.float32), EYE[:, :3])
LONG_AGO = 1e9
NAME = "swept"


def entry(number: int, **given: Any) -> Entry:
    vectors = {"embedding": EYE[number % 3], "hash": np.array([number, 1], np.uint8)}
    trimmed = {"hash": np.array([number, 2], np.uint8)}
    return Entry(f"/{number}", vectors=vectors, trimmed=trimmed, **given)


@pytest.fixture(scope="module")
def stores(milvus: MilvusProcess) -> Iterator[tuple[MilvusStore, MilvusStore]]:
    """One collection, open twice, as two machines have it."""
    address = MilvusAddress.parse(milvus.address(NAME), consistency="strong")
    with MilvusStore.open(address) as one:
        one.add_encoder(EMBEDDING, SHORTER)
        one.add_encoder(HASH)
        with MilvusStore.open(address) as other:
            yield one, other


@pytest.fixture
def store(stores: tuple[MilvusStore, MilvusStore]) -> MilvusStore:
    store = stores[0]
    store.delete([record.id for record in store.scan()])
    tidy(store)
    return store


@pytest.fixture
def other(stores: tuple[MilvusStore, MilvusStore]) -> MilvusStore:
    return stores[1]


@pytest.fixture
def server(milvus: MilvusProcess) -> Iterator[MilvusClient]:
    client = MilvusClient(milvus.uri)
    yield client
    client.close()


def tidy(store: MilvusStore) -> None:
    """As if the last hour had been quiet."""
    upkeep.optimize(store._state, None, alone=True, safe_seconds=-60)


def held(store: MilvusStore) -> list[int]:
    return [one.vectors for one in store.stats().encoders]


@pytest.mark.parametrize("updated", [None, LONG_AGO])
def test_what_another_writer_is_about_to_write_is_not_swept(
    store: MilvusStore,
    other: MilvusStore,
    monkeypatch: pytest.MonkeyPatch,
    updated: float | None,
) -> None:
    """Also when records come from elsewhere, with times of their own."""
    connection = other._state.connection
    reached, go_on = threading.Event(), threading.Event()
    write = connection.upsert

    def upsert(table: Any, *rest: Any) -> int:
        if table.name == NAME:
            reached.set()
            assert go_on.wait(60)
        return write(table, *rest)

    monkeypatch.setattr(connection, "upsert", upsert)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(other.upsert, [entry(1, updated=updated)])
        try:
            assert reached.wait(60)
            assert (store.count(), held(store)) == (0, [1, 1])
            store.optimize()
            assert held(store) == [1, 1]
        finally:
            go_on.set()
        ids = written.result(60)
    assert [found.id for found in store.nearest("embedding", EYE[1], 5)] == ids
    assert set(store.trimmed("hash", ids)) == set(ids)
    assert store.stats().problems == ()


def test_two_writers_sweep_at_a_time_and_lose_nothing(
    store: MilvusStore, other: MilvusStore
) -> None:
    def add(writer: MilvusStore, first: int) -> list[int]:
        ids = []
        for start in range(first, first + 40, 4):
            ids += writer.upsert([entry(n) for n in range(start, start + 4)])
            writer.optimize()
        return ids

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(add, store, 0), pool.submit(add, other, 100)]
        ids = [key for job in jobs for key in job.result()]
    assert held(store) == [80, 80]
    for name in ("embedding", "hash"):
        assert store.vectors(name, ids).keys() == store.compared(name, ids).keys() == set(ids)


def test_what_a_writer_that_died_left_is_swept_when_it_is_old(
    store: MilvusStore, server: MilvusClient
) -> None:
    ids = store.upsert([entry(n) for n in range(3)])
    server.delete(NAME, ids=ids[:1])
    store.optimize()
    assert held(store) == [3, 3]
    tidy(store)
    assert (store.count(), held(store)) == (2, [2, 2])
    assert set(store.trimmed("hash", ids)) == set(store.vectors("embedding", ids)) == set(ids[1:])


def test_a_record_that_lost_its_vector_is_told_and_misses_it(
    store: MilvusStore, server: MilvusClient
) -> None:
    ids = store.upsert([entry(n, updated=LONG_AGO) for n in range(3)])
    server.delete(f"{NAME}__hash", ids=[ids[0], -ids[0] - 1])
    [problem] = store.stats().problems
    assert "1 records have lost their vectors of hash" in problem
    assert store.missing("hash") == []
    store.optimize()
    assert [record.id for record in store.missing("hash")] == ids[:1]
    assert store.missing("embedding") == []
    assert store.stats().problems == ()
    store.upsert([entry(0)])
    assert store.missing("hash") == []
    assert set(store.vectors("hash", ids)) == set(ids)


def test_a_lost_vector_is_made_of_the_embedding_that_is_kept(
    store: MilvusStore, server: MilvusClient
) -> None:
    ids = store.upsert([entry(n, updated=LONG_AGO, attributes={"n": n}) for n in range(3)])
    before = list(store.scan())
    server.delete(f"{NAME}__embedding", ids=ids[1:])
    assert len(store.nearest("embedding", EYE[1], 5)) == 1
    store.optimize()
    assert store.missing("embedding") == []
    [nearest, *_] = store.nearest("embedding", EYE[1], 5)
    assert nearest.id == ids[1]
    assert nearest.record is not None
    assert nearest.record.attributes == {"n": 1}
    assert list(store.scan()) == before


def test_what_is_being_written_is_not_called_lost(store: MilvusStore, server: MilvusClient) -> None:
    ids = store.upsert([entry(0)])
    server.delete(f"{NAME}__hash", ids=ids)
    store.optimize()
    assert (store.stats().problems, store.missing("hash")) == ((), [])
    # Nobody writes beside a rebuild.
    store.rebuild()
    assert [record.id for record in store.missing("hash")] == ids
