"""`auto`: the index for so many vectors, so much memory and the recall wished for, with the reason.

Flat where comparing with every vector is fast, then a graph in memory, then cells of codes, then
a graph on disk.
"""

from dataclasses import dataclass

from lookalike.errors import UsageError
from lookalike.indexes.kinds import Version
from lookalike.indexes.parameters import Place, Value
from lookalike.indexes.sizes import vector_bytes
from lookalike.indexes.spec import AUTO, IndexSpec
from lookalike.indexes.support import available, check, complete, defaults
from lookalike.views.text import size

FEW = 20_000
"""Vectors that are compared one by one in a few milliseconds: no graph is worth it."""
OUTGROWN = 2
"""How many times the vectors an index is right for before another is suggested."""
_SHARE = 0.7
"""Of the memory; the rest is for records, copies while compacting, and the system."""
_USUAL_MEMORY = 64 * 2**30
_LEAST_CODES = 0.75
"""Wished recall from which product codes are not chosen: no search parameter mends them. The usual
ones, of a byte for 8 components, found .77 with every cell looked into (docs/indexes.md)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An index, complete with its parameters, and why it was chosen, in words."""

    spec: IndexSpec
    reason: str


def choose(
    place: Place,
    *,
    vectors: int,
    dimensions: int,
    memory: int | None = None,
    recall: float = 0.95,
    version: Version | None = None,
    binary: bool = False,
) -> Choice:
    """The index for a store, a Milvus server of some version for one.

    Args:
        place: which store.
        vectors: how many there are, or are to be.
        dimensions: components of a vector, bits of a hash.
        memory: bytes that searching may take, of all query nodes together; 64 GiB if unknown.
        recall: the share of true neighbours that a search is to find, 0..1.
        version: the server's; None for the newest.
        binary: hashes rather than embeddings.

    Raises:
        UsageError: the recall is not between 0 and 1, or there is no memory.
    """
    if not 0 < recall <= 1:
        raise UsageError(f"a recall is above 0 and at most 1, not {recall:g}")
    if memory is not None and memory <= 0:
        raise UsageError(f"memory is a number of bytes above 0, not {memory:,}")
    if binary:
        return Choice(IndexSpec("BIN_FLAT"), "hashes are compared exactly")
    if place == "local":
        return _local(vectors, dimensions, memory)
    if vectors < FEW:
        return Choice(IndexSpec("FLAT"), f"{vectors:,} vectors are few enough to compare with each")
    room = int(_SHARE * (memory or _USUAL_MEMORY))
    whole = f"of {size(memory or _USUAL_MEMORY)} of memory" + ("" if memory else " (assumed)")
    names = {kind.name for kind in available(place, version)}
    reasons: list[str] = []
    least: tuple[int, IndexSpec] | None = None
    for kind, why in _ORDER:
        if kind not in names or (kind == "IVF_PQ" and recall >= _LEAST_CODES):
            continue
        spec = complete(
            IndexSpec(kind, _build(kind, recall)), place, dimensions=dimensions, vectors=vectors
        )
        spec = spec.with_search(_search(spec, recall))
        needed = _needed(spec, place, dimensions, vectors)
        if needed <= room:
            return Choice(spec, "; ".join([*reasons, f"{why}: {size(needed)} {whole}"]))
        reasons.append(
            f"{kind} would take {size(needed)} {whole}, of which {_SHARE:.0%} are for it"
        )
        if least is None or needed < least[0]:
            least = needed, spec
    assert least is not None, "every server has HNSW"
    reasons.append("so the one that needs least: give the server more memory, or more nodes")
    return Choice(least[1], "; ".join(reasons))


_ORDER = (
    ("HNSW", "a graph over the vectors finds most at the least time"),
    ("HNSW_SQ", "a graph over 8-bit codes needs little more than a quarter of that"),
    ("IVF_SQ8", "cells of 8-bit codes need a quarter of that"),
    ("IVF_PQ", "cells of product codes need least, and the recall wished for allows them"),
    ("DISKANN", "a graph on disk needs a fifth of the vectors' memory, and fast disks"),
)


def settled(
    spec: IndexSpec,
    place: Place,
    version: Version | None = None,
    *,
    vectors: int,
    dimensions: int,
    binary: bool = False,
) -> IndexSpec:
    """The index to make of the one asked for: checked, chosen where "auto", and complete.

    Raises:
        UsageError: the store cannot make it; see `support.check`.
    """
    check(spec, place, version, dimensions=dimensions, binary=binary)
    if spec.kind != AUTO:
        return complete(spec, place, dimensions=dimensions, vectors=vectors)
    if not vectors and not binary:
        return defaults(place)
    return choose(
        place, vectors=vectors, dimensions=dimensions, version=version, binary=binary
    ).spec


def _local(vectors: int, dimensions: int, memory: int | None) -> Choice:
    spec = defaults("local")
    needed = _needed(spec, "local", dimensions, vectors)
    if vectors < FEW:
        return Choice(spec, f"below {FEW:,} vectors it compares with each, and makes no graph yet")
    if memory is not None and needed > _SHARE * memory:
        return Choice(
            spec,
            f"its codes and graph take {size(needed)} of {size(memory)} of memory: searches "
            "will read from disk; a Milvus server spreads them over several machines",
        )
    return Choice(spec, f"a graph over 8-bit codes takes {size(needed)} of memory")


def _build(kind: str, recall: float) -> dict[str, Value]:
    if not kind.startswith("HNSW"):
        return {}
    return {"M": 32, "efConstruction": 400} if recall > 0.97 else {}


def _search(spec: IndexSpec, recall: float) -> dict[str, Value]:
    """Where to start; `lookalike tune` measures what it takes."""
    if spec.kind.startswith("HNSW"):
        return {"ef": 256 if recall > 0.97 else 128}
    if "nlist" in spec.build and recall > 0.97:
        return {"nprobe": max(int(spec.build["nlist"]) // 8, 16)}
    return {"search_list": 200 if recall > 0.97 else 100} if spec.kind == "DISKANN" else {}


def _needed(spec: IndexSpec, place: Place, dimensions: int, vectors: int) -> int:
    return int(vectors * vector_bytes(spec, place, dimensions=dimensions, vectors=vectors).memory)


def outgrown(
    name: str,
    spec: IndexSpec,
    place: Place,
    *,
    vectors: int,
    dimensions: int,
    memory: int | None = None,
) -> str | None:
    """What to do about an index that has become too small for its vectors, or None.

    `name` is the encoder's, `memory` bytes that searching may take, if known. Nothing is ever built
    again by itself: that may take hours.
    """
    change = f"`lookalike rebuild --index-type {name}=auto` changes it"
    if spec.kind == "FLAT" and vectors > OUTGROWN * FEW:
        return f"{name}: FLAT compares with all {vectors:,} vectors at every search; {change}"
    if "nlist" in spec.build:
        fitting = complete(
            IndexSpec(spec.kind), place, dimensions=dimensions, vectors=vectors
        ).build["nlist"]
        if int(fitting) > OUTGROWN * OUTGROWN * int(spec.build["nlist"]):
            return (
                f"{name}: {spec.kind} has {spec.build['nlist']} cells for {vectors:,} vectors, "
                f"{fitting} are usual; {change}"
            )
    if memory is not None and place == "milvus":
        needed = _needed(spec, place, dimensions, vectors)
        if needed > int(_SHARE * memory):
            return (
                f"{name}: {spec.kind} takes {size(needed)} of {size(memory)} of memory, "
                f"{_SHARE:.0%} of which it may; another kind may need less"
            )
    return None
