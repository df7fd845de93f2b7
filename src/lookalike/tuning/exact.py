"""The true nearest neighbours, by comparing with every vector."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.base import Progress, Store
from lookalike.tuning.queries import Queries, compared, held

_ROWS = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Of each query the ids (n, limit) and cosines (n, limit) of its nearest, the nearest first.

    Where there are fewer vectors, ids are -1 and cosines -inf.
    """

    ids: NDArray[np.int64]
    cosines: NDArray[np.float32]


def nearest(
    store: Store, encoder: str, queries: Queries, limit: int, progress: Progress | None = None
) -> Truth:
    """The true nearest of each query, its own record left out; memory is bounded by a chunk."""
    best = Truth(
        np.full((len(queries), limit), -1, np.int64),
        np.full((len(queries), limit), -np.inf, np.float32),
    )
    total, done = held(store, encoder), 0
    for ids, vectors in compared(store, encoder):
        for start in range(0, len(ids), _ROWS):
            some = slice(start, start + _ROWS)
            best = _merged(best, queries, ids[some], vectors[some], limit)
        done += len(ids)
        if progress is not None:
            progress(f"compare {queries.asked} with all", done, total)
    return best


def _merged(
    best: Truth,
    queries: Queries,
    ids: NDArray[np.int64],
    vectors: NDArray[np.float32],
    limit: int,
) -> Truth:
    cosines = queries.vectors @ vectors.T
    cosines[queries.own[:, None] == ids[None]] = -np.inf
    if len(ids) > limit:
        near = np.argpartition(-cosines, limit - 1, axis=1)[:, :limit]
        cosines, found = np.take_along_axis(cosines, near, 1), ids[near]
    else:
        found = np.broadcast_to(ids, cosines.shape)
    cosines = np.concatenate([best.cosines, cosines], 1)
    found = np.concatenate([best.ids, found], 1)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :limit]
    return Truth(np.take_along_axis(found, order, 1), np.take_along_axis(cosines, order, 1))
