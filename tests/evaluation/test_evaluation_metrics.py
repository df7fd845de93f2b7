"""Measures of rankings: values worked out by hand, and an independent slow implementation."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lookalike.evaluation import metrics

# Relevant at ranks 1, 3 and 6 of 6, and at rank 2 alone.
BY_HAND = np.array([[1, 0, 1, 0, 0, 1], [0, 1, 0, 0, 0, 0]], np.bool_)


def test_average_precision_by_hand() -> None:
    expected = [(1 + 2 / 3 + 3 / 6) / 3, 1 / 2]
    assert metrics.average_precision(BY_HAND) == pytest.approx(expected)


def test_precision_recall_and_hit_by_hand() -> None:
    assert metrics.precision_at(BY_HAND, 3) == pytest.approx([2 / 3, 1 / 3])
    assert metrics.precision_at(BY_HAND, 10) == pytest.approx([0.3, 0.1])
    assert metrics.recall_at(BY_HAND, 3) == pytest.approx([2 / 3, 1])
    assert metrics.hit_at(BY_HAND, 1).tolist() == [1, 0]
    assert metrics.hit_at(BY_HAND, 2).tolist() == [1, 1]


def test_interpolated_precision_by_hand() -> None:
    # Recall 1/3 at precision 1, 2/3 at 2/3, 1 at 1/2.
    first = [1, 1, 1, 1, 2 / 3, 2 / 3, 2 / 3, 0.5, 0.5, 0.5, 0.5]
    assert metrics.interpolated_precision(BY_HAND) == pytest.approx(np.array([first, [0.5] * 11]))


def test_micro_average_precision_by_hand() -> None:
    # Steps: .9 → 1 of 1; .8 (a tie) → 2 of 3; .1 → 3 of 4.
    scores, same = np.array([0.8, 0.9, 0.1, 0.8]), np.array([1, 1, 1, 0], np.bool_)
    expected = (1 + 2 / 3 + 3 / 4) / 3
    assert metrics.micro_average_precision(scores, same) == pytest.approx(expected)
    # A true pair that was never returned counts in the recall.
    assert metrics.micro_average_precision(scores, same, total=4) == pytest.approx(expected * 3 / 4)
    assert np.isnan(metrics.micro_average_precision(scores, np.zeros(4, np.bool_)))


relevant = arrays.arrays(
    np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 30)), elements=st.booleans()
).map(lambda rows: np.where(rows.any(1, keepdims=True), rows, True))


@given(relevant)
def test_rankings_agree_with_a_slow_implementation(rows: np.ndarray) -> None:
    average, curve = metrics.average_precision(rows), metrics.interpolated_precision(rows)
    for query, row in enumerate(rows.tolist()):
        total = sum(row)
        points = [
            (Fraction(sum(row[: rank + 1]), total), Fraction(sum(row[: rank + 1]), rank + 1))
            for rank, hit in enumerate(row)
            if hit
        ]
        assert average[query] == pytest.approx(float(sum(p for _, p in points) / total))
        for level in range(11):
            best = max(p for recall, p in points if recall >= Fraction(level, 10))
            assert curve[query][level] == pytest.approx(float(best))


pairs = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40)


@given(pairs, st.randoms())
def test_pairs_agree_with_a_slow_implementation(
    given_pairs: list[tuple[int, bool]], rng: object
) -> None:
    rng.shuffle(given_pairs)  # type: ignore[attr-defined] - the order must not matter
    scores = np.array([score for score, _ in given_pairs], np.float64)
    same = np.array([truth for _, truth in given_pairs])
    total, value, before = int(same.sum()), 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        shown = same[scores >= threshold]
        recall = shown.sum() / max(total, 1)
        value += (recall - before) * shown.mean()
        before = recall
    got = metrics.micro_average_precision(scores, same)
    assert got == pytest.approx(value) if total else np.isnan(got)


@given(pairs.filter(lambda some: any(truth for _, truth in some)), st.data())
def test_weights_of_pairs_are_repetitions(
    given_pairs: list[tuple[int, bool]], data: st.DataObject
) -> None:
    scores = np.array([score for score, _ in given_pairs], np.float64)
    same = np.array([truth for _, truth in given_pairs])
    times = np.array(data.draw(st.lists(st.integers(1, 3), min_size=len(same), max_size=len(same))))
    weighted = metrics.micro_average_precision(scores, same, weights=times.astype(np.float64))
    repeated = metrics.micro_average_precision(np.repeat(scores, times), np.repeat(same, times))
    assert weighted == pytest.approx(repeated)


@given(pairs.filter(lambda some: any(truth for _, truth in some)), st.randoms())
def test_the_curve_of_pairs_agrees_with_a_slow_implementation(
    given_pairs: list[tuple[int, bool]], rng: object
) -> None:
    rng.shuffle(given_pairs)  # type: ignore[attr-defined] - the order must not matter
    scores = np.array([score for score, _ in given_pairs], np.float64)
    same = np.array([truth for _, truth in given_pairs])
    points = [
        (int(same[scores >= threshold].sum()), same[scores >= threshold].mean())
        for threshold in set(scores.tolist())
    ]
    expected = [
        max(precision for found, precision in points if 10 * found >= level * same.sum())
        for level in range(11)
    ]
    assert metrics.interpolated_precision_of_pairs(scores, same) == pytest.approx(expected)
