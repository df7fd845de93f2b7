"""One vector index of the embedded engine: a shard folder for the embeddings of one encoder.

Without the engine's own log, what was not flushed is lost with the process: the catalogue's
list of pending ids says what to apply again. See docs/storage.md for the settings' reasons.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as qdrant
from numpy.typing import NDArray

from lookalike.errors import StoreError
from lookalike.indexes import IndexSpec, search_parameters
from lookalike.stores.space import Space

Answer = tuple[float, int]
"""(cosine distance, id)."""

_BATCH = 2000
_READ_BYTES = 1 << 20
_TOUCHED = (
    "vector_storage/tq_vectors.dat",
    "vector_storage/quantized.data",
    "vector_index/*",
    "payload_index/**/*",
)
_DEFAULT_M = 16
_DEFAULT_EF_CONSTRUCTION = 128
_FILTERED_EF = 128
"""The least candidates of a search with a filter."""
_INDEX_AT_KB = 1
"""When the graph is built is for `shards` to say, so the engine is to leave nothing out of it."""
_EXACT_SEGMENT = 20_000
"""Segments of fewer vectors than this are searched without their graph."""
_EXACT_FILTER = 60_000
"""Filters that leave fewer vectors than this of each segment are searched exactly: ACORN takes 4 ms
and more in one graph, comparing 0.03 ms for every 1,000, 0.1 ms where they are not in a cache."""
SEGMENT = 1_000_000
"""Vectors of a segment, from which on it is not merged with others: each has its own graph, so
that building one takes the memory and disk of so many, however large the collection."""
_LEAST_CODED = 64
"""Components from which on codes are kept instead of float16."""
_CODE_ERROR = 0.05
"""Six times the standard deviation of the error of a score by codes, times the square root of the
dimensions; measured on 63 to 960."""


def settings(dimensions: int, index: IndexSpec) -> qdrant.EdgeConfig:
    """The shard's settings.

    HNSW (Malkov and Yashunin, 2016) over codes of 8 bits a component: TurboQuant (Zandieh et al.,
    2025), which turns each vector at random before it is rounded. Short vectors, and those of
    FLAT, for which `shards` builds no graph, are kept as float16.
    """
    codes = coded(dimensions, index)
    types = qdrant.VectorStorageDatatype
    kb = dimensions * (1 if codes else 2) / 1024
    return qdrant.EdgeConfig(
        vectors=qdrant.EdgeVectorParams(
            size=dimensions,
            distance=qdrant.Distance.Dot,
            datatype=types.Turbo8 if codes else types.Float16,
            # In the page cache of the operating system rather than in the process.
            memory=qdrant.Memory.Cold,
        ),
        hnsw_config=qdrant.HnswIndexConfig(
            m=int(index.build.get("M", _DEFAULT_M)),
            ef_construct=int(index.build.get("efConstruction", _DEFAULT_EF_CONSTRUCTION)),
            full_scan_threshold=int(_EXACT_SEGMENT * kb) + 1,
        ),
        optimizers=qdrant.EdgeOptimizersConfig(
            indexing_threshold=_INDEX_AT_KB, max_segment_size=int(SEGMENT * kb) + 1
        ),
        wal_enabled=False,
    )


def coded(dimensions: int, index: IndexSpec) -> bool:
    """Whether the engine keeps codes of the vectors only: its scores are approximate then."""
    return dimensions >= _LEAST_CODED and not index.table.exact


def _parameters(
    index: IndexSpec, *, exact: bool = False, filtered: bool = False
) -> qdrant.SearchParams:
    # A filter cuts the graph into pieces; ACORN (Patel et al., 2024) steps over the nodes between.
    found = search_parameters(index, "local", 1)
    ef = int(found.get("ef", 1))
    return qdrant.SearchParams(
        hnsw_ef=max(ef, _FILTERED_EF) if filtered else ef,
        exact=exact or index.table.exact,
        acorn=qdrant.AcornSearchParams(enable=True, max_selectivity=1.0) if filtered else None,
    )


_CHECKED = 512
"""Among how many answers a vector is looked for when an index is checked."""
_FOUND = 0.01
"""How much less than its own a score may be for the vector to count as found."""


class EngineFailure(StoreError):  # noqa: N818 - as EnvironmentFailure
    """The engine refused; the index can be built again from the catalogue."""


class VectorIndex:
    """A loaded shard. Writes need the caller's lock; searches may come from any thread."""

    def __init__(self, shard: Any, folder: Path, space: Space) -> None:
        self._shard = shard
        self.folder = folder
        self._fields = set(shard.info().payload_schema)
        self.use(space)

    def use(self, space: Space) -> None:
        """Search by the parameters of this space, which is otherwise the one it was made for."""
        self._plain = _parameters(space.index)
        self._filtered = _parameters(space.index, filtered=True)
        self._exact = _parameters(space.index, exact=True)
        self.space = space
        """What its vectors, and queries, are made by."""
        self.coded = coded(space.size, space.index)
        """Whether its answers are to be compared again, since it has codes only."""
        self.error = _CODE_ERROR / space.size**0.5 if self.coded else 0.0
        """How far off a distance that it gives can be."""
        found = search_parameters(space.index, "local", 1)
        self.oversampling = float(found.get("oversampling", 1.0))
        """How many times the limit is asked for to be compared again."""

    @staticmethod
    def create(folder: Path, space: Space) -> "VectorIndex":
        """A new, empty index."""
        folder.mkdir(parents=True)
        with _failures(folder):
            shard = qdrant.EdgeShard.create(str(folder), settings(space.size, space.index))
            return VectorIndex(shard, folder, space)

    @staticmethod
    def load(folder: Path, space: Space) -> "VectorIndex":
        """An index from its folder.

        Raises:
            EngineFailure: the folder is absent, damaged or of another size.
        """
        _warm(folder)
        with _failures(folder):
            # With the settings it was made with: an older lookalike kept float16 beside codes.
            shard = qdrant.EdgeShard.load(str(folder))
            return VectorIndex(shard, folder, space)

    def __len__(self) -> int:
        return int(self._shard.info().points_count)

    @property
    def indexed(self) -> int:
        """How many vectors the graph holds; the others are searched exactly."""
        return int(self._shard.info().indexed_vectors_count)

    def upsert(
        self, ids: Sequence[int], vectors: NDArray[np.float16], payloads: Sequence[dict[str, Any]]
    ) -> None:
        """Insert or replace points; (n, dim) vectors of unit length."""
        with _failures(self.folder):
            for start in range(0, len(ids), _BATCH):
                some = slice(start, start + _BATCH)
                rows = vectors[some].astype(np.float32).tolist()
                points = list(map(qdrant.Point, ids[some], rows, payloads[some]))
                self._shard.update(qdrant.UpdateOperation.upsert_points(points))

    def delete(self, ids: Sequence[int]) -> None:
        """Remove points; those that are not there are passed over."""
        with _failures(self.folder):
            if ids:
                self._shard.update(qdrant.UpdateOperation.delete_points(list(ids)))

    def index_fields(self, fields: Iterable[tuple[str, str]]) -> None:
        """Make filters on these payload fields fast, once and for good."""
        with _failures(self.folder):
            for name, kind in dict(fields).items():
                if name not in self._fields:
                    form = _field_index(name, kind)
                    self._shard.update(qdrant.UpdateOperation.create_field_index(name, form))
                    self._fields.add(name)

    def has_fields(self, fields: Iterable[tuple[str, str]]) -> bool:
        """Whether all these payload fields are indexed."""
        return self._fields.issuperset(name for name, _ in fields)

    def search(
        self, query: list[float], limit: int, where: Any = None, *, exact: bool = False
    ) -> tuple[list[Answer], bool]:
        """Up to `limit` nearest points by cosine distance, ties by id; whether they are all.

        Points that tie with the first one cut off are cut off too, since which of them the
        engine returns is chance.
        """
        exact = exact or self.space.index.table.exact
        nearest = qdrant.Query.Nearest(query)
        try:
            exact = exact or (where is not None and self._few(where))
            parameters = self._exact if exact else self._plain if where is None else self._filtered
            points = self._shard.query(
                qdrant.QueryRequest(limit + 1, query=nearest, filter=where, params=parameters)
            )
        except Exception as error:
            raise EngineFailure(f"The index {self.folder} cannot be searched: {error}.") from error
        complete = len(points) <= limit and (exact or (where is None and len(points) == len(self)))
        scored = [(point.score, point.id) for point in points]
        if len(scored) > limit:
            cut = scored[-1][0]
            scored = [pair for pair in scored if pair[0] > cut]
        answers = [(1.0 - score if score < 1.0 else 0.0, key) for score, key in scored]
        answers.sort()
        return answers, complete

    def _few(self, where: Any) -> bool:
        """Whether a filter leaves so few vectors that comparing with each is fastest."""
        segments = 1 + len(self) // SEGMENT
        counted = self._shard.count(qdrant.CountRequest(filter=where, exact=False))
        return int(counted) < _EXACT_FILTER * segments

    def distances(self, query: list[float], ids: Sequence[int]) -> dict[int, float]:
        """Cosine distances of some points by id, each compared; absent ids are left out."""
        only = qdrant.Filter(must=[qdrant.HasIdCondition(set(ids))])
        answers, _ = self.search(query, len(ids), only, exact=True)
        return {key: min(distance, 2.0) for distance, key in answers}

    def points(self, ids: Sequence[int]) -> dict[int, tuple[NDArray[np.float32], dict[str, Any]]]:
        """Vectors and payloads by id; absent ids are left out."""
        with _failures(self.folder):
            points = self._shard.retrieve(list(ids), with_payload=True, with_vector=True)
            return {one.id: (np.asarray(one.vector, np.float32), one.payload) for one in points}

    def finds(self, vector: NDArray[np.float32]) -> bool:
        """Whether a search for a stored vector finds it, or one that equals it."""
        with _failures(self.folder):
            nearest = qdrant.Query.Nearest(vector.tolist())
            # Deep, for the question is whether the index is whole: of short vectors codes are
            # often the same, and the first answers lack 3 of 100 among 100,000 random vectors.
            points = self._shard.query(
                qdrant.QueryRequest(_CHECKED, query=nearest, params=self._plain)
            )
            return bool(points) and points[0].score > float(vector @ vector) - _FOUND

    def flush(self) -> None:
        """Make everything so far survive the process."""
        with _failures(self.folder):
            self._shard.flush()

    def close(self) -> None:
        """Flush and let go of the files."""
        with _failures(self.folder):
            self._shard.close()


def _field_index(name: str, kind: str) -> Any:
    """How a payload field is indexed; none of them adds edges to the graph."""
    if kind == "number":
        return qdrant.FloatIndexParams(enable_hnsw=False)
    return qdrant.KeywordIndexParams(is_tenant=name == "tenant", prefix=True, enable_hnsw=False)


def _warm(folder: Path) -> None:
    """Read what loading and searching touch at random, from end to end.

    The engine drops its files from the page cache when it closes, and would bring them back in
    steps of one page: a hundred times slower from a disk.
    """
    touched = [
        path for part in _TOUCHED for path in folder.glob(f"segments/*/{part}") if path.is_file()
    ]
    if sum(path.stat().st_size for path in touched) > _memory() // 2:
        # The first of it would be gone again before the last is read.
        return
    for path in touched:
        with path.open("rb", buffering=0) as file:
            while file.read(_READ_BYTES):
                pass


def _memory() -> int:
    """Bytes of this machine's memory; where the system does not say, so much that all fits."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return sys.maxsize


class _failures:  # noqa: N801 - used as a function
    """Turns the engine's errors, panics included, into `EngineFailure`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        # A panic of the engine comes as a BaseException of its own.
        if error is None or isinstance(error, StoreError | KeyboardInterrupt | SystemExit):
            return
        raise EngineFailure(f"The index {self.folder} failed: {error}.") from error
