"""Pairs of unit vectors with a high cosine among up to some millions, without comparing all.

Vectors are shrunk to their 128 strongest principal components, in which pairs are looked for with
a lower threshold; those found are compared in full, so no pair below the threshold is reported.
Up to `ALL_PAIRS` vectors all are compared in that way. Beyond, an inverted file (Jégou et al.
2011, "Product quantization for nearest neighbor search") has each vector compared only with those
whose nearest centroid is among its own 32 nearest. benchmarks/duplicates.py measures what that
misses.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Pairs = tuple[Rows, Rows, NDArray[np.float32]]

ALL_PAIRS = 120_000
"""Up to so many vectors the time for comparing all is no longer than for the inverted file."""

COMPONENTS = 128
MARGIN = 0.15
"""How far below the threshold the cosine of the shrunk vectors of a pair may be."""

PROBES = 32
"""Nearest centroids of a vector whose clusters it is compared with."""

_SAMPLE = 20_000
_STEPS = 4
"""Of k-means: the clusters need not be good, only of about the same size."""

_TILE = 2048


def close_pairs(
    vectors: NDArray[np.float16],
    threshold: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    all_pairs: int = ALL_PAIRS,
) -> Iterator[Pairs]:
    """Pairs of rows a < b whose cosine is at least `threshold`, each at least once, in chunks.

    Args:
        vectors: (n, dim) of unit length; float16, as they are kept.
        threshold: the smallest cosine.
        progress: called as progress(done, total) with vectors.
        all_pairs: up to so many vectors none is missed but by the shrinking.

    Yields:
        Rows (m,) int64, rows (m,) int64, and cosines (m,) float32.
    """
    count = len(vectors)
    if count < 2:
        return
    small = _shrunk(vectors)
    least = threshold - (MARGIN if small.shape[1] < vectors.shape[1] else 1e-3)
    if count <= all_pairs:
        found = _all_pairs(small, least, progress)
    else:
        found = _within_clusters(small, least, progress)
    for first, second in found:
        cosines = _cosines(vectors, first, second)
        near = cosines >= threshold
        if near.any():
            yield first[near], second[near], cosines[near]


def _all_pairs(
    small: Vectors, least: float, progress: Callable[[int, int], None]
) -> Iterator[tuple[Rows, Rows]]:
    count = len(small)
    for start in range(0, count, _TILE):
        for other in range(start, count, 8 * _TILE):
            a, b = _above(small[start : start + _TILE], small[other : other + 8 * _TILE], least)
            a, b = a + start, b + other
            ahead = a < b
            if ahead.any():
                yield a[ahead], b[ahead]
        progress(min(start + _TILE, count), count)


def _within_clusters(
    small: Vectors, least: float, progress: Callable[[int, int], None]
) -> Iterator[tuple[Rows, Rows]]:
    count = len(small)
    centroids = _centroids(small)
    probes = _nearest_centroids(small, centroids)
    home = np.argsort(probes[:, 0], kind="stable")
    home_ends = np.cumsum(np.bincount(probes[:, 0], minlength=len(centroids)))
    visits = np.argsort(probes, axis=None, kind="stable")
    visit_ends = np.cumsum(np.bincount(probes.ravel(), minlength=len(centroids)))
    for cluster in range(len(centroids)):
        begin = home_ends[cluster - 1] if cluster else 0
        members = home[begin : home_ends[cluster]]
        visitors = visits[visit_ends[cluster - 1] if cluster else 0 : visit_ends[cluster]]
        visitors = visitors // probes.shape[1]
        for start in range(0, len(members), _TILE):
            some = members[start : start + _TILE]
            block = small[some]
            for other in range(0, len(visitors), 2 * _TILE):
                others = visitors[other : other + 2 * _TILE]
                a, b = _above(block, small[others], least)
                first, second = some[a], others[b]
                apart = first != second
                if apart.any():
                    first, second = first[apart], second[apart]
                    yield np.minimum(first, second), np.maximum(first, second)
        progress(int(home_ends[cluster]), count)


def _above(block: Vectors, others: Vectors, least: float) -> tuple[Rows, Rows]:
    near = block @ others.T >= least
    return np.divmod(np.flatnonzero(near), near.shape[1])


def _cosines(vectors: NDArray[np.float16], first: Rows, second: Rows) -> NDArray[np.float32]:
    cosines = np.empty(len(first), np.float32)
    for start in range(0, len(first), _TILE):
        part = slice(start, start + _TILE)
        a = vectors[first[part]].astype(np.float32)
        b = vectors[second[part]].astype(np.float32)
        cosines[part] = np.einsum("ij,ij->i", a, b)
    return cosines


def _shrunk(vectors: NDArray[np.float16]) -> Vectors:
    """(n, components) of unit length, by the principal components of a sample."""
    count, dim = vectors.shape
    if dim <= COMPONENTS:
        return _unit(vectors.astype(np.float32))
    sample = vectors[:: max(1, count // _SAMPLE)].astype(np.float32)
    axes = np.linalg.eigh(sample.T @ sample)[1][:, -COMPONENTS:].astype(np.float32)
    small = np.empty((count, COMPONENTS), np.float32)
    for start in range(0, count, _TILE):
        part = slice(start, start + _TILE)
        small[part] = _unit(vectors[part].astype(np.float32) @ axes)
    return small


def _centroids(small: Vectors) -> Vectors:
    """k-means on a sample, by cosine; about 2 √n of them."""
    random = np.random.default_rng(0)
    wanted = 2 * round(len(small) ** 0.5)
    sample = small[np.sort(random.choice(len(small), min(len(small), 40 * wanted), replace=False))]
    centroids: Vectors = sample[np.sort(random.choice(len(sample), wanted, replace=False))]
    for _ in range(_STEPS):
        nearest = np.concatenate(
            [
                (sample[start : start + _TILE] @ centroids.T).argmax(axis=1)
                for start in range(0, len(sample), _TILE)
            ]
        )
        order = np.argsort(nearest, kind="stable")
        used, begins = np.unique(nearest[order], return_index=True)
        centroids[used] = _unit(np.add.reduceat(sample[order], begins, axis=0))
    return centroids


def _nearest_centroids(small: Vectors, centroids: Vectors) -> NDArray[np.int32]:
    """(n, probes), the nearest first."""
    probes = min(PROBES, len(centroids))
    nearest = np.empty((len(small), probes), np.int32)
    for start in range(0, len(small), _TILE):
        likeness = small[start : start + _TILE] @ centroids.T
        some = np.argpartition(likeness, -probes, axis=1)[:, -probes:]
        order = np.argsort(-np.take_along_axis(likeness, some, axis=1), axis=1, kind="stable")
        nearest[start : start + _TILE] = np.take_along_axis(some, order, axis=1)
    return nearest


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
