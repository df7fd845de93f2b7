"""What a plan says: quantities with their formulas, and advice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lookalike.planning.amount import Amount, number

Unit = Literal["bytes", "hours", "queries/s", "ms", "pictures/s", ""]


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of a plan.

    `section` is what it is about, `index` the kind of index that it holds for, empty where it is
    the same for every one. `value` is in `unit`; `formula` is how it was calculated, with the
    numbers put in, and `source` where its measured numbers come from.
    """

    section: str
    name: str
    value: float
    unit: Unit
    formula: str
    index: str = ""
    source: str = ""

    @property
    def readable(self) -> str:
        """The value in a unit that suits it."""
        if self.unit == "bytes":
            return decimal(self.value)
        if self.unit == "hours":
            return duration(self.value)
        return f"{number(float(f'{self.value:.3g}'))} {self.unit}".rstrip()

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "section": self.section,
            "name": self.name,
            "index": self.index or None,
            "value": self.value,
            "unit": self.unit or None,
            "readable": self.readable,
            "formula": self.formula,
            "source": self.source or None,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The lines in order, for one store, and what to do in words.

    `index` is the kind of index that is advised, empty where there is nothing to choose.
    """

    store: Literal["local", "milvus"]
    lines: tuple[Line, ...]
    advice: tuple[str, ...] = ()
    index: str = ""

    def line(self, name: str, index: str = "") -> Line:
        """The line of that name, and of that kind of index; KeyError when there is none."""
        for one in self.lines:
            if one.name == name and one.index in {"", index}:
                return one
        raise KeyError(name)


class Lines:
    """Lines being collected."""

    def __init__(self) -> None:
        self.found: list[Line] = []

    def add(
        self,
        section: str,
        name: str,
        amount: Amount,
        unit: Unit = "bytes",
        *,
        index: str = "",
        source: str = "",
    ) -> Amount:
        """Add a line; returns its value as one number, for the formulas of others."""
        self.found.append(Line(section, name, amount.value, unit, amount.text, index, source))
        shown = decimal(amount.value, digits=5) if unit == "bytes" else number(amount.value)
        return Amount(amount.value, f"{shown} {name}")

    def value(self, name: str, index: str = "") -> float:
        """The value of a line that was added, by its name and kind of index."""
        return next(one.value for one in self.found if (one.name, one.index) == (name, index))


def decimal(value: float, digits: int = 3) -> str:
    """Bytes in powers of ten, as disks and clouds are sold: `2.05 TB`."""
    return _scaled(value, 1000, ("bytes", "kB", "MB", "GB", "TB", "PB", "EB"), digits)


def binary(value: float, digits: int = 3) -> str:
    """Bytes in powers of two, as memory is: `7.63 GiB`."""
    return _scaled(value, 1024, ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"), digits)


def _scaled(value: float, step: int, units: Sequence[str], digits: int) -> str:
    place = 0
    while place < len(units) - 1 and float(f"{value:.{digits}g}") >= step:
        value /= step
        place += 1
    return f"{number(float(f'{value:.{digits}g}'))} {units[place]}"


def duration(hours: float) -> str:
    """A time for people: `42 s`, `12 min`, `7.8 hours`, `31 days`, `2.1 years`."""
    for limit, scale, unit in (
        (1 / 60, 3600, "s"),
        (1, 60, "min"),
        (48, 1, "hours"),
        (24 * 365, 1 / 24, "days"),
    ):
        if hours < limit:
            return f"{number(float(f'{hours * scale:.2g}'))} {unit}"
    return f"{number(float(f'{hours / 24 / 365:.2g}'))} years"
