"""Confidence intervals: how far a mean over queries would move with other queries."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 20260
LEVEL = 0.95
FEWEST_CLUSTERS = 8
"""With fewer classes than this, resampling classes says little; queries are resampled instead."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A measured value and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def mean_interval(values: NDArray[np.float64], clusters: NDArray[np.integer]) -> Interval:
    """The mean of (q,) values with a percentile bootstrap interval (Efron & Tibshirani 1993).

    Queries of one class (or captions of one picture) succeed and fail together, so whole clusters
    are drawn, with all of their queries: the interval is about other classes of the kind, not
    only other pictures of these. With fewer than `FEWEST_CLUSTERS` clusters single queries are
    drawn, and the interval is only about these classes. The same input gives the same interval.

    Args:
        values: (q,) one number for each query.
        clusters: (q,) the number of each query's cluster.
    """
    numbers, member = np.unique(clusters, return_inverse=True)
    if len(numbers) < FEWEST_CLUSTERS:
        member = np.arange(len(values))
    sums = np.bincount(member, values)
    sizes = np.bincount(member).astype(np.float64)
    means = (sums[drawn].sum() / sizes[drawn].sum() for drawn in draws(len(sums)))
    low, high = np.quantile(np.fromiter(means, np.float64, RESAMPLES), _TAILS)
    return Interval(float(np.mean(values)), float(low), float(high))


def weighted_interval(
    statistic: Callable[[NDArray[np.float64] | None], float], count: int
) -> Interval:
    """A statistic that is no mean, with its interval.

    Args:
        statistic: its value when each of the `count` observations counts as often as the (count,)
            weights say; once each for None. NaN where a draw has none.
        count: how many observations there are.
    """
    drawn = [
        statistic(np.bincount(rows, minlength=count).astype(np.float64)) for rows in draws(count)
    ]
    low, high = np.nanquantile(drawn, _TAILS)
    return Interval(statistic(None), float(low), float(high))


def draws(count: int) -> "Iterator[NDArray[np.int64]]":
    """`RESAMPLES` times `count` row numbers, drawn with replacement; always the same ones."""
    rng = np.random.default_rng(SEED)
    return (rng.integers(count, size=count) for _ in range(RESAMPLES))


_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
