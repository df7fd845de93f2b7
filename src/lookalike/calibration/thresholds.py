"""The thresholds that pairs of pictures speak for."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from lookalike.calibration.choose import Cut, choose, cut, needed
from lookalike.calibration.evidence import Measured
from lookalike.calibration.results import Choice
from lookalike.calibration.stored import Calibration
from lookalike.copies.hashing import RADIUS
from lookalike.copies.judge import COPY_SCORE
from lookalike.search.verdicts import COPY_RADIUS

SIMILAR_PRECISION = 0.95
"""Of a threshold for similar pictures, as `lookalike evaluate` recommends one."""

LOWEST = 0.25
"""No score below is called a copy: it says itself that it is more likely none."""


def chosen(
    measured: Measured, precision: float
) -> tuple[Calibration, tuple[Choice, ...], tuple[str, ...]]:
    """Choose the copy score, the pHash radius, and what is similar by each encoder.

    A threshold that lets more pass than the shipped one has to be promised: with 95 % confidence
    that part of what it calls a copy is right. One that lets less pass need only be measured.
    Where none will do, the shipped score stays, and the radius becomes 0.

    Returns:
        The thresholds, how each came about, and what cannot be promised, in words.
    """
    found = _Found(measured, precision)
    score = found.copy_score()
    radius = found.copy_radius()
    similar = found.similar()
    calibration = Calibration(
        copy_score=score,
        copy_radius=radius,
        similar=similar,
        precision=precision,
        made=time.time(),
        by=measured.by,
        pairs=dict(Counter(pair.label for pair in measured.pairs)),
    )
    if measured.undecided:
        found.notices.append(_undecided(len(measured.undecided)))
    return calibration, tuple(found.choices), tuple(found.notices)


def _undecided(count: int) -> str:
    pairs = "1 pair of pictures" if count == 1 else f"{count:,} pairs of pictures"
    return f"of {pairs} it cannot be told whether they are the same: they count neither way"


class _Found:
    """Collects choices and notices on the way."""

    def __init__(self, measured: Measured, precision: float) -> None:
        self.choices: list[Choice] = []
        self.notices: list[str] = []
        self._pairs = measured.pairs
        self._copies = measured.copies
        self._precision = precision

    def copy_score(self) -> float:
        hits = [(pair.score, pair.same) for pair in self._pairs if pair.score > 0]
        found = self._pick("copy score", hits, COPY_SCORE, LOWEST)
        return found.score

    def copy_radius(self) -> int:
        near = [
            (-float(pair.distance), pair.same)
            for pair in self._pairs
            if pair.distance is not None and pair.distance <= RADIUS
        ]
        if not near:
            return COPY_RADIUS
        return -int(self._pick("pHash radius", near, -COPY_RADIUS, -RADIUS, whole=True).score)

    def similar(self) -> dict[str, float]:
        """By encoder, where some pairs were labelled similar and some different."""
        labels = {pair.label for pair in self._pairs}
        if not {"similar", "different"} <= labels:
            return {}
        found: dict[str, float] = {}
        for name in dict.fromkeys(name for pair in self._pairs for name in pair.alike):
            some = [pair for pair in self._pairs if name in pair.alike]
            scores = [pair.alike[name] for pair in some]
            belong = [pair.label != "different" for pair in some]
            best = choose(scores, belong, SIMILAR_PRECISION)
            if best is None or best.score <= 0:
                part = f"{SIMILAR_PRECISION:.0%}"
                self.notices.append(f"no score by {name} makes {part} of the pairs above it right")
                continue
            found[name] = best.score
            self.choices.append(Choice(f"similar by {name}", best.score, best))
            if not best.promised:
                self.notices.append(self._too_few(f"similar by {name}", best, SIMILAR_PRECISION))
        return found

    def _pick(
        self,
        name: str,
        pairs: Sequence[tuple[float, bool]],
        shipped: float,
        lowest: float,
        *,
        whole: bool = False,
    ) -> Cut:
        """The cut to use: of scores, larger ones more alike, none below `lowest`."""
        scores, same = [score for score, _ in pairs], [right for _, right in pairs]
        best = choose(scores, same, self._precision, wanted=self._copies, start=shipped)
        part = f"{self._precision:.0%}"
        before = cut(scores, same, shipped, self._precision, wanted=self._copies)
        value = shipped
        if best is None and whole:
            value = 0.0
            self.notices.append(
                f"{name}: not even of equal hashes {part} are copies here, so no radius can be "
                "trusted; 0, the strictest, is taken"
            )
        elif best is None:
            self.notices.append(
                f"{name}: no threshold makes {part} of what it calls a copy right here; the "
                "shipped one stays, so look at what it calls a copy yourself"
            )
        elif best.promised:
            value = max(math.ceil(best.score) if whole else best.score, lowest)
        elif before.precision < self._precision:
            value = max(math.ceil(best.score) if whole else best.score, shipped)
        after = cut(scores, same, value, self._precision, wanted=self._copies)
        if best is not None and value != shipped:
            # It was chosen by these pairs: what counts is how the tests went, not a further one.
            after = replace(after, promised=best.promised)
        if best is not None and not after.promised:
            self.notices.append(self._too_few(name, after, self._precision))
        sign = -1 if whole else 1
        self.choices.append(Choice(name, sign * value + 0.0, after, sign * shipped, before))
        return after

    def _too_few(self, name: str, found: Cut, precision: float) -> str:
        shown = found.right + found.wrong
        return (
            f"{name}: {found.right:,} of {shown:,} right are too few pairs to promise "
            f"{precision:.0%}: that takes {needed(precision):,} without a wrong one, and more "
            "with one"
        )
