"""What a collection takes on a Milvus server or cluster."""

from lookalike.indexes import IndexSpec
from lookalike.indexes.sizes import VectorBytes, vector_bytes
from lookalike.planning import measured
from lookalike.planning.amount import Amount, inside, of, total
from lookalike.planning.lines import Lines
from lookalike.planning.vectors import pictures
from lookalike.planning.workload import Encoder, Workload

KINDS = ("HNSW", "IVF_FLAT", "IVF_SQ8", "IVF_PQ", "DISKANN", "FLAT")
"""Kinds of index that are compared unless others are asked for: those that every server has."""

_HASH = IndexSpec("BIN_FLAT")


def add(lines: Lines, workload: Workload, kind: str) -> None:
    """Lines of everything that depends on the kind of index, which embeddings have."""
    memory = [lines.add("memory", "records in memory", _records(workload), index=kind)]
    for one in workload.encoders:
        name = f"{one.name} in memory"
        memory.append(lines.add("memory", name, _searched(workload, one, kind), index=kind))
    loaded = lines.add("memory", "one replica in memory", total(memory), index=kind)
    replicas = of(workload.replicas, "replicas")
    every = lines.add("memory", "all replicas in memory", loaded * replicas, index=kind)
    usable = of(workload.node_memory, "bytes of a node") * of(measured.NODE_SHARE, "for segments")
    nodes = lines.add(
        "memory",
        "query nodes",
        replicas * (loaded / usable).up(),
        "",
        index=kind,
        source=measured.NODE_SHARE_SOURCE,
    )
    lines.add("memory", "memory of each query node", every / nodes, index=kind)
    _stored(lines, workload, kind)


def _row(workload: Workload) -> Amount:
    """Bytes of a record in memory, as it stands in each of its tables."""
    return (
        of(measured.ROW_BYTES, "row")
        + of(measured.NUMBER_BYTES) * of(measured.NUMBERS, "numbers")
        + of(measured.TEXT_BYTES) * of(measured.TEXTS, "texts")
        + of(measured.JSON_BYTES) * of(measured.JSONS, "JSON")
        + of(workload.uri_bytes, "uri")
        + of(measured.DIGEST_BYTES, "digests")
        + of(measured.TENANT_BYTES + measured.FORMAT_BYTES, "tenant and format")
        + of(workload.attributes_bytes, "attributes")
        + of(measured.FILTERABLE) * of(workload.attributes_bytes, "filterable")
    )


def _records(workload: Workload) -> Amount:
    has = of(measured.JSON_BYTES, "has") + of(measured.HAS_BYTES) * of(
        len(workload.encoders), "encoders"
    )
    looked_up = of(measured.LOOKED_UP_BYTES) * of(measured.LOOKED_UP, "indexes")
    return pictures(workload) * (_row(workload) + has + looked_up)


def _searched(workload: Workload, one: Encoder, kind: str) -> Amount:
    """An encoder's table: its vectors' index, and each record once more."""
    size = _size(one, kind, workload.pictures)
    index = inside(size.memory, size.memory_formula, _kind(one, kind))
    return pictures(workload) * (index + _row(workload))


def _kind(one: Encoder, kind: str) -> str:
    return _HASH.kind if one.kind == "hash" else kind


def _size(one: Encoder, kind: str, vectors: int) -> VectorBytes:
    spec = IndexSpec.parse(_kind(one, kind))
    return vector_bytes(spec, "milvus", dimensions=one.compared, vectors=vectors)


def _stored(lines: Lines, workload: Workload, kind: str) -> None:
    """Object storage, and what is written before it gets there."""
    section = "object storage"
    digits = of(measured.DIGEST_BYTES, "digests") / of(measured.HEX_SHRINKS)
    texts = (
        of(workload.uri_bytes, "uri")
        + of(workload.attributes_bytes, "attributes")
        + of(measured.FILTERABLE) * of(workload.attributes_bytes, "filterable")
        + of(measured.NUMBER_BYTES) * of(measured.NUMBERS + 2, "numbers")
    )
    row = digits + texts / of(measured.TEXT_SHRINKS)
    tables = of(1 + len(workload.encoders), "tables")
    stored = [
        lines.add(
            section,
            "records stored",
            pictures(workload) * tables * row,
            index=kind,
            source=measured.STORED_SOURCE,
        )
    ]
    for one in workload.encoders:
        own = (
            of(one.size / 8, "bytes")
            if one.kind == "hash"
            else of(4) * of(one.compared, "dimensions")
        )
        log = lines.add(section, f"{one.name} stored", pictures(workload) * own, index=kind)
        stored.append(log)
        size = _size(one, kind, workload.pictures)
        disk = inside(size.disk, size.disk_formula, _kind(one, kind))
        if _kind(one, kind) not in measured.WITHOUT_FILES:
            stored.append(
                lines.add(section, f"{one.name} index files", pictures(workload) * disk, index=kind)
            )
        if one.projected:
            raw = pictures(workload) * of(4) * of(one.size, "dimensions")
            stored.append(lines.add(section, f"{one.name} as made", raw, index=kind))
    lines.add(section, "object storage", total(stored), index=kind)
