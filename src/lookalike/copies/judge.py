"""The verdict on one candidate, and how sure it is.

The score is the probability that a candidate is a copy, by logistic curves that
scripts/fit_copy_judge.py fitted: one for each kind of evidence that there may be.
"""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import resources

from lookalike.copies.evidence import Evidence, HashDistance
from lookalike.copies.views import WHOLE
from lookalike.records import Verdict
from lookalike.search.verdicts import COPY_RADIUS

Decide = Callable[[Evidence], tuple[Verdict, float]]
"""A judge whose thresholds are known."""

COPY_SCORE = 0.99
"""Smallest score of a hit called a copy, where the collection has no other."""

CURVES = "judge_curves.json"

_HASHES_ALONE = "hashes"
_FAR = 24.0
"""Bits of 64 from which a distance of hashes says nothing more: others are as far away."""
_UNMEASURED = 3.0
"""Of the cosine of an encoder that has no curve, what a step of 1 takes off the log odds."""
_DENIED = 0.5
"""Score of a proof below which hashes that are near prove nothing."""
_CLEAR = 0.85
"""Cosine of a part of the query that another photograph's hardly reaches: of 303,000 pairs of whole
photographs six do, second shots of one scene or nearer ones. Pairs of parts were not counted."""
_NOTHING_FOUND = 1.0
"""Log odds that it takes off where proof found nothing, but could hardly have."""
PLAIN = 0.5
"""The largest score of what is plain, and has other ink as far as could be seen."""
_LEAST, _MOST = 0.1, 0.9999
"""Scores of a proof that found nothing, and of one that could not be surer. Of candidates that are
all unproved the likeness decides, and not which of them proof has least to say of."""


def judge(
    evidence: Evidence, *, copy_score: float = COPY_SCORE, copy_radius: int = COPY_RADIUS
) -> tuple[Verdict, float]:
    """The verdict, and the score 0..1: how likely it is that this is the original, or a copy.

    `copy_score` is the smallest score of a copy, `copy_radius` the largest pHash distance, in bits
    of 64, that makes one unless proof says no; a collection may have its own.
    """
    if evidence.same_bytes or evidence.same_pixels:
        return Verdict.IDENTICAL, 1.0
    if evidence.plain:
        return _by_ink(evidence, copy_score, copy_radius)
    score = max(_score(evidence), _by_copy_hash(evidence, copy_radius), _undenied(evidence))
    return (Verdict.COPY if score >= copy_score else Verdict.SIMILAR), score


def parts(evidence: Evidence) -> tuple[float, ...]:
    """What the curves weigh; every part speaks the more for a copy the larger it is.

    The descriptor's cosine, where the best look was at the whole picture, where it was at a part,
    and normalised; the nearness of the nearest hash, and its square; the proof's score as log odds.
    """
    cosine = normalised = 0.0
    part = False
    if evidence.likeness is not None:
        cosine, normalised = evidence.likeness.cosine, evidence.likeness.normalised
        part = evidence.likeness.look.box != WHOLE
    near = max((_nearness(one) for one in evidence.hashes.values()), default=0.0)
    proof = 0.0
    if evidence.proved:
        match = evidence.match
        proof = _log_odds(min(max(match.score, _LEAST), _MOST) if match else _LEAST)
    return 0.0 if part else cosine, cosine if part else 0.0, normalised, near, near * near, proof


def curve_name(evidence: Evidence) -> str:
    """The name of the curve for what is known."""
    encoder = _HASHES_ALONE if evidence.likeness is None else evidence.likeness.encoder
    return f"{encoder}, proved" if evidence.proved else encoder


def _score(evidence: Evidence) -> float:
    if evidence.likeness is None and not evidence.hashes and not evidence.proved:
        return 0.0
    curves, name = _curves(), curve_name(evidence)
    unmeasured = 0.0
    if name not in curves:
        assert evidence.likeness is not None
        # What its cosine means was not measured: it only puts candidates in order.
        unmeasured = _UNMEASURED * (1.0 - evidence.likeness.cosine)
        evidence = replace(evidence, likeness=None)
        name = curve_name(evidence)
    constant, *weights = curves[name]
    total = constant + sum(w * part for w, part in zip(weights, parts(evidence), strict=True))
    return 1 / (1 + math.exp(unmeasured - min(max(total, -30.0), 30.0)))


def _by_ink(evidence: Evidence, copy_score: float, radius: int) -> tuple[Verdict, float]:
    """What is on a plain ground is a copy by its ink, and by nothing else."""
    score = max(_score(evidence), _by_copy_hash(evidence, radius))
    if evidence.same_ink:
        return Verdict.COPY, max(score, copy_score)
    return Verdict.SIMILAR, min(score, PLAIN)


def _undenied(evidence: Evidence) -> float:
    """The score where that proof found nothing says little; else 0.

    In a small region, or in pictures with hardly any features, it finds nothing in many a copy.
    """
    if not evidence.proved or evidence.match is not None or evidence.likeness is None:
        return 0.0
    likeness = evidence.likeness
    if not (evidence.few or (likeness.look.box != WHOLE and likeness.cosine >= _CLEAR)):
        return 0.0
    unproved = _score(replace(evidence, proved=False))
    return 1 / (1 + (1 - unproved) / unproved * math.exp(_NOTHING_FOUND))


def _by_copy_hash(evidence: Evidence, radius: int) -> float:
    """The score of what is as near by pHash as copies only are, unless proof says no; else 0."""
    found = evidence.copy_hash_within(radius)
    if found is None:
        return 0.0
    denied = evidence.match is None or evidence.match.score < _DENIED
    if evidence.proved and denied and not (evidence.few and evidence.match is None):
        return 0.0
    return 1.0 - (1.0 - COPY_SCORE) * (found.distance + 1) / (radius + 1)


def _nearness(found: HashDistance) -> float:
    """1 for the same hash, 0 for one as far away as any other's; what is flat says nothing."""
    if found.flat:
        return 0.0
    return max(0.0, 1.0 - found.distance * 64 / found.bits / _FAR)


def _log_odds(chance: float) -> float:
    return math.log(chance / (1 - chance))


@cache
def _curves() -> dict[str, list[float]]:
    text = resources.files("lookalike.copies").joinpath(CURVES).read_text("ascii")
    curves: dict[str, list[float]] = json.loads(text)
    return curves
