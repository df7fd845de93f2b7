"""Indexes that a server does not build, and changes of an index that are killed half-way."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
from milvus_server import MilvusProcess

import lookalike
from lookalike.doctor import tables
from lookalike.errors import StoreError, UsageError
from lookalike.indexes import IndexSpec
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.milvus import trying
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.layout import VECTOR, Column, Table, Type
from lookalike.stores.milvus.store import MilvusStore

SIZE = 8
COUNT = 1100
"""More than what a server makes no index of."""
VECTORS = np.random.default_rng(0).standard_normal((COUNT, SIZE)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
KILLED = """
import os, signal, sys
from lookalike.indexes import IndexSpec
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.store import MilvusStore
def end(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
with MilvusStore.open(MilvusAddress.parse(sys.argv[1])) as store:
    if sys.argv[2] == "dropped":
        Connection.index = end
    store.set_index("e", IndexSpec("FLAT"), end)
"""


@pytest.fixture(scope="module")
def address(milvus: MilvusProcess) -> MilvusAddress:
    """A collection of vectors with a graph."""
    found = MilvusAddress.parse(milvus.address("indexing"))
    with MilvusStore.open(found) as store:
        store.add_encoder(EncoderSpec("e", "embedding", SIZE), None, IndexSpec("HNSW"))
        store.upsert([Entry(f"/{at}", id=at, vectors={"e": row}) for at, row in enumerate(VECTORS)])
        store.optimize()
    return found


@pytest.fixture
def store(address: MilvusAddress) -> Iterator[MilvusStore]:
    with MilvusStore.open(address) as store:
        yield store


def found(store: MilvusStore) -> list[int]:
    return [store.nearest("e", VECTORS[at], 1)[0].id for at in (7, 1050)]


def test_what_the_server_would_try_for_ever_is_refused(store: MilvusStore) -> None:
    before = store.index("e")
    with pytest.raises(UsageError, match="nbits=12 takes 4,096 vectors"):
        store.set_index("e", IndexSpec.parse("IVF_PQ:nbits=12,m=4"))
    assert store.index("e") == before
    assert found(store) == [7, 1050]
    assert store.stats().problems == ()


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("dropped", "has no index on the server"),
        ("asked", "has the index FLAT on the server where"),
    ],
)
def test_a_change_that_was_killed_is_told_and_mended(
    address: MilvusAddress, moment: str, words: str
) -> None:
    text = str(address)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, text, moment], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with MilvusStore.open(address) as store:
        (problem,) = store.stats().problems
        assert words in problem
        assert "lookalike rebuild" in problem
        if moment == "dropped":
            with pytest.raises(StoreError, match="changing it was stopped half-way; `lookalike re"):
                found(store)
            store.rebuild()
        else:
            assert found(store) == [7, 1050]
            store.set_index("e", IndexSpec("HNSW"))
        assert store.stats().problems == ()
        assert store.index("e").kind == "HNSW"
        assert found(store) == [7, 1050]


def test_an_index_that_the_server_is_too_old_for_leaves_nothing(milvus: MilvusProcess) -> None:
    with pytest.raises(UsageError, match=r"HNSW_SQ needs a Milvus server of 2\.5 or newer"):
        lookalike.open(milvus.address("too_new"), index="HNSW_SQ")
    connection = Connection(MilvusAddress.parse(milvus.address("too_new")))
    assert [name for name in connection.tables() if name.startswith("too_new")] == []
    connection.close()


def test_what_was_tried_by_the_dead_is_swept(store: MilvusStore) -> None:
    connection = store._state.connection
    old = f"indexing_tried_{int(time.time()) - 4000:08x}_abcdef"
    columns = (Column("id", Type.INT64), Column(VECTOR, Type.FLOAT_VECTOR, SIZE))
    for name in (f"{old}__e", "indexing_tried_1"):
        connection.create(Table(name, columns, "IP"), ("FLAT", {}))
    said = [one.found for one in tables.check(store.address)]
    assert any(text.endswith(f"that was killed: {old}__e") for text in said)
    with store.aside():
        pass
    there = connection.tables()
    assert f"{old}__e" not in there
    assert "indexing_tried_1" in there, "a collection of somebody's was taken for one of ours"


def test_only_names_of_our_own_that_are_old_are_left_over() -> None:
    now = int(time.time())
    there = [
        f"shop_tried_{now:08x}_abcdef",
        f"shop_tried_{now - 4000:08x}_abcdef",
        f"shop_tried_{now - 4000:08x}_abcdef__kept",
        f"shop_tried_{now - 4000:08x}_abcde",
        f"workshop_tried_{now - 4000:08x}_abcdef",
        "shop_tried_1_2",
        "shop_tried_",
        "shop",
    ]
    assert trying.left_over(there, "shop") == there[1:3]
    assert trying.left_over([trying.name_beside("shop")], "shop") == []
