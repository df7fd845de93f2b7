"""An evaluation as plain values for JSON, and as the rows of tables."""

from typing import Any

from lookalike.evaluation.bootstrap import Interval
from lookalike.evaluation.results import Evaluation, Result
from lookalike.views.text import milliseconds, size

SHOWN = {"classes": 4, "captions": 3, "pairs": 2}
"""How many of a kind's measures the table has room for; JSON has them all."""


def to_dict(found: Evaluation) -> dict[str, Any]:
    """All of it but the histograms of scores; milliseconds, bytes, and parts of 1."""
    return {
        "kind": found.kind,
        "pictures": found.pictures,
        "queries": found.queries,
        "classes": found.classes,
        "interrupted": found.interrupted,
        "results": [_result(result) for result in found.results],
        "advice": {"choose": found.advice.name, "reason": found.advice.reason},
        "precision": found.precision,
        "unavailable": [{"name": u.name, "reason": u.reason} for u in found.unavailable],
        "left_out": [{"uri": f.uri, "reason": f.reason} for f in found.left_out],
        "notices": list(found.notices),
    }


def _result(result: Result) -> dict[str, Any]:
    cost = result.cost
    return {
        "name": result.name,
        "encoders": list(result.encoders),
        "projected": result.projected,
        "size": result.size,
        "vector_bytes": result.vector_bytes,
        "download_bytes": result.download,
        "quality": {
            name: {"value": value.value, "low": value.low, "high": value.high}
            for name, value in result.quality.items()
        },
        "precision_at_recall": list(result.curve),
        "cost": None
        if cost is None
        else {
            "single_ms": cost.single_ms,
            "batch_ms": cost.batch_ms,
            "load_ms": cost.load_ms,
            "memory_bytes": cost.memory,
        },
        "cost_note": result.cost_note,
        "thresholds": [
            {
                "score": each.score,
                "precision": each.precision,
                "recall": each.recall,
                "false_positives": each.false_positives,
            }
            for each in result.thresholds
        ],
        "recommended_threshold": None if result.recommended is None else result.recommended.score,
    }


def quality_columns(found: Evaluation) -> tuple[str, ...]:
    """Headers of `quality_rows`."""
    return ("", "encoder", *found.measures[: SHOWN[found.kind]])


def quality_rows(found: Evaluation) -> list[tuple[str, ...]]:
    """A row for each result, best first; the choice is marked with an arrow."""
    main, *others = found.measures[: SHOWN[found.kind]]
    return [
        (
            *_named(found, result),
            interval(result.quality[main]),
            *(f"{result.quality[name].value:.3f}" for name in others),
        )
        for result in found.results
    ]


def cost_columns(found: Evaluation) -> tuple[str, ...]:
    """Headers of `cost_rows`."""
    measured = ("one", "batch", "memory") if _has_costs(found) else ()
    return ("", "encoder", *measured, "vector", "download")


def cost_rows(found: Evaluation) -> list[tuple[str, ...]]:
    """What each of `quality_rows` takes. Two tables, since one is too wide for 80 columns."""
    return [
        (
            *_named(found, result),
            *(_costs(result) if _has_costs(found) else ()),
            size(result.vector_bytes),
            size(result.download) if result.download else "none",
        )
        for result in found.results
    ]


def _named(found: Evaluation, result: Result) -> tuple[str, str]:
    return "→" if result.name == found.advice.name else "", result.name


def _has_costs(found: Evaluation) -> bool:
    return any(result.cost for result in found.results)


def _costs(result: Result) -> tuple[str, str, str]:
    cost = result.cost
    if cost is None:
        return ("", "", "")
    memory = size(cost.memory) if cost.memory else ""
    return milliseconds(cost.single_ms), milliseconds(cost.batch_ms), memory


def interval(value: Interval) -> str:
    """`0.598 (0.53–0.66)`."""
    return f"{value.value:.3f} ({value.low:.2f}–{value.high:.2f})"


THRESHOLD_COLUMNS = ("score", "precision", "recall", "wrong a query")


def threshold_rows(result: Result) -> list[tuple[str, ...]]:
    """What each threshold would do, with the recommended one in its place, marked."""
    extra = [] if result.recommended is None else [result.recommended]
    known = {each.score for each in extra}
    every = [*extra, *(each for each in result.thresholds if each.score not in known)]
    return [
        (
            f"{'→ ' if each.score in known else ''}{each.score:.3f}",
            f"{each.precision:.3f}",
            f"{each.recall:.3f}",
            f"{each.false_positives:,.2f}",
        )
        for each in sorted(every, key=lambda each: each.score)
    ]
