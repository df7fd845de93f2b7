"""Exact nearest neighbours straight from the catalogue, for readers beside a writer.

The engine's files are not safe to share, so a read-only store compares the query with every
stored embedding, a bounded number of rows at a time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Filter
from lookalike.stores.base import Neighbour
from lookalike.stores.local import sql_filter
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.roster import Member

_ROWS = 8192


def nearest(
    catalogue: Catalogue,
    encoder: Member,
    query: NDArray[np.float32],
    end: int,
    where: Filter | None,
    max_distance: float | None,
) -> list[Neighbour]:
    """The `end` nearest embeddings by cosine distance, ties by id."""
    statement = f"SELECT v.id, v.vector FROM {encoder.table} v"  # noqa: S608
    parameters: list[Any] = []
    if where is not None:
        condition, parameters = sql_filter.compile_filter(where)
        statement += f" JOIN records r ON r.id = v.id WHERE {condition}"
    ids = np.empty(0, np.int64)
    distances = np.empty(0, np.float32)
    for rows in catalogue.stream(statement, parameters, _ROWS):
        more_ids, more = _distances(rows, query)
        if max_distance is not None:
            near = more <= max_distance
            more_ids, more = more_ids[near], more[near]
        ids = np.concatenate([ids, more_ids])
        distances = np.concatenate([distances, more])
        best = np.lexsort((ids, distances))[:end]
        ids, distances = ids[best], distances[best]
    return list(map(Neighbour, ids.tolist(), distances.tolist()))


def _distances(
    rows: list[Any], query: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    halves = np.frombuffer(b"".join([row[1] for row in rows]), "<f2").reshape(len(rows), -1)
    scores = halves.astype(np.float32) @ query
    return ids, np.clip(1.0 - scores, 0.0, 2.0)
