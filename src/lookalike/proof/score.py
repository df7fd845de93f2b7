"""How sure a proof is, 0..1: logistic curves of what was found, by scripts/fit_proof.py."""

import math
from collections.abc import Sequence

from lookalike.proof.agreement import Agreement
from lookalike.proof.region import Region

_BY_FEATURES = (-16.42, 1.69, 5.2, 7.98, 4.99, 7.32, 8.39)
_BY_PIXELS = (-15.86, 6.92, 11.76, 4.8, 4.57)
"""The constant, and a weight for each part of the evidence. Fitted on photographs that quality is
not measured on: copies by every edit against look-alikes, and against other photographs that were
given the same caption, watermark, border, page or screen."""

_FEW, _MANY = 12, 150
"""Features from which more of them say no more: of all, and in a half covered copy."""


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


def score_features(evidence: Sequence[float]) -> float:
    """The probability that two pictures that features lay so are the same photograph."""
    return _logistic(_BY_FEATURES, evidence)


def score_pixels(evidence: Sequence[float]) -> float:
    """The probability that two whole pictures laid over each other are the same photograph."""
    return _logistic(_BY_PIXELS, evidence)


def _logistic(curve: Sequence[float], evidence: Sequence[float]) -> float:
    constant, *weights = curve
    total = constant + sum(w * part for w, part in zip(weights, evidence, strict=True))
    return 1 / (1 + math.exp(-total))
