"""Collections whose tenants have a partition of their own each."""

from collections.abc import Iterator

import numpy as np
import pytest
from milvus_server import MilvusProcess
from store_at import open_store

from lookalike.errors import UsageError
from lookalike.filters import parse, tenant_is
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.milvus.partitions import tenants_of
from lookalike.stores.milvus.store import MilvusStore

EYE = np.eye(4, dtype=np.float32)
HASH = np.array([1, 2], np.uint8)


@pytest.fixture(scope="module")
def address(milvus: MilvusProcess) -> str:
    with _opened(milvus.address("apart?tenancy=partitions")) as store:
        store.add_encoder(EncoderSpec("e", "embedding", 4))
        store.add_encoder(EncoderSpec("h", "hash", 16))
    return milvus.address("apart")


@pytest.fixture
def store(address: str) -> Iterator[MilvusStore]:
    with _opened(address) as store:
        yield store
        store.delete([record.id for record in store.scan()])
        store.optimize()


def _opened(address: str) -> MilvusStore:
    store = open_store(address)
    assert isinstance(store, MilvusStore)
    return store


def held(store: MilvusStore, table: str) -> dict[str, set[str]]:
    """The uris in each partition of a tenant that is there."""
    connection = store._state.connection
    found = {}
    for name in connection.call("list", lambda client, _: client.list_partitions(table)):
        rows = connection.call(
            "read",
            lambda client, _, name=name: client.query(
                table,
                "id >= 0",
                ["uri", "tenant"],
                partition_names=[name],
                consistency_level="Strong",
            ),
        )
        if name.startswith("tenant_"):
            found[name] = {row["tenant"] + row["uri"] for row in rows}
    return found


def entries(*tenants: str) -> list[Entry]:
    vectors = {"e": EYE[0], "h": HASH}
    return [Entry("/1", tenant, vectors=vectors) for tenant in tenants]


def test_each_tenant_is_in_its_own_and_searched_there(store: MilvusStore) -> None:
    store.upsert(entries("a", "é 🙂 \" or id >= 0 or uri == '", "", "b"))
    for table in ("apart", "apart__e", "apart__h"):
        own = [uris for uris in held(store, table).values() if uris]
        assert len(own) == 3
        assert all(len(uris) == 1 for uris in own)
    for where, count in [
        ('tenant == "a"', 1),
        ('tenant == "nobody"', 0),
        ('tenant in ["a", "nobody"]', 1),
        ('tenant == "a" or tenant in ["b", "c"]', 2),
        ('tenant == "a" and tenant == "b"', 0),
        ('not tenant == "a"', 3),
        ('tenant startswith "a" or uri == "/1"', 4),
    ]:
        wanted = parse(where)
        assert store.count(wanted) == count
        found = [
            store.nearest("e", EYE[0], 9, where=wanted),
            store.within("h", HASH, 3, 9, where=wanted),
            store.segments("h", HASH, 2, 1, 9, where=wanted),
            store.nearest_each("e", EYE[:1], [9], where=wanted)[0],
        ]
        assert [len(near) for near in found] == [count] * 4, where


def test_what_another_process_adds_is_found(address: str, store: MilvusStore) -> None:
    with _opened(address) as other:
        assert other.nearest("e", EYE[0], 9, where=tenant_is("late")) == []
        store.upsert(entries("late"))
        with _opened(address) as third:
            assert len(third.nearest("e", EYE[0], 9, where=tenant_is("late"))) == 1
        other.upsert(entries("late"))
        assert len(other.nearest("e", EYE[0], 9, where=tenant_is("late"))) == 1


def test_partitions_that_are_empty_go(store: MilvusStore) -> None:
    store.upsert(entries("stays", "goes"))
    store.delete([store.find(["/1"], "goes")["/1"].id])
    store.optimize()
    for table in ("apart", "apart__e", "apart__h"):
        assert list(held(store, table).values()) == [{"stays/1"}]
    assert store.nearest("e", EYE[0], 9, where=tenant_is("goes")) == []
    store.upsert(entries("goes"))
    assert len(store.nearest("e", EYE[0], 9, where=tenant_is("goes"))) == 1


def test_more_tenants_than_the_server_has_partitions_are_refused(store: MilvusStore) -> None:
    with pytest.raises(UsageError, match=r"maxPartitionNum .* tenancy=key"):
        store.upsert(entries(*(f"t{number}" for number in range(40))))
    assert store.count() == 0
    assert len(store.upsert(entries("t0", "t1"))) == 2


def test_a_record_moves_to_another_tenants_partition_and_back(store: MilvusStore) -> None:
    (key,) = store.upsert(entries("a"))
    store.upsert([Entry("/2", "b", vectors={"e": EYE[0], "h": HASH})])
    for tenant in ("b", "", "a"):
        store.move({key: Entry("/1", tenant)})
        assert store.find(["/1"], tenant)["/1"].id == key
        assert store.count() == 2
        for there in ("a", "b", ""):
            own = [record.id for record in store.scan(tenant_is(there)) if record.id == key]
            assert own == [key] * (there == tenant)
            near = store.nearest("e", EYE[0], 9, where=tenant_is(there))
            assert [one.id for one in near if one.id == key] == own
            same = store.within("h", HASH, 0, 9, where=tenant_is(there))
            assert [one.id for one in same if one.id == key] == own
    assert len(store.nearest("e", EYE[0], 9)) == 2


def test_tenants_whose_records_alone_can_pass() -> None:
    assert tenants_of(None) is None
    assert tenants_of(parse('a == 1 or tenant == "x"')) is None
    assert tenants_of(parse('a == 1 and tenant == "x"')) == {"x"}
    assert tenants_of(parse('attributes.tenant == "x"')) is None
    assert tenants_of(parse('tenant == "x" and not tenant == "y"')) == {"x"}
