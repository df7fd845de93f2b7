"""Edges between records: two rows each, and the evidence that they are copies."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Evidence(IntEnum):
    """What says that two records are copies, the surest first."""

    BYTES = 0
    PIXELS = 1
    HASH = 2
    PROOF = 3
    EMBEDDING = 4


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Pairs of rows of one table.

    `first` < `second` are (m,) int64 rows; `value` (m,) float32 is 0 for digests, bits for
    hashes, the cosine for embeddings, the score of the proof for proofs.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    evidence: NDArray[np.uint8]
    value: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.first)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Edges":
        """Some of the edges, by a (m,) mask or by their places."""
        return Edges(
            self.first[chosen], self.second[chosen], self.evidence[chosen], self.value[chosen]
        )

    def of(self, *kinds: Evidence) -> "Edges":
        """Those of some kinds of evidence."""
        return self.where(np.isin(self.evidence, kinds))


def edges(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    evidence: Evidence,
    value: NDArray[np.floating] | NDArray[np.integer] | float = 0.0,
) -> Edges:
    """Edges of one kind, their ends in order."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    kinds = np.full(len(low), evidence, np.uint8)
    return Edges(low, high, kinds, np.broadcast_to(np.asarray(value, np.float32), low.shape))


NONE = edges(np.empty(0, np.int64), np.empty(0, np.int64), Evidence.BYTES)


def joined(parts: Sequence[Edges]) -> Edges:
    """All edges of several kinds; of equal pairs only the one with the surest evidence."""
    together = Edges(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.evidence for part in parts]),
        np.concatenate([part.value for part in parts]),
    )
    if not len(together):
        return together
    order = np.lexsort((together.evidence, together.second, together.first))
    first, second = together.first[order], together.second[order]
    new = np.r_[True, (first[1:] != first[:-1]) | (second[1:] != second[:-1])]
    return together.where(order[new])
