"""How sure a proof is, 0..1, from what was found."""

import math

from lookalike.proof.agreement import Agreement


def score(inliers: int, seen: Agreement) -> float:
    """The probability that two pictures laid on each other so are the same photograph.

    Args:
        inliers: places of local features that agree.
        seen: how well the pixels agree.
    """
    evidence = 0.5 * min(inliers, 30) + 8 * seen.correlation - 8
    return 1 / (1 + math.exp(-evidence))
