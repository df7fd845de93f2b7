"""The verdict on one candidate, and how sure it is."""

import math

from lookalike.copies.evidence import Evidence
from lookalike.records import Verdict
from lookalike.search.verdicts import COPY_HASH, COPY_RADIUS

COPY_SCORE = 0.5
"""Smallest score of a hit called a copy, where the collection has no other."""

_MIDDLE, _STEEPNESS = 0.62, 18.0
"""The logistic curve of the descriptor's cosine."""


def judge(evidence: Evidence, *, copy_score: float = COPY_SCORE) -> tuple[Verdict, float]:
    """The verdict, and the score 0..1: how likely it is that this is the original, or a copy.

    `copy_score` is the smallest score of a copy; a collection may have its own.
    """
    if evidence.same_bytes or evidence.same_pixels:
        return Verdict.IDENTICAL, 1.0
    score = _score(evidence)
    return (Verdict.COPY if score >= copy_score else Verdict.SIMILAR), score


def _score(evidence: Evidence) -> float:
    scores = [0.0]
    if evidence.likeness is not None:
        away = evidence.likeness.cosine - _MIDDLE
        scores.append(1 / (1 + math.exp(-_STEEPNESS * away)))
    hashed = evidence.hashes.get(COPY_HASH)
    if hashed is not None and hashed.distance <= COPY_RADIUS:
        scores.append(1.0 - hashed.distance / hashed.bits)
    if evidence.match is not None:
        scores.append(evidence.match.score)
    return max(scores)
