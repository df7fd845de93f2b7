"""Tables that a change leaves which is killed half-way: swept by the next one, or `rebuild`."""

from collections.abc import Callable

import numpy as np
import pytest
from milvus_server import MilvusProcess

from lookalike.encoders.projection import Projection
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.milvus import tables
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.roster import PROJECTION
from lookalike.stores.milvus.store import MilvusStore

EYE = np.eye(4, dtype=np.float32)
SHORT = Projection("short", np.full(4, 0.1, np.float32), EYE[:, :3])
TURNED = Projection("turned", np.full(4, 0.1, np.float32), EYE[:, ::-1])


class KilledError(BaseException):
    """Stands for the end of the process."""


def killed(*_: object) -> None:
    raise KilledError


@pytest.fixture
def opened(milvus: MilvusProcess) -> Callable[[], MilvusStore]:
    """Opens the store of this test."""
    address = MilvusAddress.parse(milvus.address("leftovers"))
    return lambda: MilvusStore.open(address)


def names(store: MilvusStore) -> set[str]:
    """What there is of a collection, without its name."""
    own = f"{store._state.layout.name}__"
    return {name.removeprefix(own) for name in store._state.connection.tables() if own in name}


def projections(store: MilvusStore) -> list[str]:
    return [entry.key for entry in store._state.kept.every(PROJECTION)]


def check(store: MilvusStore, ids: list[int]) -> None:
    """Each record is found by its own vector, and nothing else is there."""
    assert [one.id for key in (0, 1) for one in store.nearest("e", EYE[key], 1)] == ids[:2]
    held = [int(key) for keys, _ in store.all_vectors("e") for key in keys]
    assert set(held) == {record.id for record in store.scan()}
    assert store.stats().encoders[0].vectors == store.count()


def test_what_killed_changes_leave_is_swept(
    opened: Callable[[], MilvusStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened() as store:
        store.add_encoder(EncoderSpec("e", "embedding", 4))
        # An encoder whose name begins with that of the other.
        store.add_encoder(EncoderSpec("e_2", "embedding", 4))
        rows = [*EYE, -EYE[0]]
        ids = store.upsert([Entry(f"/{n}", vectors={"e": row}) for n, row in enumerate(rows)])
        with pytest.raises(KilledError):
            store.set_projection("e", SHORT, killed)
    with opened() as store:
        left = {"kept", "e", "e_2", "e__2", "e__raw"}
        assert names(store) == left
        assert projections(store) == ["2:e"]
        store.optimize()
        assert names(store) == left, "a change may be under way in another process"
        store.delete(ids[3:4])
        check(store, ids)
        store.set_projection("e", TURNED)
        assert names(store) == {"kept", "e__2", "e_2", "e__raw"}
        assert projections(store) == ["2:e"]
        check(store, ids)
        raw = store._state.layout.raw(store.encoders()[0]).name
        connection = store._state.connection
        assert connection.count(raw) == store.count() == 4
        # A deletion that was killed after the record.
        tables.delete_rows(store._state, store._state.records, ids[4:])
        old, drop = store._state.compared(store._state.members["e"]).name, connection.drop
        with monkeypatch.context() as patch:
            patch.setattr(connection, "drop", lambda name: killed() if name == old else drop(name))
            with pytest.raises(KilledError):
                store.rebuild()
        assert connection.count(raw) == store.count() == 3
    with opened() as store:
        assert names(store) == {"kept", "e__2", "e__3", "e_2", "e__raw"}
        assert projections(store) == ["2:e", "3:e"]
        check(store, ids)
        store.rebuild()
        assert names(store) == {"kept", "e__4", "e_2__2", "e__raw"}
        assert projections(store) == ["4:e"]
        check(store, ids)
