"""The plot of a calibration: how often hits of each score are right, and what a threshold does."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.calibration.choose import cut, interval
from lookalike.calibration.results import Outcome
from lookalike.evaluation.plots import COLOURS, new_figure, require_matplotlib

_BINS = np.linspace(0, 1, 11)
_THRESHOLDS = np.linspace(0, 1, 201)


def draw(outcome: Outcome, folder: Path) -> list[Path]:
    """Draw `calibration.png` and `.svg` into a folder.

    Dots are parts of hits that are right in ten bins of the score, with 95 % intervals; on the
    diagonal a score would be the probability of being right. Lines are precision and recall of
    all hits with at least a score.

    Raises:
        UsageError: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    require_matplotlib()
    hits = [(pair.score, pair.same) for pair in outcome.measured.pairs if pair.score > 0]
    scores = np.array([score for score, _ in hits])
    same = np.array([right for _, right in hits], np.bool_)
    figure, axes = new_figure(7.5, 5)
    axes.plot([0, 1], [0, 1], color="#aaaaaa", lw=0.8, ls=":")
    cuts = [
        cut(scores, same, at, outcome.calibration.precision, wanted=outcome.measured.copies)
        for at in _THRESHOLDS
    ]
    shown = [one for one in cuts if one.right + one.wrong]
    at = [one.score for one in shown]
    axes.plot(at, [one.precision for one in shown], color=COLOURS[0], label="precision above")
    axes.plot(at, [one.recall for one in shown], color=COLOURS[2], ls="--", label="recall above")
    middles, parts, bounds = _bins(scores, same)
    axes.errorbar(middles, parts, bounds, fmt="o", color=COLOURS[1], capsize=2, elinewidth=0.8,
                  label="right, by score")  # fmt: skip
    axes.axvline(outcome.calibration.copy_score, color="#444444", lw=1, ls="--")
    axes.set(xlabel="score", ylabel="part of the hits, or of the copies", xlim=(0, 1.01))
    axes.set(
        ylim=(0, 1.02), title="Hits of edited copies by score; dashed: called a copy from here"
    )
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    written = [folder / f"calibration.{suffix}" for suffix in ("png", "svg")]
    for path in written:
        figure.savefig(path, dpi=150, facecolor="white")
    return written


def _bins(
    scores: NDArray[np.float64], same: NDArray[np.bool_]
) -> tuple[list[float], list[float], list[list[float]]]:
    """Of bins that hold hits: mean score, part right, distances of the bounds below and above."""
    middles: list[float] = []
    parts: list[float] = []
    bounds: list[list[float]] = [[], []]
    places = np.clip(np.digitize(scores, _BINS) - 1, 0, len(_BINS) - 2)
    for place in np.unique(places):
        held = places == place
        right, shown = int(same[held].sum()), int(held.sum())
        low, high = interval(right, shown)
        middles.append(float(scores[held].mean()))
        parts.append(right / shown)
        bounds[0].append(right / shown - low)
        bounds[1].append(high - right / shown)
    return middles, parts, bounds
