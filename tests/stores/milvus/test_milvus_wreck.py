"""Collections of which somebody dropped tables."""

from collections.abc import Iterator

import numpy as np
import pytest
from milvus_server import MilvusProcess

import lookalike
from lookalike.doctor import collection as doctor
from lookalike.doctor import tables
from lookalike.doctor.examine import _State
from lookalike.encoders.projection import Projection
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.layout import VECTOR, Column, Table, Type
from lookalike.stores.milvus.store import MilvusStore, drop


@pytest.fixture
def connection(milvus: MilvusProcess) -> Iterator[Connection]:
    connection = Connection(MilvusAddress.parse(milvus.address("wreck")))
    yield connection
    connection.close()


def make(address: MilvusAddress) -> None:
    with MilvusStore.open(address) as store:
        store.add_encoder(EncoderSpec("e", "embedding", 4))
        store.upsert([Entry("/a", id=1, vectors={"e": np.eye(4, dtype=np.float32)[0]})])


@pytest.mark.parametrize("table", ["wreck__kept", "wreck"])
def test_what_is_left_is_named_and_goes(connection: Connection, table: str) -> None:
    make(connection.address)
    connection.drop(table)
    told = rf"lacks its table {table},.*lookalike drop {connection.address} --yes"
    for write in (False, True):
        with pytest.raises(UsageError, match=told) as caught:
            lookalike.open(str(connection.address), create=write, read_only=not write)
        assert not isinstance(caught.value, NotFoundError)
    (finding,) = doctor.check(str(connection.address), _State())
    assert finding.level == "problem"
    drop(connection.address)
    assert not [name for name in connection.tables() if name.startswith("wreck")]
    with pytest.raises(NotFoundError):
        drop(connection.address)


def test_what_another_program_made_stays(connection: Connection) -> None:
    columns = (Column("id", Type.INT64), Column(VECTOR, Type.FLOAT_VECTOR, 4))
    theirs = ["wreck", "wreck__mine", "wreck__mine__raw"]
    for name in theirs:
        connection.create(Table(name, columns, "IP"), ("FLAT", {}))
    try:
        with pytest.raises(NotFoundError):
            drop(connection.address)
        assert set(theirs) <= {*connection.tables()}
        with pytest.raises(UsageError, match="not lookalike's"):
            MilvusStore.open(connection.address)
    finally:
        for name in theirs:
            connection.drop(name)


@pytest.mark.parametrize("projected", [False, True])
def test_a_table_of_vectors_that_is_gone_is_made_again(
    connection: Connection, projected: bool
) -> None:
    address, vector = connection.address, np.eye(4, dtype=np.float32)[0]
    short = Projection("short", np.full(4, 0.1, np.float32), np.eye(4, dtype=np.float32)[:, :3])
    try:
        with MilvusStore.open(address) as store:
            store.add_encoder(EncoderSpec("e", "embedding", 4), short if projected else None)
            store.add_encoder(EncoderSpec("other", "embedding", 4))
            store.upsert([Entry("/a", id=1, vectors={"e": vector, "other": vector})])
            connection.drop("wreck__e")
            stats = store.stats()
            assert (stats.records, [one.vectors for one in stats.encoders]) == (1, [0, 1])
            assert len(stats.problems) == 1
            assert "e: its table wreck__e is gone" in stats.problems[0]
            levels = [one for one in tables.check(str(address)) if one.level == "problem"]
            levels += [one for one in doctor.judge(stats) if one.level != "ok"]
            assert [one.found for one in levels] == list(stats.problems)
            with pytest.raises(UsageError, match=r"wreck__e.*lookalike rebuild"):
                store.nearest("e", vector, 1)
            store.rebuild()
            assert not store.stats().problems
            assert [one.id for one in store.missing("e")] == ([] if projected else [1])
            assert len(store.nearest("e", vector, 1)) == projected
    finally:
        drop(address)
