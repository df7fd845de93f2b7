"""The thresholds of a collection's verdicts: the shipped ones, or its own."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from lookalike.copies.judge import COPY_SCORE, CURVES
from lookalike.search.fingerprints import COPY_HASH
from lookalike.search.verdicts import COPY_RADIUS
from lookalike.stores.base import Store

KEY = "calibration"
"""Of the collection's setting."""

PRECISION = 0.99
"""Of hits called a copy, the part that must be right."""

_JUDGED_BY = (
    ("lookalike.copies", ("judge.py", CURVES, "normalise.py", "plain.py")),
    ("lookalike.proof", ("exactness.py", "score.py", "proof_curves.json")),
)
"""Files that scores come from, by package."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What makes a hit a copy, and from what score on pictures are alike.

    `copy_score` is the smallest score, 0..1, of the search for copies that is called one.
    `copy_radius` is the largest pHash distance, in bits of 64, of a copy. `similar` has the
    smallest score of a similar picture by encoder, where a user's pairs gave one; no search
    applies it unasked. `precision` was asked for of copies; `made` is when, in seconds since the
    epoch, None for what is shipped; `by` says what it was measured on, "edits" of the collection's
    own pictures or a table's "pairs", and `pairs` how many of each kind were compared, by name.
    `notices` say what of the collection's own calibration does not hold any more.
    """

    copy_score: float = COPY_SCORE
    copy_radius: int = COPY_RADIUS
    similar: Mapping[str, float] = field(default_factory=dict)
    precision: float = PRECISION
    made: float | None = None
    by: Literal["edits", "pairs"] = "edits"
    pairs: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def read(store: Store) -> Calibration:
    """The thresholds that hold for a collection.

    What was calibrated with encoders that have changed since is left out, and a notice says so.
    """
    kept = store.setting(KEY)
    if kept is None:
        return Calibration()
    then: Mapping[str, str] = kept["fingerprints"]
    now = fingerprints(store)
    changed = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    outdated = bool(changed) or kept["scores"] != scores()
    radius = kept["copy_radius"] if COPY_HASH not in changed else COPY_RADIUS
    return Calibration(
        copy_score=COPY_SCORE if outdated else kept["copy_score"],
        copy_radius=radius,
        similar={name: least for name, least in kept["similar"].items() if name not in changed},
        precision=kept["precision"],
        made=kept["made"],
        by=kept.get("by", "edits"),
        pairs=kept["pairs"],
        notices=(_outdated(changed),) if outdated else (),
    )


def write(store: Store, calibration: Calibration) -> None:
    """Keep thresholds with a collection."""
    kept = {**plain(calibration), "fingerprints": fingerprints(store), "scores": scores()}
    store.set_setting(KEY, kept)


def forget(store: Store) -> bool:
    """Go back to the shipped thresholds; False when they were in use anyway."""
    if store.setting(KEY) is None:
        return False
    store.set_setting(KEY, None)
    return True


def fingerprints(store: Store) -> dict[str, str]:
    """What the scores of each encoder depend on: its fingerprint and its projection's version."""
    found = {}
    for spec in store.encoders():
        projection = store.projection(spec.name) if spec.kind == "embedding" else None
        found[spec.name] = f"{spec.fingerprint} {projection.version if projection else ''}".strip()
    return found


@cache
def scores() -> str:
    """A digest of what turns evidence into scores; thresholds chosen by another one end."""
    digest = hashlib.sha256()
    for package, names in _JUDGED_BY:
        for name in names:
            digest.update(resources.files(package).joinpath(name).read_bytes())
    backgrounds = resources.files("lookalike.copies").joinpath("backgrounds").iterdir()
    for file in sorted(backgrounds, key=lambda one: one.name):
        if file.name.endswith(".npz"):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def plain(calibration: Calibration) -> dict[str, Any]:
    """Its values as JSON has them, but for the notices."""
    return {
        "copy_score": calibration.copy_score,
        "copy_radius": calibration.copy_radius,
        "similar": dict(calibration.similar),
        "precision": calibration.precision,
        "made": calibration.made,
        "by": calibration.by,
        "pairs": dict(calibration.pairs),
    }


def _outdated(changed: list[str]) -> str:
    by = f"other encoders ({', '.join(changed)})" if changed else "another version of lookalike"
    return (
        f"the collection's calibration was made with {by} and does not count where that matters: "
        "run `lookalike calibrate` again"
    )
