"""Two pictures' features in, the proof that they show the same photograph out."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.agreement import agreement
from lookalike.proof.exactness import exactness
from lookalike.proof.features import Features
from lookalike.proof.pairs import pairs
from lookalike.proof.pixels import overlaid
from lookalike.proof.placement import Matrix, Placement, placements
from lookalike.proof.region import Region, region
from lookalike.proof.score import (
    exact_evidence,
    features_evidence,
    first_score,
    pixels_evidence,
    score,
)
from lookalike.proof.turned import inverted, mirrored
from lookalike.records import Corners, Match

_SURE = 0.999
"""Score of the first look from which no other way to lay the pictures on each other is tried."""

_LEAST = 0.05
"""Score below which there is nothing to show."""

_PLACES = 12
"""Places that a match names."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A record's picture, as the query shows it, laid on the query.

    `matrix` (3, 3) takes pixels of `record` to the query's; `placement` is None where no features
    but all pixels did that. `evidence` and `score` are those of the first look.
    """

    record: Features
    matrix: Matrix
    region: Region
    mirrored: bool
    inverted: bool
    evidence: tuple[float, ...]
    score: float
    placement: Placement | None = None

    @property
    def agreement(self) -> float:
        """Part, 0..1, of the windows of what they have in common that is the same."""
        return self.evidence[2] if self.placement is not None else self.evidence[0]


def match(query: Features, other: Features) -> Match | None:
    """Whether a query shows a record's picture or a part of it; None when nothing says so.

    Args:
        query: of the query's picture, extracted with `QUERY_SIDE`.
        other: of the record's picture.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    best: Laid | None = None
    for laid in lay(query, other):
        if best is None or laid.score > best.score:
            best = laid
        if best.score >= _SURE:
            break
    if best is None:
        return None
    sure = score(known(query, best), by_features=best.placement is not None)
    return _as_match(query, best, sure) if sure >= _LEAST else None


def known(query: Features, laid: Laid) -> tuple[float, ...]:
    """What the final score of one way to lay a record on a query weighs."""
    return exact_evidence(
        laid.evidence,
        laid.placement.inliers if laid.placement is not None else 0,
        laid.region,
        exactness(query.grey, laid.record.grey, laid.matrix, laid.region.other_corners),
        by_features=laid.placement is not None,
    )


def lay(query: Features, other: Features) -> Iterator[Laid]:
    """All ways in which features, and then whole pictures' pixels, lay a record on a query."""
    size = _size(other)
    for way in _WAYS:
        record = way.turn(other)
        for placement in placements(pairs(query, record), size):
            common = region(placement.matrix, _size(query), size)
            if common is None:
                continue
            seen = agreement(
                query.grey, record.grey, placement.matrix, common.other_corners, placement.other
            )
            evidence = features_evidence(placement.inliers, common, seen)
            yield Laid(
                *(record, placement.matrix, common, way.mirrored, way.inverted),
                *(evidence, first_score(evidence, by_features=True), placement),
            )
    over = overlaid(query.grey, other.grey)
    way = next(w for w in _WAYS if (w.mirrored, w.inverted) == (over.mirrored, over.inverted))
    record = way.turn(other)
    matrix = over.matrix(_size(query), size)
    common = region(matrix, _size(query), size)
    if common is not None:
        seen = agreement(query.grey, record.grey, matrix, common.other_corners, np.zeros((0, 2)))
        evidence = pixels_evidence(seen)
        yield Laid(
            *(record, matrix, common, way.mirrored, way.inverted),
            *(evidence, first_score(evidence, by_features=False)),
        )


def _as_match(query: Features, laid: Laid, sure: float) -> Match:
    (a, _, _), (b, _, _), _ = laid.matrix
    record = laid.record
    shrunk = query.width / query.grey.shape[1] * record.grey.shape[1] / record.width

    def fractions(points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of the record's picture as it is, from pixels of it as the query shows it."""
        placed = points / _size(record)
        return placed * (-1, 1) + (1, 0) if laid.mirrored else placed

    places: list[tuple[float, float, float, float]] = []
    if laid.placement is not None:
        ours, theirs = laid.placement.query / _size(query), fractions(laid.placement.other)
        # The clearest pairs come first, wherever they are: some of all of them are spread out.
        some = np.linspace(0, len(ours) - 1, min(_PLACES, len(ours))).astype(np.intp)
        places = [
            (float(x), float(y), float(u), float(v))
            for (x, y), (u, v) in zip(ours[some], theirs[some], strict=True)
        ]
    return Match(
        inliers=laid.placement.inliers if laid.placement is not None else 0,
        query_share=laid.region.query_share,
        record_share=laid.region.other_share,
        query_region=_corners(laid.region.query_corners / _size(query)),
        record_region=_corners(fractions(laid.region.other_corners)),
        mirrored=laid.mirrored,
        inverted=laid.inverted,
        rotation=math.degrees(math.atan2(b, a)),
        scale=math.hypot(a, b) * shrunk,
        score=sure,
        by="features" if laid.placement is not None else "pixels",
        places=tuple(places),
        agreement=laid.agreement,
    )


def _size(features: Features) -> tuple[int, int]:
    height, width = features.grey.shape
    return width, height


def _corners(points: NDArray[np.float64]) -> Corners:
    first, second, third, fourth = [(float(x), float(y)) for x, y in points]
    return first, second, third, fourth


class _Way(NamedTuple):
    """One way in which the query may show the record's picture, and how to turn its features."""

    turn: Callable[[Features], Features]
    mirrored: bool
    inverted: bool


_WAYS = (
    _Way(lambda features: features, mirrored=False, inverted=False),
    _Way(mirrored, mirrored=True, inverted=False),
    _Way(inverted, mirrored=False, inverted=True),
    _Way(lambda features: inverted(mirrored(features)), mirrored=True, inverted=True),
)
