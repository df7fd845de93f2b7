"""Two pictures' features in, the proof that they show the same photograph out."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lookalike.proof.agreement import Agreement, agreement
from lookalike.proof.features import Features
from lookalike.proof.pairs import pairs
from lookalike.proof.placement import Placement, placements
from lookalike.proof.region import Region, region
from lookalike.proof.score import score
from lookalike.proof.turned import inverted, mirrored
from lookalike.records import Corners, Match

_SURE = 0.999
"""Score from which no other way to lay the pictures on each other is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class _Proof:
    record: Features
    placement: Placement
    region: Region
    agreement: Agreement
    mirrored: bool
    inverted: bool
    score: float


def match(query: Features, other: Features) -> Match | None:
    """Whether a query shows a record's picture or a part of it; None when nothing says so.

    Args:
        query: of the query's picture, extracted with `QUERY_SIDE`.
        other: of the record's picture.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    best: _Proof | None = None
    for proof in _proofs(query, other):
        if best is None or proof.score > best.score:
            best = proof
        if best.score >= _SURE:
            break
    return None if best is None else _as_match(query, best)


def _proofs(query: Features, other: Features) -> Iterator[_Proof]:
    size = (other.grey.shape[1], other.grey.shape[0])
    for turn, is_mirrored, is_inverted in _WAYS:
        record = turn(other)
        for placement in placements(pairs(query, record), size):
            common = region(placement.matrix, query.grey.shape[::-1], size)
            if common is None:
                continue
            seen = agreement(query.grey, record.grey, placement.matrix, common.other_corners)
            sure = score(placement.inliers, seen)
            yield _Proof(record, placement, common, seen, is_mirrored, is_inverted, sure)


def _as_match(query: Features, proof: _Proof) -> Match:
    (a, _, _), (b, _, _), _ = proof.placement.matrix
    record = proof.record
    corners = proof.region.other_corners / record.grey.shape[::-1]
    if proof.mirrored:
        corners = corners * (-1, 1) + (1, 0)
    shrunk = query.width / query.grey.shape[1] * record.grey.shape[1] / record.width
    return Match(
        inliers=proof.placement.inliers,
        query_share=proof.region.query_share,
        record_share=proof.region.other_share,
        query_region=_corners(proof.region.query_corners / query.grey.shape[::-1]),
        record_region=_corners(corners),
        mirrored=proof.mirrored,
        inverted=proof.inverted,
        rotation=math.degrees(math.atan2(b, a)),
        scale=math.hypot(a, b) * shrunk,
        score=proof.score,
    )


def _corners(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Corners:
    first, second, third, fourth = [(float(x), float(y)) for x, y in points]
    return first, second, third, fourth


def _as_is(features: Features) -> Features:
    return features


def _both(features: Features) -> Features:
    return inverted(mirrored(features))


_WAYS: tuple[tuple[Callable[[Features], Features], bool, bool], ...] = (
    (_as_is, False, False),
    (mirrored, True, False),
    (inverted, False, True),
    (_both, True, True),
)
"""How the query may show the record's picture: each turn of its features, mirrored, inverted."""
