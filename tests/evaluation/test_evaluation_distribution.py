"""Thresholds from scores: what each does, and the lowest one of a wished precision."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.evaluation.distribution import Distribution, bins, count

SAME, DIFFERENT = np.array([0.9, 0.8, 0.6, 0.4]), np.array([0.7, 0.5, 0.1, -0.2])


def made(same: np.ndarray = SAME, different: np.ndarray = DIFFERENT) -> Distribution:
    return Distribution(count(bins(same)), count(bins(different)), queries=2)


def test_thresholds_by_hand() -> None:
    at = made().at(0.6)
    assert (at.precision, at.recall, at.false_positives) == (0.75, 0.75, 0.5)
    at = made().at(0.75)
    assert (at.precision, at.recall, at.false_positives) == (1, 0.5, 0)


def test_lowest_threshold_of_a_precision() -> None:
    assert made().smallest(1).score == pytest.approx(0.701)
    assert made().smallest(0.7).score == pytest.approx(0.501)
    assert made().smallest(0.01).recall == 1
    assert made(same=np.array([0.1]), different=np.array([0.5, 0.9])).smallest(0.9) is None


def test_table_covers_the_scores_and_no_more() -> None:
    scores = [each.score for each in made().table()]
    assert scores[0] == pytest.approx(-0.2)
    assert scores[-1] == pytest.approx(0.9)


@given(st.lists(st.integers(-32, 32), min_size=1, max_size=50), st.integers(-32, 32))
def test_hash_scores_fall_on_their_own_edge(distances: list[int], cut: int) -> None:
    # Scores of 64-bit hashes are multiples of 1/32, in float32 as they come out of a product.
    scores = (np.array(distances) / 32).astype(np.float32)
    edge = np.floor(cut / 32 * 1000) / 1000
    shown = Distribution(count(bins(scores)), count(bins(scores[:0])), 1).at(edge)
    assert shown.recall == pytest.approx(np.mean(scores >= cut / 32 - 1e-6))
