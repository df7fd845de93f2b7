"""Plots of an evaluation, as PNG and SVG files; matplotlib comes with an extra."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.evaluation.distribution import EDGES, STEP
from lookalike.evaluation.metrics import LEVELS
from lookalike.evaluation.results import Evaluation, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito 2008, "Color Universal Design": told apart by nearly every eye; yellow left off."""

DASHES = ("-", "--", ":", "-.")
SAME, DIFFERENT = COLOURS[0], COLOURS[1]
BINS = 80
WORDS = {
    "classes": ("same class", "different classes"),
    "captions": ("own picture", "other pictures"),
    "pairs": ("belong together", "do not"),
}


def require_matplotlib() -> None:
    """Raise UsageError, with what to install, when there is no matplotlib."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError("plots need one more package: pip install 'lookalike[plots]'") from None


def draw(found: Evaluation, folder: Path) -> list[Path]:
    """Draw every plot that there are numbers for into a folder, each as PNG and SVG.

    Returns:
        The files written: precision-recall, scores, and where costs were measured quality-time.

    Raises:
        UsageError: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    require_matplotlib()
    figures = {"precision-recall": precision_recall(found), "scores": scores(found)}
    if any(result.cost for result in found.results):
        figures["quality-time"] = quality_time(found)
    written: list[Path] = []
    for name, figure in figures.items():
        for suffix in ("png", "svg"):
            written.append(folder / f"{name}.{suffix}")
            figure.savefig(written[-1], dpi=150, facecolor="white")
    return written


def precision_recall(found: Evaluation) -> "Figure":
    """Interpolated precision at 11 levels of recall, a line for each row."""
    figure, axes = new_figure(7.5, 5)
    styles = itertools.product(DASHES, COLOURS)
    for result, (dash, colour) in zip(found.results, styles, strict=False):
        axes.plot(LEVELS, result.curve, dash, color=colour, label=_label(found, result), lw=1.8)
    axes.set(xlabel="recall", ylabel="precision (interpolated)", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title("Precision against recall")
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def scores(found: Evaluation) -> "Figure":
    """Of each row, how scores of what belongs together lie against the others."""
    from matplotlib.figure import Figure

    columns = min(3, len(found.results))
    lines = -(-len(found.results) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.6 * lines + 0.4), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False)
    together, apart = WORDS[found.kind]
    for axes, result in itertools.zip_longest(grid.flat, found.results):
        if result is None:
            axes.set_visible(False)
            continue
        edges = _edges(result)
        for counts, colour, words in (
            (result.scores.different, DIFFERENT, apart),
            (result.scores.same, SAME, together),
        ):
            heights = _parts(counts, edges)
            axes.stairs(heights, edges, fill=True, color=colour, alpha=0.35)
            axes.stairs(heights, edges, color=colour, lw=1.2, label=words)
        if result.recommended is not None:
            where = result.recommended.score
            axes.axvline(where, color="#444444", lw=1, ls="--")
            axes.annotate(
                f" {where:.2f}", (where, 0.98), xycoords=("data", "axes fraction"),
                fontsize=8, va="top", color="#444444",
            )  # fmt: skip
        axes.set_title(result.name, fontsize=9)
        axes.set(xlabel="score (cosine)", ylabel="part of the pairs")
        axes.xaxis.label.set_size(8)
        axes.yaxis.label.set_size(8)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    grid[0, 0].legend(fontsize=8, frameon=False)
    figure.suptitle(
        f"Scores of pairs; dashed: where {found.precision:.0%} precision begins, if anywhere",
        fontsize=10,
    )
    return figure


def quality_time(found: Evaluation) -> "Figure":
    """Quality with its confidence interval against milliseconds a picture."""
    from matplotlib.ticker import LogLocator, NullLocator

    measure = found.measures[0]
    figure, axes = new_figure(7.5, 5)
    costed = [result for result in found.results if result.cost]
    styles = itertools.product("osD^", COLOURS)
    for result, (marker, colour) in zip(costed, styles, strict=False):
        value = result.quality[measure]
        x = result.cost.batch_ms if result.cost else 0.0
        bounds = [[max(0, value.value - value.low)], [max(0, value.high - value.value)]]
        axes.errorbar(x, value.value, bounds, fmt=marker, color=colour, capsize=2, elinewidth=0.8,
                      label=_label(found, result))  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="milliseconds a picture, in batches (logarithmic)", ylabel=measure)
    axes.set_ylim(bottom=0)
    axes.set_title(f"{measure} against time; bars: 95 % confidence")
    axes.grid(which="major", color="#dddddd", lw=0.6)
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def new_figure(width: float, height: float) -> "tuple[Figure, Axes]":
    """An empty figure of so many inches."""
    # Not pyplot: it keeps figures in a global, and asks for a screen.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _label(found: Evaluation, result: Result) -> str:
    return f"{result.name} ({found.measures[0]} {result.quality[found.measures[0]].value:.2f})"


def _edges(result: Result) -> NDArray[np.float64]:
    """Edges of bins over the range that has scores; for a short hash, one bin for each distance."""
    held = np.flatnonzero(result.scores.same + result.scores.different)
    low, high = EDGES[held[0]], EDGES[held[-1]]
    if len(held) <= BINS:
        # So few values: halfway between neighbours, or every other bin would be empty.
        values = EDGES[held]
        middles = (values[1:] + values[:-1]) / 2
        return np.concatenate([[low - STEP], middles, [high + STEP]])
    return np.linspace(low, high + STEP, BINS + 1)


def _parts(
    counts: NDArray[np.int64], edges: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    heights, _ = np.histogram(EDGES + STEP / 2, edges, weights=counts)
    parts: NDArray[np.float64] = heights / max(1, int(counts.sum()))
    return parts
