"""`auto`, and what a vector takes."""

import pytest

from lookalike.errors import UsageError
from lookalike.indexes import KINDS, IndexSpec, choose, outgrown, settled, vector_bytes

GIB = 2**30


def kind(vectors: int, memory: int | None = None, **options: object) -> str:
    return choose("milvus", vectors=vectors, dimensions=512, memory=memory, **options).spec.kind  # type: ignore[arg-type]


def test_it_goes_from_flat_to_a_graph_to_codes_to_disk() -> None:
    assert kind(10_000) == "FLAT"
    assert kind(1_000_000) == "HNSW"
    assert kind(10_000_000, 16 * GIB, version=(2, 3, 5)) == "IVF_SQ8"
    assert kind(10_000_000, 16 * GIB, version=(2, 6, 0)) == "HNSW_SQ"
    assert kind(100_000_000, 64 * GIB, version=(2, 3, 5)) == "DISKANN"
    assert kind(100_000_000, 64 * GIB, recall=0.7, version=(2, 3, 5)) == "IVF_PQ"
    assert kind(1000, binary=True) == "BIN_FLAT"


def test_a_higher_recall_takes_more_edges() -> None:
    usual = choose("milvus", vectors=10**6, dimensions=512).spec
    high = choose("milvus", vectors=10**6, dimensions=512, recall=0.99).spec
    assert high.build["M"] > usual.build["M"]
    assert high.search["ef"] > usual.search["ef"]


def test_reasons_name_what_did_not_fit() -> None:
    chosen = choose("milvus", vectors=10**9, dimensions=512, memory=16 * GIB)
    assert "HNSW would take" in chosen.reason
    assert "the one that needs least" in chosen.reason


def test_the_local_store_has_a_graph_from_the_start() -> None:
    assert choose("local", vectors=0, dimensions=64).spec.kind == "HNSW"
    full = choose("local", vectors=10**8, dimensions=512, memory=16 * GIB)
    assert full.spec.kind == "HNSW"
    assert "Milvus" in full.reason


@pytest.mark.parametrize("options", [{"recall": 0.0}, {"recall": 1.1}, {"memory": 0}])
def test_what_cannot_be_wished_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        choose("milvus", vectors=1, dimensions=1, **options)  # type: ignore[arg-type]


def test_auto_is_settled_by_what_is_there() -> None:
    def settle(vectors: int) -> str:
        return settled(IndexSpec(), "milvus", vectors=vectors, dimensions=64).kind

    assert settle(0) == "HNSW"
    assert settle(5000) == "FLAT"
    assert settle(100_000) == "HNSW"


def test_an_outgrown_index_is_told_of() -> None:
    def told(text: str, vectors: int) -> str | None:
        spec = IndexSpec.parse(text)
        return outgrown("clip", spec, "milvus", vectors=vectors, dimensions=512)

    assert told("FLAT", 20_000) is None
    assert "lookalike rebuild --index-type clip=auto" in (told("FLAT", 100_000) or "")
    assert told("IVF_FLAT:nlist=1024", 100_000) is None
    assert "64 cells" in (told("IVF_FLAT:nlist=64", 100_000) or "")
    assert told("HNSW", 10**9) is None


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_says_what_a_vector_takes(name: str) -> None:
    found = vector_bytes(IndexSpec(name), "milvus", dimensions=512)
    assert 0 < found.memory <= found.disk or found.memory == found.disk
    assert found.memory_formula
    assert found.disk_formula


def test_sizes_are_those_of_the_layouts() -> None:
    def memory(text: str) -> float:
        spec = IndexSpec.parse(text)
        return vector_bytes(spec, "milvus", dimensions=512, vectors=10**8).memory

    assert memory("FLAT") == 2048
    assert memory("HNSW:M=16") == pytest.approx(2048 + 33 * 4 + 17 * 4 / 15 + 8)
    assert memory("IVF_PQ:m=8,nlist=1024") == pytest.approx(8 + 8 + 1024 * 2048 / 262_144)
    assert memory("IVF_SQ8:nlist=1024") == pytest.approx(512 + 8 + 8)
    assert memory("DISKANN") == pytest.approx(0.225 * 2048)
    assert memory("HNSW_SQ:sq_type=SQ8,refine=true,refine_type=FP16") == pytest.approx(
        memory("HNSW") - 2048 + 512 + 1024
    )


def test_disk_graphs_lie_in_sectors() -> None:
    small = vector_bytes(IndexSpec("DISKANN"), "milvus", dimensions=64)
    large = vector_bytes(IndexSpec("DISKANN"), "milvus", dimensions=2048)
    assert small.disk == pytest.approx(4096 / (4096 // (256 + 228)))
    assert large.disk == 3 * 4096
