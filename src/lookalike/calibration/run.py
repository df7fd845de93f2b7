"""Choosing a collection's thresholds: measure, choose, keep."""

import os

from lookalike import proof
from lookalike.calibration import pairs as own_pairs
from lookalike.calibration import stored
from lookalike.calibration.kept import Kept, code
from lookalike.calibration.results import Outcome
from lookalike.calibration.stored import PRECISION
from lookalike.calibration.synthetic import EDITS, Edits, holding, measure
from lookalike.calibration.thresholds import chosen
from lookalike.errors import UsageError
from lookalike.stores.base import Progress, Store

COUNT = 400
"""Edited pictures to ask for."""


def calibrate(
    store: Store,
    *,
    pairs: str | os.PathLike[str] | None = None,
    count: int = COUNT,
    edits: Edits = "all",
    seed: int = 0,
    precision: float = PRECISION,
    dry_run: bool = False,
    cache: bool = True,
    progress: Progress | None = None,
) -> Outcome:
    """Choose thresholds and keep them with the collection; see `Collection.calibrate`."""
    if not 0.5 <= precision < 1:
        raise UsageError(f"the precision is a part from 0.5 up to below 1, got {precision}")
    if count < 1:
        raise UsageError(f"calibrating takes at least one edited picture, got {count}")
    if edits not in EDITS:
        raise UsageError(f"edits are one of {', '.join(EDITS)}, got {edits!r}")
    if not store.count():
        raise UsageError("the collection is empty: add pictures first")
    state: dict[str, object] = {
        "code": code(),
        "encoders": stored.fingerprints(store),
        "proof": proof.available(),
    }
    if pairs is not None:
        given, left_out = own_pairs.read(pairs, store)
        kept = Kept({**state, "pairs": True}) if cache else None
        measured = own_pairs.measure(store, given, left_out, kept=kept, progress=progress)
    else:
        held = holding(store)
        state |= {"records": held.state, "edits": edits, "seed": seed, "count": count}
        kept = Kept(state) if cache else None
        measured = measure(
            store, held, count=count, edits=edits, seed=seed, kept=kept, progress=progress
        )
    calibration, choices, notices = chosen(measured, precision)
    if not dry_run:
        stored.write(store, calibration)
    return Outcome(calibration, choices, measured, stored=not dry_run, notices=notices)
