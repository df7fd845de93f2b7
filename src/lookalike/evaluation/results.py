"""What an evaluation found, as frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import SupportsFloat

from lookalike.arguments import checked
from lookalike.evaluation.bootstrap import Interval
from lookalike.evaluation.datasets import Kind
from lookalike.evaluation.distribution import Distribution, Threshold
from lookalike.evaluation.measure import Cost
from lookalike.sources.base import Failure

MEASURES: "Mapping[Kind, tuple[str, ...]]" = {
    "classes": ("mAP", "P@10", "hit@1", "R@10", "R@5", "R@1"),
    "captions": ("R@1", "R@5", "R@10", "mAP"),
    "pairs": ("µAP", "best F1"),
}
"""The measures of each kind of evaluation, the one that ranks encoders first."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One row: an encoder, raw or projected, or several fused.

    `quality` has an interval for each measure of the kind. `curve` is precision at the 11 levels
    of recall 0, .1, …, 1. `vector_bytes` is what one vector takes as it is kept: 2 bytes a
    component (float16), or 1 for 8 bits. `cost` is None where it was not measured, with the reason
    in `cost_note`; of fused encoders it is the sum. `download` is the bytes of the weight files.
    `recommended` is the lowest threshold of the wished precision, None when none reaches it.
    """

    name: str
    encoders: tuple[str, ...]
    projected: bool
    size: int
    vector_bytes: int
    download: int
    quality: Mapping[str, Interval]
    curve: tuple[float, ...]
    scores: Distribution
    thresholds: tuple[Threshold, ...]
    recommended: Threshold | None
    cost: Cost | None = None
    cost_note: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that an encoder may take; None for no limit.

    `ms` is milliseconds a picture in batches, `vector_bytes` bytes of one vector, `memory` and
    `download` bytes.
    """

    ms: float | None = None
    vector_bytes: int | None = None
    memory: int | None = None
    download: int | None = None

    def __post_init__(self) -> None:
        for most in (self.ms, self.vector_bytes, self.memory, self.download):
            checked(most, SupportsFloat | None, "a budget's limit is a number")


@dataclass(frozen=True, slots=True)
class Advice:
    """The row to choose for a budget, None when none fits, and why, in one sentence."""

    name: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An encoder that was asked for and could not take part, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """All of it: `results` are sorted, the best by the kind's first measure at the top.

    `queries` were asked, of `pictures` pictures; `classes` is how many there are (0 where they do
    not apply). `precision` is the one that thresholds are recommended for. `interrupted` says
    that encoders asked for are missing because Ctrl-C came first.
    """

    kind: Kind
    pictures: int
    queries: int
    classes: int
    precision: float
    results: tuple[Result, ...]
    advice: Advice
    left_out: tuple[Failure, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    notices: tuple[str, ...] = field(default=())
    interrupted: bool = False

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures, the one that ranks first."""
        return MEASURES[self.kind]
