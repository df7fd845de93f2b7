"""What tuning measures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lookalike.indexes import IndexSpec
from lookalike.indexes.parameters import Value

Asked = Literal["pictures", "words"]
"""What is searched with. The pictures nearest to a text are spread over more cells of an index than
those nearest to a picture: see docs/indexes.md for how much is missed."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """What one setting of the search parameters does.

    By what is searched with: `recall` is the mean share of the true nearest that were found, 0..1,
    `p50` and `p95` are milliseconds of single searches.
    """

    search: Mapping[str, Value]
    recall: Mapping[Asked, float]
    p50: Mapping[Asked, float]
    p95: Mapping[Asked, float]

    def reaches(self, recall: float) -> bool:
        """Whether every kind of query reaches it."""
        return all(found >= recall - _ROUNDING for found in self.recall.values())

    @property
    def cost(self) -> float:
        """Milliseconds: the mean over the kinds of queries of the median search."""
        return sum(self.p50.values()) / len(self.p50)


@dataclass(frozen=True, slots=True)
class Tried:
    """One index and its steps; `chosen` is the fastest that reaches the recall, None if none does.

    `seconds` is what building it took, None for the index that was there already.
    """

    index: IndexSpec
    vectors: int
    steps: tuple[Step, ...]
    chosen: Step | None
    seconds: float | None = None

    def best(self, asked: Asked) -> float:
        """The highest recall that any step reaches."""
        return max((step.recall[asked] for step in self.steps), default=0.0)


@dataclass(frozen=True, slots=True)
class Tuning:
    """The index of one encoder, and others beside it on a sample of its vectors.

    `limit` is k of recall@k, `wished` the recall to reach, `queries` how many of each kind.
    `advice` are notices in words. `applied` says that the chosen parameters are kept now.
    """

    encoder: str
    limit: int
    wished: float
    queries: Mapping[Asked, int]
    current: Tried
    others: tuple[Tried, ...] = ()
    advice: tuple[str, ...] = ()
    applied: bool = False
