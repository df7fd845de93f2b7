"""Confidence intervals: the same every time, as wide as they must be."""

import numpy as np
import pytest

from lookalike.evaluation.bootstrap import FEWEST_CLUSTERS, mean_interval, weighted_interval


def test_same_input_same_interval() -> None:
    values = np.random.default_rng(0).random(50)
    clusters = np.arange(50) // 5
    assert mean_interval(values, clusters) == mean_interval(values.copy(), clusters.copy())


def test_interval_of_a_constant_is_that() -> None:
    got = mean_interval(np.full(30, 0.25), np.arange(30))
    assert (got.value, got.low, got.high) == (0.25, 0.25, 0.25)


def test_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(60):
        # 40 classes of 5 queries whose true mean is .5.
        values = np.repeat(rng.random(40), 5)
        got = mean_interval(values, np.repeat(np.arange(40), 5))
        held += got.low <= 0.5 <= got.high
    assert held >= 50  # 57 expected


def test_queries_of_one_class_are_not_independent() -> None:
    rng = np.random.default_rng(8)
    values = np.repeat(rng.random(20), 10)
    by_class = mean_interval(values, np.repeat(np.arange(20), 10))
    alone = mean_interval(values, np.arange(200))
    assert by_class.high - by_class.low > 2 * (alone.high - alone.low)


def test_few_classes_are_not_drawn() -> None:
    values = np.random.default_rng(9).random(60)
    few = mean_interval(values, np.arange(60) % (FEWEST_CLUSTERS - 1))
    assert few == mean_interval(values, np.arange(60))


def test_statistic_with_weights() -> None:
    values = np.random.default_rng(10).random(80)

    def mean(weights: np.ndarray | None) -> float:
        return float(np.average(values, weights=weights))

    got, expected = weighted_interval(mean, 80), mean_interval(values, np.arange(80))
    assert got.value == pytest.approx(expected.value)
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high))
