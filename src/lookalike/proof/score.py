"""How sure a proof is, 0..1, from what was found."""

import math

from lookalike.proof.agreement import Agreement
from lookalike.proof.pixels import Overlaid
from lookalike.proof.placement import Placement
from lookalike.proof.region import Region


def score_features(placement: Placement, common: Region, seen: Agreement) -> float:
    """The probability that two pictures laid on each other so are the same photograph."""
    evidence = 0.5 * min(placement.inliers, 30) + 8 * seen.correlation - 8
    return 1 / (1 + math.exp(-evidence))


def score_pixels(over: Overlaid, seen: Agreement) -> float:
    """The probability that two whole pictures of this correlation are the same photograph."""
    evidence = 20 * (abs(over.correlation) - 0.6) if over.contrast > 1 else -9
    return 1 / (1 + math.exp(-evidence))
