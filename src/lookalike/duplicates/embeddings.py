"""Edges between records whose embeddings are near."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lookalike.duplicates.edges import NONE, Edges, Evidence, edges, joined
from lookalike.duplicates.join import close_pairs
from lookalike.duplicates.rows import Rows
from lookalike.stores.base import Progress, Store

MOST = 5_000_000
"""Pairs that are kept in memory at once, 24 bytes each."""


def near_embeddings(
    store: Store, rows: Rows, encoder: str, least: float, progress: Progress | None
) -> tuple[Edges, bool]:
    """Edges between records of a tenant whose cosine is at least `least`.

    Returns:
        The edges, and whether all are there: of more than `MOST` the farthest are left out.
    """
    places, vectors = _read(store, rows, encoder, progress)

    def report(done: int, total: int) -> None:
        if progress is not None:
            progress("compare embeddings", done, total)

    found: list[Edges] = []
    count, whole = 0, True
    for one, other, cosine in close_pairs(vectors, least, report):
        first, second = places[one], places[other]
        same = rows.tenants[first] == rows.tenants[second]
        found.append(edges(first[same], second[same], Evidence.EMBEDDING, cosine[same]))
        count += int(same.sum())
        if count > MOST:
            found = [_nearest(joined(found), MOST // 2)]
            count, whole = len(found[0]), False
    return joined([NONE, *found]), whole


def _nearest(some: Edges, most: int) -> Edges:
    if len(some) <= most:
        return some
    return some.where(some.value >= np.partition(some.value, -most)[-most])


def _read(
    store: Store, rows: Rows, encoder: str, progress: Progress | None
) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """The embeddings as float16, and the row of each; 1 GB for a million of 512 numbers."""
    places: list[NDArray[np.int64]] = []
    parts: list[NDArray[np.float16]] = []
    done = 0
    for ids, vectors in store.all_vectors(encoder):
        where, there = rows.places(ids)
        places.append(where[there])
        parts.append(vectors[there].astype(np.float16))
        done += len(ids)
        if progress is not None:
            progress("read embeddings", done, max(done, len(rows)))
    if not parts:
        return np.empty(0, np.int64), np.empty((0, 1), np.float16)
    return np.concatenate(places), _stacked(parts)


def _stacked(parts: list[NDArray[np.float16]]) -> NDArray[np.float16]:
    """One array of the parts, which are let go one by one, so that memory never holds two."""
    whole = np.empty((sum(map(len, parts)), parts[0].shape[1]), np.float16)
    start = 0
    for part in _taken(parts):
        whole[start : start + len(part)] = part
        start += len(part)
    return whole


def _taken(parts: list[NDArray[np.float16]]) -> Iterator[NDArray[np.float16]]:
    parts.reverse()
    while parts:
        yield parts.pop()
