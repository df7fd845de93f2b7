"""Every query against every picture, in blocks of queries: no n × n array is ever held."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.evaluation import distribution, metrics
from lookalike.evaluation.distribution import Distribution
from lookalike.evaluation.vectors import Vectors

BLOCK = 4_000_000
"""Scores computed at a time."""

PRECISION_AT = 10
HITS_AT = (1, 5, 10)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The numbers of each query, (q,) float64 each, over its ranking of the whole gallery.

    `curve` is the mean over queries of interpolated precision at 11 levels of recall. `recall`
    and `hit` are at each of `HITS_AT`, by k.
    """

    average_precision: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: dict[int, NDArray[np.float64]]
    hit: dict[int, NDArray[np.float64]]
    curve: NDArray[np.float64]
    scores: Distribution


def rank(
    queries: Vectors,
    gallery: Vectors,
    query_labels: NDArray[np.integer],
    gallery_labels: NDArray[np.integer],
    *,
    own: NDArray[np.integer] | None = None,
    block: int = BLOCK,
) -> Ranking:
    """Rank the gallery for each query by inner product; what has the query's label is relevant.

    Equal scores, which hashes often give, are ranked in an order drawn at random but always the
    same, so that the order of the files helps nobody.

    Args:
        queries: (q, d).
        gallery: (n, d).
        query_labels: (q,).
        gallery_labels: (n,); every query's label is among them, beside its own picture.
        own: (q,) row of each query's own picture in the gallery, which is left out of its ranking.
        block: scores to compute at a time; the result is the same whatever it is.
    """
    count, size = len(queries), len(gallery)
    ties = np.random.default_rng(0).permutation(size)
    labels_by_tie = np.empty_like(gallery_labels)
    labels_by_tie[ties] = gallery_labels
    average, precision = np.empty(count), np.empty(count)
    recall, hit = ({k: np.empty(count) for k in HITS_AT} for _ in range(2))
    curve = np.zeros(len(metrics.LEVELS))
    same, every = (np.zeros(len(distribution.EDGES), np.int64) for _ in range(2))
    step = max(1, block // size)
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        labels = query_labels[part, None]
        scores = queries[part] @ gallery.T
        places = distribution.bins(scores)
        same += distribution.count(places[gallery_labels == labels])
        every += distribution.count(places.ravel())
        if own is not None:
            rows = np.arange(len(scores))
            itself = distribution.count(places[rows, own[part]])
            same -= itself
            every -= itself
            scores[rows, own[part]] = -np.inf
        relevant = labels_by_tie[best_first(scores, ties)] == labels
        if own is not None:
            relevant = relevant[:, :-1]  # its own picture, at −∞, came last
        average[part] = metrics.average_precision(relevant)
        precision[part] = metrics.precision_at(relevant, PRECISION_AT)
        for k in HITS_AT:
            recall[k][part] = metrics.recall_at(relevant, k)
            hit[k][part] = metrics.hit_at(relevant, k)
        curve += metrics.interpolated_precision(relevant).sum(0)
    scored = Distribution(same, every - same, count)
    return Ranking(average, precision, recall, hit, curve / count, scored)


def best_first(scores: Vectors, ties: NDArray[np.integer]) -> NDArray[np.int64]:
    """(q, n) the `ties` of the columns in order of falling score; among equals, of rising tie.

    `ties` is a permutation. Score and tie make one integer of 64 bits: sorting those is several
    times faster than a stable argsort of the scores.
    """
    bits = (scores + np.float32(0)).view(np.int32)  # + 0: −0 and 0 are equal
    # Negative floats order backwards by their bits.
    keys = (~(bits ^ ((bits >> 31) & 0x7FFFFFFF))).astype(np.int64)
    keys <<= 32
    keys |= ties
    keys.sort(axis=1)
    keys &= 0xFFFFFFFF
    return keys
