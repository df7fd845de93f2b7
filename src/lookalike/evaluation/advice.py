"""Which encoder to choose for a budget."""

from collections.abc import Sequence

from lookalike.evaluation.results import Advice, Budget, Result
from lookalike.views.text import milliseconds, size


def advise(results: Sequence[Result], measure: str, budget: Budget) -> Advice:
    """The best row within the budget, and in one sentence why.

    The sentence names a better row that is over the budget, or a cheaper one whose measured
    value lies within the chosen one's confidence interval.

    Args:
        results: sorted by `measure`, best first.
        measure: a key of their `quality`.
        budget: what may be spent.
    """
    if not results:
        return Advice(None, "Nothing could be measured.")
    obstacles = {result.name: over(result, budget) for result in results}
    fitting = [result for result in results if not obstacles[result.name]]
    if not fitting:
        nearest = results[0]
        return Advice(
            None, f"None fits the budget: {nearest.name}, the best, {obstacles[nearest.name]}."
        )
    chosen = fitting[0]
    value = chosen.quality[measure]
    reason = f"{chosen.name}: the best {measure} ({value.value:.3f})"
    if chosen is not results[0]:
        best = results[0]
        reason += (
            f" within the budget; {best.name} has {best.quality[measure].value:.3f} but "
            f"{obstacles[best.name]}"
        )
    elif budget != Budget():
        reason += ", and within the budget"
    cheaper = _cheaper(chosen, fitting, measure)
    if cheaper is not None and cheaper.cost and chosen.cost:
        reason += (
            f"; {cheaper.name} ({cheaper.quality[measure].value:.3f}) is within its margin of "
            f"error and takes {milliseconds(cheaper.cost.batch_ms)} a picture, not "
            f"{milliseconds(chosen.cost.batch_ms)}"
        )
    return Advice(chosen.name, reason + ".")


def over(result: Result, budget: Budget) -> str:
    """What keeps a row out of the budget, as words that follow its name; empty when it fits.

    A cost that was not measured does not fit a limit on it.
    """
    if budget.vector_bytes is not None and result.vector_bytes > budget.vector_bytes:
        return f"takes {size(result.vector_bytes)} a vector"
    if budget.download is not None and result.download > budget.download:
        return f"needs a download of {size(result.download)}"
    if budget.ms is None and budget.memory is None:
        return ""
    if result.cost is None:
        return "was not measured for time and memory"
    if budget.ms is not None and result.cost.batch_ms > budget.ms:
        return f"takes {milliseconds(result.cost.batch_ms)} a picture"
    if budget.memory is not None and result.cost.memory > budget.memory:
        return f"takes {size(result.cost.memory)} of memory"
    return ""


def _cheaper(chosen: Result, fitting: Sequence[Result], measure: str) -> Result | None:
    """The fastest row that takes less than half the time and is within the margin of error."""
    if chosen.cost is None:
        return None
    near = [
        result
        for result in fitting
        if result.cost is not None
        and result.cost.batch_ms * 2 < chosen.cost.batch_ms
        and result.quality[measure].value >= chosen.quality[measure].low
    ]
    return min(near, key=lambda r: r.cost.batch_ms if r.cost else 0.0, default=None)
