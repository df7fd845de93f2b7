"""What a vector takes in an index: bytes of memory and of disk, with the formula in words.

Milvus builds an index for each sealed segment, so cells are counted against a segment's vectors.
Layouts: hnswlib (Malkov and Yashunin, 2016) for graphs, faiss for cells and codes, DiskANN
(Subramanya et al., 2019) with the server's shipped settings.
"""

from dataclasses import dataclass

from lookalike.indexes.parameters import Place
from lookalike.indexes.spec import IndexSpec
from lookalike.indexes.support import FLOAT_BYTES, SEGMENT_BYTES, complete

__all__ = ["SEGMENT_BYTES", "VectorBytes", "vector_bytes"]

_LINK_BYTES = 4
_ID_BYTES = 8
_DISKANN_CODES = 0.125
_DISKANN_CACHE = 0.1
_DISKANN_DEGREE = 56
_SECTOR_BYTES = 4096
_CODE_BITS = {"SQ6": 6, "SQ8": 8, "BF16": 16, "FP16": 16, "FP32": 32}
_LOCAL_VECTOR_BYTES = 2
_LOCAL_SCALE_BYTES = 4
_LOCAL_LINK_BYTES = 2
"""Links are packed into as many bits as they need; measured 61 to 68 bytes a vector for M 16."""


@dataclass(frozen=True, slots=True)
class VectorBytes:
    """Bytes that one vector takes: in memory while it is searched, and on disk; the formulas."""

    memory: float
    disk: float
    memory_formula: str
    disk_formula: str


def vector_bytes(
    spec: IndexSpec, place: Place, *, dimensions: int, vectors: int = 1_000_000
) -> VectorBytes:
    """What a vector of so many components, or bits, takes among so many.

    `spec` is of a kind that the store has; "auto" is to be chosen before.
    """
    spec = complete(spec, place, dimensions=dimensions, vectors=vectors)
    if spec.table.vectors == "binary":
        return _same(dimensions / 8, f"{dimensions} bits / 8")
    if place == "local":
        return _local(spec, dimensions)
    raw = FLOAT_BYTES * dimensions
    if spec.kind == "DISKANN":
        return _disk(dimensions, raw)
    codes, formula = _codes(spec, dimensions, raw)
    around, rest = _around(spec, raw, vectors)
    finer, refined = _refined(spec, dimensions)
    return _same(codes + around + finer, formula + rest + refined)


def _same(size: float, formula: str) -> VectorBytes:
    return VectorBytes(size, size, formula, formula)


def _local(spec: IndexSpec, dimensions: int) -> VectorBytes:
    half = _LOCAL_VECTOR_BYTES * dimensions
    disk = f"{_LOCAL_VECTOR_BYTES} x {dimensions} (float16)"
    if spec.table.exact:
        return VectorBytes(0, half, "0 (float16 vectors stay on disk and in the page cache)", disk)
    # The float16 embeddings are in the catalogue only. Codes lie in files of 32 MiB, of which the
    # last of a segment is not full: 4 % more, by the sizes of files, at a million of 512.
    codes, links = dimensions + _LOCAL_SCALE_BYTES, 2 * int(spec.build["M"]) * _LOCAL_LINK_BYTES
    return _same(
        codes + links,
        f"{dimensions} + {_LOCAL_SCALE_BYTES} (8-bit codes) "
        f"+ 2 x {spec.build['M']} x {_LOCAL_LINK_BYTES} (graph, packed)",
    )


def _disk(dimensions: int, raw: int) -> VectorBytes:
    node = raw + (_DISKANN_DEGREE + 1) * _LINK_BYTES
    own = f"({FLOAT_BYTES} x {dimensions} + {_DISKANN_DEGREE + 1} x {_LINK_BYTES} (graph))"
    fitting = _SECTOR_BYTES // node
    if fitting:
        disk, formula = _SECTOR_BYTES / fitting, f"{_SECTOR_BYTES} / down({_SECTOR_BYTES} / {own})"
    else:
        sectors = -(-node // _SECTOR_BYTES)
        disk, formula = sectors * _SECTOR_BYTES, f"{_SECTOR_BYTES} x up({own} / {_SECTOR_BYTES})"
    return VectorBytes(
        (_DISKANN_CODES + _DISKANN_CACHE) * raw,
        disk,
        f"({_DISKANN_CODES:g} codes + {_DISKANN_CACHE:g} cache) x {FLOAT_BYTES} x {dimensions}",
        f"{formula} (sectors)",
    )


def _codes(spec: IndexSpec, dimensions: int, raw: int) -> tuple[float, str]:
    """The vector, or its code."""
    kind, build = spec.kind.removeprefix("GPU_"), spec.build
    if kind in ("IVF_PQ", "HNSW_PQ", "HNSW_PRQ"):
        parts, bits, rounds = int(build["m"]), int(build["nbits"]), int(build.get("nrq", 1))
        times = f" x {rounds} (rounds)" if rounds > 1 else ""
        return parts * bits * rounds / 8, f"{parts} x {bits} bits / 8{times} (codes)"
    if kind == "IVF_SQ8":
        return dimensions, f"{dimensions} (8-bit codes)"
    if kind == "HNSW_SQ":
        bits = _CODE_BITS[str(build["sq_type"])]
        return dimensions * bits / 8, f"{dimensions} x {bits} bits / 8 (codes)"
    if kind == "IVF_RABITQ":
        return dimensions / 8 + 8, f"{dimensions} bits / 8 + 8 (codes)"
    if kind == "SCANN":
        code = dimensions / 4
        if build.get("with_raw_data") is False:
            return code, f"{dimensions} / 4 (4-bit codes of 2 components)"
        return code + raw, f"{dimensions} / 4 (4-bit codes) + {FLOAT_BYTES} x {dimensions}"
    return raw, f"{FLOAT_BYTES} x {dimensions}"


def _around(spec: IndexSpec, raw: int, vectors: int) -> tuple[float, str]:
    """What finds the vector: the graph, or the list of a cell."""
    if "nlist" in spec.build:
        inside = max(min(vectors, SEGMENT_BYTES // raw), 1)
        cells = int(spec.build["nlist"]) * raw / inside
        shown = f" + {_ID_BYTES} (id) + {spec.build['nlist']} x {raw} / {inside:,} (cells)"
        return _ID_BYTES + cells, shown
    if spec.kind == "GPU_CAGRA":
        degree = int(spec.build["graph_degree"])
        return degree * _LINK_BYTES, f" + {degree} x {_LINK_BYTES} (graph)"
    edges = 16 if spec.kind == "AUTOINDEX" else int(spec.build.get("M", 0))
    if not edges:
        return 0, ""
    upper = (edges + 1) * _LINK_BYTES / (edges - 1)
    lowest = (2 * edges + 1) * _LINK_BYTES
    shown = f" + (2 x {edges} + 1) x {_LINK_BYTES} + {upper:.1f} (graph) + {_ID_BYTES} (id)"
    return lowest + upper + _ID_BYTES, shown


def _refined(spec: IndexSpec, dimensions: int) -> tuple[float, str]:
    if not spec.build.get("refine"):
        return 0, ""
    bits = _CODE_BITS[str(spec.build["refine_type"])]
    return dimensions * bits / 8, f" + {dimensions} x {bits} bits / 8 (refined)"
