"""Vectors of a dataset in, quality out."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lookalike.evaluation import distribution, metrics
from lookalike.evaluation.bootstrap import Interval, mean_interval, weighted_interval
from lookalike.evaluation.datasets import Dataset
from lookalike.evaluation.distribution import Distribution
from lookalike.evaluation.ranking import HITS_AT, Ranking, rank
from lookalike.evaluation.results import MEASURES
from lookalike.evaluation.vectors import Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Quality by measure, precision at 11 levels of recall, and where the scores lie."""

    quality: dict[str, Interval]
    curve: NDArray[np.float64]
    scores: Distribution


def score(data: Dataset, pictures: Vectors, texts: Vectors | None = None) -> Score:
    """Measure vectors on a dataset.

    Args:
        data: what is known of the pictures.
        pictures: (n, d), rows of unit length.
        texts: (t, d) of the captions, for a dataset of those.
    """
    if data.kind == "pairs":
        return _pairs(data, pictures)
    if data.kind == "captions":
        if texts is None:
            raise ValueError("a dataset of captions needs the vectors of its captions")
        rows = np.arange(len(data.items))
        ranking = rank(texts, pictures, data.caption_rows, rows)
        # The captions of one picture are not independent of each other.
        return _of_ranking(ranking, data.caption_rows, MEASURES["captions"])
    queries = np.flatnonzero(np.bincount(data.labels)[data.labels] > 1)
    labels = data.labels[queries]
    ranking = rank(pictures[queries], pictures, labels, data.labels, own=queries)
    return _of_ranking(ranking, labels, MEASURES["classes"])


def _of_ranking(ranking: Ranking, clusters: NDArray[np.intp], wanted: tuple[str, ...]) -> Score:
    values = {"mAP": ranking.average_precision, "P@10": ranking.precision}
    values |= {f"R@{k}": ranking.recall[k] for k in HITS_AT}
    values |= {f"hit@{k}": ranking.hit[k] for k in HITS_AT}
    quality = {name: mean_interval(values[name], clusters) for name in wanted}
    return Score(quality, ranking.curve, ranking.scores)


def _pairs(data: Dataset, pictures: Vectors) -> Score:
    scores = np.einsum("pd,pd->p", pictures[data.pairs[:, 0]], pictures[data.pairs[:, 1]])
    places = distribution.bins(scores)
    micro = partial(metrics.micro_average_precision, scores, data.same)
    scored = Distribution(
        distribution.count(places[data.same]),
        distribution.count(places[~data.same]),
        len(scores),
    )
    return Score(
        {
            "µAP": weighted_interval(lambda weights: micro(weights=weights), len(scores)),
            "best F1": weighted_interval(partial(_best_f1, scores, data.same), len(scores)),
        },
        metrics.interpolated_precision_of_pairs(scores, data.same),
        scored,
    )


def _best_f1(
    scores: NDArray[np.floating], same: NDArray[np.bool_], weights: NDArray[np.float64] | None
) -> float:
    """The greatest harmonic mean of precision and recall that any threshold gives."""
    counts = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(-scores, kind="stable")
    found, shown = np.cumsum((counts * same)[order]), np.cumsum(counts[order])
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    return float((2 * found[ends] / (shown[ends] + found[-1])).max()) if found[-1] else float("nan")
