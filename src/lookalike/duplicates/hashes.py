"""Edges between records whose hashes differ in few bits, whole or without their borders."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.duplicates.components import components
from lookalike.duplicates.edges import NONE, Edges, Evidence, edges, joined
from lookalike.duplicates.rows import Rows
from lookalike.hamming import HammingIndex
from lookalike.search.fingerprints import FLAT_BITS
from lookalike.stores.base import Progress, Store

_AT_A_TIME = 8192

MOST = 5_000_000
"""Edges beyond the number of records that are kept in memory, 21 bytes each."""


@dataclass(frozen=True, slots=True, eq=False)
class Hashes:
    """Hashes of records; those of plain areas are left out, for they say nothing.

    `places` (k,) int64 are the rows of the table, `hashes` (k, bits/8) uint8. A row has one of the
    whole picture, and after all those perhaps one without its borders.
    """

    places: NDArray[np.int64]
    hashes: NDArray[np.uint8]


def near_hashes(rows: Rows, hashes: Hashes, radius: int) -> Edges:
    """Edges between records of a tenant with hashes within `radius` bits.

    Exact for groups: equal hashes are tied to one of them, which alone is compared with others.
    """
    found = [NONE]
    count = 0
    for some in _by_tenant(rows.tenants[hashes.places]):
        if len(some) < 2:
            continue
        index = HammingIndex.build(hashes.hashes[some], hashes.places[some])
        for first, second, distance in index.pairs(radius):
            found.append(edges(first, second, Evidence.HASH, distance))
            count += len(first)
            if count > len(rows) + MOST:
                found = [_forest(len(rows), joined(found))]
                count = len(found[0])
    return joined(found)


def _forest(count: int, some: Edges) -> Edges:
    """As few edges as leave the same groups: each row tied to the first of its group."""
    first = components(count, some.first, some.second)
    tied = np.flatnonzero(first != np.arange(count))
    return edges(first[tied], tied, Evidence.HASH, 1.0)


def read_hashes(store: Store, rows: Rows, encoder: str, progress: Progress | None) -> Hashes:
    """The hashes of an encoder, whole and trimmed."""
    places: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    hashes: list[NDArray[np.uint8]] = []
    done = 0
    for ids, vectors in store.all_vectors(encoder):
        where, there = rows.places(ids)
        places.append(where[there])
        hashes.append(vectors[there])
        done += len(ids)
        if progress is not None:
            progress("read hashes", done, 0)
    for start in range(0, len(rows), _AT_A_TIME):
        trimmed = store.trimmed(encoder, rows.ids[start : start + _AT_A_TIME].tolist())
        if trimmed:
            places.append(rows.places(np.array(list(trimmed), np.int64))[0])
            hashes.append(np.stack(list(trimmed.values())))
    where, all_ = np.concatenate(places), np.concatenate(hashes or [np.empty((0, 8), np.uint8)])
    telling = np.bitwise_count(all_).sum(axis=1, dtype=np.int64)
    kept = telling >= FLAT_BITS * all_.shape[1] // 8
    return Hashes(where[kept], all_[kept])


def _by_tenant(tenants: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The places of each tenant."""
    order = np.argsort(tenants, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(tenants[order])) + 1)
