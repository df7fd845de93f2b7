"""Connected components of a graph given as two arrays of edges."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def components(count: int, first: Rows, second: Rows) -> Rows:
    """The smallest node of each node's component; (count,) int64.

    Trees are hooked onto smaller roots and then flattened, all edges at once (Shiloach and
    Vishkin 1982, "An O(log n) parallel connectivity algorithm").

    Args:
        count: nodes are 0..count − 1.
        first: one end of each edge, (m,).
        second: the other end, (m,).
    """
    label = np.arange(count, dtype=np.int64)
    while True:
        a, b = label[first], label[second]
        apart = a != b
        if not apart.any():
            return label
        first, second, a, b = first[apart], second[apart], a[apart], b[apart]
        np.minimum.at(label, np.maximum(a, b), np.minimum(a, b))
        while True:
            above = label[label]
            if np.array_equal(above, label):
                break
            label = above
