"""How sure a proof is, 0..1: logistic curves of what was found, by scripts/fit_proof.py.

A first look, by windows and features, chooses among the ways to lay two pictures on each other;
only the best of them is looked at exactly, and that decides.
"""

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib import resources

from lookalike.proof.agreement import Agreement
from lookalike.proof.exactness import Exactness
from lookalike.proof.region import Region

CURVES = "proof_curves.json"

_FEW, _MANY = 12, 150
"""Features from which more of them say no more: of all, and in a half covered copy."""

UNSURE = 12.0
"""Log odds of the first look beyond which it says no more."""


def features_evidence(inliers: int, common: Region, seen: Agreement) -> tuple[float, ...]:
    """What speaks for a placement by features; every part speaks the more for it the larger.

    Args:
        inliers: places of features that agree on it, ≥ 3.
        common: what both pictures show.
        seen: how well that agrees.
    """
    backed = seen.places / inliers
    many = min(1.0, math.log1p(seen.places) / math.log1p(_MANY))
    return (
        math.log(min(inliers, _FEW) / 3) / math.log(_FEW / 3),
        backed,
        seen.share,
        seen.best,
        max(common.query_share, common.other_share),
        # A half covered copy: what is not covered is perfect, and full of features.
        max(0.0, seen.best - 0.85) / 0.15 * many * backed,
    )


def pixels_evidence(seen: Agreement) -> tuple[float, ...]:
    """What speaks for one whole picture laid over another, the same way."""
    return (
        seen.share,
        seen.correlation,
        seen.coarse,
        min(seen.area, 0.3) / 0.3,
    )


def first_score(evidence: Sequence[float], *, by_features: bool) -> float:
    """The probability, by the first look, that two pictures are the same photograph."""
    return _logistic(_curves()[f"first look, {_kind(by_features)}"], evidence)


def exact_evidence(
    evidence: Sequence[float], inliers: int, common: Region, exact: Exactness, *, by_features: bool
) -> tuple[float, ...]:
    """All that is known of the best way to lay two pictures on each other.

    Args:
        evidence: of the first look.
        inliers: places of features that agree, 0 if pixels alone did.
        common: what both pictures show.
        exact: how exactly that agrees.
        by_features: whether features laid the pictures so.
    """
    first = _log_odds(_curves()[f"first look, {_kind(by_features)}"], evidence)
    return (
        min(max(first, -UNSURE), UNSURE) / UNSURE,
        *evidence,
        common.query_share,
        common.other_share,
        math.log1p(inliers),
        *exact.numbers,
    )


def score(evidence: Sequence[float], *, by_features: bool) -> float:
    """The probability, by all that is known, that two pictures are the same photograph."""
    return _logistic(_curves()[_kind(by_features)], evidence)


def _kind(by_features: bool) -> str:
    return "features" if by_features else "pixels"


def _logistic(curve: Sequence[float], evidence: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-min(max(_log_odds(curve, evidence), -30.0), 30.0)))


def _log_odds(curve: Sequence[float], evidence: Sequence[float]) -> float:
    constant, *weights = curve
    return constant + sum(w * part for w, part in zip(weights, evidence, strict=True))


@cache
def _curves() -> dict[str, list[float]]:
    text = resources.files("lookalike.proof").joinpath(CURVES).read_text("ascii")
    curves: dict[str, list[float]] = json.loads(text)
    return curves
