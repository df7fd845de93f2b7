"""Damaged, foreign and full places: a kind error or a repair, never a loss."""

import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import NotFoundError, StoreError, UnknownEncoderError, UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore, room, shards

EMBEDDING = EncoderSpec("embedding", "embedding", 8, "weights-1")
VECTORS = np.random.default_rng(0).standard_normal((200, 8)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
ENTRIES = [
    Entry(f"/{n}.jpg", attributes={"n": n}, vectors={"embedding": vector})
    for n, vector in enumerate(VECTORS)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "collection"
    with LocalStore.open(path) as store:
        store.add_encoder(EMBEDDING)
        store.upsert(ENTRIES)
    return path


def find_all(store: LocalStore) -> None:
    assert store.count() == len(ENTRIES)
    for n in range(0, len(ENTRIES), 17):
        (nearest,) = store.nearest("embedding", VECTORS[n], 1)
        (record,) = store.get([nearest.id])
        assert record is not None
        assert record.uri == f"/{n}.jpg"


def shard_of(folder: Path) -> Path:
    (shard,) = (folder / "vectors").iterdir()
    return shard


def remove(shard: Path) -> None:
    shutil.rmtree(shard)


def empty(shard: Path) -> None:
    for path in shard.rglob("*"):
        if path.is_file():
            path.write_bytes(b"")


def halve(shard: Path) -> None:
    for path in shard.rglob("*"):
        if path.is_file():
            os.truncate(path, path.stat().st_size // 2)


def swap_segment_config(shard: Path) -> None:
    for path in shard.rglob("segment.json"):
        path.write_text("{}")


@pytest.mark.parametrize("damage", [remove, empty, halve, swap_segment_config])
def test_broken_index_is_built_again(folder: Path, damage) -> None:  # type: ignore[no-untyped-def]
    damage(shard_of(folder))
    told: list[str] = []
    with LocalStore.open(folder, progress=lambda stage, *_: told.append(stage)) as store:
        find_all(store)
        (notice,) = store.notices
        assert "The index of embedding was built again from the catalogue" in notice
        assert store.stats().problems == store.notices
    assert "load embedding" in told
    with LocalStore.open(folder) as store:
        find_all(store)
        assert store.notices == ()


def test_index_that_lags_behind_is_found_out(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "vectors", tmp_path / "old")
    with LocalStore.open(folder) as store:
        store.delete([3])
        store.upsert([Entry("/0.jpg", vectors={"embedding": -VECTORS[0]}), Entry("/new.jpg")])
    shutil.rmtree(folder / "vectors")
    shutil.copytree(tmp_path / "old", folder / "vectors")
    with LocalStore.open(folder) as store:
        (nearest,) = store.nearest("embedding", -VECTORS[0], 1)
        assert (nearest.id, nearest.distance) == (1, pytest.approx(0, abs=1e-3))
        assert "instead of 199" in store.notices[0]


def test_index_of_other_vectors_is_found_out(folder: Path) -> None:
    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    connection.execute("UPDATE vectors_1 SET vector = (SELECT vector FROM vectors_1 WHERE id = 9)")
    connection.commit()
    connection.close()
    with LocalStore.open(folder) as store:
        assert store.nearest("embedding", VECTORS[8], 1)[0].distance < 1e-3
        assert "is not the one stored" in store.notices[0]


def test_index_of_other_fields_is_found_out(folder: Path) -> None:
    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    connection.execute("UPDATE records SET attributes = '{\"n\": -1}'")
    connection.commit()
    connection.close()
    with LocalStore.open(folder) as store:
        find_all(store)
        assert "its fields of record" in store.notices[0]


def test_strays_of_an_interrupted_build_are_removed(folder: Path) -> None:
    shutil.copytree(shard_of(folder), folder / "vectors" / "1-stray")
    with LocalStore.open(folder) as store:
        find_all(store)
        assert store.notices == ()
    assert shard_of(folder).name != "1-stray"


def test_failed_rebuild_leaves_the_old_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError("no")

    with LocalStore.open(folder) as store:
        find_all(store)
        monkeypatch.setattr(shards.Shards, "_check_finds", fail)
        with pytest.raises(StoreError, match="no"):
            store.rebuild()
        find_all(store)
    with LocalStore.open(folder) as store:
        find_all(store)
        assert store.notices == ()


@pytest.mark.parametrize("frozen", [False, True])
def test_graph_built_elsewhere_is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch, frozen: bool
) -> None:
    monkeypatch.setattr(shards, "_GRAPH_FROM", 100)
    monkeypatch.setattr("sys.frozen", frozen, raising=False)
    with LocalStore.open(folder) as store:
        before = shard_of(folder)
        told: list[tuple[str, int, int]] = []
        store.optimize(lambda *what: told.append(what))
        assert shard_of(folder) != before
        assert told[-1] == ("index embedding", 200, 200)
        assert store.stats().encoders[0].indexed == 200
        find_all(store)
        store.optimize()
        (record,) = store.find(["/5.jpg"]).values()
        store.upsert([Entry("/5.jpg", vectors={"embedding": -VECTORS[5]})])
        assert store.nearest("embedding", -VECTORS[5], 1)[0].id == record.id
    with LocalStore.open(folder) as store:
        assert store.nearest("embedding", -VECTORS[5], 1)[0].id == record.id
        assert store.notices == ()


def test_what_is_written_while_a_graph_is_built_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_GRAPH_FROM", 100)
    monkeypatch.setattr(shards, "_FLUSH_EVERY", 1)
    added: list[int] = []

    def write(*_: object) -> None:
        if not added:
            added.extend(store.upsert([Entry("/late.jpg", vectors={"embedding": -VECTORS[0]})]))
            assert store.delete([2]) == 1
            assert store.nearest("embedding", -VECTORS[0], 1)[0].id == added[0]

    monkeypatch.setattr("lookalike.stores.local.graph._TICK_SECONDS", 0.01)
    with LocalStore.open(folder) as store:
        store.optimize(write)
        assert added
        assert store.nearest("embedding", -VECTORS[0], 1)[0].id == added[0]
        assert store.nearest("embedding", VECTORS[1], 1)[0].id != 2
    with LocalStore.open(folder) as store:
        assert store.nearest("embedding", -VECTORS[0], 1)[0].id == added[0]
        assert store.notices == ()


def test_failed_graph_leaves_the_old_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "_GRAPH_FROM", 100)
    monkeypatch.setattr("lookalike.stores.local.graph._CHILD", "raise SystemExit('out of luck')")
    with LocalStore.open(folder) as store:
        before = shard_of(folder)
        with pytest.raises(StoreError, match="out of luck"):
            store.optimize()
        assert shard_of(folder) == before
        find_all(store)


def test_interrupted_graph_leaves_the_old_index(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_GRAPH_FROM", 100)
    monkeypatch.setattr("lookalike.stores.local.graph._TICK_SECONDS", 0.01)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with LocalStore.open(folder) as store:
        before = shard_of(folder)
        with pytest.raises(KeyboardInterrupt):
            store.optimize(interrupt)
        assert shard_of(folder) == before
        find_all(store)


def test_newer_catalogue_is_left_alone(folder: Path) -> None:
    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"newer lookalike \(format 99.*upgrade"):
            LocalStore.open(folder, read_only=read_only)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        LocalStore.open(tmp_path)
    assert path.read_bytes() == before


def test_nonsense_instead_of_a_catalogue(folder: Path) -> None:
    (folder / "catalogue.sqlite3").write_bytes(b"not a database at all" * 500)
    for read_only in (False, True):
        with pytest.raises(StoreError, match="damaged"):
            LocalStore.open(folder, read_only=read_only)


def test_damaged_catalogue_is_not_rebuilt_from(folder: Path) -> None:
    path = folder / "catalogue.sqlite3"
    content = bytearray(path.read_bytes())
    content[8192 * 3 : -8192] = os.urandom(len(content) - 8192 * 4)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"), LocalStore.open(folder) as store:
        store.rebuild()
    assert path.read_bytes()[: 8192 * 3] == content[: 8192 * 3]


def test_places_that_are_no_collection(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        LocalStore.open(file)
    with pytest.raises(UsageError, match="holds other things"):
        LocalStore.open(tmp_path)
    with pytest.raises(NotFoundError, match="no collection"):
        LocalStore.open(tmp_path / "new", create=False)
    with pytest.raises(StoreError, match="Cannot make"):
        LocalStore.open(file / "below")
    assert file.read_text() == "x"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=room.MARGIN - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)


def test_full_disk_is_noticed_before_the_engine_dies_of_it(folder: Path, full_disk: None) -> None:
    with LocalStore.open(folder) as store:
        with pytest.raises(StoreError, match="is full"):
            store.upsert([Entry("/more.jpg")])
        with pytest.raises(StoreError, match="is full"):
            store.rebuild()
        find_all(store)
        assert store.delete([1]) == 1


def test_failure_inside_a_batch_leaves_nothing_of_it(folder: Path) -> None:
    good = Entry("/good.jpg", vectors={"embedding": VECTORS[0]})
    bad = [
        (Entry("/bad.jpg", vectors={"embedding": VECTORS[0] * 2}), "has length 2"),
        (Entry("/bad.jpg", vectors={"embedding": VECTORS[0][:4]}), r"shape \(8,\)"),
        (Entry("/bad.jpg", vectors={"embedding": VECTORS[0] * np.nan}), "length nan"),
        (Entry("/bad.jpg", attributes={"x": float("inf")}), "attribute x: inf"),
        (Entry("/bad.jpg", attributes={"x": 2**70}), "does not fit 64 bits"),
        (Entry("/bad.jpg", attributes={"x": object()}), "object cannot be stored"),
        (Entry("/bad.jpg", attributes={3: 4}), "not text"),  # type: ignore[dict-item]
        (Entry("/bad\0.jpg"), "NUL"),
        (Entry("/bad\udcff.jpg"), "not valid Unicode"),
        (Entry("/bad.jpg", id=-1), "not within"),
        (Entry("/1.jpg", id=77), "/1.jpg already is record 2, so it cannot be record 77"),
    ]
    with LocalStore.open(folder) as store:
        for entry, complaint in bad:
            with pytest.raises(UsageError, match=complaint):
                store.upsert([good, entry])
        with pytest.raises(UnknownEncoderError, match="no encoder 'other'"):
            store.upsert([good, Entry("/bad.jpg", vectors={"other": VECTORS[0]})])
        assert store.count() == len(ENTRIES)
        assert store.find(["/good.jpg"]) == {}
        find_all(store)


def test_an_encoder_keeps_its_size_and_weights(folder: Path) -> None:
    with LocalStore.open(folder) as store:
        store.add_encoder(EMBEDDING)
        with pytest.raises(UsageError, match="cannot be compared"):
            store.add_encoder(EncoderSpec("embedding", "embedding", 8, "weights-2"))
        with pytest.raises(UsageError, match="multiple of 8"):
            store.add_encoder(EncoderSpec("h", "hash", 12))
        with pytest.raises(UsageError, match="embeddings: ask it for those"):
            store.within("embedding", np.zeros(1, np.uint8), 3, 5)
        with pytest.raises(UsageError, match=r"shape \(8,\)"):
            store.nearest("embedding", np.zeros(9, np.float32), 5)


def test_closed_store_says_so(folder: Path) -> None:
    store = LocalStore.open(folder)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.count()
    with pytest.raises(StoreError, match="is closed"):
        store.upsert([Entry("/x.jpg")])
    with pytest.raises(StoreError, match="is closed"):
        store.nearest("embedding", VECTORS[0], 1)
