"""pHashes of a picture turned or mirrored, out of its pHash alone.

A bit of a pHash says whether one of 8 × 8 frequencies is above their median, which is about 0.
Mirroring a picture changes the sign of every second frequency along that axis, turning it by a
quarter also swaps the axes; so the bits of the turned picture are known but for those of
frequencies near the median: 2 to 4 of 64 are wrong, mostly (tests/duplicates/test_turned.py).
"""

import numpy as np
from numpy.typing import NDArray

from lookalike.copies.orientation import ORIENTATIONS
from lookalike.duplicates.edges import Edges
from lookalike.duplicates.hashes import Hashes

_SIDE = 8
_ODD = np.arange(_SIDE, dtype=np.uint8) % 2
_AT_A_TIME = 1 << 18


def in_all_orientations(hashes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hashes (n, 8) of pictures in each of `ORIENTATIONS`: (8, n), as numbers."""
    bits = np.unpackbits(hashes, axis=1).reshape(-1, _SIDE, _SIDE)
    found = np.empty((len(ORIENTATIONS), len(hashes)), np.uint64)
    for mirrored in (0, 4):
        lying = bits ^ _ODD if mirrored else bits
        for quarters in range(4):
            packed = np.packbits(lying.reshape(len(hashes), -1), axis=1)
            found[mirrored + quarters] = _numbers(packed)
            lying = lying.swapaxes(1, 2) ^ _ODD[:, None]
    return found


def least_bits(
    one: NDArray[np.uint8], other: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Distances (m,) between pHashes (m, 8), the first in whichever orientation is nearest.

    Returns:
        The distances, and those orientations (m,).
    """
    apart = np.bitwise_count(in_all_orientations(one) ^ _numbers(other))
    orientations = apart.argmin(axis=0)
    return np.take_along_axis(apart, orientations[None], axis=0)[0], orientations


def alike(some: Edges, hashes: Hashes, count: int, most: int) -> NDArray[np.bool_]:
    """Which edges are between pictures whose pHashes are near, however they lie.

    Args:
        some: edges between rows of the table.
        hashes: the pHashes, whole and trimmed.
        count: rows of the table.
        most: the largest distance in bits.

    Returns:
        (m,), False where one has no pHash.
    """
    tables = [np.zeros((count, 8), np.uint8) for _ in range(2)]
    tables[0][hashes.places[::-1]] = hashes.hashes[::-1]
    tables[1][hashes.places] = hashes.hashes
    known = np.zeros(count, np.bool_)
    known[hashes.places] = True
    found = known[some.first] & known[some.second]
    asked = np.flatnonzero(found)
    for start in range(0, len(asked), _AT_A_TIME):
        part = asked[start : start + _AT_A_TIME]
        first, second = some.first[part], some.second[part]
        found[part] = np.any(
            [least_bits(a[first], b[second])[0] <= most for a in tables for b in tables], axis=0
        )
    return found


def _numbers(hashes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(hashes).view(np.uint64)[:, 0]
