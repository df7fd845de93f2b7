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
from lookalike.stores.local.space import Space

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
    keys, measured = _distances(found, space, query)
    return dict(zip(keys.tolist(), measured.tolist(), strict=True))


def nearest(
    catalogue: Catalogue,
    encoder: Member,
    space: Space,
    query: NDArray[np.float32],
    end: int,
    where: Filter | None,
    max_distance: float | None,
) -> list[Neighbour]:
    """The `end` nearest embeddings by cosine distance, ties by id; `query` is of the space."""
    statement = f"SELECT v.id, v.vector FROM {encoder.table} v"  # noqa: S608
    parameters: list[Any] = []
    if where is not None:
        condition, parameters = sql_filter.compile_filter(where)
        statement += f" JOIN records r ON r.id = v.id WHERE {condition}"
    ids = np.empty(0, np.int64)
    distances = np.empty(0, np.float32)
    for rows in catalogue.stream(statement, parameters, _ROWS):
        more_ids, more = _distances(rows, space, query)
        if max_distance is not None:
            near = more <= max_distance
            more_ids, more = more_ids[near], more[near]
        ids = np.concatenate([ids, more_ids])
        distances = np.concatenate([distances, more])
        best = np.lexsort((ids, distances))[:end]
        ids, distances = ids[best], distances[best]
    return list(map(Neighbour, ids.tolist(), distances.tolist()))


def _distances(
    rows: list[Any], space: Space, query: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    scores = space.rows([row[1] for row in rows]).astype(np.float32) @ query
    return ids, np.clip(1.0 - scores, 0.0, 2.0)
