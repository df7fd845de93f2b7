"""What a writer that was killed left is taken out by the next one."""

import subprocess
import sys

import numpy as np
import pytest
from milvus_server import MilvusProcess

from lookalike.errors import StoreError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.milvus import presence, recovering, tables
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.presence import DELETING, WRITER
from lookalike.stores.milvus.store import MilvusStore

EYE = np.eye(4, dtype=np.float32)
HASH = np.zeros(1, np.uint8)

# A process that dies between a vector and its record, or a record and its vector.
DYING = """
import os, signal, sys
from lookalike.stores.base import Entry
from lookalike.stores.milvus import writing
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.store import MilvusStore
import numpy as np

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

address, what = sys.argv[1:]
store = MilvusStore.open(MilvusAddress.parse(address))
if what == "delete":
    writing._delete_vectors = die
    store.delete([store.find(["stays"])["stays"].id])
write = Connection.upsert
Connection.upsert = lambda self, table, *rest: (
    die() if table.name == store._state.records.name else write(self, table, *rest)
)
row, code = np.eye(4, dtype=np.float32)[1], np.ones(1, np.uint8)
store.upsert([Entry("dies", updated=5.0, vectors={"e": row, "h": code}, trimmed={"h": code})])
"""


@pytest.fixture
def address(milvus: MilvusProcess, request: pytest.FixtureRequest) -> MilvusAddress:
    """A collection with one record that stays, and one of an embedding and hashes."""
    address = MilvusAddress.parse(milvus.address(f"p{abs(hash(request.node.name))}"))
    with MilvusStore.open(address) as store:
        store.add_encoder(EncoderSpec("e", "embedding", 4))
        store.add_encoder(EncoderSpec("h", "hash", 8))
        store.upsert([Entry("stays", vectors={"e": EYE[0], "h": HASH}, trimmed={"h": HASH})])
        assert marks(store) == 1
    return address


def marks(store: MilvusStore) -> int:
    return len(list(store._state.kept.every(WRITER)))


def rows(store: MilvusStore) -> list[int]:
    """How many rows the tables of vectors have."""
    state = store._state
    return [state.connection.count(state.compared(state.members[name]).name) for name in ("e", "h")]


def killed(address: MilvusAddress, what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(address), what],
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -9, done.stderr.decode()


@pytest.mark.parametrize("what", ["upsert", "delete"])
def test_killed_half_way(
    address: MilvusAddress, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(address, what)
    with MilvusStore.open(address) as store:
        assert rows(store) == ([2, 4] if what == "upsert" else [1, 2])
        assert marks(store) == 1
        # As long as its mark is fresh, it may be alive.
        store.upsert([Entry("new", vectors={"e": EYE[2]})])
        assert rows(store)[1] == (4 if what == "upsert" else 2)
        assert marks(store) == 2
    monkeypatch.setattr(presence, "_DEAD_SECONDS", -1.0)
    monkeypatch.setattr(recovering, "_SAFE_SECONDS", -5.0)
    with MilvusStore.open(address, read_only=True) as store:
        assert marks(store) == 1
    with MilvusStore.open(address) as store:
        ids = [record.id for record in store.scan()]
        store.delete([12345])
        assert rows(store) == ([2, 2] if what == "upsert" else [1, 0])
        assert {near.id for near in store.nearest("e", EYE[1], 10)} == set(ids)
        assert [one.key for one in store._state.kept.every(DELETING)] == []


def test_mark_of_a_writer_whose_write_failed_stays(
    address: MilvusAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MilvusStore.open(address) as store:
        store.upsert([Entry("good", vectors={"e": EYE[1]})])

        def fails(*_: object) -> int:
            raise StoreError("no")

        monkeypatch.setattr(tables.Batch, "_send", fails)
        with pytest.raises(StoreError):
            store.upsert([Entry("bad", vectors={"e": EYE[2]})])
    with MilvusStore.open(address, read_only=True) as store:
        assert marks(store) == 1
