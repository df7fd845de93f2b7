"""Embeddings and hashes as unit vectors whose inner product is the score lookalike shows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def as_unit(rows: NDArray[np.generic]) -> Vectors:
    """(n, dim) float32 as they are; (n, bits/8) uint8 as (n, bits) of ±1/√bits.

    The inner product of two such hashes at Hamming distance d is 1 − 2·d/bits, their score.
    """
    if rows.dtype != np.uint8:
        return rows.astype(np.float32, copy=False)
    bits = np.unpackbits(rows.view(np.uint8), axis=1).astype(np.float32)
    return (bits * 2 - 1) / np.float32(np.sqrt(bits.shape[1]))


def fused(parts: Sequence[Vectors], weights: Sequence[float]) -> Vectors:
    """Side by side, so that the inner product is the weighted mean of those of the parts."""
    scaled = np.array(weights) / max(weights)  # their sum may be more than a float holds
    shares = np.sqrt(scaled / scaled.sum()).astype(np.float32)
    return np.concatenate([part * share for part, share in zip(parts, shares, strict=True)], axis=1)
