"""Vectors of which the engine keeps codes only: answers are those of the embeddings."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import qdrant_edge as qdrant

from lookalike.errors import StoreError
from lookalike.filters import parse
from lookalike.indexes import IndexSpec
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry, Neighbour
from lookalike.stores.local import LocalStore, engine, graph, refined, room, shards

COUNT, DIM = 3000, 96
RNG = np.random.default_rng(11)
ROWS = RNG.standard_normal((COUNT, DIM)).astype(np.float32)
ROWS[1000:2000] = ROWS[:1000] + 0.3 * RNG.standard_normal((1000, DIM)).astype(np.float32)
ROWS[2000:2040] = ROWS[2000]
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
KEPT = ROWS.astype(np.float16).astype(np.float32)
ENTRIES = [
    Entry(f"/{n}.jpg", attributes={"n": n}, vectors={"e": row}) for n, row in enumerate(ROWS)
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection with a graph; copied by those who change it."""
    path = tmp_path_factory.mktemp("codes") / "c"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "_GRAPH_FROM", 100)
        with LocalStore.open(path) as store:
            store.add_encoder(EncoderSpec("e", "embedding", DIM))
            store.upsert(ENTRIES)
            store.optimize()
            assert store.stats().encoders[0].indexed == COUNT
    return path


def exact(query: int, passing: slice = slice(None)) -> list[int]:
    """Ids in order of distance, ties by id, by brute force."""
    ids = np.arange(1, COUNT + 1)[passing]
    order = np.lexsort((ids, 1 - np.einsum("ij,j->i", KEPT[passing], ROWS[query])))
    return ids[order].tolist()


def ids_of(found: list[Neighbour]) -> list[int]:
    return [one.id for one in found]


def test_only_codes_are_on_disk(built: Path) -> None:
    (codes,) = built.glob("vectors/*/segments/*/vector_storage/tq_vectors.dat")
    assert codes.stat().st_size < COUNT * (DIM + 8)
    assert not list(built.glob("vectors/*/segments/*/vector_storage/matrix.dat"))


def test_all_answers_are_in_the_order_of_the_embeddings(built: Path) -> None:
    with LocalStore.open(built) as store:
        for query in (0, 5, 1005, 2000):
            whole = store.nearest("e", ROWS[query], COUNT)
            # The first 128 are the approximate parts of `paging`, each in order.
            assert sorted(ids_of(whole)) == list(range(1, COUNT + 1))
            rest = ids_of(whole)[200:]
            expected = [key for key in exact(query) if key in set(rest)]
            assert rest == expected


@pytest.mark.parametrize("limit", [1, 7, 150, 400])
def test_asked_exactly_nothing_is_left_out(built: Path, limit: int) -> None:
    with LocalStore.open(built) as store:
        (member,) = store._known.values()
        index = store._shards.index(member)
        for query in (3, 1003, 2001):
            found, complete = refined.search(
                store._catalogue, member, index, ROWS[query], limit, None, True
            )
            assert [key for _, key in found] == exact(query)[:limit]
            assert not complete


def test_more_equal_vectors_than_are_asked_for(built: Path) -> None:
    with LocalStore.open(built) as store:
        assert ids_of(store.nearest("e", ROWS[2003], 5)) == [2001, 2002, 2003, 2004, 2005]
        assert ids_of(store.nearest("e", ROWS[2003], 40)) == list(range(2001, 2041))


def test_distances_are_those_of_the_embeddings(built: Path) -> None:
    with LocalStore.open(built) as store:
        found = {one.id: one.distance for one in store.nearest("e", ROWS[8], 100)}
        true = {key: 1 - float(KEPT[key - 1] @ ROWS[8]) for key in found}
        assert found == pytest.approx(true, abs=1e-5)
        assert store.distances("e", ROWS[8], [*found, 99_999]) == pytest.approx(found, abs=1e-6)


def test_pages_neither_repeat_nor_skip(built: Path) -> None:
    with LocalStore.open(built) as store:
        whole = ids_of(store.nearest("e", ROWS[1004], 600))
        pages = [
            key
            for offset in range(0, 600, 50)
            for key in ids_of(store.nearest("e", ROWS[1004], 50, offset=offset))
        ]
    assert pages == whole
    assert len(set(pages)) == 600


def test_within_a_filter(built: Path) -> None:
    with LocalStore.open(built) as store:
        found = store.nearest("e", ROWS[1500], 10, where=parse("n >= 1000 and n < 1600"))
        assert ids_of(found) == exact(1500, slice(1000, 1600))[:10]


def test_all_that_a_narrow_filter_leaves_are_found_at_once(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = engine.VectorIndex.search

    def noted(self: engine.VectorIndex, query: list[float], limit: int, *more, **named):  # type: ignore[no-untyped-def]
        asked.append(limit)
        return real(self, query, limit, *more, **named)

    monkeypatch.setattr(engine.VectorIndex, "search", noted)
    with LocalStore.open(built) as store:
        for few in (100_000, 5):
            monkeypatch.setattr(engine, "_EXACT_FILTER", few)
            asked.clear()
            found = store.nearest("e", ROWS[1500], 10, where=parse("n >= 1000 and n < 1006"))
            assert ids_of(found) == exact(1500, slice(1000, 1006))
            # Only comparing with each tells that there are no more.
            assert len(asked) == (1 if few > 6 else 2)


def test_a_changed_vector_leaves_what_is_linked_alone(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "c")
    (old,) = (tmp_path / "c").glob("vectors/*")
    copied = tmp_path / "copy"
    graph.copy_folder(old, copied)
    linked = [path for path in copied.rglob("*") if path.stat().st_nlink > 1 and path.is_file()]
    assert {path.name for path in linked} == graph.UNCHANGING - {"matrix.dat", "quantized.data"}
    before = {path: path.read_bytes() for path in linked}
    shard = qdrant.EdgeShard.load(str(copied))
    points = [qdrant.Point(n, (-ROWS[n]).tolist(), {"n": -n}) for n in range(1, 50)]
    shard.update(qdrant.UpdateOperation.upsert_points(points))
    shard.update(qdrant.UpdateOperation.delete_points(list(range(100, 300))))
    number = qdrant.FloatIndexParams(enable_hnsw=False)
    shard.update(qdrant.UpdateOperation.create_field_index("n", number))
    shard.flush()
    shard.close()
    assert {path: path.read_bytes() for path in linked} == before
    with LocalStore.open(tmp_path / "c") as store:
        assert ids_of(store.nearest("e", ROWS[100], 1)) == [101]
        assert store.notices == ()


def test_where_links_cannot_be_made_files_are_copied(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError("this file system has no links")

    monkeypatch.setattr(graph.os, "link", refused)
    (old,) = built.glob("vectors/*")
    graph.copy_folder(old, tmp_path / "copy")
    for path in old.rglob("*"):
        if path.is_file():
            assert (tmp_path / "copy" / path.relative_to(old)).read_bytes() == path.read_bytes()

    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=room.MARGIN))
    with pytest.raises(StoreError, match="is full"):
        graph.copy_folder(old, tmp_path / "another")


def test_an_index_of_float16_beside_codes_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def older(dimensions: int, index: IndexSpec) -> qdrant.EdgeConfig:
        return qdrant.EdgeConfig(
            vectors=qdrant.EdgeVectorParams(
                size=dimensions,
                distance=qdrant.Distance.Dot,
                datatype=qdrant.VectorStorageDatatype.Float16,
                memory=qdrant.Memory.Cold,
            ),
            hnsw_config=qdrant.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=40_000),
            quantization_config=qdrant.ScalarQuantizationConfig(
                qdrant.ScalarType.Int8, quantile=0.99, memory=qdrant.Memory.Cached
            ),
            optimizers=qdrant.EdgeOptimizersConfig(indexing_threshold=1),
            wal_enabled=False,
        )

    monkeypatch.setattr(shards, "_GRAPH_FROM", 100)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "settings", older)
        with LocalStore.open(tmp_path / "c") as store:
            store.add_encoder(EncoderSpec("e", "embedding", DIM))
            store.upsert(ENTRIES[:1500])
            store.optimize()
    with LocalStore.open(tmp_path / "c") as store:
        store.upsert(ENTRIES[1500:])
        assert ids_of(store.nearest("e", ROWS[1500], 16)) == exact(1500)[:16]
        store.optimize()
        assert store.stats().encoders[0].indexed == COUNT
        assert ids_of(store.nearest("e", ROWS[20], 16)) == exact(20)[:16]
        assert store.notices == ()
        assert list(tmp_path.rglob("quantized.data"))
        store.rebuild()
        assert not list(tmp_path.rglob("quantized.data"))
        assert ids_of(store.nearest("e", ROWS[20], 16)) == exact(20)[:16]


def test_an_index_larger_than_half_the_memory_is_not_read_ahead(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    real = Path.open

    def noted(self: Path, *arguments: object, **more: object) -> object:
        opened.append(self.name)
        return real(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", noted)
    with LocalStore.open(built) as store:
        store.nearest("e", ROWS[0], 1)
    assert "tq_vectors.dat" in opened
    opened.clear()
    monkeypatch.setattr(engine, "_memory", lambda: 1000)
    with LocalStore.open(built) as store:
        assert ids_of(store.nearest("e", ROWS[0], 1)) == [1]
    assert "tq_vectors.dat" not in opened
