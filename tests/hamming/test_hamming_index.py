import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.hamming import Found, HammingIndex
from lookalike.hamming import index as index_module


def near_each_other(rng, count, bits, centres, flips):
    """Hashes around a few centres, so that all distances occur and some are equal."""
    middle = rng.integers(0, 256, (centres, bits // 8), dtype=np.uint8)
    hashes = np.unpackbits(middle[rng.integers(0, centres, count)], axis=1)
    for row in hashes:
        row[rng.integers(0, bits, rng.integers(0, flips + 1))] ^= 1
    return np.packbits(hashes, axis=1)


def expected(hashes, ids, query, radius):
    bits = np.bitwise_count(hashes ^ query).sum(axis=1)
    best = {}
    for key, distance in zip(ids.tolist(), bits.tolist(), strict=True):
        if distance <= radius:
            best[key] = min(distance, best.get(key, 999))
    return sorted((distance, key) for key, distance in best.items())


def answered(found: Found):
    assert found.ids.dtype == np.int64
    assert found.distances.dtype == np.uint16
    return list(zip(found.distances.tolist(), found.ids.tolist(), strict=True))


@pytest.mark.parametrize("bits", [8, 16, 40, 64, 72, 128, 256])
@pytest.mark.parametrize("count", [1, 100, 70_000])
def test_every_radius_and_limit_agrees_with_comparing_all(bits, count):
    rng = np.random.default_rng(bits + count)
    hashes = rng.integers(0, 256, (count, bits // 8), dtype=np.uint8)
    index = HammingIndex.build(hashes)
    assert index.bits == bits
    assert len(index) == count
    ids = np.arange(count)
    for radius in [0, 1, 2, 3, bits // 8, bits // 6, bits // 4, bits, bits + 5]:
        query = hashes[rng.integers(count)].copy()
        flips = np.unpackbits(query)
        flips[rng.permutation(bits)[: min(radius, bits // 4)]] ^= 1
        query = np.packbits(flips)
        wanted = expected(hashes, ids, query, radius)
        assert answered(index.within(query, radius)) == wanted
        assert answered(index.within(query, radius, limit=7)) == wanted[:7]
        assert answered(index.within(query, radius, limit=0)) == []
