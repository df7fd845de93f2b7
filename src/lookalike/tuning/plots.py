"""The plot of a tuning: recall against the time of a search, for pictures and for words."""

import itertools
from pathlib import Path

from lookalike.evaluation.plots import COLOURS, DASHES, new_figure, require_matplotlib
from lookalike.tuning.results import Asked, Tuning

_LINES: dict[Asked, str] = {"pictures": DASHES[0], "words": DASHES[1]}


def draw(tuning: Tuning, folder: Path) -> list[Path]:
    """Draw `tuning.png` and `.svg` into a folder.

    A line for each index and kind of query, a dot for each setting of the search parameters.

    Raises:
        UsageError: matplotlib is not installed.
        OSError: a file cannot be written.
    """
    require_matplotlib()
    figure, axes = new_figure(7.5, 5)
    tried = zip((tuning.current, *tuning.others), itertools.cycle(COLOURS), strict=False)
    for one, colour in tried:
        for asked in tuning.queries:
            axes.plot(
                [step.p50[asked] for step in one.steps],
                [step.recall[asked] for step in one.steps],
                _LINES[asked],
                marker="o",
                ms=3,
                color=colour,
                label=f"{one.index.kind}, {asked}",
            )
    axes.axhline(tuning.wished, color="#444444", lw=0.8, ls=":")
    axes.set(xlabel="median search, ms", ylabel=f"recall@{tuning.limit}", ylim=(0, 1.02))
    axes.set_title(f"Recall of {tuning.encoder}; dotted: wished for")
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    written = [folder / f"tuning.{suffix}" for suffix in ("png", "svg")]
    for path in written:
        figure.savefig(path, dpi=150, facecolor="white")
    return written
