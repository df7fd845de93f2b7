"""The choice of a cut: exact intervals, promises, ties."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.calibration.choose import choose, cut, interval, needed, promises


@pytest.mark.parametrize(
    ("right", "shown", "low", "high"),
    # As scipy.stats.binomtest(...).proportion_ci(method="exact") gives them.
    [
        (10, 10, 0.691503, 1.0),
        (0, 10, 0.0, 0.308497),
        (99, 100, 0.945541, 0.999747),
        (1, 2, 0.012579, 0.987421),
        (990, 1000, 0.981687, 0.995194),
        (45, 60, 0.621404, 0.852814),
    ],
)
def test_exact_intervals(right: int, shown: int, low: float, high: float) -> None:
    assert interval(right, shown) == pytest.approx((low, high), abs=2e-6)


def test_of_nothing_nothing_is_known() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert not promises(0, 0, 0.5)
    assert choose([], [], 0.9) is None


@given(st.floats(0.01, 0.999))
def test_needed_is_the_fewest_that_promise(precision: float) -> None:
    count = needed(precision)
    assert promises(count, count, precision)
    assert count == 1 or not promises(count - 1, count - 1, precision)
    assert not promises(count - 1, count, precision)


def test_needed_for_99_percent() -> None:
    assert needed(0.99) == 299
    assert needed(0.99) == math.ceil(math.log(0.05) / math.log(0.99))


def test_the_lowest_promised_cut_is_halfway_to_the_next_score() -> None:
    scores = [0.9] * 300 + [0.5] * 50 + [0.4] * 100
    same = [True] * 300 + [True] * 50 + [False] * 100
    found = choose(scores, same, 0.99, wanted=400)
    assert found is not None
    assert found.promised
    assert found.score == pytest.approx(0.45)
    assert (found.right, found.wrong, found.wanted) == (350, 0, 400)
    assert found.recall == pytest.approx(350 / 400)
    assert found.precision == 1


def test_too_few_pairs_give_a_cut_without_a_promise() -> None:
    found = choose([0.9, 0.8, 0.2], [True, True, False], 0.99)
    assert found is not None
    assert not found.promised
    assert found.score == pytest.approx(0.5)
    assert found.low < 0.2


def test_no_cut_where_the_best_score_is_wrong() -> None:
    assert choose([0.9, 0.8], [False, True], 0.99) is None


def test_equal_scores_are_never_parted() -> None:
    assert choose([0.9, 0.9, 0.3], [True, False, False], 0.9) is None
    found = choose([0.9, 0.7, 0.7, 0.7], [True, True, False, False], 0.6)
    assert found is not None
    assert found.score == pytest.approx(0.8)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60),
    st.floats(0.05, 0.95),
)
def test_a_chosen_cut_does_what_it_says(pairs: list[tuple[int, bool]], precision: float) -> None:
    scores, same = np.array([p for p, _ in pairs]) / 20, np.array([s for _, s in pairs])
    found = choose(scores, same, precision)
    lows = [
        score
        for score in set(scores)
        if same[scores >= score].any() and same[scores >= score].mean() >= precision
    ]
    if found is None:
        assert not lows
        return
    alone = cut(scores, same, found.score, precision)
    assert alone == replace(found, promised=alone.promised)
    assert alone.promised >= found.promised
    assert found.precision >= precision
    assert found.low <= found.precision <= found.high
    if not found.promised:
        assert min(scores[scores >= found.score]) == min(lows)


def test_luck_among_many_cuts_is_no_promise() -> None:
    rng = np.random.default_rng(0)
    scores = np.linspace(1, 0, 2000)
    kept = dict.fromkeys((None, 0.8), 0)
    for _ in range(150):
        same = rng.random(2000) < 0.98999
        for start in kept:
            found = choose(scores, same, 0.99, start=start)
            kept[start] += found is not None and found.promised
    # 5 % each for the two orders; the best of all cuts would be promised in 17 %.
    assert kept[None] <= 150 * 0.08
    assert kept[0.8] <= 150 * 0.12


def test_tests_begin_at_the_score_that_was_there_before() -> None:
    same = np.ones(2000, np.bool_)
    same[[100, 101, 102, 1400]] = False
    scores = np.linspace(1, 0, 2000)
    first = choose(scores, same, 0.99)
    assert first is not None
    assert not first.promised
    found = choose(scores, same, 0.99, start=float(scores[1000]))
    assert found is not None
    assert found.promised
    assert found.score == 0.0
