"""A collection of several segments, each with a graph of its own."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import StoreError
from lookalike.filters import parse
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, engine, room, shards

COUNT, DIM = 2400, 64
RNG = np.random.default_rng(5)
ROWS = RNG.standard_normal((COUNT, DIM)).astype(np.float32)
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
KEPT = ROWS.astype(np.float16).astype(np.float32)
SPEC = EncoderSpec("e", "embedding", DIM)


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SEGMENT", 500)
    monkeypatch.setattr(engine, "SEGMENT", 500)
    monkeypatch.setattr(shards, "_GRAPH_FROM", 200)
    monkeypatch.setattr(shards, "_READ_ROWS", 100)


def entries(start: int, stop: int) -> list[Entry]:
    return [
        Entry(f"/{n}.jpg", attributes={"n": n}, vectors={"e": ROWS[n]}) for n in range(start, stop)
    ]


def graphs(folder: Path) -> int:
    return len(list(folder.glob("vectors/*/segments/*/vector_index/links_compressed.bin")))


def check_finds(store: LocalStore) -> None:
    for query in range(0, COUNT, 173):
        found = [one.id for one in store.nearest("e", ROWS[query], 10)]
        exact = (np.argsort(-(KEPT @ ROWS[query]), kind="stable")[:10] + 1).tolist()
        assert found[0] == query + 1
        assert len(set(found) & set(exact)) >= 9
    (one,) = store.nearest("e", ROWS[2000], 1, where=parse("n > 2100"))
    assert one.id == int(np.argmax(KEPT[2101:] @ ROWS[2000])) + 2102


def test_who_adds_on_gets_segments_without_asking(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(SPEC)
        for start in range(0, COUNT, 300):
            store.upsert(entries(start, start + 300))
        assert store.stats().encoders[0].indexed == COUNT
        assert graphs(store.path) >= 4
        check_finds(store)
        assert store.notices == ()
    with LocalStore.open(tmp_path / "c") as store:
        check_finds(store)
        assert store.notices == ()


def test_a_rebuild_makes_segments_too(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(SPEC)
        store.upsert(entries(0, COUNT))
        store.optimize()
        assert graphs(store.path) == 1
        store.rebuild(lambda *one: told.append(one))
        assert graphs(store.path) >= 4
        assert store.stats().encoders[0].indexed == COUNT
        check_finds(store)
    assert told[-1] == ("index e", COUNT, COUNT)


def test_changes_in_finished_segments(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(SPEC)
        for start in range(0, 1200, 600):
            store.upsert(entries(start, start + 600))
        store.upsert([Entry("/3.jpg", vectors={"e": -ROWS[3]})])
        store.delete([1000])
        store.optimize()
    with LocalStore.open(tmp_path / "c") as store:
        assert store.nearest("e", -ROWS[3], 1)[0].id == 4
        assert store.nearest("e", ROWS[3], 1)[0].distance > 0.1
        assert store.nearest("e", ROWS[999], 1)[0].distance > 0.1
        assert len(store.nearest("e", ROWS[0], 2000)) == 1199
        assert store.notices == ()


def test_a_further_segment_needs_no_room_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = room.need_room

    def noted(folder: Path, size: int = 0) -> None:
        asked.append(size)
        real(folder, size)

    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(SPEC)
        for start in range(0, 2000, 600):
            store.upsert(entries(start, min(start + 600, 2000)))
        whole = store.stats().encoders[0].index_bytes
        monkeypatch.setattr(shards, "need_room", noted)
        store.upsert(entries(2000, COUNT))
        store.optimize()
    assert 0 < max(asked) < 2 * whole


def test_an_interrupted_segment_is_built_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError("no memory")

    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(SPEC)
        with monkeypatch.context() as patch:
            patch.setattr(shards, "build_graph", broken)
            with pytest.raises(StoreError, match="no memory"):
                store.upsert(entries(0, 600))
        assert store.count() == 600
        assert store.stats().encoders[0].indexed == 0
        store.upsert(entries(600, COUNT))
        assert store.stats().encoders[0].indexed == COUNT
        check_finds(store)
