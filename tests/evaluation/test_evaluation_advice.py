"""Which row is chosen for a budget, and in which words."""

import numpy as np
import pytest

from lookalike.evaluation.advice import advise
from lookalike.evaluation.bootstrap import Interval
from lookalike.evaluation.distribution import Distribution, bins, count
from lookalike.evaluation.measure import Cost
from lookalike.evaluation.results import Advice, Budget, Result


def row(name: str, value: float, ms: float | None, vector_bytes: int = 2048) -> Result:
    cost = None if ms is None else Cost(ms, ms, 100, 300_000_000)
    scores = Distribution(count(bins(np.zeros(1))), count(bins(np.zeros(1))), 1)
    quality = {"mAP": Interval(value, value - 0.05, value + 0.05)}
    return Result(
        name, (name,), False, 512, vector_bytes, 80_000_000, quality, (), scores, (), None, cost
    )


ROWS = [row("large", 0.8, 50), row("middle", 0.7, 20), row("small", 0.5, 2, 8)]


@pytest.mark.parametrize(
    ("budget", "name", "words"),
    [
        (Budget(), "large", "large: the best mAP (0.800)."),
        (Budget(ms=60), "large", "the best mAP (0.800), and within the budget."),
        (Budget(ms=30), "middle", "within the budget; large has 0.800 but takes 50 ms a picture."),
        (Budget(vector_bytes=100), "small", "large has 0.800 but takes 2.0 KiB a vector."),
        (Budget(memory=1_000_000), None, "None fits the budget: large, the best, takes 286 MiB"),
        (Budget(download=1000), None, "needs a download of 76.3 MiB."),
    ],
)
def test_choice(budget: Budget, name: str | None, words: str) -> None:
    advice = advise(ROWS, "mAP", budget)
    assert advice.name == name
    assert words in advice.reason


def test_what_was_not_measured_fits_no_budget_of_it() -> None:
    unmeasured = [row("large", 0.8, None), *ROWS[1:]]
    assert advise(unmeasured, "mAP", Budget()).name == "large"
    assert advise(unmeasured, "mAP", Budget(ms=100)).name == "middle"


def test_a_faster_one_within_the_margin_is_named() -> None:
    near = [row("large", 0.8, 50), row("near", 0.76, 5), row("far", 0.7, 1)]
    reason = advise(near, "mAP", Budget()).reason
    assert "near (0.760) is within its margin of error and takes 5.0 ms a picture" in reason
    assert "far" not in reason


def test_nothing_measured() -> None:
    assert advise([], "mAP", Budget()) == Advice(None, "Nothing could be measured.")
