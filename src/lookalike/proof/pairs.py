"""Features of two pictures that look the same: mutual nearest neighbours, the clear ones first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.features import Features

_RATIO = 0.97
"""Largest distance of the nearest over that of the second. Lowe's 0.8 finds fewer in bad copies;
what a wrong pair claims is checked against all others anyway."""

_MOST = 300
"""Pairs kept, the clearest ones: each is tried as a placement of one picture on the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of features, row by row.

    `query` and `other` (n, 2) float64 are x, y in pixels; `scale` (n,) the size of the query's
    feature over that of the other's, `turn` (n,) its direction less the other's, in radians.
    """

    query: NDArray[np.float64]
    other: NDArray[np.float64]
    scale: NDArray[np.float64]
    turn: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.query)


def pairs(query: Features, other: Features) -> Pairs:
    """The features of two pictures that are each other's nearest, clearest first."""
    if len(query) < 3 or len(other) < 3:
        rows = columns = np.zeros(0, np.intp)
    else:
        rows, columns = _mutual(query.descriptors @ other.descriptors.T)
    return Pairs(
        query.points[rows].astype(np.float64),
        other.points[columns].astype(np.float64),
        (query.sizes[rows] / other.sizes[columns]).astype(np.float64),
        np.radians(query.angles[rows] - other.angles[columns]).astype(np.float64),
    )


def _mutual(cosines: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    nearest = cosines.argmax(axis=1)
    rows = np.flatnonzero(cosines.argmax(axis=0)[nearest] == np.arange(len(nearest)))
    columns = nearest[rows]
    kept = cosines[rows]
    first = kept[np.arange(len(rows)), columns]
    kept[np.arange(len(rows)), columns] = -1
    # Of unit vectors the squared distance is 2 − 2·cosine.
    ratio = np.sqrt(np.maximum(1 - first, 0) / np.maximum(1 - kept.max(axis=1), 1e-6))
    order = np.argsort(ratio, kind="stable")[:_MOST]
    order = order[ratio[order] < _RATIO]
    return rows[order], columns[order]
