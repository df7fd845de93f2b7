"""Ranking everything: in blocks as at once, ties in the fixed order, no own picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.evaluation.ranking import best_first, rank
from lookalike.evaluation.vectors import as_unit, fused


def unit(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    rows = rng.standard_normal((count, size)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_order_is_by_score_then_by_tie(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Few values, both signs and both zeros: many ties.
    scores = rng.choice(np.array([-0.5, -0.0, 0.0, 0.25, 1.0, -np.inf], np.float32), (4, 25))
    ties = rng.permutation(25)
    expected = [sorted(range(25), key=lambda j, row=row: (-row[j], ties[j])) for row in scores]
    column = np.argsort(ties)
    assert column[best_first(scores, ties)].tolist() == expected


def test_blocks_give_what_one_piece_gives() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(9), 11)
    gallery = unit(rng, 99, 8)
    own = np.arange(99)
    whole, parts = (
        rank(gallery, gallery, labels, labels, own=own, block=block) for block in (10**9, 250)
    )
    assert np.array_equal(whole.average_precision, parts.average_precision)
    assert np.array_equal(whole.precision, parts.precision)
    assert all(np.array_equal(whole.recall[k], parts.recall[k]) for k in whole.recall)
    assert whole.curve == pytest.approx(parts.curve)
    assert np.array_equal(whole.scores.same, parts.scores.same)
    assert whole.scores.same.sum() == 99 * 10
    assert whole.scores.different.sum() == 99 * 88


def test_ranking_agrees_with_a_slow_implementation() -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 5, 60)
    gallery = unit(rng, 60, 6)
    got = rank(gallery, gallery, labels, labels, own=np.arange(60))
    for query in range(60):
        others = [j for j in range(60) if j != query]
        others.sort(key=lambda j: -float(gallery[query] @ gallery[j]))
        hits = [labels[j] == labels[query] for j in others]
        precisions = [np.mean(hits[: r + 1]) for r, hit in enumerate(hits) if hit]
        assert got.average_precision[query] == pytest.approx(np.mean(precisions))
        assert got.precision[query] == pytest.approx(np.mean(hits[:10]))
        assert got.recall[5][query] == pytest.approx(sum(hits[:5]) / sum(hits))
        assert got.hit[1][query] == hits[0]


def test_the_order_of_files_helps_nobody_where_all_scores_are_equal() -> None:
    labels = np.repeat(np.arange(10), 20)
    same = np.tile(unit(np.random.default_rng(0), 1, 4), (200, 1))
    got = rank(same, same, labels, labels, own=np.arange(200))
    # Chance gives a little over 19/199.
    assert 0.08 < got.average_precision.mean() < 0.14


def test_words_rank_pictures() -> None:
    pictures = np.eye(3, dtype=np.float32)
    texts = np.array([[1, 0.5, 0], [0.2, 0.1, 0.9], [0.8, 0.7, 0.1]], np.float32)
    got = rank(texts, pictures, np.array([0, 2, 1]), np.arange(3))
    assert got.hit[1].tolist() == [1, 1, 0]
    assert got.hit[5].tolist() == [1, 1, 1]
    assert got.average_precision.tolist() == [1, 1, 0.5]


def test_hashes_become_vectors_of_their_scores() -> None:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 256, (20, 8), np.uint8)
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(2)
    vectors = as_unit(hashes)
    assert vectors @ vectors.T == pytest.approx(1 - 2 * distances / 64, abs=1e-6)


def test_fused_scores_are_the_mean() -> None:
    rng = np.random.default_rng(2)
    one, other = unit(rng, 7, 5), unit(rng, 7, 12)
    assert np.allclose(fused([one, other], [3e307, 1e307]), fused([one, other], [3, 1]))
    both = fused([one, other], [3, 1])
    mean = (3 * (one @ one.T) + other @ other.T) / 4
    assert both @ both.T == pytest.approx(mean, abs=1e-6)
