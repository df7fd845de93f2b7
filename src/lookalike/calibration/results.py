"""What a calibration found, as frozen dataclasses."""

from dataclasses import dataclass

from lookalike.calibration.choose import Cut
from lookalike.calibration.evidence import Measured
from lookalike.calibration.stored import Calibration


@dataclass(frozen=True, slots=True)
class Choice:
    """One threshold: the shipped value and the one chosen, and what each does.

    `name` is "copy score", "pHash radius" or "similar by ENCODER"; a radius is in bits of 64, and
    its cuts are at the negative of it. What is similar has no shipped value.
    """

    name: str
    value: float
    after: Cut
    shipped: float | None = None
    before: Cut | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The thresholds chosen, what they were chosen by, and whether they were kept.

    `notices` say in words what could not be chosen or cannot be promised.
    """

    calibration: Calibration
    choices: tuple[Choice, ...]
    measured: Measured
    stored: bool
    notices: tuple[str, ...] = ()
