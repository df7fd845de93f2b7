"""Where to cut off scores so that what is above them is right often enough."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Of a promise, and of the intervals."""

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Cut:
    """What calling every pair with at least `score` the same does.

    `right` and `wrong` are the pairs at or above it, `wanted` those that are the same at all.
    `precision` is the part of them that is right, between `low` and `high` with 95 % confidence.
    `promised` says that it is at least the one asked for with that confidence.
    """

    score: float
    right: int
    wrong: int
    wanted: int
    low: float
    high: float
    promised: bool

    @property
    def precision(self) -> float:
        """Of the pairs at or above the score, the part that is the same."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Of the pairs that are the same, the part at or above the score."""
        return self.right / max(1, self.wanted)


def choose(
    scores: Sequence[float] | NDArray[np.floating],
    same: Sequence[bool] | NDArray[np.bool_],
    precision: float,
    *,
    wanted: int | None = None,
    start: float | None = None,
) -> Cut | None:
    """The lowest cut with that precision: one that can be promised, else one that was measured.

    It lies halfway between the lowest score it lets pass and the next one below. Of many cuts one
    may keep a promise by luck: so they are tested in an order fixed beforehand, from `start` down,
    only until the first that fails (fixed-sequence testing; Angelopoulos et al. 2021,
    arXiv:2110.01052). Where `start` itself fails, the order begins at the first cut with `needed`
    pairs.

    Args:
        scores: (n,) of pairs.
        same: (n,) whether each is the same picture, or belongs together.
        precision: above 0, below 1.
        wanted: how many pairs are the same, those without a score included.
        start: a score that was not chosen by these pairs.

    Returns:
        None where no cut measured has the precision.
    """
    values, truth = np.asarray(scores, np.float64), np.asarray(same, np.bool_)
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    rights: NDArray[np.int64] = np.cumsum(truth, dtype=np.int64)
    ends = np.flatnonzero(np.append(np.diff(values) < 0, [True] * bool(len(values))))
    reached = [at for at in ends if rights[at] and rights[at] >= precision * (at + 1)]
    if not reached:
        return None
    promised = _promised(ends, values, rights, precision, start)
    at = int((promised or reached)[-1])
    right, shown = int(rights[at]), at + 1
    below = values[at + 1] if shown < len(values) else values[at]
    low, high = interval(right, shown)
    return Cut(
        score=float(values[at] + below) / 2,
        right=right,
        wrong=shown - right,
        wanted=int(truth.sum()) if wanted is None else wanted,
        low=low,
        high=high,
        promised=bool(promised),
    )


def _promised(
    ends: NDArray[np.int64],
    values: NDArray[np.float64],
    rights: NDArray[np.int64],
    precision: float,
    start: float | None,
) -> list[int]:
    """The last pairs of the cuts that can be promised, in the order of their tests."""
    orders = [ends[ends + 1 >= needed(precision)]]
    if start is not None:
        orders.insert(0, ends[ends >= int((values >= start).sum()) - 1])
    for order in orders:
        kept = takewhile(
            lambda at: promises(int(rights[at]), int(at) + 1, precision), order.tolist()
        )
        if found := [*kept]:
            return found
    return []


def cut(
    scores: Sequence[float] | NDArray[np.floating],
    same: Sequence[bool] | NDArray[np.bool_],
    score: float,
    precision: float,
    *,
    wanted: int | None = None,
) -> Cut:
    """What a given score does, with the arguments of `choose`."""
    values, truth = np.asarray(scores, np.float64), np.asarray(same, np.bool_)
    above = values >= score
    right, shown = int(truth[above].sum()), int(above.sum())
    low, high = interval(right, shown)
    total = int(truth.sum()) if wanted is None else wanted
    return Cut(score, right, shown - right, total, low, high, promises(right, shown, precision))


def promises(right: int, shown: int, precision: float) -> bool:
    """Whether so many right ones of those shown would be rare with a smaller precision.

    Rare is at most 1 − `CONFIDENCE`: the one-sided bound of Clopper & Pearson 1934.
    """
    tail = _at_most(shown - right, shown, 1 - precision)
    return shown > 0 and tail <= 1 - CONFIDENCE + _ROUNDING


def needed(precision: float) -> int:
    """The fewest pairs, all of them right, that a precision can be promised by."""
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(precision))


def interval(right: int, shown: int) -> tuple[float, float]:
    """The exact 95 % interval of a part (Clopper & Pearson 1934, Biometrika 26)."""
    if not shown:
        return 0.0, 1.0
    tail, wrong = (1 - CONFIDENCE) / 2, shown - right
    # Each bound is the part with which so many, or more extreme, come about in one tail's cases.
    low = 0.0 if not right else 1 - _solve(lambda part: _at_most(wrong, shown, part), tail)
    high = 1.0 if not wrong else _solve(lambda part: _at_most(right, shown, part), tail)
    return low, high


def _solve(falling: Callable[[float], float], value: float) -> float:
    """Where a function that falls from 1 to 0 on 0..1 has a value."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > value else (low, middle)
    return (low + high) / 2


def _at_most(count: int, of: int, part: float) -> float:
    """The probability of at most `count` of `of`, where each has the probability `part`."""
    if part <= 0 or count >= of:
        return 1.0
    if part >= 1:
        return 0.0
    number = np.arange(1, count + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log(of - number + 1) - np.log(number))])
    each = np.arange(count + 1)
    logs = ways + each * math.log(part) + (of - each) * math.log1p(-part)
    return float(min(1.0, np.exp(logs).sum()))
