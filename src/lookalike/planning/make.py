"""From a workload to its plan."""

from dataclasses import replace
from typing import Literal

from lookalike.errors import UsageError
from lookalike.indexes import AUTO, IndexSpec, check
from lookalike.planning import advice, local, milvus, vectors, work
from lookalike.planning.amount import of
from lookalike.planning.lines import Lines, Plan
from lookalike.planning.vectors import pictures
from lookalike.planning.workload import Workload

Place = Literal["local", "milvus"]


def make(workload: Workload, store: Place | None = None) -> Plan:
    """The plan for a store; for the one that suits so many pictures when none is named.

    Raises:
        UsageError: the store has no such index.
    """
    place: Place = store or advice.store(workload)
    kinds = _kinds(workload, place)
    lines = Lines()
    vectors.add(lines, workload)
    if place == "local":
        local.add(lines, workload, IndexSpec.parse(kinds[0]))
    else:
        for kind in kinds:
            milvus.add(lines, workload, kind)
    if workload.picture_bytes:
        files = pictures(workload) * of(workload.picture_bytes, "bytes")
        lines.add("object storage", "pictures themselves", files)
    work.add_indexing(lines, workload, place)
    if place == "milvus":
        for kind in kinds:
            work.add_searching(lines, workload, kind)
    plan = Plan(place, tuple(lines.found))
    index = advice.index(workload, plan)
    return replace(plan, advice=tuple(advice.give(workload, plan, index)), index=index)


def _kinds(workload: Workload, place: Place) -> tuple[str, ...]:
    """The kinds of index to compare, by their own names."""
    embeddings = [one for one in workload.encoders if one.kind == "embedding"]
    if not embeddings:
        return ("BIN_FLAT",)
    if not workload.indexes:
        return milvus.KINDS if place == "milvus" else ("HNSW",)
    if place == "local" and len(workload.indexes) > 1:
        raise UsageError("a plan for the local store is for one kind of index: name one")
    kinds = []
    for text in workload.indexes:
        spec = IndexSpec.parse(text)
        if spec.kind == AUTO:
            raise UsageError("a plan compares kinds of index: leave --index out, or name some")
        for one in embeddings:
            check(spec, place, dimensions=one.compared)
        kinds.append(str(spec))
    return tuple(dict.fromkeys(kinds))
