"""What chooses a collection's thresholds."""

from os import PathLike
from typing import TYPE_CHECKING

from lookalike.arguments import PATH, checked
from lookalike.stores.base import Progress, Store

if TYPE_CHECKING:
    from lookalike.calibration import Calibration
    from lookalike.calibration.results import Outcome
    from lookalike.calibration.synthetic import Edits


class Calibrating:
    """The part of a `Collection` that is about its thresholds."""

    _store: Store

    @property
    def calibration(self) -> "Calibration":
        """The thresholds of verdicts that hold here: the shipped ones, or its own."""
        from lookalike import calibration

        return calibration.read(self._store)

    def calibrate(
        self,
        pairs: str | PathLike[str] | None = None,
        *,
        count: int = 400,
        edits: "Edits" = "all",
        seed: int = 0,
        precision: float = 0.99,
        dry_run: bool = False,
        cache: bool = True,
        progress: Progress | None = None,
    ) -> "Outcome":
        """Choose the thresholds of verdicts by measurement, and keep them with the collection.

        Args:
            pairs: a table with the columns a, b and label (copy, similar or different), of paths,
                URLs or ids; by default edited copies of the collection's own pictures are asked
                for.
            count: how many edited copies.
            edits: "basic" ones, "hard" ones or "all".
            seed: of the pictures drawn, and of what the edits leave to chance.
            precision: the part of hits called a copy that must be right, from 0.5 to below 1.
            dry_run: measure, and keep nothing.
            cache: keep answers in the cache folder, so that an interrupted run goes on there.
            progress: called as progress(stage, done, total).

        Returns:
            The thresholds, and what each does, with 95 % confidence intervals.

        Raises:
            UsageError: the arguments or the table are wrong, or there is nothing to measure on.
        """
        from lookalike.calibration.run import calibrate

        checked(pairs, PATH | None, "pairs are a table's path")
        return calibrate(
            self._store,
            pairs=pairs,
            count=count,
            edits=edits,
            seed=seed,
            precision=precision,
            dry_run=dry_run,
            cache=cache,
            progress=progress,
        )

    def forget_calibration(self) -> bool:
        """Go back to the shipped thresholds; False when they hold anyway."""
        from lookalike.calibration import stored

        return stored.forget(self._store)
