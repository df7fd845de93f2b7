"""What tuning measured, as rows of a table and as JSON values."""

from collections.abc import Iterator
from typing import Any

from lookalike.tuning.results import Step, Tried, Tuning


def columns(tuning: Tuning) -> list[str]:
    """The headers of `rows`."""
    kinds = [
        header
        for asked in tuning.queries
        for header in (f"recall@{tuning.limit} {asked}", "p50 ms", "p95 ms")
    ]
    return ["index", "search", *kinds, ""]


def rows(tuning: Tuning) -> Iterator[list[str]]:
    """A row for each setting of each index; the chosen one is marked."""
    for tried in (tuning.current, *tuning.others):
        name = str(tried.index if not tried.steps else _built(tried))
        for step in tried.steps:
            yield [name, _settings(step), *_numbers(tuning, step), "*" * (step is tried.chosen)]
            name = ""


def _built(tried: Tried) -> str:
    values = ",".join(f"{name}={value}" for name, value in tried.index.build.items())
    return f"{tried.index.kind}:{values}" if values else tried.index.kind


def _settings(step: Step) -> str:
    return ",".join(f"{name}={value}" for name, value in step.search.items())


def _numbers(tuning: Tuning, step: Step) -> Iterator[str]:
    for asked in tuning.queries:
        yield f"{step.recall[asked]:.3f}"
        yield f"{step.p50[asked]:.2f}"
        yield f"{step.p95[asked]:.2f}"


def to_dict(tuning: Tuning) -> dict[str, Any]:
    """It as JSON values."""
    return {
        "encoder": tuning.encoder,
        "limit": tuning.limit,
        "recall": tuning.wished,
        "queries": dict(tuning.queries),
        "current": _tried(tuning.current),
        "others": [_tried(one) for one in tuning.others],
        "advice": list(tuning.advice),
        "applied": tuning.applied,
    }


def _tried(tried: Tried) -> dict[str, Any]:
    return {
        "index": str(tried.index),
        "vectors": tried.vectors,
        "build_seconds": None if tried.seconds is None else round(tried.seconds, 3),
        "steps": [_step(step) for step in tried.steps],
        "chosen": None if tried.chosen is None else _step(tried.chosen),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "search": dict(step.search),
        "recall": {asked: round(value, 4) for asked, value in step.recall.items()},
        "p50_ms": {asked: round(value, 3) for asked, value in step.p50.items()},
        "p95_ms": {asked: round(value, 3) for asked, value in step.p95.items()},
    }
