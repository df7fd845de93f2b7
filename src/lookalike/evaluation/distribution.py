"""How scores of pairs that belong together lie against those of pairs that do not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP = 0.001
EDGES = np.arange(-1000, 1001) * STEP
"""Lower edges of the bins; the last holds scores of 1."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a smallest score would do.

    `precision` is the part of the pairs at or above `score` that belong together, `recall` the
    part of those that belong together which are, `false_positives` the pairs a query that do not
    belong together and are.
    """

    score: float
    precision: float
    recall: float
    false_positives: float


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Counts of pairs by score, in bins of .001 from -1 to 1.

    `same` and `different` are (2001,) int64; `queries` is how many queries the pairs come from.
    """

    same: NDArray[np.int64]
    different: NDArray[np.int64]
    queries: int

    def at(self, score: float) -> Threshold:
        """What a threshold would do, to the nearest .001."""
        start = int(bins(np.array([score]))[0])
        return self._threshold(start, int(self.same[start:].sum()), self.different[start:].sum())

    def smallest(self, precision: float) -> Threshold | None:
        """The lowest threshold with at least this precision, thus the greatest recall with it.

        None when no threshold reaches it.
        """
        same, different = (part[::-1].cumsum()[::-1] for part in (self.same, self.different))
        reached = np.flatnonzero((same > 0) & (same >= precision * (same + different)))
        if not len(reached):
            return None
        start = int(reached[0])
        return self._threshold(start, int(same[start]), different[start])

    def table(self) -> tuple[Threshold, ...]:
        """Thresholds in steps of .05 over the range where either kind of pair has scores."""
        held = np.flatnonzero(self.same + self.different)
        low, high = EDGES[held[0]], EDGES[held[-1]]
        scores = np.arange(-20, 21) * 0.05
        return tuple(self.at(score) for score in scores if low <= score + 1e-9 and score <= high)

    def _threshold(self, start: int, same: int, different: int) -> Threshold:
        return Threshold(
            score=round(float(EDGES[start]), 3),
            precision=same / (same + different) if same + different else 1.0,
            recall=same / max(1, int(self.same.sum())),
            false_positives=float(different / max(1, self.queries)),
        )


def bins(scores: NDArray[np.floating]) -> NDArray[np.int16]:
    """The bin of each score, -1 to 1; rounding of the last digits puts none below its own edge."""
    top = len(EDGES) - 1
    inside: NDArray[np.int16] = np.clip(scores * 1000 + 1000.01, 0, top).astype(np.int16)
    return inside


def count(places: NDArray[np.int16]) -> NDArray[np.int64]:
    """(2001,) how many scores lie in each bin, given the bin of each."""
    return np.bincount(places, minlength=len(EDGES)).astype(np.int64)
