"""Quality of rankings: functions of which answers are relevant, and nothing else.

Where an argument is `relevant`, it is (q, n) bool: whether the answer at each rank, best first, is
relevant to the query of that row. Every query has at least one relevant answer among its n.
Definitions as in Manning, Raghavan & Schütze 2008, "Introduction to Information Retrieval",
chapter 8, unless another source is named.
"""

import numpy as np
from numpy.typing import NDArray

Relevant = NDArray[np.bool_]
Values = NDArray[np.float64]

LEVELS = np.linspace(0, 1, 11)
"""The levels of recall of an interpolated precision-recall curve."""


def average_precision(relevant: Relevant) -> Values:
    """(q,) mean of the precisions at the ranks of a query's relevant answers, 0..1.

    Its mean over queries is mAP.
    """
    rows, precisions, _ = _at_hits(relevant)
    means: Values = np.bincount(rows, precisions, len(relevant)) / relevant.sum(1)
    return means


def precision_at(relevant: Relevant, k: int) -> Values:
    """(q,) part of the k first answers that is relevant, 0..1.

    It stays below 1 where a query has fewer than k relevant answers.
    """
    part: Values = relevant[:, :k].sum(1) / k
    return part


def recall_at(relevant: Relevant, k: int) -> Values:
    """(q,) part of a query's relevant answers that is among the k first, 0..1."""
    part: Values = relevant[:, :k].sum(1) / relevant.sum(1)
    return part


def hit_at(relevant: Relevant, k: int) -> Values:
    """(q,) 1 where any of the k first answers is relevant, else 0.

    With one relevant answer to a query it is the same as `recall_at`; its mean over captions is
    what papers on text-to-image retrieval call R@k (Karpathy & Fei-Fei 2015, CVPR).
    """
    hit: Values = relevant[:, :k].max(1).astype(np.float64)
    return hit


def interpolated_precision(relevant: Relevant) -> Values:
    """(q, 11) greatest precision at each of the `LEVELS` of recall or any higher one."""
    rows, precisions, hits = _at_hits(relevant)
    found = relevant.sum(1)
    # The highest level that a hit's recall reaches; hits are counted, so integers decide.
    reached = hits * (len(LEVELS) - 1) // found[rows]
    curve = np.zeros((len(relevant), len(LEVELS)))
    np.maximum.at(curve, (rows, reached), precisions)
    return np.maximum.accumulate(curve[:, ::-1], axis=1)[:, ::-1]


def interpolated_precision_of_pairs(scores: NDArray[np.floating], same: Relevant) -> Values:
    """(11,) the same of all pairs in one ranking; pairs of equal score count as one step.

    Args:
        scores: (p,) similarities of the pairs.
        same: (p,) whether a pair belongs together; one at least does.
    """
    order = np.argsort(-scores, kind="stable")
    scores, found = scores[order], np.cumsum(same[order])
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    curve = np.zeros(len(LEVELS))
    np.maximum.at(curve, found[ends] * (len(LEVELS) - 1) // found[-1], found[ends] / (ends + 1))
    return np.maximum.accumulate(curve[::-1])[::-1]


def _at_hits(relevant: Relevant) -> tuple[NDArray[np.intp], Values, NDArray[np.intp]]:
    """Of each relevant answer, row by row: its row, the precision there, its number in the row."""
    rows, ranks = np.nonzero(relevant)
    before = np.concatenate([[0], np.cumsum(relevant.sum(1))[:-1]])
    hits = np.arange(len(rows)) - before[rows] + 1
    return rows, hits / (ranks + 1), hits


def micro_average_precision(
    scores: NDArray[np.floating],
    same: NDArray[np.bool_],
    *,
    total: int | None = None,
    weights: Values | None = None,
) -> float:
    """Average precision of all pairs of all queries in one ranking, 0..1: µAP.

    One threshold has to serve every query here, unlike in mAP. Pairs of equal score count as one
    step. The measure of copy detection in Douze et al. 2021, "The 2021 Image Similarity Dataset
    and Challenge" (DISC21), and in Pizzi et al. 2022, "A Self-Supervised Descriptor for Image
    Copy Detection" (SSCD).

    Args:
        scores: (p,) similarities of the pairs.
        same: (p,) whether a pair is of the same picture (or belongs together).
        total: how many pairs belong together, those without a score included; all in `same`
            by default.
        weights: (p,) how many times each pair counts, for bootstrapping.

    Returns:
        The value, or NaN when no pair belongs together.
    """
    counts = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(-scores, kind="stable")
    scores, counts, same = scores[order], counts[order], same[order]
    positives = np.cumsum(counts * same)
    wanted = (positives[-1] if len(positives) else 0.0) if total is None else float(total)
    if wanted == 0:
        return float("nan")
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    found, shown = positives[ends], np.cumsum(counts)[ends]
    precision = np.divide(found, shown, out=np.zeros_like(found), where=shown > 0)
    return float((np.diff(found, prepend=0) * precision).sum() / wanted)
