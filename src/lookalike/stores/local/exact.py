"""Exact distances straight from the catalogue: of some embeddings, or of all for a reader.

The engine's files are not safe to share, so a read-only store compares the query with every
stored embedding, a bounded number of rows at a time.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Filter
from lookalike.stores.base import Neighbour
from lookalike.stores.local import sql_filter
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.roster import Member
from lookalike.stores.local.rows import in_chunks
from lookalike.stores.space import Space

_ROWS = 8192


def distances(
    catalogue: Catalogue,
    encoder: Member,
    space: Space,
    query: NDArray[np.float32],
    ids: Sequence[int],
) -> dict[int, float]:
    """Cosine distances of some embeddings by id; absent ids are left out.

    `query` is of the space.
    """
    found: list[Any] = []
    for some in in_chunks(ids):
        marks = ",".join("?" * len(some))
        statement = f"SELECT id, vector FROM {encoder.table} WHERE id IN ({marks})"  # noqa: S608
        found += catalogue.read(statement, some)
    keys, vectors = _arrays(found, space)
    # Unlike a matrix product, this gives a row the same last bit whatever is asked for beside it,
    # so that pages agree; and it wakes no threads for a few.
    scores = np.einsum("ij,j->i", vectors, query)
    return dict(zip(keys.tolist(), _clipped(scores).tolist(), strict=True))


def nearest(
    catalogue: Catalogue,
    encoder: Member,
    space: Space,
    queries: Sequence[NDArray[np.float32]],
    ends: Sequence[int],
    where: Filter | None,
    max_distance: float | None = None,
) -> list[list[Neighbour]]:
    """Of each query the `end` nearest embeddings by cosine distance, ties by id, in one pass.

    Queries are of the space.
    """
    statement = f"SELECT v.id, v.vector FROM {encoder.table} v"  # noqa: S608
    parameters: list[Any] = []
    if where is not None:
        condition, parameters = sql_filter.compile_filter(where)
        statement += f" JOIN records r ON r.id = v.id WHERE {condition}"
    best = [(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
    for rows in catalogue.stream(statement, parameters, _ROWS):
        ids, vectors = _arrays(rows, space)
        for place, (query, end) in enumerate(zip(queries, ends, strict=True)):
            more = _to(query, vectors)
            near = more <= (2.0 if max_distance is None else max_distance)
            found = np.concatenate([best[place][0], ids[near]])
            distances = np.concatenate([best[place][1], more[near]])
            order = np.lexsort((found, distances))[:end]
            best[place] = found[order], distances[order]
    return [list(map(Neighbour, ids.tolist(), near.tolist())) for ids, near in best]


def _arrays(rows: list[Any], space: Space) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    return ids, space.rows([row[1] for row in rows]).astype(np.float32)


def _to(query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine distances (n,) of a query to (n, size) vectors."""
    return _clipped(vectors @ query)


def _clipped(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    distances: NDArray[np.float32] = np.clip(1.0 - scores, 0.0, 2.0)
    return distances
