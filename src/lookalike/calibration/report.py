"""A calibration as rows of a table, and as JSON."""

from typing import Any

from lookalike.calibration.choose import Cut
from lookalike.calibration.results import Choice, Outcome
from lookalike.calibration.stored import Calibration, plain

COLUMNS = ("threshold", "value", "recall", "precision", "95 % between", "pairs")


def rows(outcome: Outcome) -> list[list[str]]:
    """For each threshold the shipped value and the chosen one, and what they do."""
    found: list[list[str]] = []
    for choice in outcome.choices:
        if choice.before is not None and choice.shipped is not None:
            found.append(_row(f"{choice.name}, shipped", choice, choice.shipped, choice.before))
        found.append(_row(choice.name, choice, choice.value, choice.after))
    return found


def summary(calibration: Calibration) -> list[tuple[str, str]]:
    """What holds, a line each."""
    found = [
        ("copy score", f"{calibration.copy_score:.4f}"),
        ("pHash radius", f"{calibration.copy_radius}"),
    ]
    return found + [(f"similar by {n}", f"{at:.3f}") for n, at in calibration.similar.items()]


def measured_on(calibration: Calibration) -> str:
    """In words, what thresholds were chosen by."""
    of = calibration.pairs
    if calibration.by == "pairs":
        counts = ", ".join(f"{count:,} {label}" for label, count in of.items())
        return f"on a table of pairs: {counts}"
    edited, others = of.get("copy", 0), of.get("different", 0)
    return f"on {edited:,} edited copies of its pictures, and {others:,} other hits for them"


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """The object that `lookalike calibrate --json` prints."""
    measured = outcome.measured
    return {
        **plain(outcome.calibration),
        "stored": outcome.stored,
        "queries": measured.queries,
        "copies": measured.copies,
        "thresholds": [
            {
                "name": choice.name,
                "value": choice.value,
                **_cut(choice.after),
                "shipped": None
                if choice.before is None
                else {"value": choice.shipped, **_cut(choice.before)},
            }
            for choice in outcome.choices
        ],
        "duplicates": [
            {"first": one.first, "second": one.second, "reason": one.why} for one in measured.twins
        ],
        "undecided": [
            {"first": one.first, "second": one.second, "reason": one.why}
            for one in measured.undecided
        ],
        "left_out": [{"uri": one.uri, "reason": one.reason} for one in measured.left_out],
        "notices": list(outcome.notices),
    }


def _row(name: str, choice: Choice, value: float, found: Cut) -> list[str]:
    shown = f"{value:.0f}" if choice.name == "pHash radius" else f"{value:.4f}"
    return [
        name,
        shown,
        f"{found.recall:.1%}",
        f"{found.precision:.1%}" if found.right + found.wrong else "",
        f"{found.low:.1%} – {found.high:.1%}",
        f"{found.right:,} right, {found.wrong:,} wrong",
    ]


def _cut(found: Cut) -> dict[str, Any]:
    return {
        "recall": found.recall,
        "precision": found.precision,
        "precision_low": found.low,
        "precision_high": found.high,
        "right": found.right,
        "wrong": found.wrong,
        "promised": found.promised,
    }
