"""Calls with many entries are written in slices, several at a time."""

import numpy as np
import pytest
from milvus_server import MilvusProcess

from lookalike.errors import UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.store import MilvusStore

EYE = np.eye(4, dtype=np.float32)


def test_many_entries_in_one_call(milvus: MilvusProcess) -> None:
    many = [Entry(f"/{n}", vectors={"e": EYE[n % 4]}) for n in range(5000)]
    with MilvusStore.open(MilvusAddress.parse(milvus.address("slices"))) as store:
        store.add_encoder(EncoderSpec("e", "embedding", 4))
        with pytest.raises(UsageError, match="/bad"):
            store.upsert([*many, Entry("/bad", vectors={"e": EYE[0] * 2})])
        assert store.count() == 0
        ids = store.upsert(many)
        assert [record and record.uri for record in store.get(ids)] == [one.uri for one in many]
        assert store.stats().encoders[0].vectors == 5000
        # Once more they are the same, and the last of a name counts.
        again = store.upsert([*many[:3000], Entry("/0", attributes={"x": 1})])
        assert again == [*ids[:3000], ids[0]]
        assert store.count() == 5000
        (first,) = store.get(ids[:1])
        assert first is not None
        assert first.attributes == {"x": 1}
