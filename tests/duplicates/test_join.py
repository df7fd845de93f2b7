"""Pairs of near embeddings, against comparing all."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.duplicates.join import PROBES, close_pairs


def drawn(count: int, dim: int, seed: int = 0) -> NDArray[np.float16]:
    """Unit vectors, a tenth of which are near another."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for row in range(0, count - 1, 10):
        rows[row] = rows[row + 1] + random.uniform(0.1, 0.9) * rows[row]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def by_all(rows: NDArray[np.float16], threshold: float) -> set[tuple[int, int]]:
    wide = rows.astype(np.float32)
    first, second = np.nonzero(np.triu(wide @ wide.T >= threshold, 1))
    return set(zip(first.tolist(), second.tolist(), strict=True))


def found(rows: NDArray[np.float16], threshold: float, **options: int) -> set[tuple[int, int]]:
    pairs = set()
    for first, second, cosines in close_pairs(rows, threshold, **options):
        assert (first < second).all()
        assert (cosines >= threshold).all()
        pairs |= set(zip(first.tolist(), second.tolist(), strict=True))
    return pairs


@pytest.mark.parametrize("dim", [4, 64, 400])
def test_all_pairs_are_found(dim: int) -> None:
    rows = drawn(5000, dim)[:1500] if dim == 4 else drawn(5000, dim)
    assert found(rows, 0.8) == by_all(rows, 0.8)


def test_clusters_miss_few_and_invent_none() -> None:
    rows = drawn(6000, 256)
    wanted, got = by_all(rows, 0.8), found(rows, 0.8, all_pairs=0)
    assert got <= wanted
    assert len(got) >= 0.95 * len(wanted) > 300


def test_equal_vectors_and_few_of_them_are_all_found() -> None:
    rows = np.repeat(drawn(1, 300), PROBES, axis=0)
    assert len(found(rows, 0.99, all_pairs=0)) == PROBES * (PROBES - 1) // 2
    assert found(rows[:1], 0.5) == found(rows[:0], 0.5) == set()


@pytest.mark.parametrize("all_pairs", [0, 10_000])
def test_progress_ends_at_the_number_of_vectors(all_pairs: int) -> None:
    told: list[tuple[int, int]] = []
    rows = drawn(3000, 130)
    for _ in close_pairs(rows, 0.8, lambda *one: told.append(one), all_pairs=all_pairs):
        pass
    assert told[-1] == (3000, 3000)
    assert told == sorted(told)
