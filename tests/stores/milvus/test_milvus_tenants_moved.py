"""Records that get another tenant, where each tenant has a partition of its own."""

from collections.abc import Iterator

import numpy as np
import pytest
from milvus_server import MilvusProcess
from store_at import open_store

from lookalike.filters import tenant_is
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry, Store

EYE = np.eye(4, dtype=np.float32)


@pytest.fixture(scope="module")
def store(milvus: MilvusProcess) -> Iterator[Store]:
    store = open_store(milvus.address("moved?tenancy=partitions"))
    store.add_encoder(EncoderSpec("e", "embedding", 4))
    store.add_encoder(EncoderSpec("h", "hash", 16))
    yield store
    store.close()


@pytest.mark.xfail(reason="nothing makes the partition of a new tenant yet", strict=True)
def test_a_record_moves_to_another_tenants_partition_and_back(store: Store) -> None:
    hashed = {"e": EYE[0], "h": np.array([1, 2], np.uint8)}
    (key,) = store.upsert([Entry("/1", "a", vectors=hashed)])
    store.upsert([Entry("/2", "b", vectors=hashed)])
    for tenant in ("b", "", "a"):
        store.move({key: Entry("/1", tenant)})
        assert store.find(["/1"], tenant)["/1"].id == key
        assert store.count() == 2
        for there in ("a", "b", ""):
            own = [record.id for record in store.scan(tenant_is(there)) if record.id == key]
            assert own == [key] * (there == tenant)
            near = store.nearest("e", EYE[0], 9, where=tenant_is(there))
            assert [one.id for one in near if one.id == key] == own
            same = store.within("h", hashed["h"], 0, 9, where=tenant_is(there))
            assert [one.id for one in same if one.id == key] == own
    assert len(store.nearest("e", EYE[0], 9)) == 2
